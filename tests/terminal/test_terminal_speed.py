"""The speed of the link, measured at a terminal that counts what it takes."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
from pathlib import Path
from typing import Self

import pytest
from msgspec.structs import replace

from tuiview.errors import TuiviewError
from tuiview.graphics import probe
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Protocol
from tuiview.graphics.report import link
from tuiview.graphics.speed import Speed, measure
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux

DELAY = 0.004


class Answering:
    """A pseudo-terminal whose other end answers each `question`, after a delay."""

    def __init__(self, question: bytes | None) -> None:
        self.master, self.slave = os.openpty()
        self.path = Path(os.ttyname(self.slave))
        self.modes = termios.tcgetattr(self.slave)
        self.taken = bytearray()
        self.unanswered = 0
        """The most bytes that were under way without an answer."""
        self._question, self._stop = question, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        answered = 0
        while True:
            if not select.select([self.master], [], [], 0.01)[0]:
                if self._stop.is_set():
                    return
                continue
            self.taken += os.read(self.master, 65_536)
            self.unanswered = max(self.unanswered, len(self.taken) - answered)
            while self._question and (at := self.taken.find(self._question, answered)) >= 0:
                answered = at + len(self._question)
                time.sleep(DELAY)
                os.write(self.master, b"\x1b[?62;22c")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self.master)
        os.close(self.slave)


def test_the_link_is_measured_and_the_terminal_left_as_it_was() -> None:
    with Answering(probe.SENTINEL) as terminal:
        speed = measure(terminal.path, limit=60)
        assert termios.tcgetattr(terminal.slave) == terminal.modes
    assert speed.round_trip >= DELAY
    assert 0 < speed.rate < len(terminal.taken) / 1e-4
    assert terminal.taken.startswith(b"\x1b7\x1b[?1049h")
    assert terminal.taken.endswith(b"\x1b[?1049l\x1b8")


def test_through_tmux_everything_is_wrapped_and_little_is_under_way() -> None:
    question = wrap(probe.SENTINEL)
    with Answering(question) as terminal:
        speed = measure(terminal.path, through_tmux=True, limit=60)
    assert speed.round_trip >= DELAY
    assert speed.rate > 0
    parts = bytes(terminal.taken).split(b"\x1bPtmux;")
    assert parts[0] == b""
    assert all(part.endswith(b"\x1b\\") for part in parts[1:])
    assert terminal.unanswered < 32_768  # tmux drops what a terminal is further behind with


@pytest.mark.parametrize("through_tmux", [False, True])
def test_a_terminal_that_does_not_answer_is_given_up(through_tmux: bool) -> None:
    with Answering(None) as terminal:
        with pytest.raises(TuiviewError, match="does not answer"):
            measure(terminal.path, through_tmux=through_tmux, limit=0.1)
        assert termios.tcgetattr(terminal.slave) == terminal.modes


def test_no_terminal_is_said(tmp_path: Path) -> None:
    with pytest.raises(TuiviewError, match="no terminal"):
        measure(tmp_path / "nothing")
    (tmp_path / "file").touch()
    with pytest.raises(TuiviewError, match="cannot be measured"):
        measure(tmp_path / "file")


BARE = Terminal(Protocol.KITTY, "", brand="kitty")
TMUX = replace(BARE, multiplexer=Tmux("3.5a", passthrough="on"))
CLOSED = replace(BARE, multiplexer=Tmux("3.5a", passthrough="off"))
SCREEN = replace(BARE, multiplexer="screen")


@pytest.mark.parametrize(
    ("terminal", "answers", "words"),
    [
        (BARE, (False,), ["link: 2.00 MB/s, round trip 10.0 ms"]),
        (TMUX, (True,), ["link: 2.00 MB/s, round trip 10.0 ms up to kitty outside"]),
        (TMUX, (False,), ["link: kitty outside gave no answer", "link to tmux: 2.00 MB/s"]),
        (CLOSED, (False, True), ["link to tmux: 2.00 MB/s"]),
        (SCREEN, (False, True), ["link to GNU screen: 2.00 MB/s"]),
        (BARE, (), ["link: silence"]),
    ],
)
def test_the_report_says_how_far_the_link_was_measured(
    terminal: Terminal, answers: tuple[bool, ...], words: list[str]
) -> None:
    def measured(through_tmux: bool) -> Speed:
        if through_tmux not in answers:
            raise TuiviewError("silence")
        return Speed(2e6, 0.01)

    found = [f"{what}: {said}" for what, said, _ in link(terminal, measured)]
    assert len(found) == len(words)
    assert all(one.startswith(start) for one, start in zip(found, words, strict=True))
