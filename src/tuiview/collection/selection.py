"""Which rows are shown, and in which order: `--where`, `--sample`, `--order`, `--group-by`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.collection.base import Branch, Collection
from tuiview.collection.natural import natural_key, natural_ranks
from tuiview.collection.shuffle import Permutation
from tuiview.collection.view import View
from tuiview.collection.where import Condition, unknown_column
from tuiview.errors import Cancelled, Poll, UsageError, never
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = NDArray[np.integer[Any]]
Progress = Callable[[int, int], None]
"""Told now and then how many of how many rows have been read."""

_SORTED = 1 << 20


@runtime_checkable
class Tabular(Protocol):
    """A collection whose rows have columns."""

    @property
    def key_column(self) -> str | None:
        """The column that holds the keys, if there is one."""
        ...

    def columns(self) -> Sequence[str]:
        """What conditions and orders may speak of."""
        ...

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """These columns of all rows in row order, piece by piece."""
        ...


class Order(Struct, frozen=True):
    """How rows follow each other.

    Attributes:
        kind: `own` is the collection's, `name` the natural order of keys.
        column: What a `column` order sorts by.
        descending: Whether the largest comes first; rows without a value come last either way.
        seed: Of a `random` order; None if it was not given.
    """

    kind: Literal["own", "name", "random", "column"] = "own"
    column: str = ""
    descending: bool = False
    seed: int | None = None


def parse_order(text: str | None) -> Order:
    """Understand `name`, `random[:SEED]` or `COLUMN[:asc|desc]`; raises UsageError."""
    if not text or text == "own":
        return Order()
    head, _, tail = text.partition(":")
    if head == "random":
        return Order("random", seed=_number(tail, text) if tail else None)
    if text == "name":
        return Order("name")
    for ending, descending in ((":desc", True), (":asc", False)):
        if text.endswith(ending) and len(text) > len(ending):
            return Order("column", text.removesuffix(ending), descending)
    return Order("column", text)


def parse_sample(text: str) -> tuple[int, int | None]:
    """Understand `N[:SEED]`; raises UsageError."""
    head, _, tail = text.partition(":")
    count = _number(head, text)
    if count < 1:
        raise UsageError(f"A sample of {count} rows shows nothing.", "for example: --sample 500:1")
    return count, _number(tail, text) if tail else None


def _number(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(
            f"{printable(whole)!r} is not understood.",
            "a seed or count is a whole number, as in random:42 or 500:42",
        )
    return int(text)


def select(
    collection: Collection,
    *,
    where: str | None = None,
    order: str | None = None,
    sample: str | None = None,
    group_by: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Poll = never,
) -> View:
    """Make the view of a collection; reads columns, so it belongs in the background.

    Anything but the collection's own order waits until all rows are known. The condition comes
    first, then the sample, the order and the groups.

    Args:
        collection: A started collection.
        where: A condition on columns.
        order: As `parse_order` takes it.
        sample: As `parse_sample` takes it.
        group_by: A column; its values in natural order become the tree's groups.
        seed: For a random order or sample that names none.
        progress: Told of rows read.
        cancelled: Asked between batches.

    Raises:
        UsageError: Something is not understood, or names a column that is not there.
        Cancelled: `cancelled()` became true.
    """
    wanted = parse_order(order)
    drawn = parse_sample(sample) if sample else None
    if not (where or drawn or group_by or wanted.kind != "own"):
        return View.all(collection)
    while not collection.wait(0.1):
        if cancelled():
            raise Cancelled
        if progress:
            progress(0, len(collection))
    reading = _Reading(collection, progress, cancelled)
    rows = reading.matching(where) if where else None
    if drawn:
        rows = _sample(rows, len(collection), drawn[0], seed if drawn[1] is None else drawn[1])
    if wanted.kind == "random":
        chosen = seed if wanted.seed is None else wanted.seed
        if rows is None and not group_by:
            return View.shuffled(len(collection), chosen)
        rows = _all(rows, len(collection))
        rows = rows[Permutation(rows.size, chosen).forward(np.arange(rows.size))]
    elif wanted.kind == "column":
        rows = reading.sorted_by(wanted.column, wanted.descending, rows)
    elif wanted.kind == "name":
        rows = reading.by_name(rows)
    if group_by:
        return reading.grouped(group_by, _all(rows, len(collection)))
    return View.all(collection) if rows is None else View.of(rows)


def _all(rows: Numbers | None, count: int) -> Numbers:
    return np.arange(count, dtype=row_type(count)) if rows is None else rows


def row_type(count: int) -> type[np.uint32] | type[np.int64]:
    """The smallest type that numbers so many rows."""
    return np.uint32 if count < 1 << 32 else np.int64


def _sample(rows: Numbers | None, count: int, size: int, seed: int) -> Numbers:
    total = count if rows is None else rows.size
    drawn = Permutation(total, seed).forward(np.arange(min(size, total)))
    drawn.sort()
    return drawn if rows is None else rows[drawn]


class _Reading:
    """Reads columns of one collection, telling progress and asking whether to go on."""

    def __init__(self, collection: Collection, progress: Progress | None, cancelled: Poll) -> None:
        self._collection = collection
        self._progress = progress
        self._cancelled = cancelled
        self._done = 0

    def _table(self) -> Tabular:
        if not isinstance(self._collection, Tabular):
            raise UsageError(f"{self._collection.title} has no columns to choose or order by.")
        return self._collection

    def _batches(
        self, columns: Sequence[str], passes: int = 1
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """These columns of all rows; `passes` of such readings are told as one."""
        first, total = 0, len(self._collection)
        for batch in self._table().batches(columns):
            if self._cancelled():
                raise Cancelled
            yield first, batch
            first += batch.num_rows
            self._done += batch.num_rows
            if self._progress:
                self._progress(min(total, self._done // passes), total)

    def matching(self, where: str) -> Numbers:
        """The rows that fulfil a condition, ascending."""
        condition = Condition(where, self._table().columns())
        kind = row_type(len(self._collection))
        # Without a column to read (`index < 100`) the rows are still to be counted.
        columns = condition.columns or list(self._table().columns()[:1])
        found = [
            (np.flatnonzero(condition.mask(batch, first)) + first).astype(kind)
            for first, batch in self._batches(columns)
        ]
        return np.concatenate(found) if found else np.zeros(0, kind)

    def _kind(self, name: str) -> pa.DataType | None:
        """The type of a column; None if there are no rows."""
        names = self._table().columns()
        if name not in names:
            raise unknown_column(name, names)
        for batch in self._table().batches([name]):
            return batch.column(0).type
        return None

    def sorted_by(self, name: str, descending: bool, rows: Numbers | None) -> Numbers:
        """The rows by the values of a column; equal ones keep their order, empty ones come last."""
        import pyarrow as pa

        from tuiview.collection.arrow import numbers
        from tuiview.collection.ordering import passes, sorted_rows

        kind = self._kind(name)
        if kind is None:
            return np.zeros(0, np.int64)
        count = len(self._collection) if rows is None else rows.size
        total = passes(count, kind)

        def read() -> Iterator[tuple[Numbers, pa.Array]]:
            for first, batch in self._batches([name], total):
                here: Numbers = np.arange(first, first + batch.num_rows)
                values = batch.column(0)
                if rows is not None:
                    here = rows[np.searchsorted(rows, first) : np.searchsorted(rows, here[-1] + 1)]
                    values = values.take(numbers(here.astype(np.int64) - first))
                yield here, values

        try:
            return sorted_rows(
                read, count, kind, descending=descending, of=row_type(len(self._collection))
            )
        except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
            raise UsageError(
                f"The column {printable(name)!r} holds {kind}, which has no order."
            ) from None

    def by_name(self, rows: Numbers | None) -> Numbers:
        """The rows in the natural order of their keys; equal keys keep their order."""
        keys: list[str] = []
        name = self._table().key_column
        if name is None:
            return _all(rows, len(self._collection))
        for _, batch in self._batches([name]):
            keys += map(str, batch.column(name).to_pylist())
        chosen = _all(rows, len(keys))
        return chosen[natural_ranks([keys[row] for row in chosen])]

    def grouped(self, name: str, rows: Numbers) -> View:
        """The rows by groups of equal values in natural order, with the groups as branches."""
        groups, labels = self._groups(name)
        ranking = sorted(range(len(labels)), key=lambda group: natural_key(labels[group]))
        rank = np.empty(len(labels), np.int64)
        rank[ranking] = np.arange(len(labels))
        counts = np.zeros(len(labels), np.int64)
        pieces = [slice(start, start + _SORTED) for start in range(0, rows.size, _SORTED)]
        for piece in pieces:
            counts += np.bincount(rank[groups[rows[piece]]], minlength=len(labels))
        starts = np.cumsum(counts) - counts
        free = starts.copy()
        result = np.empty_like(rows)
        for piece in pieces:
            ranks = rank[groups[rows[piece]]]
            order = np.argsort(ranks, kind="stable")
            here = np.bincount(ranks, minlength=len(labels))
            # Where the group's next row goes, and how many of it are before this one.
            within = np.arange(ranks.size) - np.repeat(np.cumsum(here) - here, here)
            result[np.repeat(free, here) + within] = rows[piece][order]
            free += here
        branches = [
            Branch(labels[group], 0, int(start), int(count))
            for group, start, count in zip(ranking, starts, counts, strict=True)
            if count
        ]
        return View.of(result, branches)

    def _groups(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """For each row the number of its group, and what the groups are called."""
        from tuiview.collection.arrow import codes

        self._kind(name)
        labels: dict[str, int] = {}
        groups = np.zeros(len(self._collection), np.int32)
        for first, batch in self._batches([name]):
            column = batch.column(0)
            encoded = column if hasattr(column, "dictionary") else column.dictionary_encode()
            values = [*map(_label, encoded.dictionary.to_pylist()), _label(None)]
            found = codes(encoded, len(values) - 1)
            used = np.unique(found)
            numbers = np.zeros(len(values), np.int32)
            for code in used.tolist():
                numbers[code] = labels.setdefault(values[code], len(labels))
            groups[first : first + batch.num_rows] = numbers[found]
        return groups, list(labels)


def _label(value: object) -> str:
    return "(none)" if value is None or value != value else printable(str(value))
