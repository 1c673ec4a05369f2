"""Make the pictures of the documents: the real program in a real xterm, on the sample data.

    python scripts/screenshots.py [NAME...] [--output DIR]

Needs xterm, Xvfb, xdotool and ImageMagick's import (`.ci/run` installs them). Each picture is
taken when the screen has stopped changing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from terminals import xterm
from window import PACKAGES, TOOLS, Window, missing, save_small

from tuiview.demo import make_demo

ROOT = Path(__file__).resolve().parent.parent
GEOMETRY = (132, 42)


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


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the documents.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images")
    args = parser.parse_args()
    if lacking := missing(("xterm", *TOOLS)):
        print(f"missing: {', '.join(lacking)}; apt-get install xterm {PACKAGES}", file=sys.stderr)
        return 1
    args.output.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        if args.names and shot.name not in args.names:
            continue
        with tempfile.TemporaryDirectory(prefix="tuiview-shots-") as place:
            folder = make_demo(Path(place) / "demo")
            command = [sys.executable, "-m", "tuiview", "--reviewer", "ada", *shot.arguments]
            started = xterm([*command, folder.name], Path(place), *GEOMETRY)
            with Window(started, cwd=Path(place)) as window:
                window.picture()
                window.press(shot.keys)
                path = args.output / f"{shot.name}.png"
                save_small(window.picture(), path)
        print(f"{path}  {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
