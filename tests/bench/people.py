"""People who chat at the same time, without browsers: each joins the page's queue as its script does, and puts together what the stream tells.

`python -m tests.bench.people PORT PEOPLE QUESTION [CONTROL=VALUE]...` prints, of each, the answer that grew from the differences, the one that came whole at
the end, and seconds to the first word and to the last.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import httpx

DEADLINE_S = 300.0
CHAT, QUESTION, SEND = "chat", "question", "send"


@dataclass(slots=True)
class Heard:
    """What came of one person's question."""

    grown: str = ""
    """The answer, from the differences that the stream told."""
    whole: str = ""
    """The answer as it stood in the last word of the stream."""
    first_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Form:
    """What the page's script sends to ask: taken from the page's own configuration."""

    function: int
    trigger: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    values: dict[int, Any]
    names: dict[str, int]

    @classmethod
    def of(cls, config: dict[str, Any]) -> Form:
        components = {component["id"]: component["props"] for component in config["components"]}
        names = {props["elem_id"]: number for number, props in components.items() if props.get("elem_id")}
        asks = next(each for each in config["dependencies"] if [names[SEND], "click"] in each["targets"])
        values = {number: props.get("value") for number, props in components.items()}
        return cls(asks["id"], names[SEND], asks["inputs"], asks["outputs"], values, names)

    def data(self, question: str, chosen: Mapping[str, str]) -> list[Any]:
        values = {**self.values, self.names[QUESTION]: question, **{self.names[control]: value for control, value in chosen.items()}}
        return [values[number] for number in self.inputs]


def apply(value: Any, difference: Sequence[Any]) -> Any:
    """Return `value` as Gradio's differences change it: each an operation, the path to what it changes, and what with."""
    for operation, path, change in difference:
        value = _changed(value, list(path), operation, change)
    return value


def _changed(value: Any, path: list[Any], operation: str, change: Any) -> Any:
    if not path:
        return value + change if operation == "append" else change
    here, *rest = path
    if rest or operation in ("append", "replace"):
        value[here] = _changed(value[here], rest, operation, change)
    elif operation == "add" and isinstance(value, list):
        value.insert(here, change)
    elif operation == "add":
        value[here] = change
    elif operation == "delete":
        del value[here]
    return value


def answer_in(rows: Any) -> str:
    """Return the last answer in the rows of a chat: question, answer and figures."""
    content = rows[-2]["content"] if isinstance(rows, list) and len(rows) > 1 else ""
    return str("".join(part.get("text", "") for part in content) if isinstance(content, list) else content)


async def ask(client: httpx.AsyncClient, form: Form, data: list[Any], name: str) -> Heard:
    """Ask as a page does, with its heartbeat open, and read the answer to its end."""
    heard, began_s = Heard(), perf_counter()
    async with client.stream("GET", f"/gradio_api/heartbeat/{name}"):
        body = {"data": data, "fn_index": form.function, "trigger_id": form.trigger, "session_hash": name, "event_data": None}
        (await client.post("/gradio_api/queue/join", json=body)).raise_for_status()
        chat, rows = list(form.outputs).index(form.names[CHAT]), None
        async for message in _messages(client, name):
            if message["msg"] == "process_generating":
                news = message["output"]["data"][chat]
                rows = news if rows is None else apply(rows, news)
                heard.grown = answer_in(rows)
                if heard.grown and not heard.first_s:
                    heard.first_s = perf_counter() - began_s
            if message["msg"] == "process_completed":
                heard.whole = answer_in(message["output"]["data"][chat])
                heard.total_s = perf_counter() - began_s
    return heard


async def _messages(client: httpx.AsyncClient, name: str) -> AsyncIterator[dict[str, Any]]:
    async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": name}) as response:
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                message = json.loads(line[5:])
                if message["msg"] == "close_stream":
                    return
                yield message


async def crowd(port: int, people: int, question: str, chosen: Mapping[str, str]) -> list[Heard]:
    """Let so many people ask at the same time, each with what is `chosen` of the page's controls."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_S, limits=limits, trust_env=False) as client:
        form = Form.of((await client.get("/config")).json())
        names = [f"person-{os.getpid()}-{number}" for number in range(people)]
        return list(await asyncio.gather(*(ask(client, form, form.data(question, chosen), name) for name in names)))


def main(port: str, people: str, question: str, *chosen: str) -> None:
    heard = asyncio.run(crowd(int(port), int(people), question, dict(choice.split("=", 1) for choice in chosen)))
    sys.stdout.write(json.dumps([asdict(each) for each in heard]))


if __name__ == "__main__":
    main(*sys.argv[1:])
