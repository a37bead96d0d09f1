"""An answer while it comes, by boto3: the SDK's own `Endpoint.invoke_with_response_stream` fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3


def stream_lines(endpoint_name: str, question: dict[str, Any]) -> Iterator[bytes]:
    """Ask, and yield the answer line by line; a part of the stream may hold half a line, or several."""
    runtime = boto3.client("sagemaker-runtime")
    response = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint_name, ContentType="application/json", Body=json.dumps(question))
    rest = b""
    for event in response["Body"]:
        *lines, rest = (rest + event["PayloadPart"]["Bytes"]).split(b"\n")
        yield from lines
    if rest:
        yield rest


def stream_tokens(endpoint_name: str, question: dict[str, Any]) -> Iterator[str]:
    """Ask text-generation-inference, and yield the texts of its tokens; the end token is no text of the answer."""
    for line in stream_lines(endpoint_name, {**question, "stream": True}):
        if line.startswith(b"data:"):
            token = json.loads(line.removeprefix(b"data:"))["token"]
            yield "" if token["special"] else token["text"]
