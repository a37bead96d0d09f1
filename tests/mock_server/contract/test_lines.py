"""The adapter for iterators of lines: no iterator of lines may fail by how the lines are read for it."""

from __future__ import annotations

import pytest

from mock_server.contract.worker import Taken, text_of_line

TEXTS = [
    (b'data: {"token":{"text":"a"}}', "a"),
    ('{"token": {"text": "a"}, "generated_text": "a"}', "a"),
    (b'{"token": {"text": "</s>", "special_token": true}}', ""),
    (b'{"token": {"text": "</s>", "special": true}}', ""),
    (b'{"token": {}}', ""),
    (b'{"token": {"text": null}}', ""),
    (b'{"outputs": ["a"]}', "a"),
    (b'{"outputs": []}', ""),
    (b'{"choices": null, "usage": {}}', ""),
    (b'{"choices": []}', ""),
    (b'{"error": null, "choices": [{"index": 0, "delta": {"content": "a"}}]}', "a"),
    (b'{"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]}', "a"),
    (b'{"object": "text_completion", "choices": [{"index": 3, "delta": {"content": "a"}}]}', "a"),
    (b'{"object": "text_completion", "choices": [{"index": 1, "text": "b"}]}', ""),
    (b'{"choices": [{"delta": null}]}', ""),
    (b'{"choices": [{"message": {"content": "a"}}]}', "a"),
    (b'{"choices": [{"text": "a"}]}', "a"),
    (b'{"body": {"generation": "a"}}', "a"),
    (b'{"generated_text": "a"}', "a"),
    (b": a comment", ""),
    (b"", ""),
]
ERRORS = [
    b'{"error": "", "code": 424}',
    b'{"object": "error", "message": "late"}',
    b'{"code": 500, "message": "late", "cancelled": false}',
    b'{"token": {"text": "", "special_token": true}, "details": {"finish_reason": "error"}}',
    b'{"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}',
]


@pytest.mark.parametrize(("line", "text"), TEXTS)
def test_a_line_is_read_by_its_members(line: bytes | str, text: str) -> None:
    assert text_of_line(line) == text


@pytest.mark.parametrize("line", ERRORS)
def test_a_line_that_is_an_error_is_raised(line: bytes) -> None:
    with pytest.raises(ValueError, match="the container says"):
        text_of_line(line)


@pytest.mark.parametrize("mark", [b"data: [DONE]", b"data:[DONE]\r", "data: [DONE]"], ids=repr)
def test_what_stands_behind_the_end_mark_is_not_read(mark: bytes | str) -> None:
    taken = Taken()
    for line in (b'{"outputs": ["a"]}', mark, b'{"unfin'):
        taken.put_line(line)

    assert taken.told()["length"] == 1
