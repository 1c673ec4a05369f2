"""The image pane on a pseudo-terminal: what changed goes alone, and what is long goes in pieces."""

from __future__ import annotations

import re

import numpy as np
import pytest
from harness import Link, Terminal
from pane_app import drawn
from test_ui_image_pane import PICTURES, comes, images, painted, run, whole

from tuiview.graphics.payload import Area

pytestmark = pytest.mark.pty

SIZE = (62, 21)
AREA = Area(50, 20, 10, 20)
BOX = (12, 0, 50, 20)
SLOW = Link(bits_per_second=2e6, round_trip=0.05)
ONE = 100_000
"""Bytes that a fine picture of that area takes at least, however it is encoded."""


def shows(t: Terminal, number: int, cross: int = 0, noise: bool = True) -> bool:
    """Whether exactly these pixels are on the screen; sixel counts colours in percent."""
    pixels = t.picture()
    if t.picture_box() != BOX or pixels.shape != (AREA.height, AREA.width, 3):
        return False
    wanted = drawn(number, AREA, noise, cross).rgb().astype(int)
    return int(np.abs(pixels - wanted).max()) <= (2 if t.emulator.kind == "sixel" else 0)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_cross_that_moves_sends_only_the_cells_that_changed(kind: str) -> None:
    with run(kind, "mended=inf", noise=True, size=SIZE) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("n")
        painted(t, 1)
        one = len(t.bytes_since(mark))
        costs = []
        for cross in range(70, 76):
            mark = t.mark()
            t.press("d")
            t.wait_for(lambda t, cross=cross: shows(t, 1, cross), wanted=f"the cross at {cross}")
            costs.append(len(t.bytes_since(mark)))
        assert max(costs) < one / 4
        t.press("m")
        t.wait_for("a dialog")
        t.press("x")
        t.wait_for(lambda t: shows(t, 1, 75), wanted="the cross without the dialog")
        t.press("n")
        comes(t, 2, BOX)
        t.press("p")
        t.wait_for(lambda t: shows(t, 1), wanted="no cross")
        assert not t.emulator.kitty.errors


def coarse(t: Terminal, number: int) -> None:
    """Go to the next picture, which is a coarse one."""
    t.press("g")
    t.wait_for(f"painted ({number},")
    assert not shows(t, number)


def some_of_the_finer(t: Terminal) -> int:
    """Begin with the finer form of picture 3 on a link that is measured; return the mark before."""
    painted(t, 0)
    for number in (1, 2):
        t.press("n")
        painted(t, number)
    coarse(t, 3)
    mark = t.mark()
    t.press("f")
    t.wait_for(lambda t: len(t.bytes_since(mark)) > ONE / 4, wanted="some of the finer one")
    return mark


@pytest.mark.parametrize("kind", PICTURES)
def test_a_finer_picture_comes_in_pieces_and_gives_way_to_a_key(kind: str) -> None:
    with run(kind, noise=True, size=SIZE, link=SLOW) as t:
        mark = some_of_the_finer(t)
        t.press("n")
        painted(t, 4)  # looking at pictures takes long: not with every output
        assert shows(t, 4)
        assert len(t.bytes_since(mark)) < 2 * ONE
        coarse(t, 5)
        t.press("f")
        painted(t, 5)
        assert shows(t, 5)
        assert not t.emulator.kitty.errors


@pytest.mark.parametrize("kind", ["sixel", "iterm2"])
def test_a_finer_picture_lets_the_coarse_one_that_waits_for_the_link_go_first(kind: str) -> None:
    with run(kind, noise=True, size=SIZE, link=SLOW) as t:
        painted(t, 0)
        for number in (1, 2):
            t.press("n")
            painted(t, number)
        # The finer one is asked for while the third picture is still on its way.
        t.press("n", "g", "f")
        t.wait_for("painted (4,")
        assert not shows(t, 4)
        painted(t, 4)
        assert shows(t, 4)


@pytest.mark.parametrize("kind", ["sixel", "iterm2"])
def test_what_opens_over_a_picture_that_becomes_finer_is_not_drawn_over(kind: str) -> None:
    with run(kind, noise=True, size=SIZE, link=SLOW) as t:
        some_of_the_finer(t)
        t.press("m")
        t.wait_for("a dialog")
        t.settle(0.4)
        assert "a dialog" in t.screen_text()
        assert not t.picture_is_whole()
        t.press("x")
        t.wait_for(lambda t: shows(t, 3), wanted="the finer picture")


def test_a_key_waits_for_no_more_than_the_window_of_what_is_sent_ahead() -> None:
    with run("kitty", noise=True, size=SIZE, link=SLOW) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("a")
        t.wait_for(lambda t: len(t.bytes_since(mark)) > 2 * ONE, wanted="some sent ahead")
        t.press("n")
        pressed = t.mark()
        t.wait_for(lambda t: whole(t, 1, BOX), wanted="picture 1")
        switch = t.output.rindex("\U0010eeee".encode())
        assert switch > pressed
        taken = next(at for at, total in t.taken if total > switch)
        there = next(at for at, total in t.log if total > switch)
        waited = there - taken - SLOW.round_trip / 2
        # Its own bytes take their time too.
        assert waited * SLOW.bits_per_second / 8 < 16_384 + 4_096


def sends(t: Terminal) -> int:
    """How many pictures a kitty was sent."""
    return t.output.count(b"a=T")


def test_of_more_than_the_terminal_keeps_the_nearest_are_sent_ahead() -> None:
    with run("kitty", size=SIZE, cell=(40, 80)) as t:
        painted(t, 0)
        for number in (1, 2):
            t.press("e")
            t.wait_for(lambda t, n=number: sends(t) == 3 + n, wanted="three ahead of it")
            t.settle(0.2)
            mark = t.mark()
            t.press("n")
            painted(t, number)
            assert b"a=T" not in t.bytes_since(mark)
            assert sends(t) == 3 + number


def told(t: Terminal) -> str:
    """What the pane has told of pictures going out: + at the beginning, - at the end of each."""
    found = re.search(r"writing ([+-]*)\|", t.screen_text())
    return found[1] if found else ""


@pytest.mark.parametrize("kind", PICTURES)
def test_it_tells_while_a_long_picture_goes_out_and_no_other(kind: str) -> None:
    with run(kind, noise=True, size=SIZE) as t:
        painted(t, 0)
        before = told(t)
        t.press("n")
        painted(t, 1)
        assert told(t) == before + "+-"
        t.press("a")
        if kind == "kitty":
            t.wait_for(lambda t: images(t) == 5, wanted="three sent ahead")
        t.press("n")
        painted(t, 2)
        assert told(t) == before + ("+-" if kind == "kitty" else "+-+-")


def test_old_placement_draws_deletes_and_comes_back() -> None:
    with run("kitty", choice="kitty-direct") as t:
        painted(t, 0)
        assert whole(t, 0), t.dump()
        for number in range(1, 6):
            t.press("n")
            painted(t, number)
            assert whole(t, number), t.dump()
            assert images(t) == 1
        t.press("m")
        t.wait_for("a dialog")
        t.settle(0.1)
        t.press("x")
        t.wait_for(lambda t: "a dialog" not in t.screen_text())
        comes(t, 5)
        t.resize((50, 12))
        comes(t, 5, (12, 0, 38, 11))
        t.press("b")
        t.wait_for("elsewhere")
        t.emulator.forget_images()
        t.press("enter")
        comes(t, 5, (12, 0, 38, 11))
        t.press("q")
        assert t.wait_exit() == 0
        assert images(t) == 0
        assert not t.emulator.kitty.errors


def test_xterm_gets_a_patched_picture_whole_again_when_nothing_changes() -> None:
    # So soon that the answer to the change is still to come.
    with run("sixel", "mended=0.01", noise=True, size=SIZE, delay=0.2) as t:
        painted(t, 0)
        t.press("d")
        t.wait_for(lambda t: shows(t, 0, 70), wanted="the cross")
        t.wait_for(
            lambda t: any(p.row == 0 and len(p.data) > ONE / 2 for p in t.emulator.painted[1:]),
            wanted="the picture in one piece",
        )
        assert shows(t, 0, 70)


def test_a_kitty_that_cannot_change_pictures_gets_them_whole() -> None:
    with run("kitty", noise=True, size=SIZE) as t:
        painted(t, 0)
        t.emulator.fill_cache()
        for cross in (70, 71, 72):
            t.press("d")
            t.wait_for(lambda t, cross=cross: shows(t, 0, cross), wanted=f"the cross at {cross}")
        assert not t.emulator.kitty.errors


def test_what_goes_ahead_as_the_terminal_comes_back_does_not_garble_the_picture() -> None:
    with run("kitty", noise=True, size=SIZE, link=SLOW) as t:
        painted(t, 0)
        mark = t.mark()
        t.press("a")
        t.wait_for(lambda t: len(t.bytes_since(mark)) > 60_000, wanted="some sent ahead")
        t.press("b")
        t.wait_for("elsewhere")
        t.press("enter")
        t.wait_for(lambda t: whole(t, 0, BOX), wanted="picture 0")
        assert not t.emulator.kitty.errors
