"""The endpoints that people created on the page's twin: shown while they change, chatted with, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from secrets import token_urlsafe
from typing import Any, TypeAlias

import gradio as gr

from backends.deploy.plan import Call
from backends.errors import BackendError
from demo.admission import Refused
from demo.answers import html_area
from demo.create_view import refusal, steps_view
from demo.endpoint_view import table, told
from demo.labels import label, words_of
from demo.language import Words, mark
from demo.panel import Panel
from demo.rehearsals import AT_ONCE, OWNER, Rehearsals, in_thread

STORAGE_KEY = "streamtwin-endpoints-v1"
SECRET = "streamtwin"  # noqa: S105 - none: with Gradio's own, another at every start, nobody would know their endpoints again
BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
BUSY_S, CALM_S = 1.0, 5.0
"""How often the page looks at its endpoints while one of them changes, and while none does."""
REPORT_S = 0.25
"""How often it looks at how far a deletion is."""
CHANGES = {
    "Creating": mark("{name} is being created."),
    "InService": mark("{name} is in service."),
    "Failed": mark("{name} failed."),
    "Deleting": mark("{name} is being deleted."),
}
"""What is said aloud as an endpoint comes into a state."""

Updates: TypeAlias = dict[Any, Any]
Seen: TypeAlias = tuple[tuple[str, str], ...]


class CreatedArea:
    """Made inside the endpoints' `gr.Tab`.

    Args:
        by_browser: Whether an endpoint is that browser's alone that created it.
        pickers: Other lists of endpoints than the panel's.
        tabs: Where the chat is shown by `chat`.
    """

    def __init__(self, rehearsals: Rehearsals, panel: Panel, pickers: Sequence[gr.Dropdown], tabs: gr.Tabs, *, by_browser: bool) -> None:
        self._rehearsals, self._panel, self._pickers, self._tabs = rehearsals, panel, pickers, tabs
        self._by_browser = by_browser
        self.owner: gr.State | gr.BrowserState = gr.BrowserState("", storage_key=STORAGE_KEY, secret=SECRET) if by_browser else gr.State("")
        # What is picked is asked of the server's own state: a list that has changed meanwhile refuses what the browser still has picked.
        self._seen, self._doomed, self._chosen = gr.State(()), gr.State(""), gr.State("")
        self._table = html_area("", "created")
        self._changes = html_area("", "created-said")
        with gr.Row(visible=False, elem_classes="finding", elem_id="created-use") as self._use:
            self._picked = gr.Dropdown([], label=label("Created"), filterable=False, scale=2, min_width=220, elem_id="created-picked")
            self._chat = gr.Button(label("Chat with it"), variant="primary", scale=0, min_width=120, elem_id="created-chat")
            self._delete = gr.Button(label("Delete"), scale=0, min_width=100, elem_id="created-delete")
        with gr.Column(visible=False, elem_id="created-doomed") as self._asked:
            self._doom = html_area("", "created-doom")
            with gr.Row(elem_classes="finding"):
                self._sure = gr.Button(label("Delete all of it"), variant="stop", scale=0, min_width=140, elem_id="created-sure")
                self._keep = gr.Button(label("Keep it"), scale=0, min_width=100, elem_id="created-keep")
        self.report = html_area("", "created-report")
        self._timer = gr.Timer(CALM_S, active=False)
        self._wire()

    @property
    def inputs(self) -> set[Any]:
        """What `drawn` and `open` read."""
        return {self.owner, self._seen, self._chosen}

    @property
    def outputs(self) -> list[Any]:
        """What they show."""
        return [self.owner, self._seen, self._table, self._changes, self._use, self._picked, self._chosen, self._timer]

    def _wire(self) -> None:
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        slow: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": AT_ONCE, "concurrency_id": "rehearsing"}
        self._picked.input(lambda picked: picked, self._picked, self._chosen, **quick)
        self._timer.tick(self._look, self.inputs, self.outputs, **quick)
        asked = [self._doomed, self._asked, self._doom, self.report]
        self._delete.click(self._ask, {self._chosen, self.owner}, asked, **quick)
        self._keep.click(self._spare, None, asked, **quick)
        lists = [self._panel.found, self._panel.endpoint, *self._pickers]
        doomed = {*self.inputs, self._doomed, self._panel.found, self._panel.endpoint}
        self._sure.click(self._delete_it, doomed, [*asked, *self.outputs, *lists], **slow)
        self._chat.click(self._chat_with, {self._chosen, self.owner, self._panel.found}, [*lists, self._tabs, self.report], **quick)

    def open(self, values: Mapping[Any, Any], words: Words) -> Updates:
        """Return what shows somebody's endpoints as they come, and who they are from then on."""
        owner = values[self.owner] or ""
        if self._by_browser and not OWNER.fullmatch(owner):
            owner = token_urlsafe()
        return {self.owner: owner} | self._drawn({**values, self.owner: owner, self._seen: None}, words)

    def show(self, values: Mapping[Any, Any], words: Words, picked: str | None) -> Updates:
        """Return what shows somebody's endpoints once they have tried to create `picked`; None: in vain."""
        return {self.report: ""} | self._drawn({**values, self._chosen: picked or values[self._chosen]}, words)

    async def _look(self, values: Mapping[Any, Any], request: gr.Request) -> Updates:
        """Show what has changed since, if anything has."""
        return self._drawn(values, words_of(request))

    def _drawn(self, values: Mapping[Any, Any], words: Words) -> Updates:
        """Return what shows somebody's endpoints, where they are not shown as they are already; a first time nothing is told aloud."""
        seen = values[self._seen]
        listed = self._rehearsals.listed(values[self.owner] or "")
        now = tuple((found.label, found.status) for found in listed)
        timer = gr.Timer(BUSY_S if any(status in BUSY for _, status in now) else CALM_S, active=True)
        if now == seen:
            return {self._timer: timer}
        names = [name for name, _ in now]
        chosen = values[self._chosen] if values[self._chosen] in names else next(iter(names), "")
        changed = [words(CHANGES[status], name=name) for name, status in now if seen is not None and (name, status) not in seen and status in CHANGES]
        return {
            self._timer: timer,
            self._seen: now,
            self._table: table(listed, words),
            self._changes: told(" ".join(changed)) if changed else "",
            self._use: gr.update(visible=bool(names)),
            self._picked: gr.update(choices=names, value=chosen or None),
            self._chosen: chosen,
        }

    async def _ask(self, values: Mapping[Any, Any], request: gr.Request) -> Updates:
        """Say what would be deleted."""
        words, picked, owner = words_of(request), values[self._chosen], values[self.owner] or ""
        try:
            calls = await in_thread(lambda: self._rehearsals.deletes(picked, owner, words))
        except (Refused, BackendError) as error:
            return self._spared() | {self.report: refusal(error)}
        doom = steps_view(words("This is deleted, and cannot be brought back:"), calls, words)
        return {self._doomed: picked, self._asked: gr.update(visible=True), self._doom: doom, self.report: ""}

    async def _spare(self) -> Updates:
        return self._spared()

    def _spared(self) -> Updates:
        return {self._doomed: "", self._asked: gr.update(visible=False), self._doom: ""}

    async def _delete_it(self, values: Mapping[Any, Any], request: gr.Request) -> AsyncGenerator[Updates]:
        words, name, owner, known = words_of(request), values[self._doomed], values[self.owner] or "", dict(values)
        done: list[Call] = []
        yield self._spared() | {self.report: told(words("Deleting …"))}
        try:
            calls = await in_thread(lambda: self._rehearsals.deletes(name, owner, words))
            deleting = asyncio.ensure_future(in_thread(lambda: self._rehearsals.delete(name, calls, done.append)))
            while not (await asyncio.wait({deleting}, timeout=REPORT_S))[0]:
                drawn = self._drawn(known, words)
                known[self._seen] = drawn.get(self._seen, known[self._seen])
                yield {self.report: steps_view(words("Deleting …"), done, words, ended=False)} | drawn
            await deleting
            said = steps_view(words("Deleted:"), done, words)
        except (Refused, BackendError) as error:
            said = (steps_view(words("Deleted:"), done, words) if done else "") + refusal(error)
        yield {self.report: said} | self._drawn(known, words) | self._without(name, values)

    def _without(self, name: str, values: Mapping[Any, Any]) -> Updates:
        """Take an endpoint that is gone out of this person's lists."""
        added = tuple(found for found in values[self._panel.found] if not (found.is_rehearsed and found.label == name))
        names = self._panel.names(added)
        picked = values[self._panel.endpoint]
        lists = {picker: gr.update(choices=names) for picker in self._pickers}
        return {self._panel.found: added, self._panel.endpoint: gr.update(choices=names, value=picked if picked in names else names[0]), **lists}

    async def _chat_with(self, values: Mapping[Any, Any], request: gr.Request) -> Updates:
        """Put what is picked into this person's lists, and let them chat with it once it answers."""
        words, picked, added = words_of(request), values[self._chosen], values[self._panel.found]
        found = next((each for each in self._rehearsals.listed(values[self.owner] or "") if each.label == picked), None)
        if found is None or found.status not in ("InService", "Updating"):
            return {self.report: told(words("{name} does not answer now.", name=picked or "?"))}
        added = (*(each for each in added if each.label != found.label), found)
        names = self._panel.names(added)
        return {
            self._panel.found: added,
            self._panel.endpoint: gr.update(choices=names, value=found.label, interactive=True),
            **{picker: gr.update(choices=names, interactive=True) for picker in self._pickers},
            self._tabs: gr.update(selected="chat"),
            self.report: "",
        }
