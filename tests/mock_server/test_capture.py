"""Lines of SageMaker Data Capture, in the form that the service's developer guide shows, as recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.recording import RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording, RecordingError
from backends.recording.files import load_recording
from mock_server.__main__ import main
from mock_server.record.capture import read_captures


def side(mode: str, data: str, encoding: str, content_type: str | None) -> dict[str, str]:
    return {**({"observedContentType": content_type} if content_type else {}), "mode": mode, "data": data, "encoding": encoding}


def event(number: int, output: dict[str, str], **more: Any) -> str:
    captured = {"endpointInput": side("INPUT", '{"inputs": "日"}', "JSON", "application/json"), "endpointOutput": output, **more}
    kept = {name: value for name, value in captured.items() if value}
    return json.dumps({"captureData": kept, "eventMetadata": {"eventId": f"e{number}", "inferenceTime": "2026-11-21T12:00:00Z"}, "eventVersion": "0"})


LINES = [
    event(1, side("OUTPUT", "0.5,1\n", "CSV", "text/csv; charset=utf-8")),
    event(2, side("OUTPUT", 'data: {"é": 1}\n\n', "JSON", "text/event-stream")),
    event(3, side("OUTPUT", "AP8=", "BASE64", None)),
    event(4, side("OUTPUT", "x", "CSV", "text/csv"), endpointInput=None),
]
ASKED = RecordedRequest("POST", "/endpoints/mine/invocations", {"content-type": "application/json"}, '{"inputs": "日"}'.encode())


def recorded(data: bytes, content_type: str | None, request: RecordedRequest = ASKED) -> Recording:
    head = RecordedHead(0.0, 200, {"content-type": content_type} if content_type else {})
    return Recording("runtime", request, head, (RecordedPart(0.0, data),), RecordedEnd("completed"), timed=False)


def test_each_captured_answer_is_a_recording_of_its_content_without_cuts_and_times(tmp_path: Path) -> None:
    file = tmp_path / "capture.jsonl"
    file.write_text("\n".join(LINES) + "\n\n", encoding="utf-8")
    assert dict(read_captures(file, "mine")) == {
        "e1": recorded(b"0.5,1\n", "text/csv; charset=utf-8"),
        "e2": recorded('data: {"é": 1}\n\n'.encode(), "text/event-stream"),
        "e3": recorded(b"\x00\xff", None),
        "e4": recorded(b"x", "text/csv", RecordedRequest("POST", "/endpoints/mine/invocations", {}, b"")),
    }


BROKEN = [
    "{",
    "[]",
    "{}",
    json.dumps({"captureData": {"endpointInput": {}}, "eventMetadata": {"eventId": "a"}}),
    event(1, side("OUTPUT", "x", "XML", "text/xml")),
    event(1, side("OUTPUT", "A", "BASE64", None)),
    event(1, {"encoding": "CSV", "data": 3}),  # type: ignore[dict-item]  # no string
    json.dumps({"captureData": {"endpointOutput": side("OUTPUT", "x", "CSV", None)}}),
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_is_no_captured_answer_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "capture.jsonl"
    file.write_text(f"{LINES[0]}\n{line}\n")
    with pytest.raises(RecordingError) as refusal:
        list(read_captures(file, "mine"))
    assert str(refusal.value).startswith(f"{file}:2: expected an event of Data Capture, with its output: ")


def test_the_command_writes_a_file_for_each_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, folder = tmp_path / "capture.jsonl", tmp_path / "recordings"
    file.write_text("\n".join(LINES), encoding="utf-8")
    command = ["record", "--import-capture", str(file), "--endpoint", "mine", "--out", str(folder)]
    assert main(command) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["e1.jsonl", "e2.jsonl", "e3.jsonl", "e4.jsonl"]
    assert load_recording(folder / "e3.jsonl") == recorded(b"\x00\xff", None)
    first = capsys.readouterr().err.splitlines()[0]
    assert first == f"{folder}/e1.jsonl: POST /endpoints/mine/invocations (runtime): HTTP 200, 1 part, 6 bytes whose cuts and times are unknown; completed"
    assert main(command) == 2
    assert "e1.jsonl: there is such a file already" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
