"""An answer's parts as HTML: bytes as hex and as text side by side, what begins and ends where, and when it came.

All that a far side sent is escaped. What is drawn is bounded by its caller's choice of parts, never by the answer's length.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from backends.events import Finish, Reasoning, StreamEvent, Token, ToolCall
from backends.wire.eventstream import EventStreamDecoder
from demo.language import ENGLISH, Words, mark
from demo.literal import one_line
from demo.tape import Tape, TapedPart
from demo.wire_index import WireIndex

MOST_BYTES = 448
"""Of a part that are shown from its beginning; of a longer one the last `LAST_BYTES` follow."""
LAST_BYTES = 64
MOST_TOKENS = 24
"""That are named beside a part."""

HEADS = (mark("Part"), mark("At"), mark("Gap"), mark("Size"), mark("Bytes"), mark("Text"))
LENGTHS = mark("{all} bytes = 12 prelude + {headers} headers + {payload} payload + 4 checksum")
TIMELINE = mark("{parts} and {tokens} over {lasted}; the first part at {first}, the longest gap {gap}")

_UNSEEN = re.compile("[\x00-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f\udc80-\udcff]")
"""Characters that show nothing or move others about, and bytes that are no text."""
_NAMES = {"\n": "LF", "\r": "CR", "\t": "TAB", "\0": "NUL"}


def summary(tape: Tape, words: Words = ENGLISH) -> str:
    """Return what is to be said of an answer as a whole."""
    asked = one_line(tape.request.messages[-1].content)
    figures = [
        _parts(tape.total_parts, words), _bytes(tape.total_bytes, words), _events(tape.total_events, words), _lasted(tape),
        tape.ending or words("on its way"), tape.content_type or words("no content type"), words(tape.front), tape.request.endpoint.name,
    ]  # fmt: skip
    lines = [f"<p class='asked'>{asked}</p>", f"<p class='figures'>{one_line(' · '.join(filter(None, figures)))}</p>"]
    if tape.failure:
        lines.append(f"<p class='failure'>{one_line(tape.failure)}</p>")
    if not tape.is_whole:
        kept = words("Only the first {parts} and {events} are kept.", parts=_parts(len(tape.parts), words), events=_events(len(tape.events), words))
        lines.append(f"<p class='figures'>{kept}</p>")
    return "".join(lines) + _headers(tape, words)


def table(index: WireIndex, numbers: Sequence[int], *, framed: bool = False, words: Words = ENGLISH) -> str:
    """Return the parts of these numbers, from 0, as rows.

    Args:
        framed: Whether the frame of the event stream that each came in, if it came in one, is shown as well.
    """
    if not numbers:
        return f"<p class='figures'>{words('No such parts.')}</p>"
    heads = "".join(f"<th scope='col'>{words(name)}</th>" for name in HEADS)
    rows = "".join(_row(index, number, framed, words) for number in numbers)
    caption = f"<caption class='sr'>{words('The answer’s parts')}</caption>"
    return f"<div class='parts'><table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(index: WireIndex, number: int, framed: bool, words: Words) -> str:
    parts = index.tape.parts
    part, before_s = parts[number], parts[number - 1].at_s if number else 0.0
    ends = index.ends[number] if number < len(index.ends) else ""
    pieces = list(_pieces(index, part, words))
    octets = "".join(f"<span class='{marks}'>{data.hex(' ')}</span> " if marks else f"<span class='left'>{said}</span> " for marks, data, said in pieces)
    text = "".join(f"<span class='{marks}'>{visible(data)}</span>" if marks else f"<span class='left'>{said}</span>" for marks, data, said in pieces)
    cells = (f"{number + 1:,}", f"{part.at_s:.3f} s", f"+{(part.at_s - before_s) * 1000:,.1f} ms", f"{part.end - part.start:,} B")
    figures = "".join(f"<td class='figure'>{cell}</td>" for cell in cells)
    cut = f"<b class='cut'>{_code(words('ends inside {what}', what=words(ends)))}</b>" if ends else ""
    notes = cut + _tokens(index, part, words) + (_frame(index, number, words) if framed else "")
    return f"<tr>{figures}<td class='hex'>{octets}</td><td class='text'><bdi>{text}</bdi><div class='notes'>{notes}</div></td></tr>"


def _pieces(index: WireIndex, part: TapedPart, words: Words) -> Iterator[tuple[str, bytes, str]]:
    """Yield a part's bytes cut where frames begin and end, with their marks; without marks, in words what is left out."""
    size = part.end - part.start
    if size <= MOST_BYTES + LAST_BYTES:
        yield from _marked(index, part.start, part.end)
        return
    yield from _marked(index, part.start, part.start + MOST_BYTES)
    yield "", b"", f"… {_bytes(size - MOST_BYTES - LAST_BYTES, words)} …"
    yield from _marked(index, part.end - LAST_BYTES, part.end)


def _marked(index: WireIndex, start: int, end: int) -> Iterator[tuple[str, bytes, str]]:
    body, at = index.tape.body, start
    for number, begins, stops in index.spans(start, end):
        if at < begins:
            yield "f", bytes(body[at:begins]), ""
        marks = ["f", f"f{number % 2}", *(["begins"] if begins >= start else []), *(["stops"] if stops <= end else [])]
        at = min(stops, end)
        yield " ".join(marks), bytes(body[max(begins, start) : at]), ""
    if at < end:
        yield "f", bytes(body[at:end]), ""


def visible(data: bytes) -> str:
    """Return HTML of bytes as text in which everything can be seen: line ends, what takes no room, and bytes that are no text."""
    return _shown(data.decode("utf-8", "surrogateescape"))


def _shown(text: str) -> str:
    return _UNSEEN.sub(lambda unseen: _sign(unseen[0]), html.escape(text, quote=True))


def _sign(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"<b class='octet'>{code - 0xDC00:02x}</b>"
    name = _NAMES.get(character)
    return f"<i class='sign'>{name}</i>" if name else f"<b class='octet'>U+{code:04X}</b>"


def _tokens(index: WireIndex, part: TapedPart, words: Words) -> str:
    """Return the events that a part's bytes belong to, marked as their frames; dots say that a piece of one is in another part."""
    events, more = index.events(part.start, part.end, MOST_TOKENS)
    chips = []
    for number, event in events:
        before, behind = "…" * (event.start < part.start), "…" * (event.end > part.end)
        spans = next(index.spans(event.start, event.end), None)
        mark = spans.number % 2 if spans else 0
        said = words("event {number}, bytes {start} to {end}", number=number + 1, start=f"{event.start:,}", end=f"{event.end:,}")
        chips.append(f"<span class='chip f{mark}' title='{html.escape(said)}'>{before}{_named(event.event, words)}{behind}</span>")
    return "".join(chips) + (f" <span class='left'>{words('and {n} more', n=f'{more:,}')}</span>" if more else "")


def _named(event: StreamEvent, words: Words) -> str:
    if isinstance(event, Token | Reasoning):
        return _shown(event.text) or f"<i>{words('no text')}</i>"
    if isinstance(event, ToolCall):
        return f"{words('tool call')} {_shown(event.name or event.arguments)}"
    if isinstance(event, Finish):
        return words("end") + (f" ({html.escape(event.container_reason)})" if event.container_reason else "")
    return _bytes(len(event.data), words)


def _frame(index: WireIndex, number: int, words: Words) -> str:
    """Return the event stream's frame around a part as it came: its lengths, headers and checksums; nothing of a part that came without."""
    tape, part = index.tape, index.tape.parts[number]
    if (came := tape.frames.get(number)) is None:
        return ""
    payload = bytes(tape.body[part.start : part.end])
    frame = came.head + payload + came.checksum
    [message] = EventStreamDecoder().feed(frame)
    headers_bytes = int.from_bytes(frame[4:8])
    headers = "".join(f"<div>{html.escape(f'{name}: {value!s}')}</div>" for name, value in message.headers.items())
    lengths = words(LENGTHS, all=f"{len(frame):,}", headers=headers_bytes, payload=f"{len(payload):,}")
    checksums = words("CRC-32 of the prelude {prelude}, of the message {message}", prelude=frame[8:12].hex(), message=frame[-4:].hex())
    octets = f"<div class='octets'>{came.head.hex(' ')} … {came.checksum.hex(' ')}</div>"
    return f"<details><summary>{words('Frame, as it came')}</summary><div>{lengths}</div><div>{checksums}</div>{headers}{octets}</details>"


def _headers(tape: Tape, words: Words) -> str:
    if not tape.headers:
        return ""
    lines = "".join(f"<div>{one_line(f'{name}: {value}')}</div>" for name, value in tape.headers.items())
    return f"<details class='headers'><summary>{words('Response headers')}</summary>{lines}</details>"


def _code(words: str) -> str:
    return re.sub("`(.*?)`", r"<code>\1</code>", html.escape(words))


def _parts(number: int, words: Words) -> str:
    return words.count(number, "{n} part", "{n} parts")


def _bytes(number: int, words: Words) -> str:
    return words.count(number, "{n} byte", "{n} bytes")


def _events(number: int, words: Words) -> str:
    return words.count(number, "{n} event", "{n} events")


def _lasted(tape: Tape) -> str:
    return f"{tape.parts[-1].at_s:.2f} s" if tape.parts else ""


WIDTH, LANE, TOP = 800, 18, 2
"""Of a timeline, in the picture's own units: at most `WIDTH` marks in each of its two lanes."""


def timeline(tape: Tape, words: Words = ENGLISH) -> str:
    """Return a picture of when parts and tokens came: a mark where at least one did, the higher the more."""
    parts = [part.at_s for part in tape.parts]
    lasted_s = parts[-1] if parts else 0.0
    if not lasted_s:
        return ""
    tokens = [event.at_s for event in tape.events if not isinstance(event.event, Finish)]
    gap_s = max((later - earlier for earlier, later in pairwise(parts)), default=0.0)
    counts = {"parts": _parts(len(parts), words), "tokens": words.count(len(tokens), "{n} token", "{n} tokens")}
    said = words(TIMELINE, lasted=f"{lasted_s:.2f} s", first=f"{parts[0]:.3f} s", gap=f"{gap_s:.3f} s", **counts)
    lanes = "".join(f"<path class='lane{row}' d='{_ticks(times, lasted_s, TOP + row * (LANE + 4))}'/>" for row, times in enumerate((parts, tokens)))
    legend = (words("parts above, tokens below"), words("0 to {time}", time=f"{lasted_s:.2f} s"), words("longest gap {time}", time=f"{gap_s * 1000:,.0f} ms"))
    names = "".join(f"<span>{name}</span>" for name in legend)
    picture = f"<svg viewBox='0 0 {WIDTH} {2 * LANE + 8}' preserveAspectRatio='none' role='img' aria-label='{html.escape(said)}'>{lanes}</svg>"
    return f"<div class='timeline'>{picture}<div class='legend'>{names}</div></div>"


def _ticks(times: Iterable[float], lasted_s: float, top: int) -> str:
    counts: dict[int, int] = {}
    for at_s in times:
        column = int(min(at_s / lasted_s, 1.0) * (WIDTH - 2))
        counts[column] = counts.get(column, 0) + 1
    most = max(counts.values(), default=1)
    heights = {column: LANE * (0.4 + 0.6 * count / most) for column, count in counts.items()}
    return "".join(f"M{column} {top + LANE}v-{height:.1f}h1.5v{height:.1f}z" for column, height in heights.items())
