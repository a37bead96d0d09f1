"""LMI's oldest lines: `{"outputs": [".."]}`, with a text for each prompt, and nothing that marks the end."""

from __future__ import annotations

from functools import partial

from mock_server.contract.case import said
from mock_server.contract.cases.answers import outputs
from mock_server.contract.cases.rows import JSON_LINES, LMI_0_23, LMI_0_24, OUTPUTS_LINES, By, row

DYNAMIC = By("outputs-lines", JSON_LINES, "lmi-0.23-dynamic")
LMI_0_25 = By("outputs-lines", JSON_LINES, "lmi-0.25")

ROLLING = "djl-serving {}, djl_python/rolling_batch/rolling_batch.py, the jsonlines formatter"
BATCHED = "djl-serving 0.23, djl_python/streaming_utils.py and huggingface.py"

_outputs = partial(row, "outputs")

CASES = (
    _outputs(
        "outputs-escaped",
        LMI_0_23,
        *outputs(rb" a", rb" \u00e9\n\"\ud83d\ude00", rb" \u65e5\u672c"),
        right=said(" a", ' é\n"😀', " 日本"),
        why="All but ASCII is escaped.",
        source=ROLLING.format("0.23"),
    ),
    _outputs(
        "outputs-raw",
        LMI_0_24,
        *outputs(b" a", ' é\\n\\"😀'.encode(), " 日本".encode()),
        right=said(" a", ' é\n"😀', " 日本"),
        why="Characters come as they are.",
        source=ROLLING.format("0.24"),
    ),
    _outputs(
        "outputs-four-at-once",
        LMI_0_25,
        *outputs(b" One"),
        b"".join(outputs(b" two", b" three", b" four", b" five")),
        b"".join(outputs(b" six", b" seven")),
        right=said(" One", " two", " three", " four", " five", " six", " seven"),
        why="The first token leaves alone and the others by fours, a line each.",
        source="djl-serving 0.25, RollingBatch.java: SERVING_ROLLING_BATCH_BUFFER",
        bit=("https://github.com/strands-agents/harness-sdk/issues/4035",),
    ),
    _outputs(
        "outputs-of-dynamic-batching",
        DYNAMIC,
        *outputs(rb" Deep", rb" \u00e9t\u00e9", rb"."),
        right=said(" Deep", " été", "."),
        why="Dynamic batching writes what LMI 0.23 does, in every version.",
        source=BATCHED,
    ),
    _outputs(
        "outputs-of-several-prompts",
        DYNAMIC,
        b'{"outputs": [" Blue", " Red"]}\n',
        b'{"outputs": [" whale", " fox"]}\n',
        right=said(" Blue", " whale"),
        why="Each prompt of a request has its text in each line: the first is the first prompt's answer, and to join them mixes two.",
        source=BATCHED,
    ),
    _outputs(
        "outputs-with-an-empty-text",
        LMI_0_24,
        *outputs(b"", b" Sea", b"", "🐋".encode()),
        right=said("", " Sea", "", "🐋"),
        why="A token that has a part of a character has no text yet, which is no end.",
        source=ROLLING.format("0.24"),
    ),
    _outputs(
        "outputs-with-an-empty-list",
        OUTPUTS_LINES,
        b'{"outputs": [" Sea"]}\n{"outputs": []}\n{"outputs": [" bed"]}\n',
        right=said(" Sea", " bed"),
        why="A list without a text says nothing, and has no first item.",
        source="RFC 8259 section 5: an array may have no value",
    ),
    _outputs(
        "outputs-of-one-token",
        LMI_0_23,
        *outputs(b" Yes"),
        right=said(" Yes"),
        why="An answer may be one line, behind which nothing marks the end.",
        source=ROLLING.format("0.23"),
    ),
    _outputs(
        "outputs-that-just-end",
        LMI_0_24,
        *outputs(b" It", b" stops", b" here", b" and"),
        right=said(" It", " stops", " here", " and"),
        why="No line tells that it is the last: the body's end is the answer's.",
        source=ROLLING.format("0.24"),
    ),
    _outputs(
        "outputs-byte-by-byte",
        LMI_0_24,
        *outputs(" Ö".encode(), '\\"ß\\\\'.encode(), " 深い".encode()),
        right=said(" Ö", '"ß\\', " 深い"),
        why="Lines, escapes and characters may end in any part.",
        source=ROLLING.format("0.24"),
        cut="every-byte",
        bit=("https://github.com/BerriAI/litellm/issues/9165",),
    ),
    _outputs(
        "outputs-without-a-content-type",
        By("outputs-lines", None),
        *outputs(b" No", b" type"),
        right=said(" No", " type"),
        why="Where nobody says what the body is, its first byte does.",
        source="botocore's model of sagemaker-runtime 2017-05-13: ContentType of the output may be absent",
    ),
    _outputs(
        "outputs-called-json",
        By("outputs-lines", "application/json"),
        *outputs(b" Two", b" lines"),
        right=said(" Two", " lines"),
        why="A body that is called one document and is lines has lines all the same.",
        source="jsonlines.org: it has no registered type, and others are in use",
    ),
)
