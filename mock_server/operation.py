"""The operations of the SageMaker Runtime: what a request may say in its headers, and what of that its container gets.

Sources: botocore's service model sagemaker-runtime 2017-05-13 (members, headers, lengths, patterns), and what it documents: "Amazon SageMaker strips all POST
headers except those supported by the API. Amazon SageMaker might add additional headers." The one that it adds is read by deepjavalibrary/djl-serving
(`input_parser.py`). A violation is said as AWS's services say it. No capture shows what a container gets of the members that choose where a request goes:
here it gets them all, and Accept under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

ATTRIBUTES_HEADER = "x-amzn-sagemaker-custom-attributes"
COMPONENT_HEADER = "x-amzn-sagemaker-inference-component"
SESSION_HEADER = "x-amzn-sagemaker-session-id"
VARIANT_HEADER = "x-amzn-sagemaker-target-variant"
FORWARDED_API = "x-amzn-sagemaker-forwarded-api"

ASCII = r"\p{ASCII}*"
PRINTABLE = r"\A\S[\p{Print}]*\z"
NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*"
COMPONENT_NAME = r"^[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?$"
SESSION_ID = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
SESSION_ID_OR_NEW = rf"^(NEW_SESSION)$|{SESSION_ID}"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an operation's input that comes in a header."""

    name: str
    header: str
    """In lower case."""
    longest: int
    pattern: str
    """As the model has it; it has to fit the whole value."""
    shortest: int = 0
    is_sensitive: bool = False
    """Whether no error repeats its value."""

    def violations(self, value: str) -> Iterator[str]:
        """Yield what is wrong with a value, as the service says it."""
        said = "" if self.is_sensitive else f"'{value}' "
        where = f"Value {said}at '{self.name[0].lower()}{self.name[1:]}' failed to satisfy constraint: Member must"
        if not _compiled(self.pattern).fullmatch(value):
            yield f"{where} satisfy regular expression pattern: {self.pattern}"
        if len(value) < self.shortest:
            yield f"{where} have length greater than or equal to {self.shortest}"
        if len(value) > self.longest:
            yield f"{where} have length less than or equal to {self.longest}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of Java's in Python's words."""
    for java, python in ((r"\p{ASCII}", r"[\x00-\x7f]"), (r"\p{Print}", r"\x20-\x7e"), (r"\z", r"\Z")):
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.ASCII | re.DOTALL)


ENDPOINT_NAME = Member("EndpointName", "", 63, NAME)
"""In the path."""
CONTENT_TYPE = Member("ContentType", "content-type", 1024, ASCII)
CUSTOM_ATTRIBUTES = Member("CustomAttributes", ATTRIBUTES_HEADER, 1024, ASCII, is_sensitive=True)
COMPONENT = Member("InferenceComponentName", COMPONENT_HEADER, 63, COMPONENT_NAME)
SHARED = (
    CONTENT_TYPE,
    CUSTOM_ATTRIBUTES,
    Member("TargetVariant", VARIANT_HEADER, 63, NAME),
    Member("TargetContainerHostname", "x-amzn-sagemaker-target-container-hostname", 63, NAME),
    Member("InferenceId", "x-amzn-sagemaker-inference-id", 64, PRINTABLE, 1),
    COMPONENT,
    Member("PrefixAwareId", "x-amzn-sagemaker-prefix-aware-id", 64, PRINTABLE, 1),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to ask an endpoint."""

    name: str
    """Empty where the service's model has none."""
    members: tuple[Member, ...]

    def violations(self, endpoint: str, headers: Mapping[str, str]) -> list[str]:
        """Return what the model does not allow in a request; names of headers in lower case."""
        found = list(ENDPOINT_NAME.violations(endpoint))
        for member in self.members:
            found += member.violations(headers[member.header]) if member.header in headers else ()
        return found

    def forwarded(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that the container gets, without the body's own."""
        api = {FORWARDED_API: self.name} if self.name else {}
        return {FORWARDED_AS.get(member.header, member.header): headers[member.header] for member in self.members if member.header in headers} | api


FORWARDED_AS = {"x-amzn-sagemaker-accept": "accept"}
INVOKE = Operation(
    "InvokeEndpoint",
    (
        *SHARED,
        Member("Accept", "accept", 1024, ASCII),
        Member("TargetModel", "x-amzn-sagemaker-target-model", 1024, PRINTABLE, 1),
        Member("EnableExplanations", "x-amzn-sagemaker-enable-explanations", 64, ".*", 1),
        Member("SessionId", SESSION_HEADER, 256, SESSION_ID_OR_NEW),
    ),
)
STREAM = Operation(
    "InvokeEndpointWithResponseStream",
    (*SHARED, Member("Accept", "x-amzn-sagemaker-accept", 1024, ASCII), Member("SessionId", SESSION_HEADER, 256, SESSION_ID)),
)
CHAT_COMPLETIONS = Operation("", (CONTENT_TYPE, CUSTOM_ATTRIBUTES, COMPONENT, Member("Accept", "accept", 1024, ASCII)))
"""The route that OpenAI's clients take; what it lets through is ours."""


def say_violations(violations: list[str]) -> str:
    """Return the message of the error that tells them."""
    return f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected: {'; '.join(violations)}"
