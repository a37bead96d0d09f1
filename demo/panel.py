"""The side panel: which endpoint, how to generate, and what the twin shall do to the next answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import gradio as gr

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.errors import ConfigurationError
from demo.desk import Desk

NO_FAULT = ""
FAULTS: tuple[tuple[str, str], ...] = (
    ("None", NO_FAULT),
    ("Validation error (400)", "validation-error"),
    ("Access denied (403)", "access-denied"),
    ("Expired token (403)", "expired-token"),
    ("Model error (424)", "model-error"),
    ("Model not ready (429)", "model-not-ready"),
    ("Throttled (429)", "throttling"),
    ("Throttled once, then fine", "throttlingx1"),
    ("Internal failure (500)", "internal-failure"),
    ("Service unavailable (503)", "service-unavailable"),
    ("Dependency failed (530)", "dependency"),
    ("Model stream error, part 9", "model-stream-error@8"),
    ("Internal stream failure, part 9", "internal-stream-failure@8"),
    ("Exception of no known kind, part 9", "unmodeled-exception@8"),
    ("Error message, part 9", "unmodeled-error@8"),
    ("Event of no known kind, part 9", "unknown-event@8"),
    ("A part of no bytes, part 9", "empty-part@8"),
    ("A frame breaks off, part 9", "truncate-frame@8"),
    ("A frame is damaged, part 9", "bad-message-crc@8"),
    ("A frame's length is damaged, part 9", "bad-prelude-crc@8"),
    ("No frames at all", "no-frames"),
    ("Connection reset, part 9", "reset@8"),
    ("Connection closed, part 9", "close@8"),
    ("Connection closed inside a chunk, part 9", "close-in-chunk@8"),
    ("Silence, part 9", "stall@8"),
    ("Silence from the start", "stall"),
    ("The container fails, write 9", "container-error@8"),
    ("The container leaves out its end", "no-finish"),
    ("No newline at the end", "no-final-newline"),
    ("A keep-alive, write 9", "keep-alive@8"),
    ("Lines end with CRLF", "crlf"),
)
CUTS = ("write", "whole", "every-byte", "bytes:7", "random:32", "inside-json", "inside-utf8", "inside-prefix")
PROFILES = ("typical", "instant", "constant", "normal", "log-normal", "rolling-batch", "speculative", "prefill-stall", "overload")
NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("max_new_tokens", "Max new tokens", "768"),
    ("temperature", "Temperature", ""),
    ("top_p", "Top p", ""),
    ("top_k", "Top k", ""),
    ("repetition_penalty", "Repetition penalty", ""),
    ("seed", "Seed", ""),
)
"""Member of `Parameters`, label, first value."""


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
            self.numbers = {name: _number(label, value, "not sent", name) for name, label, value in NUMBERS}
        self.stop = gr.Textbox(label="Stop sequences", info="One a line", lines=1, max_lines=4, placeholder="None", elem_id="stop-sequences")
        self.details = gr.Checkbox(True, label="Ask for details: counts and finish reason", elem_id="details")
        self.full_text = gr.Checkbox(False, label="Return the prompt with the answer", elem_id="return-full-text")

    def _twin(self) -> None:
        self.fault = gr.Dropdown(list(FAULTS), value=NO_FAULT, label="Fault in the next answer", filterable=False, elem_id="fault")
        with gr.Row(elem_classes="pairs"):
            self.cut = gr.Dropdown(list(CUTS), value=CUTS[0], label="Cut", filterable=False, min_width=110, elem_id="cut")
            self.profile = gr.Dropdown(list(PROFILES), value=PROFILES[0], label="Profile", filterable=False, min_width=110, elem_id="profile")
            self.speed = _number("Speed", "1", "1", "speed")
            self.twin_seed = _number("Twin's seed", "0", "0", "twin-seed")

    @property
    def inputs(self) -> set[gr.components.Component]:
        """Every control whose value `request` needs."""
        return {
            self.endpoint, self.front, self.system_prompt, *self.numbers.values(), self.stop, self.details, self.full_text,
            self.fault, self.cut, self.profile, self.speed, self.twin_seed, self.attributes,
        }  # fmt: skip

    def request(self, messages: list[ChatMessage], values: Mapping[Any, Any]) -> ChatRequest:
        """Return the request for `messages` that the controls' `values` ask for; raises ConfigurationError for a number that is none."""
        return ChatRequest(
            messages=messages,
            endpoint=self._desk.endpoint(values[self.endpoint]),
            parameters=Parameters(
                **{name: parse_number(name, values[number]) for name, number in self.numbers.items()},
                stop=tuple(line for line in (values[self.stop] or "").splitlines() if line),
                details=values[self.details] or None,
                return_full_text=values[self.full_text] or None,
            ),
            custom_attributes=self._twin_attributes(values) if self._desk.scripted else values[self.attributes] or None,
        )

    def _twin_attributes(self, values: Mapping[Any, Any]) -> str:
        chosen = {"cut": self.cut, "fault": self.fault, "profile": self.profile, "speed": self.speed, "seed": self.twin_seed}
        return ";".join(f"mock.{key}={value}" for key, control in chosen.items() if (value := (values[control] or "").strip()))


def _number(label: str, value: str, placeholder: str, name: str) -> gr.Textbox:
    # A `gr.Number` that is empty turns into 0 as soon as its accordion opens; here, empty has to mean: not sent.
    return gr.Textbox(value, label=label, placeholder=placeholder, max_lines=1, min_width=110, elem_id=name)


def parse_number(name: str, text: str | None) -> Any:
    """Return the int or float that `text` says, None if it says nothing; raises ConfigurationError."""
    if not text or not text.strip():
        return None
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    raise ConfigurationError(f"{name} is {text!r}, expected a number, or nothing to leave it to the container")
