"""The page: a chat over streamed endpoints.

Gradio reads these two variables when it is imported, and the second is its only way to keep `gradio_client` from telling
huggingface.co that the page runs; that is why they are set here, in front of every import of ours, and nowhere else is the environment changed.
"""

import os

os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
