"""The page in a real browser, beside a plain Gradio chat that yields every token: what an answer costs both, and how soon they are there.

Both ask the same twin, which is in this process: so the moment is known at which an answer has left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, time
from typing import TypeAlias
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from mock_server import MockServer
from tests.bench.rows import Row, beside_all
from tests.bench.servers import module, serve
from tests.bench.visits import DEADLINE_MS, Chat, Cost, Visit
from tests.browser.chromium import ARGUMENTS, recorded

ENDPOINT = "bench"
CATALOG = f'[{ENDPOINT}]\ncontainer = "lmi-0.23"\nscripts = "scripts"\n'
PACE = "constant:0.01,0.0025"
"""400 tokens a second."""
TOKENS, TURNS = 2000, 20
MOST_TOKENS = "4000"
"""What is asked for: more than any answer has."""
LAST_WORD = "farewell"
"""Of every answer, and nowhere else."""
LEAST = 0.001
"""What is too small for its clock: a ratio wants a number."""
SENTENCE = "A stream comes in parts and a part may end wherever it likes so a reader keeps what it cannot read yet and waits"
START, READY = "from the process's start to the first page", "from the address to a box to type in"

Figures: TypeAlias = dict[str, float]


def words(tokens: int) -> list[str]:
    """Return so many words in paragraphs of a hundred, about 5 characters each."""
    line = SENTENCE.split()
    return [line[number % len(line)] + ("\n\n" if number % 100 == 99 else " ") for number in range(tokens)]


def code(tokens: int) -> list[str]:
    """Return a block of code that is not closed, of so many pieces of 7.5 characters."""
    lines = "    def feed(self, data: bytes) -> list[bytes]:\n        self.buffer += data\n        return self.lines()  # what is whole\n\n"
    text = lines * (tokens * 8 // len(lines) + 1)
    return ["```python\n", *(text[number * 15 // 2 : (number + 1) * 15 // 2] for number in range(tokens)), "# "]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, behind so many turns of a chat, and the tokens that answer it."""

    name: str
    prompt: str
    tokens: Callable[[int], list[str]]
    turns: int = 1
    """One, so that what a page loads for its first answer is no part of what is measured."""


NOTE = Question("what the turns before ask", "a note please", lambda _: ["".join(words(200))])
"""In one token: the way there is no part of what is measured."""
QUESTIONS = (
    Question("{:,} tokens", "some paragraphs please", words),
    Question("{:,} tokens behind 40 messages", "some paragraphs please", words, TURNS),
    Question("{:,} tokens of code", "some code please", code),
)


def _allow_long_answers(page: Page) -> None:
    page.get_by_role("button", name="Parameters").click()
    page.locator("#max_new_tokens input").fill(MOST_TOKENS)


PAGE = Chat(
    "the page",
    module("demo", "--port", "PORT", "--backend", "sagemaker", "--endpoint", ENDPOINT),
    box="#question textarea",
    stop="#stop",
    prepare=_allow_long_answers,
)
PLAIN = Chat("Gradio chat, every token", module("tests.bench.plain_chat", "PORT", ENDPOINT, MOST_TOKENS), box="textarea", stop=".stop-button")

FIGURES: dict[str, tuple[str, str, Callable[[Cost, float], float]]] = {
    "main thread of the browser": ("s", "4", lambda cost, _: cost.main_s),
    "CPU of the server": ("s", "", lambda cost, _: cost.server_s),
    "bytes": ("kB", "8", lambda cost, _: cost.kb),
    "lag at the end": ("ms", "< 100", lambda cost, ended_at_s: cost.shown_at_ms - 1000 * ended_at_s),
}
"""What is told of an answer: its unit, its aim, and how it comes from the cost and from when the answer had left the twin."""

HEADINGS = {
    **{f"{question.name}, {figure}": (unit, aim) for question in QUESTIONS for figure, (unit, aim, _) in FIGURES.items()},
    READY: ("s", ""),
    START: ("s", ""),
}
"""What is told of a chat: its unit and its aim."""


def rows(scale: float, repeats: int) -> Iterator[Row]:
    tokens, turns = max(20, int(TOKENS * scale)), max(1, int(TURNS * scale))
    with source(tokens) as twin, sync_playwright() as playwright, playwright.chromium.launch(executable_path=recorded(), args=ARGUMENTS) as browser:
        race = Race(twin, browser, turns)
        runs = [[race.run(chat) for chat in (PAGE, PLAIN)] for _ in range(repeats)]
    for name, (unit, aim) in HEADINGS.items():
        yield from beside_all(name.format(tokens), unit, [PLAIN.name], [[figures[name] for figures in run] for run in runs], aim, less_is_better=True)


@contextmanager
def source(tokens: int) -> Iterator[MockServer]:
    """Run a twin that answers each question with so many tokens and the last word."""
    with TemporaryDirectory() as folder:
        scripts = Path(folder) / "scripts"
        scripts.mkdir()
        for question in (NOTE, *QUESTIONS):
            script = {"prompts": [question.prompt], "tokens": [*question.tokens(tokens), LAST_WORD]}
            (scripts / f"{question.prompt.replace(' ', '-')}.json").write_text(json.dumps(script), encoding="utf-8")
        catalog = Path(folder) / "catalog.toml"
        catalog.write_text(CATALOG, encoding="utf-8")
        with MockServer(catalog=catalog) as twin:
            yield twin


class Race:
    """What one chat after another is asked, in one browser."""

    def __init__(self, twin: MockServer, browser: Browser, turns: int) -> None:
        self._twin = twin
        self._browser = browser
        self._turns = turns
        self._ended_at_s = 0.0
        twin.journal.tell(self._note_end)

    def _note_end(self, _: object) -> None:
        self._ended_at_s = time()

    def run(self, chat: Chat) -> Figures:
        """Start a chat's server and ask it everything; return each figure by its heading."""
        start_s = perf_counter()
        with serve(*chat.command, environ=self._twin.environ) as server:
            with urlopen(server.url, timeout=DEADLINE_MS / 1000) as response:  # noqa: S310 - a server of ours
                response.read()
            figures = {START: perf_counter() - start_s}
            for question in QUESTIONS:
                with self._browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900}) as context:
                    context.set_default_timeout(DEADLINE_MS)
                    visit = Visit(chat, server, context.new_page(), LAST_WORD)
                    figures |= {READY: visit.ready_s, **self._ask(visit, question)}
        return figures

    def _ask(self, visit: Visit, question: Question) -> Figures:
        self._twin.set_defaults(profile="instant")
        for _ in range(min(question.turns, self._turns)):
            visit.ask(NOTE.prompt)
        self._twin.set_defaults(profile=PACE)
        cost = visit.measure(question.prompt)
        return {f"{question.name}, {figure}": max(LEAST, of(cost, self._ended_at_s)) for figure, (_, _, of) in FIGURES.items()}
