"""Make the pictures of docs/displays.md by the commands that stand there.

    python scripts/displays.py DATA

DATA is the folder of sample files. Pictures whose file is absent are left as they are and named.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tuiview.cli import main as tuiview

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "displays.md"
PICTURES = ROOT / "docs" / "images" / "displays"
_COMMAND = re.compile(r"^tuiview (snapshot .*) -o (\w+)\.png$", re.MULTILINE)


def displays() -> Iterator[tuple[str, list[str]]]:
    """The name of each picture of the page, and the arguments that make it."""
    for command, name in _COMMAND.findall(PAGE.read_text(encoding="utf-8")):
        yield name, shlex.split(command)


def render(arguments: list[str], data: Path) -> Image.Image | None:
    """The picture that a command makes in the folder of samples, or None if it fails."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(data):
        path = Path(folder) / "picture.png"
        if tuiview([*arguments, "-o", str(path)]) != 0:
            return None
        with Image.open(path) as picture:
            return picture.convert("RGB")


def main() -> int:
    """Make all pictures; 1 if one could not be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    data = parser.parse_args().data.resolve()
    PICTURES.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, arguments in displays():
        picture = render(arguments, data)
        if picture is None:
            failed.append(name)
        else:
            picture.save(PICTURES / f"{name}.jpg", quality=88, subsampling=0)
    if failed:
        print(f"not made: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
