"""The image and its compose example, held without Docker: what is copied exists, and what would be started starts, is healthy and stops."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = {match[2]: match[0] for match in re.finditer(r"FROM (\S+) AS (\w+)\n(?:(?!FROM ).*\n?)*", DOCKERFILE)}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
NGINX = (ROOT / ".docker" / "nginx.conf").read_text(encoding="utf-8")
TWIN, BALANCER = COMPOSE["services"]["twin"], COMPOSE["services"]["balancer"]


def exec_form(stage: str, instruction: str) -> list[str]:
    """Return the words of a stage's instruction, which is there once and in exec form."""
    (words,) = re.findall(rf"^{instruction}\b[^\[\n]*(\[.*\])$", STAGES[stage], re.MULTILINE)
    command: list[str] = json.loads(words)
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


def test_everything_that_is_copied_is_there() -> None:
    copied = [source for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]]
    assert copied
    assert all((ROOT / source).exists() for source in copied)


def test_the_twin_is_what_is_built_without_a_target_and_nobody_is_root() -> None:
    assert list(STAGES) == ["base", "page", "twin"]
    for stage in ("page", "twin"):
        assert re.findall(r"^USER (\d+):", STAGES[stage], re.MULTILINE) == ["10001"], "a number, so that Kubernetes sees that it is not root"


def test_the_twin_goes_without_the_page_s_largest_requirement() -> None:
    assert "grep -v '^gradio' requirements.txt" in STAGES["base"]
    for room in ("backends", "mock_server"):
        assert not [
            path for path in (ROOT / room).rglob("*.py") if re.search(r"^\s*(import|from) (gradio|demo)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        ]


@dataclass(frozen=True, slots=True)
class Service:
    """What a stage of the image starts."""

    stage: str
    rooms: tuple[str, ...]
    port: int
    command: tuple[str, ...] = ()
    """What compose.yaml adds to the entry point."""
    stops: tuple[int, ...] = (0,)
    """Its exit codes at SIGTERM; uvicorn raises the signal again once it is done, which process 1 does not notice."""


TRIES = 20
"""Docker asks again, too, before it takes a container that starts for unhealthy."""
SERVICES = (
    Service("twin", ("backends", "mock_server"), 8080, tuple(TWIN["command"])),
    Service("page", ("backends", "mock_server", "demo"), 7860, stops=(0, -15)),
)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.stage)
def test_the_image_s_command_serves_from_what_is_copied_is_healthy_and_stops_at_sigterm(tmp_path: Path, service: Service) -> None:
    assert set(service.rooms) == set(re.findall(r"^COPY (\w+)/ \w+/$", STAGES["base"] + (STAGES["page"] if service.stage == "page" else ""), re.MULTILINE))
    for room in service.rooms:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    command = [*exec_form(service.stage, "ENTRYPOINT"), *service.command, "--port", port]
    check = [word.replace(f":{service.port}/", f":{port}/") for word in exec_form(service.stage, "HEALTHCHECK")]
    assert check != exec_form(service.stage, "HEALTHCHECK")
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert "http://0.0.0.0:" in (server.stdout.readline() if server.stdout else "")
            assert any(subprocess.run(check, timeout=60).returncode == 0 for _ in range(TRIES))
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) in service.stops
        finally:
            server.kill()
    ended = subprocess.run(check, timeout=30, capture_output=True, text=True)
    assert ended.returncode == 1
    assert URLError.__name__ in ended.stderr


def test_the_page_s_command_has_the_flags_that_it_is_given() -> None:
    done = subprocess.run([*exec_form("page", "ENTRYPOINT"), "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"--[a-z-]+", " ".join(exec_form("page", "ENTRYPOINT")))) <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_compose_runs_several_twins_behind_a_balancer_that_finds_them() -> None:
    assert TWIN["build"] == {"context": ".", "target": "twin"}
    assert TWIN["deploy"]["replicas"] > 1
    source, target, mode = BALANCER["volumes"][0].split(":")
    assert ((ROOT / source).read_text(encoding="utf-8"), target, mode) == (NGINX, "/etc/nginx/conf.d/default.conf", "ro")
    (port,) = re.findall(r"^EXPOSE (\d+)$", STAGES["twin"], re.MULTILINE)
    assert re.findall(r"^\s*server ([\w-]+):(\d+)", NGINX, re.MULTILINE) == [("twin", port)]
    (published,) = BALANCER["ports"]
    assert published.endswith(":" + re.findall(r"^\s*listen (\d+);", NGINX, re.MULTILINE)[0])
    assert BALANCER["depends_on"]["twin"]["condition"] == "service_healthy"


def test_streams_have_their_grace_before_docker_kills() -> None:
    assert float(TWIN["command"][TWIN["command"].index("--grace") + 1]) < float(TWIN["stop_grace_period"].removesuffix("s"))


@pytest.mark.parametrize("directive", ["proxy_buffering off", "proxy_http_version 1.1", 'proxy_set_header Connection ""', "proxy_set_header Host $http_host"])
def test_the_balancer_passes_a_stream_on_as_it_comes(directive: str) -> None:
    assert re.search(rf"^\s*{re.escape(directive)};", NGINX, re.MULTILINE)
