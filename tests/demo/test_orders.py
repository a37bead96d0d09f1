"""What the form of a new endpoint asks for: its plan is what the command does that it gives."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from backends.deploy import options
from backends.deploy.plan import printed
from demo.admission import Refused
from demo.language import ENGLISH
from demo.limits import PRIVATE
from demo.orders import FAULTS, INSTANCE, KINDS, NAME_CHARACTERS, Order
from demo.rehearsals import PLACE, Rehearsals
from mock_server import MockServer

ROOT = Path(__file__).resolve().parents[2]
FALCON = "huggingface-llm-falcon-7b-instruct-bf16"
ORDERS = {
    "lmi": Order(name="mine"),
    "tgi": Order("tgi", "mistralai/Mistral-7B-Instruct-v0.3", "ml.g5.12xlarge", "mine"),
    "jumpstart": Order("jumpstart", FALCON, "", "mine"),
    "jumpstart-on": Order("jumpstart", FALCON, "ml.g5.12xlarge", "mine"),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_the_command_of_a_form_does_what_the_form_shows(order: Order, twin: MockServer) -> None:
    rehearsals = Rehearsals(twin, PRIVATE, shared=True)
    plan = rehearsals.plan(order, "", ENGLISH)
    command = [sys.executable, *shlex.split(order.command)[1:], "--dry-run", "--role", PLACE.role_arn]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | twin.environ, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    shown = [printed(call) for call in plan.creates if call.service == "sagemaker"]
    assert len(shown) == 3
    assert [call for call in shown if call not in done.stdout] == []


def test_what_is_offered_can_be_asked_for() -> None:
    for kind, offered in KINDS.items():
        for model in offered.models:
            for instance in offered.instances:
                for _, fault in FAULTS:
                    Order(kind, model, instance, "a" * NAME_CHARACTERS, fault).check(ENGLISH)


def test_the_instance_that_is_offered_is_the_command_s_own() -> None:
    assert INSTANCE == options.INSTANCE


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order("serverless"), "no such kind"),
        (Order(fault="reset"), "no such kind"),
        (Order(model=""), "such as tiiuae/falcon-7b-instruct"),
        (Order(model="a\noption.b=c"), "A model's id"),
        (Order(model="--yes 1"), "A model's id"),
        (Order(model="x" * 201), "A model's id"),
        (Order(instance_type=""), "such as ml.g5.2xlarge"),
        (Order(instance_type="ml.g5.2xlarge; rm -rf"), "such as ml.g5.2xlarge"),
        (Order("jumpstart", FALCON, "g5"), "such as ml.g5.2xlarge"),
        (Order(name="Mine"), "small letters"),
        (Order(name="a-"), "small letters"),
        (Order(name="a" * (NAME_CHARACTERS + 1)), f"up to {NAME_CHARACTERS} characters"),
    ],
    ids=lambda value: "" if isinstance(value, str) else repr(value),
)
def test_what_cannot_be_asked_for_is_told(order: Order, words: str) -> None:
    with pytest.raises(Refused, match=words):
        order.check(ENGLISH)
