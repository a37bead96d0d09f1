"""The tests of the wire as few and fast ones, which a mutant has to get past: each takes all rows of its table in one go, and five cuttings of a body.

What measures memory, what is long, and what hypothesis varies is left out: a mutant that only they would notice deserves a row in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, product
from typing import Any

import pytest

from mock_server.contract.cuttings import cuttings, every
from tests.backends.wire import test_answers, test_decode, test_eventstream, test_fragments, test_jsonlines, test_lines, test_parts, test_sse
from tests.mock_server.contract.test_our_reader import CASES, assert_right

MODULES: tuple[Any, ...] = (test_parts, test_lines, test_sse, test_jsonlines, test_answers, test_fragments, test_decode, test_eventstream)
SLOW = (
    "test_a_frame_of_24_mib_is_read",
    "test_a_frame_over_24_mib_is_malformed_and_the_next_is_read",
    "test_a_line_over_24_mib_that_is_no_data_is_malformed",
    "test_an_event_over_24_mib_in_many_lines_is_malformed_once",
    "test_blank_lines_inside_a_printed_document_are_not_kept",
    "test_every_flipped_byte_of_a_frame_is_noticed",
    "test_text_is_not_kept_and_what_stands_behind_it_is_bounded",
    "test_what_is_held_is_bounded_by_the_longest_line",
)
SHORT = [case for case in CASES if not case.is_long]
SHORT_BYTES = 1024

for module in MODULES:
    module.cuttings = lambda body: islice(cuttings(body), 5 if len(body) > 40 else None)  # whole, by one, three and seven bytes, and with empty parts between


def arguments_of(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each run of a test, as its marks have them."""
    tables = []
    for mark in getattr(test, "pytestmark", ()):
        names, rows = mark.args
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
        tables.append([dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows])
    for choice in product(*tables):
        yield {name: value for row in choice for name, value in row.items()}


TESTS = [
    test
    for module in MODULES
    for name, test in vars(module).items()
    if name.startswith("test_") and name not in SLOW and callable(test) and not hasattr(test, "hypothesis")
]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_each_row(test: Callable[..., None]) -> None:
    for arguments in arguments_of(test):
        test(**arguments)


def test_what_is_slow_is_there() -> None:
    assert all(any(hasattr(module, name) for module in MODULES) for name in SLOW)


def test_each_case() -> None:
    for case in SHORT:
        assert_right(case)


def test_each_case_byte_by_byte() -> None:
    for case in SHORT:
        if case.layer == "body" and len(case.body) <= SHORT_BYTES:
            assert_right(replace(case, writes=tuple(every(case.body, 1)), cut="write", in_pieces=True))
