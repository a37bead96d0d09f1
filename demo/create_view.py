"""The creation of an endpoint as HTML of ours: what it takes, before; what became of it, after."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from backends.deploy.plan import Call, Plan, printed
from backends.deploy.prices import AS_OF, INSTANCES, LIST, REGION
from backends.errors import BackendError
from demo.admission import Refused
from demo.endpoint_view import failure
from demo.language import Words, mark
from demo.literal import note
from demo.orders import instance_of

THINGS: Mapping[str, tuple[str, str]] = {
    "CreateRole": (mark("role {name}"), "RoleName"),
    "PutRolePolicy": (mark("policy of the role {name}"), "RoleName"),
    "CreateBucket": (mark("bucket {name}"), "Bucket"),
    "PutBucketTagging": (mark("tags of the bucket {name}"), "Bucket"),
    "PutObject": (mark("archive {name}"), "Key"),
    "CreateModel": (mark("model {name}"), "ModelName"),
    "CreateEndpointConfig": (mark("endpoint configuration {name}"), "EndpointConfigName"),
    "CreateEndpoint": (mark("endpoint {name}"), "EndpointName"),
    "DeleteObject": (mark("archive {name}"), "Key"),
    "DeleteModel": (mark("model {name}"), "ModelName"),
    "DeleteEndpointConfig": (mark("endpoint configuration {name}"), "EndpointConfigName"),
    "DeleteEndpoint": (mark("endpoint {name}"), "EndpointName"),
}
"""Operation -> what it makes or takes away, and the member that has its name."""


def plan_view(plan: Plan, words: Words, *, is_real: bool = False) -> str:
    """Return what a plan creates, what that costs in an account, and every call with its members.

    Args:
        is_real: Whether an account is where it is carried out.
    """
    calls = html.escape("\n".join(printed(call) for call in plan.calls)).replace("\n", "&#10;")
    steps = "".join(f"<li><code>{call.service} {call.operation}</code> {_thing(call, words)}</li>" for call in plan.creates)
    folded = f"<details><summary>{html.escape(words('Every call with its members'))}</summary><pre tabindex='0'>{calls}</pre></details>"
    free = "" if is_real else f" {html.escape(words('On the twin it costs nothing.'))}"
    return f"<p class='figures'>{_price(instance_of(plan), words)}{free}</p><ol>{steps}</ol>{folded}"


def steps_view(lead: str, done: Iterable[Call], words: Words, *, ended: bool = True) -> str:
    """Return calls that are done, or are to be, behind a sentence that leads; said aloud once all are."""
    steps = "".join(f"<li>{_thing(call, words)}</li>" for call in done)
    role = " role='status'" if ended else ""
    return f"<div class='figures'{role}><p>{html.escape(lead)}</p><ul>{steps}</ul></div>"


def _thing(call: Call, words: Words) -> str:
    text, member = THINGS[call.operation]
    return html.escape(words(text, name=call.parameters[member]))


def _price(instance_type: str, words: Words) -> str:
    """Return what an hour of an instance costs, as far as that is known."""
    known = INSTANCES.get(instance_type)
    if known is None or known.dollars_an_hour is None:
        said = words("What {instance} costs an hour is not in our table: {list} has it.", instance=instance_type, list=LIST)
        return html.escape(said)
    dollars = f"${known.dollars_an_hour:.3f}"
    said = words(
        "{instance} costs {price} an hour in an account ({region}, {date}), from its creation until it is deleted.",
        instance=instance_type,
        price=dollars,
        region=REGION,
        date=AS_OF,
    )
    return html.escape(said)


def refusal(error: Refused | BackendError, rest: str = "") -> str:
    """Return why something was not done, said aloud."""
    if isinstance(error, BackendError):
        return failure(error) + (note(rest) if rest else "")
    return f"<p class='failure' role='alert'>{html.escape(str(error))}</p>"
