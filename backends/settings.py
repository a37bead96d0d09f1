"""What the environment says about whom to talk to and where to serve; flags are the same variables, of higher rank."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias, TypeVar

from backends.endpoints import Accepts
from backends.errors import ConfigurationError
from backends.prompts import FAMILIES

BackendName: TypeAlias = Literal["mock", "sagemaker", "container"]

BACKENDS: tuple[BackendName, ...] = ("mock", "sagemaker", "container")
SHAPES: tuple[Accepts, ...] = ("inputs", "messages")

_T = TypeVar("_T")

FLAGS: Mapping[str, str] = {
    "CHAT_BACKEND": "--backend",
    "ENDPOINT_NAME": "--endpoint",
    "CONTAINER_URL": "--url",
    "GRADIO_SERVER_NAME": "--host",
    "GRADIO_SERVER_PORT": "--port",
    "GRADIO_ROOT_PATH": "--root-path",
}
"""The variables that a flag of `python -m demo` overrides."""

SPACE_PROXIES = "127.0.0.0/8,10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fc00::/7"
"""Who is in front of a page on a Space, where nobody else reaches it: some private address (RFC 1918, RFC 4193, RFC 6598)."""

IMPLIED: Mapping[str, BackendName] = {"CONTAINER_URL": "container", "ENDPOINT_NAME": "sagemaker"}
"""Which backend a variable selects where none is named at its own rank; the first one that is set decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Whom the page talks to, and where it is served; what AWS needs to know, boto3 reads from its own variables."""

    backend: BackendName = "mock"
    endpoint_name: str | None = None
    """A SageMaker endpoint, or with `mock` the one of the catalog that is picked first; None only where none is needed."""
    accepts: Accepts = "inputs"
    family: str = "plain"
    container_url: str | None = None
    """Without a slash at its end; None except with `container`."""
    component: str | None = None
    """The inference component that a SageMaker endpoint is asked for."""
    sessions: bool = False
    """Whether a SageMaker endpoint keeps stateful sessions."""
    host: str = "127.0.0.1"
    port: int = 7860
    """0 for any free one."""
    root_path: str = ""
    """Where a proxy in front serves the page, with a slash before and none behind."""
    public: bool = False
    """Whether strangers come: the page then reaches nothing but what is named here."""
    deploy: bool = False
    """Whether who uses the page may create endpoints in the AWS account whose credentials the machine has; never where strangers come."""
    proxies: str = "127.0.0.1"
    """Addresses and networks, between commas, whose word on where a request comes from is believed; * is everybody."""
    limits: tuple[tuple[str, int], ...] = ()
    """Bounds that differ from the page's own, by their names."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, flags: Mapping[str, str] | None = None) -> Self:
        """Read `environ` beneath `flags`, a mapping of the same variables; an empty value is an absent one.

        Raises:
            ConfigurationError: A value is wrong, or one that the backend needs is missing; names the variable, what it says and what was expected.
        """
        above = {name: value for name, value in (flags or {}).items() if value}
        below = {name: value for name, value in environ.items() if value}
        if "ENDPOINT_NAME" not in below and "endpoint_name" in below:
            below["ENDPOINT_NAME"] = below["endpoint_name"]
        values = {**_with_backend(below), **_with_backend(above)}
        settings = cls(
            backend=_read(values, "CHAT_BACKEND", _one_of(BACKENDS), "mock"),
            endpoint_name=values.get("ENDPOINT_NAME"),
            accepts=_read(values, "CHAT_ACCEPTS", _one_of(SHAPES), "inputs"),
            family=_read(values, "CHAT_FAMILY", _one_of(FAMILIES), "plain"),
            container_url=_read(values, "CONTAINER_URL", _url, None),
            component=values.get("INFERENCE_COMPONENT_NAME"),
            sessions=_read(values, "CHAT_SESSIONS", _one_of(("yes", "no")), "no") == "yes",
            host=values.get("GRADIO_SERVER_NAME", "127.0.0.1"),
            port=_read(values, "GRADIO_SERVER_PORT", _port, 7860),
            root_path=_read(values, "GRADIO_ROOT_PATH", _root_path, ""),
            public=_read(values, "CHAT_PUBLIC", _one_of(("yes", "no")), "yes" if "SPACE_ID" in values else "no") == "yes",
            deploy=_read(values, "CHAT_DEPLOY", _one_of(("yes", "no")), "no") == "yes",
            proxies=values.get("FORWARDED_ALLOW_IPS", SPACE_PROXIES if "SPACE_ID" in values else "127.0.0.1"),
            limits=_read(values, "CHAT_LIMITS", _limits, ()),
        )
        settings._check()
        return settings

    def _check(self) -> None:
        if self.backend == "sagemaker" and self.endpoint_name is None:
            raise ConfigurationError("The backend sagemaker needs the name of an endpoint: set ENDPOINT_NAME or pass --endpoint.")
        if self.backend == "container" and self.container_url is None:
            raise ConfigurationError("The backend container needs the container's address: set CONTAINER_URL or pass --url.")
        if self.deploy and self.public:
            raise ConfigurationError("CHAT_DEPLOY is yes on a public page, where strangers would spend money: leave it out, or set CHAT_PUBLIC=no.")


def _with_backend(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return `values` with the backend that a name or a URL among them implies where none is named."""
    for name, backend in IMPLIED.items():
        if name in values:
            return {"CHAT_BACKEND": backend, **values}
    return values


def _read(values: Mapping[str, str], name: str, parse: Callable[[str], _T], default: _T) -> _T:
    if name not in values:
        return default
    try:
        return parse(values[name])
    except ValueError as error:
        flag = f" ({FLAGS[name]})" if name in FLAGS else ""
        raise ConfigurationError(f"{name}{flag} is {values[name]!r}; expected {error}.") from None


def _one_of(names: Iterable[_T]) -> Callable[[str], _T]:
    known = tuple(names)

    def parse(value: str) -> _T:
        for name in known:
            if name == value:
                return name
        raise ValueError(f"one of {', '.join(map(str, known))}")

    return parse


def _url(value: str) -> str:
    """Return a container's address; one with a password is not repeated, as it would be on the page."""
    if re.match(r"(\w+://)?[^/?#]*@", value):
        raise ConfigurationError("CONTAINER_URL (--url) holds a name or a password, which the page would show: leave it out.")
    if not re.match(r"https?://[^/?#\s]+[^?#\s]*$", value):
        raise ValueError("a URL such as http://127.0.0.1:8080")
    return value.rstrip("/")


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= 65535):
        raise ValueError("a port from 0 to 65535")
    return int(value)


def _root_path(value: str) -> str:
    path = value.rstrip("/")
    if path and not path.startswith(("/", "http://", "https://")):
        raise ValueError("a path such as /chat")
    return path


def _limits(value: str) -> tuple[tuple[str, int], ...]:
    if not re.fullmatch(r"\s*[a-z_]+=0*[1-9]\d{0,17}(\s*,\s*[a-z_]+=0*[1-9]\d{0,17})*\s*", value, re.ASCII):
        raise ValueError("names with numbers over 0, such as answers=50,answer_s=120")
    return tuple((name, int(number)) for name, number in re.findall(r"([a-z_]+)=(\d+)", value))
