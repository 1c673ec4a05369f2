"""What the real program says when things are not as they should be, and that it goes on."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from harness import Terminal, environment_of, tuiview
from PIL import Image

pytestmark = pytest.mark.pty

SIZE = (100, 24)


def _picture(path: Path) -> bytes:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (60, 60, 3), dtype=np.uint8)).save(path)
    return path.read_bytes()


@pytest.fixture
def troubled(tmp_path: Path) -> Path:
    """A folder with every kind of bad file, and a good one at the end."""
    from astropy.io import fits
    from astropy.table import Table

    folder = tmp_path / "data"
    folder.mkdir()
    fits.PrimaryHDU(np.full((40, 50), 7.0, np.float32)).writeto(folder / "a-constant.fits")
    fits.PrimaryHDU(np.full((40, 50), np.nan, np.float32)).writeto(folder / "b-nan.fits")
    Table({"x": [1, 2]}).write(folder / "c-table.fits")
    (folder / "d-text.fits").write_text("these are words\n")
    whole = _picture(folder / "e-cut.png")
    (folder / "e-cut.png").write_bytes(whole[: len(whole) // 3])
    (folder / "f-empty.fits").write_bytes(b"")
    (folder / "g-noise.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\xa5" * 300)
    _picture(folder / "h-good.png")
    return folder


WORDS = {
    "c-table.fits": "no image",
    "d-text.fits": "text file, not FITS",
    "e-cut.png": "truncated",
    "f-empty.fits": r"empty \(0 bytes\)",
    "g-noise.png": "g-noise.png is (damaged|truncated)",
}


def test_every_bad_file_has_its_own_words_and_the_review_goes_on(
    troubled: Path, home: Path
) -> None:
    with Terminal([troubled], kind="kitty", size=SIZE, home=home) as terminal:
        terminal.wait_for(lambda t: t.position() == (1, 8), wanted="all eight files")
        for number, path in enumerate(sorted(troubled.iterdir()), start=1):
            terminal.wait_for(f" {number}/8 {path.name}")
            terminal.press("1")
            terminal.wait_for(lambda t: "class 1" in t.screen_lines()[-2], wanted="the category")
            if path.name in WORDS:
                words = WORDS[path.name]
                terminal.wait_for(
                    lambda t, words=words: re.search(words, pane(t)), wanted=f"words on {path.name}"
                )
            else:
                terminal.wait_for(lambda t: t.picture_is_whole(), wanted=f"picture of {path.name}")
            if number < 8:
                terminal.press("j")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    assert len(tuiview("export", troubled, home=home).stdout.splitlines()) == 9


def pane(terminal: Terminal) -> str:
    """The words to the right of the tree, above the status line."""
    return " ".join(line[24:].strip() for line in terminal.screen_lines()[:-2])


def test_a_file_that_vanishes_is_named_and_the_review_goes_on(
    numbered: Callable[..., Path],
) -> None:
    folder = numbered(30, (32, 40))
    with Terminal([folder], kind="kitty", size=SIZE) as terminal:
        terminal.wait_for(lambda t: t.position() == (1, 30), wanted="all files")
        (folder / "picture-025.png").unlink()
        terminal.press(":")
        terminal.settle(0.2)
        terminal.type("26")
        terminal.press("enter")
        terminal.wait_for_item(26)
        terminal.wait_for(lambda t: re.search("vanished|exist|gone|missing", pane(t)))
        terminal.press("j")
        terminal.wait_for_item(27)
        terminal.wait_for(lambda t: t.picture_is_whole(), wanted="the next picture")


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with Terminal([folder], kind="kitty", size=SIZE) as terminal:
        terminal.wait_for("no images in empty")
        terminal.press("j", "1", "k", "f", "u", "z")
        terminal.settle()
        terminal.press("q")
        assert terminal.wait_exit() == 0


def test_a_folder_without_permission_is_named(
    tmp_path: Path, unprivileged: tuple[str, ...]
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0)
    try:
        command = (*unprivileged, sys.executable, "-m", "tuiview")
        with Terminal([folder], kind="kitty", size=SIZE, command=command) as terminal:
            terminal.wait_for(lambda t: re.search("(?i)permission", t.screen_text()))
    finally:
        folder.chmod(0o755)


def test_a_store_that_may_not_be_written_is_named(
    numbered: Callable[..., Path], tmp_path: Path, unprivileged: tuple[str, ...]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    command = (*unprivileged, sys.executable, "-m", "tuiview", "--store", str(closed))
    with Terminal([numbered(2, (32, 40))], size=SIZE, command=command) as terminal:
        assert terminal.wait_exit() == 1
        message, hint = words_of(terminal)
        assert "Permission denied" in " ".join(message.split())
        assert "--store" in hint


def test_a_path_that_does_not_exist_is_an_error_with_a_hint(
    numbered: Callable[..., Path], tmp_path: Path
) -> None:
    numbered(2, (32, 40))
    with Terminal([tmp_path / "picture"], kind="kitty", size=SIZE) as terminal:
        assert terminal.wait_exit() == 1
        message, hint = words_of(terminal)
        assert "picture does not exist" in message
        assert "pictures" in hint
        assert terminal.device_restored()


def words_of(terminal: Terminal) -> tuple[str, str]:
    """Message and hint that the program left."""
    # Whole rows: one that goes on in the next may end with the blank between two words.
    text = "\n".join(terminal.screen_lines()).strip()
    assert text.startswith("tuiview: "), text
    message, _, hint = text.partition("\n  ")
    return message.replace("\n", "").rstrip(), hint


def test_without_a_terminal_it_says_what_to_do_instead(
    numbered: Callable[..., Path], home: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tuiview", str(numbered(2, (32, 40)))],
        env=environment_of(home), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        start_new_session=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert "needs a terminal" in done.stderr
    assert "tuiview snapshot" in done.stderr


def test_a_store_in_use_is_not_opened_twice(numbered: Callable[..., Path], home: Path) -> None:
    folder = numbered(3, (32, 40))
    with Terminal([folder], kind="kitty", size=SIZE, home=home) as first:
        first.wait_for_item(1)
        with Terminal([folder], kind="kitty", size=SIZE, home=home) as second:
            assert second.wait_exit() == 1
            message, hint = words_of(second)
            assert f"in use by process {first.process.pid}" in message
            assert hint
        first.press("j")
        first.wait_for_item(2)
        first.press("q")
        assert first.wait_exit() == 0
    with Terminal([folder], kind="kitty", size=SIZE, home=home) as third:
        third.wait_for_item(2)


def test_a_store_of_a_killed_program_opens_again(numbered: Callable[..., Path], home: Path) -> None:
    folder = numbered(3, (32, 40))
    for _ in range(2):
        with Terminal([folder], kind="kitty", size=SIZE, home=home) as terminal:
            terminal.wait_for(lambda t: t.position(), wanted="the status line")
            terminal.kill9()


def test_a_store_of_a_newer_schema_is_left_alone(numbered: Callable[..., Path], home: Path) -> None:
    folder = numbered(3, (32, 40))
    with Terminal([folder], kind="kitty", size=SIZE, home=home) as terminal:
        terminal.wait_for_item(1)
        terminal.press("1")
        terminal.wait_for("class 1")
        terminal.settle()
        terminal.press("q")
        assert terminal.wait_exit() == 0
    places = dict(
        line.split("\t") for line in tuiview("locate", folder, home=home).stdout.splitlines()
    )
    store = Path(places["decisions"])
    with contextlib.closing(sqlite3.connect(store)) as database:
        database.execute("PRAGMA user_version = 999")
        database.commit()
    before = store.read_bytes()
    with Terminal([folder], kind="kitty", size=SIZE, home=home) as terminal:
        assert terminal.wait_exit() == 1
        message, hint = words_of(terminal)
        assert "schema version 999" in " ".join(message.split())
        assert "update tuiview" in hint
    assert store.read_bytes() == before


def test_settings_that_cannot_be_read_name_their_file(
    numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(2, (32, 40))
    (folder / "tuiview.toml").write_text("[review\n")
    with Terminal([folder], kind="kitty", size=SIZE, home=home) as terminal:
        assert terminal.wait_exit() == 2
        message, _ = words_of(terminal)
        assert "tuiview.toml" in message


def test_control_characters_in_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    evil = "a\x1b]0;owned\x07b\x1b[31m.png"
    _picture(folder / "z.png")
    (folder / "z.png").rename(folder / evil)
    with Terminal([folder], kind="kitty", size=SIZE) as terminal:
        terminal.wait_for_item(1)
        terminal.settle()
        assert b"\x1b]0;owned" not in bytes(terminal.output)
        assert b"b\x1b[31m.png" not in bytes(terminal.output)
        terminal.press("q")
        terminal.wait_exit()


BROKEN = """
import sys
from tuiview.session.look import Look
from tuiview.ui.widgets.note_editor import NoteEditor

def luckless(*args):
    raise RuntimeError("out of luck")

Look.turn = luckless
NoteEditor.render_line = luckless
from tuiview.cli import main
sys.exit(main())
"""


def test_a_bug_in_an_action_is_told_and_written_down(
    numbered: Callable[..., Path], home: Path
) -> None:
    command = (sys.executable, "-c", BROKEN)
    with Terminal([numbered(3)], kind="kitty", size=SIZE, home=home, command=command) as terminal:
        terminal.wait_for_item(1)
        terminal.press("r")
        terminal.wait_for("a bug in tuiview: RuntimeError: out of luck; written to")
        terminal.press("j", "1")
        terminal.wait_for_item(2)
        terminal.wait_for("saved")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    assert "in luckless" in (home / ".local/state/tuiview/faults.log").read_text()


def test_a_bug_that_ends_the_review_leaves_the_terminal_clean_and_says_so(
    numbered: Callable[..., Path], home: Path
) -> None:
    folder = numbered(3)
    command = (sys.executable, "-c", BROKEN)
    with Terminal([folder], kind="kitty", size=SIZE, home=home, command=command) as terminal:
        terminal.wait_for_item(1)
        terminal.press("1", "j")
        terminal.wait_for_item(2)
        terminal.press("enter")
        assert terminal.wait_exit() == 1
        assert terminal.device_restored()
        assert terminal.picture_box() is None
        text = " ".join(terminal.screen_text().split())
        assert "a bug ended the review: RuntimeError: out of luck" in text
        assert "every decision is saved" in text
        assert "Traceback" not in text
    assert "in luckless" in (home / ".local/state/tuiview/faults.log").read_text()
    exported = tuiview("export", folder, "--format", "csv", home=home)
    assert "class 1" in exported.stdout
