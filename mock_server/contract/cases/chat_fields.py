"""The lines of an event that say nothing about the answer, in a chat: the cases of `fields` with chunks in place of tokens, for those who read chats alone."""

from __future__ import annotations

from dataclasses import replace

from mock_server.contract.case import Case, said
from mock_server.contract.cases import fields
from mock_server.contract.cases.rows import LENGTH, OPENAI_CHUNK

CHUNKS = {
    b'{"token": {"id": 1, "text": "Rain", "log_prob": -0.5}}': OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Rain"},"finish_reason":null}]}',
    b'{"token": {"id": 2, "text": "bow", "log_prob": -0.5}, "generated_text": "Rainbow"}': (
        OPENAI_CHUNK + b'{"index":0,"delta":{"content":"bow"},"finish_reason":"length"}]}'
    ),
    b'{"token": {"id": 9, "text": "no", "log_prob": -0.5}}': OPENAI_CHUNK + b'{"index":0,"delta":{"content":"no"},"finish_reason":null}]}',
}
"""A token's JSON -> the chunk in its place."""


def _in_a_chat(case: Case) -> Case:
    writes = tuple(map(_with_chunks, case.writes))
    return replace(case, name=f"{case.name}-in-a-chat", format="chat-sse", writes=(*writes, b"data: [DONE]\n\n"), right=said("Rain", "bow", finish=LENGTH))


def _with_chunks(write: bytes) -> bytes:
    for token, chunk in CHUNKS.items():
        write = write.replace(token, chunk)
    return write


CASES = tuple(_in_a_chat(case) for case in fields.CASES if case.family == "fields")
