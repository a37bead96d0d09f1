"""Every script, every cut, every endpoint, every client: the same text."""

from __future__ import annotations

import pytest

from backends.events import Finish, Token
from mock_server import MockServer
from mock_server.catalog import FILE, load_catalog
from mock_server.script import FOLDER, Script, load_scripts
from tests.contract.clients import CLIENTS, MAX_NEW_TOKENS
from tests.contract.cuttings import CUTS

SCRIPTS = load_scripts(FOLDER)
ENDPOINTS = tuple(load_catalog(FILE))


def said(script: Script, *, with_special: bool) -> str:
    """Return what a container lets through: LMI 0.23 writes special tokens as text, TGI marks them."""
    return "".join(token.text for token in script.tokens[:MAX_NEW_TOKENS] if with_special or not token.special)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("endpoint_name", ENDPOINTS)
async def test_every_script_arrives_whole(twin: MockServer, endpoint_name: str, cut: str, client: str) -> None:
    endpoint = next(endpoint for endpoint in twin.endpoints if endpoint.name == endpoint_name)
    is_lmi = endpoint_name.endswith("lmi")
    async with CLIENTS[client](twin) as ask:
        for name, script in SCRIPTS.items():
            *tokens, finish = await ask(endpoint, f"mock.script={name};mock.cut={cut};mock.seed=3")

            assert all(isinstance(token, Token) for token in tokens)
            assert "".join(token.text for token in tokens if isinstance(token, Token) and not token.special) == said(script, with_special=is_lmi), name
            assert len(tokens) == len(script.tokens[:MAX_NEW_TOKENS])
            assert isinstance(finish, Finish)
