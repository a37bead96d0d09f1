"""What was created answers as its container does: from an endpoint's image, variables and artifacts to an entry as the catalog has them.

The runtime does not know an endpoint that is not in service, as users saw of ones that were being created or had gone
(aws/amazon-sagemaker-examples issues 293 and 559); one that is updated goes on as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from backends.endpoints import Accepts, Recognised, recognise
from mock_server import routing
from mock_server.catalog import CatalogEntry, own_scripts
from mock_server.containers.choosing import choose, lmi_options, session_rules
from mock_server.containers.container import Container as Played
from mock_server.containers.container import ContainerRequest, Reply
from mock_server.control.archive import read_properties
from mock_server.control.plane import ControlPlane, Deployed
from mock_server.control.records import Container, Variant
from mock_server.cuts import parse_cut
from mock_server.refusals import not_found
from mock_server.routing import check_component
from mock_server.sessions import Sessions

NO_COMPONENT = ("",)
"""In the place of the inference components of an endpoint that waits for its first."""


@dataclass(frozen=True, slots=True)
class NotPlayed:
    """A container that the twin cannot play: it says so whatever it is asked."""

    image: str
    name: str = "not-played"
    accepts: tuple[Accepts, ...] = ("inputs",)

    def handle(self, request: ContainerRequest) -> Reply:  # noqa: ARG002 - the protocol's signature
        """Refuse."""
        return self.failure(501)

    def failure(self, status: int) -> Reply:
        """Return how it fails with this status."""
        message = f"the twin plays no container of the image {self.image!r}: expected LMI, TGI, vLLM or SGLang by its name or its variables"
        return Reply(status, (("content-type", "text/plain"),), (message.encode(),), (0,))


@dataclass(frozen=True, slots=True)
class _Built:
    """An entry, and what it was built from."""

    source: tuple[Variant, ...]
    entry: CatalogEntry


class Created:
    """The endpoints of one twin that were created, as entries of a catalog.

    Args:
        control: What has them.
    """

    def __init__(self, control: ControlPlane) -> None:
        self._control = control
        self._built: dict[str, _Built] = {}

    def find(self, name: str, headers: Mapping[str, str], region: str | None = None) -> CatalogEntry | None:
        """Return what answers under a name in a region, or in whichever has it; None where nothing of that name was created.

        Args:
            name: The endpoint's.
            headers: The request's, which may name an inference component.
            region: None: any.

        Raises:
            Refused: It is not in service, or the component that was asked for is not.
        """
        deployed = self._control.find_endpoint(name, region)
        if deployed is None:
            return None
        if not deployed.variants:
            raise not_found("Endpoint", name)
        if not any(variant.containers for variant in deployed.variants):
            check_component(tuple(deployed.components) or NO_COMPONENT, headers)
        return self._entry(deployed)

    def forget(self) -> None:
        """Forget what was built."""
        self._built.clear()

    def _entry(self, deployed: Deployed) -> CatalogEntry:
        """Return an endpoint's entry; artifacts are read once after each deployment, as a container does."""
        source = (*deployed.variants, *deployed.components.values())
        built = self._built.get(deployed.arn)
        if built is None or len(built.source) != len(source) or any(old is not new for old, new in zip(built.source, source, strict=True)):
            built = self._built[deployed.arn] = _Built(source, self._build(deployed))
        return built.entry

    def _build(self, deployed: Deployed) -> CatalogEntry:
        parts = {name: self._play(deployed.name, variant.containers[0]) for name, variant in _answering(deployed).items() if variant.containers}
        first = next(iter(parts.values()))
        return replace(first, variants=_shares(deployed.variants), components=tuple(deployed.components), parts=parts if len(parts) > 1 else {})

    def _play(self, name: str, container: Container) -> CatalogEntry:
        properties = read_properties(container.model_data_url)
        recognised = _recognise(name, container, properties)
        options = lmi_options(container.environment, properties)
        played: Played = choose(recognised.server, recognised.version, options, container.environment) or NotPlayed(container.image)
        accepts = recognised.accepts if recognised.accepts in played.accepts else played.accepts[0]
        rules = session_rules(played, options, container.environment)
        kept = Sessions(name, rules, self._control.clock, self._control.utc_now) if rules else None
        cut, scripts = parse_cut("write"), own_scripts(recognised.family)
        return CatalogEntry(name, played, recognised.family, accepts, None, cut, scripts, sessions=rules, own_sessions=kept)


def _answering(deployed: Deployed) -> Mapping[str, Variant]:
    """Return what answers by name: the inference components where there are any, else the variants."""
    return deployed.components or {variant.name: variant for variant in deployed.variants}


def _shares(variants: tuple[Variant, ...]) -> tuple[routing.Variant, ...]:
    """Return the variants as traffic is shared among them; all alike where none has a weight."""
    has_weight = any(variant.weight for variant in variants)
    return tuple(routing.Variant(variant.name, variant.weight if has_weight else 1.0) for variant in variants)


def _recognise(name: str, container: Container, properties: Mapping[str, str]) -> Recognised:
    """Return what is told of a container; where its image tells nothing, only LMI reads a `serving.properties`."""
    names = (properties.get("option.model_id"), container.model_data_url, name)
    recognised = recognise(container.image, container.environment, *names)
    return replace(recognised, container="LMI") if properties and not recognised.server else recognised
