"""Say how far a review has come, and how far its reviewers agree.

Everybody's decisions count that lie beside yours (`tuiview locate PATH`), and those of further
databases that are named. Kappa and alpha are 1 for full agreement and 0 for what chance gives.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.commands.options import (
    add_collection,
    add_store,
    open_paths,
    settings_of,
    store_path_of,
)
from tuiview.errors import TuiviewError
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.review.agreement import Agreement
    from tuiview.review.reading import Row

EPILOG = """\
examples:
  tuiview report data/
  tuiview report data/ --with laptop.sqlite
  tuiview report data/ --disputed > again.tsv     items on which reviewers differ
  tuiview report data/ --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("path", metavar="PATH", help="folder, file or table that was reviewed")
    parser.add_argument(
        "--with", dest="others", metavar="STORE", type=Path, action="append", default=[],
        help="another database of decisions; may be given again",
    )  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything as JSON")
    form.add_argument(
        "--disputed", action="store_true",
        help="only the items on which reviewers differ, a line each, separated by tabs",
    )  # fmt: skip
    add_store(parser)
    add_collection(parser)


def run(args: argparse.Namespace) -> int:
    """Compare snapshots; the reviewers may be running."""
    from tuiview.review.agreement import agreement

    settings = settings_of(args, Path(args.path))
    own = store_path_of(open_paths([args.path], args), settings)
    stores = [*sorted(own.parent.glob("*.sqlite")), *args.others]
    if not stores:
        raise TuiviewError(
            f"no decisions on {args.path} yet", f"they would be in {own}; --with names others"
        )
    found = agreement(_rows(stores))
    if args.json:
        print(json.dumps(_fields(found), indent=1, ensure_ascii=False))
    elif args.disputed:
        _print_disputed(found)
    else:
        print("\n".join(_words(found)))
    return 0


def _rows(paths: Sequence[Path]) -> Iterator[Row]:
    from tuiview.review import snapshot

    for path in paths:
        with snapshot.take(path) as store:
            for notice in store.notices:
                print(f"tuiview: {printable(notice)}", file=sys.stderr)
            yield from store.export_rows()


def _fields(found: Agreement) -> dict[str, object]:
    fields = asdict(found)
    fields["disputed"] = {
        key: {who: sorted(names) for who, names in said.items()}
        for key, said in found.disputed.items()
    }
    return {name: _finite(value) for name, value in fields.items()}


def _finite(value: object) -> object:
    """The same without NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _print_disputed(found: Agreement) -> None:
    names = [done.reviewer for done in found.done]
    print("\t".join(["item", *map(printable, names)]))
    for key, said in found.disputed.items():
        cells = [", ".join(sorted(said[name])) or "none" if name in said else "" for name in names]
        print("\t".join(printable(cell) for cell in (key, *cells)))


def _words(found: Agreement) -> Iterator[str]:
    for done in found.done:
        yield f"{printable(done.reviewer)}: {done.decided:,} items decided"
        counts = {
            "favourites": done.favourites, "unsure": done.unsure, "notes": done.notes,
            "marks": done.marks, **done.categories,
        }  # fmt: skip
        yield from (f"  {n:>9,}  {printable(name)}" for name, n in counts.items() if n)
    if len(found.done) < 2:
        return
    yield ""
    yield f"decided by two or more: {found.items:,} items, {len(found.disputed):,} disputed"
    if not found.items:
        return
    yield f"Krippendorff's alpha  {_figure(found.alpha)}"
    yield from (f"  {_figure(a)}  {printable(name)}" for name, a in found.by_category.items())
    yield ""
    for pair in found.pairs:
        yield (
            f"{printable(pair.first)}, {printable(pair.second)}: {pair.items:,} items,"
            f" {pair.same:.0%} the same, Cohen's kappa {_figure(pair.kappa).strip()}"
        )
        yield from (f"  {_figure(k)}  {printable(name)}" for name, k in pair.by_category.items())


def _figure(value: float) -> str:
    return "   n/a" if math.isnan(value) else f"{value:6.3f}"
