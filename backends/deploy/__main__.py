"""`python -m backends.deploy`: from nothing to a streaming endpoint and back, in an AWS account or, with AWS_ENDPOINT_URL, on the twin."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable, Mapping

import typer

from backends.deploy import creating, keeping
from backends.deploy.endings import Exit

ABOUT = """Create real SageMaker endpoints that stream, find them again, ask them, delete them.

\b
  python -m backends.deploy lmi                  say what it takes and costs, ask, and create it
  python -m backends.deploy invoke NAME "Hi"     stream an answer
  python -m backends.deploy delete NAME          and it costs nothing any more

Credentials and region are found as boto3 finds them. To rehearse without an account, run `python -m mock_server` and set
AWS_ENDPOINT_URL=http://127.0.0.1:8080: the same commands then meet the twin.
"""
CODES = "Exit codes: " + "; ".join(
    f"{code.value} {words}"
    for code, words in {
        Exit.DONE: "done",
        Exit.REFUSED: "AWS refused, or the connection was lost",
        Exit.USAGE: "the command or the configuration is wrong, or the name is taken",
        Exit.FAILED: "the endpoint failed",
        Exit.TIMED_OUT: "waiting took longer than its limit",
        Exit.DECLINED: "nobody agreed",
        Exit.INTERRUPTED: "Ctrl-C",
    }.items()
)

app = typer.Typer(help=ABOUT, epilog=CODES, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
COMMANDS: Mapping[str, tuple[Callable[..., None], str]] = {
    "lmi": (creating.lmi, "Deploy a model on LMI (DJL Serving)."),
    "tgi": (creating.tgi, "Deploy a model of the Hub on TGI."),
    "jumpstart": (creating.start, "List JumpStart's models that stream; deploy one."),
    "list": (keeping.list_ours, "List all that this tool has made."),
    "describe": (keeping.describe, "Show an endpoint, or wait for it."),
    "logs": (keeping.logs, "Print what its containers log."),
    "invoke": (keeping.invoke, "Ask it, and stream the answer."),
    "delete": (keeping.delete, "Delete endpoints and all that is theirs."),
}
"""Name -> function, and what the list of commands says of it."""
for name, (command, words) in COMMANDS.items():
    app.command(name, short_help=words)(command)

if __name__ == "__main__":
    atexit.register(gc.freeze)  # Python would look through all that the SDK is, once more, for nearly a second, before it ends
    app(prog_name="python -m backends.deploy")
