"""How many bytes the real program writes for what happens often: no picture is sent twice."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from harness import Terminal
from numbered import number_of, without_margins, write_numbered
from numpy.typing import NDArray

pytestmark = pytest.mark.pty


@dataclass(frozen=True, slots=True)
class Resting:
    """A review that rests on its third picture, and what it then shows."""

    terminal: Terminal
    lines: list[str]
    picture: NDArray[np.uint8]

    def is_so_still(self) -> bool:
        return beside_the_tree(self.terminal) == self.lines and np.array_equal(
            self.terminal.picture(), self.picture
        )


def beside_the_tree(terminal: Terminal) -> list[str]:
    """The rows right of the tree, which also tells what has been reviewed."""
    return [line[24:] for line in terminal.screen_lines()]


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Terminal]]:
    """Reviews of pictures of 1000 x 800 in a window of 140 x 46, by kind of terminal.

    All tests of a kind that leave it as they found it share one.
    """
    folder = write_numbered(tmp_path_factory.mktemp("bytes") / "pictures", 8, (800, 1000))
    begun: dict[str, Resting] = {}

    def of(kind: str) -> Terminal:
        if kind in begun:
            begun[kind].terminal.settle(2.0, 40)
            if begun[kind].is_so_still():
                return begun[kind].terminal
            begun.pop(kind).terminal.close()
        terminal = Terminal([folder], kind=kind, size=(140, 46))
        begun[kind] = Resting(terminal, [], np.empty(0, np.uint8))
        terminal.wait_for_item(1)
        for number in (2, 3):
            terminal.press("j")
            terminal.wait_for_item(number)
        terminal.wait_for(lambda t: t.emulator.changes, wanted="a picture")
        terminal.settle(1.0, 40)
        assert number_of(without_margins(terminal.picture())) == 2
        begun[kind] = Resting(terminal, beside_the_tree(terminal), terminal.picture())
        return terminal

    yield of
    for review in begun.values():
        review.terminal.close()


@pytest.fixture
def review(request: pytest.FixtureRequest, reviews: Callable[[str], Terminal]) -> Terminal:
    """A review that rests on the third of eight pictures."""
    return reviews(request.param)


def written(terminal: Terminal, *keys: str) -> int:
    """Bytes written for some keys, until nothing more comes."""
    mark = terminal.mark()
    terminal.press(*keys)
    terminal.settle(0.6, 40)
    return len(terminal.bytes_since(mark))


def switching_to_the_fourth(terminal: Terminal) -> int:
    """Bytes written until it is there; what is sent ahead after the switch is not part of it."""
    mark = terminal.mark()
    terminal.press("j")
    terminal.wait_for(lambda t: b"a=p" in t.bytes_since(mark) or t.position() == (4, 8))
    terminal.wait_for(lambda t: number_of(without_margins(t.picture())) == 3, wanted="picture 3")
    switched = terminal.bytes_since(mark)
    return len(switched.split(b"\x1b_Ga=T")[0].split(b"\x1b_Ga=t")[0])


def back_to_the_third(terminal: Terminal) -> None:
    """Leave the review as the next test expects it."""
    terminal.press("k")
    terminal.wait_for_item(3)


def both_ways(terminal: Terminal, there: str, back: str, most: int) -> None:
    """Something opens and closes, cheaply, and the same pixels are there again."""
    before = terminal.picture()
    assert 0 < written(terminal, there) < most
    assert written(terminal, back) < most
    assert terminal.picture_is_whole()
    after = terminal.picture()
    assert after.shape == before.shape
    assert (after == before).all()


@pytest.mark.parametrize("review", ["kitty"], indirect=True)
def test_the_next_picture_that_was_sent_ahead_takes_four_kilobytes(review: Terminal) -> None:
    assert switching_to_the_fourth(review) < 4096
    back_to_the_third(review)


@pytest.mark.parametrize("review", ["kitty"], indirect=True)
def test_after_a_stop_all_is_there_again_also_what_was_sent_ahead(review: Terminal) -> None:
    before = review.screen_lines()
    stopped = os.WSTOPPED | os.WNOHANG
    review.signal(signal.SIGTSTP)
    review.wait_for(lambda t: os.waitid(os.P_PID, t.process.pid, stopped), wanted="a stop")
    review.emulator.forget_images()
    review.signal(signal.SIGCONT)
    review.wait_for(lambda t: number_of(without_margins(t.picture())) == 2, wanted="picture 2")
    review.settle(1.0, 40)
    assert review.screen_lines() == before
    assert switching_to_the_fourth(review) < 4096
    back_to_the_third(review)


@pytest.mark.parametrize("review", ["kitty", "sixel", "iterm2"], indirect=True)
def test_focus_and_panels_send_no_picture(review: Terminal) -> None:
    assert written(review, "focus-out", "focus-in") < 200
    both_ways(review, "tab", "shift+tab", 4_000)


@pytest.mark.parametrize("review", ["kitty"], indirect=True)
@pytest.mark.parametrize(("there", "back"), [("?", "q"), ("ctrl+p", "escape"), ("enter", "ctrl+g")])
def test_what_opens_over_a_placeholder_picture_sends_no_picture(
    review: Terminal, there: str, back: str
) -> None:
    both_ways(review, there, back, 15_000)


@pytest.mark.parametrize("review", ["kitty", "sixel", "iterm2"], indirect=True)
def test_a_notice_covers_no_picture(review: Terminal) -> None:
    before = review.picture()
    mark = review.mark()
    review.press("y")
    review.wait_for("copied picture-002.png")
    assert (review.picture() == before).all()
    review.wait_for(lambda t: "copied" not in t.screen_text(), wanted="the end of the notice")
    review.settle(0.4)
    assert len(review.bytes_since(mark)) < 2_000
    assert (review.picture() == before).all()


@pytest.mark.parametrize("review", ["sixel", "iterm2"], indirect=True)
def test_help_over_a_drawn_picture_sends_it_once_more(review: Terminal) -> None:
    before = review.picture()
    assert written(review, "?") < 15_000
    drawn = len(review.emulator.painted)
    written(review, "q")
    assert (review.picture() == before).all()
    tops = [painted.row for painted in review.emulator.painted[drawn:]]
    assert tops == sorted(set(tops)), "a strip was drawn twice"


@pytest.mark.parametrize("review", ["kitty", "sixel"], indirect=True)
def test_a_decision_sends_no_picture(review: Terminal) -> None:
    before = review.picture()
    assert written(review, "1") < 2_000
    assert written(review, "f") < 2_000
    assert (review.picture() == before).all()
    review.press("f", "1")


@pytest.mark.parametrize("review", ["kitty", "sixel", "iterm2"], indirect=True)
def test_a_step_of_the_crosshair_sends_no_whole_picture(review: Terminal) -> None:
    written(review, "m")
    before = review.picture()
    # xterm gets the whole picture again when nothing has changed for a while.
    assert 0 < min(written(review, "l") for _ in range(3)) < 100_000
    after = review.picture()
    assert after.shape == before.shape
    assert 0 < (after != before).any(axis=2).mean() < 0.05
    review.press("q")


@pytest.mark.parametrize("review", ["kitty"], indirect=True)
def test_redraw_writes_over_what_others_wrote(review: Terminal) -> None:
    before = review.screen_lines()
    review.emulator.feed(b"\x1b[4;1Hwall: the machine goes down\x1b[46;1Hand more")
    assert "wall" in review.screen_text()
    review.press("ctrl+l")
    review.wait_for(lambda t: "wall" not in t.screen_text(), wanted="a clean screen")
    review.wait_for(lambda t: "and more" not in t.screen_text(), wanted="a clean foot")
    review.wait_for(lambda t: t.screen_lines()[3] == before[3], wanted="the row as before")


def test_blocks_are_written_once(numbered: Callable[..., Path]) -> None:
    """The picture is text: what opens over it covers some of it, which comes back once."""
    env = {"COLORTERM": "truecolor"}
    with Terminal([numbered(2, (800, 1000))], kind="none", size=(140, 46), env=env) as terminal:
        terminal.wait_for_item(1)
        terminal.wait_for("\N{UPPER HALF BLOCK}")
        terminal.settle(0.8, 40)
        assert most_numbers(terminal) > 10, "foreground and background in one are shorter"
        before = terminal.screen_lines()
        assert written(terminal, "tab", "shift+tab") < 4_000
        assert 0 < written(terminal, "?") < 15_000
        mark = terminal.mark()
        terminal.press("q")
        terminal.wait_for(lambda t: t.screen_lines() == before, wanted="the screen as before")
        assert len(terminal.bytes_since(mark)) < 150_000


def test_mlterm_is_given_ten_numbers_at_most(numbered: Callable[..., Path]) -> None:
    env = {"MLTERM": "3.9.3", "COLORTERM": "truecolor"}
    with Terminal([numbered(2)], kind="none", env=env) as t:
        t.wait_for_item(1)
        assert most_numbers(t) <= 10


def most_numbers(terminal: Terminal) -> int:
    """How many numbers the longest order for colours had."""
    colors = re.findall(rb"\x1b\[([\d;]+)m", bytes(terminal.output))
    return max(color.count(b";") + 1 for color in colors)
