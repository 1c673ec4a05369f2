"""Reading a store that somebody else may be writing to."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tuiview.review import schema
from tuiview.review.errors import StoreError, UnreadableStoreError
from tuiview.review.filesystem import NO_LOCKS, locks_work
from tuiview.review.locations import backups_of
from tuiview.review.lock import Holder, Lock
from tuiview.review.reading import Reading
from tuiview.text import printable

_IN_MEMORY = 64 * 2**20


class Snapshot(Reading):
    """A copy of a store as it was at one moment.

    Args:
        connection: The copy.
        notices: What the reader should know of it.
        folder: Scratch folder to remove at the end.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        notices: list[str],
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        self.notices = notices
        self._connection = connection
        self._folder = folder
        self._mutex = threading.Lock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The copy, for this thread alone."""
        with self._mutex:
            yield self._connection

    def close(self) -> None:
        """Drop the copy."""
        self._connection.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def take(path: Path) -> Snapshot:
    """Copy a store for reading; its writer waits for moments only.

    Raises:
        StoreError: There is no store, or it cannot be read.
        StoreNewerError: A later tuiview wrote it.
        UnreadableStoreError: It is damaged or no store.
    """
    if not path.is_file():
        raise StoreError(f"there is no store at {path}", "review something first")
    folder = tempfile.TemporaryDirectory(prefix="tuiview-")
    notices: list[str] = []
    connection = None
    try:
        target = Path(folder.name) / "copy.sqlite"
        large = path.stat().st_size > _IN_MEMORY
        connection = sqlite3.connect(
            target if large else ":memory:", isolation_level=None, check_same_thread=False
        )
        _copy(path, connection, Path(folder.name), notices)
        schema.migrate(connection, path)
        return Snapshot(connection, notices, folder)
    except BaseException as error:
        if connection is not None:
            connection.close()
        folder.cleanup()
        if isinstance(error, (sqlite3.Error, OSError)):
            raise _unreadable(path, error) from error
        raise


def _copy(path: Path, target: sqlite3.Connection, scratch: Path, notices: list[str]) -> None:
    held = _held(path)
    if held is None or locks_work(path.parent):
        try:
            with contextlib.closing(schema.connect(path, "ro")) as source:
                schema.version_of(source, path)
                source.backup(target)
            return
        except sqlite3.OperationalError:
            if held is not None:
                raise
        # Its writer was killed in the middle of a commit: that is rolled back in a copy.
        twin = scratch / "twin.sqlite"
        shutil.copyfile(path, twin)
        journal = path.with_name(path.name + "-journal")
        if journal.exists():
            shutil.copyfile(journal, scratch / "twin.sqlite-journal")
        with contextlib.closing(schema.connect(twin, "rw", NO_LOCKS)) as source:
            schema.version_of(source, path)
            source.backup(target)
        return
    for backup in backups_of(path):
        with contextlib.closing(
            sqlite3.connect(f"{backup.absolute().as_uri()}?immutable=1", uri=True)
        ) as source:
            schema.version_of(source, backup)
            source.backup(target)
        notices.append(
            f"{path.name} is being written where file locks do not work: read its last backup"
            f" {backup.name}"
        )
        return
    raise StoreError(
        f"{path} is being written by {held.words} where file locks do not work,"
        " and has no backup yet",
        "quit that tuiview, or wait a quarter of an hour",
    )


def _held(path: Path) -> Holder | None:
    holder = Lock(path).read()
    return None if holder is None or holder.fate(Holder.here("", "")) is False else holder


def _unreadable(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    if isinstance(error, OSError):
        return StoreError(f"{path} cannot be read: {error.strerror or error}")
    hint = f"`tuiview doctor --store {path}` looks at it"
    backups = backups_of(path)
    if backups:
        hint += f"; the newest backup is {backups[0]}"
    return UnreadableStoreError(f"{path} cannot be read: {printable(str(error))}", hint)
