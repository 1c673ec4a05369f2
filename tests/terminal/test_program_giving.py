"""What the terminal still has to say when it is given away reaches nobody else."""

from __future__ import annotations

import csv
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Link, Terminal, tuiview

pytestmark = pytest.mark.pty

SIZE = (100, 24)
SLOW = Link(round_trip=0.4)
"""A way so long that a picture's answer comes when the terminal is somebody else's."""

EDITOR = """
import os, sys, termios, tty
modes = termios.tcgetattr(0)
tty.setraw(0, termios.TCSANOW)  # what is typed ahead stays
os.write(1, b"the editor is here\\r\\n")
read = b""
while not read.endswith(b"Z"):
    read += os.read(0, 1)
termios.tcsetattr(0, termios.TCSANOW, modes)
open(sys.argv[1], "wb").write(read)
"""


def stopped(terminal: Terminal) -> bool:
    """Whether ctrl+z has stopped the program."""
    return bool(os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG))


def press_behind_a_picture(terminal: Terminal, next_item: str, *keys: str) -> None:
    """Press keys that come when the next picture has gone out and its answer is to come."""
    terminal.press(next_item)
    terminal.pump(until=time.monotonic() + SLOW.round_trip / 3)
    terminal.press(*keys)


def test_answers_under_way_reach_neither_editor_nor_shell(
    numbered: Callable[..., Path], home: Path, tmp_path: Path
) -> None:
    script = tmp_path / "editor.py"
    script.write_text(EDITOR)
    env = {"EDITOR": f"{sys.executable} {script}"}
    folder = numbered(5)
    with Terminal([folder], kind="kitty", size=SIZE, link=SLOW, env=env, home=home) as terminal:
        terminal.wait_for_item(1)
        press_behind_a_picture(terminal, "j", "enter", "ctrl+e")
        terminal.wait_for("the editor is here")
        terminal.type("a faint arcZ")
        terminal.wait_for("a faint arcZ")
        terminal.press("ctrl+s")
        terminal.wait_for(lambda t: "keeps it" not in t.screen_text(), wanted="the note kept")
        press_behind_a_picture(terminal, "j", "ctrl+z")
        terminal.wait_for(stopped, wanted="a stop")
        assert terminal.device_restored()
        assert terminal.unread() == b""
        terminal.signal(signal.SIGCONT)
        terminal.wait_for_item(3)
        press_behind_a_picture(terminal, "j", "q")
        assert terminal.wait_exit() == 0
        assert terminal.unread() == b""
    rows = csv.DictReader(io.StringIO(tuiview("export", folder, home=home).stdout))
    assert [row["note"] for row in rows if row["note"]] == ["a faint arcZ"]


def test_what_is_typed_behind_ctrl_z_or_q_is_no_decision_and_partly_the_shells(
    numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(3)
    with Terminal([folder], kind="kitty", size=SIZE, home=home) as terminal:
        terminal.wait_for_item(1)
        answer = terminal.emulator._answer
        last = {"5n": b"\x1b[0nls"}  # typed just when the terminal has said all
        terminal.emulator._answer = lambda question: last.get(question) or answer(question)
        terminal.settle()
        before = terminal.screen_lines()
        terminal.write(b"\x1a1j")
        terminal.wait_for(stopped, wanted="a stop")
        assert terminal.unread() == b"ls"
        terminal.signal(signal.SIGCONT)
        terminal.wait_for(lambda t: t.screen_lines() == before, wanted="the screen again")
        terminal.write(b"jq1")
        assert terminal.wait_exit() == 0
        assert terminal.unread() == b"ls"
    assert tuiview("export", folder, home=home).stdout.count("\n") == 1
