"""An answer's tokens as HTML, each on a ground that tells its probability, with all that is known of it in `data-said`.

A probability is `exp(logprob)`. It is told three times, as colour must not be all that tells it: by ground, by underline, and on demand as a figure.
All that a far side sent is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from math import exp

from backends.events import Token
from demo.language import ENGLISH, Words, mark
from demo.tape import Tape, TapedEvent

MOST_TOKENS = 4000
"""That are drawn; what is over is counted."""
LEVELS: tuple[tuple[float, str], ...] = ((0.9, mark("90 % and over")), (0.5, mark("50 to 90 %")), (0.1, mark("10 to 50 %")), (0.0, mark("under 10 %")))
"""From which probability a level begins, and its name; the first that fits counts."""
NO_PROBABILITIES = mark("This container tells no probabilities, or was not asked for them: the tokens stand here without.")
HINT = mark("Point at a token, or go from one to the next with the arrow keys.")

_SIGNS = {"\n": "↵", "\t": "→", "\r": "←", " ": "·"}
_UNSEEN = re.compile("[\x00-\x20\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


def heat_map(tape: Tape, *, special: bool = False, figures: bool = False, words: Words = ENGLISH) -> str:
    """Return an answer's tokens in one line of HTML.

    Args:
        special: Whether tokens that are no text of the answer, such as its end mark, are shown.
        figures: Whether each token's probability stands under it.
    """
    taped = [event for event in tape.events if isinstance(event.event, Token)]
    tokens = [(number, event) for number, event in enumerate(taped, 1) if special or not is_special(event)]
    if not tokens:
        return f"<p class='figures'>{words('This answer has no tokens.')}</p>"
    knows = any(event.event.logprob is not None for event in taped if isinstance(event.event, Token))
    hidden = len(taped) - len(tokens)
    notes = [
        "" if knows else words(NO_PROBABILITIES),
        words.count(len(tokens), "{n} token", "{n} tokens"),
        words("{n} special not shown", n=hidden) if hidden else "",
        words("only the first {n} are drawn", n=f"{MOST_TOKENS:,}") if len(tokens) > MOST_TOKENS else "",
    ]
    spans = "".join(_span(number, event, figures, words, first=place == 0) for place, (number, event) in enumerate(tokens[:MOST_TOKENS]))
    notice = f"<p class='figures'>{' · '.join(filter(None, notes))}</p>"
    legend = _legend(words) if knows else ""
    readout = f"<p id='token-said' role='status'>{words(HINT)}</p>"
    return f"{notice}{legend}{readout}<div class='heat' role='group' aria-label='{words('Tokens')}'>{spans}</div>"


def is_special(event: TapedEvent) -> bool:
    """Return whether an event is a token that is no text of the answer."""
    return isinstance(event.event, Token) and event.event.special


def probability(logprob: float) -> float:
    """Return what a logarithm stands for, 1 at most, whatever a far side says."""
    return exp(min(logprob, 0.0))


def level(probable: float) -> int:
    """Return which of `LEVELS` a probability belongs to."""
    return next(number for number, (least, _) in enumerate(LEVELS) if probable >= least or number == len(LEVELS) - 1)


def shown(text: str) -> str:
    """Return HTML of a token's text in which white space can be seen; behind a sign for a line end the line does end."""
    return _UNSEEN.sub(lambda unseen: _sign(unseen[0]), html.escape(text)) or "<i>∅</i>"


def said(number: int, event: TapedEvent, words: Words = ENGLISH) -> str:
    """Return all that is known of a token, as text of one line."""
    token = event.event
    if not isinstance(token, Token):
        raise TypeError(f"the event is a {type(token).__name__}, expected a Token")
    pieces = [
        words("Token {number}: {text}", number=number, text=_quoted(token.text)),
        words("special") if token.special else "",
        f"id {token.id}" if token.id is not None else "",
        f"logprob {token.logprob:.4f}" if token.logprob is not None else "",
        words("probability {percent}", percent=_percent(probability(token.logprob), words)) if token.logprob is not None else "",
        words("at {time}", time=f"{event.at_s:.3f} s"),
        _alternatives(token, words),
    ]
    return " · ".join(filter(None, pieces))


def _span(number: int, event: TapedEvent, figures: bool, words: Words, *, first: bool) -> str:
    token = event.event
    if not isinstance(token, Token):
        return ""
    known = None if token.logprob is None else probability(token.logprob)
    marks = " ".join(("tok", *(() if known is None else (f"p{level(known)}",)), *(("special",) if token.special else ())))
    figure = f"<small>{_percent(known, words)}</small>" if figures and known is not None else ""
    return f"<span class='{marks}' tabindex='{0 if first else -1}' data-said='{html.escape(said(number, event, words))}'>{shown(token.text)}{figure}</span>"


def _sign(character: str) -> str:
    sign = _SIGNS.get(character)
    if sign is None:
        return f"<i>U+{ord(character):04X}</i>"
    return f"{'<wbr>' * (character == ' ')}<i>{sign}</i>{'<br>' * (character == chr(10))}"


def _quoted(text: str) -> str:
    # Isolated, so that text which runs the other way does not move the figures beside it.
    return f"“\N{FIRST STRONG ISOLATE}{_UNSEEN.sub(lambda unseen: _spelled(unseen[0]), text)}\N{POP DIRECTIONAL ISOLATE}”"


def _spelled(character: str) -> str:
    return character if character == " " else _ESCAPES.get(character) or f"U+{ord(character):04X}"


_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _alternatives(token: Token, words: Words) -> str:
    others: Sequence[str] = [
        _quoted(other.text) + (f" {_percent(probability(other.logprob), words)}" if other.logprob is not None else "")
        for other in token.alternatives
        if other.id != token.id or other.text != token.text
    ]
    return words("instead of it {tokens}", tokens=", ".join(others)) if others else ""


def _percent(probable: float, words: Words) -> str:
    return f"{probable * 100:.1f} %" if probable >= 0.001 else words("under {percent}", percent="0.1 %")


def _legend(words: Words) -> str:
    names = "".join(f"<span class='tok p{number}'>{words(name)}</span>" for number, (_, name) in enumerate(LEVELS))
    return f"<p class='legend'>{words('Probability:')} {names}</p>"
