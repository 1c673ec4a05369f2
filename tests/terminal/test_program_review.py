"""The real program on a terminal: what was decided stays, and only keys decide."""

from __future__ import annotations

import csv
import io
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from harness import Terminal, tuiview
from numbered import number_of, without_margins
from PIL import Image

pytestmark = pytest.mark.pty

SMALL = (80, 24)


def decisions(folder: Path, home: Path) -> list[dict[str, str]]:
    """The rows of `tuiview export`."""
    done = tuiview("export", folder, home=home)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_fifty_decisions_survive_a_kill_and_the_review_goes_on_at_the_next(
    numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(60)
    with Terminal([folder], kind="none", home=home, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        for ten in range(0, 50, 10):
            for number in range(ten, ten + 10):
                terminal.press(str(number % 3 + 1), "j")
            terminal.wait_for_item(ten + 11)
        terminal.settle()
        terminal.wait_for("saved")
        terminal.kill9()
    rows = decisions(folder, home)
    assert [row["key"] for row in rows] == [f"picture-{n:03d}.png" for n in range(50)]
    assert [row["categories"] for row in rows] == [f"class {n % 3 + 1}" for n in range(50)]
    with Terminal([folder], kind="none", home=home) as terminal:
        terminal.wait_for(lambda t: t.position(), wanted="the status line")
        assert terminal.position() == (51, 60)
        terminal.press("1")
        terminal.wait_for("class 1")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    assert len(decisions(folder, home)) == 51


@pytest.mark.parametrize(
    ("kind", "delay"),
    [("kitty", 0.2), ("sixel", 0.2), ("iterm2", 0.2), ("none", 0.2), ("kitty", 2.4)],
)
def test_late_answers_never_become_decisions_and_quitting_leaves_the_terminal_clean(
    kind: str, delay: float, numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(5)
    with Terminal([folder], kind=kind, home=home, delay=delay, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        terminal.settle(delay + 0.5, 40)
        assert terminal.emulator.questions
        assert terminal.position() == (1, 5)
        terminal.press("j", "j")
        terminal.wait_for_item(3)
        terminal.press("focus-out", "focus-in")
        terminal.settle(delay + 0.3, 40)
        assert terminal.position() == (3, 5)
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert_clean(terminal)
    assert decisions(folder, home) == []


def test_what_follows_in_one_burst_on_a_slow_line_is_text_and_never_a_decision(
    numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(5)
    with Terminal([folder], kind="kitty", home=home, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        terminal.settle()
        for burst, item in ((":3\r", 3), ("/001\r", 2), ("/004\r", 5), ("g\rgood 1 2 3\x13j", 2)):
            terminal.write(burst.encode())
            terminal.wait_for_item(item, 5)
        terminal.press("q")
        assert terminal.wait_exit() == 0
    rows = decisions(folder, home)
    assert [(row["key"], row["note"], row["categories"]) for row in rows] == [
        ("picture-000.png", "good 1 2 3", "")
    ]


def test_a_decision_behind_a_search_is_on_what_it_leads_to(
    numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(6)
    with Terminal([folder], kind="kitty", home=home, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        terminal.settle()
        for count, search in enumerate(("]3j", "/004\r4j", ":order name:desc\rg5"), start=1):
            terminal.write(search.encode())
            terminal.wait_for(f"{count} reviewed")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    assert [(row["key"], row["categories"]) for row in decisions(folder, home)] == [
        ("picture-001.png", "class 3"),
        ("picture-004.png", "class 4"),
        ("picture-005.png", "class 5"),
    ]


def test_a_key_behind_an_escape_is_that_key(numbered: Callable[..., Path], home: Path) -> None:
    folder = numbered(8)
    with Terminal([folder], kind="kitty", home=home, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        terminal.settle()
        for number, apart in ((1, 0.0), (2, 0.03)):  # in one packet, in several
            for burst in ("m\x1b", "2jjm\x1b", "]m\x1b", "3"):
                terminal.write(burst.encode())
                if apart:
                    terminal.pump(until=time.monotonic() + apart)
            terminal.wait_for_item(4 * number, 5)
            terminal.wait_for("class 3")
            terminal.settle()
            terminal.press("j")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    rows = decisions(folder, home)
    assert [row["categories"] for row in rows] == ["class 2", "class 3"] * 2


@pytest.mark.parametrize("kind", ["kitty", "sixel", "none"])
def test_forty_presses_at_thirty_milliseconds_move_forty_items_and_none_beyond_the_end(
    kind: str, numbered: Callable[..., Path]
) -> None:
    with Terminal([numbered(41)], kind=kind, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        terminal.settle()
        terminal.press_at_rate("j", 40, 0.03)
        terminal.wait_for_item(41)
        terminal.settle()
        assert terminal.position() == (41, 41)
        if kind != "none":
            terminal.wait_for(lambda t: picture_number(t) == 40, wanted="picture 40")
            assert terminal.emulator.kitty.errors == []
            return
        terminal.press(*"jjjj")
        terminal.settle()
        assert terminal.position() == (41, 41)
        terminal.press("g", *"kkkk")
        terminal.wait_for_item(1)
        terminal.settle()
        assert terminal.position() == (1, 41)


def picture_number(terminal: Terminal) -> int | None:
    """The number of the picture on the screen."""
    return number_of(without_margins(terminal.picture()))


@pytest.mark.parametrize("kind", ["kitty", "sixel", "iterm2"])
def test_the_pixels_that_arrive_are_those_of_a_snapshot(
    kind: str, tmp_path: Path, numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(3)
    with Terminal([folder], kind=kind, home=home) as terminal:
        terminal.wait_for_item(1)
        terminal.press("j")
        terminal.wait_for_item(2)
        terminal.settle(0.8)
        assert terminal.picture_is_whole()
        arrived = terminal.picture()
        assert not terminal.emulator.kitty.errors
    size = f"{arrived.shape[1]},{arrived.shape[0]}"
    out = tmp_path / "shown.png"
    done = tuiview("snapshot", folder, "2", "-o", out, "--size", size, home=home)
    assert done.returncode == 0, done.stderr
    expected = np.asarray(Image.open(out).convert("RGB"))
    assert expected.shape == arrived.shape
    error = np.mean((expected.astype(float) - arrived) ** 2)
    psnr = 10 * np.log10(255**2 / max(error, 1e-9))
    # kitty and iTerm2 carry the pixels as they are; sixel registers hold hundredths.
    assert psnr > (40 if kind == "sixel" else 90), psnr


def test_sigterm_leaves_the_terminal_clean(numbered: Callable[..., Path], home: Path) -> None:
    folder = numbered(4)
    with Terminal([folder], kind="kitty", home=home) as terminal:
        terminal.wait_for_item(1)
        terminal.press("1")
        terminal.wait_for("class 1")
        terminal.settle()
        # After a kill, letters typed in the shell must still be letters.
        assert terminal.emulator.keyboard == ["1"]
        terminal.signal(signal.SIGTERM)
        terminal.wait_exit()
        assert_clean(terminal)
    assert len(decisions(folder, home)) == 1


def assert_clean(terminal: Terminal) -> None:
    """No mode, no picture and no keyboard protocol is left behind."""
    modes = terminal.emulator.modes
    assert terminal.device_restored()
    assert modes.get("25", True), "the cursor is hidden"
    left = [mode for mode in modes if modes[mode] and mode not in ("25", "7")]
    assert not left, f"modes left on: {left}"
    assert not terminal.emulator.keyboard, "the keyboard protocol is left on"
    terminal.picture_box()
    assert not terminal.emulator.kitty.images, "pictures are left in the terminal's memory"


def test_the_profile_tells_what_was_counted(
    numbered: Callable[..., Path], home: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "profile.json"
    with Terminal([numbered(3), "--profile", profile], home=home, size=SMALL) as terminal:
        terminal.wait_for_item(1)
        terminal.settle()
        terminal.press("j")
        terminal.wait_for_item(2)
        terminal.press("q")
        assert terminal.wait_exit() == 0
    figures = json.loads(profile.read_text())
    assert figures["loader"]["hits"] >= 1
    assert figures["loader"]["times"]["encode"]["count"] >= 3
    assert figures["loader"]["bounds"]["payloads"] > figures["loader"]["held"]["payloads"] > 0
    assert 0 < figures["loop"]["p50"] <= figures["loop"]["p99"] <= figures["loop"]["worst"]
    assert list(figures["start"]) == [
        "program runs", "modules imported", "first paint", "first picture",
    ]  # fmt: skip
    moments = list(figures["start"].values())
    assert moments == sorted(moments)
    assert moments[0] > 0
    assert figures["link"]["answering"]
    assert figures["link"]["round_trip"] > 0
    assert figures["link"]["rate"] > 0
