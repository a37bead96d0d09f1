"""strands-agents: an agent that talks to every container that takes `messages`, by the environment's endpoint URL alone, and calls its tool.

It reads each part as UTF-8 by itself, so characters of many bytes are tried only where no part ends inside one. SGLang it cannot read at all: releases up
to 1.62 take a delta's `"tool_calls":null` for a call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mock_server import MockServer
from mock_server.containers import CONTAINERS
from tests.clients.foreign import Client, Start, named, text_of
from tests.contract.clients import MAX_NEW_TOKENS
from tests.contract.cuttings import CUTS

UNREAD = ("sglang-",)
ENDPOINTS = {name.replace(".", "-"): name for name, container in CONTAINERS.items() if "messages" in container.accepts and not name.startswith(UNREAD)}
"""An endpoint's name -> its container."""
VLLM = "vllm-0-11-0"
CASES = [
    *((VLLM, "hello", cut) for cut in CUTS),
    *((VLLM, "emoji", cut) for cut in ("whole", "merge:3")),
    *((name, "emoji", "write") for name in ENDPOINTS),
]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    catalog = tmp_path_factory.mktemp("catalog") / "chats.toml"
    catalog.write_text("\n".join(f'[{name}]\ncontainer = "{container}"\naccepts = "messages"' for name, container in ENDPOINTS.items()), encoding="utf-8")
    with MockServer(catalog=catalog, sigv4="verify") as server:
        yield server


@pytest.fixture(scope="module")
def strands(start: Start) -> Client:
    return start("strands")


def ask(strands: Client, endpoint_name: str, prompt: str, attributes: str, *, tools: bool = False) -> dict[str, Any]:
    return strands.ask(endpoint=endpoint_name, prompt=prompt, attributes=attributes, maxTokens=MAX_NEW_TOKENS, tools=tools)


@pytest.mark.parametrize(("endpoint_name", "script", "cut"), CASES)
def test_the_whole_text_arrives(twin: MockServer, strands: Client, endpoint_name: str, script: str, cut: str) -> None:
    attributes = f"mock.script={script};mock.seed=3"
    answer = ask(strands, endpoint_name, "hello", f"{attributes};mock.cut={cut}")

    assert answer["error"] is None
    assert "".join(answer["texts"]) == text_of(named(twin, endpoint_name), attributes)
    assert answer["stopReason"] == "end_turn"


def test_the_model_calls_the_agent_s_tool_and_answers_with_what_it_was_told(twin: MockServer, strands: Client) -> None:
    answer = ask(strands, VLLM, "what is the weather in Paris?", "mock.cut=merge:3", tools=True)

    assert answer["error"] is None
    assert answer["asked"] == [["Paris", "celsius"]]
    assert "".join(answer["texts"]) == " Let me look that up. In Paris it is 18 °C with light clouds, as it always is on this twin. A raincoat is not needed."
    twin.journal.wait(2)
    first, second = (json.loads(entry.body) for entry in twin.journal.finished)
    assert [message["role"] for message in first["messages"]] == ["user"]
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "tool"]
    assert "It rains in Paris." in json.dumps(second["messages"][-1])
