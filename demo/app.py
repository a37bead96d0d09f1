"""What a Hugging Face Space runs: the page, on the built-in twin."""

import sys
from pathlib import Path

# Python has put this file's folder first, where its neighbours' names could hide other people's modules; the repository's root belongs there.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from demo.__main__ import main  # noqa: E402 - found through the line above

if __name__ == "__main__":
    sys.exit(main())
