"""What the real program writes to a local terminal: milliseconds and bytes from key to picture.

    python benchmarks/terminal.py [--quick]

Pictures of 1000 x 800, noisy, in a window of 140 x 46 cells of 10 x 20 pixels. "Next" counts up to
the last byte of the picture, which was prefetched; the others until nothing more is written. The
floor is what as many bytes take to the same reader from a program that has them ready and does
nothing but write. Beside the medians stand the quickest, which other work disturbed least.
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


def floor(nbytes: int, presses: int) -> list[float]:
    """Milliseconds from a key to the last of so many bytes that were ready."""
    command = (sys.executable, "-S", "-c", WRITER, str(nbytes))
    times = []
    with Terminal(kind="sixel", size=SIZE, cell=CELL, command=command) as terminal:
        terminal.wait_for("ready")
        for _ in range(presses):
            mark = terminal.mark()
            terminal.press("j")
            terminal.wait_for(lambda t, end=mark + nbytes: t.mark() >= end, 60)
            times.append((terminal.last_byte() - terminal.pressed[-1][0]) * 1000)
            terminal.settle(0.1)
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
    least = floor(int(statistics.median(sizes)), 3 * presses) if sizes else []
    return (
        kind, _median(times), _best(times), _median(least), _best(least),
        _median([size / 1000 for size in sizes]),
        *(f"{cost / 1000:.1f}" for cost in (*costs, opened)),
        _median([time for time in crossed if time]), _median([cost / 1000 for cost, _ in steps]),
    )  # fmt: skip


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "-"


def _best(values: list[float]) -> str:
    return f"{min(values):.1f}" if values else "-"


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
        ("", "next, ms", "best", "floor, ms", "best", "next, kB", "focus, kB", "decision, kB",
         "help, kB", "help closed, kB", "until rest, kB", "crosshair, ms", "crosshair, kB")
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = write_numbered(Path(place) / "pictures", 24)
        for kind in ("kitty", "sixel", "iterm2", "none"):
            rows.append(measure(folder, kind, 3 if args.quick else 12))
    table(rows)


if __name__ == "__main__":
    main()
