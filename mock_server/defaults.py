"""What requests get that ask for nothing themselves, as a test wants it for all of its own: behind what was ordered for one of them, before the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mock_server.catalog import CatalogEntry
from mock_server.choices import PREFIX, READERS, read_choice
from mock_server.faults import Faults, parse_faults
from mock_server.words import WordError


class Defaults:
    """The defaults of one twin; none to begin with."""

    def __init__(self) -> None:
        self.fault: Faults | None = None
        """Strikes each request that can have it."""
        self._attributes = ""

    def set(self, values: Mapping[str, object], entries: Iterable[CatalogEntry]) -> None:
        """Take these in place of those that were: values by the names of attributes without `mock.`, which some entry has to know.

        Raises:
            WordError: A name or a value is none.
        """
        words = {key: str(value) for key, value in values.items()}
        known = list(entries)
        for key, word in words.items():
            _check(key, word, known)
        fault = words.pop("fault", None)
        self.fault = parse_faults(fault) if fault is not None else None
        self._attributes = "".join(f"{PREFIX}{key}={word};" for key, word in words.items())

    def clear(self) -> None:
        """Have none."""
        self.set({}, ())

    def before(self, attributes: str) -> str:
        """Return a request's attributes behind the defaults, so that its own count; a fault is no attribute, as what was ordered goes before it."""
        return self._attributes + attributes


def _check(key: str, word: str, entries: Iterable[CatalogEntry]) -> None:
    """Let pass what at least one endpoint knows: scripts and a container's errors differ."""
    if key not in READERS:
        raise WordError(f"{key!r} is nothing that a request can ask for", ", ".join(READERS))
    refused: WordError | None = None
    for entry in entries:
        try:
            read_choice(f"{key}={word}", entry)
        except WordError as error:
            refused = refused or error
        else:
            return
    if refused:
        raise refused
