"""The page: a chat over streamed endpoints.

The page never changes the environment, with this one exception: `gradio_client` tells huggingface.co that a page runs, and the second variable,
which `huggingface_hub` reads while it is imported, is all that stops it; the first is Gradio's switch for the rest, parts that take no argument included.
A package's first lines stand in front of every way in. Neither name means anything to boto3 or to our settings.
"""

import os

os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
