"""The conversations that the browser keeps, in the side panel: listed, searched, opened, renamed, deleted, exported and imported.

They stand in the browser's storage alone (`gr.BrowserState`): every handler is given them, and says what they are from then on. Tabs of one browser merge what
they keep. As one writes, page.html tells the others, and these have their state mounted again, which is when Gradio reads the storage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import gradio as gr

from demo.answers import html_area
from demo.chat import NOTHING, ChatTab, Values
from demo.chat_controls import Updates
from demo.downloads import Download, Downloads
from demo.labels import label, words_of
from demo.language import Words, mark
from demo.literal import note
from demo.saved import CONVERSATIONS, ROOM_BYTES, CannotKeep, export, size_bytes
from demo.saved_markdown import markdown
from demo.sessions import utc_now
from demo.shelf import Saved, Shelf, new_id
from demo.shelf_files import Listed, decoded, listing, remove, with_file, without_tapes
from demo.shelf_view import choices, file_name, imported, link, room
from demo.shelf_work import Known, Open, Own, Place, Worker
from demo.thread import Thread

STORAGE_KEY = "streamtwin-conversations-v1"
SECRET = "streamtwin"  # noqa: S105 - none: with Gradio's own, another at every start, what was kept would be lost


@dataclass(frozen=True, slots=True)
class Moment:
    """What a handler knows."""

    values: Values
    own: Own
    kept: Shelf
    """What the browser keeps."""
    shelf: Shelf
    """That, and what this page kept which another tab's writing left out."""
    words: Words
    ms: int
    """The time, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation that the chat is to show, None for an empty one, and what else changes if it does."""

    saved: Saved | None
    updates: Updates


Handler: TypeAlias = Callable[[Moment], Updates | Opening | Download]
"""What becomes of a moment; run in a thread, it touches nothing but what it is given."""


class ShelfPanel:
    """The list of conversations; made inside a `gr.Blocks`, and wired once the chat is there."""

    def __init__(self, downloads: Downloads, now: Callable[[], datetime] = utc_now) -> None:
        self._downloads = downloads
        self._now = now
        self._worker, self._known = Worker(), Known()
        self._place = gr.State(Place())
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
        inputs: set[Any] = {self._kept, self._place, self._query, self._title, chat.thread, chat.identity, chat.plain, chat.box}
        controls = [self._query, self._list, self._tools, self._title, self._room, self._note, self._undo, self._all]
        outputs = [self._kept, *controls, self._version, tabs, *chat.outputs]
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
            words, place = words_of(request), values[self._place]
            try:
                async with place.turn:
                    updates = await self._done(handler, values, request, place.own)
                    place.own = updates.pop(self._place, place.own)
                    return updates
            except CannotKeep as refused:
                return {self._note: note(refused.said(words), is_news=True), self._list: place.own.open.id or None}
            finally:
                if values.get(self._import):
                    remove(values[self._import])

        return run

    async def _done(self, handler: Handler, values: Values, request: gr.Request, own: Own) -> Updates:
        """Return what a handler does, and whatever has to be done on the event loop; raises CannotKeep."""
        words, ms = words_of(request), int(self._now().timestamp() * 1000)
        done = await self._worker.do(lambda: handler(Moment(values, own, *self._shelves(values, own), words, ms)))
        if isinstance(done, Opening):
            return await self._opened(done, values, request)
        return self._offered(done, request) if isinstance(done, Download) else done

    def _shelves(self, values: Values, own: Own) -> tuple[Shelf, Shelf]:
        """Return what the browser keeps, and that with what this page kept; raises CannotKeep."""
        text = values[self._kept] or ""
        try:
            kept = decoded(text, self._known)
            return kept, kept if own.mine in ("", text) else kept.merge(self._known.read(own.mine))
        except CannotKeep as error:
            raise CannotKeep(mark("This browser's conversations cannot be read, and nothing is added to them. {why}"), why=error) from error

    def keep(self, moment: Moment) -> Updates:
        """Keep the conversation that the chat shows, if it changed."""
        shelf, shown, thread = moment.shelf, moment.own.open, without_tapes(moment.values[self._chat.thread])
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

    def show(self, moment: Moment) -> Updates:
        """List what is kept and matches what is looked for; keep what another tab's writing left out."""
        shown = moment.own.open
        if moment.shelf != moment.kept:
            return self._keeping(moment, moment.shelf, shown)
        return self._showing(moment, moment.shelf, shown)

    def pick(self, moment: Moment) -> Updates | Opening:
        """Open the conversation that is picked from the list."""
        saved = moment.shelf.find(moment.values[self._list])
        return self._opening(moment, moment.shelf, saved) if saved else self._showing(moment, moment.shelf, moment.own.open)

    def ask_title(self, moment: Moment) -> Updates:
        """Ask for the open conversation's title."""
        return {self._title: gr.update(visible=True, value=saved.name)} if (saved := self._saved(moment)) else {self._title: gr.skip()}

    def rename(self, moment: Moment) -> Updates:
        """Give the open conversation a title; without one, its first question names it again."""
        saved, title = self._saved(moment), (moment.values[self._title] or "").strip()
        shelf = moment.shelf.put(replace(saved, title=title, changed_ms=moment.ms)) if saved else moment.shelf
        return self._keeping(moment, shelf, moment.own.open) | {self._title: gr.update(visible=False)}

    def delete(self, moment: Moment) -> Updates | Opening:
        """Delete the open conversation; it can be had back until the next one changes."""
        saved = self._saved(moment)
        if saved is None:
            return self._showing(moment, moment.shelf, moment.own.open)
        said = note(moment.words("Deleted: {name}", name=saved.name), is_news=True)
        more = {self._note: said, self._undo: gr.update(visible=True)}
        return self._opening(replace(moment, own=replace(moment.own, deleted=saved)), moment.shelf.delete(saved.id, moment.ms), None, more)

    def undo(self, moment: Moment) -> Updates | Opening:
        """Have the conversation back that was deleted last."""
        deleted = moment.own.deleted
        if deleted is None:
            return self._showing(moment, moment.shelf, moment.own.open)
        saved = replace(deleted, changed_ms=moment.ms)
        return self._opening(moment, moment.shelf.put(saved), saved)

    def export_markdown(self, moment: Moment) -> Updates | Download:
        """Offer the open conversation as Markdown."""
        return self._offering(moment, "md", "text/markdown", markdown)

    def export_json(self, moment: Moment) -> Updates | Download:
        """Offer the open conversation as JSON."""
        return self._offering(moment, "json", "application/json", export)

    def export_all(self, moment: Moment) -> Download:
        """Offer all conversations as JSON."""
        return Download("conversations.json", "application/json", export(*moment.shelf.saved))

    def take_in(self, moment: Moment) -> Updates:
        """Add the conversations of a file to those that are here."""
        shelf, new = with_file(moment.shelf, Path(moment.values[self._import]), moment.ms)
        added = len(shelf.saved) - len(moment.shelf.saved)
        said = note(imported(added, new - added, moment.words), is_news=True)
        return self._keeping(moment, shelf, moment.own.open) | {self._note: said}

    def _saved(self, moment: Moment) -> Saved | None:
        """Return the open conversation, as it is kept."""
        return moment.shelf.find(moment.own.open.id)

    def _opening(self, moment: Moment, shelf: Shelf, saved: Saved | None, more: Updates = NOTHING) -> Opening:
        """Return what keeps the shelf, and shows one of its conversations in the chat, or an empty one; raises CannotKeep."""
        shown = Open(saved.id, saved.id, saved.thread) if saved else Open()
        return Opening(saved, self._keeping(moment, shelf, shown) | {self._title: gr.update(visible=False)} | more)

    async def _opened(self, opening: Opening, values: Values, request: gr.Request) -> Updates:
        """Show a conversation in the chat; raises CannotKeep while that waits for an answer."""
        if self._chat.is_answering(request):
            raise CannotKeep(mark("An answer is on its way: stop it first, or let it end."))
        saved = opening.saved
        opened = await self._chat.opened(saved.thread if saved else Thread(), values[self._chat.plain], request, values[self._chat.box])
        there = {self._chat.identity: saved.id, self._tabs: gr.Tabs(selected="chat")} if saved else {}
        return opened | there | opening.updates

    def _keeping(self, moment: Moment, shelf: Shelf, shown: Open) -> Updates:
        """Return what writes the shelf to the browser's storage; raises CannotKeep where it does not fit in there."""
        listed = listing(shelf, moment.values[self._query] or "", self._known)
        is_too_large = listed.size_bytes > ROOM_BYTES and listed.size_bytes > size_bytes(moment.values[self._kept] or "")
        if is_too_large or len(shelf.saved) > CONVERSATIONS:
            raise CannotKeep(
                mark("There is no room left in this browser, so that this is not kept. Export what you want to keep elsewhere, then delete some conversations.")
            )
        quiet = {self._note: "", self._undo: gr.update(visible=False)}
        written = {} if listed.text == moment.values[self._kept] else {self._kept: listed.text}
        return self._said(moment, shelf, shown, listed) | quiet | written | {self._place: replace(moment.own, mine=listed.text, open=shown)}

    def _showing(self, moment: Moment, shelf: Shelf, shown: Open) -> Updates:
        """Return what lists the shelf."""
        return self._said(moment, shelf, shown, listing(shelf, moment.values[self._query] or "", self._known))

    def _said(self, moment: Moment, shelf: Shelf, shown: Open, listed: Listed) -> Updates:
        picked = shown.id if any(saved.id == shown.id for saved in listed.found) else None
        return {
            self._place: replace(moment.own, open=shown),
            self._query: gr.update(visible=bool(shelf.saved)),
            self._list: gr.update(choices=choices(listed.found), value=picked, visible=bool(listed.found)),
            self._tools: gr.update(visible=shelf.find(shown.id) is not None),
            self._title: gr.skip() if shelf.find(shown.id) and shown.id == moment.own.open.id else gr.update(visible=False),
            self._room: note(room(listed.size_bytes, listed.found, shelf, moment.words), is_news=True),
            self._all: gr.update(visible=bool(shelf.saved)),
            self._version: f"<span data-shelf='{listed.digest}'></span>",
        }

    def _offering(self, moment: Moment, kind: str, media_type: str, write: Callable[[Saved], str]) -> Updates | Download:
        saved = self._saved(moment)
        return Download(file_name(saved.name, kind), media_type, write(saved)) if saved else {self._note: gr.skip()}

    def _offered(self, download: Download, request: gr.Request) -> Updates:
        return {self._note: link(self._downloads.offer(request.session_hash or "", download), download.name)}


def _tool(text: str, name: str, *, visible: bool = True) -> gr.Button:
    return gr.Button(text, size="sm", scale=0, min_width=0, visible=visible, elem_id=f"shelf-{name}")
