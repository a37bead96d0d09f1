"""The form of a new endpoint: what it would create on the page's twin, before it does; and the command that does the same in an account.

Where the page has no twin of its own, the form gives the command for a terminal and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import gradio as gr

from backends.errors import BackendError
from demo.account_area import AccountArea
from demo.admission import Refused, address_of
from demo.answers import html_area
from demo.create_view import plan_view, refusal, steps_view
from demo.created_area import CreatedArea
from demo.desk import Desk
from demo.endpoint_view import told
from demo.labels import label, labelled, words_of
from demo.language import Words
from demo.limits import Limits
from demo.literal import note
from demo.orders import FAULTS, INSTANCE, KINDS, NO_FAULT, OWN_INSTANCE, Order
from demo.panel import Panel
from demo.rehearsals import AT_ONCE, Rehearsals, in_thread

Updates: TypeAlias = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what is in the form."""

    order: Order
    owner: str
    address: str
    words: Words

    def plan(self, rehearsals: Rehearsals) -> str:
        """Return the plan as HTML; blocks, and raises Refused and BackendError."""
        return plan_view(rehearsals.plan(self.order, self.owner, self.words), self.words)


class CreateArea:
    """Made inside the endpoints' `gr.Tab`.

    Args:
        pickers: Other lists of endpoints than the panel's.
        tabs: Where the chat is shown by `chat`.
    """

    def __init__(self, desk: Desk, panel: Panel, pickers: Sequence[gr.Dropdown], tabs: gr.Tabs, limits: Limits) -> None:
        self._rehearsals = Rehearsals(desk.twin, limits, shared=not desk.public) if desk.twin else None
        gr.Markdown(f"## {label('A new endpoint')}", elem_classes="head")
        self._form()
        self._account = AccountArea(desk, self._order) if desk.may_deploy else None
        self._created = CreatedArea(self._rehearsals, panel, pickers, tabs, by_browser=desk.public) if self._rehearsals else None
        self._wire()

    def _form(self) -> None:
        kind = KINDS[Order().kind]
        kinds = [(each.name, key) for key, each in KINDS.items()]
        self._kind = gr.Radio(kinds, value=Order().kind, label=label("Deploy with"), elem_id="new-kind")
        with gr.Row(elem_classes="finding"):
            self._model = _choice(label("Model"), kind.models, kind.models[0], "new-model", min_width=240)
            self._instance = _choice(label("Instance type"), kind.instances, INSTANCE, "new-instance")
            self._name = gr.Textbox(label=label("Name"), placeholder=label("chosen for you"), max_lines=1, min_width=150, elem_id="new-name")
            self._fault = gr.Dropdown(
                labelled(FAULTS), value=NO_FAULT, label=label("What goes wrong"), filterable=False, visible=self._rehearsals is not None, min_width=150,
                elem_id="new-fault",
            )  # fmt: skip
        self._plan = html_area("", "new-plan")
        with gr.Accordion(label("The same by a command"), open=self._rehearsals is None, elem_id="new-terminal"):
            html_area(note(label("In a terminal it creates the endpoint in your AWS account; it says what that costs, and asks, before it does.")), "new-hint")
            self._command = gr.Code(
                Order().command, language="shell", interactive=False, show_label=False, label=label("Command"), wrap_lines=True, lines=1, elem_id="new-command"
            )
        self._create = gr.Button(
            label("Create on the twin"), variant="primary", scale=0, min_width=160, visible=self._rehearsals is not None, elem_id="new-create"
        )
        self._said = html_area("", "new-said")

    @property
    def _inputs(self) -> set[Any]:
        created = self._created.inputs if self._created else set()
        return {self._kind, self._model, self._instance, self._name, self._fault, *created}

    @property
    def _outputs(self) -> list[Any]:
        return [self._plan, self._command, self._said]

    def _wire(self) -> None:
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
        self._kind.input(self._choose_kind, self._inputs, [self._model, self._instance, *self._outputs], **quick)
        typed = [self._model.change, self._instance.change, self._name.change, self._fault.input]
        gr.on(typed, self._preview, self._inputs, self._outputs, **quick)
        if self._account:
            self._account.wire({self._kind, self._model, self._instance, self._name, self._fault})
        if self._created:
            slow: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": AT_ONCE, "concurrency_id": "rehearsing"}
            self._create.click(self._create_it, self._inputs, [self._create, self._said, *self._created.outputs, self._created.report], **slow)

    @property
    def on_opening(self) -> tuple[set[Any], list[Any]]:
        """What `open` is given as the tab is opened, and what it shows."""
        return self._inputs, [*self._outputs, *(self._created.outputs if self._created else ())]

    async def open(self, values: Mapping[Any, Any], request: gr.Request) -> Updates:
        """Show the plan of what the form says, and what was created."""
        created = self._created.open(values, words_of(request)) if self._created else {}
        return created | await self._preview({**values, **created}, request)

    async def _choose_kind(self, values: Mapping[Any, Any], request: gr.Request) -> Updates:
        """Offer the models and instances of a kind."""
        kind = KINDS[values[self._kind]]
        instance = OWN_INSTANCE if OWN_INSTANCE in kind.instances else INSTANCE
        offered = {
            self._model: gr.update(choices=list(kind.models), value=kind.models[0]),
            self._instance: gr.update(choices=_instances(kind.instances), value=instance),
        }
        return offered | await self._preview({**values, self._model: kind.models[0], self._instance: instance}, request)

    async def _preview(self, values: Mapping[Any, Any], request: gr.Request) -> Updates:
        """Show what the form asks for."""
        asker, rehearsals = self._asker(values, request), self._rehearsals
        try:
            asker.order.check(asker.words)
            plan = await in_thread(lambda: asker.plan(rehearsals)) if rehearsals else ""
        except (Refused, BackendError) as error:
            return {self._plan: refusal(error), self._command: gr.skip(), self._said: ""}
        return {self._plan: plan, self._command: asker.order.command, self._said: ""}

    async def _create_it(self, values: Mapping[Any, Any], request: gr.Request) -> AsyncGenerator[Updates]:
        asker, name, rehearsals, created = self._asker(values, request), None, self._rehearsals, self._created
        if rehearsals is None or created is None:
            return
        yield {self._create: gr.update(interactive=False), self._said: told(asker.words("Creating …"))}
        try:
            plan = await in_thread(lambda: rehearsals.create(asker.order, asker.owner, asker.address, asker.words))
            name, said = plan.name, steps_view(asker.words("Created on the twin:"), plan.creates, asker.words)
        except (Refused, BackendError) as error:
            said = refusal(error, asker.words("Nothing of it is left."))
        yield {self._create: gr.update(interactive=True), self._said: said} | created.show(values, asker.words, name)

    def _order(self, values: Mapping[Any, Any]) -> Order:
        model, instance, name = ((values[control] or "").strip() for control in (self._model, self._instance, self._name))
        return Order(values[self._kind], model, instance, name, values[self._fault] or NO_FAULT)

    def _asker(self, values: Mapping[Any, Any], request: gr.Request) -> Asker:
        owner = (values[self._created.owner] or "") if self._created else ""
        return Asker(self._order(values), owner, address_of(request), words_of(request))


def _choice(named: str, choices: Sequence[str], value: str, name: str, min_width: int = 150) -> gr.Dropdown:
    return gr.Dropdown(list(choices), value=value, label=named, allow_custom_value=True, min_width=min_width, elem_id=name)


def _instances(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name or label("the model's own"), name) for name in names]
