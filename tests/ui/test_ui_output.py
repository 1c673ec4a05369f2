"""What goes out to a terminal: at once where it can, in its order always."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from tuiview.ui.output import Output


@pytest.fixture
def device() -> Iterator[tuple[int, TextIO]]:
    """The end of the terminal, and the device that it reads from."""
    terminal, ours = os.openpty()
    tty.setraw(ours)
    with Path(os.ttyname(ours)).open("w", encoding="utf-8") as file:
        yield terminal, file
    os.close(ours)
    os.close(terminal)


@pytest.fixture
def output(device: tuple[int, TextIO]) -> Iterator[Output]:
    output = Output(device[1])
    output.open()
    yield output
    output.close()


def test_what_is_short_goes_out_in_the_call(device: tuple[int, TextIO], output: Output) -> None:
    behind: list[str] = []
    output.send("a picture é", behind.append)
    assert os.read(device[0], 100) == "a picture é".encode()
    assert not behind


def test_nothing_overtakes_what_waits(device: tuple[int, TextIO], output: Output) -> None:
    texts = [f"{n}: " + "é\U0010eeee" * (n * 37 % 900) for n in range(60)]
    texts[30] *= 100  # too long to be tried
    behind: list[str] = []
    for text in texts:
        output.send(text, behind.append)
    # The device took some and then no more; the one that it took in part is not handed over.
    assert 0 < len(behind) < len(texts)
    writer = threading.Thread(target=lambda: [output.write(t) for t in behind], daemon=True)
    writer.start()
    wanted, got = "".join(texts).encode(), b""
    while len(got) < len(wanted) and select.select([device[0]], [], [], 10)[0]:
        got += os.read(device[0], 65536)
    writer.join()
    assert got == wanted
    behind.clear()
    output.send("at once again", behind.append)
    assert not behind


def test_without_a_device_of_its_own_all_is_handed_over(device: tuple[int, TextIO]) -> None:
    behind: list[str] = []
    Output(device[1]).send("a picture", behind.append)
    assert behind == ["a picture"]
