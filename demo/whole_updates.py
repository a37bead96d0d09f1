"""Blocks whose page draws every update of a control, however busy it is.

While a function yields, Gradio 6.31 sends what changed since the last update, and its page writes that into the last one (`apply_diff` of its client), even if
that one is not drawn yet: what it says of a control, and the next one leaves out, is then never seen.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction


class WholeUpdates(gr.Blocks):
    """Sends each changed update of a control as a new one."""

    def handle_streaming_diffs(
        self, block_fn: BlockFunction, data: list[Any], session_hash: str | None, run: str | None, final: bool, simple_format: bool = False
    ) -> list[Any]:
        """Return what is sent of `data`; as Gradio's own, but for updates, which take the place of the last one instead of changing it."""
        is_first = not session_hash or run not in self.pending_diff_streams[session_hash]
        updates = {} if is_first or final or simple_format else {at: update for at, update in enumerate(data) if _is_update(update)}
        sent = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        for at, update in updates.items():
            sent[at] = sent[at] and [["replace", [], update]]
        return sent


def _is_update(value: object) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update"
