"""The command `python -m mock_server record`: one answer, all that goes through a proxy, or what Data Capture kept."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile

from backends.chat import ChatMessage, ChatRequest
from backends.container import ContainerBackend
from backends.endpoints import Endpoint
from backends.errors import BackendError, ConfigurationError, TransportError
from backends.network_answer import NetworkAnswer
from backends.raw import CUSTOM_ATTRIBUTES, RawRequest, encode_chat
from backends.recording import Front, RecordedRequest, RecordingError
from backends.recording.files import RecordingWriter, save_recording
from backends.sagemaker import SageMakerBackend, Timeouts
from mock_server.program import program
from mock_server.record.capture import read_captures
from mock_server.record.progress import Progress
from mock_server.record.proxy import Proxy
from mock_server.record.recorder import Recorder
from mock_server.server import Server, bind

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""
PATIENT = Timeouts(first_byte_s=None, idle_s=None, total_s=None)
"""An application behind the proxy has time limits of its own."""


def run(options: argparse.Namespace) -> int:
    """Record; return the exit code: 0 for a whole answer, 1 for one that failed, 2 for what cannot be tried, 130 for what Ctrl-C ended but a proxy: 0."""
    progress = Progress(sys.stderr)
    try:
        if options.import_capture:
            return _import_capture(options, progress)
        if options.proxy:
            return _serve_proxy(options, progress)
        _check_file(options.out, overwrite=options.force)
        return asyncio.run(_record(options, _read_request(options), progress))
    except (ConfigurationError, RecordingError) as error:
        return _fail(progress, str(error), 2)
    except BackendError as error:
        return _fail(progress, str(error), 1)
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(progress: Progress, message: str, code: int) -> int:
    progress.say(f"{program()} record: {message}")
    return code


def _import_capture(options: argparse.Namespace, progress: Progress) -> int:
    folder = _folder(options.out)
    for event, recording in read_captures(options.import_capture, options.endpoint or "captured"):
        file = folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', event)}.jsonl"
        save_recording(file, recording, overwrite=options.force)
        progress.say(f"{file}: {recording.describe()}")
    return 0


def _serve_proxy(options: argparse.Namespace, progress: Progress) -> int:
    folder = _folder(options.out)
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        return _fail(progress, f"--host {options.host} --port {options.port}: {error.strerror}; choose another --port, or 0 for a free one", 2)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    point = f"Set CONTAINER_URL, or whatever your client has, to {url}" if options.url else f"export AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={url}"

    async def serve() -> None:
        container = Endpoint(options.endpoint or "container", url=options.url) if options.url else None
        async with _backend(options, PATIENT) as backend, progress.shown():
            progress.say(f"What is sent to {url} goes on to {_far_side(options)} and is recorded in {folder}.\n{point}\nCtrl-C stops it.")
            await Server(Proxy(backend, container, folder, progress)).serve(sockets=[listener])

    with suppress(KeyboardInterrupt):  # from before the server listens to Ctrl-C
        asyncio.run(serve())
    return 0


def _far_side(options: argparse.Namespace) -> str:
    return str(options.url or options.endpoint_url or "SageMaker Runtime")


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(f"--out {path}: expected a folder, or the name of a new one: {error.strerror}") from error
    try:
        TemporaryFile(dir=path).close()
    except OSError as error:
        raise RecordingError(f"--out {path}: expected a folder that can be written to: {error.strerror}") from error
    return path


def _check_file(file: Path, *, overwrite: bool) -> None:
    """Find out whether a recording can be written before anybody is asked, who may want money for the answer; one that is there is not touched.

    Raises:
        RecordingError: It cannot.
    """
    try:
        is_there = file.exists()
        if not is_there:
            TemporaryFile(dir=file.parent).close()
        elif overwrite:
            file.open("r+b", buffering=0).close()
    except OSError as error:
        raise RecordingError(f"--out {file}: expected a file that can be written: {error.strerror}") from error
    if is_there and not overwrite:
        raise RecordingError(f"--out {file}: there is such a file already; choose another, or overwrite it with --force")


@asynccontextmanager
async def _backend(options: argparse.Namespace, timeouts: Timeouts) -> AsyncIterator[ContainerBackend | SageMakerBackend]:
    """Run the block with who asks, once it is known that it can.

    Raises:
        ConfigurationError: It lacks a region, credentials, or whatever else the AWS configuration has to say.
    """
    if options.url:
        async with ContainerBackend(timeouts=timeouts) as container:
            yield container
        return
    async with SageMakerBackend(region=options.region, profile=options.profile, endpoint_url=options.endpoint_url, timeouts=timeouts) as sagemaker:
        try:
            await sagemaker.check()
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; here that is --region, --profile and --endpoint-url") from error
        yield sagemaker


def _read_request(options: argparse.Namespace) -> RawRequest:
    """Return what the flags ask for.

    Raises:
        ConfigurationError: They do not fit together, or a file cannot be read.
    """
    if not (options.endpoint or options.url):
        raise ConfigurationError("nobody to ask: give --endpoint NAME, or --url for a container")
    endpoint = Endpoint(options.endpoint or "container", options.accepts, options.family, options.url)
    if options.body is None:
        prompt = options.prompt if options.prompt is not None else sys.stdin.read()
        asked = encode_chat(ChatRequest(messages=[ChatMessage("user", prompt)], endpoint=endpoint, custom_attributes=options.custom_attributes))
        return replace(asked, path=options.path)
    attributes = ((CUSTOM_ATTRIBUTES, options.custom_attributes),) if options.custom_attributes else ()
    headers = (("Content-Type", options.content_type), *attributes)
    return RawRequest(endpoint=endpoint, body=_read_body(options.body), headers=headers, path=options.path)


def _read_body(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"--body {name}: expected a file that can be read: {error.strerror}") from error


async def _record(options: argparse.Namespace, asked: RawRequest, progress: Progress) -> int:
    front: Front = "container" if options.url else "runtime"
    path = options.path if options.url else f"/endpoints/{asked.endpoint.name}/invocations-response-stream"
    request = RecordedRequest(asked.method, path, dict(asked.headers), asked.body)
    recorder = Recorder(front, request, lambda: RecordingWriter(options.out, overwrite=options.force))
    try:
        async with _backend(options, Timeouts()) as backend, progress.shown():
            with progress.of(recorder):
                await _follow(backend.send(asked, tap=recorder), recorder)
    except TransportError:
        if not recorder.has_begun:
            raise
    finally:
        if recorder.has_begun:
            progress.say(f"{options.out}: {recorder.describe()}")
    return 0 if recorder.is_good else 1


async def _follow(answer: NetworkAnswer, recorder: Recorder) -> None:
    """Read an answer to its end."""
    with recorder.following(answer):
        async with answer:
            recorder.begin(answer)
            async for _ in answer:
                pass
