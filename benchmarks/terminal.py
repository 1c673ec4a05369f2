"""What the real program writes to a local terminal: milliseconds and bytes from key to picture.

    python benchmarks/terminal.py [--quick]

Pictures of 1000 x 800, noisy, in a window of 140 x 46 cells of 10 x 20 pixels. "Next" counts up to
the last byte of the picture, which was prefetched; the others until nothing more is written. The
floor is what as many bytes take to the same reader from a program that has them ready and does
nothing but write; "Textual" is the same for a bare Textual application that has them ready, writes
them by its driver and changes a word. Beside the medians stand the quickest, which other work
disturbed least.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

# This comes first: it makes the terminal of the tests importable.
from link import CELL, SIZE, start, table  # isort: skip

from harness import Terminal
from numbered import sights, write_numbered

# As a picture of sixels, so that the reader does the same with it.
WRITER = """
import os, sys, tty
tty.setraw(0)
data = b"\\x1bP0;1q" + b"?" * (int(sys.argv[1]) - 8) + b"\\x1b\\\\"
os.write(1, b"ready")
while os.read(0, 1):
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest):]
"""

BARE = """
import sys
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("ready")

    def on_mount(self):
        self.data = "\\x1bP0;1q" + "?" * (int(sys.argv[1]) - 8) + "\\x1b\\\\"
        self.presses = 0

    def on_key(self, event):
        self.presses += 1
        self._driver.write(self.data)
        self.query_one(Static).update(f"{self.presses}")

Bare().run()
"""


def floor(program: str, nbytes: int, presses: int) -> list[float]:
    """Milliseconds from a key to the last of so many bytes that a program had ready."""
    command = (sys.executable, "-c", program, str(nbytes))
    times = []
    with Terminal(kind="sixel", size=SIZE, cell=CELL, command=command) as terminal:
        terminal.wait_for("ready")
        for _ in range(presses):
            terminal.settle(0.5)
            mark = terminal.mark()
            terminal.press("j")
            terminal.wait_for(lambda t, end=mark + nbytes: t.mark() >= end, 60)
            arrived = next(at for at, total in terminal.log if total >= mark + nbytes)
            times.append((arrived - terminal.pressed[-1][0]) * 1000)
    return times


def measure(folder: Path, kind: str, presses: int) -> tuple[str, ...]:
    """One row of the table."""
    with Terminal([folder], kind=kind, size=SIZE, cell=CELL) as terminal:
        start(terminal)
        opened = terminal.mark()
        marks = []
        for _ in range(presses):
            marks.append(terminal.mark())
            terminal.press("j")
            terminal.settle(0.7, 60)
        keys = list(terminal.pressed)
        costs = [_written(terminal, *keys) for keys in (("focus-out", "focus-in"), ("1",), ("?",))]
        costs.append(_written(terminal, "q"))
        _written(terminal, "m")
        steps = [(_written(terminal, "l", rest=0.4), terminal.pressed[-1][0]) for _ in range(5)]
        times, sizes = [], []
        seen = sights(terminal)
        for number, ((at, _key), mark) in enumerate(zip(keys, marks, strict=True), start=1):
            mine = next((s for s in seen if s.number == number and s.at >= at), None)
            if mine is not None:
                times.append((mine.at - at) * 1000)
                sizes.append(mine.mark - mark)
        crossed = [next((s.at - at for s in seen if s.at >= at), 0.0) * 1000 for _, at in steps]
    size = int(statistics.median(sizes)) if sizes else 0
    floors = [floor(program, size, 2 * presses) if size else [] for program in (WRITER, BARE)]
    return (
        kind, _both(times), *map(_both, floors), _median([size / 1000 for size in sizes]),
        *(f"{cost / 1000:.1f}" for cost in (*costs, opened)),
        _median([time for time in crossed if time]), _median([cost / 1000 for cost, _ in steps]),
    )  # fmt: skip


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "-"


def _both(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f})" if values else "-"


def _written(terminal: Terminal, *keys: str, rest: float = 0.7) -> int:
    mark = terminal.mark()
    terminal.press(*keys)
    terminal.settle(rest, 60)
    return len(terminal.bytes_since(mark))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer presses")
    args = parser.parse_args()
    rows: list[tuple[str, ...]] = [
        ("median (best)", "next, ms", "floor, ms", "Textual, ms", "next, kB", "focus, kB",
         "decision, kB", "help, kB", "help closed, kB", "until rest, kB", "crosshair, ms",
         "crosshair, kB")
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = write_numbered(Path(place) / "pictures", 24)
        for kind in ("kitty", "sixel", "iterm2", "none"):
            rows.append(measure(folder, kind, 3 if args.quick else 12))
    table(rows)


if __name__ == "__main__":
    main()
