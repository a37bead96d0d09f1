"""Behind `[DONE]` nothing counts: not how the stream goes on, and not how the connection ends."""

from __future__ import annotations

import pytest

from backends.connection import Timeouts
from backends.events import Finish, Token
from backends.wire.parts import encode_exception, encode_part
from tests.backends.asking import ask
from tests.backends.far_side import LAST_CHUNK, Close, FarSide, Reset, Stall, Step, chunk, sagemaker_head

DONE = sagemaker_head() + chunk(encode_part(b'data: {"outputs": ["Hello"]}\n\ndata: [DONE]\n\n'))

BEHIND: dict[str, list[Step]] = {
    "the end": [LAST_CHUNK],
    "a reset": [Reset],
    "a close without the last chunk": [Close],
    "silence": [Stall],
    "a message cut off": [chunk(encode_part(b"x")[:20]) + LAST_CHUNK],
    "a message that is none": [chunk(b"?" * 40) + LAST_CHUNK],
    "an exception": [chunk(encode_exception("InternalStreamFailure", {"Message": "late"})) + LAST_CHUNK],
    "an error of the container": [chunk(encode_part(b'data: {"error": "late"}\n\n')) + LAST_CHUNK],
    "half a frame": [chunk(encode_part(b'data: {"unfin')) + LAST_CHUNK],
}


@pytest.mark.parametrize("steps", BEHIND.values(), ids=BEHIND)
async def test_an_answer_that_said_done_is_whole_whatever_comes_behind_it(steps: list[Step]) -> None:
    async with FarSide([[DONE, *steps]]) as far:
        events, error = await ask(far, timeouts=Timeouts(idle_s=0.2))
        await far.all_gone()

    assert (events, error) == ([Token("Hello"), Finish()], None)
