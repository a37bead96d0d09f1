from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo.whole_updates import WholeUpdates


def sent(*yields: list[Any]) -> Iterator[list[Any]]:
    """Return what the page is sent of what a function yields, and at its end."""
    with WholeUpdates() as blocks:
        button, box = gr.Button("Stop"), gr.Textbox()
        event = button.click(lambda: None, None, [button, box])
    for at, values in enumerate((*yields, [None, None])):
        yield blocks.handle_streaming_diffs(blocks.fns[event["id"]], values, "session", "run", final=at == len(yields))


def test_an_update_takes_the_place_of_the_last_one_and_changes_nothing_in_it() -> None:
    begun, silent = gr.update(visible=True), gr.skip()
    assert list(sent([begun, "a"], [silent, "ab"], [silent, silent], [begun, "b"])) == [
        [begun, "a"],
        [[["replace", [], silent]], [["append", [], "b"]]],
        [[], [["replace", [], silent]]],
        [[["replace", [], begun]], [["replace", [], "b"]]],
        [begun, "b"],
    ]
