"""How an answer arrived, as a tap measures it: time to first token, inter-token latency, tokens per second."""

from __future__ import annotations

from array import array
from math import ceil

from backends.events import Data, Finish, Reasoning, StreamEvent, Token, ToolCall


class Timing:
    """A `backends.chat.Tap` that keeps eight bytes per token, and no text.

    A token has arrived when the part that completes it has; so tokens that share a part arrive together, with an inter-token latency of 0. What is counted
    as a token is what the container sends as one: its text, its reasoning, or a piece of a tool call.
    """

    def __init__(self) -> None:
        self.ttft_s: float | None = None
        """From the request's begin to the first token; None until then."""
        self.first_data_s: float | None = None
        """From the request's begin to the first bytes of a body that is no text; None until then."""
        self.tokens = 0
        self.parts = 0
        self.bytes = 0
        """Of the body, as the container wrote it."""
        self.total_s = 0.0
        """From the request's begin to the latest part or event."""
        self.finish: Finish | None = None
        """How the answer ended; None until then."""
        self._last_token_s = 0.0
        self._itl_s = array("d")

    @property
    def itl_s(self) -> tuple[float, ...]:
        """The seconds between each token and the one before it."""
        return tuple(self._itl_s)

    @property
    def tokens_per_s(self) -> float | None:
        """Of the tokens behind the first, (tokens - 1) / (last - first); None for fewer than two, and where all arrived together."""
        streaming_s = self._last_token_s - (self.ttft_s or 0.0)
        return (self.tokens - 1) / streaming_s if self.tokens > 1 and streaming_s > 0 else None

    def itl_percentile_s(self, percent: float) -> float | None:
        """Return the inter-token latency that `percent` of 100 do not exceed (nearest rank); None for fewer than two tokens."""
        if not self._itl_s:
            return None
        ranked = sorted(self._itl_s)
        return ranked[max(0, ceil(percent * len(ranked) / 100) - 1)]

    @property
    def has_begun(self) -> bool:
        """Whether any of the answer has come: a token, or data."""
        return self.ttft_s is not None or self.first_data_s is not None

    def part(self, data: bytes, at_s: float) -> None:
        """Count a part."""
        self.parts += 1
        self.bytes += len(data)
        self.total_s = at_s

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:  # noqa: ARG002 - a tap is told where the event lay
        """Note when a token arrived."""
        self.total_s = at_s
        if isinstance(event, Token | Reasoning | ToolCall):
            self._note_token(at_s)
        elif isinstance(event, Data):
            self.first_data_s = at_s if self.first_data_s is None else self.first_data_s
        elif isinstance(event, Finish):
            self.finish = event

    def _note_token(self, at_s: float) -> None:
        if self.ttft_s is None:
            self.ttft_s = at_s
        else:
            self._itl_s.append(at_s - self._last_token_s)
        self._last_token_s = at_s
        self.tokens += 1
