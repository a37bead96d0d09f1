"""Bodies of LMI's `json` formatter: one document, dribbled out; where it is cut is where its text is told apart."""

from __future__ import annotations

from collections.abc import Iterable

from backends.events import StreamEvent, Token


def joined(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    """Return the events with neighbours that are nothing but text made one."""
    whole: list[StreamEvent] = []
    for event in events:
        before = whole[-1] if whole else None
        if isinstance(event, Token) and isinstance(before, Token) and event == Token(event.text) and before == Token(before.text):
            whole[-1] = Token(before.text + event.text)
        else:
            whole.append(event)
    return whole
