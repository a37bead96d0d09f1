"""Where parts end. Nothing says that a PayloadPart is a line, an event or a character: SageMaker re-cuts a container's bytes wherever it likes."""

from __future__ import annotations

from backends.events import Finish, Token
from mock_server.contract.case import Case, said

OPAQUE = "botocore's model of sagemaker-runtime 2017-05-13: PayloadPart.Bytes is a blob, of which no boundary means anything"
STRANDS = "https://github.com/strands-agents/harness-sdk/issues/4035"

CASES = (
    Case(
        name="two-events-in-a-part",
        family="alignment",
        format="token-sse",
        container="tgi-2.4",
        content_type="text/event-stream",
        writes=(
            (
                b'data: {"index":1,"token":{"id":304,"text":" Deep","logprob":-0.05,"special":false},"generated_text":null,"details":null}\n\n'
                b'data: {"index":2,"token":{"id":5,"text":" sea","logprob":-0.5,"special":false},"generated_text":" Deep sea","details":null}\n\n'
            ),
        ),
        right=said(Token(" Deep", 304, -0.05), Token(" sea", 5, -0.5), finish=Finish()),
        why="A part may hold several events: each of them counts.",
        source=OPAQUE,
        bit=(STRANDS,),
    ),
)
