"""The shapes of what `/_mock/` takes and gives, as its OpenAPI document tells them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from mock_server.catalog import CatalogEntry
from mock_server.fault_queue import MAX_TIMES, QueuedFault
from mock_server.faults import Stage
from mock_server.journal import MAX_ENTRIES, Ended, Entry, Front
from mock_server.profiles import Profile

MAX_NUMBER = 2**53 - 1
"""The largest whole number that every reader of JSON reads exactly."""


class Done(BaseModel):
    """It is so."""

    status: Literal["ok"] = "ok"


class Problem(BaseModel):
    """It is not so."""

    error: str
    """What was expected, and what came."""


class Form(BaseModel):
    """Something that is sent to the twin; it refuses members that it does not know."""

    model_config = ConfigDict(extra="forbid")


class VariantTable(Form):
    """A production variant."""

    weight: float = 1
    profile: str | None = None


class EndpointTable(Form):
    """An endpoint as a table of the catalog describes it; what is null is as if it were not there."""

    container: str | None = None
    accepts: str | None = None
    family: str | None = None
    profile: str | None = None
    cut: str | None = None
    scripts: str | None = None
    recording: str | None = None
    upstream: str | None = None
    upstream_model: str | None = None
    variants: dict[str, float | VariantTable] | None = None
    components: list[str] | None = None
    sessions: bool | float | None = None

    def changes(self) -> dict[str, Any]:
        """Return the keys that were sent."""
        return self.model_dump(exclude_unset=True)

    def table(self) -> dict[str, Any]:
        """Return the keys that have a value, as a TOML file has them."""
        return {key: value for key, value in self.changes().items() if value is not None}


class EndpointView(BaseModel):
    """An endpoint that is served."""

    name: str
    container: str
    accepts: str
    family: str
    profile: str
    cut: str
    scripts: list[str]
    recordings: list[str]
    variants: dict[str, float]
    components: list[str]
    sessions_s: float | None
    """How long a session lasts; null where it has none."""
    table: dict[str, Any]
    """What it was read from."""

    @classmethod
    def of(cls, entry: CatalogEntry, usual: Profile) -> EndpointView:
        """Return the view of an endpoint on a twin with that profile."""
        return cls(
            name=entry.name,
            container=entry.container.name,
            accepts=entry.accepts,
            family=entry.family,
            profile=(entry.profile or usual).name,
            cut=entry.cut.text,
            scripts=list(entry.scripts),
            recordings=list(entry.recording or ()),
            variants={variant.name: variant.weight for variant in entry.variants},
            components=list(entry.components),
            sessions_s=entry.sessions.lasting_s if entry.sessions else None,
            table=dict(entry.table),
        )


class FaultOrder(Form):
    """A fault for requests to come."""

    fault: str
    """As in `mock.fault`; or of the control plane, as `NAME@OPERATION`."""
    endpoint: str | None = None
    """Null: whichever is asked next."""
    times: int = Field(1, ge=1, le=MAX_TIMES)


class FaultView(FaultOrder):
    """A fault that waits."""

    number: int

    @classmethod
    def of(cls, order: QueuedFault) -> FaultView:
        """Return the view of an order."""
        return cls(number=order.number, fault=order.faults.text, endpoint=order.endpoint, times=order.times)


class JournalQuery(BaseModel):
    """Which entries are asked for."""

    endpoint: str | None = None
    ended: Ended | None = None
    front: Front | None = None
    after: int = Field(0, ge=0, le=MAX_NUMBER)
    """`next` of the page before; 0 for the first."""
    limit: int = Field(MAX_ENTRIES, ge=1, le=MAX_ENTRIES)


_hints = get_type_hints(Entry) | {"body": str}
JournalEntry = create_model("JournalEntry", **{member.name: (_hints[member.name], ...) for member in fields(Entry)})  # type: ignore[call-overload]  # names are data
"""An entry of the journal, its body as text."""


class JournalPage(BaseModel):
    """What the twin saw."""

    open: list[JournalEntry]  # type: ignore[valid-type]  # made of the dataclass
    """Requests that are being answered."""
    finished: list[JournalEntry]  # type: ignore[valid-type]  # likewise
    """Requests that ended, in that order."""
    next: int
    """What to ask for as `after` to read on."""


class FaultChoice(BaseModel):
    """A fault that can be asked for."""

    name: str
    written: str
    stage: Stage
    """Who fails."""


class EndpointChoices(BaseModel):
    """What one endpoint can answer with."""

    scripts: list[str]
    recordings: list[str]


class ChoicesView(BaseModel):
    """What a request can ask of the twin, by `mock.` attributes."""

    attributes: list[str]
    cuts: list[str]
    http_cuts: list[str]
    faults: list[FaultChoice]
    control_faults: list[str]
    """Of the control plane, ordered as `NAME@OPERATION`."""
    profiles: list[str]
    containers: list[str]
    endpoints: dict[str, EndpointChoices]
