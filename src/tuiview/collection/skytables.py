"""FITS binary tables and VOTables, read by row number."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tuiview.collection.rows import BATCH, RowSource
from tuiview.errors import Poll, UnreadableError
from tuiview.text import printable


def to_arrow(values: Any) -> pa.Array:
    """A numpy (masked, big-endian, string or object) column as an arrow array.

    Bytes become text, one-dimensional uint8 cells binary, other array cells lists.
    """
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    data = np.ma.getdata(values) if mask is not None else np.asarray(values)
    if mask is not None and mask.ndim > 1:
        mask = None
    if data.dtype.kind == "S":
        texts = [cell.decode("utf-8", "replace").rstrip("\0 ") for cell in data.tolist()]
        return pa.array(texts, pa.string(), mask=mask)
    if data.dtype.kind == "U":
        return pa.array([str(cell).rstrip() for cell in data], pa.string(), mask=mask)
    if data.ndim > 1 or data.dtype.kind == "O":
        cells = [None if mask is not None and mask[n] else _cell(data[n]) for n in range(len(data))]
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
    if data.dtype.kind == "c":
        return pa.array([str(cell) for cell in data], pa.string(), mask=mask)
    native = data.astype(data.dtype.newbyteorder("="), copy=False)
    return pa.array(np.ascontiguousarray(native), mask=mask)


def _cell(value: Any) -> object:
    if isinstance(value, np.ndarray):
        if value.dtype == np.uint8 and value.ndim == 1:
            return value.tobytes()
        return value.astype(value.dtype.newbyteorder("=")).tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


class FitsRows(RowSource):
    """The first binary table of a FITS file, memory-mapped: a page costs its own rows only.

    Args:
        path: The file.

    Raises:
        UnreadableError: It holds no table, or cannot be opened.
    """

    kind = "FITS table"

    def __init__(self, path: Path) -> None:
        from astropy.io import fits

        self.path = path
        self._lock = threading.Lock()
        name = printable(path.name)
        try:
            self._file = fits.open(path, memmap=True)
            tables = [
                hdu for hdu in self._file if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)
            ]
            if not tables:
                self._file.close()
                raise UnreadableError(f"{name} holds no table.")
            self._data = tables[0].data
        except (OSError, ValueError, TypeError) as error:
            raise UnreadableError(f"{name} cannot be read: {printable(str(error))}.") from None
        self._count = 0 if self._data is None else len(self._data)
        names = list(tables[0].columns.names)
        self.schema = pa.schema([(each, to_arrow(self._column(each, 0, 8)).type) for each in names])

    def __len__(self) -> int:
        return self._count

    def _column(self, name: str, first: int, stop: int) -> Any:
        with self._lock:
            try:
                return self._data[first:stop].field(name)
            except (OSError, ValueError, TypeError) as error:
                raise UnreadableError(
                    f"{printable(self.path.name)}: the column {printable(name)} cannot be read: "
                    f"{printable(str(error))}."
                ) from None

    def read(self, first: int, count: int, columns: Sequence[str]) -> pa.Table:
        """Rows by number."""
        stop = min(first + count, self._count)
        arrays = [to_arrow(self._column(name, first, stop)) for name in columns]
        return pa.table(arrays, names=list(columns))

    def batches(self, columns: Sequence[str], *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """Whole columns."""
        for first in range(0, self._count, BATCH):
            yield from self.read(first, BATCH, columns).to_batches()

    def load(self, grown: Callable[[], None], stopped: Poll) -> None:
        """Nothing more to find out: the header says it all."""

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._data = None
            self._count = 0
            self._file.close()


class VotableRows(RowSource):
    """The first table of a VOTable. XML has no rows to jump to, so it is read whole.

    Args:
        path: The file.

    Raises:
        UnreadableError: It cannot be read or holds no table.
    """

    kind = "VOTable"

    def __init__(self, path: Path) -> None:
        from astropy.io.votable import parse_single_table

        self.path = path
        try:
            table = parse_single_table(path, verify="ignore").to_table(use_names_over_ids=True)
        except Exception as error:  # whatever a damaged XML makes of the parser
            text = printable(str(error)) or type(error).__name__
            raise UnreadableError(f"{printable(path.name)} cannot be read: {text}.") from None
        arrays = [
            to_arrow(table[name].data if hasattr(table[name], "data") else table[name])
            for name in table.colnames
        ]
        self._table = pa.table(arrays, names=list(table.colnames))
        self.schema = self._table.schema

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def read(self, first: int, count: int, columns: Sequence[str]) -> pa.Table:
        """Rows by number, from memory."""
        return self._table.select(list(columns)).slice(first, count)

    def batches(self, columns: Sequence[str], *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """Whole columns, from memory."""
        yield from self._table.select(list(columns)).to_batches(max_chunksize=BATCH)

    def load(self, grown: Callable[[], None], stopped: Poll) -> None:
        """Nothing more to find out: it is in memory."""

    def close(self) -> None:
        """Nothing to release."""
