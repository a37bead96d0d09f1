"""What an answer can be copied as. What a person or a model wrote is quoted as each language does it, and no credential is in any but the twin's dummy keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demo.asked import Asked
from demo.curl_snippet import curl_command
from demo.pytest_snippet import pytest_module
from demo.python_snippet import python_program

SNIPPETS: Mapping[str, Callable[[Asked], str]] = {"python": python_program, "curl": curl_command, "pytest": pytest_module}
