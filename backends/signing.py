"""A request to SageMaker Runtime exactly as boto3 would send it, without sending it.

boto3 resolves region, endpoint and credentials, validates, serialises and signs; its public `before-send` event is where we take the request over. All of
it blocks (a profile may start a process, or ask another service), so it is called in a thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Literal, NoReturn, TypeAlias
from urllib.parse import urlsplit

from backends.errors import ConfigurationError
from backends.remedies import in_our_words

Operation: TypeAlias = Literal["invoke_endpoint_with_response_stream", "invoke_endpoint"]

_ATTEMPTS = {"legacy": 5, "standard": 3, "adaptive": 3}
"""Retry mode -> attempts where nothing else is configured."""
_LEGAL_RETRIES: dict[str, Callable[[str], int | str | None]] = {
    "max_attempts": lambda text: int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else None,
    "retry_mode": lambda text: text if text in _ATTEMPTS else None,
}
_AWS_KEY = re.compile(r"Credential=A[KS]IA[A-Z0-9]{8,}/")
"""AWS gives its access keys these prefixes, so that anybody can tell them from dummy keys."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys to sign with in place of those that boto3 finds; no credential source is asked."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    attempts: int
    """How many boto3 would make, the first included."""

    def as_attempt(self, number: int, first: SignedRequest) -> SignedRequest:
        """Return the request as attempt `number` at what `first` was; neither header is signed."""
        named = {"amz-sdk-invocation-id": first.headers["amz-sdk-invocation-id"], "amz-sdk-request": f"attempt={number}; max={self.attempts}"}
        return replace(self, headers={**self.headers, **named})


class Signer:
    """One boto3 client, made by the first request; safe in threads.

    Args:
        region: None for what the AWS configuration says.
        profile: None for AWS_PROFILE, or the default one.
        endpoint_url: None for what the AWS configuration says, or the region's own.
        credentials: None for what boto3 finds.
        allow_insecure: Whether AWS credentials may go out without TLS.
        attempts: None for AWS_MAX_ATTEMPTS, or the retry mode's own number.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
        allow_insecure: bool = False,
        attempts: int | None = None,
    ) -> None:
        self._region = region
        self._profile = profile
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        self._allow_insecure = allow_insecure
        self._attempts = attempts
        self._making = Lock()
        self._client: Any = None
        self.ca_bundle: str | None = None
        """AWS_CA_BUNDLE or the profile's; known once a request was signed."""

    def sign(self, operation: Operation, members: Mapping[str, Any]) -> SignedRequest:
        """Return a request, signed now.

        Args:
            operation: The boto3 client's method.
            members: Its arguments.

        Raises:
            ConfigurationError: boto3 would not send it, or it must not go to where the configuration says.
        """
        with in_our_words(self._profile):
            with self._making:
                if self._client is None:
                    self._client = self._make_client()
            try:
                getattr(self._client, operation)(**members)
            except _Prepared as prepared:
                signed = self._signed(prepared.request)
            else:
                raise ConfigurationError("boto3 sent the request by itself: a handler of the same event came before ours")
        if not self._allow_insecure:
            refuse_open_transport(signed.url, signed.headers.get("Authorization", ""))
        return signed

    def _signed(self, request: Any) -> SignedRequest:
        retries = self._client.meta.config.retries
        attempts = retries.get("total_max_attempts") or _ATTEMPTS[retries["mode"]]
        headers = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()}
        return SignedRequest(request.method, request.url, headers, request.body or b"", attempts)

    def _make_client(self) -> Any:
        import boto3
        from botocore.config import Config

        keys = self._credentials
        session = boto3.Session(
            aws_access_key_id=keys.access_key_id if keys else None,
            aws_secret_access_key=keys.secret_access_key if keys else None,
            aws_session_token=keys.session_token if keys else None,
            region_name=self._region,
            profile_name=self._profile,
            botocore_session=self._own_session(),
        )
        region = session.region_name or os.environ.get("AWS_REGION")
        config = Config(retries={"total_max_attempts": self._attempts}) if self._attempts else None
        client = session.client("sagemaker-runtime", region_name=region, endpoint_url=self._endpoint_url, config=config)
        client.meta.events.register("before-send.sagemaker-runtime", _take_over)
        self.ca_bundle = session._session.get_config_variable("ca_bundle")  # noqa: SLF001 - boto3 has no public way to its botocore session
        return client

    def _own_session(self) -> Any:
        """Return a session in which the AWS configuration says nothing that was said here, None if not everything was."""
        if self._profile or not (self._credentials and self._region and self._endpoint_url):
            return None
        from botocore.session import Session

        return Session(session_vars=_own_variables(is_encrypted=not self._endpoint_url.startswith("http:")))


def _own_variables(*, is_encrypted: bool) -> dict[str, Any]:
    """Return botocore's variables (config key, environment variable, default, conversion) without config files and environment.

    How often is tried still holds, and over TLS who is trusted; without it, a value that cannot be meant is passed over.
    """
    from botocore.session import Session

    known = Session.SESSION_VARIABLES
    silent = {name: (None, None, default, conversion) for name, (_, _, default, conversion) in known.items()}
    silent["config_file"] = silent["credentials_file"] = (None, None, os.devnull, None)
    heard = {name: (None, *known[name][1:]) for name in ("ca_bundle", "max_attempts", "retry_mode")}
    if not is_encrypted:
        heard = {name: (None, known[name][1], known[name][2], legal) for name, legal in _LEGAL_RETRIES.items()}
    return silent | heard


class _Prepared(Exception):
    """Carries the signed request out of boto3; no retry mode takes it for a failure of the network."""

    def __init__(self, request: Any) -> None:
        super().__init__("the request is ready")
        self.request = request


def _take_over(request: Any, **_: Any) -> NoReturn:
    raise _Prepared(request)


def refuse_open_transport(url: str, authorization: str) -> None:
    """Let a request pass whose AWS credentials nobody reads on its way, whatever the host: one below amazonaws.com may be a customer's own machine.

    Raises:
        ConfigurationError: They could be read.
    """
    place = urlsplit(url)
    if place.scheme != "https" and _AWS_KEY.search(authorization):
        raise ConfigurationError(
            f"AWS credentials are not sent to {place.scheme}://{place.netloc.rpartition('@')[2]}, which is not encrypted: "
            "use https or dummy keys, or allow it with allow_insecure=True"
        )


def refuse_open_transport_of(request: Any, **_: Any) -> None:
    """Do the same to a request of boto3's, as a handler of its `before-send` event."""
    authorization = request.headers.get("Authorization", "")
    refuse_open_transport(request.url, authorization.decode() if isinstance(authorization, bytes) else authorization)
