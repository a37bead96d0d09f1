from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from backends.errors import ConfigurationError
from backends.settings import Settings
from demo.limits import PRIVATE, PUBLIC, limits_of


def test_strangers_are_bounded_more_tightly_in_everything() -> None:
    assert limits_of(Settings()) == PRIVATE
    assert limits_of(Settings(public=True)) == PUBLIC
    private = asdict(PRIVATE)
    assert [name for name, limit in asdict(PUBLIC).items() if limit >= private[name]] == []


def test_an_owner_changes_a_limit_by_its_name() -> None:
    settings = Settings.from_env({"CHAT_PUBLIC": "yes", "CHAT_LIMITS": "answers=3, answer_s=40"})
    assert limits_of(settings) == replace(PUBLIC, answers=3, answer_s=40)


def test_a_limit_of_no_known_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"CHAT_LIMITS names 'tokens'; there is question_characters, .*endpoint_s\."):
        limits_of(Settings(limits=(("tokens", 1),)))
