"""An answer as a test for pytest, in which the twin gives it again: to boto3, or of a container to the standard library's client.

On the twin it is the same endpoint, cut, fault and seed. Of a real endpoint it is the recording that the wire tab gives, played by the twin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from demo.asked import Asked
from demo.python_snippet import call_arguments, http_request, literal

MOST_CHARACTERS = 63
"""Of an endpoint's name."""
READ_TIMEOUT_S = 5
"""How long a client waits for an endpoint that a fault has silenced."""

_RECORDED = """
RECORDING = Path(__file__).with_name("answer-{number}.jsonl")  # "Download as a recording", on the page's Wire tab


@pytest.fixture(scope="session")
def sagemaker_twin_options(tmp_path_factory):
    catalog = tmp_path_factory.mktemp("twin") / "catalog.toml"
    catalog.write_text(f"[{name}]\\nrecording = {{json.dumps(str(RECORDING))}}\\n", encoding="utf-8")
    return {{"catalog": catalog}}
"""


def pytest_module(asked: Asked) -> str:
    """Return a module that runs as it is, where streamtwin is installed: its test passes where the answer comes as it came here."""
    if not asked.number:
        return "# Ask first: a test expects the answer that came.\n"
    test = ("def test_the_answer(sagemaker_twin):", *_indent(_test(asked)))
    return "\n".join((*_top(asked), *_marker(asked), *test)) + "\n"


def _top(asked: Asked) -> Iterator[str]:
    expected = "Token, decode_events" if asked.reading == "lines" else ""
    lines = (
        ("from hashlib import sha256", asked.reading != "lines"),
        ("import json", True),
        ("from pathlib import Path", asked.twin_url is None),
        ("from urllib.request import Request, urlopen", not asked.is_runtime),
        ("", True),
        ("import boto3", asked.is_runtime),
        ("import pytest", True),
        ("from botocore.config import Config", asked.is_runtime and not asked.is_whole),
        ("", True),
        (f"from backends.wire import {expected}", bool(expected)),
        ("", bool(expected)),
        ('pytest_plugins = ["mock_server.pytest_plugin"]  # of a suite, its top-level conftest.py has this line', True),
        ("", True),
        (f"BODY = {literal(asked.body_members)}", True),
        (f"TEXT = {literal(asked.text)}" if asked.reading == "lines" else f'SIZE, DIGEST = {asked.size_bytes}, "{asked.digest}"', True),
    )
    yield from (line for line, is_needed in lines if is_needed)
    if asked.twin_url is None:
        yield from _RECORDED.format(number=asked.number, name=replay_name(asked)).splitlines()
    yield from ("", "")


def _marker(asked: Asked) -> Iterator[str]:
    """Yield what the twin shall do; one that plays a recording does as that says."""
    choices = asked.twin_choices if asked.twin_url else {}
    values = ", ".join(f"{name}={value!r}" for name, value in choices.items() if value)
    if values:
        yield f"@pytest.mark.sagemaker_twin({values})"


def _test(asked: Asked) -> Iterator[str]:
    yield 'text = ""' if asked.reading == "lines" else 'data = b""'
    received = tuple(_of_runtime(asked) if asked.is_runtime else _of_container(asked))
    if asked.is_whole:
        yield from (*received, f"assert {_right(asked)}")
        return
    yield from ("failure = None", "try:", *_indent(received))
    yield from ("except Exception as error:  # what a client makes of it is its own", "    failure = error", f"assert failure or {_begun(asked)}")


def _of_runtime(asked: Asked) -> Iterator[str]:
    config = "" if asked.is_whole else f", config=Config(read_timeout={READ_TIMEOUT_S})"
    yield f'client = boto3.client("sagemaker-runtime"{config})'
    yield "response = client.invoke_endpoint_with_response_stream("
    yield from call_arguments(replay_name(asked), asked.endpoint.component, asked.foreign_attributes, "BODY")
    yield ")"
    yield from _read(asked, 'response["Body"]', 'response["ContentType"]', 'part["PayloadPart"]["Bytes"]')


def _of_container(asked: Asked) -> Iterator[str]:
    url = f'f"{{sagemaker_twin.url}}/containers/{replay_name(asked)}/invocations"'
    yield from http_request(url, asked.foreign_attributes, "BODY")
    limit = "" if asked.is_whole else f", timeout={READ_TIMEOUT_S}"
    yield f"with urlopen(request{limit}) as response:"
    yield '    parts = iter(lambda: response.read1(65536), b"")'
    yield from _indent(_read(asked, "parts", 'response.headers["Content-Type"]', "part"))


def _read(asked: Asked, parts: str, content_type: str, data: str) -> Iterator[str]:
    if asked.reading == "lines":
        yield f"for event in decode_events({parts}, {content_type}):"
        yield "    if isinstance(event, Token) and not event.special:"
        yield "        text += event.text"
    else:
        yield from (f"for part in {parts}:", f"    data += {data}")


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" if line else "" for line in lines)


def replay_name(asked: Asked) -> str:
    """Return what the twin calls the endpoint: of a real one, its name as far as a catalog can have it."""
    return asked.endpoint.name if asked.twin_url else re.sub("[^A-Za-z0-9]+", "-", asked.endpoint.name).strip("-")[:MOST_CHARACTERS] or "answer"


def _right(asked: Asked) -> str:
    return "text == TEXT" if asked.reading == "lines" else "(len(data), sha256(data).hexdigest()) == (SIZE, DIGEST)"


def _begun(asked: Asked) -> str:
    return "text.startswith(TEXT)" if asked.reading == "lines" else "sha256(data[:SIZE]).hexdigest() == DIGEST"
