"""Say where decisions and settings are kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from tuiview.commands.options import add_store, open_paths, settings_of, store_path_of

EPILOG = """\
examples:
  tuiview locate data/
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("path", metavar="PATH", help="folder, file or table")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line for each file, with what it is."""
    from platformdirs import user_config_path

    settings = settings_of(args, Path(args.path))
    collection = open_paths([args.path], args)
    path = store_path_of(collection.root, settings)
    print(f"decisions\t{path}{'' if path.exists() else ' (none yet)'}")
    for file in settings.files or (user_config_path("tuiview") / "config.toml",):
        print(f"settings\t{file}{'' if file.exists() else ' (none)'}")
    return 0
