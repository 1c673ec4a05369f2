"""Say how far a review has come, and how far its reviewers agree, also each with themself.

Everybody's decisions count that lie beside yours (`tuiview locate PATH`), and those of further
databases that are named. What was said of images that came back (`tuiview --repeats`) is compared
with what the same reviewer said of them first. Kappa and alpha are 1 for full agreement and 0 for
what chance gives.

Items whose categories are known beforehand, mixed among the others, tell how far a review can be
trusted: --truth takes a table of them, with columns item and category (empty or none where nothing
is to be found), and reports for each reviewer and category the completeness, the purity and the
share of false alarms, each with Wilson's interval of 68.3 %, and the confusion matrix. A known item
that was looked at and passed over counts as none; purity is that among the known items. The
reviewer shows nothing of it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import to_builtins
from msgspec.structs import asdict

from tuiview.commands.options import (
    add_collection,
    add_reviewed,
    add_store,
    beside,
    open_paths,
    settings_of,
    store_path_of,
)
from tuiview.errors import TuiviewError, UsageError
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.review.agreement import Agreement
    from tuiview.review.consistency import Consistency
    from tuiview.review.reading import Row

_EXAMPLES = 5
"""How many items are named on which a reviewer differs with themself."""

EPILOG = """\
examples:
  tuiview report data/
  tuiview report data/ --with laptop.sqlite
  tuiview report night1.h5 night2.h5              several that were reviewed as one
  tuiview report data/ --disputed > again.tsv     items on which reviewers differ
  tuiview report data/ known/ --truth known.csv   completeness and purity on known items
  tuiview report data/ --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_reviewed(parser)
    parser.add_argument(
        "--with", dest="others", metavar="STORE", type=Path, action="append", default=[],
        help="another database of decisions; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--truth", metavar="TABLE", type=Path,
        help="hold decisions against a table of known items: columns item and category",
    )  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything as JSON")
    form.add_argument(
        "--disputed", action="store_true",
        help="only the items on which reviewers differ, also with themselves, a line each,"
        " separated by tabs",
    )  # fmt: skip
    add_store(parser)
    add_collection(parser)


def run(args: argparse.Namespace) -> int:
    """Compare snapshots; the reviewers may be running."""
    from tuiview.review.agreement import agreement
    from tuiview.review.consistency import consistency

    settings = settings_of(args, beside(args.paths))
    if args.truth is not None and args.disputed:
        raise UsageError("--truth and --disputed say different things", "take one of them")
    collection = open_paths(args.paths, args)
    own = store_path_of(collection, settings)
    stores = [*sorted(own.parent.glob("*.sqlite")), *args.others]
    if not stores:
        raise TuiviewError(
            f"no decisions on {' '.join(args.paths)} yet",
            f"they would be in {own}; --with names others",
        )
    rows = list(_rows(stores, seen=args.truth is not None))
    found, selves = agreement(rows), consistency(rows)
    known = None
    if args.truth is not None:
        from tuiview.commands import truth

        known = truth.compared(args.truth, rows, collection, settings)
    if args.json:
        fields = _fields(found, selves)
        if known is not None:
            fields["truth"] = _plain(known)
        print(json.dumps(fields, indent=1, ensure_ascii=False))
    elif args.disputed:
        _print_disputed(found, selves)
    else:
        print("\n".join((*_words(found), *_words_of_selves(selves))))
        if known is not None:
            print("\n".join(truth.words_of(known)))
    return 0


def _rows(paths: Sequence[Path], *, seen: bool) -> Iterator[Row]:
    from tuiview.review import snapshot

    for path in paths:
        with snapshot.take(path) as store:
            for notice in store.notices:
                print(f"tuiview: {printable(notice)}", file=sys.stderr)
            yield from store.export_rows(repeats=True, seen=seen)


def _fields(found: Agreement, selves: Sequence[Consistency]) -> dict[str, object]:
    return {
        name: _plain(value) for name, value in (asdict(found) | {"consistency": selves}).items()
    }


def _plain(value: object) -> object:
    """The same as JSON has it: sets in order, no NaN."""
    return _finite(to_builtins(value, order="deterministic"))


def _finite(value: object) -> object:
    """The same without NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _print_disputed(found: Agreement, selves: Sequence[Consistency]) -> None:
    disputed = {key: dict(said) for key, said in found.disputed.items()}
    again = {one.reviewer: f"{one.reviewer} again" for one in selves if one.disputed}
    for one in selves:
        for key, (first, then) in one.disputed.items():
            of_key = disputed.setdefault(key, {})
            of_key |= {one.reviewer: first, again[one.reviewer]: then}
    reviewers = [done.reviewer for done in found.done]
    names = [name for who in reviewers for name in (who, again.get(who)) if name]
    print("\t".join(["item", *map(printable, names)]))
    for key, said in disputed.items():
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


def _words_of_selves(selves: Sequence[Consistency]) -> Iterator[str]:
    for one in selves:
        yield ""
        yield (
            f"{printable(one.reviewer)} with themself: {one.items:,} items decided twice,"
            f" {one.same:.0%} the same, Cohen's kappa {_figure(one.kappa).strip()}"
        )
        yield from (f"  {_figure(k)}  {printable(name)}" for name, k in one.by_category.items())
        if one.marks or one.marks_once:
            sky = "" if math.isnan(one.arcsec) else f" ({one.arcsec:.3g} arcsec)"
            apart = (
                "" if math.isnan(one.pixels) else f", {one.pixels:.3g} pixels{sky} apart (median)"
            )
            yield f"  marks: {one.marks:,} both times{apart}; {one.marks_once:,} only once"
        for key, said in list(one.disputed.items())[:_EXAMPLES]:
            first, again = (", ".join(sorted(names)) or "none" for names in said)
            yield printable(f"  {key}: first {first}, then {again}")
        if len(one.disputed) > _EXAMPLES:
            yield f"  and {len(one.disputed) - _EXAMPLES:,} more; --json has all"


def _figure(value: float) -> str:
    return "   n/a" if math.isnan(value) else f"{value:6.3f}"
