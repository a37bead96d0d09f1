"""litellm: the decoder behind its providers `sagemaker` (a prompt) and `sagemaker_chat` (messages), which reads the event stream's bytes itself."""

from __future__ import annotations

from collections.abc import Iterator

from litellm.llms.sagemaker.common_utils import AWSEventStreamDecoder

from tests.scoreboard.parsers.members import said_in


def read_tokens(stream: Iterator[bytes]) -> Iterator[str]:
    """Yield the text of each chunk."""
    for chunk in AWSEventStreamDecoder(model="none").iter_bytes(stream):
        if chunk:
            yield chunk["text"] or ""


def read_chat(stream: Iterator[bytes]) -> Iterator[str]:
    """Yield what choice 0 says in each chunk."""
    for chunk in AWSEventStreamDecoder(model="none", is_messages_api=True).iter_bytes(stream):
        yield said_in(chunk)
