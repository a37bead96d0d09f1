"""How the command was called, for whatever tells somebody to call it again: as a module, or by the script that an installed wheel brings."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

SCRIPT = "streamtwin"
MODULE = "python -m mock_server"


def program() -> str:
    """Return the words before the command's own, with the Python that was typed."""
    if Path(sys.argv[0]).stem == SCRIPT:  # on Windows it has an ending
        return SCRIPT
    typed = sys.orig_argv
    place = typed.index("-m") + 1 if "-m" in typed else len(typed)
    return shlex.join(typed[: place + 1]) if typed[place : place + 1] == ["mock_server"] else MODULE
