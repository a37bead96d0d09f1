"""A case as a pytest test that a person pastes into a suite, for the parser that was tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import getsource
from itertools import chain

from backends.events import StreamEvent, Token
from mock_server.contract import worker
from mock_server.contract.case import Case, Outcome, Repeated
from mock_server.contract.judge import ACCIDENTS
from mock_server.contract.process import Launch
from mock_server.contract.runner import Result
from mock_server.contract.trial import Trial

TEXT_OF_PIECE = '''\
def text_of(piece):
    """Return what a person reads of a piece."""
    if isinstance(piece, str):
        return piece
    is_no_text = getattr(piece, "special", False) or type(piece).__name__.startswith("Reasoning")
    return "" if is_no_text else getattr(piece, "text", "")
'''
TEXT_OF_LINE = '''\
def text_of(line):
    """Return the text of a line as the AWS samples read it: from the first brace on."""
    line = line.decode() if isinstance(line, bytes) else line
    return text_of_frame(json.loads(line[line.find("{") :])) if "{" in line else ""
'''
READ_ASYNC = '''\
async def read(stream, pieces):
    """Keep the text of what an asynchronous parser gives."""
    async for piece in stream:
        pieces.append(text_of(piece))


async def one_by_one(parts):
    """Yield the parts as a connection does."""
    for part in parts:
        await asyncio.sleep(0)
        yield part
'''


def as_test(result: Result, launch: Launch) -> str:
    """Return a module that runs as it is: the parser's import, what reads its pieces, and the test of this cut."""
    case, adapter = result.case, launch.adapter
    if adapter == "client":
        return "# A whole client needs a twin that plays the case: run the command above."
    if adapter == "frames" and case.is_long:
        return "# Too long to be pasted: the event stream's bytes of a case that tests size."
    return "\n".join((*_imports(case, launch), "", "", *_readers(adapter), *_test(result, launch)))


def _imports(case: Case, launch: Launch) -> Iterator[str]:
    module, _, path = launch.parser.partition(":")
    needs_json = launch.adapter == "lines" or any(outcome.error == "interrupted" for outcome in (case.right, *case.also))
    needed = (
        ("import asyncio", launch.adapter == "async"),
        ("import json", needs_json),
        ("import traceback", any(outcome.says for outcome in (case.right, *case.also))),
        ("from typing import Any", launch.adapter == "lines"),
    )
    standard = [line for line, is_needed in needed if is_needed]
    yield from (*standard, "") if standard else ()
    yield from ("import pytest", "") if case.error and not case.also else ()
    yield f"from {module} import {path.partition('.')[0]}"


def _readers(adapter: str) -> Iterator[str]:
    sources = [getsource(worker.text_of_frame), TEXT_OF_LINE] if adapter == "lines" else [TEXT_OF_PIECE]
    for source in (*sources, *([READ_ASYNC] if adapter == "async" else [])):
        yield from (*source.splitlines(), "", "")


def _test(result: Result, launch: Launch) -> Iterator[str]:
    case = result.case
    yield f"def test_{case.name.replace('-', '_')}():"
    yield f"    {case.why!r}" if '"' in case.why or "\\" in case.why else f'    """{case.why}"""'
    yield from _parts(result.trial, launch.adapter)
    read = _read(result, launch)
    if case.also:
        yield from _either(case, read)
    elif case.error:
        yield from ("    pieces = []", "    with pytest.raises(Exception) as caught:", *_indent(read, 8))
        yield f'    assert "".join(pieces) == {_text(case.right)}'
        yield from (f"    assert {check}" for check in _is_told(case.right, "caught.value"))
    else:
        yield from ("    pieces = []", *_indent(read, 4), f'    assert "".join(pieces) == {_text(case.right)}')


def _indent(lines: Sequence[str], width: int) -> Iterator[str]:
    return (" " * width + line for line in lines)


def _either(case: Case, read: Sequence[str]) -> Iterator[str]:
    yield from ("    pieces, error = [], None", "    try:", *_indent(read, 8), "    except Exception as raised:", "        error = raised")
    for outcome in (case.right, *case.also):
        checks = [f'"".join(pieces) == {_text(outcome)}', "error" if outcome.error else "error is None"]
        checks += _is_told(outcome, "error") if outcome.error else []
        yield f"    if {' and '.join(checks)}:"
        yield "        return"
    yield '    raise AssertionError(f"{pieces}, {error!r}")'


def _is_told(outcome: Outcome, error: str) -> Iterator[str]:
    """Yield what holds of the error that is due, and of no accident."""
    accidents = ", ".join(sorted(name.removeprefix("builtins.") for name in ACCIDENTS))
    yield f"type({error}) not in ({accidents})"
    if outcome.error == "interrupted":
        yield f"not isinstance({error}, (json.JSONDecodeError, UnicodeError))"
    if outcome.says:
        yield f'{outcome.says!r} in "".join(traceback.format_exception({error}))'


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


def _read(result: Result, launch: Launch) -> list[str]:
    stream = {"boto3": "iter(events)", "lines": "iter(events)", "async": "one_by_one(parts)"}.get(launch.adapter, "iter(parts)")
    given = f"{stream}, {result.case.content_type!r}" if result.answer.takes_type and launch.adapter != "lines" else stream
    call = f"{launch.parser.partition(':')[2]}({given})"
    if launch.adapter == "async":
        return [f"asyncio.run(read({call}, pieces))"]
    return [f"for piece in {call}:", "    pieces.append(text_of(piece))"]


def _text(outcome: Outcome) -> str:
    """Return a text as an expression, a long one in few words."""
    if not isinstance(outcome.events, Repeated):
        return repr(outcome.text)
    long = outcome.events
    return f"{_joined(long.first)!r} + {_joined((long.again,))!r} * {long.times} + {_joined(long.last)!r}"


def _joined(events: Sequence[StreamEvent]) -> str:
    return "".join(event.text for event in chain(events) if isinstance(event, Token) and not event.special)
