"""How fast one can review with every image shown: the real program, decisions at a fixed rate.

    python benchmarks/reviewing.py [--quick] [--kind kitty]

Each decision is a category's key and the key to the next image, of 1000 x 800 noisy pixels. An
image counts as shown if its picture stood whole on the terminal before the next key came. Beside
it, the same keys as fast as the program answers them: the next pair is pressed when the status
line names the next image, so that the terminal's own time counts too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path

# This comes first: it makes the terminal of the tests importable.
from link import CELL, SIZE, start, table  # isort: skip

from harness import Terminal
from numbered import sights, write_numbered

RATES = (5, 10, 20, 30)


def at_a_rate(folder: Path, kind: str, hertz: float, count: int) -> int:
    """How many of the images were shown before the next key."""
    with Terminal([folder], kind=kind, size=SIZE, cell=CELL) as terminal:
        start(terminal)
        begun = time.monotonic()
        for number in range(count):
            terminal.pump(until=begun + number / hertz)
            terminal.press("1", "j")
        terminal.pump(until=begun + count / hertz)
        ends = [at for at, key in terminal.pressed if key == b"j"] + [begun + count / hertz]
        terminal.settle(1.0, 60)
        seen = sights(terminal)
    return sum(
        any(sight.number == number and at <= sight.at < end for sight in seen)
        for number, (at, end) in enumerate(pairwise(ends), start=1)
    )


def as_answered(folder: Path, kind: str, count: int) -> float:
    """Decisions a second, one after the other."""
    with Terminal([folder], kind=kind, size=SIZE, cell=CELL) as terminal:
        start(terminal)
        begun = time.monotonic()
        for number in range(count):
            terminal.press("1", "j")
            terminal.wait_for_item(number + 2, 30)
        return count / (time.monotonic() - begun)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer decisions and rates")
    parser.add_argument("--kind", choices=("kitty", "sixel", "iterm2"), action="append")
    args = parser.parse_args()
    count = 15 if args.quick else 40
    rates = RATES[1::2] if args.quick else RATES
    kinds = args.kind or (("kitty", "sixel") if args.quick else ("kitty", "sixel", "iterm2"))
    rows = [("", *(f"shown at {rate} Hz" for rate in rates), "as answered, 1/s")]
    with tempfile.TemporaryDirectory() as place:
        folder = write_numbered(Path(place) / "pictures", count + 10)
        for kind in kinds:
            shown = [f"{at_a_rate(folder, kind, rate, count)} of {count}" for rate in rates]
            rows.append((kind, *shown, f"{as_answered(folder, kind, count):.1f}"))
    table(rows)


if __name__ == "__main__":
    main()
