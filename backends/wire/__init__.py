"""Bytes in, events out: every wire format between a model container and a person, sans-IO."""

from backends.events import Alternative, Data, Finish, Reasoning, StreamEvent, Token, ToolCall

__all__ = ["Alternative", "Data", "Finish", "Reasoning", "StreamEvent", "Token", "ToolCall"]
