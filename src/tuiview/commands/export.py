"""Write decisions to a file: one row for each reviewed item, and marks to a second file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tuiview.commands.options import add_store, open_paths, settings_of, store_path_of

EPILOG = """\
examples:
  tuiview export data/                          items as CSV on standard output
  tuiview export data/ -o decisions.csv         and marks in decisions_marks.csv
  tuiview export data/ --format parquet -o decisions.parquet
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    from tuiview.exchange.tables import FORMATS

    parser.add_argument("path", metavar="PATH", help="folder, file or table that was reviewed")
    parser.add_argument("--format", choices=FORMATS, default="csv", help="(csv)")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="else standard output")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Export from a snapshot; the reviewer may be running."""
    from tuiview.errors import UsageError
    from tuiview.exchange import tables
    from tuiview.review import snapshot

    if args.output is None and args.format != "csv":
        raise UsageError(f"--format {args.format} needs a file", "-o decisions." + args.format)
    settings = settings_of(args, Path(args.path))
    root = open_paths([args.path], args).root
    with snapshot.take(store_path_of(root, settings)) as store:
        for notice in store.notices:
            print(f"tuiview: {notice}", file=sys.stderr)
        items = (tables.ITEM_COLUMNS, tables.items(store, root))
        if args.output is None:
            tables.write_csv(items, sys.stdout)
            return 0
        tables.write_table(items, args.output, args.format)
        marks_path = args.output.with_name(f"{args.output.stem}_marks{args.output.suffix}")
        tables.write_table(
            (tables.MARK_COLUMNS, tables.marks(store, root)), marks_path, args.format
        )
    print(args.output)
    print(marks_path)
    return 0
