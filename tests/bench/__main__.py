"""`python -m tests.bench`: every benchmark as one table.

Machines are noisy, so a row stands beside a peer that was measured in turn with it, and its ratio is the median of the repetitions' own.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from tests.bench import client, crowd, decoder, eventstream, growth, holding, pacing, page, twin
from tests.bench.rows import Row, table

Part: TypeAlias = Callable[[float, int, str], Iterator[Row]]
"""Rows from the share of the full amounts, the repetitions, and the program of llmock, empty for none."""
PARTS: dict[str, Part] = {
    "decoder": lambda scale, repeats, _: decoder.rows(scale, repeats),
    "eventstream": lambda scale, repeats, _: eventstream.rows(scale, repeats),
    "growth": lambda scale, repeats, _: growth.rows(scale, repeats),
    "twin": twin.rows,
    "pacing": pacing.rows,
    "holding": holding.rows,
    "client": lambda scale, repeats, _: client.rows(scale, repeats),
    "crowd": lambda scale, repeats, _: crowd.rows(scale, repeats),
    "page": lambda scale, repeats, _: page.rows(scale, repeats),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the decoder, the twin, the client and the page.")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone; may be repeated")
    parser.add_argument("--repeats", type=int, default=3, help="how often each row is measured; its median is shown (default: %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full amounts, for a quick look (default: %(default)s)")
    parser.add_argument("--llmock", default="", metavar="PROGRAM", help="an installed llmock, to measure it, too (make bench installs one)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    options = parser.parse_args(arguments)
    rows = [row for name in options.only or PARTS for row in PARTS[name](options.scale, options.repeats, options.llmock)]
    sys.stdout.write(
        f"{table(rows)}\n\nPython {platform.python_version()}, {platform.machine()}, median of {options.repeats}; an aim without a unit is a ratio.\n"
    )
    if options.json:
        options.json.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
