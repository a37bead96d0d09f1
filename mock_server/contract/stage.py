"""A twin that plays cases to whole clients: each is an endpoint of its name, which replays a recording of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from backends.recording import RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording
from backends.recording.files import save_recording
from mock_server.contract.trial import Trial
from mock_server.embedded import MockServer
from mock_server.replay import STREAM_TYPE

EMPTY = '[no-case]\ncontainer = "tgi-2.4"\n'
"""A catalog has one endpoint at least."""


class Stage:
    """A running twin, to which cases are added; a context manager."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="contract-")
        catalog = Path(self._folder.name) / "catalog.toml"
        catalog.write_text(EMPTY, encoding="utf-8")
        self._twin = MockServer(catalog=catalog)

    @property
    def environ(self) -> Mapping[str, str]:
        """Variables that point an AWS SDK at the twin, with dummy keys and without the session of real ones."""
        return {**self._twin.environ, "AWS_SESSION_TOKEN": ""}

    def put(self, trial: Trial) -> dict[str, Any]:
        """Let the endpoint of the case's name play it in this cut; return what a worker is told."""
        name = trial.case.name
        save_recording(Path(self._folder.name) / f"{name}.jsonl", recording_of(trial), overwrite=True)
        connection = HTTPConnection(urlsplit(self._twin.url).netloc)
        try:
            connection.request("PUT", f"/_mock/endpoints/{name}", json.dumps({"recording": f"{name}.jsonl"}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status not in {200, 201}:
                raise RuntimeError(f"the twin does not play {name}: {answer.read().decode(errors='replace')}")
        finally:
            connection.close()
        return {"endpoint_url": self._twin.url, "endpoint_name": name, "content_type": trial.case.content_type}

    def __enter__(self) -> Self:
        self._twin.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._twin.stop()
        self._folder.cleanup()


def recording_of(trial: Trial) -> Recording:
    """Return a case as a recording: its parts at once, and its exception as the end."""
    case = trial.case
    request = RecordedRequest("POST", f"/endpoints/{case.name}/invocations-response-stream", {}, b"{}")
    head = RecordedHead(0.0, 200, {STREAM_TYPE: case.content_type} if case.content_type else {})
    return Recording("runtime", request, head, [RecordedPart(0.0, part) for part in trial.parts], _end(case.tail))


def _end(tail: tuple[Mapping[str, Any], ...]) -> RecordedEnd:
    for event in tail:
        for name, members in event.items():
            return RecordedEnd("exception", code=name, error_code=members.get("ErrorCode", ""), message=members.get("Message", ""))
    return RecordedEnd("completed")
