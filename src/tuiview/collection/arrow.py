"""Small arrow arrays built from their buffers.

`pyarrow.array` and `pyarrow.scalar` import pandas, to see whether they were given something of it:
a second or more, before the first picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


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
    # Many thousands of keys are looked for at once: those that need no encoding are not encoded.
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


def joined(head: str, content: bytes, ends: NDArray[np.int64]) -> pa.Array:
    """Texts that lie one after the other, each with the same head before it.

    Args:
        head: What they begin with.
        content: What follows, in UTF-8.
        ends: Where each begins in it, and where the last one ends.
    """
    import pyarrow.compute as pc

    kind = pa.large_string()
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(content)]
    tails = pa.Array.from_buffers(kind, ends.size - 1, buffers)
    return pc.binary_join_element_wise(text(head, kind), tails, text("", kind))


def text(value: str | None, kind: pa.DataType | None = None) -> pa.Scalar:
    """One text as a scalar."""
    return texts([value], kind)[0]


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
    if values.null_count:
        there = np.frombuffer(values.buffers()[0], np.uint8)
        true &= np.unpackbits(there, bitorder="little", count=first + count)[first:]
    return np.flatnonzero(true)


def codes(encoded: pa.DictionaryArray, empty: int) -> NDArray[np.int64]:
    """The indices of a dictionary-encoded column; `empty` where there is no value."""
    return whole(encoded.indices, empty)


def whole(values: pa.IntegerArray, empty: int) -> NDArray[np.int64]:
    """Whole numbers; `empty` where there is none."""
    valid, data = values.buffers()
    first, count = values.offset, len(values)
    found = np.frombuffer(data, np.dtype(str(values.type)))[first : first + count]
    result = found.astype(np.int64)
    if valid is not None and values.null_count:
        there = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        result[there[first : first + count] == 0] = empty
    return result
