"""The endpoints of a running twin: its catalog's, until somebody adds, changes or removes some.

They change by one snapshot taking another's place, so that who reads sees a whole one, from any thread; a request keeps the endpoint that it found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from mock_server.catalog import CatalogEntry, CatalogError, read_entry
from mock_server.sessions import SessionRules, Sessions

MAX_ENDPOINTS = 1000
FILES = ("recording", "scripts")
"""Keys of an endpoint's table whose values are paths."""


class NoSuchEndpoint(LookupError):
    """There is no endpoint of that name; the message names those that there are."""

    def __init__(self, name: str, known: Mapping[str, CatalogEntry]) -> None:
        super().__init__(f"{name!r} is not an endpoint; there are: {', '.join(known) or 'none'}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is served at one moment."""

    entries: Mapping[str, CatalogEntry]
    sessions: Mapping[str, Sessions]
    """Of each endpoint that has them."""


class Served:
    """The endpoints of one twin.

    Args:
        catalog: Those that it begins with, and goes back to.
        folder: From where files are seen that a table names; one that is given while the twin runs can only name what is in it.
        open_sessions: How the sessions of an endpoint of that name are kept.
    """

    def __init__(self, catalog: Mapping[str, CatalogEntry], folder: Path, open_sessions: Callable[[str, SessionRules], Sessions]) -> None:
        self._catalog = dict(catalog)
        self._folder = folder
        self._open_sessions = open_sessions
        self._kept_sessions: dict[str, Sessions] = {}
        self._changing = threading.RLock()
        self.now = self._snapshot(self._catalog)
        """What is served."""

    def find(self, name: str) -> CatalogEntry:
        """Return an endpoint.

        Raises:
            NoSuchEndpoint: There is none of that name.
        """
        entries = self.now.entries
        if name not in entries:
            raise NoSuchEndpoint(name, entries)
        return entries[name]

    def put(self, name: str, table: Mapping[str, Any]) -> bool:
        """Serve an endpoint as a catalog's table describes it; return whether the name is new.

        Raises:
            CatalogError: The table says something that the twin does not know, or names what a running twin is not told of.
        """
        self._check_places(name, table)
        entry = read_entry(name, dict(table), self._folder)
        with self._changing:
            is_new = name not in self.now.entries
            if is_new and len(self.now.entries) >= MAX_ENDPOINTS:
                raise CatalogError(f"endpoint {name!r}: there are {MAX_ENDPOINTS}; expected no more, remove one")
            self.now = self._snapshot({**self.now.entries, name: entry}, changed=name)
        return is_new

    def change(self, name: str, changes: Mapping[str, Any]) -> None:
        """Serve an endpoint otherwise: each key of its table that is given takes the place of the old one, None takes it away.

        Raises:
            NoSuchEndpoint: There is none of that name.
            CatalogError: As of `put`.
        """
        with self._changing:
            table = {**self.find(name).table, **changes}
            self.put(name, {key: value for key, value in table.items() if value is not None})

    def remove(self, name: str) -> None:
        """Serve an endpoint no more.

        Raises:
            NoSuchEndpoint: There is none of that name.
        """
        with self._changing:
            self.find(name)
            self.now = self._snapshot({known: entry for known, entry in self.now.entries.items() if known != name})

    def restore(self) -> None:
        """Go back to the catalog, with no session open."""
        with self._changing:
            self.now = self._snapshot(self._catalog)
            for sessions in self._kept_sessions.values():
                sessions.forget()

    def _snapshot(self, entries: Mapping[str, CatalogEntry], changed: str | None = None) -> Snapshot:
        """Return what is served with these entries; the one that changed has no session of before."""
        for name, entry in entries.items():
            if entry.sessions and (name == changed or name not in self._kept_sessions or self._kept_sessions[name].rules != entry.sessions):
                kept = self._kept_sessions.get(name)
                self._kept_sessions[name] = kept.renewed(entry.sessions) if kept else self._open_sessions(name, entry.sessions)
        sessions = {name: self._kept_sessions[name] for name, entry in entries.items() if entry.sessions}
        return Snapshot(MappingProxyType(dict(entries)), MappingProxyType(sessions))

    def _check_places(self, name: str, table: Mapping[str, Any]) -> None:
        """Let a table pass that names no file outside of the folder and no model on another machine, but for those that the catalog names."""
        for key in (*FILES, "upstream"):
            value = table.get(key)
            if not isinstance(value, str) or value in {entry.table.get(key) for entry in self._catalog.values()}:
                continue
            if key == "upstream" and not _is_here(value):
                raise CatalogError(f"endpoint {name!r}: upstream: {value!r} is not on this machine; expected one that is, or that the catalog file names")
            if key in FILES and not self._is_inside(value):
                raise CatalogError(f"endpoint {name!r}: {key}: {value!r} is not in the catalog's folder; expected a path in it, or that the catalog file names")

    def _is_inside(self, text: str) -> bool:
        try:
            path = (self._folder / text).resolve()
            return path.is_relative_to(self._folder.resolve()) and path.exists()
        except (OSError, ValueError):  # no path at all
            return False


def _is_here(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
