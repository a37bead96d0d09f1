"""A case as a pytest test that a person pastes into a suite, for the parser that was tried.

What reads the pieces and judges an error there is the source of what did so here, so that the test says what the command said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import getsource
from itertools import chain
from pprint import pformat
from typing import Any

from backends.events import StreamEvent, Token
from mock_server.contract import worker
from mock_server.contract.case import Case, Outcome, Repeated
from mock_server.contract.judge import ACCIDENTS, DECODING, is_accident
from mock_server.contract.process import Launch
from mock_server.contract.runner import Result
from mock_server.contract.trial import Trial

READERS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "lines": (worker.Mistake, worker.is_first, worker.is_error, worker.text_of_frame, worker.text_of_line, worker.is_end_mark),
    "async": (worker.Mistake, worker.text_of, worker.slowly, worker.drain_async),
}
"""Adapter -> what reads what a parser gives; `PIECES` of any other."""
PIECES = (worker.Mistake, worker.text_of)
JUDGES = (worker.names_of, worker.said_by, is_accident)
IN_TIME = '''\
@pytest.fixture
def in_time():
    """Stop a parser that hangs."""

    def stop(*_):
        pytest.fail("it did not end in {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, {limit_s:g}, 1)  # and again, where the parser catches all that is raised
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
'''


def as_test(result: Result, launch: Launch) -> str:
    """Return a module that runs as it is: the parser's import, what reads its pieces, and the test of this cut."""
    case, adapter = result.case, launch.adapter
    if adapter == "client":
        return "# A whole client needs a twin that plays the case: run the command above."
    if adapter == "frames" and case.is_long:
        return "# Too long to be pasted: the event stream's bytes of a case that tests size."
    return "\n".join((*_imports(result, launch), "", "", *_readers(result, adapter), *_test(result, launch)))


def _imports(result: Result, launch: Launch) -> Iterator[str]:
    case, adapter = result.case, launch.adapter
    module, _, path = launch.parser.partition(":")
    types = [name for name, is_needed in (("AsyncIterator, Callable, Iterable", adapter == "async"), ("Sequence", _may_fail(case))) if is_needed]
    needed = (
        ("from __future__ import annotations", True),
        ("", True),
        ("import asyncio", adapter == "async"),
        ("import inspect", adapter == "async"),
        ("import json", adapter == "lines"),
        ("import signal", _hangs(result)),
        (f"from collections.abc import {', '.join(types)}", bool(types)),
        ("from typing import Any", True),
        ("", True),
        ("import pytest", _hangs(result) or bool(case.error and not case.also)),
        ("", _hangs(result) or bool(case.error and not case.also)),
        (f"from {module} import {path.partition('.')[0]} as parser", True),
    )
    yield from (line for line, is_needed in needed if is_needed)


def _hangs(result: Result) -> bool:
    return result.verdict.result == "hang"


def _may_fail(case: Case) -> bool:
    return any(outcome.error for outcome in (case.right, *case.also))


def _readers(result: Result, adapter: str) -> Iterator[str]:
    """Yield what reads the pieces and judges an error: the source of what the command itself does so with."""
    may_fail = _may_fail(result.case)
    constants: dict[str, object] = {"DONE_LINES": worker.DONE_LINES} if adapter == "lines" else {}
    constants |= {"ACCIDENTS": ACCIDENTS, "DECODING": DECODING, "SAID_CHARACTERS": worker.SAID_CHARACTERS} if may_fail else {}
    yield from (f"{name} = {pformat(value, width=100, compact=True)}" for name, value in constants.items())
    yield from ("", "") if constants else ()
    sources = [getsource(used) for used in (*READERS.get(adapter, PIECES), *(JUDGES if may_fail else ()))]
    for source in (*sources, *([IN_TIME.format(limit_s=result.limit_s)] if _hangs(result) else [])):
        yield from (*source.splitlines(), "", "")


def _test(result: Result, launch: Launch) -> Iterator[str]:
    case = result.case
    yield f"def test_{case.name.replace('-', '_')}({'in_time' if _hangs(result) else ''}):"
    yield f"    {case.why!r}" if '"' in case.why or "\\" in case.why else f'    """{case.why}"""'
    yield from _parts(result.trial, launch.adapter)
    before, read = _read(result, launch)
    yield from ("    pieces = []", *_indent(before, 4))
    if case.also:
        yield from _either(case, read)
    elif case.error:
        yield from ("    with pytest.raises(Exception) as caught:", *_indent(read, 8))
        yield f'    assert "".join(pieces) == {_text(case.right)}'
        yield from (f"    assert {check}" for check in _is_told(case.right, "caught.value"))
    else:
        yield from (*_indent(read, 4), f'    assert "".join(pieces) == {_text(case.right)}')


def _indent(lines: Sequence[str], width: int) -> Iterator[str]:
    return (" " * width + line if line else "" for line in lines)


def _either(case: Case, read: Sequence[str]) -> Iterator[str]:
    yield from ("    error = None", "    try:", *_indent(read, 8), "    except Exception as raised:", "        error = raised")
    for outcome in (case.right, *case.also):
        checks = [f'"".join(pieces) == {_text(outcome)}', f"error is {'not ' if outcome.error else ''}None"]
        checks += _is_told(outcome, "error") if outcome.error else []
        yield f"    if {' and '.join(checks)}:"
        yield "        return"
    yield '    raise AssertionError(f"{pieces}, {error!r}") from error'


def _is_told(outcome: Outcome, error: str) -> Iterator[str]:
    """Yield what holds of the error that is due, and of no accident."""
    yield f"not is_accident(names_of({error}), said_by({error}), {outcome.error!r})"
    if outcome.says:
        yield f"{outcome.says!r} in said_by({error})"


def _parts(trial: Trial, adapter: str) -> Iterator[str]:
    case, job = trial.case, trial.job()
    if isinstance(case.writes, Repeated):
        yield f"    parts = [*{list(case.writes.first)!r}, *[{case.writes.again!r}] * {case.writes.times}, *{list(case.writes.last)!r}]"
        if job.get("step"):
            yield '    body = b"".join(parts)'
            yield f"    parts = [body[start : start + {job['step']}] for start in range(0, len(body), {job['step']})]"
    else:
        parts = worker.frames_of(job) if adapter == "frames" else trial.parts
        yield from ("    parts = [", *(f"        {part!r}," for part in parts), "    ]")
    if adapter in {"boto3", "lines"}:
        tail = f", *{list(case.tail)!r}" if case.tail else ""
        yield f'    events = [*({{"PayloadPart": {{"Bytes": part}}}} for part in parts){tail}]'


def _read(result: Result, launch: Launch) -> tuple[Sequence[str], Sequence[str]]:
    """Return what holds the parser against the stream, and what has to stand before it."""
    stream = {"boto3": "iter(events)", "lines": "iter(events)", "async": "slowly(parts)"}.get(launch.adapter, "iter(parts)")
    given = f"{stream}, {result.case.content_type!r}" if result.answer.takes_type and launch.adapter != "lines" else stream
    _, *attributes = launch.parser.partition(":")[2].split(".")
    call = f"{'.'.join(('parser', *attributes))}({given})"
    if launch.adapter == "async":
        kept = f"    await drain_async({call}, lambda piece: pieces.append(text_of(piece)))"
        return ("", "async def read():", kept, ""), ("asyncio.run(read())",)
    if launch.adapter == "lines":
        taken = ("    is_done = is_done or is_end_mark(line)", '    pieces.append("" if is_done else text_of_line(line))')
        return ("is_done = False",), (f"for line in {call}:", *taken)
    return (), (f"for piece in {call}:", "    pieces.append(text_of(piece))")


def _text(outcome: Outcome) -> str:
    """Return a text as an expression, a long one in few words."""
    if not isinstance(outcome.events, Repeated):
        return repr(outcome.text)
    long = outcome.events
    return f"{_joined(long.first)!r} + {_joined((long.again,))!r} * {long.times} + {_joined(long.last)!r}"


def _joined(events: Sequence[StreamEvent]) -> str:
    return "".join(event.text for event in chain(events) if isinstance(event, Token) and not event.special)
