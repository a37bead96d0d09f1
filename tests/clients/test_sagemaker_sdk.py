"""The SageMaker SDK of today: the announcements' notebooks as scripts, from nothing to a streamed answer and back; and its faults, until they are mended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mock_server import MockServer
from mock_server.control.jumpstart import MODELS
from mock_server.script import FOLDER
from tests.clients.foreign import ROOT, Client, Start, started

ROLE = "arn:aws:iam::123456789012:role/rehearsal"
READ = {"SAGEMAKER_ROLE": ROLE, "PYTHONPATH": str(ROOT)}
"""What the scripts read."""
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
KINDS = {"Model": "list_models", "EndpointConfig": "list_endpoint_configs", "Endpoint": "list_endpoints"}
"""Kind -> the operation that lists what there is of it."""


class Account:
    """What an account has, as boto3 sees it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            self.iam, self.sagemaker, self.s3 = (boto3.Session().client(service) for service in ("iam", "sagemaker", "s3"))

    def things(self) -> set[str]:
        """Return the names of all that is there and might cost something."""
        kept = {name for kind, listing in KINDS.items() for name in self.sagemaker.get_paginator(listing).paginate().search(f"{kind}s[].{kind}Arn")}
        buckets = self.s3.list_buckets()["Buckets"]
        return kept | {each["Key"] for bucket in buckets for each in self.s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())}


@pytest.fixture(scope="module")
def account(twin: MockServer) -> Account:
    """One that has a role which SageMaker may assume: `ModelBuilder` asks IAM whether there is one."""
    twin.reset()  # moto's IAM is the process's, and not this twin's alone
    account = Account(twin.environ)
    assert account.iam.create_role(RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"] == ROLE
    return account


def text_of(script: str) -> str:
    text = json.loads((FOLDER / f"{script}.json").read_text(encoding="utf-8"))["text"]
    return text if isinstance(text, str) else "\n".join(text)


@dataclass(frozen=True, slots=True)
class Notebook:
    """What is seen of one: the scripts that its endpoints answer with, and what it prints besides them."""

    scripts: tuple[str, ...]
    prints: str = ""


NOTEBOOKS = {
    "falcon_by_lmi": Notebook(("what-is-life-en",)),
    "falcon_by_tgi": Notebook(("one-sentence",)),
    "falcon_by_jumpstart": Notebook(("build-a-website", "build-a-website"), "".join(f"{model.id}\n" for model in MODELS if not model.is_gated)),
    "mistral_by_resources": Notebook(("what-is-life-en",)),
}


@pytest.mark.parametrize(("name", "notebook"), NOTEBOOKS.items(), ids=NOTEBOOKS)
def test_a_notebook_streams_from_what_it_creates_and_leaves_nothing(twin: MockServer, account: Account, tmp_path: Path, name: str, notebook: Notebook) -> None:
    things, calls = account.things(), len(twin.calls)
    with started("sagemaker", {**twin.environ, **READ}, tmp_path) as sdk:
        answer = sdk.ask(notebook=name)  # which holds that no other machine was asked for

    assert answer["error"] is None, sdk.said()
    twin.journal.wait(len(notebook.scripts))
    assert [(entry.script, entry.ended) for entry in twin.journal.finished] == [(script, "completed") for script in notebook.scripts]
    assert answer["printed"].startswith(notebook.prints)
    assert all(text_of(script) in answer["printed"] for script in notebook.scripts)
    done = Counter(call.operation for call in twin.calls[calls:] if not call.code)
    assert {done[f"{verb}{kind}"] for verb in ("Create", "Delete") for kind in KINDS} == {len(notebook.scripts)}
    assert account.things() == things


def test_a_notebook_whose_stream_fails_leaves_nothing_either(twin: MockServer, account: Account, tmp_path: Path) -> None:
    things = account.things()
    twin.queue_fault("model-error")
    with started("sagemaker", {**twin.environ, **READ}, tmp_path) as sdk:
        answer = sdk.ask(notebook="falcon_by_lmi")

    assert (answer["error"] or {}).get("type") == "botocore.errorfactory.ModelError", answer
    assert account.things() == things


@pytest.fixture(scope="module")
def sdk(account: Account, start: Start) -> Client:  # noqa: ARG001 - its role
    """The SDK in a process that answers question after question."""
    return start("sagemaker", AWS_MAX_ATTEMPTS="1", **READ)


def found(client: Client, question: str) -> Any:
    answer = client.exchange(question=question)
    if answer["error"]:
        raise RuntimeError(f"{answer['error']}; {client.said()}")  # no fault that was expected
    return answer["found"]


@pytest.mark.parametrize("accepted", [True, False])
def test_a_licence_is_accepted_only_if_somebody_says_so(sdk: Client, accepted: bool) -> None:
    assert found(sdk, "licence accepted" if accepted else "licence not accepted") is accepted


class StillThere(Exception):
    """A fault of the SDK's."""


def unmended(faults: Mapping[str, tuple[Any, str]]) -> list[Any]:
    """Return question and value of each fault for a test that fails until the SDK is mended, and is to be changed then."""
    seen = [f"{does}; seen in sagemaker 3.27.0" for _, does in faults.values()]
    marks = [pytest.mark.xfail(strict=True, raises=StillThere, reason=reason) for reason in seen]
    return [pytest.param(question, value, id=question, marks=mark) for (question, (value, _)), mark in zip(faults.items(), marks, strict=True)]


FAULTS: Mapping[str, tuple[Any, str]] = {
    "health check timeout": (600, "deploy(container_timeout_in_seconds=600) drops it; container_startup_health_check_timeout, undocumented, works"),
    "JumpStart's timeouts": (True, "ModelBuilder(model=ID) leaves out its specification's time-outs; from_jumpstart_config(compute=...) has them"),
    "model data that is not there": (None, "a model of an image and variables is created with a ModelDataUrl where nothing was uploaded"),
    "longest sleep": (1, "deploy(wait=True) sleeps 30 s before it looks again; deploy(wait=False) and wait_for_status(poll=1) do not"),
    "stream of a resource": ("answered", "Endpoint.invoke_with_response_stream takes the event stream for a dict: AttributeError; boto3 reads it"),
    "graphene is required": (True, "sagemaker.core.image_retriever imports graphene, which sagemaker-core does not require"),
}
"""Question -> what it should find, and what the SDK does."""


@pytest.mark.parametrize(("question", "should"), unmended(FAULTS))
def test_the_sdk_does_what_it_is_asked(sdk: Client, question: str, should: Any) -> None:
    came = found(sdk, question)
    if came != should:
        raise StillThere(f"{came!r}, not {should!r}")


LEAKS: Mapping[str, tuple[Any, str]] = {
    "account": ("sts.us-east-1.amazonaws.com", "a session of the SDK's asks for STS at AWS, whatever AWS_ENDPOINT_URL says"),
    "untold": ("sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com", "each build and each deployment is told to AWS, unless TelemetryOptOut is set"),
}
"""Question -> the host that a session which is not the notebooks' asks for, and why; no packet leaves this machine."""


@pytest.mark.parametrize(("question", "host"), unmended(LEAKS))
def test_one_variable_keeps_the_sdk_on_this_machine(sdk: Client, question: str, host: str) -> None:
    hosts = sdk.exchange(question=question)["hosts"]
    if host in hosts:
        raise StillThere(f"{hosts}")
