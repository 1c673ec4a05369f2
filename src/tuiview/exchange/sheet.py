"""Tables of every kind that the field uses, read by column: numbers and words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import TuiviewError, UnreadableError
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


def open_sheet(path: Path, hdu: str | None = None) -> Sheet:
    """Open a table by what the file holds.

    Args:
        path: CSV, TSV, `|` or blanks between the columns, ECSV, VOTable, FITS table, Parquet.
        hdu: The name or number of an HDU.

    Raises:
        TuiviewError: The file is missing, damaged, or no table.
    """
    head = _head(path)
    match _kind(path, head):
        case "parquet":
            return _ParquetSheet(path)
        case "fits":
            return _FitsSheet(path, hdu)
        case "votable":
            return _VotableSheet(path)
    from tuiview.exchange.textsheet import TextSheet

    return TextSheet(path, head)


def kind_of(path: Path) -> str:
    """What kind of table a file holds: `parquet`, `fits`, `votable`, `ecsv` or `text`.

    Raises:
        UnreadableError: The file is missing, empty or no table.
    """
    return _kind(path, _head(path))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD)
    except OSError as error:
        name = printable(str(path))
        raise UnreadableError(f"{name} cannot be read: {error.strerror or error}") from None


def _kind(path: Path, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    name = path.name.lower()
    if head.startswith(b"SIMPLE  =") or name.endswith((".fits.gz", ".fit.gz", ".fits.bz2")):
        return "fits"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") and b"<VOTABLE" in head:
        return "votable"
    if not start:
        raise UnreadableError(f"{printable(path.name)} is empty")
    if b"\0" in head:
        raise UnreadableError(
            f"{printable(path.name)} is no table",
            "CSV, ECSV, VOTable, FITS tables and Parquet are read",
        )
    return "ecsv" if start.startswith(b"# %ECSV") else "text"


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


class _ParquetSheet(Sheet):
    """Parquet, by columns."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                self._rows = file.metadata.num_rows
        except Exception as error:  # arrow has several classes for a damaged footer
            raise damaged(path, error) from None
        self.names = list(schema.names)
        units = {}
        for field in schema:
            stored = (field.metadata or {}).get(b"unit")
            if stored:
                units[field.name] = stored.decode("utf-8", "replace")
        self.units = units
        self._table: Any = None

    def __len__(self) -> int:
        return int(self._rows)

    def read(self, numbers: Sequence[str], words: Sequence[str] = ()) -> None:
        import pyarrow.parquet as pq

        wanted = list(dict.fromkeys([*numbers, *words]))
        try:
            with pq.ParquetFile(self.path, read_dictionary=list(words)) as file:
                self._table = file.read(wanted)
        except Exception as error:  # as above
            raise damaged(self.path, error) from None

    def numbers(self, name: str) -> Floats:
        return arrow_numbers(self._table.column(name))

    def words(self, name: str) -> Words:
        return arrow_words(self._table.column(name))


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


class _FitsSheet(Sheet):
    """A FITS table; only the columns that are asked for leave the disk."""

    def __init__(self, path: Path, hdu: str | None) -> None:
        self.path = path
        self._hdu = hdu
        with self._opened() as table:
            self.names = list(table.columns.names)
            self.units = {c.name: c.unit for c in table.columns if c.unit}
        self._columns: dict[str, NDArray[Any]] = {}
        self._rows = 0

    def _opened(self) -> Any:
        from contextlib import contextmanager

        from astropy.io import fits

        from tuiview.imaging.wcs import hush

        hush()

        @contextmanager
        def opened() -> Any:
            try:
                with fits.open(self.path, memmap=True) as file:
                    yield self._table(file)
            except TuiviewError:
                raise
            except Exception as error:  # astropy has many classes for a damaged file
                raise damaged(self.path, error) from None

        return opened()

    def _table(self, file: Any) -> Any:
        from astropy.io import fits

        tables = [hdu for hdu in file if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
        if self._hdu is not None:
            for number, hdu in enumerate(file):
                if self._hdu in (str(number), hdu.name) and hdu in tables:
                    return hdu
            raise UnreadableError(f"{printable(self.path.name)} has no table {self._hdu}")
        if not tables:
            raise UnreadableError(f"{printable(self.path.name)} holds no table")
        return tables[0]

    def __len__(self) -> int:
        return self._rows

    def read(self, numbers: Sequence[str], words: Sequence[str] = ()) -> None:
        with self._opened() as table:
            self._rows = 0 if table.data is None else len(table.data)
            for name in dict.fromkeys([*numbers, *words]):
                values = np.asarray(table.data.field(name))
                native = values.dtype.newbyteorder("=") if values.dtype.kind in "iufb" else None
                self._columns[name] = values.astype(native or values.dtype, copy=True)

    def numbers(self, name: str) -> Floats:
        return _numpy_numbers(self._columns[name])

    def words(self, name: str) -> Words:
        return _NumpyWords(self._columns[name])


def _numpy_numbers(values: NDArray[Any]) -> Floats:
    if isinstance(values, np.ma.MaskedArray):
        if values.dtype.kind in "iufb":
            return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
        values = np.where(np.ma.getmaskarray(values), "", np.ma.getdata(values).astype(str))
    if values.dtype.kind in "iufb" and values.ndim == 1:
        return np.asarray(values, np.float64)
    return as_numbers([_word(value) for value in values.tolist()])


class _VotableSheet(Sheet):
    """The first table of a VOTable, read whole."""

    def __init__(self, path: Path) -> None:
        from astropy.io.votable import parse_single_table

        from tuiview.imaging.wcs import hush

        hush()
        self.path = path
        try:
            table = parse_single_table(path, verify="ignore").to_table(use_names_over_ids=True)
        except Exception as error:  # whatever a damaged XML makes of the parser
            raise damaged(path, error) from None
        self._table = table
        self.names = list(table.colnames)
        self.units = {n: str(table[n].unit) for n in table.colnames if table[n].unit is not None}

    def __len__(self) -> int:
        return len(self._table)

    def read(self, numbers: Sequence[str], words: Sequence[str] = ()) -> None:
        """Everything is in memory."""

    def numbers(self, name: str) -> Floats:
        column = self._table[name]
        return _numpy_numbers(column.data if hasattr(column, "data") else np.asarray(column))

    def words(self, name: str) -> Words:
        column = self._table[name]
        values = column.data if hasattr(column, "data") else np.asarray(column)
        if isinstance(values, np.ma.MaskedArray):
            texts = np.ma.getdata(values).astype(str)
            values = np.where(np.ma.getmaskarray(values), "", texts)
        return _NumpyWords(np.asarray(values))


def damaged(path: Path, error: Exception) -> UnreadableError:
    """The error for a file that a library gave up on."""
    words = printable(str(getattr(error, "strerror", None) or error)).splitlines() or [""]
    return UnreadableError(f"{printable(path.name)} cannot be read: {words[0]}")
