"""Waiting for the last writes, at the end of a review."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tuiview.commands.leaving import Leaving

NUMBERS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT)


@pytest.fixture(autouse=True)
def handlers_come_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting_and_what_is_waited_for_is_said_once(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    leaving = Leaving(hurried=False)
    assert leaving.wait_on(2)
    assert leaving.wait_on(2)
    assert leaving.wait_on(1)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" ...")[0] for line in said] == [
        "writing 2 decisions", "writing 1 decision"
    ]  # fmt: skip
    os.kill(os.getpid(), number)
    assert not leaving.wait_on(1)


def test_after_a_signal_nothing_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert not Leaving(hurried=True).wait_on(3)
    assert not capsys.readouterr().err


def test_ctrl_z_stops_the_program_as_it_would_any() -> None:
    for number in (signal.SIGTSTP, signal.SIGCONT):
        signal.signal(number, lambda *_: None)
    Leaving(hurried=False)
    assert signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGCONT) is signal.SIG_DFL
