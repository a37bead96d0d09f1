"""Timing models: when each token of an answer is there, in seconds since the request.

A profile is data: a wait for the first token, then steps of one or more tokens at once. The dice are seeded, so that the same seed gives the same times.
The numbers are ours, what a 7B model on one GPU feels like, but for these:
`normal` and `overload`: https://github.com/llm-d/llm-d-inference-sim, `docs/latency-profiles.md`: an 8B model on one H100, waits within 70 % of their mean,
and twice as long with 16 streams. `rolling-batch`: https://github.com/deepjavalibrary/djl-serving 0.25, `RollingBatch.java`: the first token leaves alone,
then every fourth takes along the three before it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, repeat
from typing import TypeAlias

from mock_server.words import WordError, parse_seconds

Dice: TypeAlias = random.Random
Draw: TypeAlias = Callable[[Dice, float], float]
"""From the dice and a relative spread to a factor around 1."""


def _always(_: Dice, __: float) -> float:
    return 1.0


def _normal(dice: Dice, spread: float) -> float:
    return min(max(dice.gauss(1.0, spread), 0.3), 1.7)


def _log_normal(dice: Dice, spread: float) -> float:
    return dice.lognormvariate(0.0, spread)


@dataclass(frozen=True, slots=True)
class Stall:
    """A pause between two tokens, as when the model reads somebody else's prompt."""

    pause_s: float
    gap_tokens: tuple[int, int]
    """The fewest and the most tokens from the first token, or one stall, to the next."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How fast a model generates; each wait is a middle that is multiplied by what `draw` draws."""

    name: str
    """As it was asked for."""
    ttft_s: float
    """From the request to the first token."""
    itl_s: float
    """From one step to the next."""
    draw: Draw = _always
    spread: float = 0.0
    """Standard deviation of what is drawn: of the wait as a share of its mean, or of its logarithm."""
    step_tokens: tuple[int, int] = (1, 1)
    """The fewest and the most tokens that come at once; the first always comes alone."""
    prefill_s: float = 0.0
    """What each token of the prompt adds to the first wait."""
    stall: Stall | None = None
    load: float = 0.0
    """What each other stream that is open adds to every wait, as a share of it."""

    def token_times_s(self, tokens: int, seed: int, streams: int = 1, prompt_tokens: int = 0) -> Sequence[float]:
        """Return when each of `tokens` tokens is there: the first times of `times_s`."""
        return (0.0,) * tokens if self.is_instant else _first_times_s(self, tokens, seed, streams, prompt_tokens)

    def times_s(self, seed: int, streams: int = 1, prompt_tokens: int = 0) -> Iterator[float]:
        """Yield when one token after the other is there, without an end; ascending.

        Args:
            seed: What the dice start from.
            streams: How many are open when this one begins, itself included.
            prompt_tokens: The prompt's length.
        """
        return repeat(0.0) if self.is_instant else self._roll(random.Random(f"{seed} {self.name}"), streams, prompt_tokens)  # noqa: S311 - dice that replay

    @property
    def is_instant(self) -> bool:
        """Whether nothing is waited for."""
        return not (self.ttft_s or self.itl_s or self.prefill_s or self.stall)

    def _roll(self, dice: Dice, streams: int, prompt_tokens: int) -> Iterator[float]:
        slower = 1.0 + self.load * (streams - 1)
        moment_s = slower * (self.ttft_s + self.prefill_s * prompt_tokens) * self.draw(dice, self.spread)
        yield moment_s
        until_stall = self._next_stall(dice)
        while True:
            tokens = dice.randint(*self.step_tokens) if self.step_tokens != (1, 1) else 1
            until_stall -= tokens
            if until_stall < 0 and self.stall:
                moment_s += slower * self.stall.pause_s
                until_stall = self._next_stall(dice) - tokens
            moment_s += slower * self.itl_s * self.draw(dice, self.spread)
            yield from repeat(moment_s, tokens)

    def _next_stall(self, dice: Dice) -> int:
        return dice.randint(*self.stall.gap_tokens) if self.stall else 0


@lru_cache(maxsize=64)
def _first_times_s(profile: Profile, tokens: int, seed: int, streams: int, prompt_tokens: int) -> Sequence[float]:
    """Return the first times; answers to the same request share them."""
    return tuple(islice(profile.times_s(seed, streams, prompt_tokens), tokens))


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("instant", ttft_s=0.0, itl_s=0.0),
        Profile("typical", ttft_s=0.25, itl_s=0.03, draw=_log_normal, spread=0.25),
        Profile("constant", ttft_s=0.2, itl_s=0.02),
        Profile("normal", ttft_s=0.1, itl_s=0.012, draw=_normal, spread=0.2),
        Profile("log-normal", ttft_s=0.4, itl_s=0.03, draw=_log_normal, spread=0.8),
        Profile("rolling-batch", ttft_s=0.3, itl_s=0.12, draw=_log_normal, spread=0.1, step_tokens=(4, 4)),
        Profile("speculative", ttft_s=0.25, itl_s=0.045, draw=_log_normal, spread=0.1, step_tokens=(2, 5)),
        Profile("prefill-stall", ttft_s=2.0, itl_s=0.03, draw=_log_normal, spread=0.1, prefill_s=0.002, stall=Stall(1.5, (16, 48))),
        Profile("overload", ttft_s=0.1, itl_s=0.012, draw=_normal, spread=0.2, load=1 / 15),
    )
}


def _spelling(profile: Profile) -> str:
    spread = "[,SPREAD]" if profile.spread else ""
    return profile.name if profile.is_instant else f"{profile.name}[:TTFT,ITL{spread}]"


LEGAL = ", ".join(map(_spelling, PROFILES.values())) + "; TTFT and ITL in seconds"


def find_profile(text: str) -> Profile:
    """Return the profile that people write as `NAME[:TTFT,ITL[,SPREAD]]`: seconds to the first token, seconds between steps, a relative spread.

    Raises:
        WordError: There is none of that name, or it takes no such argument.
    """
    name, colon, argument = text.partition(":")
    profile = PROFILES.get(name)
    if profile is None:
        raise WordError(f"{text!r} is not a profile", LEGAL)
    return _set(profile, text, argument.split(",")) if colon else profile


def _set(profile: Profile, text: str, arguments: Sequence[str]) -> Profile:
    """Return the profile with the middles, and the spread, that were asked for."""
    if profile.is_instant or not 2 <= len(arguments) <= (3 if profile.spread else 2):
        raise WordError(f"{text!r} does not say what {profile.name!r} takes", _spelling(profile))
    ttft_s, itl_s = map(parse_seconds, arguments[:2])
    return replace(profile, name=text, ttft_s=ttft_s, itl_s=itl_s, spread=_parse_spread(arguments[2]) if arguments[2:] else profile.spread)


def _parse_spread(text: str) -> float:
    if not re.fullmatch(r"\d(\.\d{1,6})?", text):
        raise WordError(f"{text!r} is not a spread", "a share of the wait, as 0.2")
    return float(text)
