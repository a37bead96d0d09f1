"""What a container says of itself at its address, and whether it is well: a few short requests, none of which asks its model anything.

Sources: text-generation-inference `router/src/server.rs` (`/info`); vLLM `entrypoints/openai/api_server.py` (`/v1/models`, `/version`); SGLang
`srt/entrypoints/http_server.py` (`/v1/models`, `/get_model_info`); djl-serving `InferenceRequestHandler.java` and `NettyUtils.java` (`/ping`, what it says of
paths that it does not know); SageMaker's guide (`/ping`). No redirect is followed, and nothing but names is taken from what comes back.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Literal, TypeAlias

import httpx

from backends.connection import ConnectionPool
from backends.container import parse_url
from backends.endpoints import SERVERS, UNKNOWN, Recognised, describe
from backends.errors import ConfigurationError, TransportError

Health: TypeAlias = Literal["healthy", "unhealthy", "unknown"]

LIMIT_S = 5.0
"""How long one waits for all that a container says."""
BODY_BYTES = 256 * 1024
"""So much is read of an answer."""
PATHS = ("/ping", "/health", "/info", "/v1/models", "/version", "/get_model_info")
INVOCATIONS = "/invocations"
METADATA = (ip_network("169.254.0.0/16"), ip_network("fe80::/10"), ip_network("fd00:ec2::/32"))
"""Where clouds keep what gives their credentials away: EC2's and ECS's metadata, EKS's Pod Identity. No container is there."""

_SERVERS = {server.name: server for server in SERVERS}
_BY_OWNER = {"vllm": "vLLM", "sglang": "SGLang"}


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found at an address."""

    url: str
    """The container's base URL."""
    health: Health
    """`unknown` where it answers and has neither `/ping` nor `/health`."""
    recognised: Recognised = UNKNOWN
    takes_invocations: bool = True
    """Whether it knows `/invocations`, the path that SageMaker asks and so do we."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    value: Any
    """Its JSON, None where it is none."""

    def members(self) -> Mapping[str, Any]:
        return self.value if isinstance(self.value, dict) else {}


Replies: TypeAlias = Mapping[str, _Reply]
_SILENCE = _Reply(0, None)


def base_url(text: str) -> str:
    """Return the base URL of a container from what a person typed: `http` unless it says otherwise, and without the path of a request.

    Raises:
        ConfigurationError: It is no address, or holds a password, which has no place on a page.
    """
    text = text.strip()
    text = text if "://" in text else f"http://{text}"
    url = parse_url(re.sub(r"/(?:invocations|ping|health|info|v1(?:/[\w/]*)?)?/*$", "", text))
    if url is None or url.query or url.fragment:
        raise ConfigurationError(f"{text!r} is no address of a container, expected one like http://127.0.0.1:8080")
    if url.userinfo:
        raise ConfigurationError(f"the address of {url.host} holds a name or a password: leave it out")
    return str(url).rstrip("/")


async def probe(text: str, *, use_proxy: bool = True) -> Probed:
    """Return what is found at an address.

    Raises:
        ConfigurationError: It is no address of a container.
        TransportError: Nothing answers there.
    """
    url = base_url(text)
    pool = ConnectionPool(use_proxy=use_proxy)
    try:
        async with asyncio.timeout(LIMIT_S):
            await _refuse_metadata(httpx.URL(url))
            client = await pool.client(url)
            replies = await _replies(client, url)
            recognised = _recognise(replies, httpx.URL(url).path)
            takes_invocations = bool(recognised.container) or (await _ask(client, f"{url}{INVOCATIONS}")).status != httpx.codes.NOT_FOUND
    except TimeoutError as error:
        raise TransportError(f"{url} does not answer within {LIMIT_S:g} s", phase="headers", timed_out=True) from error
    except httpx.HTTPError as error:
        raise TransportError(f"nothing answers at {url}: is the container running, and its port open? ({error})", phase="connect") from error
    finally:
        await pool.aclose()
    return Probed(url, _health(replies), recognised, takes_invocations)


async def _replies(client: httpx.AsyncClient, url: str) -> Replies:
    """Ask for what says whether it is there, then for the rest."""
    first = await _ask(client, f"{url}{PATHS[0]}")
    rest = await asyncio.gather(*(_ask(client, f"{url}{path}") for path in PATHS[1:]))
    return dict(zip(PATHS, (first, *rest), strict=True))


async def _ask(client: httpx.AsyncClient, url: str) -> _Reply:
    async with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
        body = b""
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > BODY_BYTES:
                return _Reply(response.status_code, None)
    try:
        return _Reply(response.status_code, json.loads(body))
    except (ValueError, RecursionError):
        return _Reply(response.status_code, None)


def _health(replies: Replies) -> Health:
    for path in PATHS[:2]:
        if replies[path].status != httpx.codes.NOT_FOUND:
            return "healthy" if httpx.codes.is_success(replies[path].status) else "unhealthy"
    return "unknown"


def _recognise(replies: Replies, path: str) -> Recognised:
    """Where nothing else names the model, the address's path may."""
    for sign in (_tgi, _openai, _lmi):
        if found := sign(replies):
            server, version, *names = found
            return describe(_SERVERS[server], _text(version), {}, *map(_text, names), path)
    return UNKNOWN


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _tgi(replies: Replies) -> tuple[Any, ...] | None:
    info = replies["/info"].members()
    return ("TGI", info.get("version"), info["model_id"]) if "model_id" in info and "max_concurrent_requests" in info and "model_type" not in info else None


def _openai(replies: Replies) -> tuple[Any, ...] | None:
    models = replies["/v1/models"].members().get("data")
    model = models[0] if isinstance(models, list) and models and isinstance(models[0], dict) else {}
    server = _BY_OWNER.get(_text(model.get("owned_by")))
    path = replies["/get_model_info"].members().get("model_path")
    return (server, replies["/version"].members().get("version"), model.get("root"), path, model.get("id")) if server else None


def _lmi(replies: Replies) -> tuple[Any, ...] | None:
    """Its version it does not tell, nor its model."""
    knows_not = replies["/info"].members().get("type") == "ResourceNotFoundException"
    return ("LMI", "") if knows_not else None


async def _refuse_metadata(url: httpx.URL) -> None:
    """Let an address pass behind which there is none of a cloud's own; raises ConfigurationError."""
    for address in await _addresses(url):
        host = getattr(address, "ipv4_mapped", None) or address
        if any(host in network for network in METADATA):
            raise ConfigurationError(f"{url.host} is an address of the machine's cloud, not of a container")


async def _addresses(url: httpx.URL) -> Sequence[IPv4Address | IPv6Address]:
    """Return what a host's name stands for; nothing if that is not known here, where a proxy may know it."""
    for read in (ip_address, lambda text: ip_address(socket.inet_aton(text))):  # the latter for 2852039166 and its like
        with suppress(ValueError, OSError):
            return [read(url.host)]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port or 0, type=socket.SOCK_STREAM)
    except OSError:
        return []
    except UnicodeError as error:
        raise ConfigurationError(f"{url.host!r} is no name of a host") from error
    return [ip_address(address[0]) for *_, address in found]
