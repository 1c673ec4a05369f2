"""Files that belong together as one item: the bands of a field in a folder of many."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.collection.base import Branch, Item, Scanned, each_row
from tuiview.collection.channels import Channels, Place
from tuiview.collection.folder import FolderCollection
from tuiview.errors import Poll, never
from tuiview.source import CompositeSource, FileSource, MissingSource
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

_NONE = -1
_CHUNK = 4096


class CompositeCollection:
    """A folder's files, those that belong together as one item.

    An item appears when its last file is found, or with what there is when its folder has been
    walked; files of no channel are left out. Its key is its folder's and what its files have in
    common.

    Args:
        files: The files, not started.
        channels: Which of them belong together.
    """

    def __init__(self, files: FolderCollection, channels: Channels) -> None:
        self._files = files
        self._channels = channels
        self._lock = threading.Lock()
        self._seen = 0
        self._left_out = 0
        self._lacking = 0
        self._open: dict[str, array[int]] = {}
        self._folder: str | None = None
        self._members = array("q")
        self._rows: dict[str, int] = {}
        self._count = 0
        self._branches: list[Branch] = []
        self._done = threading.Event()
        self._grown: Callable[[], None] = lambda: None

    @property
    def root(self) -> Path:
        """The folder that keys are relative to."""
        return self._files.root

    @property
    def title(self) -> str:
        """The folder's name."""
        return self._files.title

    @property
    def complete(self) -> bool:
        """Whether all files have been found and put together."""
        return self._done.is_set()

    @property
    def skipped(self) -> int:
        """Files that are no images, or of no channel."""
        return self._files.skipped + self._left_out

    @property
    def problems(self) -> Sequence[str]:
        """Folders that could not be read, and items without all of their files."""
        problems = list(self._files.problems)
        if self.complete and not self._count:
            problems.append(f"no file is called {self._channels}")
        if self._lacking:
            problems.append(f"{self._lacking:,} items lack a file")
        return problems

    def __len__(self) -> int:
        return self._count

    def start(self, grown: Callable[[], None]) -> None:
        """Begin walking in the background."""
        self._grown = grown
        self._files.start(self._more)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the walk to end; True if it has."""
        return self._done.wait(timeout)

    def close(self) -> None:
        """Stop walking."""
        self._files.close()

    def peek(self, row: int) -> Item | None:
        """The item; always in memory."""
        return self.item(row) if 0 <= row < self._count else None

    def item(self, row: int) -> Item:
        """The item; nothing is asked of the disk."""
        if not 0 <= row < self._count:
            raise IndexError(row)
        width = len(self._channels.labels)
        members = self._members[row * width : (row + 1) * width]
        present = next(member for member in members if member != _NONE)
        first = self._path(present)
        place = self._channels.place(first)
        assert place is not None
        parts: list[tuple[str, FileSource | MissingSource]] = []
        for number, (label, member) in enumerate(zip(self._channels.labels, members, strict=True)):
            if member != _NONE:
                parts.append((label, FileSource(self._path(member))))
                continue
            name = printable(self._channels.sibling(first, number))
            parts.append((label, MissingSource(name, f"{name} is missing")))
        name = printable(place.name)
        key = self._key(present, place)
        return Item(key, name, CompositeSource(name, tuple(parts)))

    def row_of(self, key: str) -> int | None:
        """The row of an item's key."""
        return self._rows.get(key)

    def rows_of(self, keys: Sequence[str], cancelled: Poll = never) -> Iterator[Scanned]:
        """The rows of these keys."""
        yield each_row(len(self), self.row_of, keys)

    def branches(self) -> Sequence[Branch]:
        """Folders with items, in row order."""
        return self._branches

    def metadata(self, row: int) -> Mapping[str, object]:
        """Nothing: what there is to know stands in the files."""
        return {}

    @property
    def key_column(self) -> str | None:
        """The column that holds the keys."""
        return "key"

    def columns(self) -> Sequence[str]:
        """What `--where` and `--order` may speak of; `files` is how many an item has."""
        return ("key", "name", "folder", "files")

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """These columns of all rows in order."""
        import pyarrow as pa

        width = len(self._channels.labels)
        for start in range(0, self._count, _CHUNK):
            rows = range(start, min(start + _CHUNK, self._count))
            keys = [self.item(row).key for row in rows]
            members = [self._members[row * width : (row + 1) * width] for row in rows]
            values = {
                "key": pa.array(keys, pa.string()),
                "name": pa.array([key.rpartition("/")[2] for key in keys], pa.string()),
                "folder": pa.array([key.rpartition("/")[0] for key in keys], pa.string()),
                "files": pa.array([width - found.count(_NONE) for found in members], pa.int64()),
            }
            yield pa.RecordBatch.from_pydict({name: values[name] for name in columns})

    def _path(self, member: int) -> Path:
        source = self._files.item(member).source
        assert isinstance(source, FileSource)
        return source.path

    def _key(self, member: int, place: Place) -> str:
        if self._channels.explicit:
            return place.name
        folder, slash, _ = self._files.item(member).key.rpartition("/")
        return f"{folder}{slash}{place.name}"

    def _more(self) -> None:
        """More files were found."""
        with self._lock:
            before = self._count
            complete = self._files.complete
            for member in range(self._seen, len(self._files)):
                self._add(member)
            self._seen = len(self._files)
            if complete:
                self._flush()
                self._done.set()
            grew = complete or self._count > before
        if grew:
            self._grown()

    def _add(self, member: int) -> None:
        place = self._channels.place(self._path(member))
        if place is None:
            self._left_out += 1
            return
        if place.folder != self._folder:
            self._flush()
            self._folder = place.folder
        key = self._key(member, place)
        if key in self._rows:
            self._left_out += 1
            return
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = array("q", [_NONE] * len(self._channels.labels))
        if found[place.number] != _NONE:
            self._left_out += 1
            return
        found[place.number] = member
        if _NONE not in found:
            del self._open[key]
            self._append(key, found)

    def _flush(self) -> None:
        """The folder has no more files: what is not complete will not be."""
        for key, found in self._open.items():
            self._lacking += 1
            self._append(key, found)
        self._open.clear()

    def _append(self, key: str, found: array[int]) -> None:
        """Add an item; readers see it once the count says so."""
        folder = key.rpartition("/")[0] or self.root.name or str(self.root)
        label = printable(folder)
        self._members.extend(found)
        self._rows[key] = self._count
        last = self._branches[-1] if self._branches else None
        if last is None or last.label != label:
            self._branches.append(Branch(label, 0, self._count, 1))
            self._count += 1
            return
        self._count += 1
        self._branches[-1] = Branch(label, 0, last.first, last.count + 1)
