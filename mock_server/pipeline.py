"""From a container's reply to what leaves and when.

writes -> timed writes (profile) -> timed parts (cut) -> chunks (the front's framing) -> damaged chunks (fault). Each step is a function of data and a seed.
A reply that is known from the beginning is one timeline; one that a model is still giving takes the same steps token by token.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TypeAlias

from mock_server.choices import Choices
from mock_server.containers.container import Reply, ReplyEnd
from mock_server.cuts import Cutter
from mock_server.faults import Fault, Timeline
from mock_server.live import Live, LiveTimelines, Timelines

Frame: TypeAlias = Callable[[bytes], bytes]
"""From a part to the chunk that carries it."""

KEEP_ALIVE_S = 15.0
"""axum's interval, which TGI leaves as it is (axum src/response/sse.rs)."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What one request chose."""

    choices: Choices
    fault: Fault | None
    """The one that strikes, if any does."""
    note: Callable[[str], None]
    """Told of what did not go as it was asked for."""
    miss: Callable[[str], None]
    """Told why the fault was not reached."""
    streams: int = 1
    """How many the endpoint has open, this one included."""
    prompt_tokens: int = 0

    def timelines(self, answer: Reply | Live, frame: Frame | None) -> Timelines:
        """Return what leaves; `frame` turns a part into a chunk."""
        if isinstance(answer, Reply):
            return _in_turn(tuple(self._known(answer, frame)))  # before it is played: the journal tells what was missed while it is open
        return LiveTimelines(self._as_it_comes(answer, frame), answer)

    def _known(self, reply: Reply, frame: Frame | None) -> Iterator[Timeline]:
        """Yield the timeline of a reply that is known from the beginning; where its head or its end has a moment of its own, that is one, too."""
        if reply.due_s is not None and self.choices.is_retimed:
            reply = reply.without_times()
        timeline = self.timeline(reply, frame)
        if reply.head_s is not None:
            yield Timeline((), (), 0, length_bytes=timeline.length_bytes, start_s=reply.head_s).at_speed(self.choices.speed)
        yield timeline
        if reply.end:
            yield _ending(reply.end, frame).at_speed(self.choices.speed)

    def timeline(self, reply: Reply, frame: Frame | None) -> Timeline:
        """Return the one timeline of a reply that is known from the beginning."""
        writes, due_s = self._time(reply)
        parts: Sequence[bytes] = writes
        if not self.choices.cut.is_write:
            parts, due_s = self._cut(writes, due_s)
        chunks = map(frame, parts) if frame else parts
        length_bytes = None if frame or reply.is_chunked else sum(map(len, parts))
        timeline = Timeline(chunks, due_s, len(parts), reply.head_waits, length_bytes)
        damaged = self.fault.damage(timeline) if self.fault else None
        if damaged is None:
            self.miss(f"the answer has {timeline.parts} parts")
        return (damaged or timeline).at_speed(self.choices.speed)

    async def _as_it_comes(self, live: Live, frame: Frame | None) -> AsyncGenerator[Timeline]:
        cutter, damage = Cutter(self.choices.cut, self.choices.seed), _PieceByPiece(self.fault)
        times_s = self.choices.profile.times_s(self.choices.seed, self.streams, self.prompt_tokens)
        due_s = 0.0

        def piece(parts: Sequence[bytes]) -> Timeline:
            timeline = Timeline(list(map(frame, parts)) if frame else parts, (due_s,) * len(parts), len(parts), live.head.head_waits)
            return damage(timeline).at_speed(self.choices.speed)

        if not live.head.head_waits:
            yield piece(())
        async with aclosing(live.writes(live.head.keep_alive, KEEP_ALIVE_S)) as coming:
            async for heard in coming:
                if heard.is_token:
                    due_s = next(times_s)
                if parts := cutter.feed(heard.writes):
                    yield piece(parts)
        if parts := cutter.finish():
            yield piece(parts)
        for name in cutter.missed:
            self._miss_cut(name)
        if not damage.is_done:
            self.miss(f"the answer has {damage.parts} parts")

    def _time(self, reply: Reply) -> tuple[Sequence[bytes], Sequence[float]]:
        """Return a reply's writes, those that keep the connection alive among them, and when each is due."""
        due_s = reply.due_s
        if due_s is None:
            due_s = _due_s(self.choices.profile.token_times_s(reply.last_token, self.choices.seed, self.streams, self.prompt_tokens), reply.tokens)
        if not reply.keep_alive or not due_s or due_s[-1] <= KEEP_ALIVE_S:
            return reply.writes, due_s
        return _keep_alive(reply.writes, due_s, reply.keep_alive)

    def _cut(self, writes: Sequence[bytes], due_s: Sequence[float]) -> tuple[list[bytes], list[float]]:
        """Cut the whole body; a part is due with the write that holds its last byte."""
        body, ends = b"".join(writes), list(accumulate(map(len, writes)))
        offsets, missed = self.choices.cut.offsets(body, ends, self.choices.seed)
        for name in missed:
            self._miss_cut(name)
        bounds = list(pairwise([0, *offsets, len(body)])) if body else []
        return [body[start:end] for start, end in bounds], [due_s[bisect_left(ends, end)] for _, end in bounds]

    def _miss_cut(self, name: str) -> None:
        self.note(f"the cut {name} found nothing to cut")


@dataclass(slots=True)
class _PieceByPiece:
    """A fault's effect on timelines that come one after another: it strikes the one that its moment falls into."""

    fault: Fault | None
    parts: int = 0
    """How many came before the moment."""
    is_done: bool = False

    def __call__(self, timeline: Timeline) -> Timeline:
        damaged = replace(self.fault, after=self.fault.after - self.parts).damage(timeline) if self.fault and not self.is_done else None
        self.is_done = self.is_done or damaged is not None
        if not self.is_done:
            self.parts += timeline.parts
        return timeline if damaged is None else damaged


async def _in_turn(timelines: Sequence[Timeline]) -> AsyncGenerator[Timeline]:
    for timeline in timelines:
        yield timeline


def _ending(end: ReplyEnd, frame: Frame | None) -> Timeline:
    if frame and end.frame:
        return Timeline((end.frame,), (end.at_s,), 0, faulty=True)
    return Timeline((), (), 0, ending="reset", faulty=True, start_s=end.at_s)


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
