"""An answer as a Python program that prints it as it comes: with boto3 alone, or of a container with the standard library alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pprint import pformat

from demo.asked import Asked, Reading

DUMMY_KEYS = ("AKIDSTREAMTWIN", "not-a-secret")
"""The twin's own."""
DUMMY_REGION = "us-east-1"
WIDTH = 120

_READ_LINES = '''

def texts(parts):
    """Yield the answer's text, frame by frame: each is a line, and a part ends anywhere."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\\n")
        yield from map(text_of, lines)
    yield text_of(rest)


def text_of(line):
    """Return the text in a frame: of TGI's and LMI's `token`, of LMI's `outputs`, or of OpenAI's `choices`."""
    line = line.strip().removeprefix(b"data:").strip()
    if not line.startswith(b"{"):
        return ""  # a blank line, a comment or [DONE]
    frame = json.loads(line)
    if frame.get("error"):
        raise RuntimeError(f"The container failed: {frame['error']}")
    if token := frame.get("token"):
        return "" if token.get("special") or token.get("special_token") else token["text"]
    if outputs := frame.get("outputs"):
        return outputs[0]
    choice = (frame.get("choices") or [{}])[0]
    return (choice.get("delta") or choice).get("content") or choice.get("text") or ""


'''
_PRINT_TEXT = ("for text in texts({parts}):", '    print(text, end="", flush=True)', "print()")
_PRINT_BYTES = ("for part in {parts}:", "    sys.stdout.buffer.write(part)", "    sys.stdout.buffer.flush()")
_WRITE_FILE = ('with open({file!r}, "wb") as file:', "    file.writelines({parts})")
_ENDS: Mapping[Reading, tuple[str, ...]] = {"lines": _PRINT_TEXT, "bytes": _PRINT_BYTES, "file": _WRITE_FILE}


def python_program(asked: Asked) -> str:
    """Return a program that prints the answer as it comes: with boto3, or of a container with the standard library alone."""
    return "\n".join(_of_runtime(asked) if asked.is_runtime else _of_container(asked)) + "\n"


def _of_runtime(asked: Asked) -> Iterator[str]:
    yield from _python_top(asked, "import boto3")
    if asked.twin_url or not asked.session_arguments:
        yield "client = boto3.client("
        yield '    "sagemaker-runtime",' if asked.twin_url else '    "sagemaker-runtime",  # region and credentials: as boto3 finds them'
    else:
        yield f"session = boto3.Session({', '.join(f'{name}={value!r}' for name, value in asked.session_arguments.items())})"
        yield "client = session.client("
        yield '    "sagemaker-runtime",'
    if asked.twin_url:
        key, secret = DUMMY_KEYS
        yield f"    endpoint_url={asked.twin_url!r},  # the twin, which takes any keys; a real endpoint needs none of these lines"
        yield f"    region_name={DUMMY_REGION!r},"
        yield f"    aws_access_key_id={key!r},"
        yield f"    aws_secret_access_key={secret!r},"
    yield ")"
    yield from (
        "response = client.invoke_endpoint_with_response_stream(",
        *call_arguments(asked.endpoint.name, asked.endpoint.component, asked.attributes, "body"),
        ")",
    )
    yield 'parts = (event["PayloadPart"]["Bytes"] for event in response["Body"] if "PayloadPart" in event)'
    yield from _end(asked, "parts")


def call_arguments(name: str, component: str | None, attributes: str, body: str) -> Iterator[str]:
    """Yield the arguments of boto3's method, a line each."""
    yield f"    EndpointName={name!r},"
    if component:
        yield f"    InferenceComponentName={component!r},"
    yield '    ContentType="application/json",'
    if attributes:
        yield f"    CustomAttributes={attributes!r},"
    yield f"    Body=json.dumps({body}, ensure_ascii=False).encode(),"


def _of_container(asked: Asked) -> Iterator[str]:
    yield from _python_top(asked, "from urllib.request import Request, urlopen")
    yield from http_request(repr(asked.url), asked.attributes, "body")
    yield "with urlopen(request) as response:"
    yield '    parts = iter(lambda: response.read1(65536), b"")'
    yield from (f"    {line}" for line in _end(asked, "parts"))


def http_request(url: str, attributes: str, body: str) -> Iterator[str]:
    """Yield what makes the request to a container, whose address is the expression `url`."""
    yield from ("request = Request(", f"    {url},", f"    json.dumps({body}, ensure_ascii=False).encode(),")
    named = f', "X-Amzn-SageMaker-Custom-Attributes": {attributes!r}' if attributes else ""
    yield from (f'    {{"Content-Type": "application/json"{named}}},', ")")


def _python_top(asked: Asked, wanted: str) -> Iterator[str]:
    yield from (f"# {line}" for line in asked.notes())
    yield "import json"
    if asked.reading == "bytes":
        yield "import sys"
    yield from (wanted, "") if wanted.startswith("from") else ("", wanted, "")
    yield f"body = {literal(asked.body_members)}"
    yield from _READ_LINES.splitlines() if asked.reading == "lines" else ("",)


def _end(asked: Asked, parts: str) -> Iterator[str]:
    return (line.format(parts=parts, file=asked.file) for line in _ENDS[asked.reading])


def literal(value: object) -> str:
    """Return a JSON value as Python writes it."""
    return pformat(value, width=WIDTH, sort_dicts=False)
