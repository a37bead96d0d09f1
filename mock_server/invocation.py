"""One request to the twin: what it asks for, who answers it, and what the journal says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request

from mock_server.catalog import CatalogEntry, Upstream
from mock_server.choices import Choices, choose, strip_choices
from mock_server.clock import Clock
from mock_server.connection import find_connection
from mock_server.containers.container import ContainerRequest, Reply, Taken, generate
from mock_server.faults import Fault, Stage
from mock_server.journal import Ended, Entry, Journal
from mock_server.limits import Limit, Limited
from mock_server.live import Live, ModelError
from mock_server.pipeline import Frame, Pipeline
from mock_server.playback import PlayedResponse, Tally
from mock_server.profiles import Profile
from mock_server.sigv4 import Gate
from mock_server.words import WordError

ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"


@dataclass(frozen=True, slots=True)
class Twin:
    """What every request to one twin shares."""

    catalog: Mapping[str, CatalogEntry]
    profile: Profile
    """For endpoints whose catalog names none."""
    clock: Clock
    journal: Journal
    gate: Gate
    """What the SageMaker Runtime asks of signatures."""
    time_limits: float
    """What the SageMaker Runtime's limits are multiplied by."""


@dataclass(slots=True)
class Invocation:
    """One request, from its journal entry's start to its finish."""

    twin: Twin
    endpoint: CatalogEntry
    choices: Choices
    entry: Entry
    """What the journal says of it, as far as that is known; nobody sees it there before it is answered."""
    broke_off: Ended | None = None
    """How it ended where neither the request nor a fault is why: the model failed, or was given up."""
    prompt_tokens: int = 0
    """About how long the prompt is."""

    @property
    def fault(self) -> Fault | None:
        """The fault that strikes this attempt."""
        fault = self.choices.fault
        return fault if fault and fault.strikes(self.entry.attempt) else None

    @property
    def failure(self) -> Ended:
        """What an answer is that is an error: the model's, asked for, or the request's own."""
        if self.broke_off:
            return self.broke_off
        return "fault" if self.fault and self.fault.stage in {"service", "model"} else "refused"

    async def ask(self, request: ContainerRequest, *, whole: bool = False) -> Reply | Live:
        """Return the container's reply to the request, which has the custom attributes that are not the twin's.

        Where a model answers, it has begun, or, of a reply that is wanted whole, ended.
        """
        forwarded = {**request.headers, ATTRIBUTES_HEADER: self.entry.custom_attributes}
        taken = self.endpoint.container.handle(replace(request, headers=forwarded))
        if isinstance(taken, Reply):
            if taken.note:
                self.note(taken.note)
            return taken
        self.prompt_tokens = taken.question.about_tokens
        if self.endpoint.upstream and not self.choices.script:
            return await self._ask_model(taken, self.endpoint.upstream, whole=whole or not taken.head.is_chunked)
        script = self.choices.find_script(taken.question)
        self.entry = replace(self.entry, script=script.name)
        return taken.reply(generate(script, taken.question))

    async def _ask_model(self, taken: Taken, upstream: Upstream, *, whole: bool) -> Reply | Live:
        """Ask; a model that fails before a head that waits for it is a container that fails."""
        from mock_server.upstream import ask_upstream  # an HTTP client, which nobody else needs

        live = Live(taken, ask_upstream(upstream, taken.question, self.endpoint.family))
        try:
            if whole or taken.head.head_waits:
                await live.begin()
            if not whole:
                return live
            body = await live.read()
        except ModelError as error:
            self.fail(error)
            return self.endpoint.container.failure(error.status or 500)
        return replace(taken.head, writes=(body,), tokens=(live.tokens,))

    def fail(self, error: ModelError) -> None:
        """Note why the model behind the endpoint did not answer, or no more."""
        self.broke_off = "failed"
        self.note(str(error))

    def note(self, text: str) -> None:
        """Say something more in the journal."""
        self.entry = replace(self.entry, notes=(*self.entry.notes, text))

    def miss(self, reason: str) -> None:
        """Note, if a fault of the answer was asked for, why it was not reached."""
        if self.fault and self.fault.stage not in {"service", "model"}:
            self.note(f"the fault was not reached: {reason}")

    def limit_s(self, usual_s: float) -> float:
        """Return when the service gives an answer up: at a limit of its own, as the twin's setting scales it and the request's speed divides it."""
        return usual_s * self.twin.time_limits / self.choices.speed

    def respond(self, status: int, headers: Mapping[str, str], answer: Reply | Live, frame: Frame | None, *, limit: Limit | None = None) -> PlayedResponse:
        """Start the journal's entry; return the response that plays an answer, up to a limit, and then finishes it; `frame` turns a part into a chunk."""
        played = Pipeline(self.choices, self.fault, self.note, self.miss, self._count_streams(), self.prompt_tokens).timelines(answer, frame)
        timelines = Limited(played, limit) if limit else played
        self.entry = self.twin.journal.start(self.entry)

        def report(tally: Tally) -> None:
            ended = tally.ended
            if isinstance(answer, Live) and answer.error:
                self.fail(answer.error)
            if isinstance(timelines, Limited) and timelines.was_reached:
                self.broke_off = "timed-out"
            if ended == "completed" and (status >= 400 or self.broke_off):
                ended = self.failure
            self.finish(ended, status=tally.status, parts=tally.parts, sent_bytes=tally.bytes)

        return PlayedResponse(status=status, headers=raw_headers(headers), timelines=timelines, clock=self.twin.clock, report=report)

    def _count_streams(self) -> int:
        """Return how many streams the endpoint has open with this one, where the profile asks."""
        return 1 + (self.twin.journal.count_open(self.endpoint.name) if self.choices.profile.load else 0)

    def leave(self, request: Request) -> None:
        """Finish the journal's entry of a client that went before it was answered, or was sent away because the twin stops."""
        self.finish("stopped" if find_connection(request.scope).is_stopped else "cancelled", status=None)

    def finish(self, ended: Ended, *, status: int | None, parts: int = 0, sent_bytes: int = 0) -> None:
        """Finish the journal's entry."""
        cancelled_at = parts if ended == "cancelled" else None
        self.twin.journal.finish(replace(self.entry, ended=ended, status=status, parts=parts, bytes=sent_bytes, cancelled_at_part=cancelled_at))


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def begin(twin: Twin, endpoint: CatalogEntry, entry: Entry, attributes: str, stages: Mapping[Stage, str]) -> Invocation:
    """Open the invocation of a request that was understood so far; `stages` says, per stage of faults that make no sense here, why.

    Raises:
        WordError: The request's attributes ask for something that the twin does not know, or that is impossible here.
    """
    choices = choose(endpoint, attributes, twin.profile)
    fault = choices.fault
    if fault and fault.stage in stages:
        raise WordError(f"mock.fault: {fault.name!r} {stages[fault.stage]}", "a fault that this request can have")
    seen = replace(
        entry,
        custom_attributes=strip_choices(attributes),
        profile=choices.profile.name,
        cut=choices.cut.text,
        fault=fault.text if fault else None,
        seed=choices.seed,
    )
    return Invocation(twin, endpoint, choices, seen)
