"""The twin: a local server that an AWS SDK cannot tell from a streaming SageMaker endpoint, except that it can be told what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.embedded import MockServer as MockServer


def __getattr__(name: str) -> Any:
    if name == "MockServer":  # its imports take half a second, which whoever reads a script or a cut need not wait for
        from mock_server.embedded import MockServer

        return MockServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
