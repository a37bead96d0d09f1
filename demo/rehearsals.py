"""The endpoints that people create on the page's twin: whose they are, how many there may be, and when they go by themselves.

On a public page everybody has those that they created, and sees no others; on a private one they are everybody's, also those that a terminal created there.
All but `listed` blocks.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import TypeVar

from backends.deploy.aws import Aws
from backends.deploy.deleting import delete
from backends.deploy.endings import HalfDone, Stopped
from backends.deploy.finding import deletes_of, list_objects
from backends.deploy.jumpstart import JumpStartModel
from backends.deploy.names import PREFIX, ROLE, name_for
from backends.deploy.place import Place, exists
from backends.deploy.plan import Call, Plan, undo
from backends.deploy.published import read_model
from backends.deploy.running import create
from backends.endpoints import Endpoint, recognise
from backends.errors import BackendError
from backends.signing import Credentials
from demo.admission import Refused, visitor_of
from demo.found import SAGEMAKER, Found
from demo.language import Words
from demo.limits import Limits
from demo.orders import TAG_CHARACTERS, Order, rehearsed
from mock_server import MockServer

REGION, ACCOUNT = "us-east-1", "123456789012"
"""What the page's twin stands for."""
PLACE = Place(account=ACCOUNT, region=REGION, role=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}")
OWNER = re.compile(r"[\w-]{22,64}", re.ASCII)
"""Whom an endpoint belongs to: a secret of a browser's."""
MODEL_CHARACTERS = 14
"""So much of a model's id has room in a name that tells two people's apart."""
AT_ONCE = 4
"""How many people may create and delete at the same time."""
THREADS = ThreadPoolExecutor(2 * AT_ONCE, "rehearsal")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint that was created here."""

    found: Found
    owner: str
    until_s: float
    """When it goes by itself."""
    undoes: tuple[Call, ...]


class Rehearsals:
    """The endpoints of one page's twin.

    Args:
        shared: Whether everybody sees what anybody created.
        now: Monotonic seconds.
    """

    def __init__(self, twin: MockServer, limits: Limits, *, shared: bool, now: Callable[[], float] = monotonic) -> None:
        self._twin = twin
        self._limits = limits
        self._shared = shared
        self._now = now
        self._aws = Aws(region=REGION, endpoint_url=twin.url, credentials=Credentials("twin", "no-secret"))
        self._creating, self._changing = Lock(), Lock()
        self._made: dict[str, Made] = {}
        self._created_at_s: dict[str, deque[float]] = {}
        self._published: dict[tuple[str, str], JumpStartModel] = {}
        self._has_bucket = False

    def plan(self, order: Order, owner: str, words: Words) -> Plan:
        """Return what would be created.

        Raises:
            Refused: It cannot be asked for.
            BackendError: JumpStart has no such model.
        """
        order.check(words)
        name = self._name(order, owner)
        return order.plan(name, replace(PLACE, has_bucket=self._has_bucket), self._model(order) if order.kind == "jumpstart" else None)

    def create(self, order: Order, owner: str, address: str, words: Words) -> Plan:
        """Create an endpoint, and return the plan that was carried out; it is not waited for.

        Raises:
            Refused: A limit of the page is reached, or it cannot be asked for.
            BackendError: The twin refuses, or the name is taken; nothing is left.
        """
        if not self._shared and not OWNER.fullmatch(owner):
            raise Refused(words("Open this tab anew: the page does not know whose endpoint it would be."))
        with self._creating:
            self._sweep()
            self._check_room(visitor_of(address), words)
            if order.kind == "lmi":
                self._has_bucket = exists(self._aws, list_objects(PLACE.bucket, PREFIX))  # a HEAD would be refused without words
            plan = self.plan(order, owner, words)
            try:
                create(self._aws, plan, _unheard)
            except HalfDone as stopped:
                self._discard(_own(stopped.undoes))
                raise Stopped(str(stopped), code=stopped.code) from stopped
            self._has_bucket |= order.kind == "lmi"
            self._keep(plan, rehearsed(plan, order.model), owner, visitor_of(address))
            return plan

    def listed(self, owner: str) -> tuple[Found, ...]:
        """Return somebody's endpoints as they are now, the newest first; asks nobody."""
        made = self._made
        if any(each.until_s <= self._now() for each in made.values()):
            THREADS.submit(self._sweep)
        now = []
        for deployed in reversed(self._twin.created):
            mine = made.get(deployed.name)
            if mine is not None and (self._shared or mine.owner == owner) and mine.until_s > self._now():
                now.append(replace(mine.found, status=deployed.status, reason=deployed.reason))
            elif mine is None and self._shared:
                container = next((container for variant in deployed.variants for container in variant.containers), None)
                known = recognise(container.image if container else None, container.environment if container else {}, deployed.name)
                endpoint = Endpoint(deployed.name, known.accepts, known.family)
                now.append(Found(endpoint, SAGEMAKER, known.container, deployed.status, deployed.reason, is_rehearsed=True))
        return tuple(now)

    def deletes(self, name: str, owner: str, words: Words) -> tuple[Call, ...]:
        """Return what deletes an endpoint, and all that belongs to it.

        Raises:
            Refused: There is none of that name, or it is somebody else's.
            BackendError: It cannot be found out.
        """
        mine = self._made.get(name)
        if mine is not None and (self._shared or mine.owner == owner):
            return mine.undoes
        if mine is None and self._shared and self._twin.find_endpoint(name):
            return deletes_of(self._aws, name)
        raise Refused(words("There is no endpoint {name} any more.", name=name))

    def delete(self, name: str, calls: Sequence[Call], said: Callable[[Call], None]) -> None:
        """Carry out what `deletes` gave, telling each call that is done.

        Raises:
            BackendError: The twin refuses; what is left goes by itself later.
        """
        for call in calls:
            delete(self._aws, [call], _unheard)
            said(call)
        with self._changing:
            self._made = {each: made for each, made in self._made.items() if each != name}

    def _name(self, order: Order, owner: str) -> str:
        """Return what an endpoint is to be called; on a page of strangers with what tells its owner from all others."""
        now, model = datetime.now(UTC), order.model.rpartition("/")[2].removeprefix("huggingface-llm-")
        if self._shared:
            return f"{PREFIX}{order.name}" if order.name else name_for(order.kind, model, now)
        tag = sha256(owner.encode()).hexdigest()[:TAG_CHARACTERS]
        return f"{PREFIX}{tag}-{order.name or name_for(order.kind, model[:MODEL_CHARACTERS], now).removeprefix(PREFIX)}"

    def _model(self, order: Order) -> JumpStartModel:
        asked = (order.model, order.instance_type)
        if asked not in self._published:
            self._published[asked] = read_model(self._aws, order.model, instance_type=order.instance_type)
        return self._published[asked]

    def _check_room(self, visitor: str, words: Words) -> None:
        limits, since_s = self._limits, self._now() - self._limits.endpoint_s
        if len(self._made) >= limits.endpoints:
            raise Refused(words("The page has {n} endpoints that people created, as many as it keeps: try again later.", n=f"{limits.endpoints:,}"))
        created = {key: deque(at_s for at_s in times if at_s > since_s) for key, times in self._created_at_s.items()}
        self._created_at_s = {key: times for key, times in created.items() if times}
        if len(self._created_at_s.get(visitor, ())) >= limits.endpoints_each:
            minutes = f"{limits.endpoint_s // 60:,}"
            raise Refused(words("The page creates {n} endpoints for a visitor within {minutes} minutes.", n=f"{limits.endpoints_each:,}", minutes=minutes))

    def _keep(self, plan: Plan, found: Found, owner: str, visitor: str) -> None:
        made = Made(found, owner, self._now() + self._limits.endpoint_s, _own(undo(plan.creates)))
        self._created_at_s.setdefault(visitor, deque()).append(self._now())
        with self._changing:
            self._made = {**self._made, plan.name: made}

    def _sweep(self) -> None:
        """Delete what has been there long enough."""
        with self._changing:
            late = {name: made for name, made in self._made.items() if made.until_s <= self._now()}
            self._made = {name: made for name, made in self._made.items() if name not in late}
        for made in late.values():
            self._discard(made.undoes)

    def _discard(self, calls: Sequence[Call]) -> None:
        for call in calls:
            with suppress(BackendError):
                self._aws.call(call)


def _own(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Return what takes back an endpoint, and not what serves all."""
    return tuple(call for call in calls if call.operation != "DeleteBucket")


def _unheard(_: str) -> None:
    """Hear what the commands tell a terminal."""


async def in_thread(ask: Callable[[], _T]) -> _T:
    """Return what a function gives that blocks."""
    return await asyncio.get_running_loop().run_in_executor(THREADS, ask)
