r"""Text that looks like framing. Inside a JSON string nothing frames anything: only the framing's own rules, applied to bytes outside of it, may cut or drop.

The bytes of each text are shown as they stand between the quotes, so that `\n` in them is JSON's escape.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from backends.events import Finish, Token
from mock_server.contract.case import Case, said
from mock_server.contract.cases.answers import answer, numbered
from mock_server.contract.cases.rows import JSON, JSON_LINES, SSE

STRING = "RFC 8259 section 7: a string is what stands between its quotes, every character of it"
FIELDS = "WHATWG HTML 9.2.6: a field's name is what stands before the line's first colon, and one space behind that is left out"
TGI = "text-generation-inference v2.4.1, router/src/lib.rs: what is no text of the answer is marked `special`"
LLAMA_INDEX = ("https://github.com/run-llama/llama_index/issues/22221", "https://github.com/run-llama/llama_index/pull/22222")
LITELLM_DATA = ("https://github.com/BerriAI/litellm/pull/8982",)

_answer = partial(answer, family="framing-text", source=STRING)


def _whole(name: str, document: bytes, text: str, why: str, **members: Any) -> Case:
    """Return the case of an answer that TGI gives whole."""
    return Case(
        name=name,
        family="framing-text",
        format="document",
        container="tgi-2.4",
        content_type=JSON,
        writes=(document,),
        right=said(text),
        why=why,
        source=STRING,
        **members,
    )


CASES = (
    _answer(
        "tgi-2.4",
        *(b" fields", b" are", b" data:", b" and", b" id:"),
        texts=(" fields", " are", " data:", " and", " id:"),
        name="text-data-and-a-colon",
        why="Only a line's beginning is a field's name.",
        source=FIELDS,
        bit=LITELLM_DATA,
    ),
    _answer(
        "lmi-0.28",
        *(b"data:", b" data: x"),
        texts=("data:", " data: x"),
        name="text-data-in-lines",
        why="JSON lines have no fields, so that `data:` in them is text.",
        bit=LITELLM_DATA,
    ),
    Case(
        name="text-data-where-a-part-begins",
        family="framing-text",
        format="token-lines",
        container="lmi-0.28",
        content_type=JSON_LINES,
        writes=(b'{"token": {"id": 1, "text": "send ', b'data: {\\"a\\": 1}", "log_prob": -0.5}, "generated_text": "send data: {\\"a\\": 1}"}\n'),
        right=numbered('send data: {"a": 1}'),
        why="A part that begins with `data:` may begin inside of a string.",
        source=STRING,
        bit=LITELLM_DATA,
    ),
    _answer(
        "tgi-1.4",
        *(b"{", b"}", b"}{", b" {}", b"}]}"),
        texts=("{", "}", "}{", " {}", "}]}"),
        name="text-braces",
        why="A brace inside a string opens and closes nothing.",
    ),
    _answer(
        "lmi-0.24",
        *(b"{", b'{\\"', b"}\\n{", b"]}"),
        texts=("{", '{"', "}\n{", "]}"),
        name="text-braces-in-lines",
        why="Braces are not to be counted without regard to strings.",
        cut="every-byte",
    ),
    _answer(
        "vllm-0.11.0",
        *(b"Streams", b" end", b" with", b" [DONE]", b"[DONE]", b"data: [DONE]", b" they", b" say"),
        texts=("Streams", " end", " with", " [DONE]", "[DONE]", "data: [DONE]", " they", " say"),
        name="text-done",
        why="`[DONE]` ends an answer as the whole data of an event; inside a string it is text.",
        source="OpenAI's API reference, chat completions, `stream`: it is terminated by a `data: [DONE]` message",
    ),
    _answer(
        "lmi-0.28",
        *(b"[DONE]", b" is", b" a", b" mark"),
        texts=("[DONE]", " is", " a", " mark"),
        name="text-done-in-lines",
        why="A token may have the text `[DONE]`; the answer goes on.",
    ),
    _answer(
        "lmi-0.28",
        *(b"The", b" mark", b" <|endoftext|>", b"<|endoftext|>", b" ends", b" it"),
        texts=("The", " mark", " <|endoftext|>", "<|endoftext|>", " ends", " it"),
        name="text-endoftext",
        why="A token that no container marks as special is text, though it reads like another model's end mark.",
        source="djl-serving 0.28, djl_python/request_io.py: a special token has `special_token`",
    ),
    _answer(
        "tgi-2.4",
        *(b"Close", b" it", b" with", b"</s>", b" or", b"<|im_end|>", b"."),
        texts=("Close", " it", " with", "</s>", " or", "<|im_end|>", "."),
        name="text-end-of-sequence",
        why="A token with `special: false` is text, whatever it reads like.",
        source=TGI,
    ),
    _answer(
        "tgi-2.4",
        *(b"###", b" Depth", b"\\n\\n", b"###", b" Light"),
        texts=("###", " Depth", "\n\n", "###", " Light"),
        name="text-hashes",
        why="A heading's hashes are no end mark.",
        source=TGI,
    ),
    _answer(
        "lmi-0.24",
        *(b'\\"', b"\\\\", b'\\\\\\"', b"\\/", b'\\",\\"', b"\\\\"),
        texts=('"', "\\", '\\"', "/", '","', "\\"),
        name="text-quotes-and-backslashes",
        why="An escaped quote ends no string, and an escaped backslash escapes nothing.",
        cut="every-byte",
    ),
    _answer(
        "vllm-0.11.0",
        *(rb"C:\\new", rb"\\n is", rb" \\\\n", rb" a \n"),
        texts=("C:\\new", "\\n is", " \\\\n", " a \n"),
        name="text-backslash-and-n",
        why="A backslash and an `n` are two characters where the backslash is escaped.",
    ),
    _answer(
        "tgi-2.4",
        *(rb"one\n\n", rb"\n\ndata: two", rb"\r\n\r\n", rb"three"),
        texts=("one\n\n", "\n\ndata: two", "\r\n\r\n", "three"),
        name="text-escaped-line-ends",
        why="An escaped line end is two characters of JSON and ends no line, so that two of them end no event.",
        source="WHATWG HTML 9.2.6: lines are ended by the characters CR, LF or both",
    ),
    _answer(
        "tgi-2.4",
        *(rb"\n", rb"\n", rb"two", rb"\n"),
        texts=("\n", "\n", "two", "\n"),
        name="text-line-ends-alone",
        why="A token may be nothing but a line end.",
    ),
    _answer(
        "lmi-0.28",
        *(b" ", b"  ", b"word", b"   ", b" "),
        texts=(" ", "  ", "word", "   ", " "),
        name="text-spaces-alone",
        why="A token may be nothing but spaces: nothing trims it.",
    ),
    _answer(
        "vllm-0.11.0",
        *(b" a leading", b"  space", b" and trailing ", b" "),
        texts=(" a leading", "  space", " and trailing ", " "),
        name="text-spaces-around",
        why="The space that a field's value loses stands behind the colon, not in the text.",
        source=FIELDS,
        bit=("https://github.com/vllm-project/vllm/pull/2958",),
    ),
    _answer(
        "lmi-0.28",
        *(rb"\t", rb"if x:\n\t\treturn", rb"\t"),
        texts=("\t", "if x:\n\t\treturn", "\t"),
        name="text-tabs",
        why="Indentation is text.",
    ),
    _answer(
        "tgi-1.4",
        *(b": comment", b":", b" event: x", b"event: x", b"id: 1", b"retry: 10"),
        texts=(": comment", ":", " event: x", "event: x", "id: 1", "retry: 10"),
        name="text-fields",
        why="What would be a comment or a field at a line's beginning is text inside a string.",
        source=FIELDS,
    ),
    _answer(
        "lmi-0.24",
        *(rb"{\"outputs\": [\"no\"]}", rb"{\"token\": {\"text\": \"no\"}}\n", rb"!"),
        texts=('{"outputs": ["no"]}', '{"token": {"text": "no"}}\n', "!"),
        name="text-frames",
        why="Text that is a whole frame of another answer is text.",
    ),
    _answer(
        "tgi-2.4",
        *(rb"{\"error\": \"no\"}", rb"\n{\"error\":{\"message\":\"no\"}}", rb" \"finish_reason\":\"error\"", rb"."),
        texts=('{"error": "no"}', '\n{"error":{"message":"no"}}', ' "finish_reason":"error"', "."),
        name="text-an-error",
        why="Text that reads like a container's error is text: an error is a frame's member.",
        source="text-generation-inference v2.4.1, router/src/lib.rs, ErrorResponse",
    ),
    _answer(
        "lmi-0.28",
        *(b"null", b" None", b" true", b"0"),
        texts=("null", " None", " true", "0"),
        name="text-null",
        why="The word is no null.",
    ),
    _answer(
        "vllm-0.11.0",
        *(rb"<a href=\"#\">", rb"&amp;&lt;", rb"\u003cb\u003e", rb"</a>"),
        texts=('<a href="#">', "&amp;&lt;", "<b>", "</a>"),
        name="text-html",
        why="JSON's escapes are undone, and HTML's are text.",
    ),
    Case(
        name="text-begins-inside-a-fragment",
        family="framing-text",
        format="fragments",
        container="lmi-0.24-json",
        content_type=JSON,
        writes=(b'{"generated_text": "data: ', b"[DONE]", b"{", b'\\"token\\": {}}', b"}{", b'", "details": {"finish_reason": "length"}}'),
        right=said("data: ", "[DONE]", "{", '"token": {}}', "}{", finish=Finish("length", "length")),
        why="A fragment that looks like a frame of its own is a piece of a string.",
        source="djl-serving 0.24, djl_python/rolling_batch/rolling_batch.py",
        in_pieces=True,
    ),
    _whole(
        "text-begins-with-stripped-characters",
        b'[{"generated_text":"the text generated"}]',
        "the text generated",
        "A frame's ends are its own, not characters to strip: those that spell `generated_text` begin words as well.",
        bit=LLAMA_INDEX,
    ),
    _whole(
        "text-ends-in-a-quote", b'[{"generated_text":"He said \\"no\\""}]', 'He said "no"', "A quote at the text's end belongs to the text.", bit=LLAMA_INDEX
    ),
    _whole("text-ends-in-brackets", b'[{"generated_text":"[{1}, {2}]"}]', "[{1}, {2}]", "Brackets at the text's ends belong to the text.", bit=LLAMA_INDEX),
    Case(
        name="text-ends-in-stripped-characters",
        family="framing-text",
        format="token-sse",
        container="tgi-2.4",
        content_type=SSE,
        writes=(
            b'data: {"index":1,"token":{"id":7,"text":" bin/","logprob":-0.5,"special":false},"generated_text":null,"details":null}\n\n',
            b'data: {"index":2,"token":{"id":8,"text":"n/n","logprob":-0.5,"special":false},"generated_text":" bin/n/n","details":null}\n\n',
        ),
        right=said(Token(" bin/", 7, -0.5), Token("n/n", 8, -0.5)),
        why="A line end is LF, not the characters of its escape.",
        source=STRING,
    ),
)
