"""Size: long lines, many events in a part, many parts, much in all. No standard bounds any of them, and the service does not say that it does.

The cost of a parser has to be linear in bytes and in parts. One that searches or copies what it holds again for every part, or that moves it up for every event
in a part, has a cost that is quadratic, and hangs; one that keeps what it has read runs full. The limits are ten times what a linear parser in Python needs.
"""

from __future__ import annotations

from typing import Any

from backends.events import Finish, Token
from mock_server.contract.case import Case, Outcome, Repeated
from mock_server.contract.cases.answers import LOGPROB, outputs, tgi
from mock_server.contract.cases.rows import CHAT_EVENTS, JSON, LMI_0_24, OPENAI_CHUNK, OUTPUTS_LINES, TGI_2_4, TOKEN_EVENTS, TOKEN_LINES, By

PARTS = "botocore's model of sagemaker-runtime 2017-05-13: PayloadPart.Bytes is a blob, and nothing says how long one is or how many there are"
LINES = "WHATWG HTML 9.2.5 and jsonlines.org: a line has no greatest length"
COMMENTS = "WHATWG HTML 9.2.6: a line that begins with a colon is ignored; 9.2.7: such lines keep a connection alive"
QUADRATIC = ("https://github.com/encode/httpx/issues/2422", "https://github.com/boto/botocore/issues/2774")

MANY = 100_000
WORDS = b"sea " * 16 * 1024
"""64 KiB of text."""
OUTPUT = b'{"outputs": [" sea"]}\n'
TOKEN_LINE, LAST_TOKEN_LINE = b'{"token": {"id": 1, "text": " sea"}}\n', b'{"token": {"id": 2, "text": "."}, "generated_text": ""}\n'
CHAT_EVENT, DONE = b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":" sea"},"finish_reason":null}]}\n\n', b"data: [DONE]\n\n"
TGI_EVENT, LAST_TGI_EVENT = tgi(b" sea", b".")
TWO_EVENTS = Outcome((Token(" sea", 1, LOGPROB), Token(".", 2, LOGPROB), Finish()))


def _size(name: str, by: By, writes: Repeated[bytes], right: Outcome, *, source: str = PARTS, **members: Any) -> Case:
    known: dict[str, Any] = {"name": name, "family": "size", "format": by.format, "content_type": by.content_type, "container": by.container}
    return Case(writes=writes, right=right, source=source, **known, **members)


def _words(times: int) -> Outcome:
    """Return an answer of one token."""
    return Outcome((Token(WORDS.decode() * times), Finish()))


def _many(token: Token, last: Token | None = None, *, times: int = MANY) -> Outcome:
    """Return an answer of the same token again and again, and the one behind them."""
    return Outcome(Repeated((), token, times, (last, Finish()) if last else (Finish(),)))


CASES = (
    _size(
        "a-line-of-1-mb-in-one-part",
        LMI_0_24,
        Repeated((), b'{"outputs": ["' + WORDS * 16 + b'"]}\n', 1, ()),
        _words(16),
        why="A line may be long.",
        source=LINES,
    ),
    _size(
        "a-line-of-1-mb-in-small-parts",
        LMI_0_24,
        Repeated((b'{"outputs": ["',), WORDS, 16, (b'"]}\n',)),
        _words(16),
        why="A long line comes in many parts, of which each is looked at once.",
        source=LINES,
        cut="bytes:512",
        bit=QUADRATIC,
    ),
    _size(
        "a-line-of-1-mb-byte-by-byte",
        LMI_0_24,
        Repeated((b'{"outputs": ["',), WORDS, 16, (b'"]}\n',)),
        _words(16),
        why="A long line may come in a million parts, of which each is looked at once.",
        source=LINES,
        cut="every-byte",
        limit_s=12,
        bit=QUADRATIC,
    ),
    _size(
        "an-event-of-16-mb-in-small-parts",
        CHAT_EVENTS,
        Repeated((b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"',), WORDS, 256, (b'"},"finish_reason":null}]}\n\n', DONE)),
        _words(256),
        why="A long event comes in many parts, of which each is looked at once.",
        source=LINES,
        cut="bytes:512",
        limit_s=8,
        bit=QUADRATIC,
    ),
    _size(
        "an-event-of-100000-lines",
        CHAT_EVENTS,
        Repeated((b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":\n',), b"data:\n", MANY, (b'data: {"content":" sea"},"finish_reason":null}]}\n\n', DONE)),
        Outcome((Token(" sea"), Finish())),
        why="An event's data may have many lines, and blanks between the members of JSON say nothing.",
        source="WHATWG HTML 9.2.6: the values of an event's data fields are joined by LF",
        limit_s=10,
    ),
    _size(
        "100000-lines-in-one-part",
        LMI_0_24,
        Repeated((), outputs(b"sea " * 25)[0] * 1000, 100, ()),
        _many(Token("sea " * 25)),
        why="A part may hold any number of lines; to take one out must not cost a copy of the others.",
        cut="whole",
        limit_s=10,
    ),
    _size(
        "100000-events-in-one-part",
        TOKEN_EVENTS,
        Repeated((), TGI_EVENT * 1000, 100, (LAST_TGI_EVENT,)),
        _many(Token(" sea", 1, LOGPROB), Token(".", 2, LOGPROB)),
        why="A part may hold any number of events; to take one out must not cost a copy of the others.",
        cut="merge:100",
        limit_s=30,
    ),
    _size(
        "100000-events-in-tiny-parts",
        CHAT_EVENTS,
        Repeated((), CHAT_EVENT * 1000, 100, (DONE,)),
        _many(Token(" sea")),
        why="An answer may be long and its parts tiny: it costs what its bytes and parts cost, no more.",
        cut="bytes:17",
        limit_s=60,
    ),
    _size(
        "10-mb-byte-by-byte",
        OUTPUTS_LINES,
        Repeated((), OUTPUT * 1000, 460, ()),
        _many(Token(" sea"), times=460_000),
        why="An answer may come in ten million parts.",
        cut="every-byte",
        limit_s=60,
    ),
    _size(
        "110-mb-in-all",
        TOKEN_LINES,
        Repeated((), b'{"token": {"id": 1, "text": "' + WORDS + b'"}}\n', 1700, (LAST_TOKEN_LINE,)),
        _many(Token(WORDS.decode(), 1), Token(".", 2), times=1700),
        why="What has been read need not be kept: a bound on what is held must not count it, as the SageMaker SDK's of 100 MB does.",
        source=f"{PARTS}; https://github.com/aws/sagemaker-python-sdk/pull/5418 has the bound",
        limit_s=30,
    ),
    _size(
        "1-mb-of-comments",
        TGI_2_4,
        Repeated((TGI_EVENT,), b":\n\n", 350_000, (LAST_TGI_EVENT,)),
        TWO_EVENTS,
        why="Keep-alive comments may come for as long as nothing else does, and say nothing.",
        source=f"{COMMENTS}; text-generation-inference v2.4.1, router/src/server.rs: KeepAlive",
        limit_s=20,
    ),
    _size(
        "a-comment-of-1-mb",
        TOKEN_EVENTS,
        Repeated((TGI_EVENT, b": "), WORDS, 16, (b"\n\n", LAST_TGI_EVENT)),
        TWO_EVENTS,
        why="A comment may be long, and says nothing.",
        source=COMMENTS,
        cut="bytes:512",
    ),
    _size(
        "100000-empty-parts",
        TOKEN_EVENTS,
        Repeated((TGI_EVENT[:20],), b"", MANY, (TGI_EVENT[20:], LAST_TGI_EVENT)),
        TWO_EVENTS,
        why="A part without a byte is no end, however many come.",
    ),
    _size(
        "64-kib-of-blank-lines-first",
        OUTPUTS_LINES,
        Repeated((), b"\n", 64 * 1024, outputs(b" sea", b".")),
        Outcome((Token(" sea"), Token("."), Finish())),
        why="Blank lines before an answer say nothing, however many come.",
        source="jsonlines.org leaves it to the reader to skip blank lines, and LMI's asynchronous handler writes some",
    ),
    _size(
        "64-kib-of-blank-lines-within",
        TOKEN_EVENTS,
        Repeated((TGI_EVENT,), b"\n" * 64, 1024, (LAST_TGI_EVENT,)),
        TWO_EVENTS,
        why="A blank line behind a blank line ends no event.",
        source="WHATWG HTML 9.2.6: an event without data is not dispatched",
    ),
    _size(
        "1-mb-in-fragments",
        By("fragments", JSON, "lmi-0.24-json"),
        Repeated((b'{"generated_text": "',), b"sea ", 256 * 1024, (b'"}',)),
        _words(16),
        why="A document that comes in pieces may be long, and what is read of it need not be read again.",
        source="djl-serving 0.24, djl_python/rolling_batch/rolling_batch.py",
        in_pieces=True,
        limit_s=20,
    ),
    _size(
        "a-document-of-1-mb",
        By("document", JSON, "tgi-2.4"),
        Repeated((b'[{"generated_text":"',), WORDS, 16, (b'"}]',)),
        _words(16),
        why="An answer that comes whole comes in many parts if it is long.",
        source="text-generation-inference v2.4.1, router/src/server.rs, compat_generate",
        cut="bytes:512",
        bit=QUADRATIC,
    ),
)
