"""A stranger who calls the page's functions over HTTP with whatever they like: on a public page nobody makes the server ask anybody else.

On a private one the same calls get through, which shows that they are ones that could.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from backends.settings import Settings
from demo.panel import NUMBERS
from tests.backends.account_side import LMI, AccountSide, Told, account_side, environ_of
from tests.backends.test_probe import server
from tests.demo.serving import serving

DEADLINE_S = 180.0
NO_TEXT = {"offered-tools", *(name for name, _, _ in NUMBERS)}
"""Controls for numbers or JSON: with an address in one of them, nothing is asked at all."""


@contextmanager
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str], AccountSide]]:
    """Yield an address that nobody named to the page, the paths that it was asked for, and an account that nobody named either."""
    with server({"/ping": (200, b""), "/invocations": (405, b"")}) as (url, asked), account_side(Told("llama", LMI)) as account:
        for name, value in environ_of(account).items():
            monkeypatch.setenv(name, value)
        yield url, asked, account


def forged(component: Mapping[str, Any], url: str, *, legal: bool) -> Any:
    """Return what a stranger puts in the place of a control's value, or of a state: the address everywhere, or only where a legal value leaves room for it."""
    added = {"endpoint": {"name": "x", "accepts": "inputs", "family": "plain", "url": url}, "front": "Container directly", "status": "healthy"}
    if component["type"] == "state":
        return [added]
    value = component["props"].get("value")
    takes_no_address = component["type"] == "dropdown" or component["props"].get("elem_id") in NO_TEXT
    return value if legal and (value or takes_no_address) else url


def call(client: httpx.Client, number: int, data: list[Any], session: str) -> str:
    """Call one of the page's functions as its own script does, and return what it says at its end."""
    joined = client.post("gradio_api/queue/join", json={"fn_index": number, "session_hash": session, "data": data, "trigger_id": None, "event_data": None})
    if joined.is_error:
        return joined.text
    with client.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as events:
        for line in events.iter_lines():
            told = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if told.get("msg") in ("process_completed", "close_stream", "unexpected_error"):
                return line
    return ""


def call_all(page: str, url: str, chosen: Sequence[str] = ()) -> list[str]:
    """Call the page's functions, or those that hang on the controls of these names, with the address wherever it may stand; return what came back."""
    with httpx.Client(base_url=page, trust_env=False, timeout=DEADLINE_S) as client:
        config = client.get("config").json()
        components = {component["id"]: component for component in config["components"]}
        said = []
        for function in config["dependencies"]:
            names = {components[number]["props"].get("elem_id") for number, _ in function["targets"] if number in components}
            if chosen and names.isdisjoint(chosen):
                continue
            for legal in (True, False) if "send" in names else (True,):
                data = [forged(components[number], url, legal=legal) for number in function["inputs"]]
                said.append(call(client, function["id"], data, "stranger"))
        said.append(client.get(f"gradio_api/file={quote(url, safe='')}").text)
        said.append(client.get(f"gradio_api/proxy={url}/ping").text)
    return said


UNBOUNDED = (("questions_a_minute", 1000), ("pages_each", 1000), ("connections_each", 1000))
"""What would turn a stranger away for another reason."""


def test_nobody_makes_a_public_page_ask_anybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with places(monkeypatch) as (url, asked, account), serving(Settings(public=True, limits=UNBOUNDED)) as page:
        said = call_all(page.url, url)
    assert len(said) > 20
    assert (asked, account.asked) == ([], [])


@pytest.mark.parametrize(("control", "questions"), [("send", 1), ("race-send", 2)])
def test_a_stranger_s_legal_question_reaches_the_page_s_own_endpoint(control: str, questions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with places(monkeypatch) as (url, asked, _), serving(Settings(public=True, limits=UNBOUNDED)) as page:
        call_all(page.url, url, (control,))
        journal = httpx.get(f"http://{page.twin}/_mock/journal", trust_env=False, timeout=DEADLINE_S).json()
    assert [url in entry["body"] for entry in (*journal["finished"], *journal["open"])] == [True] * questions
    assert asked == []


def test_the_same_calls_get_through_on_a_private_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with places(monkeypatch) as (url, asked, account), serving(Settings()) as page:
        call_all(page.url, url, ("look", "aws-list"))
    assert "/ping" in asked
    assert "ListEndpoints" in account.asked


def test_a_public_page_has_no_place_for_an_address_or_a_profile() -> None:
    def names(settings: Settings) -> set[str]:
        with serving(settings) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=DEADLINE_S) as client:
            return {component["props"].get("elem_id") for component in client.get("config").json()["components"]}

    controls = {"address", "look", "aws-profile", "aws-region", "aws-list", "found-add", "endpoints-check"}
    assert controls <= names(Settings())
    assert not controls & names(Settings(public=True))
