"""What Text Generation Inference takes and refuses: the members of a request, their defaults, their bounds and the texts that say so.

Source: huggingface/text-generation-inference at each version's tag: `router/src/lib.rs` and `validation.rs`; the limits are those of the JumpStart deployments
of 0.9.4 (MAX_INPUT_LENGTH=1900, MAX_TOTAL_TOKENS=2048), else the router's defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.containers.container import Question
from mock_server.containers.serde import BOOL, F32, I32, STRING, STRINGS, U32, U64, USIZE, Kind, Member, read_struct

MAP = Kind("struct GenerateParameters", (dict,))
PARAMETERS = {
    "best_of": Member(USIZE),
    "temperature": Member(F32),
    "repetition_penalty": Member(F32),
    "top_k": Member(I32),
    "top_p": Member(F32),
    "typical_p": Member(F32),
    "do_sample": Member(BOOL, optional=False, default=False),
    "max_new_tokens": Member(U32, optional=False, default=20),
    "return_full_text": Member(BOOL),
    "stop": Member(STRINGS, optional=False, default=()),
    "truncate": Member(USIZE),
    "watermark": Member(BOOL, optional=False, default=False),
    "details": Member(BOOL, optional=False, default=False),
    "decoder_input_details": Member(BOOL, optional=False, default=False),
    "seed": Member(U64),
}
GENERATE = {"inputs": Member(STRING, optional=False), "parameters": Member(MAP, optional=False, default={})}
COMPAT_GENERATE = {**GENERATE, "stream": Member(BOOL, optional=False, default=False)}

LATER_PARAMETERS = {
    **PARAMETERS,
    "frequency_penalty": Member(F32),
    "max_new_tokens": Member(U32, default=100),
    "top_n_tokens": Member(U32),
    "adapter_id": Member(STRING),
}
"""Since 1.0.3 (`top_n_tokens`), 1.4 (`frequency_penalty`, the default) and 2.1 (`adapter_id`)."""
LAST_PARAMETERS = {**LATER_PARAMETERS, "max_new_tokens": Member(U32)}
"""Since 3.0: an answer is as long as the model's window lets it be."""

MAX_BEST_OF = 2
MAX_STOP_SEQUENCES = 4
MAX_TOP_N_TOKENS = 5
MAX_INPUT_TOKENS = 1900
MAX_TOTAL_TOKENS = 2048
BYTES_PER_TOKEN = 4
"""How long a prompt's tokens are taken to be: no vocabulary is in here."""

ROUTES: dict[str, tuple[dict[str, Member], bool | None]] = {
    "/": (COMPAT_GENERATE, None),
    "/invocations": (COMPAT_GENERATE, None),
    "/generate": (GENERATE, False),
    "/generate_stream": (GENERATE, True),
}
"""The members that each route takes, and whether it streams; None: the body's `stream` says."""


class ValidationError(Exception):
    """A request's parameter is out of its bounds."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A request that was understood: what is asked for, and the members of its parameters."""

    inputs: str
    parameters: Mapping[str, Any]
    streams: bool
    is_compatible: bool
    """Whether a whole answer is a list of one, as the inference API has it."""

    @property
    def samples(self) -> bool:
        """Whether the router takes it for sampling."""
        return bool(self.parameters["do_sample"]) or any(self.parameters[name] is not None for name in ("temperature", "top_k", "top_p", "typical_p"))

    @property
    def draws(self) -> bool:
        """Whether the model draws tokens and so tells its seed; a temperature of 1 asks for sampling and changes nothing."""
        return self.samples and (self.parameters["temperature"] != 1 or any(self.parameters[name] for name in ("do_sample", "top_k", "top_p", "typical_p")))

    @property
    def input_tokens(self) -> int:
        """How many tokens its inputs are taken to be."""
        given = len(self.inputs.encode()) // BYTES_PER_TOKEN + 1
        return min(given, self.parameters["truncate"] or given)

    @property
    def question(self) -> Question:
        """What is asked of the model."""
        options = {name: self.parameters[name] for name in ("temperature", "top_p", "top_k", "seed") if self.parameters[name] is not None}
        return Question(self.inputs, self.parameters["max_new_tokens"], self.parameters["stop"], options=options)


def read_generation(path: str, value: Any, body: bytes, table: Mapping[str, Member]) -> Generation:
    """Read a request to one of `ROUTES`, whose parameters `table` has.

    Raises:
        Rejection: The HTTP layer refuses it.
    """
    route, streams = ROUTES[path]
    members = read_struct("CompatGenerateRequest", route, value, body)
    parameters = read_struct("GenerateParameters", table, members["parameters"], body, "parameters")
    return Generation(members["inputs"], parameters, members["stream"] if streams is None else streams, is_compatible=streams is None)


def validate(generation: Generation) -> None:
    """Check a request as `validation.rs` does, in its order.

    Raises:
        ValidationError: A parameter is out of its bounds.
    """
    for broken, text in (*_sampling_rules(generation), *_length_rules(generation)):
        if broken:
            raise ValidationError(f"Input validation error: {text}")


def _sampling_rules(generation: Generation) -> Iterator[tuple[bool, str]]:
    parameters, best_of = generation.parameters, generation.parameters["best_of"]
    several = (best_of or 1) > 1
    yield generation.streams and best_of not in (None, 1), "`best_of` != 1 is not supported when streaming tokens"
    yield generation.streams and parameters["decoder_input_details"], "`decoder_input_details` == true is not supported when streaming tokens"
    yield several and best_of > MAX_BEST_OF, f"`best_of` must be > 0 and <= {MAX_BEST_OF}. Given: {best_of}"
    yield several and not generation.samples, "you must use sampling when `best_of` is > 1"
    yield _is_at_most(parameters["temperature"], 0), "`temperature` must be strictly positive"
    yield _is_at_most(parameters["repetition_penalty"], 0), "`repetition_penalty` must be strictly positive"
    yield not -2 <= (parameters.get("frequency_penalty") or 0) <= 2, "`frequency_penalty` must be >= -2.0 and <= 2.0"
    yield _is_no_share(parameters["top_p"]), "`top_p` must be > 0.0 and < 1.0"
    yield _is_no_share(parameters["typical_p"]), "`typical_p` must be > 0.0 and < 1.0"
    yield _is_at_most(parameters["top_k"], 0), "`top_k` must be strictly positive"


def _length_rules(generation: Generation) -> Iterator[tuple[bool, str]]:
    inputs, parameters, given = generation.inputs, generation.parameters, generation.input_tokens
    best_of, most, stop, truncate = (parameters[name] for name in ("best_of", "max_new_tokens", "stop", "truncate"))
    top = parameters.get("top_n_tokens") or 0
    yield most == 0, "`max_new_tokens` must be strictly positive"
    yield len(stop) > MAX_STOP_SEQUENCES, f"`stop` supports up to {MAX_STOP_SEQUENCES} stop sequences. Given: {len(stop)}"
    yield (best_of or 1) > 1 and parameters["seed"] is not None, "`seed` must not be set when `best_of` > 1"
    yield top > MAX_TOP_N_TOKENS, f"`top_n_tokens` must be >= 0 and <= {MAX_TOP_N_TOKENS}. Given: {top}"
    yield not inputs, "`inputs` cannot be empty"
    bad_truncate = truncate is not None and not 0 < truncate <= MAX_INPUT_TOKENS
    yield bad_truncate, f"`truncate` must be strictly positive and less than {MAX_INPUT_TOKENS}. Given: {truncate}"
    total = f"`inputs` tokens + `max_new_tokens` must be <= {MAX_TOTAL_TOKENS}. Given: {given} `inputs` tokens and {most} `max_new_tokens`"
    yield most is not None and given + most > MAX_TOTAL_TOKENS, total
    yield given > MAX_INPUT_TOKENS, f"`inputs` must have less than {MAX_INPUT_TOKENS} tokens. Given: {given}"


def _is_at_most(value: float | None, bound: float) -> bool:
    return value is not None and value <= bound


def _is_no_share(value: float | None) -> bool:
    return value is not None and not 0.0 < value < 1.0
