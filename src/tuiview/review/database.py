"""The one connection that writes, reopened after errors that leave it in doubt."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tuiview.errors import Poll, never
from tuiview.review import schema
from tuiview.review.errors import StoreError
from tuiview.review.filesystem import make_folder, sync_file, sync_folder
from tuiview.review.trouble import moved

Result = TypeVar("Result")

RESERVE = 512 * 1024
"""Bytes of free pages kept inside the file: what is still written when the disk is full."""

_PIECE = 64 * 1024
"""Bytes of it that are written at once; a decision, or the end, waits no longer."""


class Database:
    """A store's database, used by one thread at a time.

    Readers of the same process share the writer's connection: a second one would keep it from
    committing. Reads are therefore short.

    Args:
        path: The file.
        vfs: The SQLite VFS, empty for the usual one.
        connect: Opens connections.

    Attributes:
        identity: The uuid that the store was given when it was made.
        commits: Transactions so far.
    """

    def __init__(self, path: Path, vfs: str = "", connect: schema.Connect = schema.connect) -> None:
        self.path = path
        self.vfs = vfs
        self.commits = 0
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self.identity = ""
        self._closed = False
        self._lent: sqlite3.Connection | None = None
        self._mutex = threading.RLock()

    def create(self, save: Callable[[int], object] | None = None) -> None:
        """Open the database, made or migrated where needed.

        Args:
            save: Called with the old version before a migration, with the connection open.
        """
        with self._mutex:
            connection = self._connect(self.path, "rwc", self.vfs)
            self._connection = connection
            schema.prepare(connection)
            schema.migrate(connection, self.path, save)
            # Says now, not at the first decision, that the file cannot be written.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            self.identity = schema.identity_of(connection)

    @contextlib.contextmanager
    def use(self, patience: float = -1) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone.

        Raises TimeoutError where another thread holds it for more than `patience` seconds, and
        StoreError after `close`.
        """
        if not self._mutex.acquire(timeout=patience):
            raise TimeoutError(f"{self.path} is busy")
        try:
            if self._closed:
                raise StoreError("the store is closed")
            if self._connection is None:
                connection = self._connect(self.path, "rw", self.vfs)
                try:
                    schema.prepare(connection)
                    schema.version_of(connection, self.path)
                    if schema.identity_of(connection) != self.identity:
                        raise StoreError(
                            "not saved: the database was replaced by another file",
                            ":save-to PATH keeps what this tuiview has decided",
                        )
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
            try:
                yield self._connection
            except sqlite3.Error as error:
                self._doubt(error)
                raise
        finally:
            self._mutex.release()

    def write(self, change: Callable[[sqlite3.Connection], Result]) -> Result:
        """Make a change in one transaction: when this returns, it is durable."""
        with self.use() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = change(connection)
                connection.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, sqlite3.Error) and moved(error):
                    self._restore(connection)
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise
            self.commits += 1
            return result

    def _doubt(self, error: sqlite3.Error) -> None:
        """Drop a connection whose cache may differ from the disk; the next use opens a new one."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_CONSTRAINT,
            sqlite3.SQLITE_INTERRUPT,
        ) or moved(error):
            return
        self.renew()

    def renew(self) -> None:
        """Drop the connection; the next use opens a new one."""
        with self._mutex:
            connection, self._connection = self._connection, None
            # One that is being copied from is closed by the copying thread.
            if connection is not None and connection is not self._lent:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()

    def _restore(self, connection: sqlite3.Connection) -> None:
        """Write the database anew where its file was removed under the open connection."""
        if self.path.exists():
            return
        with contextlib.suppress(sqlite3.Error, OSError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            make_folder(self.path.parent)
            copy_to(connection, self.path)
            self.renew()

    def fill_reserve(self, over: Poll = never) -> None:
        """Keep free pages in the file, whose blocks the file system has already given.

        Args:
            over: Asked between small pieces: whether to leave the rest for later.
        """
        with self.use() as connection:
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            missing = RESERVE - free * page
            if missing < RESERVE // 2:
                return
        # Several transactions: pages that come and go in one are never written, and own no blocks.
        try:
            for _ in range(0, missing, _PIECE):
                self.write(
                    lambda inside: _run(
                        inside, "INSERT INTO reserve (filling) VALUES (randomblob(?))", _PIECE
                    )
                )
                if over():
                    break
        finally:
            self.write(lambda inside: _run(inside, "DELETE FROM reserve"))

    def copy(self, target: sqlite3.Connection, pages: int, over: Callable[[], bool]) -> None:
        """Copy everything into another database, piece by piece; others go on in between.

        Args:
            target: The database to fill.
            pages: How many pages to copy at a time.
            over: Asked after each piece: whether to give up.

        Raises:
            TimeoutError: It was given up, or the connection was lost meanwhile.
        """
        with self.use() as source:

            def step(_status: int, _remaining: int, _total: int) -> None:
                self._mutex.release()
                try:
                    time.sleep(0.001)
                finally:
                    self._mutex.acquire()
                if over() or self._connection is not source:
                    raise TimeoutError("the copy was given up")

            self._lent = source
            try:
                source.backup(target, pages=pages, progress=step, sleep=0)
            finally:
                self._lent = None
                if self._connection is not source:
                    source.close()

    def close(self, patience: float = -1) -> None:
        """Close the connection, unless another thread holds it beyond `patience` seconds."""
        if not self._mutex.acquire(timeout=patience):
            return
        try:
            self._closed = True
            self.renew()
        finally:
            self._mutex.release()


def _run(connection: sqlite3.Connection, statement: str, *values: object) -> None:
    connection.execute(statement, values).fetchall()


def copy_to(source: sqlite3.Connection, path: Path) -> None:
    """Write a consistent copy of a database that appears at once, whole and durable."""
    with copying(path) as copy:
        source.backup(copy)


@contextlib.contextmanager
def copying(path: Path) -> Iterator[sqlite3.Connection]:
    """A new database to be filled, which takes its name at the end, whole and durable.

    An earlier file of that name is replaced. Nothing is left behind where filling it raises.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        copy = sqlite3.connect(part, isolation_level=None, check_same_thread=False)
        try:
            copy.execute("PRAGMA synchronous = OFF")
            yield copy
        finally:
            copy.close()
        sync_file(part)
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
        part.with_name(part.name + "-journal").unlink(missing_ok=True)
