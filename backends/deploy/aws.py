"""The calls of a plan, made: one boto3 client per service, failures in our words, secrets filled in on the way out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any, Protocol

from backends.deploy.plan import EFFECTS, TAKEN, Call, Secret
from backends.errors import ConfigurationError, RequestRejected
from backends.remedies import answers_in_our_words, in_our_words
from backends.signing import Credentials, refuse_open_transport_of

CONNECT_S, READ_S = 10, 60
ATTEMPTS = 4
"""The most per call, the first included; what boto3 tries again and what not is its own rule."""


class Caller(Protocol):
    """**Protocol:** whoever makes calls."""

    @property
    def region(self) -> str:
        """The AWS region."""

    def call(self, call: Call) -> Mapping[str, Any]:
        """Return the answer to one call; raises BackendError."""

    def look_up(self, secret: Secret) -> str:
        """Return a secret's value; raises BackendError."""


class Aws:
    """What boto3's configuration reaches: an account, or its twin; safe in threads.

    Args:
        region: None for what the AWS configuration says.
        profile: None for AWS_PROFILE, or the default one.
        endpoint_url: Where every service is; None for what the AWS configuration says, or their own.
        credentials: Keys to sign with; with them nothing of the AWS configuration is read, and no proxy is on the way.
    """

    def __init__(
        self, *, region: str | None = None, profile: str | None = None, endpoint_url: str | None = None, credentials: Credentials | None = None
    ) -> None:
        self._region = region
        self._profile = profile
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        self._making = Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._secrets: dict[Secret, str] = {}

    @property
    def region(self) -> str:
        """The AWS region; raises ConfigurationError where nothing says one."""
        from botocore.exceptions import NoRegionError

        with in_our_words(self._profile):
            region = self._made_session().region_name or os.environ.get("AWS_REGION")
            if not region:
                raise NoRegionError
        return str(region)

    @property
    def has_no_credentials(self) -> bool:
        """Whether no source gives any; raises ConfigurationError where one fails."""
        with in_our_words(self._profile):
            return self._made_session().get_credentials() is None

    def call(self, call: Call) -> Mapping[str, Any]:
        """Return the answer to one call.

        Raises:
            RequestRejected: The service refuses.
            TransportError: Nothing comes back: what was asked for may have happened.
            ConfigurationError: Nothing was sent.
        """
        from botocore import xform_name

        parameters = self._filled_in(call.parameters)
        try:
            with answers_in_our_words(self._profile, {call.operation}):
                method = getattr(self._client(call.service), xform_name(call.operation))
                return dict(method(**parameters))
        except RequestRejected as refusal:
            if call.operation in EFFECTS and _is_of_a_lost_answer(refusal):
                return {}
            raise

    def look_up(self, secret: Secret) -> str:
        """Return a secret's value, which is asked for once.

        Raises:
            ConfigurationError: There is no such variable, or nobody may read it.
            RequestRejected: Secrets Manager refuses.
        """
        if secret not in self._secrets:
            self._secrets[secret] = self._find(secret)
        return self._secrets[secret]

    def _find(self, secret: Secret) -> str:
        kind, _, name = secret.reference.partition(":")
        if kind == "env":
            if value := os.environ.get(name):
                return value
            raise ConfigurationError(f"the variable {name}, which the token is to come from, is not set: export {name}=...")
        told = self.call(Call("secretsmanager", "GetSecretValue", {"SecretId": name}))
        if value := str(told.get("SecretString", "")):
            return value
        raise ConfigurationError(f"the secret {name} holds bytes; expected the token as text")

    def _filled_in(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return self.look_up(value)
        if isinstance(value, Mapping):
            return {name: self._filled_in(each) for name, each in value.items()}
        return [self._filled_in(each) for each in value] if isinstance(value, list | tuple) else value

    def _client(self, service: str) -> Any:
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    def _make_client(self, service: str) -> Any:
        from botocore.config import Config

        direct: dict[str, Any] = {"proxies": {}} if self._credentials else {}
        config = Config(connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, **direct)
        client = self._made_session().client(service, region_name=self.region, config=config, endpoint_url=self._endpoint_url)
        client.meta.events.register("before-send", refuse_open_transport_of)
        return client

    def _made_session(self) -> Any:
        if self._session is None:
            import boto3

            keys = self._credentials
            self._session = boto3.Session(region_name=self._region, profile_name=self._profile) if keys is None else _session_with(keys, self._region)
        return self._session


def _session_with(keys: Credentials, region: str | None) -> Any:
    """Return a session of these keys, whatever the AWS configuration says, be it that it cannot be read."""
    import boto3
    from botocore.session import Session

    nothing = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = Session(session_vars={"profile": (None, None, None, None), **nothing})
    return boto3.Session(keys.access_key_id, keys.secret_access_key, keys.session_token, region_name=region, botocore_session=session)


def _is_of_a_lost_answer(refusal: RequestRejected) -> bool:
    """Return whether something exists already because an earlier attempt of the same call has made it, whose answer was lost."""
    about = getattr(refusal.__cause__, "response", {}).get("ResponseMetadata", {})
    return bool(about.get("RetryAttempts")) and bool(TAKEN.search(str(refusal)))


def pages(aws: Caller, call: Call, members: str) -> Iterator[Any]:
    """Yield the items of every page of a listing; `members` names the list in its answers."""
    token: str | None = None
    while True:
        name = {"resourcegroupstaggingapi": "PaginationToken", "s3": "ContinuationToken", "logs": "nextToken"}.get(call.service, "NextToken")
        told = aws.call(Call(call.service, call.operation, {**call.parameters, **({name: token} if token else {})}))
        yield from told.get(members, ())
        token = told.get({"ContinuationToken": "NextContinuationToken"}.get(name, name))
        if not token:
            return
