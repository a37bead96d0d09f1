"""One request to the twin: what it asks for, who answers it, and what the journal says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.requests import Request

from mock_server.assembly import Frame
from mock_server.catalog import CatalogEntry, Upstream
from mock_server.choices import Choices, choose, strip_choices
from mock_server.connection import find_connection
from mock_server.container_faults import has_kind
from mock_server.containers.container import ContainerRequest, Generated, Reply, Taken, generate
from mock_server.containers.stateful import handle
from mock_server.draft import Draft
from mock_server.faults import BEFORE, Fault, Faults, Stage
from mock_server.http_cut import HttpCut
from mock_server.journal import Ended, Entry, showable
from mock_server.limits import Limit, Limited
from mock_server.live import Live, ModelError
from mock_server.operation import ATTRIBUTES_HEADER
from mock_server.pipeline import Pipeline
from mock_server.playback import PlayedResponse
from mock_server.sessions import Sessions
from mock_server.spoiling import FAILED_STATUS, Spoiling
from mock_server.stream_faults import model_stream_error
from mock_server.tally import Tally
from mock_server.twin import Twin
from mock_server.words import WordError

BROKEN = model_stream_error("StreamBroken")
"""The last frame of a stream that the twin ends because it stops."""


@dataclass(slots=True)
class Invocation:
    """One request, from its journal entry's start to its finish."""

    twin: Twin
    endpoint: CatalogEntry
    choices: Choices
    draft: Draft
    """What the journal is to say of it."""
    attributes: str
    """Of its custom attributes, those that are the container's."""
    broke_off: Ended | None = None
    """How it ended where neither the request nor a fault is why: the model failed, or was given up."""
    prompt_tokens: int = 0
    """About how long the prompt is."""
    waited_s: float = 0.0
    """How long a model was waited for that has answered whole."""
    spoiling: Spoiling = field(init=False)
    """What the container's own faults do; those that strike are known when it is asked."""

    def __post_init__(self) -> None:
        """Spoil nothing yet."""
        self.spoiling = Spoiling(self.endpoint.container, self.draft.miss)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that strike this attempt."""
        return self.choices.fault.striking(self.draft.entry.attempt) if self.choices.fault else ()

    @property
    def fault(self) -> Fault | None:
        """The one among them that is not the container's."""
        return next((fault for fault in self.faults if fault.stage != "container"), None)

    @property
    def failure(self) -> Ended:
        """What an answer is that is an error: the model's, asked for, or the request's own."""
        if self.broke_off:
            return self.broke_off
        return "fault" if self.spoiling.is_damaged or (self.fault and self.fault.stage in BEFORE) else "refused"

    @property
    def _sessions(self) -> Sessions | None:
        """The endpoint's stateful sessions, where it has them."""
        if self.endpoint.own_sessions or not self.endpoint.sessions:
            return self.endpoint.own_sessions
        return self.twin.served.now.sessions.get(self.endpoint.name)

    def take_fault(self, stages: Mapping[Stage, str]) -> None:
        """Take the fault that was ordered for the next request like this one, or for all, where it asks for none itself; `stages` as of `begin`."""

        def can_have(faults: Faults) -> bool:
            known = has_kind(faults.error_kind, self.endpoint.container)
            return known and bool(faults.striking(self.draft.entry.attempt)) and all(fault.fits(stages) for fault in faults.terms)

        if self.choices.fault or self.draft.entry.method != "POST":  # else who asks whether a container is well would take what an answer is to have
            return
        if found := self.twin.find_fault(self.endpoint.name, can_have):
            faults, source = found
            self.choices = replace(self.choices, fault=faults)
            self.draft.add(fault=faults.text, fault_from=source)

    async def ask(self, request: ContainerRequest, *, whole: bool = False, until_s: float | None = None) -> Reply | Live:
        """Return the container's reply to the request, which has the custom attributes that are not the twin's; damaged as its faults have it.

        Where a model answers, it has begun, or, of a reply that is wanted whole, ended.

        Raises:
            TimeoutError: The model had not by `until_s`, on the event loop's clock; a script never keeps anybody waiting here.
        """
        self.spoiling.faults = [fault for fault in self.faults if fault.stage == "container"]
        forwarded = {name: value for name, value in request.headers.items() if name != ATTRIBUTES_HEADER}
        if self.attributes:
            forwarded[ATTRIBUTES_HEADER] = self.attributes
        self.draft.add(headers=showable(forwarded))
        taken = handle(self.endpoint.container, replace(request, headers=forwarded, sessions=self._sessions))
        if note := (taken if isinstance(taken, Reply) else taken.head).note:
            self.draft.note(note)
        if isinstance(taken, Reply):
            if taken.due_s is not None and not self.choices.is_retimed:
                self.draft.add(profile="")
            return self.spoiling.spoil(taken, None)
        self.prompt_tokens = taken.question.about_tokens
        if self.endpoint.upstream and not self.choices.script:
            async with asyncio.timeout_at(until_s):
                reply = await self._ask_model(taken, self.endpoint.upstream, whole=whole or not taken.head.is_chunked)
            if self.broke_off:
                self.spoiling.miss("the model failed before")
            return reply
        script = self.choices.find_script(taken.question)
        self.draft.add(script=script.name)
        answer = generate(script, taken.question)
        return self.spoiling.spoil(
            taken.reply(answer), self.spoiling.failed(taken, lambda count: taken.writer.failed(Generated(answer.tokens[:count], "error")))
        )

    async def _ask_model(self, taken: Taken, upstream: Upstream, *, whole: bool) -> Reply | Live:
        """Ask; a model that fails before a head that waits for it is a container that fails."""
        from mock_server.upstream import ask_upstream  # an HTTP client, which nobody else needs

        live = Live(taken, ask_upstream(upstream, taken.question, self.endpoint.family))
        if taken.head.is_chunked:
            live.damage = self.spoiling.damage(taken.head, self.spoiling.failed(taken, live.failed))
        try:
            if whole or taken.head.head_waits:
                await live.begin()
            if not whole:
                return live
            reply = await live.read()
        except ModelError as error:
            self.fail(error)
            return self.endpoint.container.failure(error.status if error.status and error.status >= 400 else FAILED_STATUS)
        self.waited_s = live.age_s
        self.spoiling.note(live.damage)
        return reply if live.damage else self.spoiling.spoil_whole(reply)

    def fail(self, error: ModelError) -> None:
        """Note why the model behind the endpoint did not answer, or no more."""
        self.broke_off = "failed"
        self.draft.note(str(error))

    def miss(self, reason: str) -> None:
        """Note, if a fault of the stream was asked for, why it was not reached."""
        if self.fault and self.fault.stage not in BEFORE:
            self.draft.miss(self.fault.text, reason)

    def limit_s(self, usual_s: float) -> float:
        """Return when the service gives an answer up: at a limit of its own, as the twin's setting scales it and the request's speed divides it.

        A real model is given its time, as no speed makes it faster.
        """
        is_live = self.endpoint.upstream and not self.choices.script
        return usual_s * self.twin.time_limits / (1.0 if is_live else self.choices.speed)

    def respond(self, status: int, headers: Mapping[str, str], answer: Reply | Live, frame: Frame | None, *, limit: Limit | None = None) -> PlayedResponse:
        """Start the journal's entry; return the response that plays an answer, up to a limit, and then finishes it; `frame` turns a part into a chunk."""
        pipeline = Pipeline(self.choices, self.fault, self.draft.note, self.miss, self._count_streams(), self.prompt_tokens, self.waited_s)
        played = pipeline.timelines(answer, frame)
        limited = Limited(played, limit) if limit else played
        cut = self.choices.http_cut if frame else None
        timelines = limited if cut is None or cut.is_write else HttpCut(limited, cut, self.choices.seed)
        self.draft.start()

        def report(tally: Tally) -> None:
            ended = tally.ended
            if isinstance(answer, Live):
                self.spoiling.note(answer.damage)
                if answer.error:
                    self.fail(answer.error)
            if isinstance(limited, Limited) and limited.was_reached:
                self.broke_off = "timed-out"
            if ended == "completed" and self.spoiling.is_damaged:
                ended = "fault"
            if ended == "completed" and (status >= 400 or self.broke_off):
                ended = self.failure
            self.draft.finish(ended, tally)

        return PlayedResponse(
            status=status,
            headers=raw_headers(headers),
            timelines=timelines,
            last_words=BROKEN if frame else b"",
            clock=self.twin.clock,
            report=report,
        )

    def _count_streams(self) -> int:
        """Return how many streams the endpoint has open with this one, where the profile asks."""
        return 1 + (self.twin.journal.count_open(self.endpoint.name) if self.choices.profile.load else 0)

    def leave(self, request: Request) -> None:
        """Finish the journal's entry of a client that went before it was answered, or was sent away because the twin stops."""
        self.draft.finish("stopped" if find_connection(request.scope).is_stopped else "cancelled", Tally())


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def begin(twin: Twin, endpoint: CatalogEntry, entry: Entry, attributes: str, stages: Mapping[Stage, str]) -> Invocation:
    """Open the invocation of a request that was understood so far; `stages` says, per stage of faults that make no sense here, why.

    Raises:
        WordError: The request's attributes ask for something that the twin does not know, or that is impossible here.
    """
    choices = choose(endpoint, twin.defaults.before(attributes), twin.profile)
    for fault in choices.fault.terms if choices.fault else ():
        if fault.stage in stages:
            raise WordError(f"mock.fault: {fault.name!r} {stages[fault.stage]}", "a fault that this request can have")
    forwarded = strip_choices(attributes)
    draft = Draft(
        twin.journal,
        entry,
        custom_attributes=forwarded,
        profile=choices.profile.name,
        cut=choices.cut.text,
        http_cut=choices.http_cut.text if choices.http_cut else None,
        fault=choices.fault.text if choices.fault else None,
        fault_from="request" if choices.fault else None,
        seed=choices.seed,
    )
    return Invocation(twin, endpoint, choices, draft, forwarded)
