"""HDF5 files kept open, and what can be read from them beside h5py's global lock."""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tuiview.errors import UnreadableError
from tuiview.text import printable

_HELD = 64
_LINKS = 16


class OpenFile:
    """An HDF5 file that is open twice: for h5py, and for plain reads at an offset."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.h5 = open_h5(path)
        self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self.groups: dict[str, Any] = {}
        self.users = 0
        self.dropped = False

    def close(self) -> None:
        """Close both."""
        self.groups.clear()
        self.h5.close()
        os.close(self.descriptor)

    def pread(self, size: int, offset: int) -> bytes:
        """Read bytes outside of h5py's lock; raises UnreadableError if the file ends before."""
        try:
            data = os.pread(self.descriptor, size, offset)
            while 0 < len(data) < size:
                more = os.pread(self.descriptor, size - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise UnreadableError(f"{printable(self.path.name)}: {error.strerror}.") from None
        if len(data) < size:
            raise UnreadableError(
                f"{printable(self.path.name)} is cut short: "
                f"{len(data):,} of {size:,} bytes at offset {offset:,} are there."
            )
        return data


class FilePool:
    """Open HDF5 files, the longest unused closed first; used from any thread.

    Args:
        held: How many files stay open.
        allow_links: Whether links may lead to other files.
    """

    def __init__(self, *, held: int = _HELD, allow_links: bool = False) -> None:
        self.allow_links = allow_links
        self._held = held
        self._files: OrderedDict[Path, OpenFile] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, path: Path) -> Iterator[OpenFile]:
        """The open file; it stays open while it is borrowed. Raises UnreadableError."""
        file = self._take(path, None)
        if file is None:
            # Outside of the lock: others go on reading while a slow disk opens this one.
            opened = OpenFile(path)
            file = self._take(path, opened) or opened
            if file is not opened:
                opened.close()
        try:
            yield file
        finally:
            with self._lock:
                file.users -= 1
                if file.dropped and not file.users:
                    file.close()

    def _take(self, path: Path, opened: OpenFile | None) -> OpenFile | None:
        """Begin to use the held file, or `opened` if none is held."""
        with self._lock:
            file = self._files.get(path) or opened
            if file is not None:
                file.users += 1
                self._files[path] = file
                self._files.move_to_end(path)
                self._drop(self._held)
            return file

    def _drop(self, keep: int) -> None:
        while len(self._files) > keep:
            _, file = self._files.popitem(last=False)
            file.dropped = True
            if not file.users:
                file.close()

    def close(self) -> None:
        """Close every file, borrowed ones when they come back."""
        with self._lock:
            self._drop(0)


def open_h5(path: Path) -> Any:
    """Open a file for reading, without locks where the file system has none.

    Raises:
        UnreadableError: It is not there, no HDF5 file, or cut short.
    """
    name = printable(path.name)
    try:
        try:
            return h5py.File(path, "r")
        except BlockingIOError:
            return h5py.File(path, "r", locking=False)
        except OSError as error:
            if "lock" not in str(error):
                raise
            return h5py.File(path, "r", locking=False)
    except FileNotFoundError:
        raise UnreadableError(f"{name} is not there.", printable(str(path.parent))) from None
    except PermissionError:
        raise UnreadableError(f"{name} may not be read.") from None
    except OSError as error:
        text = str(error)
        if found := re.search(r"eof = (\d+).*stored_eof = (\d+)", text):
            raise UnreadableError(
                f"{name} is cut short: {int(found[1]):,} of {int(found[2]):,} bytes are there.",
                "copy it again",
            ) from None
        if "signature not found" in text:
            raise UnreadableError(f"{name} is no HDF5 file.") from None
        raise UnreadableError(f"{name} cannot be opened: {printable(text)}.") from None


def resolve(file: OpenFile, name: str, *, allow_links: bool) -> Any:
    """The group or dataset of this path, or None if there is none.

    Raises:
        UnreadableError: A link on the way leads to another file and that is not allowed.
    """
    parts = [part for part in name.split("/") if part and part != "."]
    group, left = file.h5, _LINKS
    while parts:
        part = parts.pop(0)
        if not isinstance(group, h5py.Group):
            return None
        link = group.get(part, getlink=True)
        if link is None:
            return None
        if isinstance(link, h5py.SoftLink):
            left -= 1
            if left < 0:
                return None
            if link.path.startswith("/"):
                group = file.h5
            parts = [each for each in link.path.split("/") if each and each != "."] + parts
            continue
        if isinstance(link, h5py.ExternalLink) and not allow_links:
            raise outside(file, name, link.filename)
        try:
            group = group[part]
        except (KeyError, OSError, RuntimeError) as error:
            raise UnreadableError(
                f"{printable(name)} in {printable(file.path.name)} cannot be opened: "
                f"{printable(str(error))}."
            ) from None
    return group


def outside(file: OpenFile, name: str, other: str) -> UnreadableError:
    """The error for content that lies in another file."""
    return UnreadableError(
        f"{printable(name)} in {printable(file.path.name)} lies in another file, "
        f"{printable(other)}.",
        "--allow-links reads it",
    )


def check_inside(file: OpenFile, dataset: Any, name: str) -> None:
    """Raise an UnreadableError if a dataset's values lie in other files."""
    plan = dataset.get_create_plist()
    if plan.get_external_count():
        other = plan.get_external(0)[0]
        raise outside(file, name, os.fsdecode(other))
    if plan.get_layout() == h5py.h5d.VIRTUAL:
        for number in range(plan.get_virtual_count()):
            if (other := plan.get_virtual_filename(number)) != ".":
                raise outside(file, name, other)


def contiguous_offset(file: OpenFile, dataset: Any) -> int | None:
    """Where the values of a low-level dataset lie in one piece in `file`, or None."""
    if h5py.h5f.get_name(dataset) != h5py.h5f.get_name(file.h5.id):
        return None
    plan = dataset.get_create_plist()
    if plan.get_layout() != h5py.h5d.CONTIGUOUS or plan.get_external_count():
        return None
    offset = dataset.get_offset()
    return None if offset is None else int(offset)


class H5Array:
    """A dataset as something to slice, of a file that may be closed and opened again meanwhile.

    Runs of rows of contiguous datasets are read at their offset, outside of h5py's lock.

    Args:
        pool: Keeps the file open.
        path: The file.
        name: The dataset's path in it.
        index: Numbers of the leading axes that are fixed: one frame of a stack.
    """

    def __init__(self, pool: FilePool, path: Path, name: str, index: tuple[int, ...] = ()) -> None:
        self._pool = pool
        self._path = path
        self._name = name
        self._index = index
        with pool.borrow(path) as file:
            dataset = self._dataset(file)
            self._whole = tuple(dataset.shape)
            self._type: np.dtype[np.generic] = dataset.dtype
            self._offset = contiguous_offset(file, dataset.id)

    def _dataset(self, file: OpenFile) -> Any:
        dataset = resolve(file, self._name, allow_links=self._pool.allow_links)
        if not isinstance(dataset, h5py.Dataset):
            raise UnreadableError(
                f"{printable(self._name)} is not in {printable(self._path.name)}."
            )
        if not self._pool.allow_links:
            check_inside(file, dataset.id, self._name)
        return dataset

    @property
    def shape(self) -> tuple[int, ...]:
        """Its size along each axis that is not fixed."""
        return self._whole[len(self._index) :]

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of its values, in native byte order."""
        return self._type.newbyteorder("=")

    def __getitem__(self, index: object, /) -> NDArray[np.generic]:
        """Read what a basic index says; raises UnreadableError."""
        wanted = index if isinstance(index, tuple) else (index,)
        with self._pool.borrow(self._path) as file:
            try:
                if self._offset is not None and self.shape:
                    values = self._read_rows(file, wanted)
                else:
                    values = np.asarray(self._dataset(file)[(*self._index, *wanted)])
            except (OSError, RuntimeError) as error:
                raise UnreadableError(
                    f"{printable(self._name)} in {printable(self._path.name)} cannot be read: "
                    f"{printable(str(error))}."
                ) from None
        return values.astype(self.dtype, copy=False)

    def _read_rows(self, file: OpenFile, wanted: tuple[object, ...]) -> NDArray[np.generic]:
        """The rows that the first index names in one read; the other indices apply in memory."""
        assert self._offset is not None
        rows = self.shape[0]
        first: object = wanted[0] if wanted and wanted[0] is not Ellipsis else slice(None)
        if isinstance(first, slice) and first.step in (None, 1):
            start, stop, _ = first.indices(rows)
        elif isinstance(first, int | np.integer):
            start = int(first) + (rows if first < 0 else 0)
            if not 0 <= start < rows:
                raise IndexError(first)
            stop = start + 1
        else:
            start, stop = 0, rows
        stop = max(start, stop)
        row_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self._type.itemsize
        before = 0
        for axis, number in enumerate(self._index):
            before = before * self._whole[axis] + number
        at = self._offset + (before * rows + start) * row_bytes
        raw = file.pread((stop - start) * row_bytes, at)
        values = np.frombuffer(raw, self._type).reshape(stop - start, *self.shape[1:])
        rest: Any = wanted
        if (start, stop) != (0, rows):
            rest = (slice(None) if isinstance(first, slice) else 0, *wanted[1:])
        return np.asarray(values[rest])
