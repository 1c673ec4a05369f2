"""The next picture over a slow link: 10 Mbit/s, 50 ms, the real program, by protocol.

    python benchmarks/link.py [--quick] [--rate MBIT] [--round-trip MS] [--kind kitty]

The program runs on a pseudo-terminal; the link and the terminal at its far end are imitated, and
the terminal decodes what arrives, so that a picture counts when its pixels are there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

for _room in ("graphics", "terminal"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / _room))

from harness import Link, Terminal  # noqa: E402
from numbered import Sight, number_of, sights, write_numbered  # noqa: E402

SIZE, CELL = (140, 46), (10, 20)
REST = 1.5


def shown(terminal: Terminal, number: int) -> bool:
    """Whether the picture of this number stands on the screen now."""
    return number_of(terminal.picture()) == number


def start(terminal: Terminal) -> None:
    """Wait for the first picture, and until nothing more is sent ahead."""
    terminal.wait_for_item(1, 30)
    terminal.settle(REST, 60)


def rested(folder: Path, kind: str, link: Link, presses: int) -> tuple[list[float], list[float]]:
    """Seconds from key to picture, and to its finest form, when the reviewer looks at each."""
    first, finest = [], []
    with Terminal([folder], kind=kind, size=SIZE, cell=CELL, link=link) as terminal:
        start(terminal)
        for _ in range(presses):
            terminal.press("j")
            terminal.settle(REST, 60)
        seen = sights(terminal)
        for number, (at, _key) in enumerate(terminal.pressed, start=1):
            mine = [sight.at - at for sight in seen if sight.number == number and sight.at >= at]
            if mine:
                first.append(mine[0])
                finest.append(mine[-1])
    if not first:
        raise SystemExit(f"{kind}: no picture was recognised")
    return first, finest


def hurried(folder: Path, kind: str, link: Link, presses: int = 10) -> tuple[float, float, int]:
    """After ten presses at 10 Hz: seconds to the last picture, to its finest form, bytes."""
    with Terminal([folder], kind=kind, size=SIZE, cell=CELL, link=link) as terminal:
        start(terminal)
        mark = terminal.mark()
        terminal.press_at_rate("j", presses, 0.1)
        terminal.settle(REST, 60)
        last = terminal.pressed[-1][0]
        mine: list[Sight] = [s for s in sights(terminal) if s.number == presses and s.at >= last]
        if not mine:
            raise SystemExit(f"{kind}: the last picture did not come")
        return mine[0].at - last, mine[-1].at - last, len(terminal.output) - mark


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in
                        enumerate(zip(row, widths, strict=True))))  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer presses")
    parser.add_argument("--rate", type=float, default=10.0, metavar="MBIT", help="Mbit/s")
    parser.add_argument("--round-trip", type=float, default=50.0, metavar="MS", help="ms")
    parser.add_argument("--kind", choices=("kitty", "sixel", "iterm2"), action="append")
    args = parser.parse_args()
    link = Link(args.rate * 1e6, args.round_trip / 1000)
    presses = 4 if args.quick else 10
    rows = [
        ("", "next picture, ms", "round trips", "finest, ms", "10 at 10 Hz, ms", "finest, ms", "kB")
    ]
    with tempfile.TemporaryDirectory() as place:
        folder = write_numbered(Path(place) / "pictures", 24)
        for kind in args.kind or ("kitty", "sixel", "iterm2"):
            first, finest = rested(folder, kind, link, presses)
            soon, last, nbytes = hurried(folder, kind, link)
            median = statistics.median(first)
            rows.append((
                kind, f"{median * 1000:.0f}", f"{median / link.round_trip:.2f}",
                f"{statistics.median(finest) * 1000:.0f}", f"{soon * 1000:.0f}",
                f"{last * 1000:.0f}", f"{nbytes / 1000:.0f}",
            ))  # fmt: skip
    print(f"link of {args.rate:g} Mbit/s, {args.round_trip:g} ms; pictures of 1000 x 800, noisy")
    table(rows)


if __name__ == "__main__":
    main()
