"""What the panel offers, held against the twin that it is offered of."""

from __future__ import annotations

import pytest

from demo.panel import CUTS, FAULTS, NO_FAULT, PROFILES
from mock_server.cuts import parse_cut
from mock_server.faults import KINDS, parse_faults
from mock_server.profiles import PROFILES as TWINS


@pytest.mark.parametrize("cut", CUTS)
def test_every_cut_is_one_of_the_twins(cut: str) -> None:
    parse_cut(cut)


def test_every_fault_is_one_of_the_twins_and_every_one_of_theirs_is_offered() -> None:
    offered = {fault.name for _, text in FAULTS if text != NO_FAULT for fault in parse_faults(text).terms}
    assert offered == set(KINDS)


def test_every_profile_of_the_twins_is_offered() -> None:
    assert set(PROFILES) == set(TWINS)
