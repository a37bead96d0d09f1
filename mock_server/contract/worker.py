"""A process that holds one parser: it gets streams over a pipe, and gives back what the parser made of each.

    PYTHON worker.py package.module:name ADAPTER

Any Python from 3.9 on runs it, with nothing but the standard library, so that a parser is tried in an environment of its own: hence all of it is in one file.
Jobs are JSON objects, one a line of standard input, answers the same on standard output. Both are out of the parser's reach: what it prints goes nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import inspect
import json
import os
import struct
import sys
import threading
import time
import traceback
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import chain, repeat
from types import FrameType
from typing import Any, BinaryIO

MEMORY_BYTES = 2 << 30
"""What a parser may take beyond what it has when its module is imported."""
KEPT_CHARACTERS = 1 << 16
"""Of a longer text, the length, the hash, and a head and a tail of this many characters go back."""
SAID_CHARACTERS = 4000
EXCEPTIONS = ("ModelStreamError", "InternalStreamFailure")
"""The exceptions in botocore's model of sagemaker-runtime 2017-05-13; any other event is one that SDKs do not know."""
DONE_LINES = (b"data: [DONE]", b"data:[DONE]", "data: [DONE]", "data:[DONE]")
"""Behind which a reader of lines stops."""


class Mistake(BaseException):  # so that nobody takes it for an error that is due
    """The parser is not of the shape that its adapter takes; the message says what was expected, and what to do."""


# What comes out of a parser.


def text_of(piece: Any) -> str:
    """Return what a person reads of a piece: nothing of special tokens, thoughts, and what has no text."""
    if isinstance(piece, str):
        return piece
    if isinstance(piece, (bytes, bytearray)):
        raise Mistake("it yielded bytes, expected str: decode them with codecs.getincrementaldecoder('utf-8')(), as a character may lie in two parts")
    if piece is None or isinstance(piece, dict):
        raise Mistake(f"it yielded {piece!r:.60}, expected str or an object with a .text: yield the text alone, and nothing where there is none")
    if type(piece).__name__.startswith("Reasoning") or getattr(piece, "special", False):
        return ""
    text = getattr(piece, "text", "")
    if not isinstance(text, str):
        raise Mistake(f"it yielded {type(piece).__name__} whose .text is {text!r:.60}, expected str")
    return text


def text_of_line(line: Any) -> str:
    """Return the text of a line as the AWS samples read it: from the first brace on, by the members of the JSON there."""
    line = line.decode() if isinstance(line, (bytes, bytearray)) else line
    if not isinstance(line, str):
        raise Mistake(f"its iterator gave {line!r:.60}, expected lines as bytes or str")
    start = line.find("{")
    return text_of_frame(json.loads(line[start:])) if start >= 0 else ""


def is_end_mark(line: Any) -> bool:
    """Return whether a reader of lines stops at this one."""
    return isinstance(line, (bytes, str)) and line.strip() in DONE_LINES


def text_of_frame(frame: Any) -> str:
    """Return the text of one JSON object of any container, and nothing of special tokens, of other choices than the first, and of ends."""
    choices = [choice for choice in frame.get("choices") or () if is_first(choice, frame)][:1]
    if is_error(frame, choices):
        raise ValueError(f"the container says: {json.dumps(frame, ensure_ascii=False)}")
    if frame.get("token") is not None:
        token = frame["token"]
        return "" if token.get("special") or token.get("special_token") else token.get("text") or ""
    if "outputs" in frame:
        return "".join(frame["outputs"][:1])
    if "choices" in frame:
        return "".join((choice.get("delta") or choice.get("message") or {}).get("content") or choice.get("text") or "" for choice in choices)
    return frame.get("generated_text") or (frame.get("body") or {}).get("generation") or ""


def is_first(choice: dict[str, Any], frame: dict[str, Any]) -> bool:
    """Return whether a choice is the first answer: its index says so, but for TGI before 1.4.4, which counts tokens there."""
    return not choice.get("index") or ("delta" in choice and frame.get("object") == "text_completion")


def is_error(frame: dict[str, Any], choices: list[dict[str, Any]]) -> bool:
    """Return whether a JSON object says that the answer failed, in any container's way."""
    if frame.get("error") is not None or frame.get("object") == "error" or {"code", "message"} <= frame.keys():
        return True
    return "error" in [(frame.get("details") or {}).get("finish_reason"), *(choice.get("finish_reason") for choice in choices)]


class Taken:
    """The text that came so far, of which a long one is not held."""

    def __init__(self) -> None:
        self._length = 0
        self._hash = hashlib.sha256()
        self._head: list[str] = []
        self._tail = ""
        self._is_done = False

    def put(self, piece: Any) -> None:
        """Take the next piece."""
        self.put_text(text_of(piece))

    def put_line(self, line: Any) -> None:
        """Take the next line, of those up to `[DONE]`."""
        self._is_done = self._is_done or is_end_mark(line)
        if not self._is_done:
            self.put_text(text_of_line(line))

    def put_text(self, text: str) -> None:
        """Take the next text."""
        if not text:
            return
        if self._length < KEPT_CHARACTERS:
            self._head.append(text[: KEPT_CHARACTERS - self._length])
        self._length += len(text)
        self._hash.update(text.encode("utf-8", "surrogatepass"))
        self._tail = (self._tail + text)[-1024:]

    def told(self) -> dict[str, Any]:
        """Return it as members of an answer."""
        long = self._length > KEPT_CHARACTERS
        head, tail = spell("".join(self._head)), spell(self._tail if long else "")
        return {"length": self._length, "sha256": self._hash.hexdigest() if long else "", "head": head, "tail": tail}


def spell(text: str) -> str:
    """Return a text as base64 of its UTF-8: JSON would make one character of two halves of a pair."""
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


# What goes into a parser.


def parts_of(job: dict[str, Any]) -> Iterator[bytes]:
    """Yield a job's parts: as they are, or out of a sequence that says the same again and again."""
    if "parts" in job:
        return map(base64.b64decode, job["parts"])
    long = {name: [base64.b64decode(write) for write in job[name]] for name in ("first", "again", "last")}
    writes = chain(long["first"], repeat(long["again"][0], job["times"]), long["last"])
    return stepped(writes, job["step"]) if job["step"] else writes


def stepped(writes: Iterable[bytes], step: int) -> Iterator[bytes]:
    """Yield the bytes in steps, the last one shorter."""
    held = b""
    for write in writes:
        held += write
        whole = len(held) - len(held) % step
        for start in range(0, whole, step):
            yield held[start : start + step]
        held = held[whole:]
    if held:
        yield held


def events_of(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield botocore's event dicts."""
    yield from ({"PayloadPart": {"Bytes": part}} for part in parts_of(job))
    yield from map(unspell, job["tail"])


def unspell(value: Any) -> Any:
    """Return a JSON value with its `{"$bytes": ..}` as bytes."""
    if isinstance(value, dict):
        return base64.b64decode(value["$bytes"]) if "$bytes" in value else {name: unspell(member) for name, member in value.items()}
    return value


def frames_of(job: dict[str, Any]) -> Iterator[bytes]:
    """Yield the bytes of the AWS event stream: a message for each event."""
    if job["layer"] == "frames":
        yield from parts_of(job)
        return
    for event in events_of(job):
        for name, members in event.items():
            if name == "PayloadPart":
                headers = {":event-type": name, ":content-type": "application/octet-stream", ":message-type": "event"}
                yield frame(headers, members["Bytes"])
            else:
                kind = "exception" if name in EXCEPTIONS else "event"
                headers = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
                yield frame(headers, json.dumps(members).encode())


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """Return one message of an event stream (Smithy's "Amazon Event Stream Specification"), its headers strings."""
    pairs = ((name.encode(), value.encode()) for name, value in headers.items())
    block = b"".join(bytes((len(name),)) + name + struct.pack(">BH", 7, len(value)) + value for name, value in pairs)
    prelude = struct.pack(">II", len(block) + len(payload) + 16, len(block))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


async def slowly(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield parts as a connection gives them: other tasks may run before each."""
    for part in parts:
        await asyncio.sleep(0)
        yield part


# Between them.


def takes(parser: Callable[..., Any], fixed: int) -> bool:
    """Return whether a parser takes a content type behind its fixed arguments: a parameter without a default, or one that is named for a type."""
    try:
        parameters = list(inspect.signature(parser).parameters.values())
    except (TypeError, ValueError):  # what is written in C may not tell
        return False
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return len(positional) > fixed and (positional[fixed].default is inspect.Parameter.empty or "type" in positional[fixed].name)


def check_call(parser: Callable[..., Any], name: str, adapter: str) -> None:
    """See that a parser can be called by its adapter.

    Raises:
        Mistake: It wants fewer arguments than it is given, or others.
    """
    given = GIVEN[adapter]
    if adapter != "lines" and takes(parser, len(given)):
        given = (*given, "content_type")
    try:
        inspect.signature(parser).bind(*given)
    except ValueError:  # what is written in C may not tell
        return
    except TypeError as error:
        called = f"name({', '.join(given)})"
        raise Mistake(f"{name} cannot be called as --adapter {adapter} does, {called}: {error}; wrap it in a function that takes these") from error


def call(parser: Callable[..., Any], job: dict[str, Any], *given: Any) -> Any:
    """Call a parser with what it is given, and the content type where it takes one."""
    return parser(*given, job["content_type"]) if takes(parser, len(given)) else parser(*given)


def drain(made: Any, put: Callable[[Any], None]) -> None:
    """Take all that an iterable gives."""
    if inspect.iscoroutine(made):
        made.close()
    if hasattr(made, "__aiter__") or inspect.iscoroutine(made):
        raise Mistake(f"it returned {type(made).__name__}, expected an iterable: use --adapter async")
    if isinstance(made, (bytes, bytearray, dict)) or not hasattr(made, "__iter__"):
        raise Mistake(f"it returned {made!r:.60}, expected an iterable of str: make it a generator that yields the text")
    for piece in made:
        put(piece)


async def drain_async(made: Any, put: Callable[[Any], None]) -> None:
    """Take all that an asynchronous iterable gives."""
    if inspect.isawaitable(made):
        made = await made
    if not hasattr(made, "__aiter__"):
        raise Mistake(f"it returned {type(made).__name__}, expected an asynchronous iterable: make it an async generator")
    async for piece in made:
        put(piece)


async def run_async(parser: Callable[..., Any], job: dict[str, Any], put: Callable[[Any], None]) -> None:
    """Hold an asynchronous parser against a job, in a loop that it may look for when it is called."""
    await drain_async(call(parser, job, slowly(parts_of(job))), put)


def use_parts(parser: Callable[..., Any], job: dict[str, Any], taken: Taken) -> None:
    """Give the bytes of the parts."""
    drain(call(parser, job, parts_of(job)), taken.put)


def use_boto3(parser: Callable[..., Any], job: dict[str, Any], taken: Taken) -> None:
    """Give botocore's event dicts."""
    drain(call(parser, job, events_of(job)), taken.put)


def use_lines(parser: Callable[..., Any], job: dict[str, Any], taken: Taken) -> None:
    """Give botocore's event dicts, and read the lines that come."""
    drain(parser(events_of(job)), taken.put_line)


def use_async(parser: Callable[..., Any], job: dict[str, Any], taken: Taken) -> None:
    """Give the bytes of the parts, asynchronously."""
    asyncio.run(run_async(parser, job, taken.put))


def use_client(parser: Callable[..., Any], job: dict[str, Any], taken: Taken) -> None:
    """Let a whole client ask an endpoint that plays the case."""
    made = call(parser, job, job["endpoint_url"], job["endpoint_name"])
    if hasattr(made, "__aiter__") or inspect.isawaitable(made):
        asyncio.run(drain_async(made, taken.put))
    else:
        drain(made, taken.put)


def use_frames(parser: Callable[..., Any], job: dict[str, Any], taken: Taken) -> None:
    """Give the bytes of the event stream."""
    drain(call(parser, job, frames_of(job)), taken.put)


ADAPTERS: dict[str, Callable[[Callable[..., Any], dict[str, Any], Taken], None]] = {
    "parts": use_parts,
    "boto3": use_boto3,
    "lines": use_lines,
    "async": use_async,
    "frames": use_frames,
    "client": use_client,
}


GIVEN: dict[str, tuple[str, ...]] = {
    "parts": ("parts",),
    "boto3": ("events",),
    "lines": ("events",),
    "async": ("parts",),
    "frames": ("parts",),
    "client": ("endpoint_url", "endpoint_name"),
}
"""Adapter -> what a parser is given, before the content type."""


def run(parser: Callable[..., Any], adapter: str, job: dict[str, Any], taken: Taken) -> dict[str, Any]:
    """Hold the parser against a job; return how it ended."""
    try:
        ADAPTERS[adapter](parser, job, taken)
    except Mistake as mistake:
        return {"ended": "mistake", "says": str(mistake)}
    except BaseException as error:  # noqa: BLE001 - whatever a parser raises is a result
        return {"ended": "raised", "names": names_of(error), "says": said_by(error), "where": where_raised(error)}
    return {"ended": "end"}


def names_of(error: BaseException) -> list[str]:
    """Return the names of an exception's classes, its own first."""
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__ if kind is not object]


def said_by(error: BaseException | None) -> str:
    """Return what an exception says, and those from which it came, as a traceback shows them."""
    said: list[str] = []
    while error is not None and len(said) < 10:
        said.append(str(error) or type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " < ".join(said)[:SAID_CHARACTERS]


def where_raised(error: BaseException) -> str:
    """Return the line of the parser that raised."""
    return last_place((step.f_code.co_filename, line, step.f_code.co_name) for step, line in traceback.walk_tb(error.__traceback__))


def where_running(step: FrameType | None) -> str:
    """Return the line at which a thread is."""
    steps = [(one.f_code.co_filename, line, one.f_code.co_name) for one, line in traceback.walk_stack(step)]
    return last_place(reversed(steps))


def last_place(places: Iterable[tuple[str, int, str]]) -> str:
    """Return the innermost place that is neither here nor in the standard library."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120 - without one more import in a parser's process
    found = ""
    for file, line, name in places:
        if file != __file__ and not file.startswith("<") and (not file.startswith(library) or "site-packages" in file):
            found = f"{os.path.relpath(file)}:{line} in {name}"
    return found


LOOK_S = 2.0
"""How often a worker looks whether who started it still lives."""


class Watchdog(threading.Thread):
    """Tells where the parser is when its time is up; whoever reads that kills the process. Ends it itself where nobody reads any more."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(daemon=True)
        self._tell = tell
        self._main = threading.get_ident()
        self._parent = os.getppid()
        self._changed = threading.Condition()
        self._deadline_s = 0.0
        self._taken: Taken | None = None

    def watch(self, taken: Taken, limit_s: float) -> None:
        """Begin to wait."""
        with self._changed:
            self._taken, self._deadline_s = taken, time.monotonic() + limit_s
            self._changed.notify()

    def rest(self, answer: dict[str, Any]) -> None:
        """Tell this, unless the time was up before."""
        with self._changed:
            if self._taken is not None:
                self._taken = None
                self._tell(answer)

    def run(self) -> None:
        """Wait for the time to be up."""
        with self._changed:
            while True:
                self._changed.wait(min(LOOK_S, max(0.0, self._deadline_s - time.monotonic())) if self._taken else LOOK_S)
                if os.getppid() != self._parent:  # nobody is left who would kill a parser that hangs
                    os._exit(1)
                if self._taken and time.monotonic() >= self._deadline_s:
                    taken, self._taken = self._taken, None
                    self._tell({"ended": "hang", "text": taken.told(), "where": where_running(sys._current_frames().get(self._main))})  # noqa: SLF001 - nothing public tells it


def load(name: str) -> Callable[..., Any]:
    """Import a parser.

    Raises:
        Mistake: There is none of this name, or nothing that can be called.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise Mistake(f"{name!r} names no parser: expected package.module:name")
    try:
        found: Any = importlib.import_module(module_name)
        for word in path.split("."):
            found = getattr(found, word)
    except BaseException as error:
        place = where_raised(error)
        raise Mistake(f"{name} cannot be imported in {os.getcwd()}: {type(error).__name__}: {error}{place and ', at '}{place}") from error  # noqa: PTH109 - without one more import
    if not callable(found):
        raise Mistake(f"{name} is {type(found).__name__}, which cannot be called: expected a function, or a class")
    return found  # type: ignore[no-any-return]  # it is callable


def limit_memory() -> None:
    """Let a leak end in MemoryError, where the system can."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123 - without one more import
            used_bytes = int(sizes.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used_bytes + MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, OSError, ValueError):
        return


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes of jobs and answers, and put nothing in their place."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return jobs, answers


def main(name: str, adapter: str) -> None:
    """Serve jobs until there are no more."""
    jobs, answers = take_pipes()

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    try:
        parser = load(name)
        check_call(parser, name, adapter)
    except Mistake as mistake:
        tell({"refused": str(mistake)})
        return
    watchdog = Watchdog(tell)
    watchdog.start()
    limit_memory()
    tell({"takes_type": takes(parser, len(GIVEN[adapter]))})
    for line in jobs:
        job, taken = json.loads(line), Taken()
        watchdog.watch(taken, job["limit_s"])
        ended = run(parser, adapter, job, taken)
        watchdog.rest({**ended, "text": taken.told()})


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # noqa: PTH109 - where the parser is; nothing that lies beside this file
    main(*sys.argv[1:])
