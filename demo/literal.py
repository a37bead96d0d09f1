"""Text as it is, inside of Markdown or of HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

_MARKS = re.compile(r"[\\`*_{}\[\]<>&#|~$!]|^[-+=]|^(?:\d+)(?=[.)](?:\s|$))", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_NOTHING: Mapping[str, str] = {}


def literal(text: str, signs: Mapping[str, str] = _NOTHING) -> str:
    """Return Markdown that shows `text` as it is; `signs` are marks and what stands for them in place of a backslash in front."""

    def escaped(mark: re.Match[str]) -> str:
        return signs.get(mark[0]) or (f"{mark[0]}\\" if mark[0].isdigit() else f"\\{mark[0]}")

    return _INDENT.sub(lambda indent: "\N{NO-BREAK SPACE}" * len(indent[0].expandtabs(4)), _MARKS.sub(escaped, text))


def one_line(text: str) -> str:
    """Return HTML of one line that shows the words of `text`."""
    return html.escape(" ".join(text.split()))


def note(text: str, *, is_news: bool = False) -> str:
    """Return HTML that says `text`, or a label, in place of something or beside it; empty for no text.

    Args:
        is_news: It is said aloud when it comes.
    """
    # A label holds the quotation marks of its key, by which the browser finds it.
    role = " role='status'" if is_news else ""
    return f"<p class='figures'{role}>{html.escape(text, quote=False)}</p>" if text else ""
