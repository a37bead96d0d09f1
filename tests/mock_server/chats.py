"""A scripted answer that thinks, speaks and calls two tools, and the ways to have a container write one: at once, and as a model generates it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from backends.events import StreamEvent
from backends.wire import decode_events
from mock_server.containers.container import Container, ContainerRequest, Reply, Taken, generate
from mock_server.contract.cuttings import cuttings
from mock_server.script import Script, ScriptToken
from tests.mock_server.scripted import reply_of

END = ScriptToken("<|eot_id|>", 128009, -0.01, special=True)
SPOKEN = Script("spoken", (), (ScriptToken(" Deep", 304, -0.05), ScriptToken("", 8, -0.5), ScriptToken(' 日😀\n"\u2028\x1f', 11157, -1.25), END))
THOUGHT = Script(
    "thought",
    (),
    (
        ScriptToken("<think>\n", 1, -0.1, role="mark"),
        ScriptToken("Hm.", 2, -0.1, role="reasoning"),
        ScriptToken("\n</think>\n\n", 3, -0.1, role="mark"),
        ScriptToken(" Hi", 4, -0.1),
        END,
    ),
)
CALLED = Script(
    "called",
    (),
    (
        ScriptToken('<tool_call>\n{"name": "clock", "arguments": ', 5, -0.1, role="call", name="clock"),
        ScriptToken('{"zone"', 6, -0.1, role="arguments"),
        ScriptToken(': "東京"}', 7, -0.1, role="arguments"),
        ScriptToken("}\n</tool_call>", 8, -0.1, role="mark"),
        ScriptToken('<tool_call>\n{"name": "map", "arguments": ', 9, -0.1, role="call", name="map"),
        ScriptToken("{}", 10, -0.1, role="arguments"),
        ScriptToken("}\n</tool_call>", 11, -0.1, role="mark"),
        END,
    ),
)
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]


def ask(container: Container, value: Any, script: Script = SPOKEN, path: str = "/invocations", **more: Any) -> Reply:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return reply_of(container, ContainerRequest(**{"method": "POST", "path": path, "content_type": "application/json", "body": body} | more), script)


def stream(container: Container, script: Script = SPOKEN, path: str = "/invocations", **members: Any) -> Reply:
    return ask(container, {"messages": HELLO, "stream": True, **members}, script, path)


def live(container: Container, script: Script, path: str = "/invocations", **members: Any) -> list[bytes]:
    """Return the writes of a streamed answer whose tokens come one by one."""
    body = json.dumps({"messages": HELLO, "stream": True, **members}).encode()
    taken = container.handle(ContainerRequest("POST", path, "application/json", body))
    assert isinstance(taken, Taken)
    answer = generate(script, taken.question)
    writes = [write for token in answer.tokens[:-1] for write in taken.writer.tokens([token])]
    return [write for write in (*taken.opening, *writes, *taken.writer.last(answer)) if write]


def events_of(reply: Reply) -> list[StreamEvent]:
    """Return the events of a reply, which every cutting of its bytes must give."""
    content_type = dict(reply.headers)["content-type"]
    events = list(decode_events([reply.body], content_type))
    for parts in cuttings(reply.body):
        assert list(decode_events(parts, content_type)) == events
    return events


def texts(writes: Sequence[bytes]) -> list[str]:
    return [write.decode() for write in writes]
