"""How servers with OpenAI's API write completions: a server is a `Form`, whose templates are its JSON, member by member.

A template's members stand in the order in which the server writes them. A value of None is filled by its name (`id`, `created`, `model`, `index`, `delta`,
`text`, `logprobs`, `finish_reason`, `stop_reason`, `prompt_tokens`, ...) and stays null where nothing is said; any other value is written as it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from mock_server.containers.alternatives import alternatives
from mock_server.script import ScriptToken

Template: TypeAlias = Mapping[str, Any]
LogProbs: TypeAlias = Callable[[Sequence[ScriptToken], int, int], Any]
"""From tokens, how many alternatives each shall have, and where in the answer's text they begin, to what `logprobs` holds."""

NULL: Any = object()
"""A template's value that stays null, whatever is said under its name."""
DONE = b"data: [DONE]\n\n"
BYTES_PER_TOKEN = 4
"""How long a prompt's tokens are taken to be: no vocabulary is in here."""
CREATED_FROM_S, CREATED_WITHIN_S = 1_735_689_600, 31_536_000
"""`created` is a second of 2025, drawn by the seed: same seed, same bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one server writes one kind of completion."""

    opening: Template | None = None
    """The chunk that leaves in front of the first token, if there is one."""
    chunk: Template
    last: Template
    """The chunk with the finish reason."""
    usage: Template | None = None
    """The chunk behind it, where usage is asked for."""
    usage_within: Template | None = None
    """What `usage` is in the last chunk, where it is asked for."""
    whole: Template
    """The answer that is not streamed."""
    deltas: Mapping[str, Template | None]
    """Role of a token -> the `delta` it is written as, None if it is not. A role that is not in here is text: the server has no parser for it."""
    nothing: Template = field(default_factory=dict)
    """The `delta` of a last chunk whose token is not written."""
    end: Template | None = None
    """The `delta` of the last chunk where that comes behind the last token's own; None: the last token's chunk is the last."""
    message: Template = field(default_factory=dict)
    calling_message: Template | None = None
    """The message with tool calls, if it has other members."""
    call: Template = field(default_factory=dict)
    """A tool call of a whole answer."""
    repeats_call_id: bool = False
    """Whether every delta of a call has its id."""
    call_opening: str = ""
    """The arguments in a call's first delta, in which `name` is the tool's; if there are any, those that follow go on inside of the object."""
    call_closing: str = ""
    """The arguments of one more delta at a call's end, if there is one."""
    parses_arguments: bool = False
    """Whether the arguments of a call in a whole answer are an object, not its JSON."""
    no_calls: Sequence[Any] | None = ()
    """What `tool_calls` is where there are none."""
    empty_content: str | None = ""
    """What `content` is where there is no text, and no tool is called."""
    id: str = "{hex}"
    call_id: str = "{hex}"
    """How ids are made: `hex` is random, `index` the call's number."""
    finish: Mapping[str, str]
    """Our word for an answer's end -> the server's."""
    whole_finish: Mapping[str, str] | None = None
    """The same in a whole answer, if it has others."""
    called: frozenset[str] = frozenset({"eos_token", "stop_sequence"})
    """Ends that are `tool_calls` where tools were called."""
    logprobs: LogProbs
    trims_stop: bool = True
    """Whether the stop string is left out of the text."""
    holds_stop: bool = True
    """Whether text that may yet become a stop string is held back until it is certain to be none."""
    shows_special: bool = False
    """Whether special tokens have their text in a stream."""
    writes_empty: bool = True
    """Whether a token without text has a chunk."""
    failure: bytes
    """What stands in a chunk where the model failed."""
    whole_failure: bytes | None = None
    """What stands in a whole answer's place then, if that is something else."""
    prefix: bytes = b"data: "
    suffix: bytes = b"\n\n"
    done: bytes = DONE
    """What is written last, if anything is."""
    dumps: Callable[[Any], bytes] = orjson.dumps


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One completion: what its chunks say besides the answer, and what the request wants in them."""

    id: str
    created: int
    model: str
    prompt_tokens: int
    seed: int
    stop: Sequence[str] = ()
    logprobs: int | None = None
    """How many alternatives each token has; None: no log probabilities."""
    with_usage: bool = False
    choices: int = 1
    """How many choices there are; each is the same answer."""


def begin(form: Form, seed: int, **asked: Any) -> Completion:
    """Return a completion whose id and time are drawn by the request's seed; `asked` are its other members."""
    drawn: dict[str, Any] = {"id": form.id.format(hex=draw_hex(seed)), "created": draw_created(seed), "seed": seed}
    return Completion(**drawn | asked)


def draw_hex(seed: int, place: int = 0) -> str:
    """Return 32 hexadecimal digits, the same for the same seed and place."""
    return f"{random.Random(f'{seed} {place}').getrandbits(128):032x}"  # noqa: S311 - an id, no secret


def draw_created(seed: int) -> int:
    """Return when a completion was made, in seconds since 1970."""
    return CREATED_FROM_S + random.Random(seed).randrange(CREATED_WITHIN_S)  # noqa: S311 - a time, no secret


def count_tokens(text: str) -> int:
    """Return how many tokens a prompt is taken to have."""
    return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN + 1


def fill(template: Any, said: Mapping[str, Any]) -> Any:
    """Return a template's members with what is said filled in."""
    if isinstance(template, list | tuple):
        return [fill(item, said) for item in template]
    if not isinstance(template, Mapping):
        return None if template is NULL else template
    return {name: said.get(name) if value is None else fill(value, said) for name, value in template.items()}


def chat_logprobs(*members: str) -> LogProbs:
    """Return what writes log probabilities as the chat API has them; `members` are a token's, in their order, `top_logprobs` left out."""

    def write(tokens: Sequence[ScriptToken], most: int, _: int) -> Any:
        return {"content": [one(token) | {"top_logprobs": [one(other) for other in alternatives(token, most)]} for token in tokens]}

    def one(token: ScriptToken) -> dict[str, Any]:
        said = {"token": token.text, "logprob": token.logprob, "bytes": list(token.text.encode())}
        return {name: said[name] for name in members}

    return write
