"""HTTP as the network backends use it: the connections of a backend, and the time limits of an answer.

httpx keeps its own time-outs and headers off: `backends.exchange` bounds every wait, and what is sent is what the backend wrote.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar
from weakref import WeakSet

import httpx

from backends.errors import ConfigurationError

_NO_TIMEOUT = httpx.Timeout(None)
_LIMITS = httpx.Limits(max_keepalive_connections=16)
"""As many connections as there are streams. Of those that are idle few are kept: httpcore asks each of them, for each request, whether it is still there, and
after a hundred streams that is seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds; None waits for ever."""

    connect_s: float | None = 10.0
    """For a TCP connection, and as long again for its TLS handshake."""
    first_byte_s: float | None = 70.0
    """From the request's first byte to the answer's. SageMaker gives up on a container after 60 s and says so; these words are worth the wait."""
    idle_s: float | None = 60.0
    """Between two reads of the answer. TGI sends a comment every 15 s."""
    total_s: float | None = 600.0
    """For everything, retries included. SageMaker streams for 8 minutes at most."""


class Closable(Protocol):
    """**Protocol:** an answer, as the pool sees it."""

    async def aclose(self) -> None:
        """Close the connection."""


C = TypeVar("C", bound=Closable)


class ConnectionPool:
    """The connections of one backend, opened when the first request is sent.

    Args:
        use_proxy: Whether HTTP_PROXY and its relatives are followed.
    """

    def __init__(self, *, use_proxy: bool = True) -> None:
        self._use_proxy = use_proxy
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._opening = asyncio.Lock()
        self._closed = False
        self._answers: WeakSet[Closable] = WeakSet()

    def track(self, answer: C) -> C:
        """Return `answer`, which ends when the pool is closed."""
        self._answers.add(answer)
        return answer

    async def client(self, url: str, ca_bundle: str | None = None) -> httpx.AsyncClient:
        """Return the HTTP client for `url`: one for https, and one for http, which needs no certificates and so reads none.

        Args:
            url: What will be asked.
            ca_bundle: A file of certificates to trust in place of the system's; what the first call says holds.

        Raises:
            ConfigurationError: The certificates or a proxy's address cannot be used, or the backend is closed.
        """
        is_encrypted = not url.startswith("http:")
        async with self._opening:
            if self._closed:
                raise ConfigurationError("the backend is closed: make a new one")
            if is_encrypted not in self._clients:
                trust = partial(_trust, ca_bundle) if is_encrypted else _trust_nobody
                self._clients[is_encrypted] = self._build(await asyncio.to_thread(trust))  # reading the certificates takes 20 ms and more
            return self._clients[is_encrypted]

    async def aclose(self) -> None:
        """Close every connection."""
        self._closed = True
        for answer in tuple(self._answers):
            await answer.aclose()
        for client in self._clients.values():
            await client.aclose()

    def _build(self, trusted: ssl.SSLContext) -> httpx.AsyncClient:
        try:
            return httpx.AsyncClient(verify=trusted, trust_env=self._use_proxy, timeout=_NO_TIMEOUT, limits=_LIMITS)
        except (httpx.InvalidURL, ValueError, ImportError) as error:
            raise ConfigurationError(f"the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names cannot be used: {error}") from error


def _trust(ca_bundle: str | None) -> ssl.SSLContext:
    if not ca_bundle:
        return _trust_the_usual()
    if not Path(ca_bundle).exists():
        raise ConfigurationError(f"the certificate bundle {ca_bundle!r} (AWS_CA_BUNDLE, or ca_bundle in the AWS configuration) does not exist")
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise ConfigurationError(f"the certificate bundle {ca_bundle!r} cannot be read: {error}") from error


def _trust_the_usual() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        named = " ".join(f"{name}={os.environ[name]}" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ)
        raise ConfigurationError(f"the certificates to trust cannot be read: {error} {named}".rstrip()) from error


def _trust_nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
