"""As much of curl as the page's commands need, for machines without one: what a shell made of the command is signed and sent."""

from __future__ import annotations

import argparse
import sys
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("no-buffer", "silent", "show-error", "fail-with-body"):
        parser.add_argument(f"--{flag}", action="store_true", required=True)
    parser.add_argument("--output", choices=["-"])
    parser.add_argument("--aws-sigv4")
    parser.add_argument("--user")
    parser.add_argument("--header", "-H", action="append", default=[])
    parser.add_argument("--data-binary", required=True)
    parser.add_argument("url")
    given = parser.parse_args()
    body = sys.stdin.buffer.read() if given.data_binary == "@-" else given.data_binary.encode()
    headers = {name: value for name, _, value in (header.partition(": ") for header in given.header)}
    if given.aws_sigv4:
        _, _, region, service = given.aws_sigv4.split(":")
        request = AWSRequest("POST", given.url, headers, body)
        SigV4Auth(Credentials(*given.user.split(":")), service, region).add_auth(request)
        headers = dict(request.headers)
    with urlopen(Request(given.url, body, headers), timeout=60) as response:  # noqa: S310 - a twin's address
        sys.stdout.buffer.write(response.read())


if __name__ == "__main__":
    main()
