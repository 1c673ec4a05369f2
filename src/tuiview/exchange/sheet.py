"""What a table gives, whatever file it is in: columns of numbers and of words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import UnreadableError
from tuiview.text import printable

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

NOTHING = ("", "None", "none", "--", "nan", "NaN", "NAN", "null", "NULL", "N/A", "n/a", "INDEF")
"""What stands in a text table for no number."""
HEAD = 1 << 16
"""Bytes that tell what kind of table a file is."""


class Words(ABC):
    """A column of text."""

    @abstractmethod
    def take(self, rows: Rows) -> list[str]:
        """The text of some rows."""

    @abstractmethod
    def coded(self) -> tuple[Rows, list[str]]:
        """For each row the number of its text in the list of different ones."""


class Sheet(ABC):
    """A table.

    Attributes:
        path: The file.
        names: The columns.
        units: The units of those that have one.
        skipped: Lines that did not fit the header.
    """

    path: Path
    names: Sequence[str]
    units: Mapping[str, str]
    skipped: int = 0

    @abstractmethod
    def __len__(self) -> int:
        """Rows; known after `read`."""

    @abstractmethod
    def read(self, numbers: Sequence[str], words: Sequence[str] = ()) -> None:
        """Read these columns.

        Raises:
            UnreadableError: The file is damaged or gone.
        """

    @abstractmethod
    def numbers(self, name: str) -> Floats:
        """A column that was read as numbers; NaN where there is none."""

    @abstractmethod
    def words(self, name: str) -> Words:
        """A column that was read as text."""


class _ArrowWords(Words):
    """Text in an arrow column."""

    def __init__(self, column: Any) -> None:
        self._column = column.combine_chunks() if hasattr(column, "combine_chunks") else column
        if hasattr(self._column, "chunks"):  # too long for one piece
            import pyarrow as pa

            self._column = pa.concat_arrays(self._column.chunks)

    def take(self, rows: Rows) -> list[str]:
        import pyarrow as pa

        at = np.ascontiguousarray(rows, np.int64)
        picked = self._column.take(
            pa.Array.from_buffers(pa.int64(), len(at), [None, pa.py_buffer(at)])
        )
        return [_word(value) for value in picked.to_pylist()]

    def coded(self) -> tuple[Rows, list[str]]:
        from tuiview.collection.arrow import codes

        column = self._column
        encoded = column if hasattr(column, "indices") else column.dictionary_encode()
        names = [_word(value) for value in encoded.dictionary.to_pylist()]
        return codes(encoded, len(names)), [*names, ""]


class _NumpyWords(Words):
    """Text, or whatever else, in a numpy column."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._values = values

    def take(self, rows: Rows) -> list[str]:
        return [_word(value) for value in self._values[rows].tolist()]

    def coded(self) -> tuple[Rows, list[str]]:
        values = self._values
        if values.dtype.kind == "S" and values.dtype.itemsize:
            import pyarrow as pa

            data = np.ascontiguousarray(values)
            kind = pa.binary(data.dtype.itemsize)
            column = pa.Array.from_buffers(kind, len(data), [None, pa.py_buffer(data)])
            return _ArrowWords(column).coded()
        if values.dtype.kind == "O":
            values = np.array([_word(value) for value in values.tolist()])
        found, at = np.unique(values, return_inverse=True)
        return at.astype(np.int64).ravel(), [_word(value) for value in found.tolist()]


def _word(value: object) -> str:
    if value is None or value is np.ma.masked:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip("\0 ")
    return str(value).strip()


def arrow_words(column: Any) -> Words:
    """An arrow column as text."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.unify_dictionaries(), kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = column.cast(pa.string())
    return _ArrowWords(column)


def arrow_numbers(column: Any) -> Floats:
    """An arrow column as numbers; what is none is NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return as_numbers(column.to_pylist())
    if pa.types.is_decimal(kind) or not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return as_numbers([None if v is None else str(v) for v in column.to_pylist()])
    column = pc.cast(column, pa.float64())
    pieces = []
    for chunk in column.chunks if hasattr(column, "chunks") else [column]:
        pieces.append(np.asarray(chunk.to_numpy(zero_copy_only=False), np.float64))
    return np.concatenate(pieces) if pieces else np.empty(0)


def as_numbers(values: Sequence[object]) -> Floats:
    """Numbers from text; what is none is NaN."""
    found = np.full(len(values), np.nan)
    for n, value in enumerate(values):
        try:
            found[n] = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return found


def numpy_words(values: NDArray[Any]) -> Words:
    """A numpy column, masked or not, as text."""
    if isinstance(values, np.ma.MaskedArray):
        texts = np.ma.getdata(values).astype(str)
        values = np.where(np.ma.getmaskarray(values), "", texts)
    return _NumpyWords(np.asarray(values))


def numpy_numbers(values: NDArray[Any]) -> Floats:
    """A numpy column, masked or not, as numbers; what is none is NaN."""
    if isinstance(values, np.ma.MaskedArray):
        if values.dtype.kind in "iufb":
            return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
        values = np.where(np.ma.getmaskarray(values), "", np.ma.getdata(values).astype(str))
    if values.dtype.kind in "iufb" and values.ndim == 1:
        return np.asarray(values, np.float64)
    return as_numbers([_word(value) for value in values.tolist()])


def damaged(path: Path, error: Exception) -> UnreadableError:
    """The error for a file that a library gave up on."""
    words = printable(str(getattr(error, "strerror", None) or error)).splitlines() or [""]
    return UnreadableError(f"{printable(path.name)} cannot be read: {words[0]}")
