"""Fifty people at once, beside others whose endpoint hardly says anything."""

from __future__ import annotations

import json
import subprocess
from time import monotonic, sleep
from typing import Any
from urllib.request import urlopen

import pytest

from backends.settings import Settings
from mock_server.script import FOLDER, load_scripts
from tests.bench.crowd import QUESTION, listen
from tests.bench.people import apply
from tests.bench.servers import module
from tests.demo.serving import Served, serving

PEOPLE, SLOW = 50, 45
"""Gradio has 40 places unless it is told otherwise: more people than that wait."""
SLOWLY = "speed=0.02"
"""Takes minutes for an answer."""
DEADLINE_S = 120.0


def test_fifty_people_lose_no_character_while_others_wait() -> None:
    text = next(script.text for script in load_scripts(FOLDER).values() if QUESTION in script.prompts)
    with serving(Settings()) as page:
        with subprocess.Popen(module("tests.bench.people", str(page.port), str(SLOW), QUESTION, SLOWLY), stdout=subprocess.DEVNULL) as slow:
            try:
                await_open(page, SLOW)
                heard = listen(page.port, PEOPLE)
                await_open(page, SLOW)
            finally:
                slow.kill()
        await_open(page, 0)
    assert [each["grown"].strip() for each in heard] == [text.strip()] * PEOPLE
    assert [each["whole"] for each in heard] == [each["grown"] for each in heard]


def journal(page: Served) -> dict[str, Any]:
    with urlopen(f"http://{page.twin}/_mock/journal", timeout=60) as response:
        return dict(json.load(response))


def await_open(page: Served, streams: int) -> None:
    """Wait until so many streams are open."""
    until_s = monotonic() + DEADLINE_S
    while len(journal(page)["open"]) != streams:
        assert monotonic() < until_s, f"{len(journal(page)['open'])} streams are open, expected {streams}"
        sleep(0.1)


@pytest.mark.parametrize(
    ("before", "difference", "after"),
    [
        ("a", [["append", [], "b"]], "ab"),
        ([{"content": "a"}], [["append", [0, "content"], "b"]], [{"content": "ab"}]),
        ([{"a": 1}], [["replace", [0, "a"], 2], ["add", [0, "b"], 3]], [{"a": 2, "b": 3}]),
        ([1, 3], [["add", [1], 2], ["delete", [2], None]], [1, 2]),
        ({"a": 1, "b": 2}, [["delete", ["b"], None]], {"a": 1}),
        ([1], [["replace", [], [2]]], [2]),
        ([1], [], [1]),
    ],
)
def test_a_reader_applies_what_gradio_tells(before: Any, difference: list[Any], after: Any) -> None:
    assert apply(before, difference) == after
