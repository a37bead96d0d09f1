"""What TGI writes into the silences of a model's answer, whoever is silent: the model or the profile. On time that jumps, and over a socket."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mock_server import MockServer
from mock_server.choices import Choices
from mock_server.clock import LoopClock, VirtualClock
from mock_server.containers import CONTAINERS
from mock_server.containers.container import ContainerRequest, Taken
from mock_server.cuts import parse_cut
from mock_server.live import Ending, Live, ModelAnswer
from mock_server.pipeline import Pipeline
from mock_server.profiles import find_profile
from mock_server.script import ScriptToken
from tests.backends.far_side import FarSide
from tests.mock_server.test_upstream import HEAD, HELLO, TGI, ask

SAID = ("He", "llo", "</s>")
COMMENT = ":"


class Jumping(selectors.DefaultSelector):
    """Finds at once what it would find after waiting."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nobody has anything to wait for"
        self.now_s += timeout
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers are due as soon as nothing else is to do."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


async def say(moments_s: Sequence[float]) -> ModelAnswer:
    """Be a model that has each token ready at its moment."""
    for moment_s, text in zip(moments_s, SAID, strict=True):
        await LoopClock().sleep_until(moment_s)
        token = ScriptToken(text, 1, -0.5, special=text == SAID[-1])
        yield Ending(token, "eos_token") if token.special else token


async def play(moments_s: Sequence[float], pipeline: Pipeline) -> AsyncGenerator[tuple[float, str]]:
    """Yield what a client sees, and when."""
    taken = CONTAINERS[TGI].handle(ContainerRequest("POST", "/generate_stream", "application/json", b'{"inputs": "x"}'))
    assert isinstance(taken, Taken)
    async with aclosing(pipeline.timelines(Live(taken, say(moments_s)), None)) as timelines:
        async for timeline in timelines:
            await LoopClock().sleep_until(timeline.start_s)
            for chunk, due_s in zip(timeline.chunks, timeline.due_s, strict=True):
                await LoopClock().sleep_until(due_s)
                for event in chunk.decode().strip().split("\n\n"):
                    yield asyncio.get_running_loop().time(), event if event == COMMENT else json.loads(event.removeprefix("data:"))["token"]["text"]


def seen(moments_s: Sequence[float], profile: str, cut: str, speed: float) -> list[tuple[float, str]]:
    choices = Choices({}, parse_cut(cut), find_profile(profile), speed=speed)

    async def see() -> list[tuple[float, str]]:
        notes: list[str] = []
        return [each async for each in play(moments_s, Pipeline(choices, None, notes.append, notes.append))]

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(see())


SILENT: Sequence[tuple[str, Sequence[float], str, str, float, list[tuple[float, str]]]] = [
    ("nobody", (1, 2, 3), "constant:15,15", "write", 1, [(15, "He"), (30, "llo"), (45, "</s>")]),
    ("the profile", (1, 2, 3), "constant:40,20", "write", 1,
     [(15, ":"), (30, ":"), (40, "He"), (55, ":"), (60, "llo"), (75, ":"), (80, "</s>")]),
    ("the model", (20, 21, 60), "instant", "write", 1, [(15, ":"), (20, "He"), (21, "llo"), (36, ":"), (51, ":"), (60, "</s>")]),
    ("the model, then the profile", (20, 21, 22), "constant:40,1", "write", 1, [(15, ":"), (30, ":"), (40, "He"), (41, "llo"), (42, "</s>")]),
    ("the profile, then the model", (1, 69, 70), "constant:20,1", "write", 1,
     [(15, ":"), (20, "He"), (35, ":"), (50, ":"), (65, ":"), (69, "llo"), (70, "</s>")]),
    ("the profile, faster", (1, 2, 3), "constant:40,20", "write", 2,
     [(7.5, ":"), (15, ":"), (20, "He"), (27.5, ":"), (30, "llo"), (37.5, ":"), (40, "</s>")]),
    ("the model, faster", (1, 2, 60), "constant:40,2", "write", 2, [(7.5, ":"), (15, ":"), (20, "He"), (21, "llo"), (36, ":"), (51, ":"), (60, "</s>")]),
    ("the model, then the profile, faster", (16, 17, 18), "constant:80,2", "write", 2,
     [(15, ":"), (22.5, ":"), (30, ":"), (37.5, ":"), (40, "He"), (41, "llo"), (42, "</s>")]),
    ("the profile, held back", (1, 2, 3), "constant:40,20", "whole", 1,
     [(80, ":"), (80, ":"), (80, "He"), (80, ":"), (80, "llo"), (80, ":"), (80, "</s>")]),
    ("the profile alone, held back", (1, 50, 51), "constant:40,1", "whole", 1, [(51, ":"), (51, ":"), (51, "He"), (51, "llo"), (51, "</s>")]),
    ("the profile, held back in pairs", (1, 2, 70), "constant:40,10", "merge:2", 1,
     [(30, ":"), (30, ":"), (50, "He"), (50, "llo"), (70, ":"), (70, "</s>")]),
]  # fmt: skip
"""Who is silent, when the model has each token, the profile, the cut and the speed, and what leaves when."""


@pytest.mark.parametrize(("moments_s", "profile", "cut", "speed", "left"), [row[1:] for row in SILENT], ids=[row[0] for row in SILENT])
def test_15_seconds_of_silence_are_a_comment(moments_s: Sequence[float], profile: str, cut: str, speed: float, left: list[tuple[float, str]]) -> None:
    assert seen(moments_s, profile, cut, speed) == left


@contextmanager
def twin_of(url: str, folder: Path, container: str) -> Iterator[MockServer]:
    file = folder / "catalog.toml"
    file.write_text(f'[mine]\ncontainer = "{container}"\nupstream = "{url}"\nupstream_model = "m"\n', encoding="utf-8")
    with MockServer(catalog=file, clock=VirtualClock()) as twin:
        yield twin


@pytest.mark.parametrize(
    ("container", "attributes", "separator", "beginnings"),
    [
        (TGI, "", b"\n\n", [b":", b":", b"data:", b"data:", b"data:"]),
        (TGI, "mock.fault=crlf", b"\r\n\r\n", [b":", b":", b"data:", b"data:", b"data:"]),
        (TGI, "mock.fault=keep-alive@1", b"\n\n", [b":", b":", b"data:", b":", b"data:", b"data:"]),
        (TGI, "mock.script=hello", b"\n\n", [b":", b":", b"data:", b"data:"]),
        ("lmi-0.23", "", b"\n", [b"", b"", b""]),
    ],
)
async def test_only_tgi_writes_into_a_silence(tmp_path: Path, container: str, attributes: str, separator: bytes, beginnings: list[bytes]) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, container) as twin:
            response = await ask(twin, "container", f"mock.profile=constant:40,10;{attributes}", parameters={"max_new_tokens": 2})
            entry = await asyncio.to_thread(twin.journal.wait)

    assert [event.partition(b"{")[0] for event in response.content.split(separator)[:-1]] == beginnings
    assert entry.status == 200


@pytest.mark.parametrize("attributes", ["", "mock.script=hello"])
async def test_an_answer_that_is_read_whole_has_no_silence(tmp_path: Path, attributes: str) -> None:
    async with FarSide([[HEAD + HELLO]]) as model:
        with twin_of(model.url, tmp_path, TGI) as twin:
            response = await ask(twin, "plain", f"mock.profile=constant:40,1;{attributes}")
            entry = await asyncio.to_thread(twin.journal.wait)

    assert {event.partition(b"{")[0] for event in response.content.split(b"\n\n")[:-1]} == {b"data:"}
    assert int(response.headers["content-length"]) == len(response.content)
    assert entry.ended == "completed"
