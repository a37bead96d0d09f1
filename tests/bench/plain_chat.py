"""The page's peer: a chat as Gradio's own guide builds one, with boto3, which yields the answer so far at every token.

`python -m tests.bench.plain_chat PORT ENDPOINT MOST_TOKENS` serves it until it is ended.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import demo  # noqa: F401 - its first lines keep Gradio, which is imported behind them, from telling others that a page runs

# isort: split
import boto3
import gradio as gr

from backends.wire import Token, decode_events


def main(port: int, endpoint: str, most_tokens: int) -> None:
    client = boto3.client("sagemaker-runtime")

    def answer(message: str, _: list[Any]) -> Iterator[str]:
        body = json.dumps({"inputs": message, "parameters": {"max_new_tokens": most_tokens}})
        response = client.invoke_endpoint_with_response_stream(EndpointName=endpoint, ContentType="application/json", Body=body)
        text = ""
        for event in decode_events(response["Body"], response["ContentType"]):
            if isinstance(event, Token) and not event.special:
                text += event.text
                yield text

    gr.ChatInterface(answer, analytics_enabled=False).launch(server_name="127.0.0.1", server_port=port, run_history=False, quiet=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
