"""`python -m tests.mutants`: holds the mutants that no test noticed against `reasons.toml`, where each has its reason.

Mutants are made and tried by `mutmut run`, which numbers them anew with every change; so one is known here by its function and the lines that differ, in the
spelling of `ast.unparse`. The exit code is 1 where a mutant survives without a reason, and where a reason is left of one that does not survive any more.
"""

from __future__ import annotations

import ast
import difflib
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WORK = Path("mutants")
"""Mutmut's own folder: the mutated files, and beside each what became of its mutants."""
REASONS = Path(__file__).with_name("reasons.toml")
SURVIVED = frozenset({0, 5, 33})
"""Exit codes: the tests passed; there were none for it."""
SLOW = frozenset({-24, 24, 152, 255, 36})
"""It ran out of time: it hangs, or the machine is busy."""
DIED = frozenset({1, 3, -11, -9}) | SLOW
"""Besides, a test failed, or it ran out of memory."""
MARK = "__mutmut_"


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """A function, the lines that differ in it, and what they are in the mutant."""

    function: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"    {{ function = {_quoted(self.function)}, was = {_quoted(self.was)}, now = {_quoted(self.now)} }},"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is amiss, and return the exit code; the arguments are another work folder and another file of reasons."""
    work, reasons = arguments or (WORK, REASONS)
    codes = {name: code for file in sorted(Path(work).rglob("*.meta")) for name, code in json.loads(file.read_text())["exit_code_by_key"].items()}
    untried = [name for name, code in codes.items() if code not in SURVIVED | DIED]
    if untried or not codes:
        print(f"{len(untried)} of {len(codes)} mutants were not tried to the end: run mutmut again")  # noqa: T201 - command-line output
        return 1
    survivors = set(_read(Path(work), [name for name, code in codes.items() if code in SURVIVED]))
    explained = read_reasons(Path(reasons))
    slow = set(_read(Path(work), [name for name, code in codes.items() if code in SLOW]))
    amiss = [("survive without a reason", survivors - explained.keys()), ("have a reason and do not survive", explained.keys() - survivors - slow)]
    for what, mutants in amiss:
        if mutants:
            print(f"{len(mutants)} mutants {what}:", *sorted(mutants), sep="\n")  # noqa: T201
    print(f"{len(codes)} mutants: {len(codes) - len(survivors)} noticed, {len(survivors)} not, {len(survivors & explained.keys())} of these with a reason")  # noqa: T201
    return int(any(mutants for _, mutants in amiss))


def read_reasons(file: Path) -> Mapping[Mutant, str]:
    """Return the reason of each mutant that may survive.

    Raises:
        ValueError: A reason is empty, or a mutant has two.
    """
    explained: dict[Mutant, str] = {}
    for reason in tomllib.loads(file.read_text(encoding="utf-8")).get("reason", ()):
        for row in reason["mutants"]:
            mutant = Mutant(**row)
            if not reason["why"].strip() or mutant in explained:
                raise ValueError(f"{file}: {'a second reason' if mutant in explained else 'no reason'} for\n{mutant}")
            explained[mutant] = reason["why"]
    return explained


def _read(work: Path, names: Iterable[str]) -> Iterator[Mutant]:
    functions: dict[str, dict[str, ast.FunctionDef]] = {}
    for name in names:
        module, _, mangled = name.rpartition(".")
        if module not in functions:
            tree = ast.parse((work / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
            functions[module] = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        original = mangled.partition(MARK)[0]
        readable = original.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        was, now = (functions[module][which] for which in (f"{original}{MARK}orig", mangled))
        yield Mutant(f"{module}.{readable}", *_difference(_lines(was), _lines(now)))


def _lines(function: ast.FunctionDef) -> list[str]:
    function.name = "_"
    return ast.unparse(function).splitlines()


def _difference(was: list[str], now: list[str]) -> tuple[str, str]:
    steps = list(difflib.ndiff(was, now))
    return tuple("\n".join(step[2:].strip() for step in steps if step.startswith(sign)) for sign in "-+")  # type: ignore[return-value]  # two signs, two texts


def _quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text and "\n" not in text else json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
