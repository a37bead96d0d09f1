"""From a container's reply to what leaves and when.

writes -> timed writes (profile) -> what leaves (`assembly`). Each step is a function of data and a seed.
A reply that is known from the beginning is one timeline; one that a model is still giving takes the same steps token by token.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from mock_server.assembly import Assembly, Frame, Plan
from mock_server.choices import Choices
from mock_server.containers.container import Reply, ReplyEnd
from mock_server.faults import BEFORE, Fault
from mock_server.live import Live, LiveTimelines, Timelines
from mock_server.timeline import Timeline

KEEP_ALIVE_S = 15.0
"""axum's interval, which TGI leaves as it is (axum src/response/sse.rs)."""

PAUSE = Timeline((), (), 0, head_waits=True)
"""Up to its start nothing leaves: the silence behind a write begins when it is due, also where a cut holds it back."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What one request chose."""

    choices: Choices
    fault: Fault | None
    """The one that strikes, if any does, and is not the container's."""
    note: Callable[[str], None]
    """Told of what did not go as it was asked for."""
    miss: Callable[[str], None]
    """Told why the fault was not reached."""
    streams: int = 1
    """How many the endpoint has open, this one included."""
    prompt_tokens: int = 0
    waited_s: float = 0.0
    """For a model that has answered whole, which the profile's waits are not added to."""

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
        assembly = self._assembly(frame)
        timeline = assembly.feed(*self._time(reply), last=True)
        self._note_missed(assembly)
        length_bytes = None if frame or reply.is_chunked else len(reply.body)
        return replace(timeline, head_waits=reply.head_waits, length_bytes=length_bytes)

    async def _as_it_comes(self, live: Live, frame: Frame | None) -> AsyncGenerator[Timeline]:
        assembly, times_s = self._assembly(frame), self.choices.profile.times_s(self.choices.seed, self.streams, self.prompt_tokens)
        due_s, written_s, waited_s = 0.0, 0.0, live.age_s

        def piece(writes: Sequence[bytes] = (), moments_s: Sequence[float] = (), *, last: bool = False) -> Timeline:
            return replace(assembly.feed(writes, moments_s, last=last), head_waits=live.head.head_waits)

        if not live.head.head_waits:
            yield piece()
        async with aclosing(live.writes(KEEP_ALIVE_S)) as coming:
            async for heard in coming:
                if heard.is_token:
                    due_s = self._since(next(times_s), waited_s)
                timed = _keep_alive(heard.writes, (due_s,) * len(heard.writes), live.comment, written_s)
                written_s = max(due_s, self._since(live.age_s * self.choices.speed, waited_s))
                yield piece(*timed)
                yield replace(PAUSE, start_s=due_s).at_speed(self.choices.speed)
        yield piece(last=True)
        self._note_missed(assembly)

    def _since(self, moment_s: float, waited_s: float) -> float:
        """Return a moment of the profile's, which counts from the request, as one that counts from when the answer begins to be played."""
        return max(0.0, moment_s - waited_s * self.choices.speed)

    def _assembly(self, frame: Frame | None) -> Assembly:
        damage = self.fault.damage() if self.fault and self.fault.stage not in BEFORE else None
        choices = self.choices
        return Assembly(Plan(cut=choices.cut, seed=choices.seed, frame=frame, damage=damage, speed=choices.speed))

    def _note_missed(self, assembly: Assembly) -> None:
        """Note, when all has gone through, what struck nothing."""
        for name in assembly.missed_cuts:
            self.note(f"the cut {name} found nothing to cut")
        if not assembly.has_struck:
            self.miss(f"the answer has {assembly.parts} parts")

    def _time(self, reply: Reply) -> tuple[Sequence[bytes], Sequence[float]]:
        """Return a reply's writes, those that keep the connection alive among them, and when each is due."""
        due_s = reply.due_s
        if due_s is None:
            due_s = _due_s(self.choices.profile.token_times_s(reply.last_token, self.choices.seed, self.streams, self.prompt_tokens), reply.tokens)
            due_s = [self._since(moment_s, self.waited_s) for moment_s in due_s] if self.waited_s else due_s
        if not reply.keep_alive or not due_s or due_s[-1] <= KEEP_ALIVE_S:
            return reply.writes, due_s
        return _keep_alive(reply.writes, due_s, reply.keep_alive)


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


def _keep_alive(writes: Sequence[bytes], due_s: Sequence[float], comment: bytes, latest_s: float = 0.0) -> tuple[list[bytes], list[float]]:
    """Return the writes with a comment, if there is one, after every 15 s of silence, before the first one too: then the latest write was at `latest_s`."""
    timed: list[tuple[bytes, float]] = []
    for write, moment_s in zip(writes, due_s, strict=True):
        while comment and moment_s - latest_s > KEEP_ALIVE_S:
            latest_s += KEEP_ALIVE_S
            timed.append((comment, latest_s))
        timed.append((write, moment_s))
        latest_s = moment_s
    return [write for write, _ in timed], [moment_s for _, moment_s in timed]
