"""The tokens tab's handlers, as Gradio calls them."""

from __future__ import annotations

import asyncio

import gradio as gr

from demo.tape import Tape, Tapes
from demo.tokens_tab import TokensTab
from tests.demo.tapes import taped

HERE = gr.Request(session_hash="one")
LINE = b'{"token": {"id": 1, "text": "a", "log_prob": -0.5, "special_token": false}, "generated_text": "a"}\n'


def opened(*tapes: Tape) -> TokensTab:
    kept = Tapes()
    for tape in tapes:
        kept.add("one", tape)
    with gr.Blocks(), gr.Tab("Tokens") as tab:
        return TokensTab(kept, tab)


def test_the_newest_answer_s_tokens_are_shown_first() -> None:
    tab = opened(taped([LINE]), taped([LINE] * 2))
    shown = asyncio.run(tab.open(0, None, False, False, HERE))
    assert (shown[tab._picked]["value"], shown[tab._newest]) == (2, 2)
    assert "2 tokens" in shown[tab._map]
    shown = asyncio.run(tab.open(2, 1, False, False, HERE))
    assert shown[tab._picked]["value"] == 1


def test_tokens_are_drawn_when_the_answer_has_ended() -> None:
    tape = taped([LINE], ending=None)
    tab = opened(tape)
    shown = asyncio.run(tab.show(1, False, False, HERE))
    assert "still on its way" in shown[tab._map]
    assert shown[tab._timer].active
    tape.ending = "finished"
    shown = asyncio.run(tab.show(1, True, False, HERE))
    assert "60.7 %" in shown[tab._map]
    assert not shown[tab._timer].active


def test_without_an_answer_the_tab_says_what_to_do() -> None:
    tab = opened()
    assert "Ask something" in asyncio.run(tab.open(0, None, False, False, HERE))[tab._map]
