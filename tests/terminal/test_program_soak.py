"""The real program, through which a reviewer goes item by item for long."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from harness import Terminal

pytestmark = [pytest.mark.pty, pytest.mark.soak]

_ITEMS = 10_000
_STEP = 10
_SIDE = 26
_MOST_MORE = 12  # MB; a leak of one picture's pixels an item would be a hundred times that
_HEAD = ("SIMPLE  =                    T", "BITPIX  =                  -32",
         "NAXIS   =                    2", f"NAXIS1  = {_SIDE:20d}", f"NAXIS2  = {_SIDE:20d}",
         "END")  # fmt: skip


def write_images(folder: Path) -> Path:
    """Fill a folder with small FITS images, and bound the caches so that they are soon full."""
    folder.mkdir()
    (folder / "tuiview.toml").write_text("[loading]\ncache_megabytes = 32\n")
    head = "".join(card.ljust(80) for card in _HEAD).ljust(2880).encode()
    dice = np.random.default_rng(0)
    for number in range(_ITEMS):
        pixels = dice.normal(100, 5, (_SIDE, _SIDE)).astype(">f4").tobytes()
        (folder / f"{number:05d}.fits").write_bytes(head + pixels.ljust(2880, b"\0"))
    return folder


def resident(process: int) -> float:
    """MB of memory that a process holds."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def test_ten_thousand_items_are_visited_and_decided_with_flat_memory(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images")
    held: list[float] = []
    with Terminal([folder], kind="kitty", size=(90, 24), cell=(8, 16)) as terminal:
        terminal.wait_for_item(1, 60)
        for number in range(1, _ITEMS, _STEP):
            for _ in range(min(_STEP, _ITEMS - number)):
                terminal.press("1", "j") if number // _STEP % 3 else terminal.press("j")
                terminal.pump(until=0)
            terminal.wait_for_item(min(number + _STEP, _ITEMS), 60)
            terminal.output.clear()
            terminal.log.clear()
            if (number + _STEP) % 1000 == 1:
                held.append(resident(terminal.process.pid))
        terminal.press("q")
        terminal.wait_exit(60)
    print("MB resident after each thousand:", " ".join(f"{megabytes:.0f}" for megabytes in held))
    assert len(held) >= 9
    assert held[-1] - held[1] < _MOST_MORE
