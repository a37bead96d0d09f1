"""Every cut of the twin, with an argument where it takes one."""

from __future__ import annotations

from mock_server.cuts import KINDS

ARGUMENTS = {"merge": "3", "bytes": "7", "random": "20", "at": "3,17,40"}
"""Of each cut that takes one; a new cut without its own here is a KeyError."""
CUTS = (*(f"{name}:{ARGUMENTS[name]}" if kind.argument else name for name, kind in KINDS.items()), "inside-json+inside-utf8+bytes:100")
