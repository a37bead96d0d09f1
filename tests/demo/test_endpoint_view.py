"""What a person sees of endpoints: each status as a sign and a word, and what to do about one that does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import StringShape
from botocore.session import Session

from backends.endpoints import Endpoint
from backends.errors import ConfigurationError, RequestRejected
from backends.settings import Settings
from demo.desk import open_desk
from demo.endpoint_view import LIGHTS, advice, failure, own, table
from demo.found import CONTAINER, NO_ROUTE, SAGEMAKER, Found
from demo.language import ENGLISH, Words


def found(status: str, **more: Any) -> Found:
    return Found(Endpoint("e", "messages", "llama3"), SAGEMAKER, "LMI 0.36.0", status, region="eu-west-1", **more)


def test_the_twin_s_endpoints_are_in_service_and_their_containers_known() -> None:
    with open_desk(Settings()) as desk:
        shown = table(own(desk), ENGLISH)
    assert "<th scope='row'>falcon-7b-instruct-tgi</th>" in shown
    assert "InService</td><td>tgi-0.9.4</td><td><code>inputs</code></td><td>falcon</td>" in shown


def test_nobody_says_how_an_endpoint_is_that_was_not_asked() -> None:
    with open_desk(Settings(backend="sagemaker", endpoint_name="mine", component="part")) as desk:
        shown = table(own(desk), ENGLISH)
    assert "<th scope='row'>mine / part</th>" in shown
    assert "not asked</td>" in shown
    assert "<i>not recognised</i>" in shown


def test_a_container_of_the_page_is_one_at_an_address() -> None:
    with open_desk(Settings(backend="container", container_url="http://127.0.0.1:9")) as desk:
        [container] = own(desk)
    assert (container.front, container.label) == (CONTAINER, "http://127.0.0.1:9")


def test_without_endpoints_there_is_no_table() -> None:
    assert table((), ENGLISH) == ""


def test_every_status_that_the_service_knows_has_a_sign() -> None:
    model = Session().get_service_model("sagemaker")
    shapes = (model.shape_for(name) for name in ("EndpointStatus", "InferenceComponentStatus"))
    known = {word for shape in shapes if isinstance(shape, StringShape) for word in shape.enum}
    assert "InService" in known
    assert known <= set(LIGHTS)


@pytest.mark.parametrize("status", LIGHTS)
def test_a_status_is_a_word_beside_its_sign(status: str) -> None:
    shown = table([found(status)], ENGLISH)
    light = LIGHTS[status]
    assert f"<span class='light {light.tone}' aria-hidden='true'>{light.sign}</span> " in shown
    assert (light.word or status).replace("`", "<code>", 1).replace("`", "</code>", 1) in shown


def test_a_status_that_nobody_has_heard_of_is_shown_as_it_is_asked() -> None:
    assert "○" in table([found("Dreaming")], ENGLISH)


def test_what_comes_from_elsewhere_is_text() -> None:
    evil = Found(Endpoint("<b>e", family="<b>f"), SAGEMAKER, "<b>c", "Failed", "<img src=x>")
    shown = table([evil], ENGLISH) + advice(evil, ENGLISH) + failure(ConfigurationError("<script>"))
    assert "<b>" not in shown
    assert "<img" not in shown
    assert "<script" not in shown
    assert "&lt;img src=x&gt;" in shown


def test_what_comes_from_elsewhere_is_one_line_behind_which_no_markdown_begins() -> None:
    text = "a\n\n[b](javascript:c)\r\n\u2028d"
    shown = table([Found(Endpoint(text, family=text), SAGEMAKER, text, "Failed", text)], ENGLISH) + failure(ConfigurationError(text))
    assert len(shown.splitlines()) == 1
    assert shown.count("[b](javascript:c) d") == 5


def test_one_that_is_well_needs_no_advice() -> None:
    assert advice(found("InService"), ENGLISH) == advice(found("healthy"), ENGLISH) == ""


ADVICE = [
    (found("Creating"), "<code>aws sagemaker wait endpoint-in-service --endpoint-name e --region eu-west-1</code> waits for that."),
    (
        found("Failed", profile="my work"),
        "<code>aws sagemaker describe-endpoint --endpoint-name e --region eu-west-1 --profile &#x27;my work&#x27;</code> says why.",
    ),
    (found("RollingBack"), "answers meanwhile"),
    (found("Deleting"), "answers no more"),
    (Found(Endpoint("e", component="c"), SAGEMAKER, status="Creating"), "<code>aws sagemaker describe-inference-component --inference-component-name c</code>"),
    (Found(Endpoint("h", url="http://h"), CONTAINER, status="unhealthy"), "http://h says that it is not well"),
    (Found(Endpoint("h", url="http://h"), CONTAINER, status=NO_ROUTE), "has no <code>/invocations</code>"),
    (Found(Endpoint("h", url="http://h"), CONTAINER, status="unknown"), "neither <code>/ping</code> nor <code>/health</code>"),
]


@pytest.mark.parametrize(("which", "words"), ADVICE)
def test_one_that_does_not_answer_is_told_with_the_command_that_helps(which: Found, words: str) -> None:
    assert words in advice(which, ENGLISH)


def test_a_failure_begins_with_a_capital_and_ends_with_what_mends_it() -> None:
    assert failure(ConfigurationError("no AWS region: `aws configure`")) == "<p class='failure' role='alert'>No AWS region: <code>aws configure</code></p>"
    denied = RequestRejected("User: u is not authorized to perform: sagemaker:ListEndpoints", status=400, code="AccessDeniedException")
    assert "&quot;Action&quot;: &quot;sagemaker:ListEndpoints&quot;" in failure(denied)


def test_a_reader_is_told_in_their_language() -> None:
    assert "名前" in table([found("Creating")], Words("ja"))
    assert "espera hasta entonces" in advice(found("Creating"), Words("es"))
