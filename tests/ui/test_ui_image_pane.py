"""The image pane on a pseudo-terminal: what is shown, what comes back, and how many bytes it takes.

Byte counts are held because a repaint that sends a picture again is what makes a slow link slow.
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from harness import Terminal
from pane_app import shade

pytestmark = pytest.mark.pty

APP = Path(__file__).with_name("pane_app.py")
SIZE = (60, 16)
BOX = (12, 0, 48, 15)
REPAINT = 15_000
"""Bytes that a repaint without a new picture may take."""

PICTURES = ("kitty", "sixel", "iterm2")
FRAGILE = ("sixel", "iterm2")
"""Kinds of terminals in which text over a picture destroys it."""


def run(
    kind: str, *words: str, noise: bool = False, choice: str = "auto", **options: object
) -> Terminal:
    args = [choice, *(["noise"] if noise else []), *words]
    options = {"size": SIZE, "env": {"COLORTERM": "truecolor"}} | options
    return Terminal(args, kind=kind, command=(sys.executable, str(APP)), **options)  # type: ignore[arg-type]


def painted(t: Terminal, number: int) -> None:
    t.wait_for(f"painted {number} ")
    t.settle(0.1)


def whole(t: Terminal, number: int, box: tuple[int, int, int, int] = BOX) -> bool:
    """Whether picture `number` fills its box."""
    if t.picture_box() != box or not t.picture_is_whole():
        return False
    pixels = t.picture()
    gray = int(np.median(pixels[len(pixels) // 2]))
    return abs(gray - shade(number)) <= 3  # sixel counts colours in percent


def comes(t: Terminal, number: int, box: tuple[int, int, int, int] = BOX) -> None:
    t.wait_for(lambda t: whole(t, number, box), wanted=f"picture {number}")


def images(t: Terminal) -> int:
    """How many pictures a kitty holds."""
    t.picture()  # commands are carried out when the screen is looked at
    return len(t.emulator.kitty.images)


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_come_and_go_and_the_terminal_is_left_clean(kind: str) -> None:
    with run(kind) as t:
        painted(t, 0)
        assert whole(t, 0), t.dump()
        t.press("n")
        painted(t, 1)
        assert whole(t, 1), t.dump()
        t.press("w")
        t.wait_for("cannot be read")
        t.wait_for(lambda t: t.picture_box() is None)
        t.press("p")
        painted(t, 0)
        assert whole(t, 0), t.dump()
        assert "cannot be read" not in t.screen_text()
        t.press("h")
        t.wait_for("all of it is help")
        t.wait_for(lambda t: t.picture_box() is None)
        t.press("x")
        comes(t, 0)
        t.press("q")
        assert t.wait_exit() == 0
        assert t.device_restored()
        assert images(t) == 0


@pytest.mark.parametrize("kind", PICTURES)
def test_overlays_leave_no_holes_and_cost_no_picture(kind: str) -> None:
    with run(kind, noise=True) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("n")
        painted(t, 1)
        allowed = REPAINT + (len(t.bytes_since(mark)) if kind in FRAGILE else 0)

        mark = t.mark()
        t.press("focus-out", "focus-in")
        t.settle(0.1)
        assert len(t.bytes_since(mark)) < REPAINT
        assert whole(t, 1)

        mark = t.mark()
        t.press("m")
        t.wait_for("a dialog")
        t.settle(0.1)
        assert len(t.bytes_since(mark)) < REPAINT
        assert t.picture_box() == BOX  # still there around the dialog
        assert not t.picture_is_whole()

        mark = t.mark()
        t.press("x")
        comes(t, 1)
        t.settle(0.1)
        assert whole(t, 1)
        assert len(t.bytes_since(mark)) < allowed

        mark = t.mark()
        t.press("t")
        t.wait_for("a notice")
        t.settle(0.1)
        assert len(t.bytes_since(mark)) < REPAINT
        t.wait_for(lambda t: "a notice" not in t.screen_text())
        comes(t, 1)
        t.settle(0.1)
        assert len(t.bytes_since(mark)) < allowed


@pytest.mark.parametrize("kind", ["kitty", "sixel"])
def test_a_picture_that_comes_under_a_notice_does_not_hide_it(kind: str) -> None:
    with run(kind) as t:
        painted(t, 0)
        t.press("t")
        t.wait_for("a notice")
        t.press("n")
        t.wait_for("painted 1 ")
        assert "a notice" in t.screen_text()
        assert not t.picture_is_whole()
        t.wait_for(lambda t: "a notice" not in t.screen_text())
        comes(t, 1)


@pytest.mark.parametrize("kind", ["kitty", "sixel"])
def test_the_picture_follows_the_layout_the_window_and_a_suspension(kind: str) -> None:
    with run(kind) as t:
        painted(t, 0)
        t.press("l")
        comes(t, 0, (0, 0, 60, 15))
        t.press("l")
        comes(t, 0)
        t.resize((50, 12))
        comes(t, 0, (12, 0, 38, 11))
        t.resize((50, 12), (8, 16))  # the font alone
        t.wait_for(lambda t: t.picture().shape == (11 * 16, 38 * 8, 3))
        comes(t, 0, (12, 0, 38, 11))
        t.press("b")
        t.wait_for("elsewhere")
        t.emulator.forget_images()
        t.press("enter")
        comes(t, 0, (12, 0, 38, 11))
        t.wait_for("lost 1")


def test_no_picture_of_the_old_size_is_drawn_in_a_smaller_window() -> None:
    with run("sixel") as t:
        painted(t, 0)
        before = t.mark()
        t.signal(signal.SIGSTOP)
        t.resize((60, 10))
        t.press("n")
        t.signal(signal.SIGCONT)
        comes(t, 1, (12, 0, 48, 9))
        heights = re.findall(rb'"1;1;\d+;(\d+)', t.bytes_since(before))
        assert heights
        assert max(map(int, heights)) <= 9 * 20  # a taller one would scroll the screen


def test_kitty_next_picture_sent_ahead_takes_four_kilobytes_at_most() -> None:
    with run("kitty", noise=True, size=(112, 41)) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("a")
        t.wait_for(lambda t: len(t.bytes_since(mark)) > 500_000)
        t.settle(0.3)
        for number in (1, 2, 3):
            mark = t.mark()
            t.press("n")
            painted(t, number)
            assert whole(t, number, (12, 0, 100, 40))
            assert len(t.bytes_since(mark)) <= 4_000
        assert not t.emulator.kitty.errors


def test_kitty_keeps_few_pictures_and_is_asked_for_those_it_lost() -> None:
    with run("kitty") as t:
        for number in range(18):
            t.wait_for(f"painted {number} ")
            t.press("n")
        painted(t, 18)
        assert images(t) <= 16
        assert whole(t, 18)
        t.emulator.forget_images()
        t.press("p")
        comes(t, 17)


def test_no_more_than_the_window_goes_ahead_without_an_answer() -> None:
    with run("kitty", noise=True, delay=0.3) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("a")
        t.wait_for(lambda t: len(t.bytes_since(mark)) > 8_000)
        t.pump(until=t.last_byte() + 0.15)
        assert len(t.bytes_since(mark)) < 18_000
        t.press("p")  # none of those under way
        comes(t, -1)
        t.press("n", "n")
        comes(t, 1)


@pytest.mark.parametrize("kind", ["kitty", "sixel"])
def test_of_many_presses_only_the_last_matters(kind: str) -> None:
    with run(kind, noise=True, delay=0.1) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("n")
        painted(t, 1)
        one = len(t.bytes_since(mark))
        mark = t.mark()
        t.press(*"n" * 12)
        comes(t, 13)
        t.wait_for("keys nnnnnnnnnnnnn|")
        assert len(t.bytes_since(mark)) < 6 * one


def test_late_answers_are_no_keys_and_blocks_are_shown() -> None:
    with run("kitty", delay=2.3) as t:
        t.wait_for("painted 0 ", 20)
        t.press("n")
        t.wait_for("keys n|", 20)
        t.settle(0.5)
        assert "keys n|" in t.screen_text(), t.dump()
        assert "▀" in t.screen_text() or "█" in t.screen_text()


def test_a_terminal_that_never_answers_gets_blocks() -> None:
    with run("silent") as t:
        t.wait_for("painted 0 ")
        t.press("n")
        t.wait_for("painted 1 ")
        assert "▀" in t.screen_text() or "█" in t.screen_text()


def test_keys_typed_during_detection_are_not_lost() -> None:
    with run("kitty", delay=0.3) as t:
        t.wait_for(lambda t: b"\x1b[c" in t.output)
        t.type("nn")
        t.wait_for("painted 2 ")
        t.wait_for("keys nn|")


def test_the_terminal_is_left_clean_after_a_crash() -> None:
    with run("kitty") as t:
        painted(t, 0)
        t.press("c")
        assert t.wait_exit() != 0
        assert images(t) == 0
        assert not t.emulator.modes.get("1049")
        assert t.device_restored()
