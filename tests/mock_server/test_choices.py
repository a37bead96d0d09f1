from __future__ import annotations

import pytest

from mock_server.catalog import load_catalog
from mock_server.choices import choose, strip_choices
from mock_server.containers.container import Question
from mock_server.profiles import find_profile
from mock_server.words import WordError

ENTRY = load_catalog()["falcon-7b-instruct-tgi"]
INSTANT = find_profile("instant")

STRIPPED = [
    ("", ""),
    ("accept_eula=true", "accept_eula=true"),
    ("mock.seed=1", ""),
    (" a=b ; mock.seed=1;c", " a=b ;c"),
    ("a;;b", "a;;b"),
    ("xmock.seed=1;Mock.seed=2", "xmock.seed=1;Mock.seed=2"),
    (" mock.seed=1 ;a", "a"),
]

REFUSED = [
    (
        "mock.sed=1",
        "mock.sed=1 is no attribute of the twin; legal: mock.cut=..., mock.http_cut=..., mock.fault=..., mock.seed=..., mock.script=..., mock.profile=...",
    ),
    ("mock.seed", "mock.seed is no attribute of the twin; legal: mock.cut=..."),
    ("mock.", "mock. is no attribute of the twin; legal: "),
    ("mock.seed=-1", "mock.seed: '-1' is not a seed; legal: a whole number of 0 or more, 18 digits at most"),
    ("mock.seed=1234567890123456789", "mock.seed: "),
    ("mock.speed=0", "mock.speed: '0' is not a speed; legal: a decimal number over 0, as 4 or 0.5"),
    ("mock.speed=fast", "mock.speed: 'fast' is not a speed; "),
    ("mock.script=none", "mock.script: 'none' is not a script; legal: "),
    ("mock.profile=slow", "mock.profile: 'slow' is not a profile; legal: instant, typical"),
    ("mock.cut=wrote", "mock.cut: 'wrote' is not a cut; legal: write, whole, "),
    ("mock.http_cut=wrote", "mock.http_cut: 'wrote' is not a cut; legal: write, whole, "),
    (
        "mock.http_cut=write+inside-json",
        "mock.http_cut: 'inside-json' aims at something in a body, and HTTP chunks are cut out of frames; legal: write, whole, merge:K, every-byte, bytes:N",
    ),
    ("mock.fault=rest", "mock.fault: 'rest' is not a fault; legal: NAME[:ARG][@N][xK] with NAME one of "),
    ("a=b;mock.seed=1;mock.cut=", "mock.cut: '' is not a cut; legal: "),
]


@pytest.mark.parametrize(("attributes", "rest"), STRIPPED)
def test_what_is_not_the_twins_goes_on_byte_for_byte(attributes: str, rest: str) -> None:
    assert strip_choices(attributes) == rest


def test_every_choice_can_be_made_at_once() -> None:
    text = "a=b;mock.cut=bytes:7;mock.http_cut=merge:2;mock.fault=crlf+reset@5;mock.seed=7;mock.script=hello;mock.profile=typical;mock.speed=4"
    choices = choose(ENTRY, text, INSTANT)
    assert choices.fault is not None
    assert choices.script is not None
    assert choices.http_cut is not None
    chosen = (choices.cut.text, choices.http_cut.text, choices.fault.text, choices.seed, choices.script.name, choices.profile.name, choices.speed)
    assert chosen == ("bytes:7", "merge:2", "crlf+reset@5", 7, "hello", "typical", 4.0)


def test_a_silent_request_takes_the_catalogs_choices_and_then_the_servers() -> None:
    choices = choose(ENTRY, "accept_eula=true", INSTANT)
    assert (choices.cut.text, choices.http_cut, choices.fault, choices.seed) == ("write", None, None, 0)
    assert (choices.script, choices.profile, choices.speed) == (None, INSTANT, 1.0)


def test_a_named_script_answers_whatever_is_asked() -> None:
    assert choose(ENTRY, "mock.script=hello", INSTANT).find_script(Question("what is life")).name == "hello"
    assert choose(ENTRY, "", INSTANT).find_script(Question("what is life")).name == "what-is-life-en"


@pytest.mark.parametrize(("attributes", "refusal"), REFUSED)
def test_an_unknown_attribute_or_value_is_refused_with_the_legal_ones(attributes: str, refusal: str) -> None:
    with pytest.raises(WordError) as refused:
        choose(ENTRY, attributes, INSTANT)
    assert str(refused.value).startswith(refusal)


TOOLS = {"tools": [{"type": "function", "function": {"name": "get_weather"}}]}
CHAT = [{"role": "user", "content": "call a tool"}]
RESULT = {"role": "tool", "content": "18"}
WHO_CALLS = [
    (Question("call a tool", messages=CHAT, options=TOOLS), "weather"),
    (Question("call a tool", messages=CHAT), "weather-answer"),
    (Question("call a tool", messages=CHAT, options={**TOOLS, "tool_choice": "none"}), "weather-answer"),
    (Question("call a tool", messages=[*CHAT, RESULT], options=TOOLS), "weather-answer"),
    (Question("call a tool"), "weather-answer"),
]


@pytest.mark.parametrize(("question", "name"), WHO_CALLS)
def test_a_tool_is_called_where_there_is_one_and_no_result_yet(question: Question, name: str) -> None:
    assert choose(ENTRY, "", INSTANT).find_script(question).name == name


def test_a_script_that_was_asked_for_calls_its_tool_once_whatever_the_request_has() -> None:
    choices = choose(ENTRY, "mock.script=weather", INSTANT)
    assert choices.find_script(Question("hi")).name == "weather"
    assert choices.find_script(Question("hi", messages=[*CHAT, RESULT])).name == "weather-answer"
