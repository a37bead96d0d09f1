"""An answer as code asks for it again: what was sent, to whom, and what has to be read of it."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from backends.body import encode_body
from backends.chat import ChatRequest
from backends.endpoints import Endpoint
from backends.events import Finish, Token
from demo.desk import SAGEMAKER
from demo.tape import Tape

Reading: TypeAlias = Literal["lines", "file", "bytes"]
"""What an answer is: frames that are lines, a picture or a sound, or something of which only the bytes are known."""

TWIN_PREFIX = "mock."
"""Of the custom attributes that the twin reads, and nobody else."""
BY_HAND = "http://127.0.0.1:8080"
"""Where a twin is that somebody starts by `python -m mock_server`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request and what came of it, as a program needs to know them."""

    request: ChatRequest
    is_runtime: bool = True
    """Whether SageMaker Runtime was asked; else the container itself."""
    twin_url: str | None = None
    """Where the twin is that was asked; None for a real endpoint."""
    is_own_twin: bool = False
    """Whether whoever pastes has to start that twin."""
    region: str | None = None
    """Of an endpoint that somebody found; None where it is left to the AWS configuration."""
    profile: str | None = None
    """That it was found with; None likewise."""
    reading: Reading = "lines"
    file: str = ""
    """What to call a picture or a sound."""
    text: str = ""
    """What came of it, special tokens left out."""
    size_bytes: int = 0
    digest: str = ""
    """SHA-256 of the bytes that came, of which there are `size_bytes`."""
    is_whole: bool = True
    """Whether all of the answer came."""
    number: int = 0
    """Of the answer, on its page."""

    @property
    def endpoint(self) -> Endpoint:
        """Whom it asks."""
        return self.request.endpoint

    @property
    def body(self) -> str:
        """The JSON that is sent."""
        return encode_body(self.request, stream=True).decode()

    @property
    def body_members(self) -> dict[str, Any]:
        """The same as Python has it."""
        return dict(json.loads(self.body))

    @property
    def attributes(self) -> str:
        """The custom attributes; empty for none."""
        return self.request.custom_attributes or ""

    @property
    def twin_choices(self) -> dict[str, str]:
        """What of them the twin reads, by name."""
        return choices_of(self.request)

    @property
    def foreign_attributes(self) -> str:
        """The rest of them."""
        return ";".join(term for term in self.attributes.split(";") if term and not term.startswith(TWIN_PREFIX))

    @property
    def path(self) -> str:
        """Where SageMaker Runtime takes the request."""
        return f"/endpoints/{quote(self.endpoint.name, safe='')}/invocations-response-stream"

    @property
    def url(self) -> str:
        """Where the request goes; of AWS, the path alone, as its host depends on the region."""
        if self.is_runtime:
            return f"{self.twin_url or ''}{self.path}"
        if self.twin_url:
            return f"{self.twin_url}/containers/{quote(self.endpoint.name, safe='')}/invocations"
        return f"{(self.endpoint.url or '').rstrip('/')}/invocations"

    def notes(self) -> Iterator[str]:
        """Yield what to do before it runs."""
        if self.twin_url and self.is_own_twin:
            yield "Start the twin first: python -m mock_server"

    @property
    def session_arguments(self) -> dict[str, str]:
        """What `boto3.Session` is given so that it reaches the same account and region; empty for what boto3 finds."""
        return {name: value for name, value in (("profile_name", self.profile), ("region_name", self.region)) if value and self.is_runtime}


def choices_of(request: ChatRequest) -> dict[str, str]:
    """Return what `request` asks of the twin, by name."""
    pairs = (term.removeprefix(TWIN_PREFIX).partition("=") for term in (request.custom_attributes or "").split(";") if term.startswith(TWIN_PREFIX))
    return {name: value for name, _, value in pairs}


def asked_of(tape: Tape, *, twin_url: str | None, is_public: bool = False) -> Asked:
    """Return what `tape` asked for.

    Args:
        twin_url: Where the page's twin is; None where it talks to real endpoints.
        is_public: Whether that twin is out of the reach of whoever reads.
    """
    kind = (tape.content_type or "").partition(";")[0].strip().lower()
    is_media = kind.startswith(("image/", "audio/", "video/"))
    reading: Reading = "file" if is_media else "lines" if _is_lines(bytes(tape.body)) else "bytes"
    request, is_runtime = tape.request, tape.front == SAGEMAKER
    return Asked(
        request=request,
        is_runtime=is_runtime,
        twin_url=BY_HAND if twin_url and is_public else twin_url,
        is_own_twin=is_public,
        region=tape.found.region if tape.found else None,
        profile=tape.found.profile if tape.found else None,
        reading=reading,
        file=f"answer-{tape.number}{mimetypes.guess_extension(kind) or ''}" if is_media else "",
        text="".join(event.event.text for event in tape.events if isinstance(event.event, Token) and not event.event.special),
        size_bytes=len(tape.body),
        digest=sha256(tape.body).hexdigest(),
        is_whole=tape.error is None and tape.is_whole and any(isinstance(event.event, Finish) for event in tape.events[-1:]),
        number=tape.number,
    )


def _is_lines(body: bytes) -> bool:
    """Return whether a body's lines are frames: a JSON document may come in pieces that are none."""
    first = body.removeprefix(b"\xef\xbb\xbf").lstrip().splitlines()[:1]
    if not first or not first[0].startswith((b"{", b"[")):
        return True
    try:
        json.loads(first[0])
    except ValueError:
        return False
    return True
