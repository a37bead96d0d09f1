"""The peer of the twin: a bare ASGI application that sends the same frames, encoded beforehand, one send each, on the same uvicorn.

`python -m tests.bench.bare` prints its URL and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn

from backends.wire.parts import encode_part
from mock_server.script import FOLDER, load_scripts
from mock_server.server import bind

TOKENS = 2000
YIELD_EVERY = 16


def frames() -> list[bytes]:
    import json

    tokens = load_scripts(FOLDER)["long"].tokens[:TOKENS]
    return [encode_part(json.dumps({"outputs": [token.text]}).encode() + b"\n") for token in tokens]


FRAMES = frames()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/vnd.amazon.eventstream")]})
    for number, frame in enumerate(FRAMES):
        await send({"type": "http.response.body", "body": frame, "more_body": True})
        if number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    listener = bind("127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, http="httptools", loop="asyncio", lifespan="off", log_config=None)).run(sockets=[listener])
