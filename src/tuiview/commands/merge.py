"""Unite the decisions of several machines or reviewers in one database.

Any order, any number of times: the result is the same. Nothing is lost; where two copies of one
reviewer's decisions went on apart, both histories are kept and the conflicts are listed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tuiview.collection.replicates import told_key
from tuiview.text import printable

EPILOG = """\
examples:
  tuiview merge laptop.sqlite cluster.sqlite -o all.sqlite
  tuiview merge other.sqlite -o mine.sqlite          into an existing one, after a backup
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("stores", metavar="STORE", nargs="+", type=Path, help="databases to read")
    parser.add_argument("-o", "--into", metavar="STORE", type=Path, required=True)
    parser.add_argument("--take-over", action="store_true", help="take a stale lock over")


def run(args: argparse.Namespace) -> int:
    """Unite; conflicts are data (tab-separated), everything else goes to stderr."""
    from tuiview.review.merge import merge

    merged = merge(args.stores, args.into, take_over=args.take_over)
    for path, added in merged.added.items():
        print(f"{path}: {added:,} new events", file=sys.stderr)
    for notice in merged.notices:
        print(printable(notice), file=sys.stderr)
    for c in merged.conflicts:
        fields = (c.reviewer, told_key(c.key), c.field, c.name, c.earlier.value, c.earlier.host,
                  c.later.value, c.later.host)  # fmt: skip
        print("\t".join(printable(field) for field in fields))
    print(f"{args.into}: {', '.join(map(printable, merged.reviewers))}", file=sys.stderr)
    return 0
