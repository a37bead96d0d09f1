"""The twin: a local server that an AWS SDK cannot tell from a streaming SageMaker endpoint, except that it can be told what to do."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.embedded import MockServer as MockServer


def _check_sibling() -> None:
    """Say it at once where somebody else's package takes the place of the one that is installed beside this one; raises ImportError."""
    sibling = Path(__file__).parent.with_name("backends")
    spec = find_spec("backends")
    found = [Path(place) for place in spec.submodule_search_locations or [str(spec.origin)]] if spec else []
    if not any(place == sibling or (place.exists() and sibling.exists() and place.samefile(sibling)) for place in found):
        raise ImportError(
            f"mock_server needs the package backends that came with it, {sibling}, but finds {' and '.join(map(str, found)) or 'none'} under that name: "
            "rename that one, or take the folder that it is in off sys.path (PYTHONPATH, pytest's pythonpath, the folder where Python starts)"
        )


_check_sibling()


def __getattr__(name: str) -> Any:
    if name == "MockServer":  # its imports take half a second, which whoever reads a script or a cut need not wait for
        from mock_server.embedded import MockServer

        return MockServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
