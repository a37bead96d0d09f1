"""Who may ask now: counts the answers on their way and the questions of each visitor, and says in a sentence which of a page's limits is reached."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from demo.language import ENGLISH, Words
from demo.limits import Limits

MINUTE_S = 60.0
IPV6_PREFIX = 64
"""Bits of an IPv6 address that tell a visitor: what follows, a visitor chooses."""


class Refused(Exception):
    """A limit of the page is reached; the message is a sentence for whoever asked."""


@dataclass(slots=True)
class _Visitor:
    """What is known of an address."""

    answers: int = 0
    """On their way."""
    asked_at_s: deque[float] = field(default_factory=deque)
    """The questions of the last minute."""


class Admission:
    """The answers of all tabs of all pages; used on one event loop.

    Args:
        now: Monotonic seconds.
    """

    def __init__(self, limits: Limits, now: Callable[[], float] = monotonic) -> None:
        self._limits = limits
        self._now = now
        self._visitors: dict[str, _Visitor] = {}
        self._answers = 0

    @property
    def answers(self) -> int:
        """How many answers are on their way."""
        return self._answers

    @contextmanager
    def answering(self, address: str, *texts: str | None, turns: int = 0, answers: int = 1, words: Words = ENGLISH) -> Iterator[None]:
        """Count `answers` as on their way until the block ends.

        Args:
            address: Where the question comes from.
            texts: What was typed.
            turns: How many questions the conversation has already.
            words: Of whoever asks.

        Raises:
            Refused: Nothing may be asked now; nothing was counted.
        """
        self.check(*texts, turns=turns, words=words)
        visitor = self._visitor(address)
        self._check_pace(visitor, answers, words)
        visitor.asked_at_s.append(self._now())
        visitor.answers += answers
        self._answers += answers
        try:
            yield
        finally:
            visitor.answers -= answers
            self._answers -= answers

    def check(self, *texts: str | None, turns: int = 0, words: Words = ENGLISH) -> None:
        """Raise Refused where a text is too long, or a conversation has as many turns as it may; the arguments are those of `answering`."""
        limits, longest = self._limits, max((len(text or "") for text in texts), default=0)
        if longest > limits.question_characters:
            raise Refused(
                words("This text has {n} characters, and the page takes {most}: shorten it.", n=f"{longest:,}", most=f"{limits.question_characters:,}")
            )
        if turns >= limits.turns:
            raise Refused(words("This conversation has {n} questions, as many as the page keeps in one: begin another.", n=f"{turns:,}"))

    def _check_pace(self, visitor: _Visitor, answers: int, words: Words) -> None:
        limits = self._limits
        if self._answers + answers > limits.answers:
            raise Refused(words("The page sends {most} answers at once, and that many are on their way: try again in a moment.", most=f"{limits.answers:,}"))
        if visitor.answers + answers > limits.answers_each:
            raise Refused(words("The page sends a visitor {most} answers at once: wait until one of yours ends.", most=f"{limits.answers_each:,}"))
        if len(visitor.asked_at_s) >= limits.questions_a_minute:
            wait_s = ceil(visitor.asked_at_s[0] + MINUTE_S - self._now())
            raise Refused(words("The page takes {most} questions a minute: try again in {n} s.", most=f"{limits.questions_a_minute:,}", n=wait_s))

    def _visitor(self, address: str) -> _Visitor:
        """Return who asks from there, without what is older than a minute, and forget those of whom there is nothing else to know."""
        since_s = self._now() - MINUTE_S
        for visitor in self._visitors.values():
            while visitor.asked_at_s and visitor.asked_at_s[0] <= since_s:
                visitor.asked_at_s.popleft()
        self._visitors = {key: visitor for key, visitor in self._visitors.items() if visitor.answers or visitor.asked_at_s}
        return self._visitors.setdefault(visitor_of(address), _Visitor())


def address_of(request: object) -> str:
    """Return where a request comes from, as the server knows it; empty if it does not."""
    return str(getattr(getattr(request, "client", None), "host", ""))


def visitor_of(address: str) -> str:
    """Return who is counted as one visitor with `address`: itself, or the network that an IPv6 address is of."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, IPV6_PREFIX), strict=False))
    return str(ip)
