"""Which row plays a container, by its version and its options."""

from __future__ import annotations

import pytest

from mock_server.containers import CONTAINERS
from mock_server.containers.choosing import choose, lmi_options, session_rules
from mock_server.containers.lmi import LMI, R28, R36, Lmi
from mock_server.sessions import SessionRules

FALCON = {
    "engine": "MPI",
    "option.model_id": "tiiuae/falcon-7b-instruct",
    "option.rolling_batch": "auto",
    "option.output_formatter": "jsonlines",
    "option.enable_streaming": "true",
}
"""The announcement's `serving.properties`, as far as it matters."""

LMI_CASES = {
    "the post's": ((0, 23, 0), FALCON, "lmi-0.23"),
    "the post's on the newest": ((0, 38, 0), FALCON, "lmi-0.35-async-vllm"),
    "nothing said on the newest": ((0, 38, 0), {}, "lmi-0.35-async-vllm"),
    "no version": ((), {}, "lmi-0.35-async-vllm"),
    "asynchronous by its own wish": ((0, 33, 0), {"option.async_mode": "true", "option.rolling_batch": "disable"}, "lmi-0.35-async-vllm"),
    "rolling batch by its own wish": ((0, 36, 0), {"option.rolling_batch": "vllm"}, "lmi-0.36"),
    "sse": ((0, 36, 0), {"option.rolling_batch": "vllm", "option.output_formatter": "sse"}, "lmi-0.36-sse"),
    "reasoning": ((0, 36, 0), {"option.rolling_batch": "vllm", "option.reasoning_parser": "deepseek_r1"}, "lmi-0.36-reasoning"),
    "as TGI": ((0, 28, 0), {"option.tgi_compat": "true"}, "lmi-0.28-tgi-compat"),
    "as Bedrock": ((0, 29, 0), {"option.bedrock_compat": "true"}, "lmi-0.29-bedrock"),
    "rolling batch is on since 0.27": ((0, 27, 0), {}, "lmi-0.27"),
    "json where nobody says otherwise": ((0, 25, 0), {"option.rolling_batch": "auto"}, "lmi-0.25-json"),
    "between two rows": ((0, 34, 0), {}, "lmi-0.32"),
    "below all rows": ((0, 19, 0), FALCON, "lmi-0.23"),
    "a token at a time without rolling batch": ((0, 24, 0), {"option.enable_streaming": "true"}, "lmi-0.23-dynamic"),
    "rolling batch switched off": ((0, 30, 0), {"option.enable_streaming": "true", "option.rolling_batch": "disable"}, "lmi-0.23-dynamic"),
    "a formatter that it has not": ((0, 23, 0), {**FALCON, "option.output_formatter": "sse"}, "lmi-0.23-json"),
    "capitals": ((0, 33, 0), {"option.async_mode": "True"}, "lmi-0.35-async-vllm"),
}


@pytest.mark.parametrize(("version", "options", "row"), LMI_CASES.values(), ids=LMI_CASES)
def test_lmi_is_played_by_the_newest_row_that_is_not_above_it_as_its_options_want(version: tuple[int, ...], options: dict[str, str], row: str) -> None:
    assert choose("LMI", version, options, {}) is CONTAINERS[row]


def test_options_that_no_row_has_together_are_put_on_the_release() -> None:
    assert choose("LMI", (0, 28, 0), {"option.output_formatter": "jsonlines"}, {}) == Lmi("lmi-0.28-jsonlines", R28, "jsonlines")
    both = {"option.rolling_batch": "vllm", "option.tgi_compat": "true", "option.output_formatter": "sse"}
    chosen = choose("LMI", (0, 36, 0), both, {})
    assert isinstance(chosen, Lmi)
    assert (chosen.name, chosen.formatter, chosen.is_like_tgi, chosen.release.formats) == ("lmi-0.36-sse-tgi-compat", "sse", True, R36.formats)


@pytest.mark.parametrize("row", LMI, ids=lambda row: row.name)
def test_every_row_of_lmis_is_reached_by_its_own_options(row: Lmi) -> None:
    version = tuple(map(int, row.name.split("-")[1].split(".")))
    options = {"option.rolling_batch": "vllm"}
    options |= {"option.output_formatter": row.formatter} if row.formatter else {}
    options |= {"option.tgi_compat": "true"} if row.is_like_tgi else {}
    options |= {"option.bedrock_compat": "true"} if row.is_bedrock else {}
    options |= {"option.reasoning_parser": "deepseek_r1"} if row.name.endswith("reasoning") else {}
    assert choose("LMI", version, options, {}) is row


OTHERS = {
    "TGI of the post": ("TGI", (0, 9, 3), {}, "tgi-0.9.4"),
    "TGI 1.1": ("TGI", (1, 1, 0), {}, "tgi-0.9.4"),
    "TGI 1.4.5": ("TGI", (1, 4, 5), {}, "tgi-1.4"),
    "TGI 2.2 with chats": ("TGI", (2, 2, 0), {"MESSAGES_API_ENABLED": "true"}, "tgi-2.1-messages"),
    "TGI 2.4": ("TGI", (2, 4, 0), {"MESSAGES_API_ENABLED": "true"}, "tgi-2.4"),
    "the newest TGI": ("TGI", (), {}, "tgi-3.3"),
    "vLLM between": ("vLLM", (0, 14, 0), {}, "vllm-0.11.0"),
    "vLLM": ("vLLM", (0, 29, 0), {}, "vllm-0.14.1"),
    "vLLM of a tag that names no patch": ("vLLM", (0, 14), {}, "vllm-0.14.1"),
    "vLLM before": ("vLLM", (0, 9, 0), {}, "vllm-0.11.0"),
    "SGLang": ("SGLang", (0, 5, 8), {}, "sglang-0.5.4"),
}


@pytest.mark.parametrize(("server", "version", "environment", "row"), OTHERS.values(), ids=OTHERS)
def test_others_are_played_by_the_newest_row_that_is_not_above_them(server: str, version: tuple[int, ...], environment: dict[str, str], row: str) -> None:
    assert choose(server, version, {}, environment) is CONTAINERS[row]


def test_a_server_that_nobody_plays_has_no_row() -> None:
    assert choose("", (), {}, {}) is None


def test_serving_properties_go_before_variables() -> None:
    environment = {"OPTION_ROLLING_BATCH": "vllm", "OPTION_OUTPUT_FORMATTER": "json", "HF_MODEL_ID": "m"}
    assert lmi_options(environment, {"option.output_formatter": " jsonlines "}) == {"option.rolling_batch": "vllm", "option.output_formatter": "jsonlines"}


ON = {"SAGEMAKER_ENABLE_STATEFUL_SESSIONS": "true"}
SESSIONS = {
    "LMI without a word": ("lmi-0.35-async-vllm", {}, {}, SessionRules()),
    "LMI for longer": ("lmi-0.35-async-vllm", {"option.sessions_expiration": "3600"}, {}, SessionRules(3600)),
    "LMI for no number": ("lmi-0.35-async-vllm", {"option.sessions_expiration": "soon"}, {}, SessionRules()),
    "LMI told not to": ("lmi-0.35-async-vllm", {"option.enable_stateful_sessions": "false"}, {}, None),
    "LMI with rolling batch": ("lmi-0.36", {}, {}, None),
    "vLLM without a word": ("vllm-0.14.1", {}, {}, None),
    "vLLM told to": ("vllm-0.14.1", {}, ON, SessionRules()),
    "vLLM for longer": ("vllm-0.14.1", {}, {**ON, "SAGEMAKER_SESSIONS_EXPIRATION": "60"}, SessionRules(60)),
    "TGI": ("tgi-3.3", {}, ON, None),
}


@pytest.mark.parametrize(("row", "options", "environment", "rules"), SESSIONS.values(), ids=SESSIONS)
def test_options_and_variables_say_whether_sessions_are_kept(
    row: str, options: dict[str, str], environment: dict[str, str], rules: SessionRules | None
) -> None:
    assert session_rules(CONTAINERS[row], options, environment) == rules
