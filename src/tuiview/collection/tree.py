"""Trees of datasets (HDF5, Zarr) as collections."""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tuiview.collection.base import Branch, Item, Scanned, each_row
from tuiview.collection.facts import text_or_plain
from tuiview.collection.stacks import Entry
from tuiview.errors import Poll, TuiviewError, never
from tuiview.source import ArraySource
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

_PAUSE = 0.1
_BATCH = 65_536


class Datasets(Protocol):
    """A file of datasets.

    Attributes:
        path: The file.
        skipped: Datasets that are no pictures and belong to none.
        problems: What could not be read, in words.
    """

    path: Path
    skipped: int
    problems: list[str]

    def entries(self, stopped: Poll) -> Iterator[Entry]:
        """The pictures and stacks; those of a group follow each other."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


class TreeCollection:
    """The pictures of a file of datasets; a stack may be one item for each of its pictures."""

    def __init__(self, datasets: Datasets) -> None:
        self._datasets = datasets
        self._entries: list[Entry] = []
        self._firsts = array("q")
        self._rows: dict[str, int] = {}
        self._count = 0
        self._branches: list[Branch] = []
        self._shown: tuple[str, ...] | None = None
        self._stop = threading.Event()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def root(self) -> Path:
        """The file."""
        return self._datasets.path.absolute()

    @property
    def title(self) -> str:
        """The file's name."""
        return printable(self._datasets.path.name)

    @property
    def complete(self) -> bool:
        """Whether the whole file has been looked through."""
        return self._done.is_set()

    @property
    def skipped(self) -> int:
        """Datasets that are no pictures."""
        return self._datasets.skipped

    @property
    def problems(self) -> Sequence[str]:
        """Links that were not followed and what could not be read."""
        return tuple(self._datasets.problems)

    def __len__(self) -> int:
        return self._count

    def start(self, grown: Callable[[], None]) -> None:
        """Begin looking through the file in the background."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._read, args=(grown,), name="dataset-scan", daemon=True
            )
            self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the file has been looked through; True if it has."""
        return self._done.wait(timeout)

    def close(self) -> None:
        """Stop and release the file."""
        self._stop.set()
        self._datasets.close()

    def _read(self, grown: Callable[[], None]) -> None:
        told = 0.0
        try:
            for entry in self._datasets.entries(self._stop.is_set):
                self._add(entry)
                if (now := time.monotonic()) - told > _PAUSE:
                    told = now
                    grown()
        except (TuiviewError, OSError) as error:
            self._datasets.problems.append(printable(str(error)))
        finally:
            self._done.set()
            grown()

    def _add(self, entry: Entry) -> None:
        own = (*entry.groups, entry.name) if entry.shape.items else entry.groups
        if own != self._shown:
            known = _common(own, self._shown)
            for depth in range(known, len(own) + 1):
                label = own[depth - 1] if depth else self.title
                self._branches.append(Branch(printable(label), depth, self._count, 0))
            self._shown = own
        self._entries.append(entry)
        self._firsts.append(self._count)
        self._rows[entry.path] = len(self._entries) - 1
        last = self._branches[-1]
        count = entry.shape.count
        self._count += count
        self._branches[-1] = Branch(last.label, last.depth, last.first, last.count + count)

    def peek(self, row: int) -> Item | None:
        """The item; always in memory."""
        return self.item(row) if 0 <= row < self._count else None

    def item(self, row: int) -> Item:
        """The item; nothing is read."""
        if not 0 <= row < self._count:
            raise IndexError(row)
        entry, number = self._at(row)
        labels = {name: text_or_plain(values[number]) for name, values in entry.labels.items()}
        if not entry.shape.items:
            name = entry.names[0] if entry.names else entry.name
            return Item(entry.path, printable(name), entry.source(()), labels)
        name = entry.names[number] if entry.names else f"{entry.name}[{number}]"
        index = tuple(int(n) for n in np.unravel_index(number, entry.shape.items))
        return Item(f"{entry.path}[{number}]", printable(name), entry.source(index), labels)

    def _at(self, row: int) -> tuple[Entry, int]:
        entry = bisect_right(self._firsts, row) - 1
        return self._entries[entry], row - self._firsts[entry]

    def row_of(self, key: str) -> int | None:
        """The row of a dataset's path, or of a picture of it as in `images[12]`."""
        at = self._rows.get(key)
        if at is not None and not self._entries[at].shape.items:
            return self._firsts[at]
        path, bracket, number = key.removesuffix("]").rpartition("[")
        at = self._rows.get(path) if bracket and number.isascii() and number.isdigit() else None
        if at is None or int(number) >= self._entries[at].shape.count:
            return None
        return self._firsts[at] + int(number)

    def rows_of(self, keys: Sequence[str], cancelled: Poll = never) -> Iterator[Scanned]:
        """The rows of these keys."""
        yield each_row(len(self), self.row_of, keys)

    def branches(self) -> Sequence[Branch]:
        """Groups with pictures in them or below, and stacks."""
        return self._branches

    def metadata(self, row: int) -> Mapping[str, object]:
        """The attributes of the dataset."""
        source = self.item(row).source
        return source.attributes if isinstance(source, ArraySource) else {}

    @property
    def key_column(self) -> str | None:
        """The column that holds the keys."""
        return "key"

    def columns(self) -> Sequence[str]:
        """The key and every label."""
        labels = (name for entry in self._entries for name in entry.labels)
        return list(dict.fromkeys(("key", *labels)))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """These columns of all rows; empty for pictures without the label."""
        import pyarrow as pa

        kinds = {name: self._kind(name) for name in columns}
        for entry, begin in zip(self._entries, self._firsts, strict=True):
            total = entry.shape.count
            for first in range(0, total, _BATCH):
                count = min(_BATCH, total - first)
                arrays = []
                for name in columns:
                    if name == "key":
                        rows = range(begin + first, begin + first + count)
                        arrays.append(pa.array([self.item(row).key for row in rows]))
                    elif name in entry.labels:
                        values = entry.labels[name][first : first + count]
                        cells = [text_or_plain(value) for value in values]
                        arrays.append(pa.array(cells).cast(kinds[name], safe=False))
                    else:
                        arrays.append(pa.nulls(count, kinds[name]))
                yield pa.record_batch(arrays, names=list(columns))

    def _kind(self, name: str) -> pa.DataType:
        import pyarrow as pa

        for entry in self._entries:
            if name in entry.labels:
                values = [text_or_plain(value) for value in entry.labels[name][:64]]
                return pa.array(values).type
        return pa.string()


def _common(own: tuple[str, ...], shown: tuple[str, ...] | None) -> int:
    """The depth from which on groups are new: 0 is the file itself."""
    if shown is None:
        return 0
    same = 0
    while same < min(len(own), len(shown)) and own[same] == shown[same]:
        same += 1
    return same + 1
