"""The real program, killed at random moments while decisions stream in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from killing import ITEMS, Reviewer
from numbered import write_numbered

pytestmark = pytest.mark.pty

LANES = 4
"""Trials that may run side by side, each with a store of its own."""
_ROUND = 25
"""Kills of one store."""


def kill_repeatedly(folder: Path, kills: int, seed: int) -> int:
    """Kill programs on one store after another; returns how many decisions outlived it."""
    pictures = write_numbered(folder / "pictures", ITEMS, (32, 40))
    saved = 0
    for first in range(0, kills, _ROUND):
        home = folder / f"home-{first}"
        home.mkdir()
        reviewer = Reviewer(pictures, home, seed + first)
        for _ in range(min(_ROUND, kills - first)):
            reviewer.kill_once()
        reviewer.leave_once()
        saved += reviewer.saved
    return saved


def test_no_decision_that_was_shown_as_saved_is_lost(tmp_path: Path) -> None:
    assert kill_repeatedly(tmp_path, 3, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("lane", range(LANES))
def test_no_decision_is_lost_in_a_thousand_kills(tmp_path: Path, lane: int) -> None:
    kills = int(os.environ.get("KILLS", "1000")) // LANES
    print(f"{kills} kills, {kill_repeatedly(tmp_path, kills, 1000 * lane)} decisions kept")
