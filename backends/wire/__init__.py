"""Bytes in, events out: every wire format between a model container and a person, sans-IO.

A decoder has `feed(data)` and `finish()`. Where the input is cut carries no meaning, what precedes a bad frame is delivered, what is held is bounded by
the longest frame, and the cost is linear in bytes for any cutting.
"""

from backends.events import Alternative, Data, Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.wire.decode import EventDecoder, decode_events

__all__ = ["Alternative", "Data", "EventDecoder", "Finish", "Reasoning", "StreamEvent", "Token", "ToolCall", "decode_events"]
