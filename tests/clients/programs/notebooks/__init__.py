"""The notebooks of the announcements of response streaming, as scripts on the SageMaker SDK of today: from nothing to a streamed answer and back.

`AWS_ENDPOINT_URL` and dummy keys let them run against a twin: `python -m tests.clients.programs.notebooks.falcon_by_lmi`.
"""
