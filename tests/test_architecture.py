"""Imports point one way, and every room keeps to the packages that are its own."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GROUND = frozenset({"backends.events", "backends.errors"})
WIRE = GROUND | {"backends.wire"}
TWIN = WIRE | {"backends.endpoints", "backends.recording", "mock_server"}
CALLERS = frozenset({"backends.sagemaker", "backends.container", "backends.chat", "backends.network_answer", "backends.raw"})
IO = frozenset({"asyncio", "anyio", "socket", "ssl", "time", "threading", "random", "os", "pathlib", "io", "logging"})


@dataclass(frozen=True, slots=True)
class Room:
    """What the files of one room import: of the other rooms, of installed packages, and what of the standard library they do without."""

    rooms: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


ROOMS = {
    "backends": Room(frozenset({"backends"}), frozenset({"boto3", "botocore", "httpx", "orjson"})),
    "backends.events": Room(never=IO),
    "backends.errors": Room(never=IO),
    "backends.wire": Room(WIRE, frozenset({"orjson"}), never=IO),
    "backends.deploy": Room(frozenset({"backends"}), frozenset({"boto3", "botocore", "orjson", "sagemaker", "typer"})),
    "mock_server": Room(TWIN, frozenset({"fastapi", "orjson", "pydantic", "starlette", "uvicorn"})),
    "mock_server.metrics": Room(TWIN, frozenset({"prometheus_client"})),
    "mock_server.control.moto_mount": Room(TWIN, frozenset({"a2wsgi", "moto"})),
    "mock_server.record": Room(TWIN | CALLERS, frozenset({"starlette"})),
    "mock_server.upstream": Room(TWIN | CALLERS | {"backends.connection"}, frozenset({"orjson"})),
    "mock_server.control": Room(TWIN, frozenset({"botocore", "orjson", "starlette"})),
    "mock_server.signature": Room(TWIN, frozenset({"botocore"})),
    "mock_server.pytest_plugin": Room(TWIN, frozenset({"pytest"})),
    "demo": Room(frozenset({"backends", "demo", "mock_server.MockServer"}), frozenset({"fastapi", "gradio", "orjson", "pydantic", "starlette", "uvicorn"})),
}
"""The longest name that fits a file is its room."""

OURS = ("backends", "mock_server", "demo", "tests")
FILES = sorted(path for room in ("backends", "mock_server", "demo") for path in (ROOT / room).rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def fits(module: str, names: frozenset[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def room_of(module: str) -> Room:
    return ROOMS[max((name for name in ROOMS if fits(module, frozenset({name}))), key=len)]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of everything imported, `from a import b` as a.b."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports by dots; write the full name"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def allowed(name: str, room: Room) -> bool:
    top = name.partition(".")[0]
    if top in OURS:
        return fits(name, room.rooms)
    if top in sys.stdlib_module_names:
        return not fits(name, room.never)
    return top in room.packages


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    room = room_of(module_of(path))
    wrong = [f"{path.name}:{line} {name}" for line, name in imports(path) if not allowed(name, room)]
    assert not wrong


BROUGHT_BY = {
    "axe_playwright_python": "axe-playwright-python",
    "botocore": "boto3",
    "cryptography": "trustme",
    "prometheus_client": "prometheus-client",
    "psutil": "locust",
    "pydantic": "fastapi",
    "sagemaker": "sagemaker-core",
    "starlette": "fastapi",
    "urllib3": "boto3",
    "PIL": "gradio",
    "tokenizers": "transformers",
    "langchain_aws": "langchain-aws",
    "langchain_core": "langchain-aws",
    "strands": "strands-agents",
    "yaml": "gradio",
    "httpx2": "openai",
    "httpx_sse": "httpx-sse",
    "huggingface_hub": "huggingface-hub",
    "markdown_it": "markdown-it-py",
    "sseclient": "sseclient-py",
}
"""Packages that come with one of ours, which will not do without them."""

NAMED = frozenset({"httptools"})
"""Requirements that are chosen by their names: uvicorn's parser."""


NAMED_DEPLOY = frozenset({"flask", "flask-cors"})
"""Likewise: what moto's server needs, which moto alone does without."""

LENT = frozenset({"pytest"})
"""Packages that whoever imports a file of ours has: the plugin is pytest's."""


def declared(file: str) -> set[str]:
    return set(re.findall(r"^[a-z][a-z0-9-]*", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))


def imported(*rooms: str) -> set[str]:
    tops = {name.partition(".")[0] for room in rooms for path in (ROOT / room).rglob("*.py") for _, name in imports(path)}
    return {BROUGHT_BY.get(top, top) for top in tops - sys.stdlib_module_names - set(OURS)}


def test_the_page_and_the_twin_require_what_they_import_and_no_more() -> None:
    assert declared("requirements.txt") - NAMED == imported("backends", "mock_server", "demo") - LENT - declared("requirements-deploy.txt")


def test_what_creating_and_rehearsing_endpoints_imports_besides_is_what_is_required_for_it() -> None:
    besides = imported("backends", "mock_server", "demo") - LENT - declared("requirements.txt")
    assert declared("requirements-deploy.txt") - NAMED_DEPLOY == besides


def test_the_wheel_requires_what_its_packages_import_and_with_the_page_that_is_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel, page = project["project"]["dependencies"], project["dependency-groups"]["demo"]
    requirements = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert sorted(wheel + page) == sorted(requirements)
    assert {re.split(r"[<>=]", requirement)[0] for requirement in wheel} - NAMED == imported("backends", "mock_server") - LENT - declared(
        "requirements-deploy.txt"
    )


def test_the_tests_require_what_they_import() -> None:
    environments = [str(file.relative_to(ROOT)) for room in ("clients", "scoreboard", "upstream") for file in (ROOT / "tests" / room).rglob("*.txt")]
    assert imported("tests") <= set().union(*map(declared, ("requirements.txt", "requirements-deploy.txt", "requirements-dev.txt", *environments)))


def test_importing_backends_imports_nothing() -> None:
    assert not list(imports(ROOT / "backends" / "__init__.py"))


LAZY = {
    "backends.wire": ("httpx", "boto3", "asyncio", "fastapi", "gradio"),
    "mock_server": ("fastapi", "uvicorn", "boto3", "gradio"),
    "mock_server.app": ("boto3", "flask", "gradio", "moto", "sagemaker"),
    "mock_server.server": ("boto3", "gradio"),
    "backends.deploy.__main__": ("boto3", "fastapi", "gradio", "sagemaker"),
    "backends.sagemaker": ("fastapi", "uvicorn", "gradio"),
}
"""Importing the left costs none of the right."""


@pytest.mark.parametrize(("module", "costly"), LAZY.items(), ids=LAZY)
def test_an_import_pays_only_for_what_it_needs(module: str, costly: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*sorted({{*{costly!r}}} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
