r"""LMI's `json` formatter to 0.28: one JSON document that leaves in fragments, token by token, without a line end.

Nothing but the document's end tells the text's end, so that a reader of lines sees nothing before it, and none at all without a line end. Where a text is cut
into tokens cannot be told for certain, as the service cuts the fragments again: the text counts, not its pieces. Where an error is due, ours gives the text
before it, which a person saw; a reader that collects the document, as its content type allows, has none to give, and is as right if it fails.
"""

from __future__ import annotations

from functools import partial

from backends.events import Finish
from mock_server.contract.case import Format, fails, said
from mock_server.contract.cases.rows import JSON, By, in_pieces

FRAGMENTS: Format = "fragments"
LMI_0_23 = By(FRAGMENTS, JSON, "lmi-0.23-json")
LMI_0_24 = By(FRAGMENTS, JSON, "lmi-0.24-json")
LMI_0_25 = By(FRAGMENTS, JSON, "lmi-0.25-json")
LMI_0_27 = By(FRAGMENTS, JSON, "lmi-0.27-json")
LMI_0_28 = By(FRAGMENTS, JSON, "lmi-0.28-json")
LMI_TGI_COMPAT = By(FRAGMENTS, JSON, "lmi-0.28-tgi-compat")
NOBODY = By(FRAGMENTS, JSON)

FORMATTER = "djl-serving 0.23 to 0.27, djl_python/rolling_batch/rolling_batch.py, the json formatter"
FORMATTER_0_28 = "djl-serving 0.28, djl_python/output_formatter.py"
FRONT = "djl-serving {}, RollingBatch.java: the front end tells an error where the next fragment would be"
HANGS = ("https://github.com/langchain-ai/langchain-aws/issues/128", "https://github.com/aws/sagemaker-python-sdk/issues/6278")
UTF_8 = ("https://github.com/BerriAI/litellm/issues/9165",)

_fragments = partial(in_pieces, "fragments")

CASES = (
    _fragments(
        "fragments-escaped",
        LMI_0_23,
        b'{"generated_text": " Caf',
        rb"\u00e9 \"",
        rb"sol\"\n",
        rb' \ud83c\udf0a"}',
        right=said(' Café "sol"\n 🌊'),
        why="The fragments are one document, read as it comes.",
        source=FORMATTER,
        bit=HANGS,
    ),
    _fragments(
        "fragments-raw",
        LMI_0_24,
        b'{"generated_text": " Deep',
        " 日本".encode(),
        "😀".encode(),
        b'!"}',
        right=said(" Deep 日本😀!"),
        why="The fragments are one document, read as it comes.",
        source=FORMATTER,
        bit=HANGS,
    ),
    _fragments(
        "fragments-byte-by-byte",
        LMI_0_24,
        '{"generated_text": " Ärger {\\"é\\": \\\\n}"}'.encode(),
        right=said(' Ärger {"é": \\n}'),
        why="A fragment may end in any byte, of the opening, of a character, of an escape.",
        source=FORMATTER,
        cut="every-byte",
        bit=UTF_8,
    ),
    _fragments(
        "fragment-split-in-the-opening",
        LMI_0_24,
        b'{"generated',
        b'_text"',
        b': "',
        b' Sand"}',
        right=said(" Sand"),
        why="The opening may come in parts.",
        source=FORMATTER,
    ),
    _fragments(
        "fragment-split-in-an-escape",
        LMI_0_23,
        b'{"generated_text": "a\\',
        b'"b\\u00',
        b"e9c\\",
        b'n"}',
        right=said('a"béc\n'),
        why="A backslash at a fragment's end escapes the next one's first character.",
        source=FORMATTER,
    ),
    _fragments(
        "fragment-split-in-a-pair-in-capitals",
        NOBODY,
        rb'{"generated_text": " \uD83C',
        rb"\uDF0A \u00E9",
        b'"}',
        right=said(" 🌊 é"),
        why="Two escapes are one character, however their digits are written and wherever they are cut.",
        source="RFC 8259 section 7",
    ),
    _fragments(
        "fragment-split-in-a-pair-behind-a-backslash",
        NOBODY,
        rb'{"generated_text": "C:\\\ud83c',
        rb'\udf0a"}',
        right=said("C:\\🌊"),
        why="Two backslashes are one that is text, and what is behind them is an escape again.",
        source="RFC 8259 section 7",
    ),
    _fragments(
        "fragment-with-an-escape-that-is-none",
        NOBODY,
        b'{"generated_text": " Deep',
        rb"\x41",
        b'"}\n',
        right=fails("malformed", " Deep"),
        why="JSON has eight escapes of one character, and `u` with four digits: what came before another is text, and the document is none.",
        source="RFC 8259 section 7",
    ),
    _fragments(
        "fragment-split-in-a-character",
        LMI_0_24,
        b'{"generated_text": " \xf0\x9f',
        b"\x90\x8b \xe6\x97",
        b'\xa5"}',
        right=said(" 🐋 日"),
        why="A character's bytes may come in two parts.",
        source=FORMATTER,
        bit=UTF_8,
    ),
    _fragments(
        "fragments-in-one-part",
        LMI_0_27,
        b'{"generated_text": " All at once"}',
        right=said(" All at once"),
        why="The service may give a whole answer in one part.",
        source=FORMATTER,
    ),
    _fragments(
        "fragments-without-a-text",
        LMI_0_27,
        b'{"generated_text": "',
        b'"}',
        right=said(""),
        why="An empty text is an answer all the same.",
        source=FORMATTER,
    ),
    _fragments(
        "fragments-with-details",
        LMI_0_27,
        b'{"generated_text": " Deep',
        b" sea",
        b'", "details": {"finish_reason": "length", "generated_tokens": 2, "inputs": "What is", "tokens": '
        b'[{"id": [304], "text": " Deep", "log_prob": -0.5}, {"id": [5], "text": " sea", "log_prob": -0.25}]}}',
        right=said(" Deep", " sea", finish=Finish("length", "length", 2)),
        why="What stands behind the text is about it, and the texts in there are none of the answer.",
        source=FORMATTER,
    ),
    _fragments(
        "fragments-in-an-array",
        LMI_TGI_COMPAT,
        b'[{"generated_text": " Low',
        b" tide",
        b'", "details": {"finish_reason": "length", "generated_tokens": 2, "inputs": "What is", "tokens": '
        b'[{"id": 304, "text": " Low", "logprob": -0.5}, {"id": 5, "text": " tide", "logprob": -0.25}]}}]',
        right=said(" Low", " tide", finish=Finish("length", "length", 2)),
        why="With TGI's form an array stands around the document, which is read as it comes nevertheless.",
        source=f"{FORMATTER_0_28}: option.tgi_compat",
    ),
    _fragments(
        "fragments-that-end-in-a-brace",
        LMI_0_28,
        b'{"generated_text": "fn() {',
        b"{",
        b'}}{", "details": {"finish_reason": "length"}}',
        right=said("fn() {{}}{", finish=Finish("length", "length")),
        why="A brace at the text's end is text, though the next document or an error could begin with one.",
        source=FORMATTER_0_28,
    ),
    _fragments(
        "fragments-with-a-line-end-behind",
        NOBODY,
        b'{"generated_text": " Gul',
        b'ls"}\n',
        right=said(" Gulls"),
        why="Blanks may stand behind a document.",
        source="RFC 8259 section 2",
    ),
    _fragments(
        "fragments-then-an-error-of-python",
        LMI_0_23,
        b'{"generated_text": " Deep',
        b" se",
        b'{"code": 500, "error": "CUDA out of memory"}',
        right=fails("interrupted", " Deep", " se", says="CUDA out of memory"),
        why="The error begins inside the string that it breaks off: it is no text, and no document ends.",
        source=FRONT.format("0.23 and 0.24"),
    ),
    _fragments(
        "fragments-then-an-error-printed",
        LMI_0_25,
        b'{"generated_text": " Deep',
        b" se",
        b'{\n  "error": "CUDA out of memory",\n  "code": 424\n}',
        right=fails("interrupted", " Deep", " se", says="CUDA out of memory"),
        why="The error begins inside the string that it breaks off, and has line ends of its own.",
        source=FRONT.format("0.25 and 0.26"),
    ),
    _fragments(
        "fragments-then-an-error",
        LMI_0_27,
        b'{"generated_text": " Deep {',
        b'{"error":"isn\\u0027t","code":424}',
        right=fails("interrupted", " Deep {", says="isn't"),
        why="The error begins inside the string that it breaks off, here behind a brace that is text.",
        source=FRONT.format("0.27"),
    ),
    _fragments(
        "fragments-that-failed",
        LMI_0_28,
        b'{"generated_text": " Deep',
        b'", "details": {"finish_reason": "error"}}',
        right=fails("interrupted", " Deep"),
        why="The document ends well and says that the answer did not.",
        source=FORMATTER_0_28,
    ),
)
