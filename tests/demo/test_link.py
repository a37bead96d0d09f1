from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from demo.link import Field, Link, Value, encode_link, parse_link

FIELDS = {
    "prompt": Field(),
    "cut": Field("write", {"write": "write", "bytes:7": "bytes:7"}),
    "front": Field("SageMaker runtime", {"runtime": "SageMaker runtime", "container": "Container directly"}),
    "temperature": Field("", is_number=True),
    "speed": Field("1", is_number=True),
    "details": Field(default=True),
}
BEGINNING: dict[str, Value] = {name: field.default for name, field in FIELDS.items()}

NASTY = "it's \"<b>&=?#%+ \\\n日本語 😀\u202e"
LINKS: dict[str, tuple[list[tuple[str, str]], Link]] = {
    "nothing": ([], Link({})),
    "a prompt": ([("prompt", NASTY)], Link({"prompt": NASTY})),
    "a choice": ([("cut", "bytes:7"), ("front", "container")], Link({"cut": "bytes:7", "front": "Container directly"})),
    "no choice of the page's": ([("cut", "at:3"), ("front", "Container directly")], Link({}, wrong=(("cut", "at:3"), ("front", "Container directly")))),
    "numbers": ([("temperature", "0.5"), ("speed", "4")], Link({"temperature": "0.5", "speed": "4"})),
    "no number": ([("temperature", "warm"), ("speed", "1;mock.script=x")], Link({}, wrong=(("temperature", "warm"), ("speed", "1;mock.script=x")))),
    "a number out of its bounds": ([("temperature", "-1")], Link({}, wrong=(("temperature", "-1"),))),
    "no number at all": ([("temperature", "")], Link({"temperature": ""})),
    "a flag": ([("details", "no")], Link({"details": False})),
    "no flag": ([("details", "0")], Link({}, wrong=(("details", "0"),))),
    "what there is not": ([("url", "http://169.254.169.254/"), ("__theme", "dark"), ("utm_source", "x"), ("view", "settings")], Link({}, unknown=("url",))),
    "one name twice": ([("cut", "at:3"), ("cut", "bytes:7")], Link({"cut": "bytes:7"})),
}


@pytest.mark.parametrize(("query", "link"), LINKS.values(), ids=LINKS)
def test_a_link_sets_what_is_there_and_the_rest_is_told(query: list[tuple[str, str]], link: Link) -> None:
    assert parse_link(query, FIELDS) == link


def test_a_page_as_it_begins_has_an_address_without_a_query() -> None:
    assert encode_link(BEGINNING, FIELDS) == ""


SET: dict[str, Value] = {"prompt": NASTY, "cut": "bytes:7", "front": "Container directly", "temperature": "0.5", "speed": "", "details": False}


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_set_is_in_the_link_and_set_by_it(name: str) -> None:
    query = encode_link(BEGINNING | {name: SET[name]}, FIELDS)
    assert parse_link(parse_qsl(query, keep_blank_values=True), FIELDS) == Link({name: SET[name]})


def test_a_control_that_was_emptied_is_no_text_and_half_a_character_no_reason_to_fail() -> None:
    assert encode_link(BEGINNING | {"prompt": None}, FIELDS) == ""
    assert encode_link(BEGINNING | {"prompt": "\ud83d"}, FIELDS) == "prompt=%3F"
