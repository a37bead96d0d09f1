"""The SageMaker SDK: a notebook from its start to its end, as `python -m` runs it, or a single question to it."""

from __future__ import annotations

import importlib
import io
import runpy
import threading
from contextlib import redirect_stdout
from typing import Any

PLACE = "tests.clients.programs"
TELEMETRY = "sagemaker-telemetry"
"""What the SDK calls the threads that tell AWS of a build or a deployment."""


def ask(question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Run a `notebook`, or ask a `question`; what is printed is `printed`, what is found is `found`."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            if "notebook" in question:
                runpy.run_module(f"{PLACE}.notebooks.{question['notebook']}", run_name="__main__")
            else:
                answer["found"] = importlib.import_module(f"{PLACE}.sagemaker_questions").QUESTIONS[question["question"]]()
    finally:
        answer["printed"] = printed.getvalue()
        for thread in threading.enumerate():
            if thread.name == TELEMETRY:
                thread.join()  # for the hosts that it asks for
