"""Every text that is marked is translated into every language, and nothing else is; the words of a reader are those of their request."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import gradio as gr
import pytest

from demo.labels import BROWSER, label, labelled, words_of
from demo.language import ENGLISH, FOLDER, LANGUAGES, TABLE, Words, words_for

DEMO = Path(__file__).resolve().parents[2] / "demo"
TRANSLATIONS = ("es", "ja", "zh")
KEPT_SIGNS = re.compile(r"[<>]|&\w+;")
CODE = re.compile(r"`[^`]*`")


def calls(path: Path) -> Iterator[tuple[ast.Call, list[ast.expr]]]:
    """Yield each call that says something, and the texts that it is given."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.Call):
            continue
        said = ast.unparse(node.func)
        if said in ("mark", "label") or re.fullmatch(r"(\w+\.)*_?words|ENGLISH|words_of\(\w+\)", said):
            yield node, node.args[:1]
        elif re.fullmatch(r"(\w+\.)*_?words\.count|words_of\(\w+\)\.count", said):
            yield node, node.args[1:3]


def literals(text: ast.expr) -> list[str]:
    """Return what `text` may be; nothing of a name, whose text is marked where it is written."""
    if isinstance(text, ast.IfExp):
        return [*literals(text.body), *literals(text.orelse)]
    return [text.value] if isinstance(text, ast.Constant) and isinstance(text.value, str) else []


def marked() -> dict[str, list[str]]:
    """Return each marked text, and where it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted(DEMO.glob("*.py")):
        for call, texts in calls(path):
            for text in (literal for argument in texts for literal in literals(argument)):
                found.setdefault(text, []).append(f"{path.name}:{call.lineno}")
    return found


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_marked_text_is_translated() -> None:
    assert {text: where for text, where in marked().items() if text not in TABLE} == {}


def test_every_translated_text_is_marked() -> None:
    assert TABLE.keys() - marked().keys() == set()


def test_no_marked_text_is_put_together_beforehand() -> None:
    said = [(path.name, call.lineno, text) for path in DEMO.glob("*.py") for call, texts in calls(path) for text in texts]
    assert [(name, line) for name, line, text in said if isinstance(text, ast.JoinedStr | ast.BinOp)] == []


@pytest.mark.parametrize(("text", "row"), TABLE.items(), ids=TABLE)
def test_a_text_says_the_same_in_each_language(text: str, row: dict[str, str]) -> None:
    assert tuple(row) == TRANSLATIONS
    for translation in row.values():
        assert translation == translation.strip() != ""
        assert places(translation) == places(text)
        assert sorted(KEPT_SIGNS.findall(translation)) == sorted(KEPT_SIGNS.findall(text))
        assert sorted(CODE.findall(translation)) == sorted(CODE.findall(text))


def test_a_text_is_translated_once() -> None:
    count = Counter(text for file in FOLDER.glob("*.toml") for text in tomllib.loads(file.read_text(encoding="utf-8")))
    assert [text for text, times in count.items() if times > 1] == []


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ja", "ja"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("zh-TW", "zh"),
        ("zh-Hans-CN, en;q=0.5", "zh"),
        ("ZH-cn", "zh"),
        ("en;q=0.3, ja;q=0.9", "ja"),
        ("fr-FR, es;q=0.9", "en"),
        ("*", "en"),
        ("ja;q=high, es;q=0.1", "es"),
        (";;;,=,q", "en"),
    ],
)
def test_a_reader_is_told_in_the_language_of_their_first_wish(header: str | None, language: str) -> None:
    assert words_for(header) == Words(language)


def test_what_has_no_translation_is_told_in_english() -> None:
    assert Words("ja")("{n} of nothing", n=2) == "2 of nothing"


def test_a_text_holds_its_values_and_values_are_no_text() -> None:
    assert Words("es")("{side} answers here.", side="{n}") == "{n} responde aquí."
    assert ENGLISH("{side} answers here.", side="B") == "B answers here."


def test_a_label_is_translated_by_the_browser() -> None:
    shown = label("{side} answers here.", side="B")
    assert shown == '__i18n__{"__type__": "translation_metadata", "key": "B answers here."}'
    assert {language: table["B answers here."] for language, table in BROWSER.translations.items()} == {
        "en": "B answers here.",
        "es": "B responde aquí.",
        "ja": "B の回答がここに表示されます。",
        "zh": "B 在此回答。",
    }
    assert labelled([("Send", "send")]) == [(label("Send"), "send")]


def test_every_language_of_the_table_is_one_of_the_page() -> None:
    assert ("en", *TRANSLATIONS) == LANGUAGES
    script = (DEMO / "page.html").read_text(encoding="utf-8")
    assert f"const spoken = {json.dumps(LANGUAGES)};" in script


def test_a_request_without_headers_is_told_in_english() -> None:
    assert words_of(gr.Request(session_hash="one")) == ENGLISH
    assert words_of(gr.Request(session_hash="one", headers={"accept-language": "ja"})) == Words("ja")
