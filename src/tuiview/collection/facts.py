"""Values of tables and attributes as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 4096
"""Elements of an array that are shown; a longer one shows as its shape and type."""


def plain(value: object) -> object:
    """A value as Python's own: bytes as their size, arrays as lists, NaN as NaN."""
    if isinstance(value, bytes | bytearray | memoryview | np.void):
        size = len(value) if isinstance(value, bytes | bytearray) else value.nbytes
        return f"{size:,} bytes"
    if isinstance(value, np.ndarray):
        if value.size > LONGEST or value.dtype.kind == "V":
            return f"{'x'.join(map(str, value.shape))} {value.dtype}"
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def text_or_plain(value: object) -> object:
    """As `plain`, but bytes are text: how HDF5 keeps strings."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO" and value.size <= LONGEST:
        return [text_or_plain(each) for each in value.ravel().tolist()]
    return plain(value)


def row_facts(table: pa.Table, at: int) -> dict[str, object]:
    """One row of a table, column by column."""
    return {name: cell(table.column(n), at) for n, name in enumerate(table.column_names)}


def cell(column: Any, at: int) -> object:
    """One cell as it is shown."""
    scalar = column[at]
    try:
        return plain(scalar.as_py())
    except (ValueError, OverflowError):
        # Times finer than Python's own and dates beyond the year 9999.
        return str(scalar.cast("string")) if scalar.is_valid else None
