"""The image pane on a pseudo-terminal: what is shown, what comes back, and how many bytes it takes.

Byte counts are held because a repaint that sends a picture again is what makes a slow link slow.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from harness import Terminal
from pane_app import shade

pytestmark = pytest.mark.pty

APP = Path(__file__).with_name("pane_app.py")
SIZE = (100, 30)
PICTURES = ("kitty", "sixel", "iterm2")


def run(kind: str, *, choice: str = "auto", noise: bool = False, **options: object) -> Terminal:
    args = [choice, *(["noise"] if noise else [])]
    options = {"size": SIZE, "env": {"COLORTERM": "truecolor"}} | options
    return Terminal(args, kind=kind, command=(sys.executable, str(APP)), **options)  # type: ignore[arg-type]


def wait_painted(t: Terminal, number: int) -> None:
    t.wait_for(f"painted {number} ")
    t.settle(0.2)


def shown(t: Terminal) -> int:
    """The gray of the picture's middle."""
    pixels = t.picture()
    assert pixels.size, t.dump()
    return int(np.median(pixels[len(pixels) // 2]))


def images(t: Terminal) -> int:
    """How many pictures a kitty holds."""
    t.picture()  # commands are carried out when the screen is looked at
    return len(t.emulator.kitty.images)


def near(gray: int, number: int) -> bool:
    return abs(gray - shade(number)) <= 3  # sixel counts colours in percent


def whole(t: Terminal, number: int) -> bool:
    box = t.picture_box()
    return box == (12, 0, 88, 29) and t.picture_is_whole() and near(shown(t), number)


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_come_and_go(kind: str) -> None:
    with run(kind) as t:
        wait_painted(t, 0)
        assert whole(t, 0), t.dump()
        t.press("n")
        wait_painted(t, 1)
        assert whole(t, 1)
        t.press("w")
        t.wait_for("cannot be read")
        t.settle(0.2)
        assert t.picture_box() is None
        t.press("p")
        wait_painted(t, 0)
        assert whole(t, 0)
        assert "cannot be read" not in t.screen_text()
        t.press("q")
        assert t.wait_exit() == 0
        assert t.device_restored()
        assert images(t) == 0


@pytest.mark.parametrize("kind", PICTURES)
def test_overlays_leave_no_holes_and_cost_no_picture(kind: str) -> None:
    with run(kind, noise=True) as t:
        wait_painted(t, 0)
        mark = t.mark()
        t.press("n")
        wait_painted(t, 1)
        picture = len(t.bytes_since(mark))

        mark = t.mark()
        t.press("m")
        t.wait_for("a dialog")
        t.settle(0.2)
        assert len(t.bytes_since(mark)) < 15_000
        box = t.picture_box()
        assert box == (12, 0, 88, 29)  # still there around the dialog
        assert not t.picture_is_whole()

        mark = t.mark()
        t.press("x")
        t.wait_for(lambda t: whole(t, 1), wanted="the whole picture")
        t.settle(0.2)
        assert whole(t, 1)
        assert len(t.bytes_since(mark)) < 15_000 + (picture if kind != "kitty" else 0)

        mark = t.mark()
        t.press("t")
        t.wait_for("a notice")
        t.settle(0.2)
        assert len(t.bytes_since(mark)) < 15_000
        t.wait_for(lambda t: "a notice" not in t.screen_text() and whole(t, 1))
        t.settle(0.2)
        assert len(t.bytes_since(mark)) < 15_000 + (picture if kind != "kitty" else 0)

        mark = t.mark()
        t.press("focus-out", "focus-in")
        t.settle(0.2)
        assert len(t.bytes_since(mark)) < 15_000
        assert whole(t, 1)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_comes_under_a_notice_does_not_hide_it(kind: str) -> None:
    with run(kind) as t:
        wait_painted(t, 0)
        t.press("t")
        t.wait_for("a notice")
        t.press("n")
        t.wait_for("painted 1 ")
        assert "a notice" in t.screen_text()
        t.wait_for(lambda t: "a notice" not in t.screen_text() and whole(t, 1))


@pytest.mark.parametrize("kind", PICTURES)
def test_an_opaque_screen_and_back(kind: str) -> None:
    with run(kind) as t:
        wait_painted(t, 0)
        t.press("h")
        t.wait_for("all of it is help")
        t.settle(0.2)
        assert t.picture_box() is None
        t.press("x")
        t.wait_for(lambda t: whole(t, 0), wanted="the picture")


@pytest.mark.parametrize("kind", PICTURES)
def test_the_picture_follows_the_layout_and_the_window(kind: str) -> None:
    with run(kind) as t:
        wait_painted(t, 0)
        t.press("l")
        t.wait_for(lambda t: t.picture_box() == (0, 0, 100, 29) and t.picture_is_whole())
        t.press("l")
        t.wait_for(lambda t: whole(t, 0), wanted="the picture in its old place")
        t.settle(0.5)
        t.resize((80, 24))
        t.wait_for(lambda t: t.picture_box() == (12, 0, 68, 23) and t.picture_is_whole())
        t.settle(0.5)
        t.resize((80, 24), (8, 16))  # the font alone
        t.wait_for(lambda t: t.picture().shape == (23 * 16, 68 * 8, 3) and t.picture_is_whole())


@pytest.mark.parametrize("kind", PICTURES)
def test_suspend_and_resume(kind: str) -> None:
    with run(kind) as t:
        wait_painted(t, 0)
        t.press("b")
        t.wait_for("elsewhere")
        t.settle(0.2)
        t.emulator.forget_images()
        t.press("enter")
        t.wait_for(lambda t: whole(t, 0) and "lost 1" in t.screen_text(), wanted="the picture")


def test_kitty_next_picture_sent_ahead_takes_four_kilobytes_at_most() -> None:
    with run("kitty", noise=True) as t:
        wait_painted(t, 0)
        mark = t.mark()
        t.press("a")
        t.settle(0.4)
        assert len(t.bytes_since(mark)) > 100_000
        for number in (1, 2, 3):
            mark = t.mark()
            t.press("n")
            t.wait_for(lambda t, n=number: whole(t, n), wanted=f"picture {number}")  # type: ignore[misc]
            t.wait_for(f"painted {number} ")
            t.settle(0.2)
            assert len(t.bytes_since(mark)) <= 4_200
        assert not t.emulator.kitty.errors


def test_kitty_pictures_in_the_terminal_stay_bounded() -> None:
    with run("kitty") as t:
        for number in range(25):
            wait_painted(t, number)
            t.press("n")
        t.settle(0.3)
        assert images(t) <= 16
        assert whole(t, 25)


def test_kitty_picture_that_the_terminal_lost_is_sent_again() -> None:
    with run("kitty") as t:
        wait_painted(t, 0)
        t.press("n")
        wait_painted(t, 1)
        t.emulator.forget_images()
        t.press("p")
        t.wait_for(lambda t: whole(t, 0), wanted="the picture")


def test_no_more_than_the_window_goes_ahead_without_an_answer() -> None:
    with run("kitty", noise=True, delay=0.4) as t:
        wait_painted(t, 0)
        mark = t.mark()
        t.press("a")
        t.pump(until=t.last_byte() + 0.3)
        assert len(t.bytes_since(mark)) < 18_000


def test_a_key_while_pictures_go_ahead_shows_its_picture_whole() -> None:
    with run("kitty", noise=True, delay=0.05) as t:
        wait_painted(t, 0)
        t.press("a")
        t.pump(until=t.last_byte() + 0.1)
        t.press("p")  # none of those under way
        t.wait_for(lambda t: whole(t, -1), wanted="the picture")
        t.press("n", "n")
        t.wait_for(lambda t: whole(t, 1), wanted="the picture")


@pytest.mark.parametrize("kind", PICTURES)
def test_of_many_presses_only_the_last_matters(kind: str) -> None:
    with run(kind, noise=True, delay=0.1) as t:
        wait_painted(t, 0)
        mark = t.mark()
        t.press(*"n" * 12)
        t.wait_for("painted 12 ")
        t.wait_for(lambda t: whole(t, 12), wanted="the last picture")
        assert "keys nnnnnnnnnnnn|" in t.screen_text()
        assert len(t.bytes_since(mark)) < 12 * 60_000


def test_a_terminal_that_never_answers_still_shows_blocks() -> None:
    with run("silent") as t:
        t.wait_for("painted 0 ")
        t.press("n")
        t.wait_for("painted 1 ")
        assert "▀" in t.screen_text() or "█" in t.screen_text()


def test_late_answers_are_no_keys() -> None:
    with run("kitty", delay=2.6) as t:
        t.wait_for("painted 0 ", 20)
        t.settle(1.5, 20)
        assert "keys |" in t.screen_text(), t.dump()
        t.press("n")
        t.wait_for("keys n|")


def test_keys_typed_during_detection_are_not_lost() -> None:
    with run("kitty", delay=0.5) as t:
        t.wait_for(lambda t: b"\x1b[c" in t.output)
        t.type("nn")
        t.wait_for("painted 2 ")
        t.wait_for("keys nn|")


def test_the_terminal_is_left_clean_after_a_crash() -> None:
    with run("kitty") as t:
        wait_painted(t, 0)
        t.press("c")
        assert t.wait_exit() != 0
        assert images(t) == 0
        assert not t.emulator.modes.get("1049")
        assert t.device_restored()
