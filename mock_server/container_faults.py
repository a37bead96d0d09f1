"""Faults by the container, in its own dialect: a filter between what it writes and what leaves, for an answer that is whole or still being given.

The keep-alives are what servers of that framing write into a silence: for server-sent events the comment of axum's `KeepAlive` (src/response/sse.rs), for
JSON lines a blank line, which readers of them have to skip (jsonlines.org, "line separator"). Line ends may be CRLF in both (WHATWG's HTML standard, 9.2.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from mock_server.containers.container import Container, NamesErrors, Reply
from mock_server.words import WordError

KEEP_ALIVES = {"text/event-stream": b":\n\n", "application/jsonlines": b"\n"}
"""Media type -> what keeps the connection alive and says nothing; other bodies have nothing of the kind."""
LINE_END = re.compile(rb"(?<!\r)\n")
NO_TEXT = ("image/", "audio/", "video/")
"""What media types of bodies without lines begin with."""

Failed: TypeAlias = Callable[[int], Sequence[bytes]]
"""From how many tokens the model has generated to what the container writes when it fails then."""


@dataclass(slots=True)
class _Writes:
    """What one step of the filter is handed on, and hands on."""

    writes: list[bytes]
    ending: bool
    """Whether these are the answer's last."""
    generated: int
    first: bool = True
    """Whether the fault has not struck before."""


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What the faults need to know of the container."""

    keep_alive: bytes
    failed: Failed | None
    has_lines: bool = True


Rule: TypeAlias = Callable[[_Writes, _Dialect], _Writes | None]
"""From the writes behind the fault's moment, one or more, to what leaves instead; None where there is nothing to change."""


def _fail(behind: _Writes, dialect: _Dialect) -> _Writes | None:
    if dialect.failed is None:
        return None
    return replace(behind, writes=[write for write in dialect.failed(behind.generated) if write], ending=True)


def _leave_unfinished(behind: _Writes, dialect: _Dialect) -> _Writes | None:
    return replace(behind, writes=[]) if behind.ending and dialect.failed else None


def _keep_alive(behind: _Writes, dialect: _Dialect) -> _Writes | None:
    return replace(behind, writes=[dialect.keep_alive, *behind.writes]) if behind.first and dialect.keep_alive else None


def _end_inside_a_line(behind: _Writes, dialect: _Dialect) -> _Writes | None:
    if not dialect.has_lines or not behind.ending or not behind.writes[-1].endswith(b"\n"):
        return None
    kept = behind.writes
    while kept and not kept[-1].rstrip(b"\r\n"):
        kept = kept[:-1]
    return replace(behind, writes=[*kept[:-1], *(write.rstrip(b"\r\n") for write in kept[-1:])])


def _write_crlf(behind: _Writes, dialect: _Dialect) -> _Writes | None:
    if not dialect.has_lines:
        return None
    written = [LINE_END.sub(b"\r\n", write) for write in behind.writes]
    return replace(behind, writes=written) if written != behind.writes else None


@dataclass(frozen=True, slots=True)
class ContainerEffect:
    """What a fault makes of the writes behind its moment."""

    rule: Rule
    damages: bool = True
    """Whether something of the answer is lost."""


EFFECTS = {
    "container-error": ContainerEffect(_fail),
    "no-finish": ContainerEffect(_leave_unfinished),
    "keep-alive": ContainerEffect(_keep_alive, damages=False),
    "no-final-newline": ContainerEffect(_end_inside_a_line),
    "crlf": ContainerEffect(_write_crlf, damages=False),
}
"""In the order in which they strike: what one adds, the next one changes."""


def has_kind(kind: str, container: Container) -> bool:
    """Return whether a container has this kind of error; an empty one is none in particular."""
    return not kind or (isinstance(container, NamesErrors) and kind in container.kinds)


def check_kind(kind: str, container: Container) -> None:
    """Refuse a kind of error that a container doesn't have.

    Raises:
        WordError: Its errors are of other kinds, or of none.
    """
    if not has_kind(kind, container):
        legal = ", ".join(container.kinds) if isinstance(container, NamesErrors) else "container-error alone: its errors have no kinds"
        raise WordError(f"container-error:{kind}: {container.name} has no error of that kind", legal)


@dataclass(slots=True)
class _Step:
    """One fault on one answer."""

    text: str
    effect: ContainerEffect
    after: int
    """How many writes are still to come before it."""
    struck: bool = False

    def feed(self, given: _Writes, dialect: _Dialect) -> _Writes:
        before, behind = given.writes[: self.after], given.writes[self.after :]
        self.after -= len(before)
        changed = self.effect.rule(replace(given, writes=behind, first=not self.struck), dialect) if behind else None
        if changed is None:
            return given
        self.struck = True
        return replace(changed, writes=before + changed.writes)


class ContainerDamage:
    """What faults of the container do to one answer, write by write.

    Args:
        faults: Each as it was asked for, its name, and how many writes come before it.
        content_type: The container's.
        failed: How the container fails; None where it is not asked, as it answered by itself.
    """

    def __init__(self, faults: Sequence[tuple[str, str, int]], content_type: str, failed: Failed | None) -> None:
        order = list(EFFECTS)
        self._steps = [_Step(text, EFFECTS[name], after) for text, name, after in sorted(faults, key=lambda fault: order.index(fault[1]))]
        self._dialect = _Dialect(KEEP_ALIVES.get(content_type.partition(";")[0], b""), failed, has_lines=not content_type.startswith(NO_TEXT))
        self.ended = False
        """Whether the answer has ended: nothing of it leaves any more."""

    @property
    def is_damaged(self) -> bool:
        """Whether something of the answer was lost so far."""
        return any(step.struck and step.effect.damages for step in self._steps)

    @property
    def missed(self) -> list[str]:
        """The faults that have found nothing to change so far."""
        return [step.text for step in self._steps if not step.struck]

    def feed(self, writes: Sequence[bytes], *, ending: bool, generated: int) -> list[bytes]:
        """Return the writes that leave instead.

        Args:
            writes: What the container writes next; none is empty.
            ending: These are the answer's last: what `Writer.last` gave.
            generated: How many tokens the model has generated before these.
        """
        given = _Writes([] if self.ended else list(writes), ending, generated)
        for step in self._steps:
            given = step.feed(given, self._dialect)
        self.ended = self.ended or given.ending
        return given.writes

    def spoil(self, reply: Reply) -> Reply:
        """Return a whole reply as it leaves instead."""
        end = max(0, len(reply.writes) - max(1, reply.ending))
        groups = [*([write] for write in reply.writes[:end]), list(reply.writes[end:])]
        left: list[tuple[bytes, int]] = []
        for index, writes in enumerate(groups):
            generated = reply.tokens[index - 1] if index and reply.tokens else 0
            left += ((write, index) for write in self.feed(writes, ending=index == end, generated=generated))
        return replace(
            reply,
            writes=[write for write, _ in left],
            tokens=[reply.tokens[index] for _, index in left] if reply.tokens else (),
            due_s=None if reply.due_s is None else [reply.due_s[index] for _, index in left],
            keep_alive=self.comment(reply.keep_alive),
        )

    def comment(self, keep_alive: bytes) -> bytes:
        """Return what the container writes into a silence by itself, its lines ended as the others are."""
        return LINE_END.sub(b"\r\n", keep_alive) if any(step.effect.rule is _write_crlf for step in self._steps) else keep_alive
