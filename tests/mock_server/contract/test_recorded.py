"""Recordings as cases: of the twin's answers, as the page keeps them, and of rarer ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backends.recording import RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording, RecordingError
from backends.recording.files import save_recording
from demo.desk import CONTAINER, SAGEMAKER
from demo.taped_recording import recording_of
from mock_server import MockServer
from mock_server.__main__ import main
from mock_server.contract.case import Format
from mock_server.contract.recorded import case_of, load_cases
from tests.demo.answering import answer
from tests.mock_server.contract.rows import MISTAKEN

FILE = Path("answer-1.jsonl")
LINE = b'{"outputs": ["a"]}\n'
COMPLETED = RecordedEnd("completed")


def recorded(*parts: bytes, content_type: str = "application/jsonlines", end: RecordedEnd = COMPLETED) -> Recording:
    """Return a recording of SageMaker's."""
    head = RecordedHead(0.0, 200, {"x-amzn-sagemaker-content-type": content_type})
    request = RecordedRequest("POST", "/endpoints/e/invocations-response-stream", {}, b"{}")
    return Recording("runtime", request, head, [RecordedPart(0.0, part) for part in parts], end)


@pytest.mark.parametrize("front", [SAGEMAKER, CONTAINER])
@pytest.mark.parametrize(
    ("endpoint", "form"),
    [
        ("falcon-7b-instruct-lmi", "outputs-lines"),
        ("falcon-7b-instruct-tgi", "token-sse"),
        ("mistral-7b-instruct-lmi", "token-lines"),
        ("llama-3-8b-instruct-tgi-chat", "chat-sse"),
        ("qwen-2-5-7b-instruct-lmi-vllm", "token-lines"),
    ],
)
def test_an_answer_that_the_page_recorded_is_a_case(twin: MockServer, endpoint: str, form: Format, front: str) -> None:
    tape = answer(twin, endpoint, "日本語で what is life", front=front, attributes="mock.cut=inside-utf8;mock.profile=instant")
    case = case_of(recording_of(tape), FILE)
    assert (case.name, case.family, case.format, case.error) == ("answer-1", "recorded", form, None)
    assert list(case.payloads) == [bytes(tape.body[part.start : part.end]) for part in tape.parts]
    assert list(case.events) == [event.event for event in tape.events]


def test_the_command_holds_a_parser_against_it_and_tells_how_to_do_so_again(twin: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "one answer.jsonl", tmp_path / "two.jsonl"]
    for file in files:
        save_recording(file, recording_of(answer(twin, "falcon-7b-instruct-lmi", "what is life", attributes="mock.cut=whole;mock.profile=instant")))
    both = [argument for file in files for argument in ("--recording", str(file))]
    assert main(["contract", "--parser", f"{MISTAKEN}:texts", *both]) == 0
    told = capsys.readouterr().out
    assert "recorded" in told
    assert "passes 2 of 2 cases" in told
    assert main(["contract", "--parser", f"{MISTAKEN}:first_event_of_a_part", *both[:2]]) == 1
    told = capsys.readouterr().out
    assert f"--recording '{files[0]}'" in told
    assert "def test_one_answer(" in told
    assert main(["contract", "--parser", f"{MISTAKEN}:client", "--adapter", "client", "--time-limit", "4", *both]) == 0


FORMS: dict[bytes, Format] = {
    b'data: {"choices": [{"text": "a"}]}\n\ndata: [DONE]\n\n': "completion-sse",
    b'{"body": {"generation": "a", "stop_reason": "stop"}}\n': "bedrock-lines",
    b'{"generated_text": "a"}': "document",
    b'[{"generated_text": "a"}]\n': "document",
    b'{"generated_text": "a': "fragments",
    b"": "fragments",
}


@pytest.mark.parametrize(("body", "form"), FORMS.items(), ids=map(repr, FORMS))
def test_what_a_body_is_made_of_is_told_by_its_frames(body: bytes, form: Format) -> None:
    assert case_of(recorded(body, content_type="application/json"), FILE).format == form


def test_an_exception_is_an_event_behind_the_parts_and_has_to_be_told() -> None:
    case = case_of(recorded(LINE, end=RecordedEnd("exception", 0.0, "ModelStreamError", "StreamBroken", "it broke")), FILE)
    assert (case.layer, case.error, case.right.says, case.text) == ("events", "interrupted", "it broke", "a")
    assert list(case.parts) == [{"PayloadPart": {"Bytes": LINE}}, {"ModelStreamError": {"Message": "it broke", "ErrorCode": "StreamBroken"}}]


@pytest.mark.parametrize("end", ["broken", "truncated", "cancelled"])
def test_of_a_stream_that_broke_the_body_is_tried_as_far_as_it_came(end: str) -> None:
    recording = replace(recorded(LINE, b'{"outputs": ["b'), end=RecordedEnd(end))  # type: ignore[arg-type]  # one of three
    case = case_of(recording, FILE)
    assert (case.layer, case.error, case.text) == ("body", "truncated", "a")


def test_what_is_no_case_is_refused_by_name(twin: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RecordingError, match=r"answer-1\.jsonl: expected an answer, found none"):
        case_of(replace(recorded(), head=None), FILE)
    with pytest.raises(RecordingError, match="expected an answer, found HTTP 424"):
        case_of(replace(recorded(), head=RecordedHead(0.0, 424, {})), FILE)
    with pytest.raises(RecordingError, match="expected an answer that is text, found image/jpeg"):
        case_of(recording_of(answer(twin, "sketch-1b-jpeg", "draw")), FILE)
    files = [tmp_path / "a b.jsonl", tmp_path / "a-b.jsonl"]
    for file in files:
        save_recording(file, recorded(LINE))
    with pytest.raises(RecordingError, match="another recording is the case 'a-b' as well"):
        load_cases(files)
    assert main(["contract", "--parser", f"{MISTAKEN}:texts", "--recording", str(tmp_path / "no.jsonl")]) == 2
    assert "no.jsonl" in capsys.readouterr().err
