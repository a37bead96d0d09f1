"""The scripts that come with the twin: each loads, is found by its questions, and holds what it is there for."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.chat import ChatMessage
from backends.prompts import FAMILIES
from mock_server.script import FALLBACK, FOLDER, Script, find_script, load_scripts

SCRIPTS = load_scripts(FOLDER)
FILES = sorted(FOLDER.glob("*.json"))
QUESTIONS = [pytest.param(prompt, script.name, id=f"{script.name}: {prompt}") for script in SCRIPTS.values() for prompt in script.prompts]
CHAT = "You are helpful.\n\nUser: What is life?\n\nAssistant: {answer}\n\nUser: {question}\n\nAssistant:"

PRESENT = {
    "build-a-website": ["\n\n1. ", "\n\n6. "],
    "what-is-life-en": ["matter"],
    "what-is-life-es": ["¿", "í", "ñ"],
    "what-is-life-ja": ["生き物", "エネルギー", "人生"],
    "what-is-life-zh": ["生命", "意义"],
    "emoji": ["👨‍👩‍👧‍👦", "👋🏿", "🇯🇵", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣"],
    "markdown": ["# ", "|--", "```python\n", "\n$$\n", "\n     - ", "\n> ", "**"],
    "framing": [
        "\ndata: ",
        "\ndata:{",
        '{"outputs"',
        "[DONE]",
        "\\\\",
        '"',
        "\u2028",
        "\u2029",
        "\u0085",
        "###",
        "\r\n\r\n",
        "\r",
        "\ufeff",
        "\ufffd",
        "\U0010ffff",
    ],
    "long": ["\n\n## 5. "],
    "fallback": ["offline twin"],
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_tokens_of_a_file_join_to_its_text(file: Path) -> None:
    script = SCRIPTS[file.stem]
    text = json.loads(file.read_bytes())["text"]
    assert script.answer == (text if isinstance(text, str) else "\n".join(text))
    assert "".join(token.text for token in script.tokens) == script.text + "<|endoftext|>"


@pytest.mark.parametrize(("prompt", "name"), QUESTIONS)
def test_a_question_finds_its_script_however_it_is_written(prompt: str, name: str) -> None:
    for question in spellings(prompt):
        assert find_script(SCRIPTS, question).name == name


@pytest.mark.parametrize(("prompt", "name"), QUESTIONS)
def test_a_question_finds_its_script_behind_the_turns_of_a_chat(prompt: str, name: str) -> None:
    for script in SCRIPTS.values():
        assert find_script(SCRIPTS, CHAT.format(answer=script.text, question=prompt)).name == name


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("question", ["Hello!", "什么是生命", "Which tide?"])
def test_a_question_is_found_in_the_prompt_of_every_family(family: str, question: str) -> None:
    chat = [ChatMessage("system", "Be brief."), ChatMessage("user", "Tell me a long story"), ChatMessage("assistant", "No."), ChatMessage("user", question)]
    for messages in (chat, [*chat[:1], *chat[-1:]], chat[-1:]):
        prompt = FAMILIES[family].render(messages).text
        assert find_script(SCRIPTS, prompt) is find_script(SCRIPTS, question)


def spellings(prompt: str) -> Iterator[str]:
    yield prompt
    yield prompt.upper()
    yield prompt.title()
    yield f"  {prompt.replace(' ', '   ')}\n"
    yield prompt.strip("¿?؟.!")
    yield f"{prompt} !?"
    yield unicodedata.normalize("NFD", prompt)


@pytest.mark.parametrize("answer", SCRIPTS.values(), ids=lambda script: script.name)
def test_an_unknown_question_finds_the_fallback_whatever_was_answered_before(answer: Script) -> None:
    assert find_script(SCRIPTS, CHAT.format(answer=answer.text, question="Which tide?")).name == FALLBACK


def test_every_question_that_the_fallback_names_finds_another_script() -> None:
    listed = [line[2:] for line in SCRIPTS[FALLBACK].text.splitlines() if line.startswith("- ")]
    assert listed
    assert [line for line in listed if find_script(SCRIPTS, line).name == FALLBACK] == []


def test_every_script_has_a_question_but_the_fallback_and_those_behind_tools() -> None:
    assert {script.name for script in SCRIPTS.values() if not script.prompts} == {FALLBACK, *(script.then for script in SCRIPTS.values() if script.then)}


@pytest.mark.parametrize(("name", "parts"), PRESENT.items())
def test_a_script_holds_what_it_is_there_for(name: str, parts: list[str]) -> None:
    assert [part for part in parts if part not in SCRIPTS[name].text] == []


def test_the_website_answer_ends_by_itself_within_the_tokens_that_people_ask_for() -> None:
    assert len(SCRIPTS["build-a-website"].tokens) <= 256


def test_the_long_answer_is_long() -> None:
    assert len(SCRIPTS["long"].tokens) >= 2000


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=lambda script: script.name)
def test_no_answer_looks_as_if_it_ended_or_as_if_the_user_spoke(script: Script) -> None:
    assert [mark for mark in ("<|endoftext|>", "</s>", "<|im_end|>", "\nUser:", "[INST]") if mark in script.text] == []


def test_loading_twice_gives_the_same_tokens() -> None:
    assert {name: script.tokens for name, script in load_scripts(FOLDER).items()} == {name: script.tokens for name, script in SCRIPTS.items()}
