"""The side panel: which endpoint, how to generate, and what the twin shall do to the next answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import gradio as gr

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.errors import ConfigurationError
from demo.desk import Desk
from demo.found import Found, is_elsewhere
from demo.labels import label, labelled
from demo.language import mark

NO_FAULT = ""
FAULTS: tuple[tuple[str, str], ...] = (
    (mark("None"), NO_FAULT),
    (mark("Validation error (400)"), "validation-error"),
    (mark("Access denied (403)"), "access-denied"),
    (mark("Expired token (403)"), "expired-token"),
    (mark("Model error (424)"), "model-error"),
    (mark("Model not ready (429)"), "model-not-ready"),
    (mark("Throttled (429)"), "throttling"),
    (mark("Throttled once, then fine"), "throttlingx1"),
    (mark("Internal failure (500)"), "internal-failure"),
    (mark("Service unavailable (503)"), "service-unavailable"),
    (mark("Dependency failed (530)"), "dependency"),
    (mark("Model stream error, part 9"), "model-stream-error@8"),
    (mark("Internal stream failure, part 9"), "internal-stream-failure@8"),
    (mark("Exception of no known kind, part 9"), "unmodeled-exception@8"),
    (mark("Error message, part 9"), "unmodeled-error@8"),
    (mark("Event of no known kind, part 9"), "unknown-event@8"),
    (mark("A part of no bytes, part 9"), "empty-part@8"),
    (mark("A frame breaks off, part 9"), "truncate-frame@8"),
    (mark("A frame is damaged, part 9"), "bad-message-crc@8"),
    (mark("A frame's length is damaged, part 9"), "bad-prelude-crc@8"),
    (mark("No frames at all"), "no-frames"),
    (mark("Connection reset, part 9"), "reset@8"),
    (mark("Connection closed, part 9"), "close@8"),
    (mark("Connection closed inside a chunk, part 9"), "close-in-chunk@8"),
    (mark("Silence, part 9"), "stall@8"),
    (mark("Silence from the start"), "stall"),
    (mark("The container fails, write 9"), "container-error@8"),
    (mark("The container leaves out its end"), "no-finish"),
    (mark("No newline at the end"), "no-final-newline"),
    (mark("A keep-alive, write 9"), "keep-alive@8"),
    (mark("Lines end with CRLF"), "crlf"),
)
CUTS = ("write", "whole", "every-byte", "bytes:7", "random:32", "inside-json", "inside-utf8", "inside-prefix")
PROFILES = ("typical", "instant", "constant", "normal", "log-normal", "rolling-batch", "speculative", "prefill-stall", "overload")
NUMBERS: tuple[tuple[str, str, str], ...] = (
    ("max_new_tokens", mark("Max new tokens"), "768"),
    ("temperature", mark("Temperature"), ""),
    ("top_p", mark("Top p"), ""),
    ("top_k", mark("Top k"), ""),
    ("repetition_penalty", mark("Repetition penalty"), ""),
    ("seed", mark("Seed"), ""),
)
"""Member of `Parameters`, label, first value."""


class Panel:
    """The panel's controls, and the request that they ask for; made inside a `gr.Blocks`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.found = gr.State(())
        """What this person has added to the endpoints, as `Found`s; it never leaves the server, so that nobody makes it up."""
        names = [endpoint.name for endpoint in desk.endpoints]
        fronts = list(desk.fronts)
        self.endpoint = gr.Dropdown(names, value=names[0], label=label("Endpoint"), filterable=False, interactive=len(names) > 1, elem_id="endpoint")
        self.front = gr.Radio(
            labelled(zip(fronts, fronts, strict=True)), value=fronts[0], label=label("Reach it through"), visible=len(fronts) > 1, elem_id="front"
        )
        self.system_prompt = gr.Textbox(label=label("System prompt"), lines=2, max_lines=8, placeholder=label("None"), elem_id="system-prompt")
        with gr.Accordion(label("Parameters"), open=False):
            self._parameters()
        with gr.Accordion(label("The twin"), open=True, visible=desk.scripted) as self._of_twin:
            self._twin()
        self.attributes = gr.Textbox(label=label("Custom attributes"), visible=not desk.scripted, placeholder=label("None"), elem_id="attributes")
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        self.endpoint.change(self._suit, {self.endpoint, self.found}, [self.front, self._of_twin, self.attributes], **quick)

    def _parameters(self) -> None:
        with gr.Row(elem_classes="pairs"):
            self.numbers = {name: _number(label(text), value, label("not sent"), name) for name, text, value in NUMBERS}
        self.stop = gr.Textbox(
            label=label("Stop sequences"), info=label("One a line"), lines=1, max_lines=4, placeholder=label("None"), elem_id="stop-sequences"
        )
        self.tools = gr.Textbox(
            label=label("Tools"), info=label("JSON, for endpoints that take messages"), lines=1, max_lines=8, placeholder=label("None"), elem_id="offered-tools"
        )
        self.details = gr.Checkbox(True, label=label("Ask for details: counts and finish reason"), elem_id="details")
        self.full_text = gr.Checkbox(False, label=label("Return the prompt with the answer"), elem_id="return-full-text")

    def _twin(self) -> None:
        self.fault = gr.Dropdown(labelled(FAULTS), value=NO_FAULT, label=label("Fault in the next answer"), filterable=False, elem_id="fault")
        with gr.Row(elem_classes="pairs"):
            self.cut = gr.Dropdown(list(CUTS), value=CUTS[0], label=label("Cut"), filterable=False, min_width=110, elem_id="cut")
            self.profile = gr.Dropdown(list(PROFILES), value=PROFILES[0], label=label("Profile"), filterable=False, min_width=110, elem_id="profile")
            self.speed = _number(label("Speed"), "1", "1", "speed")
            self.twin_seed = _number(label("Twin's seed"), "0", "0", "twin-seed")

    @property
    def inputs(self) -> set[gr.components.Component]:
        """Every control whose value `request` needs."""
        return {
            self.endpoint, self.found, self.front, self.system_prompt, *self.numbers.values(), self.stop, self.tools, self.details, self.full_text,
            self.fault, self.cut, self.profile, self.speed, self.twin_seed, self.attributes,
        }  # fmt: skip

    def names(self, found: Iterable[Found]) -> list[str]:
        """Return all that somebody may pick who has added `found`."""
        return [*(endpoint.name for endpoint in self._desk.endpoints), *(each.label for each in found)]

    def picked(self, values: Mapping[Any, Any]) -> Found | None:
        """Return what is picked if it is none of the page's own endpoints."""
        return {each.label: each for each in values[self.found]}.get(values[self.endpoint])

    def way(self, values: Mapping[Any, Any]) -> str:
        """Return through what the picked endpoint is reached."""
        found = self.picked(values)
        return found.front if found else str(values[self.front])

    def _suit(self, values: Mapping[Any, Any]) -> dict[Any, Any]:
        """Show what the picked endpoint can be told: one that was added is no twin, and has a way of its own."""
        found = self.picked(values)
        is_twin = self._desk.scripted and not is_elsewhere(found)
        return {
            self.front: gr.update(visible=found is None and len(self._desk.fronts) > 1),
            self._of_twin: gr.update(visible=is_twin),
            self.attributes: gr.update(visible=not is_twin),
        }

    def request(self, messages: list[ChatMessage], values: Mapping[Any, Any]) -> ChatRequest:
        """Return the request for `messages` that the controls' `values` ask for; raises ConfigurationError for a number that is none."""
        found = self.picked(values)
        return ChatRequest(
            messages=messages,
            endpoint=found.endpoint if found else self._desk.endpoint(values[self.endpoint]),
            parameters=Parameters(
                **{name: parse_number(name, values[number]) for name, number in self.numbers.items()},
                stop=tuple(line for line in (values[self.stop] or "").splitlines() if line),
                tools=(values[self.tools] or "").strip() or None,
                details=values[self.details] or None,
                return_full_text=values[self.full_text] or None,
            ),
            custom_attributes=self._twin_attributes(values) if self._desk.scripted and not is_elsewhere(found) else values[self.attributes] or None,
        )

    def offer(self, tools: str, endpoint: str, values: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return what the controls are set to so that `tools` may be called: the twin's `endpoint`, too, where the chosen one takes none."""
        is_own = self._desk.scripted and not self.picked(values)
        takes_none = is_own and self._desk.endpoint(values[self.endpoint]).accepts != "messages"
        is_known = any(known.name == endpoint for known in self._desk.endpoints)
        return {self.tools: tools} | ({self.endpoint: endpoint} if takes_none and is_known else {})

    def _twin_attributes(self, values: Mapping[Any, Any]) -> str:
        chosen = {"cut": self.cut, "fault": self.fault, "profile": self.profile, "speed": self.speed, "seed": self.twin_seed}
        return ";".join(f"mock.{key}={value}" for key, control in chosen.items() if (value := (values[control] or "").strip()))


def _number(named: str, value: str, placeholder: str, name: str) -> gr.Textbox:
    # A `gr.Number` that is empty turns into 0 as soon as its accordion opens; here, empty has to mean: not sent.
    return gr.Textbox(value, label=named, placeholder=placeholder, max_lines=1, min_width=110, elem_id=name)


def parse_number(name: str, text: str | None) -> Any:
    """Return the int or float that `text` says, None if it says nothing; raises ConfigurationError."""
    if not text or not text.strip():
        return None
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    raise ConfigurationError(f"{name} is {text!r}, expected a number, or nothing to leave it to the container")
