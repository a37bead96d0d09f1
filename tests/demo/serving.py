"""A page that is served in this process, as its command serves it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backends.settings import Settings
from demo.desk import open_desk
from demo.serve import bind, create_server


@dataclass(frozen=True, slots=True)
class Served:
    """Where a page and its twin are."""

    port: int
    twin: str
    """Host and port of the twin."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Serve a page at a free port until the block ends."""
    with bind(settings.host, 0) as listener, open_desk(settings) as desk:
        server = create_server(desk, settings)
        thread = threading.Thread(target=server.run, args=([listener],), name="page")
        thread.start()
        try:
            yield Served(listener.getsockname()[1], desk.place)
        finally:
            server.should_exit = True
            thread.join()
