"""LMI without rolling batch, where `option.enable_streaming=true` lets transformers stream a token at a time: the same line in every release.

Source: deepjavalibrary/djl-serving, branch 0.23.0-dlc: `djl_python/huggingface.py` (what is read), `streaming_utils.py` (50 tokens if nobody says otherwise, no
stop sequences, the end token's text is text), `outputs.py` (the lines, and that an error within a stream is its bare text), `djl_python_engine.py` (an error
before it), `PyPredictor.java` and `InferenceRequestHandler.java` (the head does not wait; what the handler refuses has status 200 and no content type).
Nothing is ever answered whole. What transformers and torch say of a wrong member is worded after their sources; none was run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from backends.endpoints import Accepts
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken
from mock_server.containers.lmi_asked import Asked, EngineBroke, HandlerBroke, Refused
from mock_server.containers.lmi_front import JSON, MODEL_FAILED, Front
from mock_server.containers.lmi_request import decode, pop
from mock_server.containers.lmi_writing import JSON_LINES, count_prompt
from mock_server.script import ScriptToken

DEFAULT_MAX_NEW_TOKENS = 50
CODE = 424
FRONT = Front(is_plain_alone=False, has_chat_route=False)
GENERATOR = "djl_python.streaming_utils.StreamingUtils._hf_model_stream_generator()"
NO_TEXT = (
    "text input must be of type `str` (single example), `List[str]` (batch or single pretokenized example) "
    "or `List[List[str]]` (batch of pretokenized examples)."
)


@dataclass(frozen=True, slots=True)
class LmiDynamic:
    """LMI with dynamic batching that streams."""

    name: str
    accepts: tuple[Accepts, ...] = ("inputs",)

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path; those of the front end are known."""
        answered = FRONT.answer(request)
        if answered:
            return answered
        head = replace(FRONT.head(JSON_LINES, request.seed), head_waits=False)
        try:
            inputs, parameters = _read(request)
            asked = _check(inputs, parameters)
        except Refused as refused:
            return _refuse(str(refused), request.seed)
        except HandlerBroke as broke:
            return _tell_error(CODE, str(broke), request.seed)
        except EngineBroke as broke:
            return replace(head, writes=[str(broke).encode()], tokens=(0,))
        return Taken(asked.question, head, _Writer(len(inputs)))

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: as an error that Python's engine caught."""
        return _tell_error(status, MODEL_FAILED, 0)


def _read(request: ContainerRequest) -> tuple[list[Any], Any]:
    """Return the prompts and the parameters."""
    inputs, parameters, _ = pop(decode(request, Refused), Refused)
    inputs = inputs if isinstance(inputs, list) else [inputs]
    if not inputs:
        raise Refused
    return inputs, parameters


def _check(inputs: list[Any], parameters: Any) -> Asked:
    """Return what is asked, if the generator takes it: what it does not like, it says where the first line would be."""
    if not isinstance(parameters, dict):
        raise HandlerBroke(f"{GENERATOR} argument after ** must be a mapping, not {type(parameters).__name__}")
    if not all(isinstance(text, str) for text in inputs):
        raise EngineBroke(NO_TEXT)
    asked = Asked(inputs[0], parameters, streams=True, max_new_tokens=parameters.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS))
    given, most, beams = count_prompt(asked), asked.max_new_tokens, parameters.get("beam_size", 1)
    if not isinstance(beams, int):
        raise EngineBroke(f"'>' not supported between instances of '{type(beams).__name__}' and 'int'")
    if beams > 1:
        raise EngineBroke("beam search is not supported yet!")
    if not isinstance(most, int):
        raise EngineBroke(f"unsupported operand type(s) for +: 'int' and '{type(most).__name__}'")
    if most < 1:
        raise EngineBroke(f"index {given} is out of bounds for dimension 1 with size {max(0, given + most)}")
    return asked


def _refuse(error: str, seed: int) -> Reply:
    """Return what the handler writes when it has nothing to generate from: it leaves as any answer would, but for its type."""
    reply = FRONT.head(JSON, seed, is_alone=True)
    headers = tuple(header for header in reply.headers if header[0] != "content-type")
    body = json.dumps({"code": CODE, "error": error or None}).encode()
    return replace(reply, headers=headers, writes=[body], tokens=(0,), is_chunked=False, head_waits=False)


def _tell_error(status: int, error: str, seed: int) -> Reply:
    """Return an error as Python's engine tells it."""
    told = {"code": status, "message": "prediction failure", "error": error}
    body = json.dumps(told, ensure_ascii=False, indent=2, separators=(",", ":")).encode("utf-8", "replace")
    return replace(FRONT.head(JSON, seed), status=status, writes=[body], tokens=(0,), is_chunked=False, head_waits=False)


class _Writer:
    """A line per token, with a text for each prompt; the twin answers them all alike."""

    def __init__(self, prompts: int) -> None:
        self._prompts = prompts

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        prompts = self._prompts
        return [_line(token.text, prompts) for token in tokens]

    def last(self, answer: Generated) -> Sequence[bytes]:
        return self.tokens(answer.tokens[-1:])

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        return [MODEL_FAILED.encode()]


@lru_cache(maxsize=65536)
def _line(text: str, prompts: int) -> bytes:
    return json.dumps({"outputs": [text] * prompts}).encode() + b"\n"


LMI_DYNAMIC = (LmiDynamic("lmi-0.23-dynamic"),)
