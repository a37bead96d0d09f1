"""`python conversation.py MODULE`: speak for a module of this folder; one line of JSON asks, one answers.

It is run by the Python of somebody else's environment, so it needs the standard library alone. From here on every host that is asked for is noted, and
only this machine is reached: the module, and what it imports, come later.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

hosts: set[str] = set()


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    text = host.decode() if isinstance(host, bytes) else str(host)
    hosts.add(text)
    if text not in {"127.0.0.1", "localhost"}:
        raise PermissionError(f"a client of the twin wanted {text}")


def converse(ask: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Answer every line: `ask` gets the question and the answer to fill in, which keeps what came before an error."""
    out, sys.stdout = sys.stdout, sys.stderr  # some clients print
    for line in sys.stdin:
        answer: dict[str, Any] = {"error": None}
        try:
            ask(json.loads(line), answer)
        except Exception as error:  # noqa: BLE001 - whatever a client raises is the answer
            answer["error"] = describe(error)
        print(json.dumps({**answer, "hosts": sorted(hosts)}), file=out, flush=True)


def describe(error: Exception) -> dict[str, Any]:
    """Return an error as JSON can hold it, with what botocore says of it where it does."""
    kind, response = type(error), getattr(error, "response", None)
    members = response.get("Error") if isinstance(response, dict) else None
    return {"type": f"{kind.__module__}.{kind.__qualname__}", "message": str(error), "members": members}


if __name__ == "__main__":
    sys.addaudithook(_guard)
    converse(importlib.import_module(sys.argv[1]).ask)
