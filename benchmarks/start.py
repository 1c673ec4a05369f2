"""From the command to the first paint and to the first picture, by how many files a folder has.

    python benchmarks/start.py [--quick] [--rounds N] [--instructions]

The real program on a pseudo-terminal that answers at once, in a window of 140 x 46 cells of 10 x 20
pixels, beside what any program of this kind has to do first: Python alone, Python with numpy, and a
Textual application that shows one word. All runs take turns. The folders hold 16 FITS images of
300 x 300 float32 under many names, so that they are made in seconds; every name is a file of its
own to the program.

Where `strace` is installed the files that are looked for, opened or asked about are counted too: on
a network file system each of them costs a round trip. `--instructions` has valgrind count what the
processor does until the first picture, which does not depend on what else the machine is doing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# This comes first: it makes the terminal of the tests importable.
from link import CELL, SIZE, table  # isort: skip

import numpy as np
from emulator import Emulator
from harness import Terminal

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("ready")

Bare().run()
"""
# The same two programs, which end with the first word or picture; the former's timer takes no part.
BARE_ENDING = BARE.replace(
    "Bare().run()",
    "import os\nBare.on_mount = lambda app: app.set_timer(0.1, lambda: os._exit(0))\nBare().run()",
)
OURS_ENDING = """
import os, sys
from tuiview.cli import main
from tuiview.ui.screens.review import ReviewScreen
ReviewScreen.on_image_pane_painted = lambda screen, message: os._exit(0)
main(sys.argv[1:])
"""
_ORIGINALS = 16
# Whoever works on tuiview may have told Python to compile every module anew; a reviewer has not.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": None}
_FILE_CALLS = (
    "open,openat,stat,lstat,newfstatat,statx,access,faccessat,faccessat2,readlink,getdents64"
)


def make_folder(folder: Path, count: int) -> Path:
    """A folder of `count` FITS images, most of them further names of the first ones."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(1)
    cards = [
        "SIMPLE  =                    T", "BITPIX  =                  -32",
        "NAXIS   =                    2", "NAXIS1  =                  300",
        "NAXIS2  =                  300", "END",
    ]  # fmt: skip
    header = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    for number in range(count):
        path = folder / f"cutout-{number:06d}.fits"
        if number < _ORIGINALS:
            data = dice.normal(100, 5, (300, 300))
            data[140:160, 140:160] += 400
            pixels = data.astype(">f4").tobytes()
            path.write_bytes(header + pixels + bytes(-len(pixels) % 2880))
        else:
            os.link(folder / f"cutout-{number % _ORIGINALS:06d}.fits", path)
    return folder


def moments(terminal: Terminal, word: str) -> tuple[float, float | None]:
    """Seconds from the command to the first paint (`word` is on the screen) and first picture."""
    emulator = Emulator(terminal.emulator.kind, SIZE, CELL)
    painted = pictured = None
    at_byte = 0
    for at, total in terminal.log:
        emulator.feed(bytes(terminal.output[at_byte:total]))
        at_byte = total
        seconds = at - terminal.started
        if painted is None and any(word in line for line in emulator.cells.display):
            painted = seconds
        if pictured is None and emulator.changes:
            pixels, _ = emulator.canvas()
            if len(np.unique(pixels[..., 0])) > 8:
                pictured = seconds
    if painted is None:
        raise SystemExit(f"{word!r} was never painted:\n{terminal.dump()}")
    return painted, pictured


def ours(folder: Path) -> tuple[float, float | None]:
    """The real program."""
    with Terminal([folder], size=SIZE, cell=CELL, env=_COMPILED) as terminal:
        terminal.wait_for_item(1, 30)
        terminal.settle(0.5, 60)
        return moments(terminal, "help")


def app(code: str, folder: Path, word: str) -> tuple[float, float | None]:
    """Another Textual application."""
    command = (sys.executable, "-c", code, str(folder))
    with Terminal(command=command, size=SIZE, cell=CELL, env=_COMPILED) as terminal:
        terminal.wait_for(lambda t: len(t.output) > 1000, 30, wanted="the first paint")
        terminal.settle(1.0, 60)
        return moments(terminal, word)


def python(code: str) -> tuple[float, None]:
    """Python that runs a line and ends."""
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.monotonic() - start, None


def file_calls(folder: Path) -> dict[str, int]:
    """How many calls about files the program makes until it is idle, by where the files are."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "calls"
        strace = ("strace", "-f", "-e", f"trace={_FILE_CALLS}", "-o", str(log))
        command = (*strace, sys.executable, "-m", "tuiview", str(folder))
        with Terminal(command=command, size=SIZE, cell=CELL, env=_COMPILED) as terminal:
            terminal.wait_for_item(1, 60)
            terminal.settle(2.0, 60)
        counts = {"the data": 0, "Python's modules": 0, "elsewhere": 0}
        for line in log.read_text(errors="replace").splitlines():
            named = re.search(r'"([^"]*)"', line)
            where = named[1] if named else ""
            if where.startswith(str(folder)):
                counts["the data"] += 1
            elif "python" in where or ".so" in where or "tuiview" in where:
                counts["Python's modules"] += 1
            elif named:
                counts["elsewhere"] += 1
    return counts


def instructions(code: str, folder: Path) -> int:
    """How many instructions a program takes until it ends."""
    with tempfile.TemporaryDirectory() as place:
        counts = Path(place) / "counts"
        valgrind = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}")
        quiet = (f"--log-file={place}/log",)
        command = (*valgrind, *quiet, sys.executable, "-c", code, str(folder))
        with Terminal(command=command, size=SIZE, cell=CELL, env=_COMPILED) as terminal:
            terminal.wait_exit(600)
        (total,) = re.findall(r"^summary: (\d+)", counts.read_text(), re.MULTILINE)
        return int(total)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no folder of 100,000, fewer rounds")
    parser.add_argument("--rounds", type=int, help="runs of each (default: 7, quick 3)")
    parser.add_argument("--instructions", action="store_true", help="count them; takes a minute")
    args = parser.parse_args()
    rounds = args.rounds or (3 if args.quick else 7)
    sizes = (100, 10_000) if args.quick else (100, 10_000, 100_000)
    with tempfile.TemporaryDirectory(prefix="tuiview-bench-") as place:
        folders = {size: make_folder(Path(place) / f"{size}", size) for size in sizes}
        few = folders[100]
        cases = {
            "Python": lambda: python("pass"),
            "Python, numpy": lambda: python("import numpy"),
            "a bare Textual app": lambda: app(BARE, few, "ready"),
        }
        for size, folder in folders.items():
            cases[f"tuiview, {size:,} images"] = lambda folder=folder: ours(folder)
        found: dict[str, list[tuple[float, float | None]]] = {name: [] for name in cases}
        for number in range(rounds + 1):
            for name, run in cases.items():
                took = run()
                if number:  # the first round compiles modules and fills the system's caches
                    found[name].append(took)
        bare = statistics.median(paint for paint, _ in found["a bare Textual app"])
        rows = [("median (best), ms", "first paint", "first picture", "of the bare app")]
        for name, runs in found.items():
            paint = [paint for paint, _ in runs]
            pictures = [picture for _, picture in runs if picture is not None]
            last = statistics.median(pictures or paint)
            rows.append((name, _ms(paint), _ms(pictures), f"{last / bare:.2f}"))
        table(rows)
        if args.instructions:
            floor = instructions(BARE_ENDING, few)
            print(f"instructions, a bare Textual app: {floor / 1e6:,.0f} million")
            for size, folder in folders.items():
                count = instructions(OURS_ENDING, folder)
                times = f"{count / floor:.2f} of the bare app"
                print(f"instructions, {size:,} images: {count / 1e6:,.0f} million, {times}")
        if shutil.which("strace"):
            for size in (100, 10_000):
                counts = file_calls(folders[size])
                words = ", ".join(f"{count:,} of {what}" for what, count in counts.items())
                print(f"calls about files, {size:,} images: {words}")


def _ms(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"{1000 * statistics.median(seconds):.0f} ({1000 * min(seconds):.0f})"


if __name__ == "__main__":
    main()
