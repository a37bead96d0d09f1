"""What the twin shall do, on the wire tab: the panel's own choices for the next answer, mirrored, and an answer played again with them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.labels import label, labelled
from demo.panel import CUTS, FAULTS, PROFILES, Panel


class WireChoices:
    """A row of controls; made inside a `gr.Blocks`. What they say is what the panel's say: whoever changes either changes both."""

    def __init__(self, panel: Panel) -> None:
        with gr.Row(elem_id="wire-choices"):
            self.cut = gr.Dropdown(list(CUTS), value=CUTS[0], label=label("Cut"), filterable=False, min_width=120, elem_id="wire-cut")
            self.fault = gr.Dropdown(labelled(FAULTS), value="", label=label("Fault in the next answer"), filterable=False, min_width=220, elem_id="wire-fault")
            self.profile = gr.Dropdown(list(PROFILES), value=PROFILES[0], label=label("Profile"), filterable=False, min_width=120, elem_id="wire-profile")
            self.speed = gr.Textbox("1", label=label("Speed"), placeholder="1", max_lines=1, min_width=70, elem_id="wire-speed")
            self.seed = gr.Textbox("0", label=label("Twin's seed"), placeholder="0", max_lines=1, min_width=90, elem_id="wire-seed")
        with gr.Row(elem_id="wire-again-row"):
            self.again = gr.Button(label("Play this answer again with this cut and fault"), size="sm", scale=0, elem_id="wire-again")
            self.stop = gr.Button(label("Stop"), variant="stop", size="sm", scale=0, visible="hidden", elem_id="wire-stop")
        self._mirror(panel)

    def _mirror(self, panel: Panel) -> None:
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
        for own, theirs in ((self.cut, panel.cut), (self.fault, panel.fault), (self.profile, panel.profile)):
            own.input(_same, own, theirs, **quick)
            theirs.change(_same, theirs, own, **quick)
        for box, its in ((self.speed, panel.speed), (self.seed, panel.twin_seed)):
            # While somebody types here, nothing is told there: what came back would be older than what they typed since.
            gr.on([box.blur, box.submit], _same, box, its, **quick)
            its.change(_same, its, box, **quick)


def _same(value: str | None) -> str | None:
    return value
