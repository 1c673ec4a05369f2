"""A disk in memory that loses power and reports errors, below SQLite."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
_numbers = itertools.count()


class File:
    """What a file holds, what of it is durable, and what was written since the last sync."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.durable = bytes(content)
        self.since: list[tuple[int, bytes] | int] = []

    def after_power_loss(self, random: random.Random) -> bytes:
        """The durable content with some of the later writes: torn, and in any order."""
        pieces: list[tuple[int, bytes] | int] = []
        for change in self.since:
            if isinstance(change, int):
                pieces.append(change)
            else:
                offset, data = change
                while data:
                    size = SECTOR - offset % SECTOR
                    pieces.append((offset, data[:size]))
                    offset, data = offset + size, data[size:]
        share = random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        kept = [piece for piece in pieces if random.random() < share]
        content = bytearray(self.durable)
        for piece in kept:
            if isinstance(piece, int):
                del content[piece:]
                continue
            offset, data = piece
            if random.random() < 0.05:
                data = data[: random.randrange(len(data) + 1)]
            _put(content, offset, data)
        return bytes(content)


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """The disk as a VFS of its own.

    Attributes:
        operations: How many operations there were, named by `trace` where that is a list.
        fault: Called with the operation's number and name; raises what shall go wrong.
    """

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.name = f"simulated-{next(_numbers)}"
        self.files = {name: File(content) for name, content in (files or {}).items()}
        self.durable_names = dict(self.files)
        self.operations = 0
        self.trace: list[str] = []
        self.fault: Callable[[int, str], None] = lambda number, name: None
        super().__init__(self.name, base="")

    def did(self, name: str) -> None:
        self.operations += 1
        self.trace.append(name)
        self.fault(self.operations, name)

    def xOpen(self, name: Any, flags: list[int]) -> Handle:
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        if text is None:
            return Handle(self, File(), journal=False)
        self.did("open")
        new = text not in self.files
        if new:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError("there is no such file")
            self.files[text] = File()
        journal = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_JOURNAL)
        return Handle(self, self.files[text], journal=journal and new)

    def xDelete(self, name: str, syncdir: bool) -> None:
        self.did("delete")
        self.files.pop(name, None)
        if syncdir:
            self.sync_names()

    def xAccess(self, name: str, flags: int) -> bool:
        return name in self.files

    def xFullPathname(self, name: str) -> str:
        return name

    def sync_names(self) -> None:
        self.durable_names = dict(self.files)

    def after_power_loss(self, random: random.Random) -> Disk:
        """The disk that is found when the power is back."""
        left: dict[str, bytes] = {}
        for name in {**self.durable_names, **self.files}:
            file = random.choice((self.durable_names.get(name), self.files.get(name)))
            if file is not None:
                left[name] = file.after_power_loss(random)
        return Disk(left)

    def connect(self, path: Path, mode: str = "rwc", vfs: str = "") -> sqlite3.Connection:
        """A connection that looks like one of the sqlite3 module."""
        return Connection(self.name, str(path), mode)  # type: ignore[return-value]


class Handle:
    """An open file."""

    def __init__(self, disk: Disk, file: File, *, journal: bool) -> None:
        self.disk = disk
        self.file = file
        # As on Unix: a new journal's first sync makes the names in its folder durable.
        self.new_journal = journal

    def xRead(self, amount: int, offset: int) -> bytes:
        self.disk.did("read")
        return bytes(self.file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.did("write")
        self.file.since.append((offset, bytes(data)))
        _put(self.file.content, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self.disk.did("truncate")
        self.file.since.append(size)
        del self.file.content[size:]

    def xSync(self, flags: int) -> None:
        self.disk.did("sync")
        self.file.durable = bytes(self.file.content)
        self.file.since.clear()
        if self.new_journal:
            self.new_journal = False
            self.disk.sync_names()

    def xFileSize(self) -> int:
        return len(self.file.content)

    def xLock(self, level: int) -> None: ...

    def xUnlock(self, level: int) -> None: ...

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        return int(apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE)

    def xClose(self) -> None: ...


class Connection:
    """As much of sqlite3's connection as the store uses, over apsw."""

    def __init__(self, vfs: str, path: str, mode: str) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE
        if mode == "rwc":
            flags |= apsw.SQLITE_OPEN_CREATE
        self.apsw = _said(lambda: apsw.Connection(path, flags=flags, vfs=vfs))

    def execute(self, statement: str, values: Iterable[Any] = ()) -> Rows:
        return Rows(_said(lambda: list(self.apsw.execute(statement, tuple(values)))))

    @property
    def in_transaction(self) -> bool:
        return bool(self.apsw.in_transaction)

    def backup(self, *_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("no backups here")

    def close(self) -> None:
        _said(lambda: self.apsw.close(True))


class Rows(list[Any]):
    """The rows of a statement as a cursor."""

    def fetchall(self) -> list[Any]:
        return self

    def fetchone(self) -> Any:
        return self[0] if self else None


def _said(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except apsw.Error as error:
        found = sqlite3.OperationalError(str(error))
        # Errors that Python code raised have no code of SQLite's.
        code = apsw.SQLITE_FULL if isinstance(error, apsw.FullError) else apsw.SQLITE_IOERR
        found.sqlite_errorcode = getattr(error, "extendedresult", code)
        found.sqlite_errorname = type(error).__name__
        raise found from error
