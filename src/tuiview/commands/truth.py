"""What reviewers found of known items, in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.errors import TuiviewError
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.review.completeness import Fraction, Tested
    from tuiview.review.reading import Row
    from tuiview.settings import Settings

_EXAMPLES = 5


def compared(
    path: Path, rows: Sequence[Row], collection: Collection, settings: Settings
) -> list[Tested]:
    """Hold what was said against the table at `path`; what is odd about it goes to stderr.

    Raises:
        TuiviewError: It cannot be read, or names no item of the collection.
    """
    from tuiview.collection.selection import Tabular
    from tuiview.exchange.names import Names
    from tuiview.exchange.truth import read_truth
    from tuiview.review.completeness import completeness

    collection.start(lambda: None)
    collection.wait()
    categories = [category.name for category in settings.categories]
    key = collection.key_column if isinstance(collection, Tabular) else None
    truth = read_truth(path, Names(collection), categories, key)
    if not truth.known:
        raise TuiviewError(
            f"{printable(path.name)} names no item of {collection.title}",
            f"it names {', '.join(map(printable, truth.unknown[:3]))}" if truth.unknown else "",
        )
    if truth.unknown:
        _say(f"{len(truth.unknown):,} names belong to no item or to several", truth.unknown)
    used = {name for row in rows for name in row.state.categories}
    known = set().union(*truth.known.values())
    if unfamiliar := sorted(known.difference(categories, used)):
        _say(f"no category of {collection.title} is called so", unfamiliar)
    return completeness(rows, truth.known)


def _say(words: str, names: Sequence[str]) -> None:
    more = ", ..." if len(names) > _EXAMPLES else ""
    told = ", ".join(map(printable, names[:_EXAMPLES]))
    print(f"tuiview: {words}: {told}{more}", file=sys.stderr)


def words_of(found: Sequence[Tested]) -> Iterator[str]:
    """The report on known items, line by line."""
    from tuiview.review.completeness import joined

    if not found:
        yield ""
        yield "no known item has been seen yet"
    for one in found:
        yield ""
        yield f"{printable(one.reviewer)} on {one.known:,} known items, {one.seen:,} of them seen:"
        for name, parts in one.by_category.items():
            yield f"  {printable(name)}"
            yield f"    completeness  {_figure(parts.completeness)}"
            yield f"    purity        {_figure(parts.purity)}"
            yield f"    false alarms  {_figure(parts.false_alarms)}"
        yield from _matrix(one)
        for key, (known, said) in list(one.wrong.items())[:_EXAMPLES]:
            yield printable(f"  {key}: known {joined(known)}, said {joined(said)}")
        if len(one.wrong) > _EXAMPLES:
            yield f"  and {len(one.wrong) - _EXAMPLES:,} more; --json has all"


def _matrix(one: Tested) -> Iterator[str]:
    """The confusion matrix: a line for what is known, a column for what was said."""
    said = sorted({label for counts in one.confusion.values() for label in counts})
    head = ["known \\ said", *map(printable, said)]
    lines = [
        [printable(known), *(f"{counts.get(label, 0):,}" for label in said)]
        for known, counts in one.confusion.items()
    ]
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    for first, *cells in (head, *lines):
        row = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  " + "  ".join((first.ljust(widths[0]), *row))


def _figure(part: Fraction) -> str:
    if not part.total:
        return "n/a"
    of = f"{part.count:,} of {part.total:,}"
    return f"{part.value:.3f}  ({part.low:.3f} to {part.high:.3f})  {of}"
