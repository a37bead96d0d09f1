"""The endpoints that the twin serves, read from a TOML file: name -> container, family, profile, cut, scripts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

from backends.endpoints import Accepts, Endpoint
from backends.recording import Recording, RecordingError
from mock_server.containers import CONTAINERS
from mock_server.containers.container import Container
from mock_server.containers.media import Media
from mock_server.containers.stateful import FAMILIES, family_of
from mock_server.cuts import Cut, parse_cut
from mock_server.profiles import Profile, find_profile
from mock_server.replay import Replay, load_recordings
from mock_server.routing import Variant, read_components, read_variants
from mock_server.script import ENDS, FOLDER, Script, ScriptError, load_scripts
from mock_server.sessions import MAX_SESSION_S, SessionRules, Sessions
from mock_server.words import WordError

PLAIN = "plain"
"""The family of models that nothing is known of."""
FILE = Path(__file__).with_name("catalog.toml")
"""The catalog that comes with the twin."""
NAME = re.compile(r"(?=.{1,63}\Z)[a-zA-Z0-9](-*[a-zA-Z0-9])*")
"""An endpoint's name, as the service's model has it."""


class CatalogError(Exception):
    """A catalog file does not load; the message names the file, the endpoint, the key, and what was expected."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a model is."""

    url: str
    """Up to and with `/v1`."""
    model: str | None = None
    """None: the first that the server lists."""


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
    recording: Mapping[str, Recording] | None = None
    """What it replays, by name, if it does; its container does so."""
    upstream: Upstream | None = None
    """The real model that answers, if one does."""
    variants: tuple[Variant, ...] = (Variant(),)
    """Those that share its traffic; at least one."""
    components: tuple[str, ...] = ()
    """Its inference components; a request names one of them."""
    sessions: SessionRules | None = None
    """How it keeps stateful sessions; None: it has none."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """What it was read from."""
    parts: Mapping[str, CatalogEntry] = field(default_factory=dict)
    """What answers for each of its inference components, or else variants, by name, where they are not all alike."""
    own_sessions: Sessions | None = None
    """Its sessions where they go with what was created, not with its name."""

    def part(self, variant: Variant, component: str | None) -> CatalogEntry:
        """Return what answers a request to one of its variants, and inference components where it has such."""
        part = self.parts.get(component or variant.name, self)
        return replace(part, profile=variant.profile) if variant.profile else part

    def as_endpoint(self, url: str) -> Endpoint:
        """Return how a backend reaches this endpoint's container on the twin at `url`."""
        component = self.components[0] if self.components else None
        return Endpoint(self.name, self.accepts, self.family, f"{url}/containers/{self.name}", component=component, has_sessions=self.sessions is not None)


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
    try:
        return MappingProxyType({name: read_entry(name, table, file.parent) for name, table in tables.items()})
    except CatalogError as error:
        raise CatalogError(f"{file}: {error}") from error


def read_entry(name: str, table: Any, folder: Path) -> CatalogEntry:
    """Return the endpoint that a catalog's table describes; files that it names are seen from `folder`.

    Raises:
        CatalogError: The table says something that the twin does not know.
    """
    where = f"endpoint {name!r}"
    if not NAME.fullmatch(name):
        raise CatalogError(f"{where}: expected a name of 1 to 63 letters, digits and hyphens between them")
    if not isinstance(table, dict):
        raise CatalogError(f"{where}: expected a table, received {table!r}")
    for key in table:
        if key not in KEYS:
            raise CatalogError(f"{where}: unknown key {key!r}, expected one of {', '.join(KEYS)}")
    values: dict[str, Any] = {}
    for key, read in READERS.items():
        try:
            values[key] = read(table.get(key), _Row(table, folder, values))
        except (WordError, ScriptError, RecordingError) as error:
            raise CatalogError(f"{where}: {key}: {error}") from error
    return CatalogEntry(name, **values, table=MappingProxyType(dict(table)))


@dataclass(frozen=True, slots=True)
class _Row:
    """What a key's reader may look at besides its value."""

    table: Mapping[str, Any]
    folder: Path
    read: Mapping[str, Any]
    """What the keys before it have given."""


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise WordError(f"received {value!r}", "a string")
    return value


def _read_recording(value: Any, row: _Row) -> Mapping[str, Recording] | None:
    text = _text(value)
    if text and row.table.get("upstream"):
        raise WordError("upstream stands beside it", "one of the two")
    return MappingProxyType(load_recordings(row.folder / text)) if text else None


def _read_container(value: Any, row: _Row) -> Container:
    text, recordings = _text(value), row.read["recording"]
    if recordings and (text is None or text in CONTAINERS):
        return Replay(recordings, CONTAINERS.get(text or ""))
    if text not in CONTAINERS:
        raise WordError(f"{text!r} is not a container" if text else "it is missing", ", ".join(CONTAINERS))
    return CONTAINERS[text]


def _read_accepts(value: Any, row: _Row) -> Accepts:
    legal = row.read["container"].accepts
    text = _text(value) or legal[0]
    if text not in legal:
        raise WordError(f"{row.read['container'].name} does not take {text!r}", ", ".join(legal))
    return cast("Accepts", text)


@cache
def own_scripts(family: str) -> Mapping[str, Script]:
    """Return the scripts that come with the twin, as a model of that family answers; read-only."""
    return MappingProxyType(load_scripts(FOLDER, family=family))


def _read_scripts(value: Any, row: _Row) -> Mapping[str, Script]:
    text, family = _text(value), row.read["family"]
    if text is None:
        return own_scripts(family)
    if not (row.folder / text).is_dir():
        raise WordError("expected a folder, received " + repr(text), "a folder, seen from the catalog's")
    return MappingProxyType(load_scripts(row.folder / text, own_scripts(family), family))


def _read_family(value: Any, _: _Row) -> str:
    text = _text(value) or PLAIN
    if text not in (PLAIN, *ENDS):
        raise WordError(f"{text!r} is not a family of models", ", ".join((PLAIN, *ENDS)))
    return text


def _read_profile(value: Any, _: _Row) -> Profile | None:
    text = _text(value)
    return find_profile(text) if text else None


def _parse_upstream(text: str, model: str | None = None) -> Upstream:
    """Read the URL of a server, with or without `/v1` at its end.

    Raises:
        WordError: It is no URL of a server.
    """
    expected = "the URL of a server with OpenAI's API, as http://127.0.0.1:11434/v1"
    try:
        url = urlsplit(text)
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and not url.query and not url.fragment and not url.username and (url.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise WordError(f"{text!r} is no such URL", expected)
    base = text.rstrip("/")
    return Upstream(base if base.endswith("/v1") else f"{base}/v1", model)


def _read_upstream(value: Any, row: _Row) -> Upstream | None:
    url, model = _text(value), _text(row.table.get("upstream_model"))
    if model and not url:
        raise WordError("upstream_model stands without it", "both, or upstream alone")
    if url and isinstance(row.read["container"], Media):
        raise WordError(f"{row.read['container'].name} writes no text", "a container that does")
    return _parse_upstream(url, model) if url else None


def _read_sessions(value: Any, row: _Row) -> SessionRules | None:
    container = row.read["container"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or value is False:
        return None
    if value is not True and not (is_number and 0 < value <= MAX_SESSION_S):
        raise WordError(f"received {value!r}", "true, or for how many seconds one lasts")
    if family_of(container) is None:
        raise WordError(f"{container.name} keeps none", "a container of " + " or ".join(FAMILIES))
    return SessionRules() if value is True else SessionRules(value)


READERS: dict[str, Callable[[Any, _Row], Any]] = {
    "recording": _read_recording,
    "container": _read_container,
    "accepts": _read_accepts,
    "family": _read_family,
    "profile": _read_profile,
    "cut": lambda value, _: parse_cut(_text(value) or "write"),
    "scripts": _read_scripts,
    "upstream": _read_upstream,
    "variants": lambda value, _: read_variants(value),
    "components": lambda value, _: read_components(value),
    "sessions": _read_sessions,
}
"""Key of an endpoint's table -> what is made of its value, None where it is left out; in the order in which they are read."""
KEYS = (*READERS, "upstream_model")
"""Those besides are read with another."""
