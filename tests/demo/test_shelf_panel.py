"""The handlers of the list of conversations, as Gradio calls them; the browser's storage is what they were given last."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from backends.endpoints import Endpoint
from backends.events import Finish, Token
from demo.admission import Admission
from demo.chat import ChatTab
from demo.desk import Desk
from demo.downloads import Download, Downloads
from demo.limits import PRIVATE
from demo.panel import Panel
from demo.saved import ROOM_BYTES, decode, encode, export
from demo.shelf import Saved, Shelf
from demo.shelf_files import IMPORT_BYTES
from demo.shelf_panel import Moment, ShelfPanel
from demo.shelf_view import file_name
from demo.tape import Tapes
from demo.thread import Thread
from demo.turns import Turn
from tests.demo.fakes import FOREVER, ScriptedBackend, Step

ANSWER: tuple[Step, ...] = (Token("yes"), Finish("stop"))
START = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class Visitor:
    """Somebody at a page, whose browser keeps what the page says; `storage` is shared by the tabs of one browser."""

    def __init__(self, *script: Step, storage: dict[str, str] | None = None, session: str = "one") -> None:
        self.storage = {"kept": ""} if storage is None else storage
        self.session = session
        self.seconds = 0
        backend = ScriptedBackend((script or ANSWER,))
        with gr.Blocks() as blocks:
            panel = Panel(desk := Desk(headline="", place="", endpoints=(Endpoint("one"),), fronts={"front": lambda: backend}))
            self.downloads = Downloads()
            self.shelf = ShelfPanel(self.downloads, self.clock)
            with gr.Tabs() as tabs, gr.Tab(id="chat"):
                self.chat = ChatTab(desk, panel, Tapes(), Admission(PRIVATE))
            self.shelf.wire(self.chat, tabs, blocks)
        own = self.shelf
        controls = {
            *panel.inputs, self.chat.thread, self.chat.identity, self.chat.plain, self.chat.box, own._kept, own._place, own._query, own._title, own._list,
            own._import,
        }  # fmt: skip
        self.values: dict[Any, Any] = {control: getattr(control, "value", None) for control in controls}
        self.updates: dict[Any, Any] = {}
        self.read()

    def clock(self) -> datetime:
        self.seconds += 1
        return START + timedelta(seconds=self.seconds)

    def read(self) -> None:
        """Read the storage anew, as a page that is loaded does."""
        self.values[self.shelf._kept] = self.storage["kept"]

    async def do(self, handler: Any, **typed: Any) -> dict[Any, Any]:
        """Let a handler run with what is typed into its controls; keep what it sets."""
        self.values |= {getattr(self.shelf, f"_{name}"): value for name, value in typed.items()}
        updates = await self.shelf._handled(handler)(dict(self.values), gr.Request(session_hash=self.session))
        for control, value in updates.items():
            if control in self.values and not (isinstance(value, dict) and value.get("__type__") == "update"):
                self.values[control] = value
        self.storage["kept"] = self.values[self.shelf._kept]
        self.updates |= updates
        return updates

    async def ask(self, question: str) -> None:
        """Ask, and let what came be kept."""
        self.values[self.chat.box] = question
        async for updates in self.chat._ask_typed(dict(self.values), gr.Request(session_hash=self.session)):
            self.values |= {control: value for control, value in updates.items() if control in self.values}
        await self.do(self.shelf.keep)

    async def begin_anew(self) -> None:
        self.values |= await self.chat._cleared(False, "", gr.Request(session_hash=self.session))
        await self.do(self.shelf.keep)

    def kept(self) -> list[str]:
        """Return the questions of each conversation that is kept."""
        return [" ".join(turn.question for turn in saved.thread.turns) for saved in decode(self.storage["kept"]).saved]

    def shown(self) -> str:
        return " ".join(turn.question for turn in self.values[self.chat.thread].turns)

    def listed(self) -> list[str]:
        return [label.partition("\n")[0] for label, _ in self.updates[self.shelf._list]["choices"]]

    def picked(self) -> Any:
        return self.updates[self.shelf._list]["value"]


async def two_kept() -> Visitor:
    visitor = Visitor()
    await visitor.ask("one")
    await visitor.begin_anew()
    await visitor.ask("two")
    return visitor


def id_of(visitor: Visitor, name: str) -> str:
    return next(saved.id for saved in decode(visitor.storage["kept"]).saved if saved.name == name)


async def test_each_answer_is_kept_in_its_conversation() -> None:
    visitor = await two_kept()
    await visitor.ask("more")
    assert visitor.kept() == ["two more", "one"]
    assert visitor.listed() == ["two", "one"]
    assert visitor.picked() == id_of(visitor, "two")


async def test_a_conversation_keeps_its_id_which_tells_nothing_of_the_page() -> None:
    visitor = Visitor()
    await visitor.ask("one")
    identity = id_of(visitor, "one")
    await visitor.ask("more")
    assert (visitor.kept(), id_of(visitor, "one")) == (["one more"], identity)
    assert visitor.session not in (identity, visitor.values[visitor.shelf._place].own.open.identity)


async def test_what_did_not_change_is_not_written() -> None:
    visitor = await two_kept()
    assert visitor.shelf._kept not in await visitor.do(visitor.shelf.keep)


async def test_an_empty_chat_is_not_kept_and_nothing_is_picked() -> None:
    visitor = await two_kept()
    await visitor.begin_anew()
    assert visitor.kept() == ["two", "one"]
    assert visitor.picked() is None
    assert visitor.updates[visitor.shelf._tools]["visible"] is False


async def test_a_page_that_opens_lists_what_is_kept_and_goes_on_with_what_is_picked() -> None:
    before = await two_kept()
    visitor = Visitor(storage=before.storage, session="other")
    visitor.seconds = before.seconds
    await visitor.do(visitor.shelf.show)
    assert visitor.listed() == ["two", "one"]
    updates = await visitor.do(visitor.shelf.pick, list=id_of(before, "one"))
    assert (visitor.shown(), updates[visitor.shelf._tabs].selected) == ("one", "chat")
    await visitor.ask("more")
    assert visitor.kept() == ["one more", "two"]


async def test_a_page_whose_session_the_server_forgot_overwrites_nothing() -> None:
    before = Visitor()
    await before.ask("one")
    visitor = Visitor(storage=before.storage)
    await visitor.ask("two")
    assert sorted(visitor.kept()) == ["one", "two"]


async def test_what_is_looked_for_is_listed() -> None:
    visitor = await two_kept()
    await visitor.do(visitor.shelf.show, query="ONE")
    assert (visitor.listed(), visitor.picked()) == (["one"], None)
    await visitor.do(visitor.shelf.show, query="three")
    assert "Nothing is found." in visitor.updates[visitor.shelf._room]


async def test_a_title_is_kept_and_without_one_the_first_question_names_it() -> None:
    visitor = await two_kept()
    assert (await visitor.do(visitor.shelf.ask_title))[visitor.shelf._title] == gr.update(visible=True, value="two")
    await visitor.do(visitor.shelf.rename, title=" Second ")
    assert visitor.listed() == ["Second", "one"]
    await visitor.ask("more")
    assert visitor.listed() == ["Second", "one"]
    await visitor.do(visitor.shelf.rename, title=" ")
    assert visitor.listed() == ["two", "one"]


async def test_a_title_that_is_typed_stays_until_it_is_given_or_another_conversation_is_open() -> None:
    visitor = await two_kept()
    await visitor.do(visitor.shelf.ask_title)
    title, hidden = visitor.shelf._title, gr.update(visible=False)
    for handler in (visitor.shelf.show, visitor.shelf.keep):
        assert (await visitor.do(handler, query="two"))[title] == gr.skip()
    assert (await visitor.do(visitor.shelf.rename, title="Second"))[title] == hidden
    assert (await visitor.do(visitor.shelf.pick, list=id_of(visitor, "one")))[title] == hidden
    await visitor.begin_anew()
    assert visitor.updates[title] == hidden


async def test_what_is_deleted_is_gone_and_can_be_had_back() -> None:
    visitor = await two_kept()
    updates = await visitor.do(visitor.shelf.delete)
    assert (visitor.kept(), visitor.shown()) == (["one"], "")
    assert "Deleted: two" in updates[visitor.shelf._note]
    assert updates[visitor.shelf._undo]["visible"] is True
    await visitor.do(visitor.shelf.keep)
    await visitor.do(visitor.shelf.undo)
    assert (visitor.kept(), visitor.shown()) == (["two", "one"], "two")
    assert visitor.updates[visitor.shelf._undo]["visible"] is False


@pytest.mark.parametrize("name", ["ask_title", "rename", "delete", "undo", "export_markdown", "export_json"])
async def test_where_no_conversation_is_open_nothing_happens_to_any(name: str) -> None:
    visitor = await two_kept()
    await visitor.begin_anew()
    before = visitor.storage["kept"]
    await visitor.do(getattr(visitor.shelf, name), title="x")
    assert visitor.storage["kept"] == before


async def test_what_is_picked_and_not_there_any_more_changes_nothing() -> None:
    visitor = await two_kept()
    await visitor.do(visitor.shelf.pick, list="gone")
    assert visitor.shown() == "two"


async def test_while_an_answer_is_on_its_way_its_conversation_stays_open() -> None:
    visitor = Visitor(Token("a"), FOREVER)
    visitor.storage["kept"] = encode(Shelf((Saved("kept", Thread().ask(Turn("before", "x")), 0),)))
    visitor.read()
    visitor.values[visitor.chat.box] = "one"
    answer = visitor.chat._ask_typed(dict(visitor.values), gr.Request(session_hash="one"))
    await anext(answer)
    updates = await visitor.do(visitor.shelf.pick, list="kept")
    assert "An answer is on its way" in updates[visitor.shelf._note]
    assert (visitor.shown(), updates[visitor.shelf._list]) == ("", None)
    await answer.aclose()


def tabs_of_one_browser() -> tuple[Visitor, Visitor]:
    one = Visitor()
    return one, Visitor(storage=one.storage, session="two")


async def test_what_tabs_kept_at_the_same_time_is_merged_once_they_hear_of_it() -> None:
    one, two = tabs_of_one_browser()
    await one.ask("one")
    await two.ask("two")
    assert two.kept() == ["two"]
    one.read()
    await one.do(one.shelf.show)
    assert sorted(one.kept()) == ["one", "two"]
    two.read()
    await two.do(two.shelf.show)
    assert sorted(two.kept()) == ["one", "two"]
    assert one.updates[one.shelf._version] == two.updates[two.shelf._version]


async def test_of_a_conversation_that_two_tabs_go_on_with_there_are_two() -> None:
    one, two = tabs_of_one_browser()
    await one.ask("one")
    two.read()
    await two.do(two.shelf.pick, list=id_of(one, "one"))
    await two.ask("more")
    one.read()
    await one.do(one.shelf.show)
    await one.ask("else")
    assert sorted(one.kept()) == ["one else", "one more"]
    await one.ask("again")
    assert sorted(one.kept()) == ["one else again", "one more"]


async def test_what_cannot_be_read_is_said_and_left_as_it_is() -> None:
    visitor = Visitor(storage={"kept": '{"streamtwin": "conversations", "version": 2}'})
    await visitor.ask("one")
    assert "cannot be read" in visitor.updates[visitor.shelf._note]
    assert visitor.storage["kept"] == '{"streamtwin": "conversations", "version": 2}'


async def test_a_storage_that_is_larger_than_any_is_refused_unread_and_an_import_beside_it_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(storage={"kept": " " * (ROOM_BYTES + 1)})
    monkeypatch.setattr("demo.shelf_work.decode", lambda _: pytest.fail("It is read."))
    updates = await visitor.do(visitor.shelf.take_in, **{"import": written(tmp_path, export())})
    assert "larger than 3 MiB" in updates[visitor.shelf._note]
    assert left_in(tmp_path) == []


def watched(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """Return what will name each of these functions as it is called, as long as that is not on the event loop's thread."""
    done: list[str] = []
    loops = threading.get_ident()
    for name in names:
        module, _, function = name.partition(".")
        monkeypatch.setattr(f"demo.{name}", _noted(getattr(import_module(f"demo.{module}"), function), loops, done))
    return done


def _noted(work: Callable[..., Any], loops: int, done: list[str]) -> Callable[..., Any]:
    def run(*given: Any) -> Any:
        done.append(work.__name__ if threading.get_ident() != loops else f"{work.__name__} on the loop")
        return work(*given)

    return run


async def test_what_is_kept_is_read_once_and_written_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(storage=(await two_kept()).storage)
    done = watched(monkeypatch, "shelf_work.decode", "shelf_work.encode")
    for handler, expected in ((visitor.shelf.show, ["decode"]), (visitor.shelf.show, []), (visitor.shelf.pick, []), (visitor.shelf.rename, ["encode"])):
        await visitor.do(handler, title="x", list=id_of(visitor, "two"))
        visitor.read()
        assert done == expected
        done.clear()


async def test_all_work_on_conversations_is_done_off_the_event_loop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = written(tmp_path, export(Saved("new", Thread().ask(Turn("three", "x")), 0)))
    names = ("shelf_work.decode", "shelf_work.encode", "shelf_panel.listing", "shelf_panel.choices", "shelf_panel.with_file", "shelf_panel.export")
    done = watched(monkeypatch, *names)
    visitor = await two_kept()
    for handler in (visitor.shelf.take_in, visitor.shelf.export_json, visitor.shelf.export_all, visitor.shelf.delete, visitor.shelf.undo):
        await visitor.do(handler, **{"import": file})
    monkeypatch.undo()
    assert set(done) == {"decode", "encode", "listing", "choices", "with_file", "export"}
    other = Visitor(storage=visitor.storage)
    done = watched(monkeypatch, *names)
    await other.do(other.shelf.show, query="one")
    assert done == ["decode", "listing", "choices"]


async def test_an_answer_comes_while_conversations_are_worked_at() -> None:
    busy, other, has_ended = Visitor(), Visitor(session="other"), threading.Event()

    def wait(_: Moment) -> dict[Any, Any]:
        return {busy.shelf._note: "" if has_ended.wait(60) else "The loop was held."}

    work = asyncio.create_task(busy.do(wait))
    other.values[other.chat.box] = "one"
    async for _ in other.chat._ask_typed(dict(other.values), gr.Request(session_hash="other")):
        await asyncio.sleep(0)
    has_ended.set()
    assert (await work)[busy.shelf._note] == ""


async def test_what_a_page_changes_at_once_is_changed_in_the_order_in_which_it_came() -> None:
    visitor = await two_kept()
    shelf, before = visitor.shelf, dict(visitor.values)
    request = gr.Request(session_hash=visitor.session)
    steps = ((shelf.rename, "First"), (shelf.delete, ""), (shelf.undo, ""), (shelf.rename, "Last"))
    changed = await asyncio.gather(*(shelf._handled(handler)({**before, shelf._title: title}, request) for handler, title in steps))
    kept = [decode(updates[shelf._kept]) for updates in changed]
    assert [[saved.name for saved in one.saved] for one in kept] == [["First", "one"], ["one"], ["First", "one"], ["Last", "one"]]


async def test_no_more_conversations_are_kept_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = await two_kept()
    monkeypatch.setattr("demo.shelf_panel.CONVERSATIONS", 2)
    await visitor.begin_anew()
    await visitor.ask("three")
    assert "no room left" in visitor.updates[visitor.shelf._note]
    assert visitor.kept() == ["two", "one"]


def shelf_of_size(part: float) -> str:
    return encode(Shelf((Saved("big", Thread().ask(Turn("big", "x" * int(part * ROOM_BYTES))), 0),)))


async def test_a_room_that_is_nearly_full_is_told() -> None:
    visitor = Visitor(storage={"kept": shelf_of_size(0.85)})
    await visitor.do(visitor.shelf.show)
    assert "85% of the room" in visitor.updates[visitor.shelf._room]


async def test_what_does_not_fit_is_told_and_fits_once_something_is_deleted() -> None:
    visitor = Visitor(Token("y" * (ROOM_BYTES // 5)), Finish("stop"), storage={"kept": shelf_of_size(0.9)})
    await visitor.ask("one")
    assert "no room left" in visitor.updates[visitor.shelf._note]
    assert visitor.kept() == ["big"]
    other = Visitor(storage=visitor.storage, session="two")
    await other.do(other.shelf.pick, list="big")
    await other.do(other.shelf.delete)
    visitor.read()
    await visitor.do(visitor.shelf.keep)
    assert visitor.kept() == ["one"]


def written(folder: Path, text: str | bytes) -> str:
    file = folder / "import.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


async def test_an_import_adds_what_is_not_there_and_leaves_no_file(tmp_path: Path) -> None:
    visitor = await two_kept()
    new = Saved("new", Thread().ask(Turn("three", "x")), 0)
    for said in ("1 conversation is imported. 1 was here already.", "0 conversations are imported. 2 were here already."):
        file = written(tmp_path, export(new, decode(visitor.storage["kept"]).saved[0]))
        updates = await visitor.do(visitor.shelf.take_in, **{"import": file})
        assert said in updates[visitor.shelf._note]
        assert visitor.kept() == ["two", "one", "three"]
        assert left_in(tmp_path) == []


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff", "no text in UTF-8"), ("hello", "no whole JSON"), (b" " * (IMPORT_BYTES + 1), "larger than 8 MiB"), (shelf_of_size(1.1), "no room left")],
    ids=["no text", "no JSON", "too large a file", "too large for the browser"],
)
async def test_an_import_that_is_refused_changes_nothing(data: str | bytes, said: str, tmp_path: Path) -> None:
    visitor = await two_kept()
    updates = await visitor.do(visitor.shelf.take_in, **{"import": written(tmp_path, data)})
    assert said in updates[visitor.shelf._note]
    assert visitor.kept() == ["two", "one"]
    assert left_in(tmp_path) == []


async def test_a_file_that_somebody_else_took_is_asked_for_again(tmp_path: Path) -> None:
    visitor = await two_kept()
    updates = await visitor.do(visitor.shelf.take_in, **{"import": str(tmp_path / "gone.json")})
    assert "choose the file again" in updates[visitor.shelf._note]


async def test_an_export_is_offered_until_the_page_is_gone() -> None:
    visitor = await two_kept()
    client = TestClient(Starlette(routes=[visitor.downloads.route()]))

    async def fetched(handler: Any) -> tuple[str, str]:
        note = (await visitor.do(handler))[visitor.shelf._note]
        response = await asyncio.to_thread(client.get, note.partition("href='")[2].partition("'")[0])
        return response.headers["content-disposition"], response.text

    name, text = await fetched(visitor.shelf.export_markdown)
    assert (name, text[:6]) == ("attachment; filename*=UTF-8''two.md", "# two\n")
    assert [saved.name for saved in decode((await fetched(visitor.shelf.export_json))[1]).saved] == ["two"]
    name, text = await fetched(visitor.shelf.export_all)
    assert (name, len(decode(text).saved)) == ("attachment; filename*=UTF-8''conversations.json", 2)
    address = visitor.downloads.offer(visitor.session, Download("a.md", "text/markdown", "a"))
    await visitor.shelf.leave(gr.Request(session_hash=visitor.session))
    assert (await asyncio.to_thread(client.get, address)).status_code == 404


@pytest.mark.parametrize(
    ("name", "file"),
    [("what is life?", "what-is-life.md"), ("../../etc", "etc.md"), ("人生", "人生.md"), ("…", "conversation.md"), ("x" * 99, "x" * 60 + ".md")],
)
def test_a_file_is_named_by_the_letters_and_digits_of_its_conversation(name: str, file: str) -> None:
    assert file_name(name, "md") == file
