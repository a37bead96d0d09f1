"""moto in this process: S3, STS, IAM, CloudWatch Logs and what else it has, as an ASGI application; and what of its state the twin reads and writes.

Importing this file imports moto: only `neighbours` does, at the first request that needs it. moto's state is the process's: twins in one process share it.
What stands in the environ beside what a2wsgi puts there mends, in this order: keys of S3 whose escapes came back decoded, uploads in chunks that were stored
empty, and metadata whose names differ in `-` and `_` alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import Environ, StartResponse
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, environ_key_for_header, should_preserve_original_header_name
from moto.logs.models import logs_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends

from mock_server.control.neighbour_errors import Refusal, refusal_for
from mock_server.refusals import ACCOUNT

logger = logging.getLogger("streamtwin.control")

WORKERS = 8
OTHER_PATHS = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
"""Where moto answers as something else than the service that a request was signed for; its own interface, which can change everything, among them."""
LACKING = (NotImplementedError, AttributeError, LookupError, TypeError)
"""What moto raises where it has not the operation, or the service, or does not know a request's form."""


def _wsgi(given: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ: dict[str, Any] = dict(given)
    scope = environ["asgi.scope"]
    environ["RAW_URI"] = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    environ["wsgi.input_terminated"] = True
    environ |= _underscored(scope["headers"])
    try:
        if scope["path"].startswith(OTHER_PATHS):
            raise NotImplementedError(f"{scope['path']} is moto's own")
        answer: Iterable[bytes] = _moto(environ, start_response)
    except LACKING as error:
        asked = environ.get("HTTP_X_AMZ_TARGET") or f"{scope['method']} {scope['path']}"
        logger.warning("moto does not answer %s: %s: %s", asked, type(error).__name__, error)
        refused = refusal_for(scope, Refusal("not rehearsed here: moto, which plays this service for the twin, has no such operation"))
        start_response(refused.status_line, list(refused.headers))
        return [refused.body]
    return answer


def _underscored(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return how moto finds the names of metadata with `_` in them again: WSGI has one key for `_` and `-`.

    Where two names differ in that alone, the one with `-` stays, as on moto's own server; a2wsgi has joined the values of both.
    """
    text = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    names = {environ_key_for_header(name): name for name, _ in text if should_preserve_original_header_name(name)}
    rivals = {key: value for name, value in text if "_" not in name and (key := environ_key_for_header(name)) in names}
    return {PRESERVED_HEADER_NAMES_ENVIRON_KEY: {key: name for key, name in names.items() if key not in rivals}, **rivals}


_moto = DomainDispatcherApplication(create_backend_app)
app = WSGIMiddleware(_wsgi, workers=WORKERS)
"""moto; the service of a request is the one that it was signed for."""


def reset() -> None:
    """Forget all that any service holds."""
    moto_api_backend.reset()


def read_object(bucket: str, key: str) -> bytes | None:
    """Return an object of S3's; None where there is none."""
    for backend in s3_backends[ACCOUNT].values():
        if bucket in backend.buckets and (found := backend.get_object(bucket, key)):
            return bytes(found.value)
    return None


def stored_bytes() -> int:
    """Return how much S3 holds, parts of unfinished uploads included."""
    buckets = [bucket for backend in s3_backends[ACCOUNT].values() for bucket in list(backend.buckets.values())]
    keys = [key for bucket in buckets for versions in list(bucket.keys.lists()) for key in versions[1]]
    parts = [part for bucket in buckets for upload in list(bucket.multiparts.values()) for part in list(upload.parts.values())]
    return sum(getattr(key, "size", 0) for key in (*keys, *parts))  # a delete marker has none


def put_lines(region: str, group: str, stream: str, lines: Sequence[tuple[int, str]]) -> None:
    """Write lines to CloudWatch Logs, each with its time in milliseconds since 1970, the oldest first; group and stream are made where they are not there."""
    logs = logs_backends[ACCOUNT][region]
    logs.ensure_log_group(group)
    logs.ensure_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": at_ms, "message": line} for at_ms, line in lines])
