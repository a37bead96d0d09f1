"""The endpoints that the twin serves, read from a TOML file: name -> container, family, profile, cut, scripts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from backends.endpoints import Accepts, Endpoint
from mock_server.containers import CONTAINERS
from mock_server.containers.container import Container
from mock_server.cuts import Cut, parse_cut
from mock_server.profiles import Profile, find_profile
from mock_server.script import FOLDER, Script, ScriptError, load_scripts
from mock_server.words import WordError

FILE = Path(__file__).with_name("catalog.toml")
"""The catalog that comes with the twin."""
NAME = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9](-*[a-zA-Z0-9])*")
"""An endpoint's name, as the service's model has it."""


class CatalogError(Exception):
    """A catalog file does not load; the message names the file, the endpoint, the key, and what was expected."""


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One endpoint of the twin."""

    name: str
    container: Container
    family: str
    accepts: Accepts
    profile: Profile | None
    """None: what the server was started with."""
    cut: Cut
    scripts: Mapping[str, Script]

    def as_endpoint(self, url: str) -> Endpoint:
        """Return how a backend reaches this endpoint's container on the twin at `url`."""
        return Endpoint(self.name, self.accepts, self.family, f"{url}/containers/{self.name}")


def load_catalog(file: Path = FILE) -> Mapping[str, CatalogEntry]:
    """Read a catalog file; what comes back is read-only, and the twin's own is shared.

    Raises:
        CatalogError: It cannot be read, or says something that the twin does not know.
    """
    return _load_own() if file == FILE else _load(file)


@cache
def _load_own() -> Mapping[str, CatalogEntry]:
    return _load(FILE)


def _load(file: Path) -> Mapping[str, CatalogEntry]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogError(f"{file}: expected a TOML file with one table per endpoint: {error}") from error
    if not tables:
        raise CatalogError(f"{file}: expected one table per endpoint, found none")
    return MappingProxyType({name: _read_entry(file, name, table) for name, table in tables.items()})


def _read_entry(file: Path, name: str, table: Any) -> CatalogEntry:
    where = f"{file}: endpoint {name!r}"
    if not NAME.fullmatch(name):
        raise CatalogError(f"{where}: expected a name of 1 to 63 letters, digits and hyphens between them")
    if not isinstance(table, dict):
        raise CatalogError(f"{where}: expected a table, received {table!r}")
    for key, value in table.items():
        if key not in READERS:
            raise CatalogError(f"{where}: unknown key {key!r}, expected one of {', '.join(READERS)}")
        if not isinstance(value, str):
            raise CatalogError(f"{where}: {key}: expected a string, received {value!r}")
    values: dict[str, Any] = {}
    for key, read in READERS.items():
        try:
            values[key] = read(table.get(key), file.parent)
        except (WordError, ScriptError) as error:
            raise CatalogError(f"{where}: {key}: {error}") from error
    container, accepts = values["container"], values.pop("accepts")
    if accepts and accepts not in container.accepts:
        raise CatalogError(f"{where}: accepts: {container.name} takes {' or '.join(container.accepts)}, received {accepts!r}")
    return CatalogEntry(name, accepts=accepts or container.accepts[0], **values)


def _read_container(text: str | None, _: Path) -> Container:
    if text not in CONTAINERS:
        raise WordError(f"{text!r} is not a container" if text else "it is missing", ", ".join(CONTAINERS))
    return CONTAINERS[text]


def _read_accepts(text: str | None, _: Path) -> str | None:
    if text is not None and text not in get_args(Accepts):
        raise WordError(f"{text!r} is no shape of request", ", ".join(get_args(Accepts)))
    return text


@cache
def _own_scripts() -> Mapping[str, Script]:
    return MappingProxyType(load_scripts(FOLDER))


def _read_scripts(text: str | None, folder: Path) -> Mapping[str, Script]:
    if text is None:
        return _own_scripts()
    if not (folder / text).is_dir():
        raise WordError("expected a folder, received " + repr(text), "a folder, seen from the catalog's")
    return MappingProxyType(load_scripts(folder / text, _own_scripts()))


READERS: dict[str, Callable[[str | None, Path], Any]] = {
    "container": _read_container,
    "accepts": _read_accepts,
    "family": lambda text, _: text or "plain",
    "profile": lambda text, _: find_profile(text) if text else None,
    "cut": lambda text, _: parse_cut(text or "write"),
    "scripts": _read_scripts,
}
