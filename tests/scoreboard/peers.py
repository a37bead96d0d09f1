"""The parsers of the scoreboard: where each comes from, how it is called, and which formats it says that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mock_server.contract.case import FORMATS, Case, Format, Layer
from mock_server.contract.trial import can_give

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).parent / "environments"
ENVIRONMENTS = "build/scoreboard"
GLUE = "tests.scoreboard.parsers"

AT_HOME: Mapping[str, str] = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OTEL_SDK_DISABLED": "true",
    "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
}
"""What keeps parsers from asking after credentials, news and prices."""

LINES: tuple[Format, ...] = ("outputs-lines", "token-lines", "chat-lines")
FRAMING = (
    "alignment",
    "utf-8",
    "line-ends",
    "byte-order-mark",
    "comments",
    "fields",
    "data",
    "ending",
    "done",
    "separators",
    "surrogates",
    "framing-text",
    "size",
)
"""Families about nothing but the framing, for libraries that know of no models."""
OF_EVENTS = {"comments", "fields", "data"}
LINE_FRAMING = (*(family for family in FRAMING if family not in OF_EVENTS), "outputs", "exceptions")
"""Families about lines, for iterators of lines: which of an event's lines are data, and what stands in them, somebody else reads."""

IN_SEVERAL_LINES = {"an-event-of-100000-lines"}
"""Cases whose JSON lies in several lines, for whoever knows of events: an iterator of lines gives each as it is."""

EVENTS: tuple[Format, ...] = ("token-sse", "chat-sse", "completion-sse")


@dataclass(frozen=True, slots=True)
class Reader:
    """One way to call a parser, and the formats that it reads so."""

    parser: str
    formats: tuple[Format, ...]
    adapter: str = "parts"
    layers: tuple[Layer, ...] = ("body",)
    """`events` only where it claims exceptions in dict form, which boto3 raises in truth, or reads the event stream's own."""

    def takes(self, case: Case) -> bool:
        """Return whether it claims to read the case, which its adapter can give."""
        is_for_lines = self.adapter != "lines" or case.name not in IN_SEVERAL_LINES
        return case.format in self.formats and case.layer in self.layers and is_for_lines and can_give(self.adapter, case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A row of the board."""

    name: str
    group: Literal["endpoints", "events"]
    """Whether it reads a SageMaker endpoint's stream, or server-sent events."""
    readers: Sequence[Reader]
    """A case is given to the first that reads it."""
    claims: str
    """What it says that it reads."""
    source: str
    """Where it says so."""
    environment: str = ""
    """The file under `environments/`; empty for this project's own environment."""
    distribution: str = ""
    version: str = ""
    """Of a parser that is no distribution."""
    families: Sequence[str] = ()
    """The only ones that it is judged on, without streams whose body has to end in an error, of which it cannot know; empty for all."""

    @property
    def python(self) -> str:
        """The Python that runs it, from the repository's root."""
        return f"{ENVIRONMENTS}/{self.environment}/bin/python" if self.environment else ".venv/bin/python"

    def reader_of(self, case: Case) -> Reader | None:
        """Return how the case is given to it, None where it claims nothing of the kind."""
        if case.is_generated or (self.families and not self._is_framing(case)):
            return None
        return next((reader for reader in self.readers if reader.takes(case)), None)

    def _is_framing(self, case: Case) -> bool:
        return case.family in self.families and not (case.error and case.layer == "body")

    def command(self, case: Case) -> Iterator[str]:
        """Yield the words of the command that tries one case."""
        reader = self.reader_of(case)
        assert reader, f"{self.name} is not judged on {case.name}"
        yield from (".venv/bin/python", "-m", "mock_server", "contract", "--parser", reader.parser)
        if reader.adapter != "parts":
            yield from ("--adapter", reader.adapter)
        if self.environment:
            yield from ("--python", self.python)
        yield from ("--case", case.name)


POST = "https://aws.amazon.com/blogs/machine-learning/elevating-the-generative-ai-experience-introducing-streaming-support-in-amazon-sagemaker-hosting/"
JUMPSTART = "https://aws.amazon.com/blogs/machine-learning/stream-large-language-model-responses-in-amazon-sagemaker-jumpstart/"

LITELLM = (
    Reader(f"{GLUE}.use_litellm:read_tokens", ("token-sse", "token-lines"), "frames", ("body", "events")),
    Reader(f"{GLUE}.use_litellm:read_chat", ("chat-sse", "chat-lines"), "frames"),
)
LITELLM_CLAIMS = "Tokens by `sagemaker/` and chat chunks by `sagemaker_chat/`, out of the event stream; not `outputs`, which the family `frames` carries."
RELAXED = "It is installed without its bound on certifi, which has no part in reading a stream."
CHOICE = "Of a chunk's choices that of index 0 is read."
LITELLM_SOURCE = "https://docs.litellm.ai/docs/providers/aws_sagemaker"

PEERS = (
    Peer(
        name="streamtwin",
        group="endpoints",
        version="this tree",
        readers=(
            Reader("backends.wire:decode_events", tuple(name for name in FORMATS if name != "event-stream")),
            Reader("backends.wire:decode_events", tuple(FORMATS), "boto3", ("events",)),
            Reader(f"{GLUE}.ours:read_frames", ("event-stream",), "frames", ("frames",)),
        ),
        claims="Every format, by `decode_events`, before which stands the project's own decoder of the event stream.",
        source="../../README.md",
    ),
    Peer(
        name="AWS post, LineIterator",
        group="endpoints",
        version="2023-09",
        readers=(Reader(f"{GLUE}.aws_posts:read_outputs", ("outputs-lines",), "boto3"), Reader(f"{GLUE}.aws_posts:read_tokens", ("token-sse",), "boto3")),
        claims="LMI's `outputs` and TGI's tokens, each by the post's own loop.",
        source=POST,
    ),
    Peer(
        name="AWS post, TokenIterator",
        group="endpoints",
        version="2023-11",
        readers=(Reader(f"{GLUE}.aws_posts:TokenIterator", ("token-sse",), "boto3"),),
        claims="TGI's tokens, from JumpStart's endpoints.",
        source=JUMPSTART,
    ),
    Peer(
        name="SageMaker SDK 2",
        group="endpoints",
        environment="sagemaker-2",
        distribution="sagemaker",
        readers=(Reader("sagemaker.iterators:LineIterator", LINES, "lines", ("body", "events")),),
        families=LINE_FRAMING,
        claims="Lines, with LMI's `outputs` as the example, and exceptions as event dicts; the members are read for it, so it is judged on lines alone.",
        source="https://pypi.org/project/sagemaker/2.257.7/",
    ),
    Peer(
        name="sagemaker-core (SageMaker SDK 3)",
        group="endpoints",
        environment="sagemaker-3",
        distribution="sagemaker-core",
        readers=(Reader("sagemaker.core.iterators:LineIterator", LINES, "lines", ("body", "events")),),
        families=LINE_FRAMING,
        claims="Lines, with LMI's `outputs` as the example, and exceptions as event dicts; the members are read for it, so it is judged on lines alone.",
        source="https://github.com/aws/sagemaker-python-sdk/pull/6279",
    ),
    Peer(
        name="langchain-aws, LLM",
        group="endpoints",
        environment="langchain-aws",
        distribution="langchain-aws",
        readers=(Reader("langchain_aws.llms.sagemaker_endpoint:LineIterator", ("outputs-lines",), "lines"),),
        families=LINE_FRAMING,
        claims="LMI's `outputs`, the example of its `LineIterator`; the members are read for it, so it is judged on lines alone.",
        source="https://github.com/langchain-ai/langchain-aws/blob/main/libs/aws/langchain_aws/llms/sagemaker_endpoint.py",
    ),
    Peer(
        name="langchain-aws, chat",
        group="endpoints",
        environment="langchain-aws",
        distribution="langchain-aws",
        readers=(Reader("langchain_aws.chat_models.sagemaker_endpoint:ChatLineIterator", ("outputs-lines", "chat-sse"), "lines"),),
        families=LINE_FRAMING,
        claims="LMI's `outputs`, the example of its `ChatLineIterator`, and TGI's Messages API; the members are read for it, so it is judged on lines alone.",
        source="https://github.com/langchain-ai/langchain-aws/pull/433",
    ),
    Peer(
        name="litellm 1.106",
        group="endpoints",
        environment="litellm-1.106",
        distribution="litellm",
        readers=LITELLM,
        claims=f"{LITELLM_CLAIMS} {CHOICE}",
        source=LITELLM_SOURCE,
    ),
    Peer(
        name="litellm 1.109",
        group="endpoints",
        environment="litellm-1.109",
        distribution="litellm",
        readers=LITELLM,
        claims=f"{LITELLM_CLAIMS} {CHOICE} {RELAXED}",
        source=LITELLM_SOURCE,
    ),
    Peer(
        name="llmeter",
        group="endpoints",
        environment="llmeter",
        distribution="llmeter",
        readers=(Reader("llmeter.endpoints.sagemaker:TokenIterator", ("token-sse", "token-lines"), "boto3"),),
        claims="Tokens, behind `data:` or in lines, by `SageMakerStreamEndpoint`.",
        source="https://github.com/awslabs/llmeter/blob/main/llmeter/endpoints/sagemaker.py",
    ),
    Peer(
        name="strands-agents",
        group="endpoints",
        environment="strands-agents",
        distribution="strands-agents",
        readers=(Reader(f"{GLUE}.use_strands:read", ("chat-sse", "chat-lines"), "boto3"),),
        claims="OpenAI's chat chunks, behind `data:` or in lines, by `SageMakerAIModel`.",
        source="https://strandsagents.com/docs/user-guide/sdk/model-providers/sagemaker/",
    ),
    Peer(
        name="httpx-sse",
        group="events",
        environment="event-libraries",
        distribution="httpx-sse",
        readers=(Reader(f"{GLUE}.use_httpx_sse:read", EVENTS),),
        families=FRAMING,
        claims="Server-sent events by the standard; what stands in their data is read for it, so it is judged on framing alone.",
        source="https://github.com/florimondmanca/httpx-sse",
    ),
    Peer(
        name="sseclient-py",
        group="events",
        environment="event-libraries",
        distribution="sseclient-py",
        readers=(Reader(f"{GLUE}.use_sseclient:read", EVENTS),),
        families=FRAMING,
        claims="Server-sent events by the standard; what stands in their data is read for it, so it is judged on framing alone.",
        source="https://github.com/mpetazzoni/sseclient",
    ),
    Peer(
        name="huggingface_hub",
        group="events",
        environment="huggingface-hub",
        distribution="huggingface-hub",
        readers=(
            Reader(f"{GLUE}.use_huggingface_hub:read_tokens", ("token-sse",)),
            Reader(f"{GLUE}.use_huggingface_hub:read_chat", ("chat-sse",)),
        ),
        claims=f"TGI's tokens by `text_generation`, chat chunks by `chat_completion`. {CHOICE}",
        source="https://huggingface.co/docs/huggingface_hub/package_reference/inference_client",
    ),
    Peer(
        name="openai",
        group="events",
        environment="openai",
        distribution="openai",
        readers=(Reader(f"{GLUE}.use_openai:read_chat", ("chat-sse",)), Reader(f"{GLUE}.use_openai:read_completion", ("completion-sse",))),
        claims=f"Chat and completion chunks, by its two `create` with `stream=True`. {CHOICE}",
        source="https://github.com/openai/openai-python#streaming-responses",
    ),
)

LEFT_OUT: Mapping[str, str] = {
    "llama-index-llms-sagemaker-endpoint 0.6.0": "its module imports `llama_cpp`, and llama-cpp-python, of which PyPI has no wheel, has to be compiled.",
}
"""Parsers that should be peers -> why they are not."""
