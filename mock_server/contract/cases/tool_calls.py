"""Tool calls: deltas that hold no text of the answer, whose arguments are appended to those of the call with the same index.

Source: OpenAI's API reference; how servers keep to it stands in `server_calls`.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish, StreamEvent, ToolCall
from mock_server.contract.case import Case, Outcome
from mock_server.contract.cases.chat_rows import DONE, OPENAI, SSE, openai_chat

CALLED = Finish("tool_calls", "tool_calls")
ONE_PARSER = ("https://github.com/aws-samples/generative-ai-on-amazon-sagemaker/pull/312",)
NO_INDEX = ("https://github.com/openai/openai-python/issues/2806",)

calls = partial(Case, family="tool-calls", format="chat-sse", content_type=SSE)


def called(*events: StreamEvent, finish: Finish = CALLED) -> Outcome:
    """Return the outcome of an answer that calls tools."""
    return Outcome((*events, finish))


CASES = (
    calls(
        name="call-in-one-delta",
        writes=(
            openai_chat(
                b'{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function",'
                b'"function":{"name":"clock","arguments":"{\\"zone\\": \\"Asia/Tokyo\\"}"}}]},"finish_reason":null}'
            ),
            openai_chat(b'{"index":0,"delta":{},"finish_reason":"tool_calls"}'),
            DONE,
        ),
        right=called(ToolCall(0, "call_1", "clock", '{"zone": "Asia/Tokyo"}')),
        why="A delta with a call has no text, and a content of null beside it is none.",
        source=OPENAI,
        bit=ONE_PARSER,
    ),
    calls(
        name="two-calls-in-a-delta",
        writes=(
            openai_chat(
                b'{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"map","arguments":"{}"}},'
                b'{"index":1,"id":"b","type":"function","function":{"name":"clock","arguments":"{}"}}]},"finish_reason":"tool_calls"}'
            ),
            DONE,
        ),
        right=called(ToolCall(0, "a", "map", "{}"), ToolCall(1, "b", "clock", "{}")),
        why="A delta may hold several calls, and the chunk with the finish reason may hold them.",
        source=OPENAI,
    ),
    calls(
        name="two-calls-in-turns",
        writes=(
            openai_chat(
                b'{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"map","arguments":"{\\"x\\""}}]},"finish_reason":null}'
            ),
            openai_chat(
                b'{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"clock","arguments":""}}]},"finish_reason":null}'
            ),
            openai_chat(b'{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":": 1}"}}]},"finish_reason":null}'),
            openai_chat(b'{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"}'),
            DONE,
        ),
        right=called(ToolCall(0, "a", "map", '{"x"'), ToolCall(1, "b", "clock"), ToolCall(0, None, None, ": 1}"), ToolCall(1, None, None, "{}")),
        why="Deltas of calls that run side by side come mixed: the index tells whose arguments they are.",
        source=OPENAI,
    ),
    calls(
        name="calls-without-an-index",
        writes=(
            openai_chat(
                b'{"index":0,"delta":{"tool_calls":[{"id":"a","type":"function","function":{"name":"map","arguments":"{}"}},'
                b'{"id":"b","type":"function","function":{"name":"clock","arguments":"{}"}}]},"finish_reason":"tool_calls"}'
            ),
            DONE,
        ),
        right=called(ToolCall(0, "a", "map", "{}"), ToolCall(1, "b", "clock", "{}")),
        why="Calls of one delta that do not number themselves are told apart by their places in the list.",
        source="OpenAI's API reference has `index` as a number; servers that write whole calls leave it out",
        bit=NO_INDEX,
    ),
    calls(
        name="arguments-null",
        writes=(
            openai_chat(
                b'{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"map","arguments":null}}]},"finish_reason":null}'
            ),
            openai_chat(b'{"index":0,"delta":{"tool_calls":[{"index":0,"id":null,"function":{"name":null,"arguments":"{}"}}]},"finish_reason":null}'),
            openai_chat(b'{"index":0,"delta":{"tool_calls":null},"finish_reason":"tool_calls"}'),
            DONE,
        ),
        right=called(ToolCall(0, "a", "map"), ToolCall(0, None, None, "{}")),
        why="Arguments, a name, an id or a list of calls that is null changes nothing.",
        source="RFC 8259, section 3: null is a value of its own; the members are those of OpenAI's API reference",
    ),
)
