"""A question to an endpoint from the terminal: its answer as it arrives, and a line with its figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backends.answer import AnswerText
from backends.chat import ChatRequest
from backends.errors import ConfigurationError
from backends.events import Finish
from backends.prompts import FAMILIES
from backends.sagemaker import SageMakerBackend
from backends.timing import Timing


def ask(request: ChatRequest, write: Callable[[str], None], *, region: str | None, profile: str | None, stream: bool = True) -> str:
    """Send a question, write its answer as it arrives, and return a line of figures.

    Args:
        request: The question.
        write: Takes each piece of text.
        region: None for what the AWS configuration says.
        profile: None for AWS_PROFILE, or the default one.
        stream: Whether the answer is to come while it is written, not whole.

    Raises:
        BackendError: It was refused, or broke off.
    """
    return asyncio.run(_ask(request, write, SageMakerBackend(region=region, profile=profile), stream=stream))


async def _ask(request: ChatRequest, write: Callable[[str], None], backend: SageMakerBackend, *, stream: bool) -> str:
    timing = Timing()
    family = FAMILIES[request.endpoint.family]
    stop = family.render(request.messages).stop if request.endpoint.accepts == "inputs" else ()
    text = AnswerText(family.end_strings, stop)
    async with backend, (backend.stream if stream else backend.invoke)(request, tap=timing) as answer:
        async for event in answer:
            write(text.feed(event))
        write(text.finish(broke_off=timing.finish is None))
    if not timing.has_begun:
        raise ConfigurationError(f"the endpoint {request.endpoint.name} sent no text of an answer, as {answer.content_type}")
    return figures(timing)


def figures(timing: Timing) -> str:
    """Return what a person wants to know of how an answer arrived."""
    first = timing.ttft_s if timing.ttft_s is not None else timing.first_data_s or 0.0
    speed = f", {timing.tokens_per_s:.0f} tokens/s" if timing.tokens_per_s else ""
    finish: Finish | None = timing.finish
    ended = f", finished: {finish.reason or finish.container_reason or 'it gives no reason'}" if finish else ", not finished"
    return f"{timing.tokens} tokens, the first after {first:.2f} s, all after {timing.total_s:.2f} s{speed}{ended}"
