"""Tables of every kind that the field uses, opened by what their files hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import TuiviewError, UnreadableError
from tuiview.exchange.sheet import (
    HEAD,
    Floats,
    Sheet,
    Words,
    arrow_numbers,
    arrow_words,
    damaged,
    numpy_numbers,
    numpy_words,
)
from tuiview.exchange.textsheet import TextSheet
from tuiview.text import printable


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
        return numpy_numbers(self._columns[name])

    def words(self, name: str) -> Words:
        return numpy_words(self._columns[name])


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
        return numpy_numbers(column.data if hasattr(column, "data") else np.asarray(column))

    def words(self, name: str) -> Words:
        column = self._table[name]
        return numpy_words(column.data if hasattr(column, "data") else np.asarray(column))
