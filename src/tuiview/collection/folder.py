"""Folders, files and lists of files as a collection that grows while it is read."""

from __future__ import annotations

import os
import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuiview.collection.base import Branch, Item, Scanned, each_row
from tuiview.collection.natural import natural_key
from tuiview.collection.scan import Recognition, Walk
from tuiview.collection.texts import Lookup, Texts
from tuiview.errors import Poll, never
from tuiview.source import FileSource
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 4096
_PAUSE = 0.1
_FEW = 64
_FEW_OF = 20
"""Of so many names looking for one costs as much as going through all."""
_SOUGHT = 65_536
"""Names that many are looked for among at once."""


class FolderCollection:
    """Image files: folders walked recursively, single files as they are named, or both.

    Rows stand in the order given, a folder's in natural order, its own files before those of its
    subfolders. Names are kept as bytes in one block, each with a zero behind it, with an array of
    ends: about 30 bytes a file.

    Args:
        paths: Folders and files. An iterator may come in as slowly as it likes.
        suffixes: Endings of image files in lower case; files without any are judged by content.
        sniff: Names the kind of a content by its first bytes, or None.
        kinds: Which of those kinds are images; None means all.
        root: What keys are relative to; by default the folder given, else the one that has them
            all, for an iterator the current folder. Keys of files outside of it are absolute.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        *,
        suffixes: frozenset[str],
        sniff: Callable[[bytes], str | None],
        kinds: frozenset[str] | None = None,
        root: Path | None = None,
    ) -> None:
        self._given: Iterable[Path] = paths
        self._few = False
        if isinstance(paths, Sequence):
            self._given = [_absolute(path) for path in paths]
            self._few = len(self._given) <= _FEW
        self._recognition = Recognition(suffixes, sniff, kinds)
        self._root = root.absolute() if root else self._common_root()
        self._stop = threading.Event()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._walk = Walk(self._recognition, self._stop.is_set)
        self._names = bytearray()
        self._ends = array("Q", [0])
        self._count = 0
        self._firsts = array("Q")
        self._folders: list[str] = []
        self._segments: dict[str, list[int]] = {}
        self._named: dict[str, int] = {}
        self._walking = True
        self._branches: list[Branch] = []
        self._grown: Callable[[], None] = _nothing
        self._told = 0.0

    def _common_root(self) -> Path:
        if not isinstance(self._given, list) or not self._given:
            return Path.cwd()
        folders = [str(path if self._is_folder(path) else path.parent) for path in self._given]
        common: str = os.path.commonpath(folders)
        return Path(common)

    @property
    def root(self) -> Path:
        """The folder that keys are relative to."""
        return self._root

    @property
    def title(self) -> str:
        """The folder's name, or the file's where there is only one."""
        given = self._given
        only = given[0] if isinstance(given, list) and len(given) == 1 else self._root
        return printable(only.name or str(only))

    @property
    def complete(self) -> bool:
        """Whether the walk is over."""
        return self._done.is_set()

    @property
    def skipped(self) -> int:
        """Files left out because they are no images."""
        return self._walk.skipped

    @property
    def problems(self) -> Sequence[str]:
        """Folders that could not be read."""
        return tuple(self._walk.problems)

    def __len__(self) -> int:
        return self._count

    def start(self, grown: Callable[[], None]) -> None:
        """Begin walking in the background; if that has begun, tell another from now on."""
        self._grown = grown
        if self._thread is not None:
            grown()
        else:
            self._thread = threading.Thread(target=self._read, name="folder-scan", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the walk to end; True if it has."""
        return self._done.wait(timeout)

    def close(self) -> None:
        """Stop walking."""
        self._stop.set()

    def peek(self, row: int) -> Item | None:
        """The item; always in memory."""
        return self.item(row) if 0 <= row < self._count else None

    def item(self, row: int) -> Item:
        """The item; nothing is asked of the disk."""
        if not 0 <= row < self._count:
            raise IndexError(row)
        folder, name = self._folders[self._segment(row)], self._name(row)
        return Item(_text(self._key(folder, name)), printable(name), FileSource(Path(folder, name)))

    def row_of(self, key: str) -> int | None:
        """The row of a file's key."""
        row = self._find(key)
        if row is None and "\\x" in key:
            row = self._find(_bytes(key))
        return row

    def rows_of(self, keys: Sequence[str], cancelled: Poll = never) -> Iterator[Scanned]:
        """The rows of these files' keys; many of them are found in one go through all."""
        count = self._count
        if len(keys) * _FEW_OF < count:
            yield each_row(count, self.row_of, keys)
            return
        wanted = Lookup(Texts.of(keys))
        for first in range(0, count, _SOUGHT):
            if cancelled():
                return
            rows = range(first, min(first + _SOUGHT, count))
            positions, which = wanted.of(self._keys(rows))
            yield Scanned(rows.stop, first + positions, which)

    def _keys(self, rows: range) -> Texts:
        """The keys of rows that follow each other."""
        found = []
        start = rows.start
        while start < rows.stop:
            segment = self._segment(start)
            stop = min(rows.stop, self._extent(segment)[1])
            ends = np.array(self._ends[start : stop + 1], np.int64)
            names = bytes(self._names[ends[0] : ends[-1]])
            head = _text(self._key(self._folders[segment], "")).encode()
            if _is_text(names):
                content = head + names.replace(b"\0", b"\0" + head)
                starts = ends[:-1] - ends[0] + len(head) * np.arange(stop - start)
                found.append(Texts(content, starts, len(head) + np.diff(ends) - 1))
            else:
                found.append(Texts.of([self.item(row).key for row in range(start, stop)]))
            start = stop
        return Texts.joined(found)

    def branches(self) -> Sequence[Branch]:
        """Folders with images in them or below, in row order."""
        return self._branches

    def metadata(self, row: int) -> Mapping[str, object]:
        """Nothing: what there is to know stands in the files."""
        return {}

    @property
    def key_column(self) -> str | None:
        """The column that holds the keys."""
        return "key"

    def columns(self) -> Sequence[str]:
        """What `--where` and `--order` may speak of."""
        return ("key", "name", "folder", "suffix", "size", "mtime")

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """These columns of all rows in order; size (bytes) and mtime (UTC) ask every file."""
        import pyarrow as pa

        for start in range(0, self._count, _CHUNK):
            rows = range(start, min(start + _CHUNK, self._count))
            yield pa.RecordBatch.from_pydict(
                {column: self._column(column, rows) for column in columns}
            )

    def _column(self, column: str, rows: range) -> pa.Array:
        import pyarrow as pa

        if column in ("size", "mtime"):
            found = [_status(self._path(row)) for row in rows]
            if column == "size":
                return pa.array([each and each.st_size for each in found], pa.int64())
            times = [each and int(each.st_mtime * 1e6) for each in found]
            return pa.array(times, pa.timestamp("us"))
        keys = [self.item(row).key for row in rows]
        if column == "key":
            return pa.array(keys, pa.string())
        if column == "folder":
            return pa.array([key.rpartition("/")[0] for key in keys], pa.string())
        names = [key.rpartition("/")[2] for key in keys]
        if column == "suffix":
            names = [Path(name).suffix.lower() for name in names]
        return pa.array(names, pa.string())

    def _path(self, row: int) -> Path:
        return Path(self._folders[self._segment(row)], self._name(row))

    def _segment(self, row: int) -> int:
        return bisect_right(self._firsts, row) - 1

    def _name(self, row: int) -> str:
        return os.fsdecode(bytes(self._names[self._ends[row] : self._ends[row + 1] - 1]))

    def _key(self, folder: str, name: str) -> str:
        prefix = self._prefix(folder)
        return f"{prefix.rstrip('/')}/{name}" if prefix else name

    def _prefix(self, folder: str) -> str:
        root = str(self._root)
        if folder == root:
            return ""
        above = root if root.endswith(os.sep) else root + os.sep
        return folder.removeprefix(above).replace(os.sep, "/")

    def _find(self, key: str) -> int | None:
        if (row := self._named.get(key)) is not None:
            return row
        folder, slash, name = key.rpartition("/")
        if slash and not folder:
            folder = "/"
        wanted = natural_key(name)
        for segment in self._segments.get(folder, ()):
            first, end = self._extent(segment)
            row = bisect_left(
                range(first, end), wanted, key=lambda row: natural_key(self._name(row))
            )
            row += first
            if row < end and self._name(row) == name:
                return row
        return None

    def _extent(self, segment: int) -> tuple[int, int]:
        last = segment + 1 == len(self._firsts)
        return self._firsts[segment], self._count if last else self._firsts[segment + 1]

    def _read(self) -> None:
        try:
            for path in self._given:
                if self._stop.is_set():
                    break
                path = _absolute(path)
                if self._is_folder(path):
                    self._add_folders(path)
                else:
                    self._add_file(path)
        except OSError as error:
            self._walk.problems.append(f"{printable(str(error))}")
        finally:
            if not self._count and self._walk.datasets:
                name = printable(self._walk.datasets)
                self._walk.problems.append(f"{name} holds datasets or rows: open it by itself")
            self._done.set()
            self._grown()

    def _is_folder(self, path: Path) -> bool:
        # In a long list an image's name is taken for an image: asking costs a round trip each.
        return (self._few or not self._recognition.by_name(path.name)) and path.is_dir()

    def _add_folders(self, top: Path) -> None:
        pending: list[str | None] = []
        for folder in self._walk.folders(str(top)):
            label = self._label(folder.path) if folder.depth == 0 else Path(folder.path).name
            del pending[folder.depth :]
            pending.append(printable(label))
            names = folder.names
            if self._named:
                names = [n for n in names if self._key(folder.path, n) not in self._named]
            if not names:
                continue
            self._begin(folder.path, walked=True)
            for depth, waiting in enumerate(pending):
                if waiting is not None:
                    self._branches.append(Branch(waiting, depth, self._count, 0))
                    pending[depth] = None
            for first in range(0, len(names), _CHUNK):
                if self._stop.is_set():
                    return
                self._append(names[first : first + _CHUNK])

    def _add_file(self, path: Path) -> None:
        folder, name = str(path.parent), path.name
        key = self._key(folder, name)
        if self._find(key) is not None:
            return
        if self._walking or self._folders[-1] != folder:
            self._begin(folder, walked=False)
            self._branches.append(Branch(printable(self._label(folder)), 0, self._count, 0))
        self._named[key] = self._count
        self._append([name])

    def _label(self, folder: str) -> str:
        return self._prefix(folder) or self._root.name or str(self._root)

    def _begin(self, folder: str, *, walked: bool) -> None:
        self._folders.append(folder)
        self._walking = walked
        if walked:
            self._segments.setdefault(self._prefix(folder), []).append(len(self._firsts))
        self._firsts.append(self._count)

    def _append(self, names: Sequence[str]) -> None:
        """Add names to the last folder begun; readers see them once the count says so."""
        text = "\0".join((*names, ""))
        sizes = map(len, names if text.isascii() else map(os.fsencode, names))
        ends = len(self._names) + np.cumsum(np.fromiter(sizes, np.int64, len(names)) + 1)
        self._names += os.fsencode(text)
        self._ends.frombytes(ends.astype(np.uint64).tobytes())
        last = self._branches[-1]
        self._count += len(names)
        self._branches[-1] = Branch(last.label, last.depth, last.first, last.count + len(names))
        now = time.monotonic()
        if self._count == len(names) or now - self._told >= _PAUSE:
            self._told = now
            self._grown()


def _nothing() -> None:
    """Nobody listens yet."""


def _absolute(path: Path) -> Path:
    # "link/.." is not the link's parent, so only the file system can say where it leads.
    return path.resolve() if ".." in path.parts else path.absolute()


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(name: str) -> str:
    r"""A name as text that every database takes: bytes that are not UTF-8 as `\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _bytes(key: str) -> str:
    """The name that `_text` made this key of."""
    parts = key.split("\\x")
    raw = parts[0].encode()
    for part in parts[1:]:
        try:
            raw += bytes.fromhex(part[:2]) + part[2:].encode()
        except ValueError:
            raw += b"\\x" + part.encode()
    return os.fsdecode(raw)
