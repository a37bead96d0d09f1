"""Fifty people who chat at once, beside one alone: what one waits for the first word and for the last, and what an answer costs the server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import psutil  # type: ignore[import-untyped]  # its types are a package of their own

from tests.bench.rows import Row, beside_all
from tests.bench.servers import Server, module, serve

PEOPLE = 50
QUESTION = "How do I build a website?"
FIRST, LAST, CPU = "the last to see a first word", "the last to see a last word", "CPU of the server for an answer"
AIMS = {FIRST: "< 5", LAST: "", CPU: ""}


def rows(scale: float, repeats: int) -> Iterator[Row]:
    people = max(2, int(PEOPLE * scale))
    with serve(*module("demo", "--port", "PORT")) as server:
        measure(server, 1)  # what is made once is no part of it
        runs = [[measure(server, number) for number in (people, 1)] for _ in range(repeats)]
    for name, aim in AIMS.items():
        yield from beside_all(
            f"{people} people at once, {name}", "s", ["one alone"], [[figures[name] for figures in run] for run in runs], aim, less_is_better=True
        )


def measure(server: Server, people: int) -> dict[str, float]:
    """Let so many people ask at once; return each figure, or end if one of them missed a character."""
    before_s = cpu_s(server)
    heard = listen(server.port, people)
    if len({each["whole"] for each in heard} | {each["grown"] for each in heard}) != 1:
        raise SystemExit(f"of {people} people, not all read the same answer, from the stream and at its end")
    return {
        FIRST: max(each["first_s"] for each in heard),
        LAST: max(each["total_s"] for each in heard),
        CPU: max(cpu_s(server) - before_s, 0.001) / people,
    }


def listen(port: int, people: int, question: str = QUESTION) -> list[dict[str, Any]]:
    """Return what each of so many people in a process of their own heard."""
    done = subprocess.run(module("tests.bench.people", str(port), str(people), question), check=True, stdout=subprocess.PIPE, text=True)
    return list(json.loads(done.stdout))


def cpu_s(server: Server) -> float:
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)
