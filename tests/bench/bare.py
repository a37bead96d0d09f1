"""The peer of the twin: a bare ASGI application that sends the same frames, encoded beforehand, one send each, on the same uvicorn.

`python -m tests.bench.bare PORT` serves until it is ended. `/TOKENS/SECONDS` says how many frames there are, and the time from one to the next; on any other
path there are ten, at once.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

import uvicorn

from backends.wire.parts import encode_part
from mock_server.script import FOLDER, load_scripts
from mock_server.server import bind

YIELD_EVERY = 16
PATH = re.compile(r"/(\d+)/([\d.]+)")
FRAMES = [encode_part(json.dumps({"outputs": [token.text]}).encode() + b"\n") for token in load_scripts(FOLDER)["long"].tokens[:2000]]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    match = PATH.fullmatch(scope["path"])
    tokens, itl_s = (int(match[1]), float(match[2])) if match else (10, 0.0)
    start_s = asyncio.get_running_loop().time()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/vnd.amazon.eventstream")]})
    for number, frame in enumerate(FRAMES[:tokens]):
        if itl_s:
            await asyncio.sleep(start_s + 0.01 + number * itl_s - asyncio.get_running_loop().time())
        await send({"type": "http.response.body", "body": frame, "more_body": True})
        if not itl_s and number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    config = uvicorn.Config(app, http="httptools", loop="asyncio", lifespan="off", log_config=None)
    uvicorn.Server(config).run(sockets=[bind("127.0.0.1", int(sys.argv[1]))])
