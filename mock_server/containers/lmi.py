"""AWS Large Model Inference (DJL Serving) with rolling batch: one row per release and way to configure it.

Sources: deepjavalibrary/djl-serving, the branch of each release; what its parts do stands in `lmi_front`, `lmi_request`, `lmi_formats` and `lmi_chat`.
A release that is not in here writes what the one before it does. 0.27 names the content type of a stream only from its second token on, as its source reads;
no container was run, so here it is named at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backends.endpoints import Accepts
from mock_server.containers import lmi_request as requests
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken
from mock_server.containers.lmi_asked import Asked, EngineBroke, HandlerBroke, Refused
from mock_server.containers.lmi_chat import ChatEvents, ChatFragments, ChatLines, ChatWhole
from mock_server.containers.lmi_formats import Bedrock, BedrockWhole, EscapedFragments, EscapedOutputs, Fragments, Outputs, TokenEvents, Tokens, Whole
from mock_server.containers.lmi_front import MODEL_FAILED, Front, tell_as_python, tell_printed
from mock_server.containers.lmi_writing import DETAILS, Format, Formats, Writing, token_0_26, token_0_27, token_0_28, token_of_tgi
from mock_server.script import ScriptToken

ERROR_TOKEN = ScriptToken("", -1, -1, special=True)
"""What an engine's failure is to the formatters of 0.28."""
FAILED_CODE = 424
ROLLING_BATCH_FAILED = "exception occurred during rolling batch inference"
CREATED_S = 1_795_171_127
FIRST_ID = 139_740_079_303_760
"""Where Python has an object; chats of 0.29 and later go by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What one release does."""

    read: requests.Reader
    formats: Formats
    front: Front = field(default_factory=Front)
    token: Callable[[ScriptToken], dict[str, Any]] = token_0_28
    known_details: frozenset[str] = DETAILS
    knows_full_text: bool = True
    failure: str | None = ROLLING_BATCH_FAILED
    """What it says of an engine that broke; None: what the engine says."""
    failed_code: int = FAILED_CODE
    fails_in_token: bool = False
    """Whether an engine that broke is the last token, and no error of the front end's."""
    chat_id: Callable[[int], str] = lambda seed: f"chatcmpl-{FIRST_ID + 16 * (seed % 2**20)}"
    chat_stream: str = "jsonlines_chat"
    parses: frozenset[str] = frozenset()


R23 = Release(
    read=requests.read_0_23,
    formats={"json": EscapedFragments, "jsonlines": EscapedOutputs},
    front=Front(tell=tell_as_python, is_plain_alone=False, has_chat_route=False),
    known_details=frozenset(),
    knows_full_text=False,
    failure=None,
    failed_code=500,
)
R24 = replace(R23, read=requests.read_0_24, formats={"json": Fragments, "jsonlines": Outputs})
R25 = replace(
    R24,
    read=requests.read_0_25,
    front=Front(tell=tell_printed, sets_status=False, held_tokens=4, is_plain_alone=False, has_chat_route=False),
    failure="",
    failed_code=FAILED_CODE,
)
R26 = replace(R25, formats={"json": Fragments, "jsonlines": Tokens}, token=token_0_26, known_details=frozenset({"finish_reason", "tokens"}))
R27 = replace(
    R26,
    read=requests.read_0_27,
    formats={"json": Fragments, "jsonlines": Tokens, "json_chat": ChatFragments, "jsonlines_chat": ChatLines},
    front=Front(sets_status=False, is_plain_alone=False),
    token=token_0_27,
    known_details=DETAILS,
    knows_full_text=True,
    chat_id=lambda seed: f"chatcmpl-{seed}",
)
R28 = replace(
    R27,
    read=requests.read_0_28,
    formats={**R27.formats, "sse": TokenEvents},
    token=token_0_28,
    fails_in_token=True,
    chat_id=lambda _: "chatcmpl-<built-in function id>",
)
R29 = Release(
    read=requests.read_0_29,
    formats={**R28.formats, "json": Whole, "json_chat": ChatWhole, "3p": BedrockWhole, "3p_stream": Bedrock},
    front=Front(is_plain_alone=False),
    failure=None,
)
R30 = replace(R29, failure=ROLLING_BATCH_FAILED)
R31 = replace(R30, read=requests.read_0_31, front=Front())
R32 = replace(R31, read=requests.read_0_32)
R36 = replace(R32, formats={**R32.formats, "sse_chat": ChatEvents}, chat_stream="sse_chat")
CALLS = frozenset({"call", "arguments"})
REASONING = frozenset({"reasoning"})


@dataclass(frozen=True, slots=True)
class Lmi:
    """One release of LMI with rolling batch, as its options configure it."""

    name: str
    release: Release
    formatter: str | None = None
    """`option.output_formatter`; None: the request's `stream` says."""
    is_like_tgi: bool = False
    """`option.tgi_compat`."""
    is_bedrock: bool = False
    """`option.bedrock_compat`."""
    accepts: tuple[Accepts, ...] = ("inputs", "messages")

    def handle(self, request: ContainerRequest) -> Reply | Taken:
        """Answer a request on any path: `/invocations`, `/predictions/model`, `/models/model/invoke` and `/ping` are known, from 0.27 on the chat's, too."""
        release, front = self.release, self.release.front
        answered = front.answer(request)
        if answered:
            return answered
        kind = release.formats[self.formatter or "json"].content_type
        try:
            asked = (requests.read_bedrock if self.is_bedrock else release.read)(request)
        except Refused as refused:
            return front.refuse(FAILED_CODE, str(refused), request.seed, kind)
        except HandlerBroke:
            return front.fail_batch(request.seed, kind)
        except EngineBroke as broke:
            return self._broke(str(broke), request)
        form = release.formats[self._formatter(asked)](self._writing(asked, request.seed))
        is_alone = not form.streams or asked.max_new_tokens == 1
        head = front.head(form.content_type, request.seed, is_alone=is_alone)
        return Taken(asked.question, head, _Writer(form, release))

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status: an error of Python's where the front end takes the status from it, else one of the front end's own."""
        return self.release.front.failure(status, self.release.formats[self.formatter or "json"].content_type)

    def _formatter(self, asked: Asked) -> str:
        if asked.is_chat:
            return self.release.chat_stream if asked.streams else "json_chat"
        if self.is_bedrock:
            return "3p_stream" if asked.streams else "3p"
        if self.formatter or not asked.streams:
            return self.formatter or "json"
        return "sse" if self.is_like_tgi else "jsonlines"

    def _writing(self, asked: Asked, seed: int) -> Writing:
        release = self.release
        return Writing(
            asked,
            token=token_of_tgi if self.is_like_tgi else release.token,
            is_like_tgi=self.is_like_tgi,
            known_details=release.known_details,
            knows_full_text=release.knows_full_text,
            id=release.chat_id(seed),
            created=CREATED_S + seed % 86_400,
            call_id=f"chatcmpl-tool-{seed % 2**96:024x}{{:08x}}",
            parses=release.parses,
        )

    def _broke(self, text: str, request: ContainerRequest) -> Reply:
        """Return the reply to a request over which the engine broke before its first token."""
        release = self.release
        if not release.fails_in_token:
            failure = text if release.failure is None else release.failure
            return release.front.refuse(release.failed_code, failure, request.seed, release.formats[self.formatter or "json"].content_type)
        form = release.formats[self.formatter or "jsonlines"](self._writing(Asked(""), request.seed))
        head = release.front.head(form.content_type, request.seed)
        return replace(head, writes=_Writer(form, release).failed(Generated((), "error")), tokens=(0,))


class _Writer:
    """A formatter's work as it leaves the front end: some tokens together, and errors in its own words."""

    def __init__(self, form: Format, release: Release) -> None:
        self._form = form
        self._release = release
        self._count = 0
        self._held = b""

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        writes = self._form.tokens(tokens, self._count)
        start, self._count = self._count, self._count + len(tokens)
        return writes if self._release.front.held_tokens == 1 else [self._hold(write, count) for count, write in enumerate(writes, start=start + 1)]

    def last(self, answer: Generated) -> Sequence[bytes]:
        return [self._held + self._form.last(answer)]

    def failed(self, answer: Generated) -> Sequence[bytes]:
        release = self._release
        if release.fails_in_token:
            return [self._form.last(Generated((*answer.tokens, ERROR_TOKEN), "error"))]
        return [release.front.tell(release.failed_code, MODEL_FAILED if release.failure is None else release.failure)]

    def _hold(self, write: bytes, count: int) -> bytes:
        """Return what leaves with the token that is so far down the answer; what is held back when the engine breaks is lost."""
        self._held += write
        if count % self._release.front.held_tokens != 1:
            return b""
        write, self._held = self._held, b""
        return write


INPUTS: tuple[Accepts, ...] = ("inputs",)
LMI: tuple[Lmi, ...] = (
    *(Lmi(f"lmi-{version}", release, "jsonlines", accepts=INPUTS) for version, release in (("0.23", R23), ("0.24", R24), ("0.25", R25), ("0.26", R26))),
    *(Lmi(f"lmi-{version}-json", release, "json", accepts=INPUTS) for version, release in (("0.23", R23), ("0.24", R24), ("0.25", R25), ("0.26", R26))),
    Lmi("lmi-0.27", R27),
    Lmi("lmi-0.27-json", R27, "json"),
    Lmi("lmi-0.28", R28),
    Lmi("lmi-0.28-json", R28, "json"),
    Lmi("lmi-0.28-sse", R28, "sse"),
    Lmi("lmi-0.28-tgi-compat", R28, is_like_tgi=True),
    Lmi("lmi-0.29", R29),
    Lmi("lmi-0.29-bedrock", R29, is_bedrock=True, accepts=("messages",)),
    Lmi("lmi-0.30", R30),
    Lmi("lmi-0.31", R31),
    Lmi("lmi-0.32", replace(R32, parses=CALLS)),
    Lmi("lmi-0.32-reasoning", replace(R32, parses=REASONING)),
    Lmi("lmi-0.36", replace(R36, parses=CALLS)),
    Lmi("lmi-0.36-reasoning", replace(R36, parses=REASONING)),
    Lmi("lmi-0.36-sse", R36, "sse"),
    Lmi("lmi-0.36-tgi-compat", R36, is_like_tgi=True),
)
"""Rolling batch; `option.tool_call_parser` is set from 0.32 on, `option.reasoning_parser` in its stead where the name says so."""
