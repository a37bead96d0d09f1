"""`python -m mock_server [serve | record | contract]`: the twin as a server, the recorder of what it can replay, and the contract kit's runner."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import sys
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

from mock_server import access
from mock_server.app import create_app
from mock_server.catalog import FILE, CatalogError, load_catalog
from mock_server.contract import flags as contract
from mock_server.embedded import environ_for
from mock_server.program import program
from mock_server.record.flags import add_arguments
from mock_server.server import Server, bind
from mock_server.settings import CREATION_S, TwinSettings
from mock_server.sigv4 import LEVELS
from mock_server.tls import Certificate, CertificateError
from mock_server.words import WordError, parse_seconds

ABOUT = """A local twin of streaming SageMaker endpoints.

Without a command it serves: {program} --port 8080 --catalog mine.toml
Each command says more: {program} serve --help"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the process's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help"}):
        given.insert(0, "serve")
    options = _parser().parse_args(given)
    if options.command == "record":
        from mock_server.record.command import run

        return run(options)
    if options.command == "contract":
        from mock_server.contract import command

        return command.run(options)
    return _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program(), description=ABOUT.format(program=program()), formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the catalog's endpoints (the default)")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8080, help="the port to listen on; 0 picks one (default: %(default)s)")
    serve.add_argument("--sigv4", choices=LEVELS, default="off", metavar="LEVEL", help=f"how closely to look at signatures: {', '.join(LEVELS)} (default: off)")
    serve.add_argument("--time-limits", type=_factor, default=1.0, metavar="FACTOR", help="what the limits of 60 s and 8 minutes are multiplied by; or inf")
    serve.add_argument("--creation", type=_seconds, default=CREATION_S, metavar="SECONDS", help="how long creating an endpoint takes (default: %(default)g)")
    serve.add_argument("--region", default="us-east-1", help="the AWS region that it stands for (default: %(default)s)")
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help="a certificate in PEM: answer over TLS alone; needs --tls-key")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key in PEM")
    serve.add_argument("--tls-ca", type=Path, metavar="FILE", help="the authority that clients have to trust, for AWS_CA_BUNDLE")
    serve.add_argument("--grace", type=_seconds, default=8.0, metavar="SECONDS", help="how long SIGTERM lets running streams go on (default: %(default)g)")
    serve.add_argument("--quiet", action="store_true", help="show no line for each request on stderr")
    serve.add_argument("--catalog", type=Path, default=FILE, metavar="FILE", help="a TOML file of endpoints (default: the twin's own)")
    add_arguments(commands.add_parser("record", help="keep what an endpoint, a container or another twin answers"), _port)
    contract.add_arguments(commands.add_parser("contract", help="hold a parser against streams as they really occur"))
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: expected 0 to 65535")
    return int(text)


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not factor > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a factor: expected a number over 0, as 0.01, or inf")
    return factor


def _seconds(text: str) -> float:
    try:
        return parse_seconds(text)
    except WordError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _serve(options: argparse.Namespace) -> int:
    try:
        catalog = load_catalog(options.catalog)
        certificate = _certificate(options)
    except CatalogError as error:
        return _fail(f"--catalog: {error}")
    except CertificateError as error:
        return _fail(f"--tls-cert: {error}")
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        return _fail(f"--host {options.host} --port {options.port}: {error.strerror}; choose another --port, or 0 for a free one")
    host, port = listener.getsockname()[:2]
    scheme = "https" if certificate else "http"
    _greet(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}", catalog, options)
    settings = TwinSettings(
        time_limits=options.time_limits, creation_s=options.creation, sigv4=options.sigv4, region=options.region, folder=options.catalog.parent
    )
    app = create_app(catalog, settings=settings, any_host=not ip_address(host).is_loopback)
    if not options.quiet:
        access.show()
    server = Server(app, certificate, grace_s=options.grace)
    _collect_rarely()
    with contextlib.suppress(KeyboardInterrupt):  # from before the server listens to Ctrl-C
        asyncio.run(server.serve(sockets=[listener]))
    return 0


def _collect_rarely() -> None:
    """Have a hundred times fewer full garbage collections, and spare them what is here by now: each stops all streams for as long as it takes.

    What a request leaves needs none, and what a connection leaves is little.
    """
    gc.collect()
    gc.freeze()
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, 100 * old)


def _certificate(options: argparse.Namespace) -> Certificate | None:
    if options.tls_cert and options.tls_key:
        return Certificate(options.tls_cert, options.tls_key, options.tls_ca)
    if options.tls_cert or options.tls_key or options.tls_ca:
        raise CertificateError("a certificate needs both --tls-cert and --tls-key")
    return None


def _greet(url: str, endpoints: Iterable[str], options: argparse.Namespace) -> None:
    exports = "\n".join(f"export {name}={value}" for name, value in environ_for(url, options.region, options.tls_ca).items())
    print(f"The twin answers at {url} for {', '.join(endpoints)}.\nPoint any AWS SDK at it:\n\n{exports}\n\nCtrl-C stops it.", flush=True)  # noqa: T201 - command-line output


def _fail(message: str) -> int:
    print(f"{program()}: {message}", file=sys.stderr)  # noqa: T201 - command-line output
    return 2


if __name__ == "__main__":
    sys.exit(main())
