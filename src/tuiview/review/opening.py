"""The way to a store: its folder, its lock, its file system, its database."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tuiview.review import filesystem, schema
from tuiview.review.backup import Backups
from tuiview.review.database import Database
from tuiview.review.errors import StoreError
from tuiview.review.lock import Lock
from tuiview.review.trouble import unopened
from tuiview.text import printable


class Opened(Struct, frozen=True):
    """A database that is this process's to write.

    Attributes:
        database: At the current schema, with its reserve.
        lock: Held.
        mount: The file system that it lies on.
        notices: What the reviewer should be told.
    """

    database: Database
    lock: Lock
    mount: filesystem.Mount
    notices: list[str]


@contextlib.contextmanager
def opened(
    path: Path,
    reviewer: str,
    utc: str,
    take_over: bool = False,
    connect: schema.Connect = schema.connect,
) -> Iterator[Opened]:
    """Lock and open a database, made or migrated where needed.

    It stays open and locked when the block ends well. Where the block raises, both are given back.

    Args:
        path: The database.
        reviewer: Who is named in the lock.
        utc: The time that is named in the lock.
        take_over: Take the lock from a holder of which nobody can say whether it lives.
        connect: Opens connections.

    Raises:
        StoreLockedError: Another program holds it.
        StoreNewerError: A later tuiview wrote it.
        UnreadableStoreError: The file is damaged or no store.
        StoreError: The folder or the file cannot be written.
    """
    try:
        filesystem.make_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"the folder {path.parent} cannot be made: {error.strerror or error}",
            "choose another one with --store DIR",
        ) from error
    lock = Lock(path)
    cleared = lock.acquire(reviewer, utc, take_over=take_over)
    database = None
    try:
        vfs = "" if filesystem.locks_work(path.parent) else filesystem.NO_LOCKS
        database = Database(path, vfs, connect)
        backups = Backups(database)
        database.create(lambda version: backups.make(label=f"-schema{version}"))
        mount = filesystem.kind(path)
        notices = _notices(mount, bool(vfs))
        try:
            database.fill_reserve()
        except sqlite3.OperationalError as error:
            # There may still be room for many decisions.
            if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_FULL:
                raise
            notices.append("the disk is nearly full: there is no reserve for decisions")
        if cleared is not None:
            notices.append(f"cleared the lock that {cleared.words} left behind")
        yield Opened(database, lock, mount, notices)
    except BaseException as error:
        if database is not None:
            database.close()
        lock.release()
        if isinstance(error, (sqlite3.Error, OSError)):
            raise unopened(path, error) from error
        raise


def _notices(mount: filesystem.Mount, lockless: bool) -> list[str]:
    notices = []
    where = f"{mount.kind} ({printable(mount.source)})" if mount.kind else "its file system"
    if lockless:
        notices.append(
            f"file locks do not work on {where}: only the lock file keeps a second tuiview out,"
            " and others read the store's backups"
        )
    elif mount.network:
        notices.append(f"decisions are kept on a network file system, {where}")
    if mount.memory:
        notices.append(f"decisions are kept in memory, on {where}: they are gone after a restart")
    return notices
