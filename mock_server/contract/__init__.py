"""The contract kit: streams as they really occur, and what a right parser makes of them.

`stream_cases` gives them to pytest, and `python -m mock_server contract --parser package.module:name` holds any parser against all of them.
"""

from mock_server.contract.case import Case, Outcome
from mock_server.contract.corpus import FAMILIES, stream_cases

__all__ = ["FAMILIES", "Case", "Outcome", "stream_cases"]
