"""What the container's own faults leave of one request's answer, whole or still being given, and which of them were not reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mock_server.container_faults import ContainerDamage, Failed
from mock_server.containers.container import Container, NamesErrors, Reply, Taken
from mock_server.faults import Fault, find_error_kind

FAILED_STATUS = 500
"""With what a container answers whose model failed before anything was written."""
WRITTEN_AT_ONCE = "the container wrote its answer at once"
"""Why most faults of a container were not reached."""


@dataclass(slots=True)
class Spoiling:
    """The container's faults on one answer."""

    container: Container
    note_missed: Callable[[str, str], None]
    """Told which fault was not reached, and why."""
    faults: Sequence[Fault] = ()
    is_damaged: bool = False
    """Whether the container lost something of the answer, as it was asked to."""

    def failed(self, taken: Taken, usual: Failed) -> Failed:
        """Return how the container fails as it was asked to: with an error of that kind, or as usual where none was named."""
        kind, failed_as = find_error_kind(self.faults), taken.failed_as
        return (lambda _: failed_as(kind)) if kind and failed_as else usual

    def damage(self, head: Reply, failed: Failed | None) -> ContainerDamage | None:
        """Return what the faults do to an answer with this head, None where there are none."""
        faults = [(fault.text, fault.name, fault.after) for fault in self.faults]
        return ContainerDamage(faults, dict(head.headers).get("content-type", ""), failed) if faults else None

    def spoil(self, reply: Reply, failed: Failed | None) -> Reply:
        """Return what is left of a reply; `failed` is None where the container answered by itself."""
        if not reply.is_chunked and failed is None:
            self.miss("the request was refused" if reply.status >= 400 else WRITTEN_AT_ONCE)
            return reply
        damage = self.damage(reply, failed) if reply.is_chunked else None
        if damage is None:
            return self.spoil_whole(reply)
        spoiled = damage.spoil(reply)
        self.note(damage)
        return spoiled

    def spoil_whole(self, reply: Reply) -> Reply:
        """Return what is left of a reply that is written at once: of the container's faults, it can only have failed before."""
        if reply.is_chunked:
            return reply
        for fault in self.faults:
            if (fault.name, fault.after) == ("container-error", 0):
                self.is_damaged = True
            else:
                self.note_missed(fault.text, WRITTEN_AT_ONCE)
        return self._refuse() if self.is_damaged else reply

    def note(self, damage: ContainerDamage | None) -> None:
        """Note, when all has been written, which of the faults struck."""
        if damage:
            self.is_damaged = damage.is_damaged
            for text in damage.missed:
                self.note_missed(text, "it found nothing to change in what the container wrote")

    def miss(self, reason: str) -> None:
        """Note why none of the faults was reached."""
        for fault in self.faults:
            self.note_missed(fault.text, reason)

    def _refuse(self) -> Reply:
        """Return the answer of a container that fails, as it was asked to, before it writes."""
        container, kind = self.container, find_error_kind(self.faults)
        return container.refusal(kind) if kind and isinstance(container, NamesErrors) else container.failure(FAILED_STATUS)
