"""Timing models: when each token of an answer is generated, in seconds since the request.

A profile is data; the dice are seeded, so that the same seed gives the same times. The numbers are ours: what a 7B model on one GPU feels like.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mock_server.words import WordError


@dataclass(frozen=True, slots=True)
class Profile:
    """Time to first token and between tokens, each a median with a relative spread."""

    name: str
    ttft_s: float
    itl_s: float
    spread: float = 0.0
    """Standard deviation of the logarithm: 0.25 is about a quarter up or down."""

    def token_times_s(self, tokens: int, seed: int) -> Sequence[float]:
        """Return when each of `tokens` tokens is ready."""
        if not self.ttft_s and not self.itl_s:
            return (0.0,) * tokens
        dice = random.Random(f"{seed} {self.name}")  # noqa: S311 - dice that replay, not secrets
        medians = [self.ttft_s] + [self.itl_s] * (tokens - 1)
        return tuple(accumulate(median * dice.lognormvariate(0.0, self.spread) for median in medians[:tokens]))


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("instant", ttft_s=0.0, itl_s=0.0),
        Profile("typical", ttft_s=0.25, itl_s=0.03, spread=0.25),
    )
}


def find_profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        WordError: There is none.
    """
    profile = PROFILES.get(name)
    if profile is None:
        raise WordError(f"{name!r} is not a profile", ", ".join(PROFILES))
    return profile
