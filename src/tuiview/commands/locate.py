"""Say where decisions and settings are kept."""

from __future__ import annotations

import argparse
import sys

from tuiview.commands.options import (
    add_reviewed,
    add_store,
    beside,
    images_of,
    open_paths,
    settings_of,
    store_path_of,
)

EPILOG = """\
examples:
  tuiview locate data/
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_reviewed(parser)
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line for each file, with what it is."""
    from platformdirs import user_config_path

    from tuiview.review.locations import stores_of

    settings = settings_of(args, beside(args.paths))
    collection = open_paths(args.paths, args)
    path = store_path_of(collection, settings)
    print(f"decisions\t{path}")
    if not path.exists():
        print("tuiview: nothing has been decided there yet", file=sys.stderr)
    for folder in stores_of(images_of(collection), path.parent.parent):
        if folder != path.parent and (other := folder / path.name).exists():
            print(f"on the same images\t{other}")
            print("tuiview: `tuiview merge` unites decisions on the same images", file=sys.stderr)
    for file in settings.files or (user_config_path("tuiview") / "config.toml",):
        print(f"settings\t{file}")
        if not file.exists():
            print("tuiview: there is no file of settings yet", file=sys.stderr)
    return 0
