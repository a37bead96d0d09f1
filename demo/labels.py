"""The page's labels, which the browser translates (`gr.I18n`), and the words of whoever sent a request.

Gradio looks a label up by the whole of its key first, so English text with dots in it is a key like any other.
"""

from __future__ import annotations

from collections.abc import Iterable

import gradio as gr

from demo.language import LANGUAGES, Words, words_for

BROWSER = gr.I18n(**{language: {} for language in LANGUAGES})
"""What `gr.mount_gradio_app` hands to the browser: every label that was asked for, in each language."""


def label(text: str, /, **values: object) -> str:
    """Return what a browser shows as `text` in its reader's language, its `{places}` filled with `values`.

    Other text may stand before and behind it, but no other label: Gradio translates the first of a string.
    """
    key = Words()(text, **values)
    for language, table in BROWSER.translations.items():
        table[key] = Words(language)(text, **values)
    return str(BROWSER(key))


def labelled(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return `choices`, each a text and a value, with the text as a label."""
    return [(label(text), value) for text, value in choices]


def words_of(request: gr.Request) -> Words:
    """Return the words of whoever sent `request`; the page's script makes Accept-Language the language that its labels are in."""
    return words_for(getattr(request, "headers", {}).get("accept-language"))
