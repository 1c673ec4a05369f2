"""Write decisions and marks to files: tables, regions, GeoJSON, Image Marker's, notes, a page."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.commands.options import (
    add_collection,
    add_reviewed,
    add_store,
    beside,
    open_paths,
    settings_of,
    store_path_of,
)
from tuiview.commands.pages import add_page
from tuiview.errors import UsageError

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.review.snapshot import Snapshot
    from tuiview.settings import Settings

TABLES = ("csv", "parquet", "ecsv", "votable")
OTHERS = ("regions", "geojson", "imgmarker", "notes-json", "html")

EPILOG = """\
examples:
  tuiview export data/                          items as CSV on standard output
  tuiview export data/ -o decisions.csv         and marks in decisions_marks.csv
  tuiview export data/ --format parquet -o decisions.parquet
  tuiview export data/ --format regions -o regions/    marks for DS9, one file for each image
  tuiview export data/ --format regions -o marks.reg   all in one file, on the sky
  tuiview export data/ --format geojson -o marks.geojson
  tuiview export data/ --format imgmarker -o marker/   for Image Marker 1.2
  tuiview export data/ --format notes-json -o notes.json
  tuiview export data/ --format html -o review.html    pictures and decisions in one page
  tuiview export night1.h5 night2.h5 -o night.csv      several that were reviewed as one
  tuiview export maps.datastack --format html --all --in-step --stretch histeq -o maps.html

`tuiview import` reads all of them back but the page.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_reviewed(parser)
    parser.add_argument("--format", choices=(*TABLES, *OTHERS), default="csv", help="(csv)")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path,
        help="file, or folder for regions and imgmarker; else standard output",
    )  # fmt: skip
    add_page(parser)
    add_store(parser)
    add_collection(parser)


def run(args: argparse.Namespace) -> int:
    """Export from a snapshot; the reviewer may be running."""
    from tuiview.review import snapshot

    output: Path | None = args.output
    if output is None and args.format not in ("csv", "notes-json", "geojson"):
        raise UsageError(f"--format {args.format} needs a file", "-o decisions." + args.format)
    settings = settings_of(args, beside(args.paths))
    collection = open_paths(args.paths, args)
    path = store_path_of(collection, settings)
    if args.format == "html" and args.all and not path.exists():
        return _page(args, None, settings, collection)
    with snapshot.take(path) as store:
        for notice in store.notices:
            _say(notice)
        if args.format in TABLES:
            return _tables(store, collection.root, args.format, output)
        if args.format != "imgmarker":
            _tell_repeats(store)
        if args.format == "html":
            return _page(args, store, settings, collection)
        write: Callable[[Snapshot, Path, Settings, Collection], None]
        if args.format == "regions":
            write = _regions
        elif args.format == "imgmarker":
            write = _imgmarker
        else:
            return _json(store, args.format, output)
        assert output is not None
        write(store, output, settings, collection)
    return 0


def _say(words: str) -> None:
    from tuiview.text import printable

    print(f"tuiview: {printable(words)}", file=sys.stderr)


def _tables(store: Snapshot, root: Path, form: str, output: Path | None) -> int:
    from tuiview.exchange import tables

    items = (tables.ITEM_COLUMNS, tables.items(store, root))
    if output is None:
        tables.write_csv(items, sys.stdout)
        return 0
    tables.write_table(items, output, form)
    marks_path = output.with_name(f"{output.stem}_marks{output.suffix}")
    tables.write_table((tables.MARK_COLUMNS, tables.marks(store, root)), marks_path, form)
    print(output)
    print(marks_path)
    return 0


def _regions(store: Snapshot, output: Path, settings: Settings, collection: Collection) -> None:
    from tuiview.exchange.regionmarks import write_images, write_sky
    from tuiview.exchange.tables import replaced

    if output.suffix.lower() != ".reg":
        for path in write_images(store.export_marks(), output, settings.groups):
            print(path)
        return
    with replaced(output) as stream:
        _, left = write_sky(store.export_marks(), stream, settings.groups)
    print(output)
    if left:
        _say(f"{left:,} marks have no sky position and are left out; a folder takes them all")


def _imgmarker(store: Snapshot, output: Path, settings: Settings, collection: Collection) -> None:
    from tuiview.exchange.imgmarker import write_imgmarker
    from tuiview.exchange.names import Names

    collection.start(lambda: None)
    collection.wait()
    written = write_imgmarker(
        store, Names(collection), collection.root, output, settings.reviewer, settings
    )
    for path in written.files:
        print(path)
    for notice in written.notices:
        _say(notice)


def _page(
    args: argparse.Namespace, store: Snapshot | None, settings: Settings, collection: Collection
) -> int:
    from tuiview.commands.pages import write

    count = write(args, store, settings, collection, args.output)
    print(args.output)
    if not count:
        _say("nothing is decided yet; --all writes every item")
    return 0


def _tell_repeats(store: Snapshot) -> None:
    """Say what this format has no place for."""
    left = sum(row.replicate > 1 for row in store.export_rows(repeats=True))
    if left:
        _say(f"{left:,} images that came back are left out; csv and other tables have them")


def _json(store: Snapshot, form: str, output: Path | None) -> int:
    from tuiview.exchange.geojson import write_marks
    from tuiview.exchange.notes import write_notes
    from tuiview.exchange.tables import replaced

    def write(stream: object) -> list[str]:
        if form == "geojson":
            write_marks(store.export_marks(), stream)  # type: ignore[arg-type]
            return []
        return write_notes(store.export_rows(), stream)  # type: ignore[arg-type]

    if output is None:
        doubled = write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with replaced(output) as stream:
            doubled = write(stream)
        print(output)
    if doubled:
        _say(f"several images share a name; their notes are joined: {', '.join(doubled[:5])}")
    return 0
