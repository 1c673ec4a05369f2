"""Make a realistic sample set (seeded, about 50 files) and review it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tuiview.commands.options import add_store, add_terminal

EPILOG = """\
examples:
  tuiview demo                 in tuiview's cache folder, opened in the reviewer
  tuiview demo --only-make -o samples/
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help="where to make it")
    parser.add_argument("--only-make", action="store_true", help="make it and print its folder")
    add_store(parser)
    add_terminal(parser)


def run(args: argparse.Namespace) -> int:
    """Make the samples; review them."""
    from platformdirs import user_cache_path

    from tuiview.demo import make_demo

    folder = args.output or user_cache_path("tuiview") / "demo"
    if not (folder / "tuiview.toml").exists():
        print(f"making sample images in {folder} ...", file=sys.stderr)
        make_demo(folder)
    if args.only_make:
        print(folder)
        return 0
    print(f"sample images: {folder}", file=sys.stderr)
    from tuiview.commands import review

    parser = argparse.ArgumentParser()
    review.arguments(parser)
    words = [str(folder)]
    for option in ("store", "reviewer", "graphics"):
        if (value := getattr(args, option)) is not None:
            words += [f"--{option}", str(value)]
    return review.run(parser.parse_args(words))
