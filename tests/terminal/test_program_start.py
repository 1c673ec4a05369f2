"""What the start may cost: modules, and calls about files of the data."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from harness import Terminal

SMALL = (80, 24)

# The real program; writes what is imported by the time when the first picture is made, and ends.
UNTIL_THE_PICTURE = """
import dataclasses, os, sys
from tuiview.cli import main
from tuiview.ui.widgets.image_pane import ImagePane

def show(*args):
    classes = {
        value.__qualname__ for name, module in sys.modules.items() if name.startswith("tuiview.")
        for value in vars(module).values() if isinstance(value, type)
        and value.__module__ == name and dataclasses.is_dataclass(value)
    }
    with open(sys.argv.pop(), "w") as file:
        file.write("\\n".join([" ".join(sorted(classes)), *sys.modules]))
    os._exit(0)

ImagePane.show = show
main(sys.argv[1:2])
"""

# What none but a later moment needs: readers and tables, what they bring with them, other rooms.
LATER = (
    "astropy", "h5py", "imagecodecs", "matplotlib", "pandas", "pyarrow", "scipy", "tifffile",
    "zarr", "csv", "email", "importlib.metadata", "logging.handlers", "secrets", "zipfile",
    "tuiview.exchange", "tuiview.demo", "tuiview.imaging.measure", "tuiview.imaging.plots",
    "tuiview.imaging.wcs", "tuiview.ui.external", "tuiview.ui.screens.counters",
    "tuiview.ui.screens.help", "tuiview.ui.screens.messages",
)  # fmt: skip


def plain_fits(folder: Path, count: int) -> Path:
    """Small images that astropy is not needed for."""
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8",
             "NAXIS   =                    2", "NAXIS1  =                   64",
             "NAXIS2  =                   45", "END")  # fmt: skip
    header = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    for number in range(count):
        (folder / f"image-{number:04d}.fits").write_bytes(header + bytes(range(96)) * 30)
    return folder


def test_nothing_is_imported_for_the_first_picture_but_what_it_needs(
    tmp_path: Path, home: Path
) -> None:
    (tmp_path / "data").mkdir()
    folder, found = plain_fits(tmp_path / "data", 3), tmp_path / "modules"
    command = (sys.executable, "-c", UNTIL_THE_PICTURE, str(folder), str(found))
    with Terminal(command=command, home=home, size=SMALL) as terminal:
        terminal.wait_exit(60)
    dataclasses, *modules = found.read_text().splitlines()
    early = [name for name in modules if name.startswith(LATER)]
    assert not early
    # Python compiles the methods of each: what has 150 of them starts 60 ms later.
    assert not dataclasses


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_large_folder_is_listed_and_not_asked_about(tmp_path: Path, home: Path) -> None:
    (tmp_path / "data").mkdir()
    folder, log = plain_fits(tmp_path / "data", 300), tmp_path / "calls"
    command = ("strace", "-f", "-e", "trace=%file", "-o", str(log),
               sys.executable, "-m", "tuiview", str(folder))  # fmt: skip
    with Terminal(command=command, home=home, size=SMALL) as terminal:
        terminal.wait_for_item(1, 60)
        terminal.settle(timeout=60)
    calls = re.findall(rf'"{re.escape(str(folder))}[^"]*"', log.read_text(errors="replace"))
    assert 0 < len(calls) < 60
