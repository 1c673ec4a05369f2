"""tuiview beside a plain Textual app with textual-image's widgets, on the same terminal.

    python benchmarks/peers.py [--quick]

Key to last byte and bytes of the next picture; pictures of 1000 x 800.
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

PEER = """
import sys
from pathlib import Path
from textual.app import App
from textual.widgets import Footer
from textual_image.widget import SixelImage, TGPImage

files = sorted(Path(sys.argv[1]).iterdir())
kind = {"kitty": TGPImage, "sixel": SixelImage}[sys.argv[2]]

class Peer(App):
    CSS = "#picture { width: 100; height: 40; }"
    BINDINGS = [("j", "next", "next")]
    number = 0
    def compose(self):
        yield kind(files[0], id="picture")
        yield Footer()
    def action_next(self):
        self.number += 1
        self.query_one("#picture").image = files[self.number]

Peer().run()
"""


def peer(folder: Path, kind: str, presses: int) -> tuple[str, ...]:
    """A Textual app that shows one picture after the other."""
    command = (sys.executable, "-c", PEER, str(folder), kind)
    times, sizes = [], []
    with Terminal(command=command, kind=kind, size=SIZE, cell=CELL) as terminal:
        terminal.wait_for(lambda t: len(t.output) > 50_000, 30, wanted="the first picture")
        terminal.settle(1.0, 60)
        for _ in range(presses):
            mark = terminal.mark()
            terminal.press("j")
            terminal.settle(1.0, 60)
            times.append((terminal.last_byte() - terminal.pressed[-1][0]) * 1000)
            sizes.append(len(terminal.bytes_since(mark)))
    return _row(f"textual-image, {kind}", times, sizes)


def ours(folder: Path, kind: str, presses: int) -> tuple[str, ...]:
    """The real program."""
    times, sizes = [], []
    with Terminal([folder], kind=kind, size=SIZE, cell=CELL) as terminal:
        start(terminal)
        marks = []
        for _ in range(presses):
            marks.append(terminal.mark())
            terminal.press("j")
            terminal.settle(1.0, 60)
        keys = list(terminal.pressed)
        seen = sights(terminal)
        for number, ((at, _key), mark) in enumerate(zip(keys, marks, strict=True), start=1):
            mine = next((s for s in seen if s.number == number and s.at >= at), None)
            if mine is not None:
                times.append((mine.at - at) * 1000)
                sizes.append(mine.mark - mark)
    return _row(f"tuiview, {kind}", times, sizes)


def _row(name: str, times: list[float], sizes: list[int]) -> tuple[str, ...]:
    if not times:
        return (name, "-", "-")
    return (name, f"{statistics.median(times):.1f}", f"{statistics.median(sizes) / 1000:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer presses")
    args = parser.parse_args()
    presses = 3 if args.quick else 10
    rows: list[tuple[str, ...]] = [("", "next, ms", "next, kB")]
    with tempfile.TemporaryDirectory() as place:
        folder = write_numbered(Path(place) / "pictures", 16)
        for kind in ("kitty", "sixel"):
            rows.append(ours(folder, kind, presses))
            rows.append(peer(folder, kind, presses))
    table(rows)


if __name__ == "__main__":
    main()
