"""Cases of the tests of the runner, and the run of one."""

from __future__ import annotations

from mock_server.contract.case import Case, Outcome, Repeated, fails, said
from mock_server.contract.process import Launch
from mock_server.contract.report import Run
from mock_server.contract.runner import Plan, Result, run_cases

MISTAKEN = "tests.mock_server.contract.parsers.mistaken"
LINE = b'{"outputs": ["%b"]}\n'


def case(name: str, *writes: bytes, right: Outcome, **members: object) -> Case:
    return Case(
        name=name,
        family="ending",
        format="outputs-lines",
        writes=writes,
        right=right,
        why="It is so.",
        source="a standard, section 1",
        content_type="application/jsonlines",
        **members,  # type: ignore[arg-type]  # the fields of Case
    )


PLAIN = case("plain", LINE % b"Low", LINE % b" tide", right=said("Low", " tide"))
CHARACTERS = case("characters", LINE % "é".encode(), right=said("é"), bit=("https://github.com/a/b/issues/1",))
NO_LINE_END = case("no-line-end", LINE % b"Low", (LINE % b" tide")[:-1], right=said("Low", " tide"))
BROKEN = case("broken", LINE % b"Low", b"oops\n", right=fails("malformed", "Low"))
INTERRUPTED = case(
    "interrupted", LINE % b"Low", b'{"error": "CUDA out of memory", "code": 424}\n', right=fails("interrupted", "Low", says="CUDA out of memory")
)
EITHER = case("either", LINE % b"Low", b"oops\n", right=said("Low"), also=(fails("malformed", "Low"),))
EXCEPTION = case(
    "exception",
    LINE % b"Low",
    right=fails("interrupted", "Low", says="It broke."),
    layer="events",
    tail=({"ModelStreamError": {"Message": "It broke.", "ErrorCode": "StreamBroken"}},),
)
MANY = Repeated((LINE % b"first",), LINE % b"x", 100_000, (LINE % b"last",))
LONG = Case(
    name="long",
    family="size",
    format="outputs-lines",
    writes=MANY,
    right=Outcome(Repeated(said("first", finish=None).tokens, said("x").tokens[0], 100_000, said("last").events)),  # type: ignore[arg-type]
    why="Many lines.",
    source="a standard, section 2",
    content_type="application/jsonlines",
    limit_s=60.0,  # where coverage looks at the worker, too
)


def hold(case: Case, name: str = "texts", adapter: str = "parts", *, exhaustive: bool = False, time_limit: float = 1.0) -> Result:
    """Hold one of the parsers against a case."""
    [result] = run_cases([case], Plan(Launch(f"{MISTAKEN}:{name}", adapter), exhaustive, time_limit))
    return result


def run_of(*cases: Case, name: str = "texts", adapter: str = "parts", exhaustive: bool = False) -> Run:
    """Hold one of the parsers against several."""
    launch = Launch(f"{MISTAKEN}:{name}", adapter)
    results = {result.case.name: result for result in run_cases(cases, Plan(launch, exhaustive))}
    return Run(launch, [results[case.name] for case in cases], {}, 1.25)
