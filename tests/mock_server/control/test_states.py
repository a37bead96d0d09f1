"""Endpoints and components from their creation to their end, by a clock that the test turns."""

from __future__ import annotations

from typing import Any

from tests.mock_server.control.rehearsal import ARN, CREATION_S, IMAGE, Rehearsal

IN_PROGRESS = ("ValidationException", f'Cannot update in-progress endpoint "{ARN}:endpoint/falcon".')
GONE = ("ValidationException", f'Could not find endpoint "{ARN}:endpoint/falcon".')


def find(rehearsal: Rehearsal) -> Any:
    found = rehearsal.twin.find_endpoint("falcon")
    assert found is not None
    return found


def test_an_endpoint_is_created_serves_and_goes_as_its_clock_says(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    assert (rehearsal.status(), find(rehearsal).variants) == ("Creating", ())
    rehearsal.clock.turn(CREATION_S - 1)
    assert rehearsal.status() == "Creating"
    rehearsal.clock.turn(1)
    assert rehearsal.status() == "InService"
    [variant] = find(rehearsal).variants
    [container] = variant.containers
    assert (variant.name, container.image, container.model_data_url) == ("AllTraffic", IMAGE, "s3://bucket/code.tar.gz")
    assert container.environment == {"OPTION_MODEL_ID": "tiiuae/falcon-7b"}
    assert rehearsal.ask("delete_endpoint", EndpointName="falcon") == {}
    assert (rehearsal.status(), find(rehearsal).variants) == ("Deleting", ())
    rehearsal.clock.turn()
    assert (rehearsal.status(), rehearsal.twin.find_endpoint("falcon")) == (GONE, None)


def test_what_answers_is_what_the_models_were_when_the_endpoint_was_created(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    rehearsal.ask("delete_model", ModelName="falcon")
    rehearsal.ask("delete_endpoint_config", EndpointConfigName="falcon")
    rehearsal.clock.turn()
    assert [container.image for variant in find(rehearsal).variants for container in variant.containers] == [IMAGE]
