"""Which rows are shown, and in which order: `--where`, `--sample`, `--order`, `--group-by`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.base import Branch, Collection
from tuiview.collection.natural import natural_key, natural_order
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


@dataclass(frozen=True, slots=True)
class Order:
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

    def _table(self) -> Tabular:
        if not isinstance(self._collection, Tabular):
            raise UsageError(f"{self._collection.title} has no columns to choose or order by.")
        return self._collection

    def _batches(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        first, total = 0, len(self._collection)
        for batch in self._table().batches(columns):
            if self._cancelled():
                raise Cancelled
            yield first, batch
            first += batch.num_rows
            if self._progress:
                self._progress(first, total)

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

    def column(self, name: str, rows: Numbers | None) -> pa.ChunkedArray:
        """One column of all rows, or of these."""
        import pyarrow as pa

        names = self._table().columns()
        if name not in names:
            raise unknown_column(name, names)
        chunks = [batch.column(name) for _, batch in self._batches([name])]
        values = pa.chunked_array(chunks) if chunks else pa.chunked_array([], pa.string())
        return values if rows is None else values.take(pa.array(rows))

    def sorted_by(self, name: str, descending: bool, rows: Numbers | None) -> Numbers:
        """The rows by the values of a column; equal ones keep their order, empty ones come last."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = self.column(name, rows)
        try:
            ranks: Numbers = pc.sort_indices(
                pa.Table.from_arrays([values], names=["value"]),
                sort_keys=[("value", "descending" if descending else "ascending")],
            ).to_numpy()
        except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
            raise UsageError(
                f"The column {printable(name)!r} holds {values.type}, which has no order."
            ) from None
        if rows is not None:
            return rows[ranks]
        return ranks.astype(row_type(len(values)))

    def by_name(self, rows: Numbers | None) -> Numbers:
        """The rows in the natural order of their keys; equal keys keep their order."""
        keys: list[str] = []
        name = self._table().key_column
        if name is None:
            return _all(rows, len(self._collection))
        for _, batch in self._batches([name]):
            keys += map(str, batch.column(name).to_pylist())
        chosen = _all(rows, len(keys))
        ranked = natural_order(f"{keys[row]}\0{at}" for at, row in enumerate(chosen))
        return chosen[[int(name.rpartition("\0")[2]) for name in ranked]]

    def grouped(self, name: str, rows: Numbers) -> View:
        """The rows by groups of equal values in natural order, with the groups as branches."""
        import pyarrow as pa

        from tuiview.collection.arrow import codes

        encoded = self.column(name, rows).combine_chunks()
        if not isinstance(encoded, pa.DictionaryArray):
            encoded = encoded.dictionary_encode()
        labels = [_label(value) for value in encoded.dictionary.to_pylist()]
        numbers = codes(encoded, len(labels))
        labels.append(_label(None))
        ranking = sorted(range(len(labels)), key=lambda code: natural_key(labels[code]))
        rank = np.empty(len(labels), np.int64)
        rank[ranking] = np.arange(len(labels))
        ranks = rank[numbers]
        counts = np.bincount(ranks, minlength=len(labels))
        order = np.argsort(ranks, kind="stable")
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        branches = [
            Branch(labels[code], 0, int(start), int(count))
            for code, start, count in zip(ranking, starts, counts, strict=True)
            if count
        ]
        return View.of(rows[order], branches)


def _label(value: object) -> str:
    return "(none)" if value is None or value != value else printable(str(value))
