"""The flags of `python -m mock_server contract`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mock_server.contract.case import FORMATS
from mock_server.contract.corpus import FAMILIES
from mock_server.contract.trial import LAYERS
from mock_server.cuts import parse_cut
from mock_server.words import WordError

ADAPTERS = {
    "parts": "name(parts[, content_type]): an iterable of bytes in, str or objects with .text out (the default)",
    "boto3": "the same for botocore's event dicts, {'PayloadPart': {'Bytes': b'..'}}, and its exceptions as dicts",
    "lines": "name(events): an iterable of lines, as the LineIterator of the AWS samples",
    "async": "name(parts[, content_type]): an async iterable of bytes in, an async iterable out",
    "frames": "as parts, for the bytes of the AWS event stream itself",
    "client": "name(endpoint_url, endpoint_name[, content_type]): a whole client, sync or async, against a twin that plays the case",
}
"""Adapter -> how it calls a parser."""

ABOUT = """Hold a parser against streams as they really occur.

Each case runs in a process that is killed if it hangs. Exit code 0: all pass; 1: some do not; 2: the parser cannot be tried."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = ABOUT
    parser.epilog = "\n".join(("adapters:", *_rows(ADAPTERS), "", "families:", *_rows(FAMILIES), "", "formats:", *_rows(FORMATS)))
    who = parser.add_argument_group("who is tried")
    who.add_argument("--parser", required=True, metavar="MODULE:NAME", help="the parser, importable from the current directory")
    who.add_argument("--adapter", choices=LAYERS, default="parts", metavar="ADAPTER", help="how it is called, from the table below (default: %(default)s)")
    who.add_argument("--python", default=sys.executable, metavar="FILE", help="the Python of the parser's environment (default: this one)")
    what = parser.add_argument_group("what it is tried with")
    what.add_argument("--family", action="append", choices=FAMILIES, metavar="FAMILY", help="only cases of this family; may be repeated")
    what.add_argument("--format", action="append", choices=FORMATS, metavar="FORMAT", help="only cases of this format; once for each that the parser claims")
    what.add_argument("--container", metavar="NAME", help="only what this container of the twin writes, or could write")
    what.add_argument("--case", action="append", metavar="NAME", help="only this case; may be repeated; one alone is told with a test that can be pasted")
    what.add_argument("--recording", action="append", type=Path, metavar="FILE", help="this recording in place of the corpus, cut as it came; may be repeated")
    what.add_argument("--cut", type=_cut, metavar="CUT", help="where the streams are cut, in place of each case's own: as mock.cut")
    what.add_argument("--exhaustive", action="store_true", help="each body in every cutting, and the cases that vary one thing many times")
    what.add_argument("--time-limit", type=_factor, default=1.0, metavar="FACTOR", help="what the cases' time limits (5 s mostly) are multiplied by")
    told = parser.add_argument_group("how it is told")
    told.add_argument("--json", nargs="?", const="-", metavar="FILE", help="write all as JSON, in place of the table or to a file")
    told.add_argument("--junit", metavar="FILE", help="write a JUnit report to a file, or with - in place of the table")
    told.add_argument("--markdown", nargs="?", const="-", metavar="FILE", help="write a table for an issue, in place of the other or to a file")
    told.add_argument("--all", action="store_true", help="show every failure, not one of each kind and the names of the others")
    told.add_argument("--quiet", action="store_true", help="tell the counts and the failures' names alone")


def _rows(table: Mapping[Any, str]) -> Iterable[str]:
    return (f"  {name:<16} {said}" for name, said in table.items())


def _cut(text: str) -> str:
    try:
        parse_cut(text)
    except WordError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a factor: expected a number over 0, as 0.5 or 4")
    return factor
