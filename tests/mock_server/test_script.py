"""Script files: what they may say, what they may not, and which of them a prompt finds."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from mock_server.script import Script, ScriptError, ScriptToken, find_script, load_scripts
from mock_server.tokenizer import token_id, token_logprob

CALL = {"name": "clock", "arguments": {"zone": "UTC"}}
TEXT = {"text": "a"}

BAD_MEMBERS: list[tuple[Any, str]] = [
    ([], "bad.json: expected an object, got []"),
    ({}, "bad.json: expected either text or tokens, got []"),
    ({"tokens": [], "finish_reason": "length"}, "bad.json: expected a token or more, got []"),
    (TEXT | {"then": "fallback"}, "bad.json: expected tool_calls and then together, got ['text', 'then']"),
    (TEXT | {"tool_calls": [CALL]}, "bad.json: expected tool_calls and then together, got ['text', 'tool_calls']"),
    (TEXT | {"tool_calls": [], "then": "fallback"}, "bad.json: tool_calls: expected a list of objects with a name and arguments, an object, got []"),
    (TEXT | {"tool_calls": [CALL], "then": "nobody"}, "bad.json: then: expected a script that calls no tool, got 'nobody'"),
    (TEXT | {"tool_calls": [CALL], "then": "bad"}, "bad.json: then: expected a script that calls no tool, got 'bad'"),
    (TEXT | {"reasoning": 1}, "bad.json: reasoning: expected a string or a list of lines, got 1"),
    ({"text": "a", "tokens": []}, "bad.json: expected either text or tokens, got ['text', 'tokens']"),
    (TEXT | {"prompt": "x"}, "bad.json: prompt: expected one of the members prompts, reasoning, text, tool_calls, then, tokens, finish_reason, end, got 'x'"),
    (TEXT | {"prompts": "what"}, "bad.json: prompts: expected a list of questions, a word or more each, got 'what'"),
    (TEXT | {"prompts": ["what", 1]}, "bad.json: prompts: expected a list of questions, a word or more each, got ['what', 1]"),
    (TEXT | {"prompts": ["?"]}, "bad.json: prompts: expected a list of questions, a word or more each, got ['?']"),
    ({"text": 1}, "bad.json: text: expected a string or a list of lines, got 1"),
    ({"text": ["a", None]}, "bad.json: text: expected a string or a list of lines, got ['a', None]"),
    ({"text": "\ud83d"}, "bad.json: text: expected a string or a list of lines, got '\\ud83d'"),
    ({"tokens": "a"}, "bad.json: tokens: expected a list, got 'a'"),
    ({"tokens": ["a", 2]}, "bad.json: tokens[1]: expected an object, got 2"),
    ({"tokens": [{"id": 7}]}, "bad.json: tokens[0]: expected a member text, got {'id': 7}"),
    ({"tokens": [{"text": None}]}, "bad.json: tokens[0]: text: expected a string, got None"),
    ({"tokens": ["\udc00"]}, "bad.json: tokens[0]: text: expected a string, got '\\udc00'"),
    ({"tokens": [{"text": "a", "log_prob": -1}]}, "bad.json: tokens[0]: log_prob: expected one of the members text, id, logprob, special, got -1"),
    ({"tokens": [{"text": "a", "id": -1}]}, "bad.json: tokens[0]: id: expected an integer, 0 or more, got -1"),
    ({"tokens": [{"text": "a", "id": True}]}, "bad.json: tokens[0]: id: expected an integer, 0 or more, got True"),
    ({"tokens": [{"text": "a", "logprob": 0.5}]}, "bad.json: tokens[0]: logprob: expected a number from -1000 to 0, got 0.5"),
    ({"tokens": [{"text": "a", "logprob": float("-inf")}]}, "bad.json: tokens[0]: logprob: expected a number from -1000 to 0, got -inf"),
    ({"tokens": [{"text": "a", "logprob": float("nan")}]}, "bad.json: tokens[0]: logprob: expected a number from -1000 to 0, got nan"),
    ({"tokens": [{"text": "a", "special": 1}]}, "bad.json: tokens[0]: special: expected true or false, got 1"),
    (TEXT | {"finish_reason": "stop"}, "bad.json: finish_reason: expected one of eos_token, length, stop_sequence, got 'stop'"),
    (TEXT | {"finish_reason": ["length"]}, "bad.json: finish_reason: expected one of eos_token, length, stop_sequence, got ['length']"),
    (TEXT | {"end": "</s>"}, "bad.json: end: expected an object, got '</s>'"),
    (TEXT | {"end": {"id": 2}}, "bad.json: end: expected a member text, got {'special': True, 'id': 2}"),
    (TEXT | {"end": {"text": "</s>"}, "finish_reason": "length"}, "bad.json: end: expected none, as the finish_reason is length, got {'text': '</s>'}"),
]

BAD_BYTES = [
    (b"", "bad.json: expected a JSON file, got 'Expecting value"),
    (b'{"text": "a"', "bad.json: expected a JSON file, got \"Expecting ',' delimiter"),
    (b'{"text": "\xff"}', "bad.json: expected a JSON file, got \"'utf-8' codec can't decode byte 0xff"),
    (b"[" * 100_000, "bad.json: expected a JSON file, got 'maximum recursion depth"),
]


def write(folder: Path, **scripts: Any) -> Path:
    for name, members in ({"fallback": TEXT} | scripts).items():
        (folder / f"{name}.json").write_text(json.dumps(members))
    return folder


def named(*scripts: tuple[str, str]) -> dict[str, Script]:
    """Return scripts of these names that answer one question each, and a fallback."""
    return {name: Script(name, (prompt,), ()) for name, prompt in scripts} | {"fallback": Script("fallback", (), ())}


@pytest.mark.parametrize(("members", "message"), BAD_MEMBERS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_file_is_named_with_the_member_and_what_was_expected(tmp_path: Path, members: Any, message: str) -> None:
    with pytest.raises(ScriptError) as caught:
        load_scripts(write(tmp_path, bad=members))
    assert str(caught.value) == message


@pytest.mark.parametrize(("content", "message"), BAD_BYTES)
def test_a_file_that_is_no_json_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (write(tmp_path) / "bad.json").write_bytes(content)
    with pytest.raises(ScriptError) as caught:
        load_scripts(tmp_path)
    assert str(caught.value).startswith(message)


def test_a_long_value_is_shown_in_part(tmp_path: Path) -> None:
    with pytest.raises(ScriptError) as caught:
        load_scripts(write(tmp_path, bad=TEXT | {"end": "x" * 10_000}))
    assert len(str(caught.value)) < 200


def test_two_files_that_answer_the_same_question_are_an_error_that_names_both(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"^two\.json: prompts: expected questions that one\.json does not answer too, got 'Why not\?'$"):
        load_scripts(write(tmp_path, one=TEXT | {"prompts": ["why  NOT"]}, two=TEXT | {"prompts": ["Why not?"]}))


def test_a_folder_without_a_fallback_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"text": "a"}')
    with pytest.raises(ScriptError, match=r"expected a file fallback\.json, which answers every other prompt, got \['one'\]$"):
        load_scripts(tmp_path)


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"nowhere: expected a folder of script files"):
        load_scripts(tmp_path / "nowhere", named())


def test_a_folder_extends_the_known_scripts_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"text": "new"}')
    scripts = load_scripts(tmp_path, named(("one", "first"), ("two", "second")))
    assert set(scripts) == {"one", "two", "fallback"}
    assert scripts["one"].text == "new"


def test_a_text_ends_with_falcons_end_token_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    scripts = load_scripts(write(tmp_path, mistral=TEXT | {"end": {"text": "</s>", "id": 2, "logprob": -0.5}}))
    assert scripts["fallback"].tokens[-1] == ScriptToken("<|endoftext|>", 11, token_logprob(b"<|endoftext|>", 1), special=True)
    assert scripts["mistral"].tokens[-1] == ScriptToken("</s>", 2, -0.5, special=True)
    assert scripts["mistral"].text == "a"


@pytest.mark.parametrize("finish_reason", ["length", "stop_sequence"])
def test_an_answer_that_does_not_end_by_itself_has_no_end_token(tmp_path: Path, finish_reason: str) -> None:
    script = load_scripts(write(tmp_path, cut=TEXT | {"finish_reason": finish_reason}))["cut"]
    assert script.finish_reason == finish_reason
    assert [token.text for token in script.tokens] == ["a"]


def test_an_answer_ends_with_its_family_s_token(tmp_path: Path) -> None:
    folder = write(tmp_path)
    ends = {family: load_scripts(folder, family=family)["fallback"].tokens[-1] for family in ("llama3", "nobody's")}
    assert {family: (end.text, end.id, end.special) for family, end in ends.items()} == {
        "llama3": ("<|eot_id|>", 128009, True),
        "nobody's": ("<|endoftext|>", 11, True),
    }


def test_thoughts_and_calls_are_tokens_between_their_marks(tmp_path: Path) -> None:
    script = load_scripts(write(tmp_path, tool={"reasoning": "Hm", "text": "Well.", "tool_calls": [CALL], "then": "fallback"}))["tool"]
    assert [(role, "".join(token.text for token in tokens)) for role, tokens in groupby(script.tokens, lambda token: token.role)] == [
        ("mark", "<think>\n"),
        ("reasoning", "Hm"),
        ("mark", "\n</think>\n\n"),
        ("text", "Well."),
        ("call", '<tool_call>\n{"name": "clock", "arguments": '),
        ("arguments", '{"zone": "UTC"}'),
        ("mark", "}\n</tool_call>"),
        ("text", "<|endoftext|>"),
    ]
    assert [token.name for token in script.tokens if token.role == "call"] == ["clock"]
    assert (script.answer, script.then) == ("Well.", "fallback")


def test_a_list_of_lines_is_joined_by_newlines(tmp_path: Path) -> None:
    assert load_scripts(write(tmp_path, lines={"text": ["a", "", "b"]}))["lines"].text == "a\n\nb"


def test_tokens_are_taken_as_they_are_listed(tmp_path: Path) -> None:
    tokens = ["", " a b", {"text": "<pad>", "id": 1, "logprob": -2, "special": True}, {"text": "c", "id": 70000}]
    script = load_scripts(write(tmp_path, mine={"tokens": tokens, "finish_reason": "length"}))["mine"]
    assert script.tokens == (
        ScriptToken("", token_id(b""), token_logprob(b"", 0)),
        ScriptToken(" a b", token_id(b" a b"), token_logprob(b" a b", 1)),
        ScriptToken("<pad>", 1, -2, special=True),
        ScriptToken("c", 70000, token_logprob(b"c", 3)),
    )
    assert script.text == " a bc"


QUESTIONS = named(("life", "what is life"), ("short", "life"), ("long", "tell me what is life"), ("zh", "什么是生命"), ("es", "¿Qué es la vida?"))

PROMPTS = [
    ("what is life", "life"),
    ("  What\tIS\n life ?!", "life"),
    ("“what is life…”", "life"),
    ("ＷＨＡＴ　ＩＳ　ＬＩＦＥ？", "life"),
    ("Please explain: what is life, really?", "life"),
    ("what is life in 什么是生命", "zh"),
    ("什么是生命 or what is life", "life"),
    ("请问，什么是 生命呢？", "zh"),
    ("que\u0301 es la vida", "es"),
    ("QUE\u0301 ES LA VIDA", "es"),
    ("tell me what is life", "long"),
    ("life", "short"),
    ("lifelong", "fallback"),
    ("afterlife", "fallback"),
    ("", "fallback"),
    ("?", "fallback"),
    ("\x00\u2028", "fallback"),
    ("\ud83d", "fallback"),
    ("what is life\n\nUser: what is love", "fallback"),
    ("User: something else\n\nAssistant: No.\n\nUser: what is life\n\nAssistant:", "life"),
    ("You are terse.\nUser: what is life\nAssistant: Ask about 什么是生命.\nUser: and now?\nAssistant:", "fallback"),
    ("<s>[INST] 什么是生命 [/INST] Hm.</s>[INST] what is life [/INST]", "life"),
    ("<|im_start|>user\nwhat is life<|im_end|>\n<|im_start|>assistant\nHm.<|im_end|>\n<|im_start|>user\n什么是生命<|im_end|>\n<|im_start|>assistant\n", "zh"),
    ("<|start_header_id|>user<|end_header_id|>\n\nwhat is life<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "life"),
    ("<|user|>\nwhat is life</s>\n<|assistant|>\nHm.</s>\n<|user|>\nOh.</s>\n<|assistant|>\n", "fallback"),
    ("ユーザー: 什么是生命<NL>システム: はい。<NL>ユーザー: what is life<NL>システム: ", "life"),
]


@pytest.mark.parametrize(("prompt", "name"), PROMPTS)
def test_a_prompt_finds_the_question_that_its_last_turn_ends_with(prompt: str, name: str) -> None:
    assert find_script(QUESTIONS, prompt).name == name


@pytest.mark.parametrize("filler", ["x ", "what is ", "什么是生"])
def test_only_the_end_of_a_huge_prompt_is_read(filler: str) -> None:
    prompt = "what is life? " + filler * 1_000_000
    assert find_script(QUESTIONS, prompt).name == "fallback"
    assert find_script(QUESTIONS, prompt + " what is life").name == "life"
