"""Which row plays a container that somebody configured: of its server's, the newest that is not above its version, else the oldest; with LMI's options on it.

Sources: deepjavalibrary/djl-serving: `ModelInfo.java` (what `serving.properties` says goes before `OPTION_*`), `LmiConfigRecommender.java` of 0.35.0-dlc (since
then a rolling batch that is `auto`, or not named, is vLLM's asynchronous handler), `properties_manager.py` of 0.23.0-dlc (`output_formatter` is `json` where
nobody says otherwise), its manual on stateful sessions; TGI's manual (`MESSAGES_API_ENABLED`); aws/model-hosting-container-standards (vLLM's sessions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from mock_server.containers import CONTAINERS
from mock_server.containers.container import Container
from mock_server.containers.lmi import REASONING, Lmi
from mock_server.containers.lmi_async import LmiAsync
from mock_server.containers.vllm import Vllm
from mock_server.sessions import SessionRules

Version: TypeAlias = tuple[int, ...]
Options: TypeAlias = Mapping[str, str]
"""LMI's, by their names in `serving.properties`: `option.rolling_batch`."""

NEWEST: Version = (999,)
"""What stands for a version that nobody told."""
ROW = re.compile(r"(?P<server>[a-z]+)-(?P<version>\d+(?:\.\d+)+)(?:-(?P<kind>.+))?")
VARIABLE = "OPTION_"
AUTO_SINCE: Version = (0, 27)
"""Since when rolling batch is on unless somebody turns it off, and the request chooses the formatter unless somebody else does."""
ASYNC_SINCE: Version = (0, 35)
CHATS_SINCE: Version = (2, 4)
"""Since when TGI takes chats without `MESSAGES_API_ENABLED`."""


def lmi_options(environment: Mapping[str, str], properties: Options) -> dict[str, str]:
    """Return LMI's options as `serving.properties` and, where that is silent, the environment say them."""
    named = {f"option.{name.removeprefix(VARIABLE).lower()}": value for name, value in environment.items() if name.startswith(VARIABLE)}
    return {**named, **{key.strip(): value.strip() for key, value in properties.items()}}


def choose(server: str, version: Version, options: Options, environment: Mapping[str, str]) -> Container | None:
    """Return what plays a container; None where it is of no server that the twin plays.

    Args:
        server: `LMI`, `TGI`, `vLLM` or `SGLang`.
        version: Empty: the newest.
        options: LMI's.
        environment: The container's variables.
    """
    version = version or NEWEST
    if server == "LMI":
        return _choose_lmi(version, options)
    chats_alone = server == "TGI" and version < CHATS_SINCE and _is_on(environment.get("MESSAGES_API_ENABLED"))
    return newest(server.lower(), version, "messages" if chats_alone else "")


def newest(server: str, version: Version, kind: str = "") -> Container | None:
    """Return the newest row of a server, and of a kind of it, that is not above a version, else the oldest; None where it has none."""
    rows = sorted(_rows(server, kind), key=lambda row: row[0])
    below = [row for row in rows if row[0][: len(version)] <= version]
    return (below or [*rows[:1], (version, None)][:1])[-1][1]


def _rows(server: str, kind: str) -> Iterator[tuple[Version, Container | None]]:
    for name, container in CONTAINERS.items():
        found = ROW.fullmatch(name)
        if found and (found["server"], found["kind"] or "") == (server, kind):
            yield tuple(map(int, found["version"].split("."))), container


def _choose_lmi(version: Version, options: Options) -> Container | None:
    rolling = options.get("option.rolling_batch", "auto" if version >= AUTO_SINCE else "disable").lower()
    if _is_on(options.get("option.async_mode")) or (version >= ASYNC_SINCE and rolling == "auto"):
        return newest("lmi", version, "async-vllm")
    if rolling == "disable" and _is_on(options.get("option.enable_streaming")):
        return newest("lmi", version, "dynamic")
    base = newest("lmi", version)
    return _configure(base, options, "json" if version < AUTO_SINCE else None) if isinstance(base, Lmi) else base


def _configure(base: Lmi, options: Options, usual: str | None) -> Lmi:
    """Return a release as its options have it, the row of that name where there is one; what the release does not know changes nothing.

    Args:
        usual: The formatter where nobody names one; None: the request says.
    """
    release = base.release
    asked = options.get("option.output_formatter")
    formatter = asked if asked in release.formats else usual
    is_like_tgi = _is_on(options.get("option.tgi_compat")) and "sse" in release.formats
    is_bedrock = _is_on(options.get("option.bedrock_compat")) and "3p" in release.formats
    reasons = "option.reasoning_parser" in options and bool(release.parses)
    named = ((str(formatter), formatter != base.formatter), ("tgi-compat", is_like_tgi), ("bedrock", is_bedrock), ("reasoning", reasons))
    name = "-".join((base.name, *(word for word, is_said in named if is_said)))
    known = CONTAINERS.get(name)
    if isinstance(known, Lmi):
        return known
    return Lmi(
        name,
        replace(release, parses=REASONING) if reasons else release,
        formatter,
        is_like_tgi=is_like_tgi,
        is_bedrock=is_bedrock,
        accepts=("messages",) if is_bedrock else base.accepts,
    )


def session_rules(container: Container, options: Options, environment: Mapping[str, str]) -> SessionRules | None:
    """Return how a container keeps stateful sessions; None where it keeps none.

    LMI's asynchronous handler does so unless it is told not to, vLLM only if it is told to.
    """
    if not isinstance(container, LmiAsync | Vllm):
        return None
    if isinstance(container, LmiAsync):
        wanted, lasting_s = options.get("option.enable_stateful_sessions", "true"), options.get("option.sessions_expiration", "")
    else:
        wanted, lasting_s = environment.get("SAGEMAKER_ENABLE_STATEFUL_SESSIONS", ""), environment.get("SAGEMAKER_SESSIONS_EXPIRATION", "")
    if not _is_on(wanted):
        return None
    return SessionRules(float(lasting_s)) if re.fullmatch(r"[1-9]\d{0,7}", lasting_s) else SessionRules()


def _is_on(value: str | None) -> bool:
    return (value or "").lower() in {"true", "1"}
