"""Programs of somebody else's environment that use the twin: started with the twin's variables and no others, asked by lines of JSON."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import httpx
import pytest

from backends.body import encode_body
from backends.endpoints import Endpoint
from backends.events import Token
from backends.wire import decode_events
from mock_server import MockServer
from tests.contract.clients import request_for

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
ENVIRONMENTS = ROOT / "build" / "clients"
DEADLINE_S = 240.0
THIS_MACHINE = {"127.0.0.1"}

AT_HOME = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OTEL_SDK_DISABLED": "true",
}
"""What keeps clients from asking after credentials, news, prices and templates."""


@dataclass(frozen=True, slots=True)
class Program:
    """How a client is run: by which environment's interpreter, in which folder, with which arguments."""

    environment: str
    interpreter: str
    arguments: tuple[str, ...]
    folder: Path = PROGRAMS


def _python(environment: str, module: str) -> Program:
    return Program(environment, "python", ("conversation.py", module))


USES = {
    "javascript": Program("node", "node", (str(PROGRAMS / "javascript.mjs"),), ENVIRONMENTS / "javascript"),
    "aiobotocore": _python("aiobotocore", "use_aiobotocore"),
    "langchain": _python("frameworks", "use_langchain"),
    "litellm": _python("frameworks", "use_litellm"),
    "openai": _python("frameworks", "use_openai"),
    "sagemaker": _python("sagemaker", "use_sagemaker"),
    "strands": _python("frameworks", "use_strands"),
}


class Client:
    """A running program."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._process = process
        self._log = log

    def ask(self, **question: Any) -> dict[str, Any]:
        """Ask one question and return the answer, for which the program has asked no other machine; parts come as bytes."""
        answer = self.exchange(**question)
        assert set(answer["hosts"]) <= THIS_MACHINE, f"a client of the twin asked for {answer['hosts']}"
        return answer | {"parts": [b64decode(part) for part in answer.get("parts", ())]}

    def exchange(self, **question: Any) -> dict[str, Any]:
        """Ask one question and return the answer as it is, with the hosts that the program has asked for."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(question).encode() + b"\n")
        stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            assert selector.select(DEADLINE_S), f"no answer within {DEADLINE_S} s to {question}; {self.said()}"
        line = stdout.readline()
        assert line, f"the program ended; {self.said()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def said(self) -> str:
        """Return the end of what the program wrote to its standard error."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-4000:]


class Start(Protocol):
    """Start a client of the twin by its name in `foreign.USES`, with variables of its own besides the twin's."""

    def __call__(self, name: str, **environ: str) -> Client: ...


@contextmanager
def started(name: str, environ: Mapping[str, str], folder: Path) -> Iterator[Client]:
    """Run the program called `name`, with the temporary `folder` as its home."""
    program = USES[name]
    interpreter = ENVIRONMENTS / program.environment / "bin" / program.interpreter
    if not interpreter.exists():
        pytest.exit(f"{interpreter} is not there: run make clients", returncode=2)
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), **AT_HOME, **environ}
    with (folder / "stderr").open("w+b") as log:
        command = [str(interpreter), *program.arguments]
        process = subprocess.Popen(command, cwd=program.folder, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        with process:
            try:
                yield Client(process, log)
            finally:
                process.kill()


def named(twin: MockServer, name: str) -> Endpoint:
    """Return the endpoint of the twin that has this name."""
    return next(endpoint for endpoint in twin.endpoints if endpoint.name == name)


def question_for(endpoint: Endpoint, attributes: str, *, stream: bool = True) -> dict[str, str]:
    """Return an invocation's members, as every AWS SDK names them."""
    body = encode_body(request_for(endpoint, attributes), stream=stream).decode()
    return {"EndpointName": endpoint.name, "ContentType": "application/json", "Body": body, "CustomAttributes": attributes}


def body_of(endpoint: Endpoint, attributes: str, *, stream: bool = True) -> bytes:
    """Return the bytes that the endpoint's container writes, asked directly."""
    question = question_for(endpoint, attributes, stream=stream)
    headers = {"Content-Type": question["ContentType"], "X-Amzn-SageMaker-Custom-Attributes": attributes}
    response = httpx.post(f"{endpoint.url}/invocations", content=question["Body"], headers=headers, trust_env=False)
    return response.raise_for_status().content


def text_of(endpoint: Endpoint, attributes: str) -> str:
    """Return the text that the endpoint's container writes, special tokens included: no client of ours hides them."""
    events = decode_events([body_of(endpoint, attributes)])
    return "".join(event.text for event in events if isinstance(event, Token))
