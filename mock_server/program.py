"""How the command was called, for whatever tells somebody to call it again: as a module, or by the script that an installed wheel brings."""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPT = "streamtwin"
MODULE = "python -m mock_server"


def program() -> str:
    """Return the words before the command's own."""
    return SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE  # on Windows it has an ending
