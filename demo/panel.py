"""The side panel: which endpoint, how to generate, and what the twin shall do to the next answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from backends.chat import ChatMessage, ChatRequest, Parameters
from demo.desk import Desk

NO_FAULT = ""
FAULTS: tuple[tuple[str, str], ...] = (
    ("None", NO_FAULT),
    ("Validation error (400)", "validation-error"),
    ("Model error (424)", "model-error"),
    ("Throttled (429)", "throttling"),
    ("Throttled once, then fine", "throttlingx1"),
    ("Internal failure (500)", "internal-failure"),
    ("Service unavailable (503)", "service-unavailable"),
    ("Model stream error, part 9", "model-stream-error@8"),
    ("Internal stream failure, part 9", "internal-stream-failure@8"),
    ("A frame breaks off, part 9", "truncate-frame@8"),
    ("A frame is damaged, part 9", "bad-message-crc@8"),
    ("Connection reset, part 9", "reset@8"),
    ("Silence, part 9", "stall@8"),
    ("Silence from the start", "stall"),
)
CUTS = ("write", "whole", "every-byte", "bytes:7", "random:32", "inside-json", "inside-utf8", "inside-prefix")
PROFILES = ("typical", "instant")
NUMBERS: tuple[tuple[str, str, float | None, int | None], ...] = (
    ("max_new_tokens", "Max new tokens", 256, 0),
    ("temperature", "Temperature", None, None),
    ("top_p", "Top p", None, None),
    ("top_k", "Top k", None, 0),
    ("repetition_penalty", "Repetition penalty", None, None),
    ("seed", "Seed", None, 0),
)
"""Member of `Parameters`, label, first value, decimal places."""


class Panel:
    """The panel's controls, and the request that they ask for; made inside a `gr.Blocks`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        names = [endpoint.name for endpoint in desk.endpoints]
        fronts = list(desk.fronts)
        self.endpoint = gr.Dropdown(names, value=names[0], label="Endpoint", filterable=False, interactive=len(names) > 1, elem_id="endpoint")
        self.front = gr.Radio(fronts, value=fronts[0], label="Reach it through", visible=len(fronts) > 1, elem_id="front")
        self.system_prompt = gr.Textbox(label="System prompt", lines=2, max_lines=8, placeholder="None", elem_id="system-prompt")
        with gr.Accordion("Parameters", open=False):
            self._parameters()
        with gr.Accordion("The twin", open=True, visible=desk.scripted):
            self._twin()
        self.attributes = gr.Textbox(label="Custom attributes", visible=not desk.scripted, placeholder="None", elem_id="attributes")

    def _parameters(self) -> None:
        with gr.Row(elem_classes="pairs"):
            self.numbers = {
                name: gr.Number(value, label=label, precision=places, placeholder="not sent", step=1 if places == 0 else 0.1, min_width=110, elem_id=name)
                for name, label, value, places in NUMBERS
            }
        self.stop = gr.Textbox(label="Stop sequences", info="One a line", lines=1, max_lines=4, placeholder="None", elem_id="stop-sequences")
        self.details = gr.Checkbox(True, label="Ask for details: counts and finish reason", elem_id="details")
        self.full_text = gr.Checkbox(False, label="Return the prompt with the answer", elem_id="return-full-text")

    def _twin(self) -> None:
        self.fault = gr.Dropdown(list(FAULTS), value=NO_FAULT, label="Fault in the next answer", filterable=False, elem_id="fault")
        with gr.Row(elem_classes="pairs"):
            self.cut = gr.Dropdown(list(CUTS), value=CUTS[0], label="Cut", filterable=False, min_width=110, elem_id="cut")
            self.profile = gr.Dropdown(list(PROFILES), value=PROFILES[0], label="Profile", filterable=False, min_width=110, elem_id="profile")
            self.speed = gr.Number(1, label="Speed", minimum=0.1, maximum=100, step=0.5, min_width=110, elem_id="speed")
            self.twin_seed = gr.Number(0, label="Twin's seed", precision=0, minimum=0, min_width=110, elem_id="twin-seed")

    @property
    def inputs(self) -> set[gr.components.Component]:
        """Every control whose value `request` needs."""
        return {
            self.endpoint, self.front, self.system_prompt, *self.numbers.values(), self.stop, self.details, self.full_text,
            self.fault, self.cut, self.profile, self.speed, self.twin_seed, self.attributes,
        }  # fmt: skip

    def request(self, messages: list[ChatMessage], values: Mapping[Any, Any]) -> ChatRequest:
        """Return the request for `messages` that the controls' `values` ask for."""
        return ChatRequest(
            messages=messages,
            endpoint=self._desk.endpoint(values[self.endpoint]),
            parameters=Parameters(
                **{name: values[number] for name, number in self.numbers.items()},
                stop=tuple(line for line in (values[self.stop] or "").splitlines() if line),
                details=values[self.details] or None,
                return_full_text=values[self.full_text] or None,
            ),
            custom_attributes=self._twin_attributes(values) if self._desk.scripted else values[self.attributes] or None,
        )

    def _twin_attributes(self, values: Mapping[Any, Any]) -> str:
        chosen = {
            "cut": values[self.cut],
            "fault": values[self.fault],
            "profile": values[self.profile],
            "speed": values[self.speed],
            "seed": values[self.twin_seed],
        }
        return ";".join(
            f"mock.{key}={value:g}" if isinstance(value, float) else f"mock.{key}={value}" for key, value in chosen.items() if value not in (None, "")
        )
