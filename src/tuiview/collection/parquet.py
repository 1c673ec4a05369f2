"""Parquet files, folders of them and hive partitions, read by row number."""

from __future__ import annotations

import os
import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tuiview.collection.arrow import text
from tuiview.collection.base import Scanned
from tuiview.collection.natural import natural_key
from tuiview.collection.rows import BATCH, RowSource, Sifter, Slabs
from tuiview.errors import Poll, UnreadableError, never
from tuiview.text import printable

SUFFIXES = (".parquet", ".parq", ".pq")

_HELD = 8
_SLAB_BYTES = 32 << 20
_RUN_ROWS = 8192
_RUN_BYTES = 4 << 20
_READ_AHEAD = 1 << 20
_READERS = 8
_SCANNED = 16_384
"""Rows that are looked through at once: what fits into a processor's cache goes twice as fast."""
_SCANNERS = min(16, len(os.sched_getaffinity(0)))


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder and below, in natural order; hidden and `_` ones left out."""
    found: list[Path] = []
    for above, folders, names in os.walk(folder):
        folders[:] = sorted((n for n in folders if n[0] not in "._"), key=natural_key)
        found += (
            Path(above, name)
            for name in sorted(names, key=natural_key)
            if name.lower().endswith(SUFFIXES) and name[0] not in "._"
        )
    return found


def _partitions(files: Sequence[Path], root: Path) -> list[dict[str, str | None]]:
    """The `column=value` parts of each file's path below `root`."""
    return [
        {
            unquote(name): None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
            for name, equals, value in (
                part.partition("=") for part in file.relative_to(root).parts[:-1]
            )
            if equals
        }
        for file in files
    ]


class ParquetRows(RowSource):
    """One Parquet file, or several that follow each other.

    Rows are found by prefix sums over row groups, which are decoded up to the run of rows that is
    wanted; a few such runs are kept. The first file is opened at once, the footers of the
    others are read in the background by `load`.

    Args:
        path: What the table is called: the file or the folder.
        files: Its files in row order.

    Raises:
        UnreadableError: The first file is no Parquet file, or is cut short.
    """

    kind = "Parquet"

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        if not files:
            raise UnreadableError(f"There is no Parquet file in {printable(str(path))}.")
        self.path = path
        self._files = list(files)
        self._partitions = _partitions(files, path if path.is_dir() else files[0].parent)
        if not path.is_dir():
            self._partitions = [{} for _ in files]
        self._status: dict[int, tuple[int, int, int]] = {}
        self._group_file = array("q")
        self._group_number = array("q")
        self._group_first = array("q", [0])
        self._groups = 0
        self._known = 0
        self._open: OrderedDict[int, tuple[pq.ParquetFile, threading.Lock]] = OrderedDict()
        self._lock = threading.Lock()
        self._slabs = Slabs(_SLAB_BYTES)
        metadata, schema = self._footer(0)
        self._inner = schema
        for name, kind in _partition_types(self._partitions).items():
            if name not in schema.names:
                schema = schema.append(pa.field(name, kind))
        self.schema = schema
        self._kinds: dict[str, pa.DataType] = dict(zip(schema.names, schema.types, strict=True))
        self._take(0, metadata)

    def __len__(self) -> int:
        return self._group_first[self._groups]

    def load(self, grown: Callable[[], None], stopped: Poll) -> None:
        """Read the footers of all further files, several at a time."""
        waiting = range(self._known, len(self._files))
        if not waiting:
            return
        with ThreadPoolExecutor(_READERS, thread_name_prefix="footers") as pool:
            try:
                for number, (metadata, _) in zip(
                    waiting, pool.map(self._footer, waiting), strict=True
                ):
                    self._take(number, metadata)
                    if stopped():
                        break
                    if number % 64 == 0:
                        grown()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _footer(self, number: int) -> tuple[pq.FileMetaData, pa.Schema]:
        path = self._files[number]
        with _words(path):
            self._status[number] = _identity(path)
            file = pq.ParquetFile(path)
            try:
                return file.metadata, file.schema_arrow
            finally:
                file.close()

    def _take(self, number: int, metadata: pq.FileMetaData) -> None:
        for group in range(metadata.num_row_groups):
            self._group_file.append(number)
            self._group_number.append(group)
            rows = metadata.row_group(group).num_rows
            self._group_first.append(self._group_first[-1] + rows)
        self._groups = len(self._group_number)
        self._known = number + 1

    @contextmanager
    def _file(self, number: int) -> Iterator[pq.ParquetFile]:
        """An open file, for one thread at a time."""
        with self._lock:
            held = self._open.get(number)
            if held is None:
                held = (self._reader(number), threading.Lock())
                self._open[number] = held
                while len(self._open) > _HELD:
                    self._open.popitem(last=False)
            else:
                self._open.move_to_end(number)
        file, lock = held
        with lock, _words(self._files[number]):
            yield file

    def _reader(
        self,
        number: int,
        encoded: Sequence[str] = (),
        metadata: pq.FileMetaData | None = None,
    ) -> pq.ParquetFile:
        path = self._files[number]
        with _words(path):
            if _identity(path) != self._status[number]:
                raise UnreadableError(
                    f"{printable(path.name)} was replaced since the table was opened.",
                    "open it again to see what it holds now",
                )
            # Buffered beforehand, whole column chunks would lie in memory for one page of rows.
            return pq.ParquetFile(
                path,
                metadata=metadata,
                buffer_size=_READ_AHEAD,
                pre_buffer=False,
                read_dictionary=list(encoded),
            )

    def read(self, first: int, count: int, columns: Sequence[str]) -> pa.Table:
        """Rows by number."""
        stop = min(first + count, len(self))
        pieces: list[pa.Table] = []
        while first < stop:
            group = bisect_right(self._group_first, first, 0, self._groups + 1) - 1
            start, end = self._group_first[group], self._group_first[group + 1]
            slab, offset = self._slab(group, first - start, list(columns))
            take = min(stop, end) - first
            piece = slab.slice(first - start - offset, take)
            pieces.append(piece)
            first += piece.num_rows
        if not pieces:
            return pa.schema([(name, self._kinds[name]) for name in columns]).empty_table()
        return pieces[0] if len(pieces) == 1 else pa.concat_tables(pieces)

    def _slab(self, group: int, row: int, columns: list[str]) -> tuple[pa.Table, int]:
        """A decoded run of a row group that holds its row `row`, and the run's first row."""
        number = self._group_file[group]
        with self._file(number) as file:
            metadata = file.metadata.row_group(self._group_number[group])
            rows = _run_length(metadata, columns, file.schema_arrow)
            run = row // rows
            key = (group, run, rows, *columns)
            held = self._slabs.get(key)
            if held is None:
                held = self._decode(file, group, columns, run * rows, rows)
                self._slabs.put(key, held)
            return held, run * rows

    def _decode(
        self, file: pq.ParquetFile, group: int, columns: list[str], start: int, rows: int
    ) -> pa.Table:
        there = set(file.schema_arrow.names)
        inner = [name for name in columns if name in there]
        left = min(rows, self._group_first[group + 1] - self._group_first[group] - start)
        if not inner:
            return self._dress(None, left, group, columns)
        pieces: list[pa.Table] = []
        position = 0
        for batch in file.iter_batches(
            batch_size=rows, row_groups=[self._group_number[group]], columns=inner
        ):
            wanted = batch.slice(max(0, start - position), left)
            position += batch.num_rows
            if position > start:
                pieces.append(self._dress(wanted, wanted.num_rows, group, columns))
                left -= wanted.num_rows
                if not left:
                    return pa.concat_tables(pieces)
        raise UnreadableError(f"{printable(str(self.path))} holds fewer rows than it says.")

    def _dress(
        self, batch: pa.RecordBatch | None, rows: int, group: int, columns: Sequence[str]
    ) -> pa.Table:
        """The columns asked for: from the file, from its path, or empty where it has none."""
        arrays = []
        partition = self._partitions[self._group_file[group]]
        places = {} if batch is None else {n: at for at, n in enumerate(batch.schema.names)}
        for name in columns:
            kind = self._kinds[name]
            if batch is not None and name in places:
                array = batch.column(places[name])
                fits = array.type == kind or pa.types.is_dictionary(array.type)
                arrays.append(array if fits else array.cast(kind))
            elif name in partition:
                value = partition[name]
                arrays.append(pa.repeat(text(value).cast(kind), rows))
            else:
                arrays.append(pa.nulls(rows, kind))
        return pa.Table.from_arrays(arrays, names=list(columns))

    def batches(self, columns: Sequence[str], *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """Whole columns, row group by row group."""
        wanted = list(columns)
        for group in range(self._groups):
            yield from self._group_batches(group, wanted, encoded)

    def _group_batches(
        self, group: int, columns: list[str], encoded: bool = False, rows: int = BATCH
    ) -> Iterator[pa.RecordBatch]:
        number = self._group_file[group]
        path = self._files[number]
        # A reader of its own, so that pages can be read while this one is under way.
        with self._file(number) as file:
            there = set(file.schema_arrow.names)
            metadata = file.metadata
        texts = [n for n in columns if encoded and n in there and _is_text(self._kinds[n])]
        with self._reader(number, texts, metadata) as reader, _words(path):
            inner = [name for name in columns if name in there]
            if not inner:
                count = self._group_first[group + 1] - self._group_first[group]
                yield from self._dress(None, count, group, columns).to_batches()
                return
            for batch in reader.iter_batches(
                batch_size=rows, row_groups=[self._group_number[group]], columns=inner
            ):
                yield from self._dress(batch, batch.num_rows, group, columns).to_batches()

    def scan(
        self, column: str, wanted: Sifter, cancelled: Poll = never, start: int = 0
    ) -> Iterator[Scanned]:
        """As `RowSource.scan`: several row groups at a time, without those that cannot have it."""
        stop = threading.Event()

        def given_up() -> bool:
            return stop.is_set() or cancelled()

        def look(group: int) -> Scanned:
            first, end = self._group_first[group], self._group_first[group + 1]
            found = [np.zeros((2, 0), np.int64)]
            if end > start and self._may_hold(group, column, wanted):
                for batch in self._group_batches(group, [column], rows=_SCANNED):
                    if given_up():
                        break
                    positions, which = wanted.of(batch.column(0))
                    found.append(np.stack([first + positions, which]))
                    first += batch.num_rows
            scanned = Scanned(end, *np.concatenate(found, axis=1))
            return scanned.only(scanned.rows >= start)

        groups = iter(range(self._groups))
        with ThreadPoolExecutor(_SCANNERS, thread_name_prefix="scan") as pool:
            under_way = deque(pool.submit(look, group) for group in islice(groups, 2 * _SCANNERS))
            try:
                while under_way and not cancelled():
                    scanned = under_way.popleft().result()
                    under_way.extend(pool.submit(look, group) for group in islice(groups, 1))
                    if not cancelled():
                        yield scanned
            finally:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _may_hold(self, group: int, column: str, wanted: Sifter) -> bool:
        with self._file(self._group_file[group]) as file:
            if column not in file.schema_arrow.names:
                return True
            metadata = file.metadata.row_group(self._group_number[group])
            for number in range(metadata.num_columns):
                chunk = metadata.column(number)
                if chunk.path_in_schema == column:
                    limits = chunk.statistics
                    if limits is None or not limits.has_min_max:
                        return True
                    low, high = limits.min, limits.max
                    return not isinstance(low, str) or wanted.may_lie(low, high)
        return True

    def changed(self) -> str:
        """Whether a file was replaced; rows already open go on being read from the old one."""
        with self._lock:
            numbers = list(self._open)
        for number in numbers:
            path = self._files[number]
            try:
                if _identity(path) != self._status[number]:
                    return f"{printable(path.name)} was replaced since it was opened: open it again"
            except OSError:
                return f"{printable(path.name)} is gone"
        return ""

    def close(self) -> None:
        """Release the files and what was decoded."""
        with self._lock:
            self._open.clear()
        self._slabs.clear()


def _run_length(metadata: pq.RowGroupMetaData, columns: Sequence[str], schema: pa.Schema) -> int:
    """Rows to decode at once: 8192, or fewer where they are large."""
    wanted = set(columns)
    size = 0
    for number in range(metadata.num_columns):
        chunk = metadata.column(number)
        if chunk.path_in_schema.split(".")[0] in wanted:
            size += chunk.total_uncompressed_size
    # Strings written through a dictionary come out several times as large as they lie on disk.
    texts = sum(_is_text(field.type) for field in schema if field.name in wanted)
    size = max(size, texts * 48 * metadata.num_rows)
    per_row = max(1, size // max(1, metadata.num_rows))
    return int(max(16, min(_RUN_ROWS, _RUN_BYTES // per_row)))


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _partition_types(partitions: Sequence[dict[str, str | None]]) -> dict[str, pa.DataType]:
    """Whole numbers where every value is one, text otherwise."""
    kinds: dict[str, pa.DataType] = {}
    for name in dict.fromkeys(name for partition in partitions for name in partition):
        values = {partition.get(name) for partition in partitions} - {None}
        whole = all(value is not None and str(_whole(value)) == value for value in values)
        kinds[name] = pa.int64() if values and whole else pa.string()
    return kinds


def _whole(text: str) -> int | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return value if abs(value) < 1 << 62 else None


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _words(path: Path) -> Iterator[None]:
    """Turn what pyarrow and the file system raise into words about `path`."""
    name = printable(path.name)
    try:
        yield
    except FileNotFoundError:
        raise UnreadableError(f"{name} is gone.", "it was there a moment ago") from None
    except PermissionError:
        raise UnreadableError(f"{name} may not be read.") from None
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        text = printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
        if "magic bytes" in text or "footer" in text or "Corrupt" in text:
            raise UnreadableError(
                f"{name} is no whole Parquet file: its end is missing or damaged.",
                "it may still be being written or copied",
            ) from None
        raise UnreadableError(f"{name} cannot be read: {text}.") from None
