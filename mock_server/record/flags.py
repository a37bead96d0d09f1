"""The flags of `python -m mock_server record`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from backends.endpoints import Accepts


def add_arguments(parser: argparse.ArgumentParser, port: Callable[[str], int]) -> None:
    """Add the command's flags to its parser; `port` reads one."""
    what = parser.add_argument_group("what is recorded; without any of these, a prompt is read from standard input")
    kinds = what.add_mutually_exclusive_group()
    kinds.add_argument("--prompt", metavar="TEXT", help="ask this, in the shape that --accepts and --family say")
    kinds.add_argument("--body", metavar="FILE", help="send this file as it is; - is standard input")
    kinds.add_argument("--proxy", action="store_true", help="record whatever an application sends through a proxy")
    kinds.add_argument("--import-capture", type=Path, metavar="FILE", help="take the answers out of a file of SageMaker Data Capture")
    where = parser.add_argument_group("who is asked")
    where.add_argument("--endpoint", metavar="NAME", help="the SageMaker endpoint; of a container, what its recordings are named for")
    urls = where.add_mutually_exclusive_group()
    urls.add_argument("--url", help="a container's address; --path is appended")
    urls.add_argument("--endpoint-url", metavar="URL", help="where SageMaker Runtime, or a twin, is; without it, where the AWS configuration says")
    where.add_argument("--region", help="the AWS region; without it, what the AWS configuration says")
    where.add_argument("--profile", help="the profile of the AWS configuration")
    how = parser.add_argument_group("how it is asked")
    how.add_argument("--path", default="/invocations", help="the container's route (default: %(default)s)")
    how.add_argument("--content-type", default="application/json", metavar="TYPE", help="the body's content type (default: %(default)s)")
    how.add_argument("--custom-attributes", metavar="TEXT", help="what goes into X-Amzn-SageMaker-Custom-Attributes")
    how.add_argument("--accepts", choices=get_args(Accepts), default="inputs", help="the shape of a --prompt (default: %(default)s)")
    how.add_argument("--family", default="plain", help="the model's family, which makes a prompt of a question (default: %(default)s)")
    kept = parser.add_argument_group("where it goes")
    kept.add_argument("--out", type=Path, required=True, metavar="FILE", help="the recording's file; with --proxy and --import-capture, a folder")
    kept.add_argument("--force", action="store_true", help="overwrite it")
    kept.add_argument("--host", default="127.0.0.1", help="the address that the proxy listens on (default: %(default)s)")
    kept.add_argument("--port", type=port, default=8081, help="the port that the proxy listens on; 0 picks one (default: %(default)s)")
