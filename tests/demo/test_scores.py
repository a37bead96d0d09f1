from __future__ import annotations

import re

import pytest

from backends.chat import ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.events import Finish, StreamEvent, Token
from demo.race import Lane
from demo.run import Run
from demo.scores import FIGURES, table
from demo.turns import Turn
from tests.demo.fakes import ScriptedBackend

WHY = ChatRequest(messages=[ChatMessage("user", "why?")], endpoint=Endpoint("e"))
Arrival = tuple[float, StreamEvent]


def lane(*arrivals: Arrival, ending: str | None = "finished", part_bytes: int = 10) -> Lane:
    """Return a lane whose events came at the given seconds, each time in a part of its own."""
    run = Run(ScriptedBackend([[]]), WHY)
    for at_s in sorted({at_s for at_s, _ in arrivals}):
        run.timing.part(b"x" * part_bytes, at_s)
        for event in (event for when_s, event in arrivals if when_s == at_s):
            run.timing.event(event, at_s, 0, 0)
    run.tape.ending = ending
    return Lane(Turn("why?"), run)


def stream(itl_s: float, tokens: int) -> list[Arrival]:
    times_s = [0.2 + itl_s * number for number in range(tokens)]
    return [*((at_s, Token("a")) for at_s in times_s), (times_s[-1], Finish("stop"))]


def cells(*lanes: Lane) -> dict[str, list[str]]:
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table(["A", "B"], lanes))
    return {label: re.findall("<td>(.*?)</td>", row) for label, row in rows}


async def test_the_faster_figure_is_said_in_words() -> None:
    assert cells(lane(*stream(0.02, 5)), lane(*stream(0.04, 11), part_bytes=1000)) == {
        "Time to first token": ["200 ms", "200 ms"],
        "Between tokens, p50": ["20 ms (faster)", "40 ms"],
        "Between tokens, p95": ["20 ms (faster)", "40 ms"],
        "Tokens/s": ["50.0 (faster)", "25.0"],
        "Total": ["280 ms (faster)", "600 ms"],
        "Tokens": ["5", "11"],
        "Bytes": ["50", "11,000"],
        "Parts": ["5", "11"],
        "Ended": ["finished", "finished"],
    }


@pytest.mark.parametrize("tokens", [1, 3], ids=["one text", "a list of tokens"])
async def test_an_answer_that_came_all_at_once_has_no_time_between_tokens(tokens: int) -> None:
    whole = lane(*[(2.0, Token("a"))] * tokens, (2.0, Finish("stop", generated_tokens=3)))
    seen = cells(lane(*stream(0.02, 3)), whole)
    assert seen["Time to first token"] == ["200 ms (faster)", "2.00 s"]
    assert seen["Between tokens, p95"] == ["20 ms", "all at once"]
    assert seen["Tokens/s"] == ["50.0", "all at once"]
    assert (seen["Tokens"], seen["Parts"]) == (["3", "3"], ["3", "1"])


@pytest.mark.parametrize("ending", [None, "broken off", "stopped by you"])
async def test_nothing_is_faster_than_an_answer_without_an_end(ending: str | None) -> None:
    seen = cells(lane(*stream(0.02, 3)), lane(*stream(0.04, 3)[:-1], ending=ending))
    assert not [text for texts in seen.values() for text in texts if "faster" in text]
    assert seen["Ended"] == ["finished", ending or "on its way"]


@pytest.mark.parametrize(("slower_s", "words"), [(0.0202, "20 ms"), (0.0205, "20 ms"), (0.022, "20 ms (faster)")])
async def test_what_differs_by_less_than_a_twentieth_is_as_fast(slower_s: float, words: str) -> None:
    assert cells(lane(*stream(0.02, 5)), lane(*stream(slower_s, 5)))["Between tokens, p50"][0] == words


async def test_two_bursts_with_no_time_between_tokens_are_as_fast() -> None:
    burst: list[Arrival] = [(0.2, Token("a")), (0.2, Token("b")), (0.2, Token("c")), (0.4, Token("d")), (0.4, Finish("stop"))]
    assert cells(lane(*burst), lane(*burst))["Between tokens, p50"] == ["0 ms", "0 ms"]


async def test_what_is_not_there_yet_is_said_to_come_and_what_never_came_to_be_none() -> None:
    seen = cells(lane(ending=None), Lane(Turn("why?", failure="Nothing was sent.")))
    assert seen["Time to first token"] == ["not yet", "none"]
    assert seen["Tokens/s"] == ["not yet", "none"]
    assert seen["Total"] == ["not yet", "none"]
    assert seen["Parts"] == ["0", "0"]
    assert seen["Ended"] == ["on its way", "no answer"]


async def test_what_others_wrote_is_text_and_no_html() -> None:
    painted = table(["<b>A", "B"], [lane(ending="finished: <img src=x>\n\n# no"), lane()])
    assert "<b>" not in painted
    assert "<img" not in painted
    assert "finished: &lt;img src=x&gt; # no" in painted
    assert "\n" not in painted


async def test_every_figure_has_a_row() -> None:
    assert list(cells(lane(), lane())) == [*(figure.label for figure in FIGURES), "Ended"]
