"""Keys that come before anything is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Terminal, tuiview

pytestmark = pytest.mark.pty

GATED = """
import pathlib, sys, time
import tuiview.imaging.readers as readers

opens = readers.open_image

def late(*args):
    while not pathlib.Path(sys.argv[1], "open").exists():
        time.sleep(0.01)
    return opens(*args)

readers.open_image = late
from tuiview.cli import main
sys.exit(main(sys.argv[2:]))
"""
"""The program, which opens no image before a file `open` is there."""


def test_keys_typed_before_the_first_picture_wait_for_it(
    numbered: Callable[..., Path], home: Path, tmp_path: Path
) -> None:
    folder, gate = numbered(4), tmp_path / "open"
    gate.touch()
    command = (sys.executable, "-c", GATED, str(tmp_path))
    options = {"kind": "kitty", "size": (110, 24), "home": home, "command": command}
    with Terminal([folder], **options) as terminal:
        terminal.wait_for_item(1)
        terminal.press("G", "q")
        terminal.wait_exit()
    gate.unlink()
    with Terminal([folder], **options) as terminal:
        terminal.type(":2\r1m2mxqf")
        terminal.wait_for_item(4)
        gate.touch()
        terminal.wait_for("class 1  ★ favourite ⊙ 1")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    _, said = tuiview("export", folder, home=home).stdout.splitlines()
    assert said.startswith("picture-001.png,")
    assert ",class 1,0,1," in said


def test_quitting_before_anything_is_painted_is_no_fault(numbered: Callable[..., Path]) -> None:
    with Terminal([numbered(2)], kind="kitty", size=(110, 24)) as terminal:
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert terminal.device_restored()
