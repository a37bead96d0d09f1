"""`python -m demo`: the chat page, on the built-in twin unless told otherwise."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from backends.errors import ConfigurationError
from backends.settings import BACKENDS, FLAGS, Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until interrupted; returns the exit code."""
    flags = {name: value for name, value in vars(_parser().parse_args(arguments)).items() if value is not None}
    try:
        settings = Settings.from_env(os.environ, flags=flags)
        # Gradio takes three seconds to import: a wrong flag is told before.
        from demo.serve import PortTaken, serve
    except ConfigurationError as error:
        return _refuse(str(error))
    try:
        serve(settings)
    except ConfigurationError as error:
        return _refuse(str(error))
    except PortTaken as error:
        return _refuse(f"{error} Choose another by --port, or 0 for any free one.")
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Chat with a streamed endpoint: the built-in twin, SageMaker, or a model container.")
    helps = {
        "CHAT_BACKEND": f"{', '.join(BACKENDS)} (default: mock, or what --endpoint and --url imply)",
        "ENDPOINT_NAME": "a SageMaker endpoint; with --backend mock, the built-in one that is picked first",
        "CONTAINER_URL": "the base address of a model container",
        "GRADIO_SERVER_NAME": "the address to serve at (default: 127.0.0.1)",
        "GRADIO_SERVER_PORT": "the port to serve at, 0 for any free one (default: 7860)",
        "GRADIO_ROOT_PATH": "the path under which a proxy in front serves the page",
    }
    for variable, flag in FLAGS.items():
        parser.add_argument(flag, dest=variable, metavar=flag.rpartition("-")[2].upper(), help=helps[variable])
    return parser


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - the command's output
    return 2


if __name__ == "__main__":
    sys.exit(main())
