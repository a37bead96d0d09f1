"""The form's other way, where the page's owner allows it: an endpoint in the AWS account, after a look at what is there and somebody's consent to the plan."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeAlias

import gradio as gr

from backends.deploy.endings import HalfDone
from backends.errors import BackendError
from demo.admission import Refused
from demo.answers import html_area
from demo.create_view import plan_view, refusal, steps_view
from demo.deployment import Prepared, left, prepare
from demo.desk import Desk
from demo.endpoint_view import told
from demo.labels import label, words_of
from demo.language import Words
from demo.orders import Order
from demo.rehearsals import AT_ONCE, in_thread

Updates: TypeAlias = dict[Any, Any]


class AccountArea:
    """Made inside the form.

    Args:
        order: Returns what the form asks for.
    """

    def __init__(self, desk: Desk, order: Callable[[Mapping[Any, Any]], Order]) -> None:
        self._desk, self._order = desk, order
        self._prepared = gr.State(None)
        self._plan_it = gr.Button(label("Create in the AWS account …"), scale=0, min_width=160, elem_id="account-plan-it")
        with gr.Column(visible=False, elem_id="account-asked") as self._asked:
            self._plan = html_area("", "account-plan")
            with gr.Row(elem_classes="finding"):
                self._sure = gr.Button(label("Create it, and pay for it"), variant="stop", scale=0, min_width=160, elem_id="account-sure")
                self._not = gr.Button(label("Create nothing"), scale=0, min_width=120, elem_id="account-not")
        self._said = html_area("", "account-said")

    def wire(self, inputs: set[Any]) -> None:
        """Listen; `inputs` is the form."""
        slow: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": AT_ONCE, "concurrency_id": "deploying"}
        shown = [self._prepared, self._plan_it, self._asked, self._plan, self._said]
        self._plan_it.click(self._prepare, inputs, shown, **slow)
        self._sure.click(self._create, {self._prepared}, shown, **slow)
        self._not.click(self._decline, None, shown, queue=False, show_progress="hidden", api_visibility="private")

    async def _prepare(self, values: Mapping[Any, Any], request: gr.Request) -> AsyncGenerator[Updates]:
        """Look at the account, and show what would be created there."""
        words, order = words_of(request), self._order(values)
        yield self._ended() | {self._plan_it: gr.update(interactive=False), self._said: told(words("Asking AWS …"))}
        try:
            self._desk.check_may_deploy()
            prepared = await in_thread(lambda: prepare(order, words))
        except (Refused, BackendError) as error:
            yield self._ended() | {self._said: refusal(error, words("Nothing was created."))}
            return
        lead = words("In account {account}, region {region}, this would be created:", account=prepared.place.account, region=prepared.place.region)
        plan = told(lead) + plan_view(prepared.plan, words, is_real=True)
        yield self._ended() | {self._prepared: prepared, self._asked: gr.update(visible=True), self._plan: plan, self._said: ""}

    async def _create(self, values: Mapping[Any, Any], request: gr.Request) -> AsyncGenerator[Updates]:
        """Create what was agreed to, once."""
        words, prepared = words_of(request), values[self._prepared]
        if prepared is None:
            yield self._ended()
            return
        yield self._ended() | {self._plan_it: gr.update(interactive=False), self._said: told(words("Creating …"))}
        try:
            self._desk.check_may_deploy()
            await in_thread(prepared.create)
            said = steps_view(words("Created in the AWS account:"), prepared.plan.creates, words)
            said += told(words("It costs money until it is deleted: `{command}`", command=prepared.delete_command))
        except HalfDone as stopped:
            said = refusal(stopped) + _clean_up(stopped, prepared, words)
        except BackendError as error:
            said = refusal(error, words("Nothing was created."))
        yield self._ended() | {self._said: said}

    async def _decline(self, request: gr.Request) -> Updates:
        return self._ended() | {self._said: told(words_of(request)("Nothing was created."))}

    def _ended(self) -> Updates:
        return {self._prepared: None, self._plan_it: gr.update(interactive=True), self._asked: gr.update(visible=False), self._plan: ""}


def _clean_up(stopped: HalfDone, prepared: Prepared, words: Words) -> str:
    """Return what there is now, and the command that deletes it."""
    return told(words("This exists now, or may: {things}. To clean up: `{command}`", things=", ".join(left(stopped)) or "-", command=prepared.delete_command))
