from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from demo.prefix import Prefix

STUDIO = "/jupyterlab/default/proxy/7860"

PATHS = [
    ("", {}, "/assets/a.js", "/assets/a.js", ""),
    ("/chat", {}, "/assets/a.js", "/assets/a.js", "/chat"),
    ("/chat/", {}, "/chat/assets/a.js", "/assets/a.js", "/chat"),
    ("/chat", {}, "/chat", "/", "/chat"),
    ("/chat", {}, "/chats/a", "/chats/a", "/chat"),
    ("/chat", {"x-forwarded-prefix": STUDIO}, "/", "/", "/chat"),
    ("", {"x-forwarded-prefix": STUDIO}, "/", "/", STUDIO),
    ("", {"x-forwarded-prefix": STUDIO + "/"}, "/media/x", "/media/x", STUDIO),
    ("", {"x-forwarded-prefix": "/"}, "/", "/", ""),
    ("", {"x-forwarded-prefix": "//elsewhere.example/"}, "/", "/", ""),
    ("", {"x-forwarded-prefix": "https://elsewhere.example"}, "/", "/", ""),
    ("", {"x-forwarded-prefix": '/a"><script>'}, "/", "/", ""),
]


@pytest.mark.parametrize(("root_path", "headers", "path", "expected", "root"), PATHS)
async def test_the_page_sees_paths_from_its_own_root_on(root_path: str, headers: dict[str, str], path: str, expected: str, root: str) -> None:
    scope = await seen(root_path, {"type": "http", "path": path, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == (expected, expected.encode(), root)


async def test_what_is_no_request_passes_as_it_is() -> None:
    assert await seen("/chat", {"type": "lifespan"}) == {"type": "lifespan"}


async def seen(root_path: str, scope: dict[str, Any]) -> Scope:
    """Return what an application behind the prefix is given."""
    scopes: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        scopes.append(scope)

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await Prefix(application, root_path)(scope, receive, send)
    return scopes[0]
