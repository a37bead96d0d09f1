"""One line per request or call of the control plane, when it ends, by the logger `streamtwin.access` at INFO: `key=value`, a dash for what is not known.

What a client wrote is in quotes, as a JSON string, wherever it is more than a plain word: nobody can end a line, or add a key to it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping

from mock_server.control.calls import Call
from mock_server.journal import Entry

logger = logging.getLogger("streamtwin.access")

PLAIN = re.compile(r"[\w.:;,@+/()-]+", re.ASCII)
MAX_LENGTH = 200
"""Longer words are cut off."""


def log(entry: Entry) -> None:
    """Log a request that ended."""
    if logger.isEnabledFor(logging.INFO):
        logger.info(line(entry))


def line(entry: Entry) -> str:
    """Return the line of a request that ended; first_ms and seconds count from when the answer began."""
    first_ms = "" if entry.first_part_s is None else f"{1000 * entry.first_part_s:.1f}"
    words = {
        "request": entry.request_id or str(entry.number),
        "endpoint": entry.endpoint,
        "front": entry.front,
        "status": "" if entry.status is None else str(entry.status),
        "ended": entry.ended or "",
        "parts": str(entry.parts),
        "bytes": str(entry.bytes),
        "first_ms": first_ms,
        "seconds": f"{entry.duration_s:.3f}",
        "cut": entry.cut,
        "fault": entry.fault or "",
        "attempt": str(entry.attempt),
        "attributes": entry.custom_attributes,
    }
    return _join(words)


def log_call(call: Call) -> None:
    """Log a call of the control plane."""
    if logger.isEnabledFor(logging.INFO):
        logger.info(call_line(call))


def call_line(call: Call) -> str:
    """Return the line of a call of the control plane; a status of 0 is a connection that was broken in place of an answer."""
    words = {
        "call": call.request_id,
        "service": call.service,
        "operation": call.operation,
        "name": call.name,
        "region": call.region,
        "status": str(call.status),
        "code": call.code,
        "fault": call.fault,
    }
    return _join(words)


def _join(words: Mapping[str, str]) -> str:
    return " ".join(f"{key}={_quote(word)}" for key, word in words.items())


def _quote(word: str) -> str:
    shown = word[:MAX_LENGTH]
    return shown if PLAIN.fullmatch(shown) else json.dumps(shown) if shown else "-"


def show() -> None:
    """Write the lines to stderr, and nowhere else."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
