"""Pages of a list: each goes on behind the last item of the one before, so that whoever deletes what he lists misses nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mock_server.control.errors import invalid

Key = tuple[float | str, str]
"""What a list is sorted by, and an ARN."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Pager:
    """How a list is cut into pages."""

    token: str | None
    """Of the page before; None or empty for the first."""
    limit: int
    """How many items a page has at most."""
    is_descending: bool = False

    def take(self, items: Mapping[Key, Item]) -> tuple[list[Item], str]:
        """Return a page of items, and the token of what is left; empty where nothing is.

        Raises:
            ControlError: The token is none of this list's.
        """
        keys = sorted(items, reverse=self.is_descending)
        if self.token:
            last = _read(self.token)
            try:
                keys = [key for key in keys if (key < last if self.is_descending else key > last)]
            except TypeError:  # of a list that is sorted by something else
                raise _foreign() from None
        page: Sequence[Key] = keys[: self.limit]
        return [items[key] for key in page], _write(page[-1]) if len(keys) > self.limit else ""


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(token: str) -> Key:
    try:
        first, arn = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise _foreign() from None
    return first, arn


def _foreign() -> Exception:
    return invalid("The token of the next page is not one that this list gave.")
