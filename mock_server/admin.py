"""`/_mock/`: what the twin is and what it saw, to read and to change while it runs, for people, pages and tests.

Each twin puts itself into the scope of a request, so that one application serves all twins of a process.
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server import choices, cuts, faults, profiles
from mock_server.admin_forms import (
    MAX_NUMBER,
    ChoicesView,
    Done,
    EndpointChoices,
    EndpointTable,
    EndpointView,
    FaultChoice,
    FaultOrder,
    FaultView,
    JournalPage,
    JournalQuery,
    Problem,
)
from mock_server.catalog import CatalogError
from mock_server.containers import CONTAINERS
from mock_server.control import faults as control_faults
from mock_server.control.calls import Call
from mock_server.guard import Guard
from mock_server.journal import Wanted
from mock_server.metrics import CONTENT_TYPE
from mock_server.served import NoSuchEndpoint
from mock_server.twin import Twin
from mock_server.words import WordError

TWIN = "streamtwin.twin"
"""Where in a request's scope the twin is."""
REFUSED: dict[int | str, dict[str, Any]] = {400: {"model": Problem, "description": "It says something that the twin does not know."}}
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is none."}}
NEW: dict[int | str, dict[str, Any]] = {201: {"model": EndpointView, "description": "It is new."}}
FOREIGN: dict[int | str, dict[str, Any]] = {403: {"model": Problem, "description": "A page of another site asks."}}
METRICS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


async def _twin(request: Request) -> Twin:
    twin: Twin = request.scope[TWIN]
    return twin


Asked = Annotated[Twin, Depends(_twin)]
"""The twin that was asked."""
Name = Annotated[str, Path(max_length=63, pattern="^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")]
router = APIRouter()


@router.get("/health")
async def health() -> Done:
    """Say that the twin runs."""
    return Done()


@router.post("/reset")
def reset(twin: Asked) -> Done:
    """Forget the journal, the sessions, the faults that wait and what was created; serve the catalog again."""
    twin.forget()
    return Done()


@router.get("/journal")
def read_journal(twin: Asked, query: Annotated[JournalQuery, Query()]) -> JournalPage:
    """Return what the twin saw: the requests that are open, and those that ended, page by page."""
    wanted = Wanted(endpoint=query.endpoint, ended=query.ended, front=query.front)
    finished, behind = twin.journal.page(wanted, after=query.after, limit=query.limit)
    page = {
        "open": [entry.as_json() for entry in twin.journal.open if wanted.fits(entry)],
        "finished": [entry.as_json() for entry in finished],
        "next": behind,
    }
    return Response(orjson.dumps(page), media_type="application/json")  # type: ignore[return-value]  # checked by tests, not at 32 MiB in each answer


@router.delete("/journal")
def clear_journal(twin: Asked) -> Done:
    """Forget the requests that ended."""
    twin.journal.reset()
    return Done()


@router.get("/calls")
def list_calls(twin: Asked) -> list[Call]:
    """Return what the control plane was asked: the last thousand calls, in the order of their answers."""
    return list(twin.control.calls.all)


@router.delete("/calls")
def clear_calls(twin: Asked) -> Done:
    """Forget these calls."""
    twin.control.calls.clear()
    return Done()


@router.get("/faults")
def list_faults(twin: Asked) -> list[FaultView]:
    """Return the faults that wait, the oldest first."""
    return [FaultView.of(order) for order in twin.faults.waiting]


@router.post("/faults", status_code=201, responses=REFUSED | MISSING)
def queue_fault(twin: Asked, order: FaultOrder) -> FaultView:
    """Order a fault for the next requests, to one endpoint or to any, that can have it and ask for none themselves.

    `NAME@OPERATION` is for calls of the control plane, about what `endpoint` names or about anything.
    """
    return FaultView.of(twin.queue_fault(order.fault, order.endpoint, order.times))


@router.delete("/faults")
def clear_faults(twin: Asked) -> Done:
    """Take back all faults that wait."""
    twin.faults.clear()
    return Done()


@router.delete("/faults/{number}", responses=MISSING)
def remove_fault(twin: Asked, number: Annotated[int, Path(ge=1, le=MAX_NUMBER)]) -> Done:
    """Take back a fault that waits."""
    try:
        twin.faults.remove(number)
    except KeyError:
        raise HTTPException(404, f"no fault {number} waits; there are: {', '.join(str(order.number) for order in twin.faults.waiting) or 'none'}") from None
    return Done()


@router.get("/endpoints")
def list_endpoints(twin: Asked) -> list[EndpointView]:
    """Return what is served."""
    return [EndpointView.of(entry, twin.profile) for entry in twin.catalog.values()]


@router.get("/endpoints/{name}", responses=MISSING)
def show_endpoint(twin: Asked, name: Name) -> EndpointView:
    """Return one endpoint."""
    return EndpointView.of(twin.served.find(name), twin.profile)


@router.put("/endpoints/{name}", responses=REFUSED | MISSING | NEW)
def put_endpoint(twin: Asked, name: Name, table: EndpointTable, response: Response) -> EndpointView:
    """Serve an endpoint, a new one or another in its place; streams that run keep the one that they began with.

    `scripts` and `recording` can name what is in the catalog's folder, and `upstream` what is on this machine, or what the catalog names.
    """
    if twin.served.put(name, table.table()):
        response.status_code = 201
    return show_endpoint(twin, name)


@router.patch("/endpoints/{name}", responses=REFUSED | MISSING)
def change_endpoint(twin: Asked, name: Name, changes: EndpointTable) -> EndpointView:
    """Change an endpoint: each key that is given replaces the old one, null takes it away."""
    twin.served.change(name, changes.changes())
    return show_endpoint(twin, name)


@router.delete("/endpoints/{name}", responses=MISSING)
def remove_endpoint(twin: Asked, name: Name) -> Done:
    """Serve an endpoint no more; streams that run go on."""
    twin.served.remove(name)
    return Done()


@router.get("/choices")
def list_choices(twin: Asked) -> ChoicesView:
    """Return what a request can ask of the twin."""
    return ChoicesView(
        attributes=[choices.PREFIX + name for name in choices.READERS],
        cuts=cuts.LEGAL.split(", "),
        http_cuts=cuts.LEGAL_HTTP.split(", "),
        faults=[FaultChoice(name=name, written=written, stage=stage) for name, (written, stage) in faults.spellings().items()],
        control_faults=list(control_faults.KINDS),
        profiles=profiles.LEGAL.partition(";")[0].split(", "),
        containers=list(CONTAINERS),
        endpoints={
            entry.name: EndpointChoices(scripts=[] if entry.recording else list(entry.scripts), recordings=list(entry.recording or ()))
            for entry in twin.catalog.values()
        },
    )


@router.get("/metrics", response_class=Response, responses=METRICS)
def metrics(twin: Asked) -> Response:
    """Return the twin's metrics in Prometheus's text format."""
    return Response(twin.metrics.text(), media_type=CONTENT_TYPE)


async def _say_problem(_: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NoSuchEndpoint) else 400
    return JSONResponse({"error": str(error)}, status)


async def _say_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for that alone
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


app = FastAPI(title="streamtwin", version="1", docs_url=None, redoc_url=None, responses=FOREIGN)  # the docs pages load scripts from a foreign host
app.include_router(router)
app.add_exception_handler(HTTPException, _say_http)
for _kind in (NoSuchEndpoint, CatalogError, WordError):
    app.add_exception_handler(_kind, _say_problem)


def admin_app(twin: Twin, *, any_host: bool) -> ASGIApp:
    """Return the application under `/_mock/` of one twin; `any_host` as of `Guard`."""

    async def with_twin(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, TWIN: twin}, receive, send)

    return Guard(with_twin, any_host=any_host)
