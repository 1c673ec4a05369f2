"""The real program, killed at random moments while decisions stream in."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Terminal, tuiview

pytestmark = pytest.mark.pty
SMALL = (100, 24)


def kill_and_compare(kills: int, folder: Path, home: Path, seed: int) -> None:
    """Toggle favourites, kill between or in the midst of them, start again, compare."""
    rng = random.Random(seed)
    shown_saved: dict[str, bool] = {}
    in_doubt: str | None = None
    for _ in range(kills):
        with Terminal([folder], kind="none", home=home, size=SMALL) as terminal:
            terminal.wait_for("saved")
            at = terminal.position()[0]
            in_doubt = None
            while True:
                key = f"picture-{at - 1:03d}.png"
                was = shown_saved.get(key, False)
                # The star of an item is there only once its state has been read.
                terminal.wait_for(lambda t, was=was: shows_favourite(t) == was)
                terminal.press("f")
                if rng.random() < 0.15:
                    in_doubt = key
                    break
                terminal.wait_for(
                    lambda t, was=was: shows_favourite(t) != was and "saved" in t.screen_text()
                )
                shown_saved[key] = not was
                at = at % 5 + 1
                terminal.press("g" if at == 1 else "j")
                terminal.wait_for_item(at)
            terminal.kill9()
        kept = decisions(folder, home)
        for key, favourite in shown_saved.items():
            if key != in_doubt:
                assert kept.get(key, False) == favourite, f"{key} was shown as saved"
        if in_doubt is not None:
            shown_saved[in_doubt] = kept.get(in_doubt, False)
    checked = tuiview("doctor", "--store", folder, home=home)
    assert "sound" in checked.stdout, checked.stdout + checked.stderr


def shows_favourite(terminal: Terminal) -> bool:
    return "★ favourite" in terminal.screen_text()


def decisions(folder: Path, home: Path) -> dict[str, bool]:
    done = tuiview("export", folder, home=home)
    rows = csv.DictReader(io.StringIO(done.stdout))
    return {row["key"]: row["favourite"] == "1" for row in rows}


def test_no_decision_that_was_shown_as_saved_is_lost(
    numbered: Callable[..., Path], home: Path
) -> None:
    kill_and_compare(4, numbered(5), home, seed=1)


@pytest.mark.soak
def test_no_decision_is_lost_in_a_thousand_kills(numbered: Callable[..., Path], home: Path) -> None:
    kill_and_compare(int(os.environ.get("KILLS", "1000")), numbered(5), home, seed=2)
