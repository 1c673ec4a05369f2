"""CSV, TSV and ECSV tables, read by row number through an index of their lines."""

from __future__ import annotations

import csv
import io
import os
import re
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from tuiview.collection.arrow import text, texts
from tuiview.collection.rows import BATCH, RowSource
from tuiview.errors import Poll, TuiviewError, UnreadableError
from tuiview.text import printable

_STEP = 256
_BLOCK = 4 << 20
_HEAD = 1 << 20
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34

# The module's own limit of 128 kB is an encoded image's size.
csv.field_size_limit(1 << 27)


class DelimitedRows(RowSource):
    """A table of text lines with a header line.

    The start of every 256th row is kept, so that a page is one short read; quoted newlines are
    told apart from ends of rows. Every value of a page is text, as it stands in the file; whole
    columns (`batches`) get the type that their values have.

    Args:
        path: The file.

    Raises:
        UnreadableError: There is no header line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told: frozenset[str] = frozenset()
        self._file = _Descriptor(path)
        self._identity = self._status()
        head = os.pread(self._file.number, _HEAD, 0)
        header = _Header.of(head, path)
        self.kind = header.kind
        self.delimiter = header.delimiter
        self.schema = pa.schema([(name, pa.string()) for name in header.names])
        self._start = header.end
        self._starts = array("Q", [header.end])
        self._count = 0
        self._scanner = _Scanner(header.end, header.delimiter)
        self._scanning = threading.Lock()
        self._kinds: dict[str, pa.DataType] = {}
        self.refresh()

    def __len__(self) -> int:
        return self._count

    def _status(self) -> tuple[int, int]:
        status = os.fstat(self._file.number)
        return status.st_ino, status.st_size

    def load(self, grown: Callable[[], None], stopped: Poll) -> None:
        """Index all lines."""
        while not stopped() and self._scan_block():
            grown()
        self._scan_end()

    def refresh(self) -> bool:
        """Take in the next lines; True if there are more rows than before."""
        before = self._count
        self._scan_block()
        self._scan_end()
        return self._count > before

    def _scan_block(self) -> bool:
        """Index one block; False if the file has no more."""
        with self._scanning:
            block = os.pread(self._file.number, _BLOCK, self._scanner.position)
            if not block:
                return False
            self._publish(self._scanner.feed(block))
            return True

    def _scan_end(self) -> None:
        """Count a last line that has no newline, if nothing follows it."""
        with self._scanning:
            if self._scanner.position >= os.fstat(self._file.number).st_size:
                open_end = self._scanner.pending
                self._count = self._scanner.rows + (1 if open_end else 0)

    def _publish(self, starts: list[int]) -> None:
        self._starts.extend(starts)
        self._count = self._scanner.rows

    def read(self, first: int, count: int, columns: Sequence[str]) -> pa.Table:
        """Rows by number, as text."""
        stop = min(first + count, self._count)
        rows: list[list[str]] = []
        while first < stop:
            step = first // _STEP
            lines = self._rows_of(step)
            taken = lines[first - step * _STEP : stop - step * _STEP]
            if not taken:
                raise UnreadableError(
                    f"{printable(self.path.name)} ends before row {first:,}.",
                    "it was cut short since it was opened",
                )
            rows += taken
            first += len(taken)
        places = {name: at for at, name in enumerate(self.schema.names)}
        arrays = []
        for name in columns:
            at = places[name]
            values = [row[at] if at < len(row) else None for row in rows]
            arrays.append(texts(values))
        return pa.Table.from_arrays(arrays, names=list(columns))

    def _rows_of(self, step: int) -> list[list[str]]:
        start = self._starts[step] if step < len(self._starts) else self._scanner.row_start
        end = self._starts[step + 1] if step + 1 < len(self._starts) else self._scanner.position
        try:
            raw = os.pread(self._file.number, end - start, start)
            text = io.StringIO(_decode(raw), newline="")
            return [row for row in csv.reader(text, delimiter=self.delimiter) if row]
        except (OSError, csv.Error) as error:
            name = printable(self.path.name)
            raise UnreadableError(
                f"{name} cannot be read at row {step * _STEP:,}: {error}."
            ) from None

    def batches(self, columns: Sequence[str], *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """Whole columns, typed by their values; a column that has both numbers and words is text.

        The types are settled over all rows before anything is handed out. Nothing between two
        delimiters is no value, as in pandas.
        """
        total = self._count
        wanted = list(dict.fromkeys(columns))
        unsettled = [name for name in wanted if name not in self._kinds]
        if unsettled:
            self._settle(unsettled, total)
        for batch in self._texts(wanted, total):
            arrays = [self._cast(batch.column(name), self._kinds[name]) for name in wanted]
            yield pa.RecordBatch.from_arrays(arrays, names=wanted)

    def _settle(self, columns: Sequence[str], total: int) -> None:
        kinds = {name: pa.string() if name in self._told else pa.int64() for name in columns}
        for batch in self._texts(list(columns), total):
            for name in columns:
                while kinds[name] != pa.string():
                    try:
                        self._cast(batch.column(name), kinds[name])
                        break
                    except pa.ArrowInvalid:
                        kinds[name] = _wider(kinds[name])
        self._kinds.update(kinds)

    @staticmethod
    def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
        filled = pc.if_else(pc.equal(values, text("")), text(None), values)
        return filled if kind == pa.string() else filled.cast(kind)

    def _texts(self, columns: list[str], total: int) -> Iterator[pa.RecordBatch]:
        """Columns as text: by pyarrow where its rows are ours, else line by line."""
        done = 0
        try:
            for batch in self._fast(columns):
                batch = batch.slice(0, total - done)
                yield batch
                done += batch.num_rows
                if done == total:
                    return
        except pa.ArrowInvalid:
            # A line with too many or too few values: pyarrow cannot say which row it is.
            pass
        while done < total:
            table = self.read(done, min(BATCH // 8, total - done), columns)
            yield from table.combine_chunks().to_batches()
            done += table.num_rows

    def _fast(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        names = self.schema.names
        if self._scanner.stray:
            return
        known = _Span(self._file, self._start, self._scanner.position)
        with pa.PythonFile(known, "r") as file:
            reader = pacsv.open_csv(
                file,
                read_options=pacsv.ReadOptions(column_names=names, block_size=_BLOCK),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=self._scanner.quoted
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=columns,
                    strings_can_be_null=False,
                ),
            )
            yield from reader

    def keep_text(self, columns: Sequence[str]) -> None:
        """Give these columns no other type in `batches` either."""
        self._told = frozenset(columns)

    def changed(self) -> str:
        """Whether the file was replaced or cut short."""
        name = printable(self.path.name)
        try:
            status = self.path.stat()
        except OSError:
            return f"{name} is gone"
        if status.st_ino != self._identity[0]:
            return f"{name} was replaced since it was opened: open it again"
        if status.st_size < self._scanner.position:
            return f"{name} was cut short since it was opened: open it again"
        return ""

    def close(self) -> None:
        """Nothing to do: the file is released when the last reader lets go of it."""


def _wider(kind: pa.DataType) -> pa.DataType:
    return pa.float64() if kind == pa.int64() else pa.string()


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class _Header:
    """The header line of a table, and where its rows begin."""

    def __init__(self, names: list[str], delimiter: str, end: int, kind: str) -> None:
        self.names = names
        self.delimiter = delimiter
        self.end = end
        self.kind = kind

    @classmethod
    def of(cls, head: bytes, path: Path) -> _Header:
        position = 3 if head.startswith(b"\xef\xbb\xbf") else 0
        delimiter = ""
        ecsv = head.startswith(b"# %ECSV", position)
        while head[position : position + 1] in (b"#", b"\n", b"\r"):
            line, newline, _ = head[position:].partition(b"\n")
            if found := re.match(rb"# delimiter: ['\"]?(.)", line):
                delimiter = found.group(1).decode()
            position += len(line) + len(newline)
            if not newline:
                break
        text = _decode(head[position:])
        if ecsv:
            delimiter = delimiter or " "
        first = text.partition("\n")[0]
        if not delimiter:
            delimiter = max(",\t;|", key=first.count)
            if path.suffix.lower() == ".tsv" and "\t" in first:
                delimiter = "\t"
        consumed = _Lines(text)
        try:
            names = next(csv.reader(consumed, delimiter=delimiter))
        except (StopIteration, csv.Error):
            names = []
        if not any(name.strip() for name in names):
            raise UnreadableError(
                f"{printable(path.name)} has no header line.",
                "a table begins with the names of its columns",
            )
        position += len(_encoded(text[: consumed.end], head))
        kind = "ECSV" if ecsv else "TSV" if delimiter == "\t" else "CSV"
        return cls(_distinct(names), delimiter, position, kind)


class _Lines:
    """Hands out the lines of a text and knows where the last one ended."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.end = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.end >= len(self._text):
            raise StopIteration
        newline = self._text.find("\n", self.end)
        start, self.end = self.end, len(self._text) if newline < 0 else newline + 1
        return self._text[start : self.end]


def _encoded(text: str, head: bytes) -> bytes:
    encoded = text.encode("utf-8")
    return encoded if encoded in head else text.encode("latin-1")


def _distinct(names: Sequence[str]) -> list[str]:
    """Column names without repetition: `a`, `a_2`, `column_3`."""
    taken: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        name = name.strip() or f"column_{number}"
        distinct, again = name, 2
        while distinct in taken:
            distinct, again = f"{name}_{again}", again + 1
        taken[distinct] = number
    return list(taken)


class _Scanner:
    """Finds where rows start, block by block, as the csv module would read them.

    Attributes:
        position: How far the file has been read.
        rows: Rows that have ended.
        row_start: Where the next one begins.
        pending: Whether a row has begun that has not ended.
        quoted: Whether a quoted value with a newline in it has been seen.
        stray: Whether a quote in the middle of an unquoted value has been seen.
    """

    def __init__(self, position: int, delimiter: str) -> None:
        self.position = position
        self.rows = 0
        self.pending = False
        self.quoted = False
        self.stray = False
        self._inside = False
        self._delimiter = ord(delimiter)
        self.row_start = position
        self._last = _NEWLINE

    def feed(self, block: bytes) -> list[int]:
        """Take the next block; returns the start of every further 256th row."""
        data = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(data == _NEWLINE)
        if self._inside or b'"' in block:
            ends = self._outside_quotes(data, ends)
        base = self.position
        starts: NDArray[np.int64] = np.concatenate([[self.row_start], ends[:-1] + base + 1])[
            : ends.size
        ]
        lengths = ends + base - starts
        before = data[np.maximum(ends - 1, 0)]
        before = np.where(ends > 0, before, self._last)
        full = (lengths > 1) | ((lengths == 1) & (before != _RETURN))
        begun = starts[full]
        numbers = self.rows + np.arange(begun.size)
        wanted = begun[(numbers % _STEP == 0) & (numbers > 0)]
        self.rows += int(begun.size)
        if ends.size:
            self.row_start = base + int(ends[-1]) + 1
        self.position = base + len(block)
        self._last = int(data[-1])
        rest = self.position - self.row_start
        self.pending = rest > 1 or (rest == 1 and self._last != _RETURN)
        return [int(start) for start in wanted]

    def _outside_quotes(self, data: NDArray[np.uint8], ends: NDArray[np.intp]) -> NDArray[np.intp]:
        """The newlines that are not inside a quoted value."""
        quotes = np.flatnonzero(data == _QUOTE)
        opening = quotes[1 if self._inside else 0 :: 2]
        before = np.where(opening > 0, data[np.maximum(opening - 1, 0)], self._last)
        proper = np.isin(before, (self._delimiter, _NEWLINE, _RETURN, _QUOTE))
        if not proper.all():
            self.stray = True
            return self._step_through(data, quotes, ends)
        inside = (np.searchsorted(quotes, ends) + self._inside) % 2 == 1
        self.quoted |= bool(inside.any())
        self._inside = bool((quotes.size + self._inside) % 2)
        outside: NDArray[np.intp] = ends[~inside]
        return outside

    def _step_through(
        self, data: NDArray[np.uint8], quotes: NDArray[np.intp], ends: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """The same where quotes also stand in the middle of unquoted values, as in `12" mirror`."""
        kept: list[int] = []
        marks = np.union1d(quotes, ends)
        for at in marks.tolist():
            if data[at] == _QUOTE:
                before = int(data[at - 1]) if at else self._last
                if self._inside or before in (self._delimiter, _NEWLINE, _RETURN, _QUOTE):
                    self._inside = not self._inside
            elif self._inside:
                self.quoted = True
            else:
                kept.append(at)
        return np.array(kept, np.intp)


class _Descriptor:
    """An open file that closes when nobody holds it: its number is never another file's."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def __del__(self) -> None:
        if hasattr(self, "number"):
            os.close(self.number)


class _Span(io.RawIOBase):
    """Part of a file that stays open, whatever becomes of its name."""

    def __init__(self, file: _Descriptor, start: int, end: int) -> None:
        self._file = file
        self._position = start
        self._end = end

    def readable(self) -> bool:
        """It is only read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on."""
        wanted = min(len(buffer), self._end - self._position)
        data = os.pread(self._file.number, wanted, self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_delimited(path: Path) -> DelimitedRows:
    """Open a table of text lines; raises TuiviewError in words."""
    try:
        return DelimitedRows(path)
    except OSError as error:
        raise TuiviewError(f"{printable(str(path))}: {error.strerror or error}.") from None
