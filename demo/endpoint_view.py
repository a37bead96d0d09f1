"""Endpoints as HTML of ours: a table with a sign and a word for how each is, and what to do about one that does not answer."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backends.errors import BackendError
from backends.remedies import remedy
from demo.desk import Desk
from demo.found import CONTAINER, NO_ROUTE, SAGEMAKER, Found
from demo.language import Words, mark

HEADS = (mark("Name"), mark("Status"), mark("Container"), mark("Takes"), mark("Family"))
NOT_RECOGNISED = mark("not recognised")


@dataclass(frozen=True, slots=True)
class Light:
    """How a status is shown."""

    sign: str
    tone: str
    """`good`, `busy`, `bad` or `none`: how the sign is coloured."""
    word: str = ""
    """What stands beside the sign where the status itself is no word for a person."""
    advice: str = ""
    """What to do about it, with its `{places}`."""


_DESCRIBE = mark("{name} does not answer: `{describe}` says why.")
LIGHTS: Mapping[str, Light] = {
    "InService": Light("●", "good"),
    "Updating": Light("◐", "busy", advice=mark("{name} is being changed and answers meanwhile.")),
    "SystemUpdating": Light("◐", "busy", advice=mark("{name} is being changed and answers meanwhile.")),
    "RollingBack": Light("◐", "busy", advice=mark("{name} is being changed and answers meanwhile.")),
    "Creating": Light("◐", "busy", advice=mark("{name} answers once it is in service: `{wait}` waits for that.")),
    "Deleting": Light("◌", "bad", advice=mark("{name} is being deleted and answers no more.")),
    "OutOfService": Light("▲", "bad", advice=_DESCRIBE),
    "Failed": Light("▲", "bad", advice=_DESCRIBE),
    "UpdateRollbackFailed": Light("▲", "bad", advice=_DESCRIBE),
    "healthy": Light("●", "good", mark("healthy")),
    "unhealthy": Light("▲", "bad", mark("not healthy"), mark("{name} says that it is not well: it may still be loading its model.")),
    "unknown": Light("○", "none", mark("answers"), mark("{name} has neither `/ping` nor `/health`, so that nobody knows how it is.")),
    NO_ROUTE: Light("▲", "bad", mark("no `/invocations`"), mark("{name} has no `/invocations`, the path that SageMaker asks: it cannot be chatted with here.")),
    "": Light("○", "none", mark("not asked")),
}
"""Status, SageMaker's own or a container's health, and how it is shown."""


def own(desk: Desk) -> tuple[Found, ...]:
    """Return the page's own endpoints; a twin that this process serves is in service."""
    status, front = "InService" if desk.scripted else "", SAGEMAKER if SAGEMAKER in desk.fronts else CONTAINER
    return tuple(Found(endpoint, front, desk.containers.get(endpoint.name, ""), status) for endpoint in desk.endpoints)


def table(rows: Iterable[Found], words: Words) -> str:
    """Return endpoints as a table; empty without any."""
    body = "".join(_row(found, words) for found in rows)
    heads = "".join(f"<th scope='col'>{html.escape(words(head))}</th>" for head in HEADS)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _row(found: Found, words: Words) -> str:
    endpoint, light = found.endpoint, LIGHTS.get(found.status, LIGHTS["unknown"])
    name = _line(" / ".join(filter(None, (endpoint.name, endpoint.component))))
    said = _code(words(light.word) if light.word else found.status)
    status = f"<span class='light {light.tone}' aria-hidden='true'>{light.sign}</span> {said}"
    reason = f"<tr class='why'><td colspan='{len(HEADS)}'>{_line(found.reason)}</td></tr>" if found.reason else ""
    container = _line(found.container) or f"<i>{html.escape(words(NOT_RECOGNISED))}</i>"
    cells = (status, container, f"<code>{endpoint.accepts}</code>", _line(endpoint.family))
    return f"<tr><th scope='row'>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>{reason}"


def advice(found: Found, words: Words) -> str:
    """Return what to do about an endpoint that does not answer; empty where all is well."""
    light = LIGHTS.get(found.status, LIGHTS["unknown"])
    return told(words(light.advice, name=found.label, wait=_command(found, "wait"), describe=_command(found, "describe"))) if light.advice else ""


def _command(found: Found, verb: str) -> str:
    """Return the AWS CLI's command that waits for what was found, or describes it."""
    component = found.endpoint.component
    kind, name = ("inference-component", component) if component else ("endpoint", found.endpoint.name)
    action = ["wait", "endpoint-in-service"] if verb == "wait" and not component else [f"describe-{kind}"]
    where = [*(["--region", found.region] if found.region else []), *(["--profile", found.profile] if found.profile else [])]
    return shlex.join(["aws", "sagemaker", *action, f"--{kind}-name", name, *where])


def told(text: str) -> str:
    """Return a sentence, said aloud when it comes."""
    return f"<p class='figures' role='status'>{_code(text)}</p>"


def failure(error: BackendError) -> str:
    """Return what went wrong, and the command that mends it."""
    said = str(error)
    return f"<p class='failure' role='alert'>{_code(' '.join(filter(None, (f'{said[:1].upper()}{said[1:]}', remedy(error)))))}</p>"


def _code(text: str) -> str:
    """Return text as HTML, in which what stands between backticks is code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", _line(text))


def _line(text: str) -> str:
    """Return text as HTML of one line: behind an empty one the rest would be Markdown."""
    return html.escape(" ".join(text.split()))
