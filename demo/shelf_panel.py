"""The conversations that the browser keeps, in the side panel: listed, searched, opened, renamed, deleted, exported and imported.

They stand in the browser's storage alone (`gr.BrowserState`): every handler is given them, and says what they are from then on. Tabs of one browser merge what
they keep. As one writes, page.html tells the others, and these have their state mounted again, which is when Gradio reads the storage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import gradio as gr

from demo.answers import html_area
from demo.chat import ChatTab, Values
from demo.chat_controls import Updates
from demo.downloads import Download, Downloads
from demo.labels import label, words_of
from demo.language import Words, mark
from demo.literal import note
from demo.saved import CONVERSATIONS, ROOM_BYTES, CannotKeep, decode, export, size_bytes
from demo.saved_markdown import markdown
from demo.sessions import utc_now
from demo.shelf import Saved, Shelf, new_id
from demo.shelf_files import Listed, decoded, listing, remove, with_file, without_tapes
from demo.shelf_view import choices, file_name, imported, link, room
from demo.thread import Thread

STORAGE_KEY = "streamtwin-conversations-v1"
SECRET = "streamtwin"  # noqa: S105 - none: with Gradio's own, another at every start, what was kept would be lost


@dataclass(frozen=True, slots=True)
class Open:
    """The conversation that the chat shows, as this page last kept it."""

    identity: str = ""
    """The chat's, of which another tab may have made another conversation."""
    id: str = ""
    thread: Thread = field(default_factory=Thread)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a handler knows."""

    values: Values
    request: gr.Request
    kept: Shelf
    """What the browser keeps."""
    shelf: Shelf
    """That, and what this page kept which another tab's writing left out."""
    words: Words
    ms: int
    """The time, in milliseconds since 1970."""


Handler: TypeAlias = Callable[[Moment], Awaitable[Updates]]


class ShelfPanel:
    """The list of conversations; made inside a `gr.Blocks`, and wired once the chat is there."""

    def __init__(self, downloads: Downloads, now: Callable[[], datetime] = utc_now) -> None:
        self._downloads = downloads
        self._now = now
        self._open, self._deleted, self._mine = gr.State(Open()), gr.State(None), gr.State("")
        with gr.Accordion(label("Conversations"), open=True, elem_id="shelf"):
            self._query = gr.Textbox(
                label=label("Search conversations"), placeholder=label("Search conversations"), show_label=False, container=False, max_lines=1,
                visible=False, elem_id="shelf-query",
            )  # fmt: skip
            self._list = gr.Radio([], label=label("Conversations"), show_label=False, container=False, visible=False, elem_id="shelf-list")
            with gr.Row(visible=False, elem_classes="shelf-tools") as self._tools:
                self._rename, self._delete = _tool(label("Rename"), "rename"), _tool(label("Delete"), "delete")
                self._markdown, self._json = _tool(label("Save as Markdown"), "markdown"), _tool(label("Save as JSON"), "json")
            self._title = gr.Textbox(label=label("Title"), max_lines=1, visible=False, submit_btn=label("Save"), autofocus=True, elem_id="shelf-title")
            self._room = html_area("", "shelf-room")
            self._note = html_area("", "shelf-note")
            self._undo = _tool(label("Undo"), "undo", visible=False)
            with gr.Row(elem_classes="shelf-tools"):
                self._all = _tool(label("Export all"), "all", visible=False)
                self._import = gr.UploadButton(label("Import"), file_types=[".json"], size="sm", scale=0, min_width=0, elem_id="shelf-import")
        self._behind()

    def _behind(self) -> None:
        """Make what nobody sees: the storage, what page.html reads of it, and what it presses to have it read anew."""
        with gr.Column(elem_id="shelf-behind"):
            with gr.Column() as self._mount:
                self._kept = gr.BrowserState("", storage_key=STORAGE_KEY, secret=SECRET)
            self._version = html_area("", "shelf-version")
            self._anew = gr.Button("Read anew", elem_id="shelf-anew")

    def wire(self, chat: ChatTab, tabs: gr.Tabs, blocks: gr.Blocks) -> None:
        """Keep what the chat shows, and show there, on the tab `chat` of `tabs`, what is picked."""
        self._chat, self._tabs = chat, tabs
        inputs: set[Any] = {self._kept, self._mine, self._open, self._deleted, self._query, self._title, chat.thread, chat.identity, chat.plain, chat.box}
        states = [self._kept, self._mine, self._open, self._deleted]
        controls = [self._query, self._list, self._tools, self._title, self._room, self._note, self._undo, self._all]
        outputs = [*states, *controls, self._version, tabs, *chat.outputs]
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        for trigger, handler, more in (
            (blocks.load, self.show, ()),
            (chat.changes.change, self.keep, ()),
            (self._kept.change, self.show, ()),
            (self._rename.click, self.ask_title, ()),
            (self._title.submit, self.rename, ()),
            (self._delete.click, self.delete, ()),
            (self._undo.click, self.undo, ()),
            (self._markdown.click, self.export_markdown, ()),
            (self._json.click, self.export_json, ()),
            (self._all.click, self.export_all, ()),
            (self._import.upload, self.take_in, (self._import,)),
        ):
            trigger(self._handled(handler), {*inputs, *more}, outputs, trigger_mode="multiple", **quick)
        self._query.change(self._handled(self.show), inputs, outputs, trigger_mode="always_last", **quick)
        # What is picked is checked against the list as the server knows it, which other events may change meanwhile: nothing else asks for it.
        self._list.input(self._handled(self.pick), {*inputs, self._list}, outputs, trigger_mode="always_last", **quick)
        self._anew.click(lambda: gr.Column(visible=False), None, self._mount, **quick).then(lambda: gr.Column(visible=True), None, self._mount, **quick)

    async def leave(self, request: gr.Request) -> None:
        """Forget what belongs to a page that is gone."""
        self._downloads.forget(request.session_hash or "")

    def _handled(self, handler: Handler) -> Callable[[Values, gr.Request], Awaitable[Updates]]:
        """Return `handler` as Gradio calls it; what it refuses is said."""

        async def run(values: Values, request: gr.Request) -> Updates:
            words = words_of(request)
            try:
                shelves = self._shelves(values)
                return await handler(Moment(values, request, *shelves, words, int(self._now().timestamp() * 1000)))
            except CannotKeep as refused:
                return {self._note: note(refused.said(words), is_news=True), self._list: values[self._open].id or None}
            finally:
                if values.get(self._import):
                    remove(values[self._import])

        return run

    def _shelves(self, values: Values) -> tuple[Shelf, Shelf]:
        """Return what the browser keeps, and that with what this page kept; raises CannotKeep."""
        text, mine = values[self._kept] or "", values[self._mine]
        try:
            kept = decoded(text)
            return kept, kept if mine in ("", text) else kept.merge(decode(mine))
        except CannotKeep as error:
            raise CannotKeep(mark("This browser's conversations cannot be read, and nothing is added to them. {why}"), why=error) from error

    async def keep(self, moment: Moment) -> Updates:
        """Keep the conversation that the chat shows, if it changed."""
        shelf, shown, thread = moment.shelf, moment.values[self._open], without_tapes(moment.values[self._chat.thread])
        if not thread.nodes:
            return self._showing(moment, shelf, Open())
        identity = moment.values[self._chat.identity] or new_id()
        kept_as = shown.id if shown.identity == identity else identity
        here = shelf.find(kept_as)
        if here and here.thread == thread:
            return self._showing(moment, shelf, Open(identity, kept_as, thread))
        if here and (shown.id, shown.thread) != (kept_as, here.thread):  # another tab went on with it: this tab's is another conversation from now on
            kept_as = new_id()
        shelf = shelf.put(Saved(kept_as, thread, moment.ms, here.title if here else ""))
        return self._keeping(moment, shelf, Open(identity, kept_as, thread)) | {self._chat.identity: identity}

    async def show(self, moment: Moment) -> Updates:
        """List what is kept and matches what is looked for; keep what another tab's writing left out."""
        shown = moment.values[self._open]
        if moment.shelf != moment.kept:
            return self._keeping(moment, moment.shelf, shown)
        return self._showing(moment, moment.shelf, shown)

    async def pick(self, moment: Moment) -> Updates:
        """Open the conversation that is picked from the list."""
        saved = moment.shelf.find(moment.values[self._list])
        return await self._opening(moment, moment.shelf, saved) if saved else self._showing(moment, moment.shelf, moment.values[self._open])

    async def ask_title(self, moment: Moment) -> Updates:
        """Ask for the open conversation's title."""
        return {self._title: gr.update(visible=True, value=saved.name)} if (saved := self._saved(moment)) else {self._title: gr.skip()}

    async def rename(self, moment: Moment) -> Updates:
        """Give the open conversation a title; without one, its first question names it again."""
        saved, title = self._saved(moment), (moment.values[self._title] or "").strip()
        shelf = moment.shelf.put(replace(saved, title=title, changed_ms=moment.ms)) if saved else moment.shelf
        return self._keeping(moment, shelf, moment.values[self._open]) | {self._title: gr.update(visible=False)}

    async def delete(self, moment: Moment) -> Updates:
        """Delete the open conversation; it can be had back until the next one changes."""
        saved = self._saved(moment)
        if saved is None:
            return self._showing(moment, moment.shelf, moment.values[self._open])
        updates = await self._opening(moment, moment.shelf.delete(saved.id, moment.ms), None)
        said = note(moment.words("Deleted: {name}", name=saved.name), is_news=True)
        return updates | {self._deleted: saved, self._note: said, self._undo: gr.update(visible=True)}

    async def undo(self, moment: Moment) -> Updates:
        """Have the conversation back that was deleted last."""
        deleted: Saved | None = moment.values[self._deleted]
        if deleted is None:
            return self._showing(moment, moment.shelf, moment.values[self._open])
        saved = replace(deleted, changed_ms=moment.ms)
        return await self._opening(moment, moment.shelf.put(saved), saved)

    async def export_markdown(self, moment: Moment) -> Updates:
        """Offer the open conversation as Markdown."""
        return self._offering(moment, "md", "text/markdown", markdown)

    async def export_json(self, moment: Moment) -> Updates:
        """Offer the open conversation as JSON."""
        return self._offering(moment, "json", "application/json", export)

    async def export_all(self, moment: Moment) -> Updates:
        """Offer all conversations as JSON."""
        return self._offered(moment, Download("conversations.json", "application/json", export(*moment.shelf.saved)))

    async def take_in(self, moment: Moment) -> Updates:
        """Add the conversations of a file to those that are here."""
        shelf, new = with_file(moment.shelf, Path(moment.values[self._import]), moment.ms)
        added = len(shelf.saved) - len(moment.shelf.saved)
        said = note(imported(added, new - added, moment.words), is_news=True)
        return self._keeping(moment, shelf, moment.values[self._open]) | {self._note: said}

    def _saved(self, moment: Moment) -> Saved | None:
        """Return the open conversation, as it is kept."""
        return moment.shelf.find(moment.values[self._open].id)

    async def _opening(self, moment: Moment, shelf: Shelf, saved: Saved | None) -> Updates:
        """Return what keeps the shelf, and shows one of its conversations in the chat, or an empty one; raises CannotKeep."""
        shown = Open(saved.id, saved.id, saved.thread) if saved else Open()
        kept = self._keeping(moment, shelf, shown)
        if self._chat.is_answering(moment.request):
            raise CannotKeep(mark("An answer is on its way: stop it first, or let it end."))
        opened = await self._chat.opened(shown.thread, moment.values[self._chat.plain], moment.request, moment.values[self._chat.box])
        there = {self._chat.identity: saved.id, self._tabs: gr.Tabs(selected="chat")} if saved else {}
        return opened | there | kept | {self._title: gr.update(visible=False)}

    def _keeping(self, moment: Moment, shelf: Shelf, shown: Open) -> Updates:
        """Return what writes the shelf to the browser's storage; raises CannotKeep where it does not fit in there."""
        listed = listing(shelf, moment.values[self._query] or "")
        is_too_large = listed.size_bytes > ROOM_BYTES and listed.size_bytes > size_bytes(moment.values[self._kept] or "")
        if is_too_large or len(shelf.saved) > CONVERSATIONS:
            raise CannotKeep(
                mark("There is no room left in this browser, so that this is not kept. Export what you want to keep elsewhere, then delete some conversations.")
            )
        quiet = {self._note: "", self._undo: gr.update(visible=False)}
        return self._said(moment, shelf, shown, listed) | quiet | {self._kept: listed.text, self._mine: listed.text}

    def _showing(self, moment: Moment, shelf: Shelf, shown: Open) -> Updates:
        """Return what lists the shelf."""
        return self._said(moment, shelf, shown, listing(shelf, moment.values[self._query] or ""))

    def _said(self, moment: Moment, shelf: Shelf, shown: Open, listed: Listed) -> Updates:
        picked = shown.id if any(saved.id == shown.id for saved in listed.found) else None
        return {
            self._open: shown,
            self._query: gr.update(visible=bool(shelf.saved)),
            self._list: gr.update(choices=choices(listed.found), value=picked, visible=bool(listed.found)),
            self._tools: gr.update(visible=shelf.find(shown.id) is not None),
            self._title: gr.skip() if shelf.find(shown.id) and shown.id == moment.values[self._open].id else gr.update(visible=False),
            self._room: note(room(listed.size_bytes, listed.found, shelf, moment.words), is_news=True),
            self._all: gr.update(visible=bool(shelf.saved)),
            self._version: f"<span data-shelf='{listed.digest}'></span>",
        }

    def _offering(self, moment: Moment, kind: str, media_type: str, write: Callable[[Saved], str]) -> Updates:
        saved = self._saved(moment)
        return self._offered(moment, Download(file_name(saved.name, kind), media_type, write(saved))) if saved else {self._note: gr.skip()}

    def _offered(self, moment: Moment, download: Download) -> Updates:
        return {self._note: link(self._downloads.offer(moment.request.session_hash or "", download), download.name)}


def _tool(text: str, name: str, *, visible: bool = True) -> gr.Button:
    return gr.Button(text, size="sm", scale=0, min_width=0, visible=visible, elem_id=f"shelf-{name}")
