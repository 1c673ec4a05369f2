"""Take decisions and marks from files: tuiview's own exports, regions, Image Marker, notes.

What is recorded already is not recorded again, and nothing is ever removed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.commands.options import (
    add_collection,
    add_store,
    images_of,
    open_paths,
    settings_of,
    store_path_of,
)
from tuiview.errors import TuiviewError
from tuiview.exchange.given import FORMATS
from tuiview.exchange.marks import Imported
from tuiview.settings import Settings

if TYPE_CHECKING:
    from tuiview.review.store import Store

EPILOG = """\
examples:
  tuiview import data/ decisions.csv decisions_marks.csv
  tuiview import data/ regions/*.reg                   marks that DS9 saved
  tuiview import data/ marks.geojson
  tuiview import data/ save/ --format imgmarker        a save folder of Image Marker
  tuiview import data/ notes.json
"""
_PATIENCE = 10.0
"""Seconds for which writing may fail on end."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("path", metavar="PATH", help="folder, file or table that is reviewed")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="what to read")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="(by the file; csv also stands for ECSV, VOTable, Parquet)",
    )
    parser.add_argument("--group", metavar="NAME", help="of marks that name none (the first group)")
    parser.add_argument("--take-over", action="store_true", help="take a stale lock over")
    add_store(parser)
    add_collection(parser)


def run(args: argparse.Namespace) -> int:
    """Import into the reviewer's own decisions."""
    from tuiview.exchange.given import form_of, read_given
    from tuiview.exchange.marks import Importer
    from tuiview.exchange.names import Names
    from tuiview.review.locations import remember_images
    from tuiview.review.store import Store

    settings = settings_of(args, Path(args.path))
    collection = open_paths([args.path], args)
    collection.start(lambda: None)
    collection.wait()
    path = store_path_of(collection, settings)
    categories = [category.name for category in settings.categories]
    default = settings.groups[0].name if settings.groups else "1"
    store = Store.open(
        path, settings.reviewer, collection=str(collection.root), take_over=args.take_over
    )
    remember_images(path, images_of(collection))
    try:
        names = Names(collection)
        for file in args.files:
            form = args.format or form_of(file)
            origin = {"import": {"format": form, "file": file.name}}
            importer = Importer(store, names, args.group or default, origin)
            _tell(file, importer.take(read_given(file, form, categories)))
            if form == "imgmarker":
                _tell_settings(file, settings)
    finally:
        # Also after an error: what the files before it said is in the queue.
        _end(store)
        collection.close()
    print(f"decisions: {path}", file=sys.stderr)
    return 0


def _end(store: Store) -> None:
    """Make everything durable, or say how much is not; an interrupt cuts the waiting short.

    Raises:
        TuiviewError: Decisions could not be written to the store.
    """
    try:
        store.flush(_PATIENCE)
    finally:
        error = store.status.error
        left = store.close()
        if left.unsaved:
            reason = f": {error}" if error else ""
            raise TuiviewError(f"{left.unsaved:,} decisions could not be saved{reason}", left.hint)


def _tell_settings(file: Path, settings: Settings) -> None:
    from tuiview.exchange.imgmarker import settings_of
    from tuiview.text import printable

    groups = [group.name for group in settings.groups]
    categories = [category.name for category in settings.categories]
    if lines := settings_of(file, groups, categories):
        print(
            f"{printable(file.name)}: its groups and categories have no keys here; this in a"
            f" tuiview.toml beside the data gives them some:\n\n{printable(lines, lines=True)}",
            file=sys.stderr,
        )


def _tell(file: Path, result: Imported) -> None:
    from tuiview.text import printable

    def say(words: str) -> None:
        print(printable(f"{file.name}: {words}"), file=sys.stderr)

    say(
        f"{result.marks:,} marks and {result.decisions:,} other decisions are new;"
        f" {result.known:,} were known"
    )
    if result.unknown:
        say(
            f"{len(result.unknown):,} names belong to no image here and are kept as they are:"
            f" {_some(result.unknown)}"
        )
    if result.ambiguous:
        say(
            f"{len(result.ambiguous):,} names belong to several images and are left out:"
            f" {_some(result.ambiguous)}"
        )
    if result.unplaced:
        say(f"{result.unplaced:,} marks have no position in their image and are left out")
    for reviewer, count in result.others.items():
        say(f"{count:,} entries of {reviewer} are left out; --reviewer {reviewer} takes them")
    for problem in result.problems[:5]:
        say(problem)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
