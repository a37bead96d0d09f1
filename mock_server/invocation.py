"""One request to the twin: what it asks for, what its container answers, and how that is timed, cut and damaged.

script -> writes (container) -> timed writes (profile) -> timed parts (cut) -> chunks (the front's framing) -> damaged chunks (fault). Each step is a
function of data and a seed; nothing here waits or writes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TypeAlias

from mock_server.catalog import CatalogEntry
from mock_server.choices import Choices, choose, strip_choices
from mock_server.clock import Clock
from mock_server.containers.container import ContainerRequest, Reply, generate
from mock_server.faults import Fault, Stage, Timeline
from mock_server.journal import Ended, Entry, Journal
from mock_server.playback import PlayedResponse, Tally
from mock_server.profiles import Profile
from mock_server.sigv4 import Gate
from mock_server.words import WordError

Frame: TypeAlias = Callable[[bytes], bytes]
"""From a part to the chunk that carries it."""

KEEP_ALIVE_S = 15.0
"""axum's interval, which TGI leaves as it is (axum src/response/sse.rs)."""
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


@dataclass(slots=True)
class Invocation:
    """One request, from its journal entry's start to its finish."""

    twin: Twin
    endpoint: CatalogEntry
    choices: Choices
    entry: Entry
    """What the journal says of it, as far as that is known; nobody sees it there before it is answered."""

    @property
    def fault(self) -> Fault | None:
        """The fault that strikes this attempt."""
        fault = self.choices.fault
        return fault if fault and fault.strikes(self.entry.attempt) else None

    @property
    def failure(self) -> Ended:
        """What an answer is that is an error: asked for, or the request's own."""
        return "fault" if self.fault and self.fault.stage in {"service", "model"} else "refused"

    def ask(self, request: ContainerRequest) -> Reply:
        """Return the container's reply to the request, which has the custom attributes that are not the twin's."""
        forwarded = {**request.headers, ATTRIBUTES_HEADER: self.entry.custom_attributes}
        taken = self.endpoint.container.handle(replace(request, headers=forwarded))
        if isinstance(taken, Reply):
            return taken
        script = self.choices.find_script(taken.question)
        self.entry = replace(self.entry, script=script.name)
        return taken.reply(generate(script, taken.question))

    def note(self, text: str) -> None:
        """Say something more in the journal."""
        self.entry = replace(self.entry, notes=(*self.entry.notes, text))

    def miss(self, reason: str) -> None:
        """Note, if a fault of the answer was asked for, why it was not reached."""
        if self.fault and self.fault.stage not in {"service", "model"}:
            self.note(f"the fault was not reached: {reason}")

    def timeline(self, reply: Reply, frame: Frame | None) -> Timeline:
        """Return when which chunks of a reply leave, fault included; `frame` turns a part into a chunk."""
        writes, due_s = self._time(reply)
        parts: Sequence[bytes] = writes
        if not self.choices.cut.is_write:
            parts, due_s = self._cut(writes, due_s)
        chunks = map(frame, parts) if frame else parts
        length_bytes = None if frame or reply.is_chunked else sum(map(len, parts))
        return self._damage(Timeline(chunks, due_s, len(parts), reply.head_waits, length_bytes)).at_speed(self.choices.speed)

    def _time(self, reply: Reply) -> tuple[Sequence[bytes], Sequence[float]]:
        """Return a reply's writes, those that keep the connection alive among them, and when each is due."""
        due_s = reply.due_s
        if due_s is None:
            due_s = _due_s(self.choices.profile.token_times_s(reply.last_token, self.choices.seed), reply.tokens)
        if not reply.keep_alive or not due_s or due_s[-1] <= KEEP_ALIVE_S:
            return reply.writes, due_s
        return _keep_alive(reply.writes, due_s, reply.keep_alive)

    def respond(self, status: int, headers: Mapping[str, str], timeline: Timeline) -> PlayedResponse:
        """Start the journal's entry; return the response that plays a timeline and then finishes it."""
        self.entry = self.twin.journal.start(self.entry)

        async def timelines() -> AsyncGenerator[Timeline]:
            yield timeline

        def report(tally: Tally) -> None:
            parts = min(tally.chunks, timeline.parts)
            refused = tally.ended == "completed" and status >= 400
            self.finish(self.failure if refused else tally.ended, status=status if tally.head_left else None, parts=parts, sent_bytes=tally.bytes)

        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        return PlayedResponse(status=status, headers=raw, timelines=timelines(), clock=self.twin.clock, report=report)

    def finish(self, ended: Ended, *, status: int | None, parts: int = 0, sent_bytes: int = 0) -> None:
        """Finish the journal's entry."""
        cancelled_at = parts if ended == "cancelled" else None
        self.twin.journal.finish(replace(self.entry, ended=ended, status=status, parts=parts, bytes=sent_bytes, cancelled_at_part=cancelled_at))

    def _damage(self, timeline: Timeline) -> Timeline:
        """Return what leaves instead if a fault strikes."""
        damaged = self.fault.damage(timeline) if self.fault else None
        if damaged is None:
            self.miss(f"the answer has {timeline.parts} parts")
        return damaged or timeline

    def _cut(self, writes: Sequence[bytes], due_s: Sequence[float]) -> tuple[list[bytes], list[float]]:
        """Cut the whole body; a part is due with the write that holds its last byte."""
        body, ends = b"".join(writes), list(accumulate(map(len, writes)))
        offsets, missed = self.choices.cut.offsets(body, ends, self.choices.seed)
        for name in missed:
            self.note(f"the cut {name} found nothing to cut")
        bounds = list(pairwise([0, *offsets, len(body)])) if body else []
        return [body[start:end] for start, end in bounds], [due_s[bisect_left(ends, end)] for _, end in bounds]


def _due_s(times_s: Sequence[float], tokens: Sequence[int]) -> Sequence[float]:
    """Return when each write leaves that waits for so many tokens; `times_s` ascend."""
    if not times_s or not times_s[-1]:
        return (0.0,) * len(tokens)
    return [times_s[count - 1] if count else 0.0 for count in tokens]


def _keep_alive(writes: Sequence[bytes], due_s: Sequence[float], comment: bytes) -> tuple[list[bytes], list[float]]:
    """Return the writes with a comment after every 15 s of silence, before the first one too."""
    timed: list[tuple[bytes, float]] = []
    latest_s = 0.0
    for write, moment_s in zip(writes, due_s, strict=True):
        while moment_s - latest_s > KEEP_ALIVE_S:
            latest_s += KEEP_ALIVE_S
            timed.append((comment, latest_s))
        timed.append((write, moment_s))
        latest_s = moment_s
    return [write for write, _ in timed], [moment_s for _, moment_s in timed]


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
