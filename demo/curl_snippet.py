"""An answer as a command for a POSIX shell and curl, 7.76 or later, which signs: it shows the container's body, or SageMaker's frames around it, as they come.

Real credentials stay in the variables of whoever pastes.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from demo.asked import Asked
from demo.python_snippet import DUMMY_KEYS, DUMMY_REGION

LONGEST_ARGUMENT_BYTES = 100_000
"""Linux takes 128 KiB in one argument; a shell's own `printf` takes any."""


def curl_command(asked: Asked) -> str:
    """Return a command for a POSIX shell: it shows the container's body, or SageMaker's frames around it, as they come."""
    words, long = _curl_words(asked), len(asked.body.encode()) > LONGEST_ARGUMENT_BYTES
    body = shlex.quote(asked.body)
    start = f"printf %s {body} | curl" if long else "curl"
    lines = [f"{start} --no-buffer --silent --show-error --fail-with-body --output -", *words, f"--data-binary {'@-' if long else body}", _curl_url(asked)]
    return "".join(f"# {line}\n" for line in (*asked.notes(), *_credentials(asked))) + " \\\n  ".join(lines) + "\n"


def _curl_words(asked: Asked) -> Iterator[str]:
    if asked.is_runtime:
        yield from _signing(asked)
    yield "--header 'Content-Type: application/json'"
    if asked.is_runtime and asked.endpoint.component:
        yield f"--header {shlex.quote(f'X-Amzn-SageMaker-Inference-Component: {asked.endpoint.component}')}"
    if asked.attributes:
        yield f"--header {shlex.quote(f'X-Amzn-SageMaker-Custom-Attributes: {asked.attributes}')}"


def _credentials(asked: Asked) -> Iterator[str]:
    """Yield how the variables get the keys of the profile with which the endpoint was found."""
    if asked.is_runtime and asked.profile:
        yield f'The keys of the profile first: eval "$(aws configure export-credentials --format env --profile {shlex.quote(asked.profile)})"'


def _region(asked: Asked) -> str:
    return asked.region or "${AWS_REGION:?}"


def _signing(asked: Asked) -> Iterator[str]:
    if asked.twin_url:
        yield f"--aws-sigv4 'aws:amz:{DUMMY_REGION}:sagemaker' --user '{':'.join(DUMMY_KEYS)}'"
        return
    yield f'--aws-sigv4 "aws:amz:{_region(asked)}:sagemaker" --user "${{AWS_ACCESS_KEY_ID:?}}:${{AWS_SECRET_ACCESS_KEY:?}}"'
    yield '${AWS_SESSION_TOKEN:+"-HX-Amz-Security-Token: $AWS_SESSION_TOKEN"}'


def _curl_url(asked: Asked) -> str:
    if asked.is_runtime and not asked.twin_url:
        return f'"https://runtime.sagemaker.{_region(asked)}.amazonaws.com{asked.path}"'
    return shlex.quote(asked.url)
