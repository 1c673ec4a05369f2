"""Rows by the values of a column, with bounded memory however long the column is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tuiview.collection.arrow import numbers, true_at

Numbers = NDArray[np.integer[Any]]
Read = Callable[[], Iterator[tuple[Numbers, pa.Array]]]
"""Reads a column from its beginning: row numbers, ascending, with their values."""

_HELD = 24 << 20
"""Bytes of values and their rows that are sorted at once; sorting takes three times as much."""
_HELD_TEXT = 64 << 20
"""The same of text, which takes longer to read again."""
_SAMPLED = 20_000
_TEXT_BYTES = 44


def passes(count: int, kind: pa.DataType) -> int:
    """How many times a column of so many rows is read to sort it."""
    parts = _parts(count, kind)
    return 1 if parts == 1 else 1 + parts


def _parts(count: int, kind: pa.DataType) -> int:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    try:
        size, held = int(kind.bit_width) // 8, _HELD
    except ValueError:  # of no fixed width
        size, held = _TEXT_BYTES, _HELD_TEXT
    return max(1, -(-count * (size + 4) // held))


def sorted_rows(
    read: Read, count: int, kind: pa.DataType, *, descending: bool, of: type[np.integer[Any]]
) -> Numbers:
    """The rows by their values; equal ones keep their order, NaN and then no value come last.

    A column too large to be held is read several times: first a sample of it, which tells the
    ranges of values that are about equally full; then what lies in one range after the other.

    Args:
        read: Reads the column.
        count: How many rows it has.
        kind: Its type.
        descending: Whether the largest come first.
        of: The type of row numbers.

    Raises:
        pyarrow.ArrowNotImplementedError: Values of this type have no order.
    """
    result = np.empty(count, of)
    parts = _parts(count, kind)
    if parts == 1:
        rows, values = _gathered(list(read()), kind)
        result[:] = rows[_order(values, descending)]
        return result
    limits, missing = _survey(read, count, parts, kind)
    at = 0
    for low, high in _ranges(limits, descending):
        held: list[tuple[Numbers, pa.Array]] = []
        equal: list[Numbers] = []
        for rows, values in read():
            values = _plain(values)
            inside = true_at(_between(values, low, high))
            held.append((rows[inside].astype(of), values.take(numbers(inside))))
            limit = low if descending else high
            if limit is not None:
                equal.append(rows[true_at(pc.equal(values, limit))].astype(of))
        rows, values = _gathered(held, kind)
        held.clear()
        for piece in (rows[_order(values, descending)], *equal):
            result[at : at + piece.size] = piece
            at += piece.size
        # Arrow would keep what it has let go of, for later.
        pa.default_memory_pool().release_unused()
    result[at:] = missing
    return result


def _survey(
    read: Read, count: int, parts: int, kind: pa.DataType
) -> tuple[list[pa.Scalar], Numbers]:
    """The limits between the parts, and the rows without a value: NaN first."""
    stride = max(1, count // _SAMPLED)
    sample: list[tuple[Numbers, pa.Array]] = []
    nan: list[Numbers] = []
    null: list[Numbers] = []
    done = 0
    for rows, values in read():
        values = _plain(values)
        sampled = np.arange(-done % stride, len(values), stride)
        sample.append((rows[sampled], values.take(numbers(sampled))))
        null.append(rows[true_at(pc.is_null(values))])
        if pa.types.is_floating(values.type):
            nan.append(rows[true_at(pc.is_nan(values))])
        done += len(values)
    _, values = _gathered(sample, kind)
    values = values.filter(_between(values, None, None))
    ranked = values.take(pc.array_sort_indices(values))
    limits = [ranked[len(ranked) * part // parts] for part in range(1, parts) if len(ranked)]
    missing = np.concatenate([*nan, *null]) if null else np.zeros(0, np.int64)
    return list(dict.fromkeys(limits)), missing


def _ranges(
    limits: list[pa.Scalar], descending: bool
) -> Iterator[tuple[pa.Scalar | None, pa.Scalar | None]]:
    """The open ranges between limits, in the order that is wanted."""
    ranges = list(pairwise([None, *limits, None]))
    yield from reversed(ranges) if descending else ranges


def _between(values: pa.Array, low: pa.Scalar | None, high: pa.Scalar | None) -> pa.BooleanArray:
    """Which values lie between limits, both left out; neither NaN nor nothing does."""
    mask = pc.is_valid(values)
    if pa.types.is_floating(values.type):
        mask = pc.and_not_kleene(mask, pc.is_nan(values))
    if low is not None:
        mask = pc.and_(mask, pc.greater(values, low))
    if high is not None:
        mask = pc.and_(mask, pc.less(values, high))
    return mask


def _order(values: pa.Array, descending: bool) -> NDArray[np.integer[Any]]:
    order = "descending" if descending else "ascending"
    found: NDArray[np.integer[Any]] = pc.array_sort_indices(values, order=order).to_numpy()
    return found


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _gathered(pieces: list[tuple[Numbers, pa.Array]], kind: pa.DataType) -> tuple[Numbers, Any]:
    if not pieces:
        return np.zeros(0, np.int64), _plain(pa.nulls(0, kind))
    rows = np.concatenate([rows for rows, _ in pieces])
    return rows, pa.concat_arrays([_plain(values) for _, values in pieces])
