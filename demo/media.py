"""Pictures and sounds that an endpoint streams, passed on to the page as they arrive: GET media/{key}.

A browser sharpens a progressive JPEG, and plays a WAV file, while it loads; so the page has an element whose address is a stream of our own, which flows as
the answer does and ends when that ends, however it does. While it flows, a request for a range gets the whole, as RFC 9110, 14.2 allows; afterwards it gets
the range, and the head says so.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from demo.language import ENGLISH, Words, mark
from demo.tape import Tape, Tapes
from demo.turns import Turn

PAUSE_S = 0.1
"""How often it is looked for more."""
PICTURE = '<img class="media" src="media/{key}" alt="{said}">'
SOUND = '<audio class="media" controls preload="auto" src="media/{key}" title="{said}"></audio>'
ELEMENTS = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"), PICTURE),
    **dict.fromkeys(("audio/wav", "audio/x-wav", "audio/mpeg", "audio/ogg", "audio/webm", "audio/flac", "audio/aac", "audio/mp4"), SOUND),
}
"""Media type -> what shows it. No type is among these that can hold a script, as SVG can: opened on its own, it would run as the page's."""
SAID = {PICTURE: mark("The picture that answers"), SOUND: mark("The sound that answers")}
"""What an element is called, for those who do not see it."""
RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def element(tape: Tape, words: Words = ENGLISH) -> str:
    """Return the HTML that shows an answer that is no text; empty for one that is, and before its head came."""
    kind = _kind(tape)
    if not kind.startswith(("image/", "audio/", "video/")):
        return ""
    if kind not in ELEMENTS:
        return f"<em>{html.escape(words('The answer is of the type {kind}, which this page does not show.', kind=kind))}</em>"
    shown = ELEMENTS[kind]
    return shown.format(key=tape.key, said=html.escape(words(SAID[shown])))


def with_what_is_kept(turn: Turn, tape: Tape | None) -> Turn:
    """Return `turn`, without its tape and what it shows of that where `tape`, the one of that number, is not its own or not kept any more."""
    is_its_own = tape is not None and tape.request.messages[-1].content == turn.question and (tape.key in turn.media or not turn.media)
    return turn if is_its_own else replace(turn, tape=0, media="")


def media_route(tapes: Tapes) -> Route:
    """Return the route that streams what is on a tape."""

    async def media(request: Request) -> Response:
        tape = tapes.find_by_key(request.path_params["key"])
        if tape is None or _kind(tape) not in ELEMENTS:
            return PlainTextResponse("There is no such picture or sound, or no more.", 404)
        if request.method == "HEAD" and not tape.ending:
            return Response(None, 200, HEADERS, _kind(tape))
        return _ended(tape, request.headers.get("range", "")) if tape.ending else StreamingResponse(_flow(tape, request), 200, HEADERS, _kind(tape))

    return Route("/media/{key}", media, methods=["GET"])


def _kind(tape: Tape) -> str:
    return (tape.content_type or "").partition(";")[0].strip().lower()


async def _flow(tape: Tape, request: Request) -> AsyncIterator[bytes]:
    """Yield what is on the tape and what comes, until the answer ends or whoever asked is gone."""
    sent = 0
    while True:
        has_ended = tape.ending is not None  # before the last look: behind it nothing comes
        if data := bytes(tape.body[sent:]):
            sent += len(data)
            yield data
        if has_ended or await request.is_disconnected():
            return
        await asyncio.sleep(PAUSE_S)


def _ended(tape: Tape, asked: str) -> Response:
    """Return what is on the tape of an answer that ended, or the range of it that is asked for."""
    headers, data = HEADERS | {"accept-ranges": "bytes"}, bytes(tape.body)
    match = RANGE.fullmatch(asked)
    if match is None or match[0] == "bytes=-":
        return Response(data, 200, headers, _kind(tape))
    first, last = _bounds(match[1], match[2], len(data))
    if first > last:
        return Response(b"", 416, headers | {"content-range": f"bytes */{len(data)}"})
    return Response(data[first : last + 1], 206, headers | {"content-range": f"bytes {first}-{last}/{len(data)}"}, _kind(tape))


def _bounds(first: str, last: str, length: int) -> tuple[int, int]:
    """Return the first and the last byte that a range means, as RFC 9110, 14.1.2 has it; of one that is not there, the first is behind the last."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last or length), length - 1)
