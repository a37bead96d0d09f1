"""What all requests to one twin share: its endpoints, its clock, its journal, and what was ordered for the requests to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mock_server.catalog import CatalogEntry
from mock_server.clock import Clock
from mock_server.container_faults import check_kind
from mock_server.control.container_logs import ContainerLogs
from mock_server.control.created import Created
from mock_server.control.faults import ORDER
from mock_server.control.neighbours import loaded_moto
from mock_server.control.plane import ControlPlane
from mock_server.defaults import Defaults
from mock_server.fault_queue import FaultQueue, QueuedFault
from mock_server.faults import Faults, parse_faults
from mock_server.journal import FaultFrom, Journal
from mock_server.metrics import Metrics
from mock_server.profiles import Profile
from mock_server.routing import Turns
from mock_server.served import Served
from mock_server.sigv4 import Gate


@dataclass(frozen=True, slots=True)
class Twin:
    """What every request to one twin shares."""

    served: Served
    profile: Profile
    """For endpoints whose catalog names none."""
    clock: Clock
    journal: Journal
    gate: Gate
    """What the SageMaker Runtime asks of signatures."""
    time_limits: float
    """What the SageMaker Runtime's limits are multiplied by."""
    metrics: Metrics
    control: ControlPlane
    """What was created, and is described, listed and deleted."""
    created: Created
    """How that answers."""
    logs: ContainerLogs
    """What its containers have written."""
    turns: Turns = field(default_factory=Turns)
    faults: FaultQueue = field(default_factory=FaultQueue)
    """What was ordered for the requests to come."""
    defaults: Defaults = field(default_factory=Defaults)
    """What they get that ask for nothing themselves."""

    @property
    def catalog(self) -> Mapping[str, CatalogEntry]:
        """What is served now."""
        return self.served.now.entries

    def queue_fault(self, fault: str, endpoint: str | None = None, times: int = 1) -> QueuedFault:
        """Order a fault for the next requests, to one endpoint or to any, that ask for none themselves; or, with `@OPERATION`, for calls of the control plane.

        Raises:
            WordError: It is no fault, too many wait, or the endpoint's container has no error of the kind.
            NoSuchEndpoint: There is no such endpoint.
        """
        if endpoint is not None and not ORDER.fullmatch(fault) and self.control.find_endpoint(endpoint) is None:
            check_kind(parse_faults(fault).error_kind, self.served.find(endpoint).container)
        return self.faults.add(fault, endpoint, times)

    def find_endpoint(self, name: str, headers: Mapping[str, str], region: str | None = None) -> CatalogEntry | None:
        """Return what answers under a name: what was created in a region, or in whichever has it, before what the catalog has; None for nothing.

        Raises:
            Refused: What was created is not in service, or the inference component that the headers name is not.
        """
        return self.created.find(name, headers, region) or self.catalog.get(name)

    def find_fault(self, endpoint: str, can_have: Callable[[Faults], bool]) -> tuple[Faults, FaultFrom] | None:
        """Return what was ordered for a request to this endpoint, or else by default, if it can have it, and who wanted it."""
        if ordered := self.faults.take(endpoint, can_have):
            return ordered, "queue"
        default = self.defaults.fault
        return (default, "default") if default and can_have(default) else None

    def forget(self) -> None:
        """Forget what was, what was ordered and the defaults, but for the requests that are open and the metrics; serve the catalog again.

        What moto holds of the services beside SageMaker is the process's, and forgotten for all of its twins.
        """
        self.journal.reset()
        self.turns.forget()
        self.faults.clear()
        self.defaults.clear()
        self.served.restore()
        self.control.forget()
        self.created.forget()
        self.logs.forget()
        if moto := loaded_moto():
            moto.reset()
