"""What an answer is copied as, run as it is pasted: in processes of their own, against a real twin."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from backends.chat import ChatRequest
from backends.endpoints import Endpoint
from backends.recording.files import save_recording
from backends.wire.eventstream import EventStreamDecoder
from demo.asked import asked_of
from demo.desk import CONTAINER, SAGEMAKER
from demo.found import Found
from demo.python_snippet import DUMMY_KEYS
from demo.snippets import SNIPPETS
from demo.tape import Tape
from demo.taped_recording import recording_of
from mock_server import MockServer
from mock_server.sigv4 import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.demo.answering import answer, elsewhere
from tests.demo.tapes import taped

ROOT = Path(__file__).resolve().parents[2]
NASTY = (
    "it's \"so\" \\ \\n \\' \\\" and\nnew\r\nlines\ttabs; $HOME ${PATH} $(id) `id` !! !x 'a' # % %s {brace} {{two}} é"
    "  日本語 \u2028 \u200b \u202e 😀👩‍👩‍👧 \x01\x7f "
    "''' \"\"\" EOF\nEOF\nJSON\n-- @- & | > < * ? ~ [x] \\"
)
DEADLINE_S = 300


@pytest.fixture
def twin() -> Iterator[MockServer]:
    """A twin of one test, whose journal holds no other's requests; it lets nobody in who signs with anything but its dummy key."""
    with MockServer(sigv4="verify") as server:
        yield server


def run(*command: str, folder: Path, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(command, cwd=folder, env=kept | dict(environ or {}), capture_output=True, timeout=DEADLINE_S)


def snippet(tape: Tape, language: str, twin: MockServer | None) -> str:
    return SNIPPETS[language](asked_of(tape, twin_url=twin.url if twin else None))


def asked_again(twin: MockServer) -> None:
    """See that the twin was sent the same twice, byte for byte, and nothing else."""
    twin.journal.wait(2)
    first, again = twin.journal.finished
    assert (again.body, again.path, again.cut, again.seed) == (first.body, first.path, first.cut, first.seed)
    assert {first.custom_attributes, again.custom_attributes} == {""}, "what is not the twin's is forwarded"


@pytest.mark.parametrize("front", [SAGEMAKER, CONTAINER])
@pytest.mark.parametrize("endpoint", ["falcon-7b-instruct-tgi", "falcon-7b-instruct-lmi", "mistral-7b-instruct-lmi", "llama-3-8b-instruct-tgi-chat"])
def test_the_python_program_prints_the_answer(twin: MockServer, tmp_path: Path, endpoint: str, front: str) -> None:
    tape = answer(twin, endpoint, NASTY, front=front, attributes="mock.cut=bytes:7;mock.seed=3;mock.profile=instant")
    (tmp_path / "paste.py").write_text(snippet(tape, "python", twin), encoding="utf-8")
    done = run(sys.executable, "-X", "utf8", "paste.py", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().rstrip() == asked_of(tape, twin_url=None).text.rstrip() != ""
    asked_again(twin)


def test_the_python_program_asks_where_the_endpoint_was_found(twin: MockServer, tmp_path: Path) -> None:
    tape = answer(twin, "falcon-7b-instruct-tgi", "what is life")
    tape.found = Found(tape.request.endpoint, SAGEMAKER, region="eu-west-1", profile="the team's")
    (tmp_path / "config").write_text(
        f'[profile "the team\'s"]\naws_access_key_id = {ACCESS_KEY_ID}\naws_secret_access_key = {SECRET_ACCESS_KEY}\n', encoding="utf-8"
    )
    with MockServer(sigv4="verify", region="eu-west-1") as european:
        environ = {"AWS_CONFIG_FILE": "config", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": european.url, "AWS_EC2_METADATA_DISABLED": "true"}
        done = run(sys.executable, "-X", "utf8", "-c", snippet(tape, "python", None), folder=tmp_path, environ=environ)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().rstrip() == asked_of(tape, twin_url=None).text.rstrip() != ""
    command = snippet(tape, "curl", None)
    assert "aws:amz:eu-west-1:sagemaker" in command
    assert "https://runtime.sagemaker.eu-west-1.amazonaws.com/" in command
    assert subprocess.run(["sh", "-n"], input=command.encode(), capture_output=True).returncode == 0


def test_the_python_program_needs_boto3_alone_and_of_a_container_nothing() -> None:
    tape = taped([b'{"outputs": ["a"]}\n'])
    for front, packages in ((SAGEMAKER, {"json", "boto3"}), (CONTAINER, {"json", "urllib"})):
        tape.front = front
        nodes = list(ast.walk(ast.parse(snippet(tape, "python", None))))
        modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        modules += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
        assert {name.partition(".")[0] for name in modules} == packages


def test_the_python_program_writes_a_picture_to_a_file(twin: MockServer, tmp_path: Path) -> None:
    tape = answer(twin, "sketch-1b-jpeg", "draw")
    done = run(sys.executable, "-c", snippet(tape, "python", twin), folder=tmp_path)
    assert (done.returncode, (tmp_path / "answer-1.jpg").read_bytes()) == (0, bytes(tape.body))


def test_the_python_program_shows_bytes_of_which_no_more_is_known(twin: MockServer, tmp_path: Path) -> None:
    tape = answer(twin, "falcon-7b-instruct-lmi", "what is life")
    body = bytes(tape.body)
    tape.body[:] = b'{"generated_text": "in pieces'
    done = run(sys.executable, "-c", snippet(tape, "python", twin), folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, body)


def test_the_python_program_tells_that_the_container_failed(twin: MockServer, tmp_path: Path) -> None:
    tape = answer(twin, "falcon-7b-instruct-tgi", "what is life", attributes="mock.fault=container-error@4;mock.profile=instant")
    done = run(sys.executable, "-c", snippet(tape, "python", twin), folder=tmp_path)
    assert done.returncode == 1
    assert b"The container failed" in done.stderr


def has_curl() -> bool:
    """Tell whether this machine has a curl that signs."""
    real = shutil.which("curl")
    return bool(real) and "--aws-sigv4" in subprocess.run([str(real), "--help", "all"], capture_output=True, text=True).stdout


@pytest.fixture(params=["stand-in", "curl"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Variables with a curl in the PATH: one of ours, or the machine's where it has one."""
    if request.param == "stand-in" or not has_curl():
        (tmp_path / "curl").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/demo/curl_stand_in.py" "$@"\n', encoding="utf-8")
        (tmp_path / "curl").chmod(0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "NO_PROXY": "127.0.0.1", "HOME": "/nowhere"}


@pytest.mark.parametrize("question", [NASTY, "long " * 40_000 + "'"], ids=["nasty", "long"])
@pytest.mark.parametrize("front", [SAGEMAKER, CONTAINER])
def test_the_command_for_curl_asks_the_same_and_shows_what_comes(twin: MockServer, tmp_path: Path, path: Mapping[str, str], front: str, question: str) -> None:
    tape = answer(twin, "falcon-7b-instruct-tgi", question, front=front, attributes="mock.cut=bytes:7;mock.profile=instant")
    (tmp_path / "paste.sh").write_text(snippet(tape, "curl", twin), encoding="utf-8")
    done = run("/bin/sh", "paste.sh", folder=tmp_path, environ=path)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = b"".join(message.payload for message in EventStreamDecoder().feed(done.stdout)) if front == SAGEMAKER else done.stdout
    assert shown == bytes(tape.body)
    asked_again(twin)


PRETENDER = f"""#!{sys.executable}
import json, sys
print(json.dumps(sys.argv[1:]))
"""


@pytest.mark.parametrize("token", ["", "a token"])
def test_for_a_real_endpoint_curl_signs_with_the_keys_of_whoever_pastes(tmp_path: Path, token: str) -> None:
    (tmp_path / "curl").write_text(PRETENDER, encoding="utf-8")
    (tmp_path / "curl").chmod(0o755)
    tape = taped([b'{"outputs": ["a"]}\n'], question=NASTY)
    tape.request = replace(tape.request, endpoint=replace(tape.request.endpoint, name="mine", component="one's"))
    environ = {"AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "se cret", "AWS_SESSION_TOKEN": token}
    command = snippet(tape, "curl", None)
    done = run("/bin/sh", "-c", command, folder=tmp_path, environ={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", **environ})
    words = json.loads(done.stdout)
    assert words[words.index("--aws-sigv4") + 1] == "aws:amz:eu-west-3:sagemaker"
    assert words[words.index("--user") + 1] == "AKID:se cret"
    assert ("-HX-Amz-Security-Token: a token" in words) is bool(token)
    assert "X-Amzn-SageMaker-Inference-Component: one's" in words
    assert words[-1] == "https://runtime.sagemaker.eu-west-3.amazonaws.com/endpoints/mine/invocations-response-stream"
    without = run("/bin/sh", "-c", command, folder=tmp_path, environ={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    assert (without.returncode == 0, without.stdout) == (False, b"")
    assert b"AWS_REGION" in without.stderr


def run_pytest(folder: Path, module: str, *arguments: str) -> str:
    (folder / "test_pasted.py").write_text(module, encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *arguments, "test_pasted.py")
    done = run(*command, folder=folder, environ={"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"})
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


ANSWERS: dict[str, tuple[str, str, str]] = {
    "a cut and a seed": ("falcon-7b-instruct-tgi", SAGEMAKER, "mock.cut=inside-utf8;mock.seed=7;mock.profile=instant"),
    "other attributes": ("mistral-7b-instruct-lmi", SAGEMAKER, "mock.cut=every-byte;mock.profile=instant;trace=1"),
    "a container": ("llama-3-8b-instruct-vllm", CONTAINER, "mock.cut=bytes:7;mock.profile=instant;trace=1"),
    "one that breaks off": ("falcon-7b-instruct-tgi", SAGEMAKER, "mock.fault=reset@8;mock.profile=instant"),
    "one that is refused": ("falcon-7b-instruct-lmi", SAGEMAKER, "mock.fault=model-error;mock.profile=instant"),
    "a container that breaks off": ("falcon-7b-instruct-tgi", CONTAINER, "mock.fault=close-in-chunk@8;mock.profile=instant"),
    "a fault that does no harm": ("falcon-7b-instruct-tgi", SAGEMAKER, "mock.fault=throttlingx1;mock.profile=instant"),
    "a picture": ("sketch-1b-jpeg", SAGEMAKER, "mock.profile=instant"),
    "a picture that breaks off": ("sketch-1b-jpeg", CONTAINER, "mock.fault=reset@3;mock.profile=instant"),
}


@pytest.mark.parametrize(("endpoint", "front", "attributes"), ANSWERS.values(), ids=ANSWERS)
def test_the_test_for_pytest_passes_on_a_twin_of_its_own(twin: MockServer, tmp_path: Path, endpoint: str, front: str, attributes: str) -> None:
    tape = answer(twin, endpoint, NASTY, front=front, attributes=attributes)
    module = snippet(tape, "pytest", twin)
    assert "1 passed" in run_pytest(tmp_path, module)
    if "mock.cut" in attributes:
        with pytest.raises(AssertionError, match="1 failed"):
            run_pytest(tmp_path, module.replace("TEXT = ", "TEXT = 'x' + "))


@pytest.mark.parametrize(("front", "name"), [(SAGEMAKER, "mine"), (CONTAINER, "127.0.0.1:9")])
def test_of_a_real_endpoint_the_test_plays_the_recording(twin: MockServer, tmp_path: Path, front: str, name: str) -> None:
    tape = elsewhere(answer(twin, "mistral-7b-instruct-tgi", NASTY, front=front), name)
    save_recording(tmp_path / "answer-1.jsonl", recording_of(tape))
    assert "1 passed" in run_pytest(tmp_path, snippet(tape, "pytest", None))


@pytest.mark.parametrize("front", [SAGEMAKER, CONTAINER])
def test_only_an_answer_that_broke_off_is_waited_for_with_a_bound(front: str) -> None:
    tape = taped([b'{"outputs": ["a"]}\n'])
    tape.front = front
    asked = replace(asked_of(tape, twin_url=None), number=1)
    for is_whole in (True, False):
        assert ("timeout=" in SNIPPETS["pytest"](replace(asked, is_whole=is_whole))) is not is_whole


def test_in_a_suite_the_marker_is_known(twin: MockServer, tmp_path: Path) -> None:
    tape = answer(twin, "falcon-7b-instruct-tgi", NASTY, attributes="mock.cut=inside-utf8;mock.profile=instant")
    plugin, rest = re.subn(r"^pytest_plugins.*\n", "", snippet(tape, "pytest", twin), flags=re.MULTILINE)
    assert rest == 1
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["mock_server.pytest_plugin"]\n', encoding="utf-8")
    assert "1 passed" in run_pytest(tmp_path, plugin, "--strict-markers", "-W", "error")


def test_no_credential_is_in_any_but_the_twins_dummy_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAVERYSECRETVERYSE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "verysecret")
    tape = taped([b'{"outputs": ["a"]}\n'])
    tape.headers = {"set-cookie": "verysecret", "authorization": "verysecret"}
    assert DUMMY_KEYS == (ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    for language in SNIPPETS:
        for url in (None, "http://127.0.0.1:1"):
            assert "verysecret" not in SNIPPETS[language](asked_of(tape, twin_url=url)).lower()


def test_where_the_twin_is_out_of_reach_one_starts_ones_own() -> None:
    tape = taped([b'{"outputs": ["a"]}\n'])
    for language in ("python", "curl"):
        code = SNIPPETS[language](asked_of(tape, twin_url="http://127.0.0.1:12345", is_public=True))
        assert code.startswith("# Start the twin first: python -m mock_server\n")
        assert ("http://127.0.0.1:8080/" in code or "'http://127.0.0.1:8080'" in code, "12345" in code) == (True, False)


def test_a_container_is_asked_at_its_own_address() -> None:
    tape = taped([b'{"outputs": ["a"]}\n'])
    tape.front, tape.request = CONTAINER, ChatRequest(messages=tape.request.messages, endpoint=Endpoint("e", url="http://10.0.0.1:8080/base/"))
    assert "http://10.0.0.1:8080/base/invocations" in snippet(tape, "curl", None)
    assert "'http://10.0.0.1:8080/base/invocations'" in snippet(tape, "python", None)
