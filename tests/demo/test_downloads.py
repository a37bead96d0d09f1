"""What pages offer for download."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.downloads import Download, Downloads


def test_of_more_than_there_is_room_for_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, file = Downloads(), Download("a.md", "text/markdown", "x" * 10_000)
    client = TestClient(Starlette(routes=[downloads.route()]))
    monkeypatch.setattr("demo.downloads.KEPT_BYTES", 2 * file.size_bytes)
    offered = [downloads.offer(session, file) for session in ("one", "two", "one", "two", "three")]
    assert [client.get(address).status_code for address in offered] == [404, 404, 404, 200, 200]


def test_a_file_that_alone_is_too_large_is_offered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.downloads.KEPT_BYTES", 1)
    downloads = Downloads()
    client = TestClient(Starlette(routes=[downloads.route()]))
    assert client.get(downloads.offer("one", Download("a.md", "text/markdown", "a"))).status_code == 200
