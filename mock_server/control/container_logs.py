"""What the containers of created endpoints write to CloudWatch Logs: how they start, and a line per invocation, in the group and stream of a real endpoint.

Lines are kept until somebody asks for logs, and only then is moto needed. Sources: SageMaker's developer guide (groups and streams);
deepjavalibrary/djl-serving, `log4j2-access.xml`, `ModelServer.java` and `Session.java`; uvicorn's `logging.py`, which vLLM and SGLang have; for TGI what users
showed (huggingface/text-generation-inference issues 1440 and 3050). Why a container did not come up is ours: too little memory, the usual reason.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from starlette.types import Scope

from mock_server.control.created import Created
from mock_server.control.neighbours import loaded_moto
from mock_server.control.one_port import signed_for
from mock_server.control.plane import ControlPlane, Deployed
from mock_server.journal import Entry
from mock_server.operation import COMPONENT_HEADER
from mock_server.refusals import Refused

MAX_LINES = 10_000
"""So many lines wait for somebody to ask; the oldest are lost."""
PEER = "169.254.178.2:48820"
"""Whom a container sees asking: SageMaker's agent on its instance."""
HEALTH_CHECK = "health check"
"""In the reason of an endpoint whose container ran and did not come up."""
NO_MEMORY = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 112.00 MiB."
Place: TypeAlias = tuple[str, str, str]
"""Region, group and stream."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How one family of containers writes its log; the lines may use what `_values` gives."""

    start: tuple[str, ...]
    up: tuple[str, ...]
    """What follows once it has come up, the first health check last."""
    invocation: str


_UVICORN = Wording(
    ("INFO:     Started server process [1]", "INFO:     Waiting for application startup."),
    (
        "INFO:     Application startup complete.",
        "INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)",
        'INFO:     {peer} - "GET /ping HTTP/1.1" 200 OK',
    ),
    'INFO:     {peer} - "POST /invocations HTTP/1.1" {status}',
)
WORDINGS: Mapping[str, Wording] = {
    "lmi": Wording(
        ("[INFO ] ModelServer - Starting model server ...", "[INFO ] ModelServer - Initialize BOTH server with: EpollServerSocketChannel."),
        ("[INFO ] ModelServer - BOTH API bind to: http://0.0.0.0:8080", '[INFO ] ACCESS_LOG - /{peer} "GET /ping HTTP/1.1" 200 0'),
        '[INFO ] ACCESS_LOG - /{peer} "POST /invocations HTTP/1.1" {code} {ms}',
    ),
    "tgi": Wording(
        ("{time}  INFO text_generation_launcher: Starting download process.", "{time}  INFO shard-manager: text_generation_launcher: Starting shard rank=0"),
        ("{time}  INFO shard-manager: text_generation_launcher: Shard ready rank=0", "{time}  INFO text_generation_router: router/src/main.rs: Connected"),
        '{time}  {level} generate_stream{{total_time="{ms}ms"}}: text_generation_router::server: router/src/server.rs: {outcome}',
    ),
    "vllm": _UVICORN,
    "sglang": Wording(_UVICORN.start, (*_UVICORN.up, "[{time}] The server is fired up and ready to roll!"), "[{time}] " + _UVICORN.invocation),
}


class ContainerLogs:
    """What the containers of one twin have written and nobody has asked for yet.

    Args:
        control: What was created.
        created: How it answers.
        utc_now: The time of a line.
    """

    def __init__(self, control: ControlPlane, created: Created, utc_now: Callable[[], datetime]) -> None:
        self._control = control
        self._created = created
        self._utc_now = utc_now
        self._lines: deque[tuple[Place, int, str]] = deque(maxlen=MAX_LINES)
        self._started: set[tuple[Place, datetime]] = set()

    def note(self, entry: Entry) -> None:
        """Write the line of a request that ended, if it came to a container of something created."""
        deployed = self._control.find_endpoint(entry.endpoint) if entry.variant else None
        if deployed is None:
            return
        component = entry.headers.get(COMPONENT_HEADER)
        place, wording = _place(deployed, entry.variant, component), self._wording(deployed, component)
        if wording:
            self._start(deployed, place, wording)
            self._write(place, self._utc_now(), wording.invocation, code=entry.status or 0, ms=round(1000 * entry.duration_s))

    async def prepare(self, scope: Scope) -> None:
        """Let moto have all lines before somebody reads them."""
        signed, moto = signed_for(scope), loaded_moto()
        if signed is None or signed.service != "logs" or moto is None:
            return
        for deployed in self._control.endpoints():
            self._start_all(deployed)
        waiting = sorted(self._lines, key=lambda line: line[:2])
        self._lines.clear()
        for place, lines in groupby(waiting, key=lambda line: line[0]):
            moto.put_lines(*place, [(at_ms, text) for _, at_ms, text in lines])

    def forget(self) -> None:
        """Forget the lines, and what has started."""
        self._lines.clear()
        self._started.clear()

    def _start_all(self, deployed: Deployed) -> None:
        for component in deployed.components or (None,):
            wording = self._wording(deployed, component)
            for variant in deployed.variants if wording else ():
                self._start(deployed, _place(deployed, variant.name, component), wording)
        if HEALTH_CHECK in deployed.reason and not deployed.variants:
            self._start(deployed, _place(deployed, "AllTraffic", None), None)

    def _start(self, deployed: Deployed, place: Place, wording: Wording | None) -> None:
        """Write how a container starts, once; without a wording, how one does not come up."""
        if (place, deployed.created_at) not in self._started:
            self._started.add((place, deployed.created_at))
            for line in (*wording.start, *wording.up) if wording else (NO_MEMORY,):
                self._write(place, deployed.created_at, line)

    def _wording(self, deployed: Deployed, component: str | None) -> Wording | None:
        """Return how what answers writes its log; None where it is not played, or not in service."""
        try:
            entry = self._created.find(deployed.name, {COMPONENT_HEADER: component} if component else {}, deployed.region)
        except Refused:
            return None
        return WORDINGS.get(entry.parts.get(component or "", entry).container.name.partition("-")[0]) if entry else None

    def _write(self, place: Place, at: datetime, line: str, *, code: int = 200, ms: int = 0) -> None:
        said = {
            "peer": PEER,
            "time": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "code": code,
            "ms": ms,
            "status": "200 OK" if code == 200 else "400 Bad Request",
            "level": "INFO" if code == 200 else "ERROR",
            "outcome": "Success" if code == 200 else "Request failed",
        }
        self._lines.append((place, int(1000 * at.timestamp()), line.format(**said)))


def _place(deployed: Deployed, variant: str, component: str | None) -> Place:
    """Return where a container's log is; the instance's id is drawn from what runs on it."""
    group = f"/aws/sagemaker/InferenceComponents/{component}" if component else f"/aws/sagemaker/Endpoints/{deployed.name}"
    instance = hashlib.sha256(f"{deployed.arn} {deployed.created_at} {variant}".encode()).hexdigest()[:16]
    return deployed.region, group, f"{variant}/i-0{instance}"
