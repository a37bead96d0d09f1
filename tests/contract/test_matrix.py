"""Every script, every cut, every endpoint, every client: the same text.

At each endpoint, through each cut, each client asks for a few scripts, and for others at the next: all of them at all endpoints would be ten thousand answers.
Every pair of a script with an endpoint, a cut or a client is among those that are tried, and every client tries every cut at every endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import pytest

from backends.events import Finish, Reasoning, StreamEvent, Token, ToolCall
from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from mock_server.containers.media import MEDIA
from mock_server.script import Role, Script, ScriptToken
from tests.contract.clients import CLIENTS, MAX_NEW_TOKENS
from tests.contract.cuttings import CUTS

CATALOG = {name: entry for name, entry in load_catalog(FILE).items() if entry.container not in MEDIA}
THINNED = 3
"""One of so many scripts is asked for by some client, at each endpoint and through each cut."""
ALL: frozenset[Role] = frozenset({"text", "reasoning", "call", "arguments", "mark"})
SHOWS_SPECIAL = frozenset({"falcon-7b-instruct-lmi", "llama-3-8b-instruct-lmi-sse"})
"""Endpoints that write special tokens as text; the others mark them, or leave them out."""
PARSED: dict[str, frozenset[Role]] = {
    "llama-3-8b-instruct-tgi-chat": frozenset({"call", "arguments"}),
    "llama-3-8b-instruct-vllm": frozenset({"reasoning", "call", "arguments"}),
    "qwen-2-5-7b-instruct-sglang": frozenset({"reasoning", "call", "arguments"}),
}
"""What an endpoint tells apart from text; of a call, its marks are none, either. LMI does so where a request has tools."""


def scripts_for(endpoint: str, cut: str, client: str) -> Iterator[Script]:
    first = list(CATALOG).index(endpoint) + CUTS.index(cut) * 5 + list(CLIENTS).index(client) * THINNED
    for place, script in enumerate(CATALOG[endpoint].scripts.values()):
        if (first + place) % (len(CLIENTS) * THINNED) == 0:
            yield script


def said(script: Script, endpoint: str, role: Role) -> str:
    """Return what is read of a script's tokens as text, as thoughts or as arguments of calls."""
    tokens = script.tokens[:MAX_NEW_TOKENS]
    return "".join(token.text for token in tokens if role_of(token, tokens, endpoint) == role)


def role_of(token: ScriptToken, tokens: tuple[ScriptToken, ...], endpoint: str) -> Role | None:
    if token.special:
        return "text" if endpoint in SHOWS_SPECIAL else None
    parsed = PARSED.get(endpoint, frozenset())
    if token.role != "mark":
        return token.role if token.role in parsed else "text"
    before_calls = list(takewhile(lambda other: other.role != "call", tokens))
    around: Role = "reasoning" if any(other is token for other in before_calls) else "call"
    return None if around in parsed else "text"


def read(events: list[StreamEvent]) -> tuple[str, str]:
    """Return the text and the thoughts that were read."""
    text = "".join(event.text for event in events if isinstance(event, Token) and not event.special)
    return text, "".join(event.text for event in events if isinstance(event, Reasoning))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("endpoint_name", CATALOG)
async def test_every_script_arrives_whole(twin: MockServer, endpoint_name: str, cut: str, client: str) -> None:
    endpoint = next(endpoint for endpoint in twin.endpoints if endpoint.name == endpoint_name)
    async with CLIENTS[client](twin) as ask:
        for script in scripts_for(endpoint_name, cut, client):
            *events, finish = await ask(endpoint, f"mock.script={script.name};mock.cut={cut};mock.seed=3")

            assert read(events) == (said(script, endpoint_name, "text"), said(script, endpoint_name, "reasoning")), script.name
            called = [token.name for token in script.tokens if token.role == "call"] if endpoint_name in PARSED else []
            assert any(isinstance(event, ToolCall) for event in events) == bool(called)
            assert len(events) == len(script.tokens[:MAX_NEW_TOKENS]) or endpoint.accepts == "messages"
            assert isinstance(finish, Finish)


def test_every_script_meets_every_endpoint_every_cut_and_every_client() -> None:
    asked = [
        (script.name, endpoint, cut, client) for endpoint in CATALOG for cut in CUTS for client in CLIENTS for script in scripts_for(endpoint, cut, client)
    ]
    scripts, endpoints = len(CATALOG["falcon-7b-instruct-lmi"].scripts), len(CATALOG)
    assert len({(script, endpoint) for script, endpoint, _, _ in asked}) == scripts * endpoints
    assert len({(script, cut) for script, _, cut, _ in asked}) == scripts * len(CUTS)
    assert len({(script, client) for script, _, _, client in asked}) == scripts * len(CLIENTS)
    assert len({told[1:] for told in asked}) == endpoints * len(CUTS) * len(CLIENTS)
