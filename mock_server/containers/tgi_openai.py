"""What Text Generation Inference takes in OpenAI's form, and the generation that its router makes of it.

Source: huggingface/text-generation-inference v2.4.1: `router/src/lib.rs` (`ChatRequest`, `CompletionRequest`), `server.rs` (`completions`) and `sagemaker.rs`
(`/invocations`, which takes what fits the first of three kinds). Of `max_completion_tokens` 2.4 knows nothing yet; the twin reads it in every version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from mock_server.containers.container import ContainerRequest, Question
from mock_server.containers.openai_request import Message, asked_last
from mock_server.containers.serde import BOOL, F32, STRING, STRINGS, U32, U64, Kind, Member, Rejection, parse_body, read_struct
from mock_server.containers.tgi_request import LATER_PARAMETERS, Generation, read_generation

PREFIX = "Failed to deserialize the JSON body into the target type: "
MAPS = Kind("a sequence", (list,), items=Kind("struct Message", (dict,)))
OPTIONS = Kind("struct StreamOptions", (dict,))
_SHARED = {
    "model": Member(STRING),
    "max_tokens": Member(U32),
    "temperature": Member(F32),
    "top_p": Member(F32),
    "frequency_penalty": Member(F32),
    "stop": Member(STRINGS),
    "stream": Member(BOOL, optional=False, default=False),
    "seed": Member(U64),
}
CHAT = {
    "messages": Member(MAPS, optional=False),
    **_SHARED,
    "logprobs": Member(BOOL),
    "top_logprobs": Member(U32),
    "presence_penalty": Member(F32),
    "n": Member(U32),
    "tools": Member(Kind("a sequence", (list,), items=Kind("struct Tool", (dict,)))),
    "stream_options": Member(OPTIONS),
}
COMPLETION = {
    "prompt": Member(Kind("a string", (str, list)), optional=False),
    **_SHARED,
    "suffix": Member(STRING),
    "repetition_penalty": Member(F32),
}
TOOL = {"type": Member(STRING, optional=False), "function": Member(Kind("struct FunctionDefinition", (dict,)), optional=False)}
FUNCTION = {"name": Member(STRING, optional=False)}
MESSAGE = {"role": Member(STRING, optional=False), "content": Member(Kind("a string", (str, list)))}


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat, or a bare prompt in OpenAI's form, and the generation that the router makes of it."""

    generation: Generation
    question: Question
    model: str | None
    logprobs: int | None = None
    """How many alternatives each token shall have, None without log probabilities."""
    with_usage: bool = False

    @property
    def missing_tool(self) -> str | None:
        """The tool that must be called and that there is none of."""
        choice, tools = self.question.options.get("tool_choice"), self.question.options.get("tools") or ()
        named = choice if isinstance(choice, str) and choice not in {"auto", "none", "required"} else None
        if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
            named = choice["function"].get("name")
        return named if named not in [tool.get("function", {}).get("name") for tool in tools] else None


def read_body(request: ContainerRequest, *, is_untagged: bool) -> tuple[str, Any]:
    """Return the kind of a request to `/invocations` where that takes all three, else the path, and the body's JSON.

    Raises:
        Rejection: The HTTP layer refuses it.
    """
    value = parse_body(request.content_type, request.body)
    if not (is_untagged and request.path == "/invocations"):
        return request.path, value
    for path, read in UNTAGGED.items():
        with suppress(Rejection):
            read(value, request.body)
            return path, value
    raise Rejection(422, f"{PREFIX}data did not match any variant of untagged enum SagemakerRequest")


def read_chat(value: Any, body: bytes, table: Mapping[str, Member]) -> Chat:
    """Read a chat; the rest is as for `read_generation`."""
    members = _chat_members(value, body)
    messages = members["messages"]
    options, usage = {name: members[name] for name in (*SAMPLING, "tools") if members[name] is not None}, members["stream_options"] or {}
    if value.get("tool_choice") is not None:
        options["tool_choice"] = value["tool_choice"]
    text = "\n".join(Message.model_validate(message).text for message in messages)
    generation = _generation(text, members, table, penalty=members["presence_penalty"] and members["presence_penalty"] + 2, top=members["top_logprobs"])
    question = Question(asked_last(messages), generation.parameters["max_new_tokens"], members["stop"] or (), messages, options)
    return Chat(generation, question, members["model"], (members["top_logprobs"] or 0) if members["logprobs"] else None, bool(usage.get("include_usage")))


def read_completion(value: Any, body: bytes, table: Mapping[str, Member]) -> Chat:
    """Read a bare prompt, of several the first; the rest is as for `read_generation`."""
    members = read_struct("CompletionRequest", COMPLETION, value, body)
    prompt = members["prompt"] if isinstance(members["prompt"], str) else next(iter(members["prompt"]), "")
    generation = _generation(str(prompt), members, table, penalty=members["repetition_penalty"], top=None)
    return Chat(generation, generation.question, members["model"])


SAMPLING = ("temperature", "top_p", "seed")


def _chat_members(value: Any, body: bytes) -> dict[str, Any]:
    if isinstance(value, dict) and "max_tokens" not in value and "max_completion_tokens" in value:
        value = value | {"max_tokens": value["max_completion_tokens"]}
    members = read_struct("ChatRequest", CHAT, value, body)
    for index, tool in enumerate(members["tools"] or ()):
        function = read_struct("Tool", TOOL, tool, body, f"tools[{index}]")["function"]
        read_struct("FunctionDefinition", FUNCTION, function, body, f"tools[{index}].function")
    for index, message in enumerate(members["messages"]):
        read_struct("Message", MESSAGE, message, body, f"messages[{index}]")
        try:
            Message.model_validate(message)
        except ValidationError as error:
            raise Rejection(422, f"{PREFIX}messages[{index}].content: data did not match any variant of untagged enum MessageContent") from error
    return members


def _generation(text: str, members: Mapping[str, Any], table: Mapping[str, Member], *, penalty: float | None, top: int | None) -> Generation:
    """Return what the router generates for a request in OpenAI's form: a temperature of 0 is greedy, and any other samples."""
    given = {name: members[name] for name in ("top_p", "frequency_penalty", "seed")}
    parameters = {name: member.default for name, member in table.items()} | given
    parameters |= {"temperature": members["temperature"] or None, "do_sample": members["temperature"] != 0, "repetition_penalty": penalty}
    most = members["max_tokens"] if members["max_tokens"] is not None else parameters["max_new_tokens"]
    parameters |= {"max_new_tokens": most, "stop": members["stop"] or (), "details": True, "top_n_tokens": top}
    return Generation(text, parameters, members["stream"], is_compatible=False)


UNTAGGED: Mapping[str, Callable[[Any, bytes], object]] = {
    "/invocations": lambda value, body: read_generation("/invocations", value, body, LATER_PARAMETERS),
    "/v1/chat/completions": _chat_members,
    "/v1/completions": lambda value, body: read_struct("CompletionRequest", COMPLETION, value, body),
}
"""What `/invocations` takes since 2.4, in the order in which it is tried."""
