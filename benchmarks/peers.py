"""tuiview beside a plain Textual app with textual-image's widgets, and beside Image Marker.

    python benchmarks/peers.py [--quick] [--imgmarker PYTHON]

Key to last byte and bytes of the next picture; pictures of 1000 x 800. The first two run on the
same terminal. Image Marker, a Qt program, runs where it is installed (`pip install imgmarker`; in
another environment than this one, name that one's Python), without a screen: its time is from the
key's method to the window drawn into memory, which no link and no display server lengthens.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
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
IMGMARKER = """
import json, os, sys, time

os.environ["QT_QPA_PLATFORM"] = "offscreen"
folder, save, presses = sys.argv[1], sys.argv[2], int(sys.argv[3])
from imgmarker import config
from imgmarker.gui.pyqt import QApplication

app = QApplication(sys.argv[:1])
config.SAVE_DIR, config.IMAGE_DIR = save, os.path.join(folder, "")
from imgmarker.gui.window import MainWindow

window = MainWindow()
window.resize(1300, 900)
window.show()
window.image_view.zoomfit()
app.processEvents()
window.grab()
times = []
for _ in range(presses):
    start = time.perf_counter()
    window.shift(1)
    app.processEvents()
    window.grab()
    times.append(1000 * (time.perf_counter() - start))
print(json.dumps(times), flush=True)
os._exit(0)
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
            terminal.wait_for(lambda t, mark=mark: t.mark() > mark + 20_000, 30, wanted="a picture")
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


def imgmarker(folder: Path, python: str, presses: int) -> tuple[str, ...]:
    """Image Marker, its window drawn into memory."""
    with tempfile.TemporaryDirectory() as save:
        command = [python, "-c", IMGMARKER, str(folder), save, str(presses)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise SystemExit(done.stderr)
    times = json.loads(done.stdout.splitlines()[-1])
    return ("imgmarker, no display", f"{statistics.median(times):.1f}", "-")


def _row(name: str, times: list[float], sizes: list[int]) -> tuple[str, ...]:
    if not times:
        return (name, "-", "-")
    return (name, f"{statistics.median(times):.1f}", f"{statistics.median(sizes) / 1000:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer presses")
    parser.add_argument("--imgmarker", metavar="PYTHON", help="the Python that has imgmarker")
    args = parser.parse_args()
    qt = args.imgmarker or (sys.executable if importlib.util.find_spec("imgmarker") else None)
    presses = 3 if args.quick else 10
    rows: list[tuple[str, ...]] = [("", "next, ms", "next, kB")]
    with tempfile.TemporaryDirectory() as place:
        folder = write_numbered(Path(place) / "pictures", 16)
        for kind in ("kitty", "sixel"):
            rows.append(ours(folder, kind, presses))
            rows.append(peer(folder, kind, presses))
        if qt is not None:
            rows.append(imgmarker(folder, qt, presses))
    table(rows)


if __name__ == "__main__":
    main()
