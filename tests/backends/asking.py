"""Questions for a far side, and what comes of them."""

from __future__ import annotations

from typing import Any

from backends.chat import Answer, ChatMessage, ChatRequest
from backends.endpoints import Endpoint
from backends.errors import BackendError
from backends.events import StreamEvent, Token
from backends.sagemaker import Credentials, SageMakerBackend
from backends.wire.parts import encode_part
from tests.backends.far_side import FarSide, Step, chunk, line, sagemaker_head

DUMMY = Credentials("dummy", "dummy")
AWS_KEY = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
ONE = chunk(encode_part(line("Hello")))


def request_to(url: str | None = None, *, custom_attributes: str | None = None, accepts: str = "inputs") -> ChatRequest:
    """Return a question; `url` is for containers."""
    endpoint = Endpoint("my-endpoint", accepts="messages" if accepts == "messages" else "inputs", url=url)
    return ChatRequest(messages=[ChatMessage("user", "Say hello")], endpoint=endpoint, custom_attributes=custom_attributes)


def sagemaker(url: str, **arguments: object) -> SageMakerBackend:
    """Return a backend for a far side that stands in for SageMaker."""
    given = {"region": "us-east-1", "endpoint_url": url, "credentials": DUMMY, **arguments}
    return SageMakerBackend(**given)  # type: ignore[arg-type]  # a test passes what the signature takes


async def collect(answer: Answer) -> tuple[list[StreamEvent], BackendError | None]:
    """Return what an answer yields and how it ends."""
    events: list[StreamEvent] = []
    try:
        async with answer:
            async for event in answer:
                events.append(event)  # noqa: PERF401 - those before an error are wanted too
    except BackendError as error:
        return events, error
    return events, None


async def ask(far: FarSide, **arguments: Any) -> tuple[list[StreamEvent], BackendError | None]:
    async with sagemaker(far.url, **arguments) as backend:
        return await collect(backend.stream(request_to()))


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


class Recording:
    """A tap that keeps everything."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.spans: list[tuple[StreamEvent, int, int]] = []
        self.times: list[float] = []

    def part(self, data: bytes, at_s: float) -> None:
        self.parts.append(data)
        self.times.append(at_s)

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        self.spans.append((event, start, end))
        self.times.append(at_s)


async def no_sleep(_: float) -> None:
    """Stand in for the time between attempts."""


def begun(*steps: Step) -> list[Step]:
    return [sagemaker_head() + ONE, *steps]
