from __future__ import annotations

import pytest

from backends.settings import Settings
from demo.desk import open_desk
from demo.page import UPLOADS_S, Page


def test_a_page_on_a_space_does_not_say_which_as_its_script_would_ask_others_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "somebody/streamtwin")
    with open_desk(Settings()) as desk:
        config = Page(desk).blocks.get_config_file()
    assert config["space_id"] is None


def test_a_file_that_was_uploaded_and_that_nobody_took_is_removed_after_a_while() -> None:
    with open_desk(Settings()) as desk:
        assert Page(desk).blocks.delete_cache == (UPLOADS_S, UPLOADS_S)
