"""Make the pictures of the documents: the real program in a real xterm, on the sample data.

    python scripts/screenshots.py [NAME...] [--output DIR]

Needs xterm, Xvfb, xdotool and ImageMagick's import (`.ci/run` installs them). Each picture is
taken when the screen has stopped changing.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from PIL import Image, ImageChops

from tuiview.demo import make_demo

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("xterm", "Xvfb", "xdotool", "import")
LARGEST = 300_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: which keys lead to it, `xdotool`'s names, `:words` typed as text."""

    name: str
    keys: tuple[str, ...]
    arguments: tuple[str, ...] = ()


SHOTS = (
    Shot("review", ("1", "f", "j", "3", "j", "2")),
    Shot("mosaic", ("::12", "Return", "t", "t")),
    Shot("zoom", ("::12", "Return", "t", "t", "plus", "plus", "L")),
    Shot("colormap", ("::11", "Return", "t", "t", "c", "c")),
    Shot("damaged", ("::13", "Return")),
    Shot("marks", ("::20", "Return", "m", "apostrophe", "1", "apostrophe", "2", "apostrophe", "3")),
    Shot("examine", ("::20", "Return", "m", "apostrophe", "s", "x", "r")),
    Shot("help", ("question",)),
    Shot("blocks", (), ("--graphics", "blocks")),
)


class Xterm:
    """An xterm that draws sixels, on an X server of its own."""

    def __init__(self, command: list[str], *, cwd: Path, geometry: str = "132x42") -> None:
        reader, writer = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
            pass_fds=(writer,),
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise SystemExit("Xvfb did not start")
        self._environment = os.environ | {
            "DISPLAY": f":{number}", "HOME": str(cwd), "XDG_DATA_HOME": str(cwd / "data"),
            "XDG_CONFIG_HOME": str(cwd / "config"), "XDG_CACHE_HOME": str(cwd / "cache"),
            "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        for name in ("TMUX", "STY", "TERM_PROGRAM", "NO_COLOR"):
            self._environment.pop(name, None)
        resources = [
            "XTerm*decTerminalID: vt340", "XTerm*numColorRegisters: 256",
            "XTerm*maxGraphicSize: 4000x4000", "XTerm*scrollBar: false",
            "XTerm*background: #101014", "XTerm*foreground: #e0e0e0", "XTerm*cursorColor: #101014",
        ]  # fmt: skip
        options = [part for resource in resources for part in ("-xrm", resource)]
        self._xterm = subprocess.Popen(
            ["xterm", "-ti", "vt340", *options, "-fa", "DejaVu Sans Mono", "-fs", "10",
             "-b", "0", "-bw", "0", "-geometry", f"{geometry}+0+0",
             # xterm takes the variable away from its own environment.
             "-e", "env", "COLORTERM=truecolor", *command],
            env=self._environment, cwd=cwd, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The program saves what it has to before it ends, into a folder that is removed next.
        programs = psutil.Process(self._xterm.pid).children(recursive=True)
        self._xterm.terminate()
        self._xterm.wait()
        psutil.wait_procs(programs, timeout=10)
        self._server.terminate()
        self._server.wait()

    def press(self, keys: tuple[str, ...]) -> None:
        """Press keys one after the other; `:text` types the text."""
        # Without a window manager the keyboard goes to the window below the pointer.
        self._run("xdotool", "mousemove", "1390", "990")
        self._run("xdotool", "mousemove", "300", "300")
        for key in keys:
            if key.startswith(":"):
                self._run("xdotool", "type", "--delay", "40", key[1:])
            else:
                self._run("xdotool", "key", key)
            self.picture(quiet=2)

    def picture(self, *, quiet: int = 4) -> Image.Image:
        """The screen, once it has been the same `quiet` looks in a row."""
        same, last = 0, self._look()
        deadline = time.monotonic() + 30
        while same < quiet:
            if time.monotonic() > deadline:
                raise SystemExit("the screen does not stop changing")
            if self._xterm.poll() is not None:
                raise SystemExit("the program has ended")
            time.sleep(0.15)
            now = self._look()
            drawn = len(now.getcolors(1 << 20) or range(9)) > 8
            same = same + 1 if drawn and not ImageChops.difference(now, last).getbbox() else 0
            last = now
        box = ImageChops.difference(last, Image.new("RGB", last.size)).getbbox()
        return last.crop(box)

    def _look(self) -> Image.Image:
        taken = self._run("import", "-silent", "-window", "root", "png:-")
        return Image.open(io.BytesIO(taken)).convert("RGB")

    def _run(self, *command: str) -> bytes:
        return subprocess.run(
            command, env=self._environment, check=True, capture_output=True
        ).stdout


def save_small(picture: Image.Image, path: Path) -> None:
    """Save as PNG with a palette, of fewer colours until it is small enough."""
    for colors in (256, 128, 64, 32):
        # Means that move: without them the few bright pixels of a faint sky share one colour.
        reduced = picture.quantize(colors, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=0)
        reduced.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            break


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the documents.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images")
    args = parser.parse_args()
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"missing: {', '.join(missing)}; apt-get install xterm xvfb xdotool imagemagick",
              file=sys.stderr)  # fmt: skip
        return 1
    args.output.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        if args.names and shot.name not in args.names:
            continue
        with tempfile.TemporaryDirectory(prefix="tuiview-shots-") as place:
            folder = make_demo(Path(place) / "demo")
            command = [sys.executable, "-m", "tuiview", "--reviewer", "ada", *shot.arguments]
            with Xterm([*command, folder.name], cwd=Path(place)) as xterm:
                xterm.picture()
                xterm.press(shot.keys)
                path = args.output / f"{shot.name}.png"
                save_small(xterm.picture(), path)
        print(f"{path}  {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
