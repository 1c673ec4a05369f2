"""Small arrow arrays built from their buffers.

`pyarrow.array` and `pyarrow.scalar` import pandas, to see whether they were given something of it:
a second or more, before the first picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tuiview.collection.texts import Texts


def integers(start: int, stop: int) -> pa.Array:
    """The numbers start..stop-1."""
    return numbers(np.arange(start, stop, dtype=np.int64))


def numbers(values: NDArray[np.int64]) -> pa.Array:
    """These numbers."""
    return pa.Array.from_buffers(
        pa.int64(), values.size, [None, pa.py_buffer(np.ascontiguousarray(values, np.int64))]
    )


def texts(values: Sequence[str | None], kind: pa.DataType | None = None) -> pa.Array:
    """A column of text; None is no value."""
    known = [value or "" for value in values]
    there = np.array([value is not None for value in values]) if None in values else None
    data = "".join(known)
    if data.isascii():
        content, lengths = data.encode(), map(len, known)
    else:
        encoded = [each.encode("utf-8", "replace") for each in known]
        content, lengths = b"".join(encoded), map(len, encoded)
    ends = np.cumsum(np.fromiter(lengths, np.int64, len(values)))
    large = kind is not None and pa.types.is_large_string(kind)
    return pa.Array.from_buffers(
        pa.large_string() if large else pa.string(),
        len(values),
        [
            None if there is None else pa.py_buffer(np.packbits(there, bitorder="little")),
            pa.py_buffer(np.append(0, ends).astype(np.int64 if large else np.int32)),
            pa.py_buffer(content),
        ],
    )


def text(value: str | None, kind: pa.DataType | None = None) -> pa.Scalar:
    """One text as a scalar."""
    return texts([value], kind)[0]


def block(values: pa.Array) -> Texts:
    """A column of text as a block; an empty text where there is no value."""
    first, count = values.offset, len(values)
    _, places, data = values.buffers()
    kind = np.int64 if pa.types.is_large_string(values.type) else np.int32
    if data is None or not count:
        return Texts(b"", np.zeros(count, np.int64), np.zeros(count, np.int64))
    ends = np.frombuffer(places, kind)[first : first + count + 1].astype(np.int64)
    content = data[ends[0] : ends[-1]].to_pybytes()
    return Texts(content, ends[:-1] - ends[0], np.diff(ends))


def present(values: pa.Array) -> NDArray[np.bool_]:
    """Where a column has a value."""
    valid, first, count = values.buffers()[0], values.offset, len(values)
    if valid is None or not values.null_count:
        return np.ones(count, np.bool_)
    bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little", count=first + count)
    return bits[first:].astype(np.bool_)


def as_text(values: pa.Array) -> pa.Array:
    """A column as text, if it is not."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values
    return values.cast(pa.string())


def true_at(values: pa.BooleanArray) -> NDArray[np.int64]:
    """Where a column of truths is true."""
    _, data = values.buffers()
    first, count = values.offset, len(values)
    if data is None or not count:
        return np.zeros(0, np.int64)
    bits = np.frombuffer(data, np.uint8)
    true = np.unpackbits(bits, bitorder="little", count=first + count)[first:]
    return np.flatnonzero(true & present(values))


def codes(encoded: pa.DictionaryArray, empty: int) -> NDArray[np.int64]:
    """The indices of a dictionary-encoded column; `empty` where there is no value."""
    return whole(encoded.indices, empty)


def whole(values: pa.IntegerArray, empty: int) -> NDArray[np.int64]:
    """Whole numbers; `empty` where there is none."""
    _, data = values.buffers()
    first, count = values.offset, len(values)
    found = np.frombuffer(data, np.dtype(str(values.type)))[first : first + count]
    result = found.astype(np.int64)
    result[~present(values)] = empty
    return result
