"""What went wrong with the database, in words."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from tuiview.review.errors import StoreError, UnreadableStoreError
from tuiview.review.filesystem import complaint
from tuiview.review.locations import backups_of
from tuiview.text import printable

_AWAY = "decisions stay in memory and are written as soon as it works; :save-to PATH keeps them now"

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.ESTALE: "the network file system lost the folder (stale file handle)",
    errno.EIO: "the disk or the network file system reports an input/output error",
    errno.EACCES: "writing is not permitted",
    errno.EPERM: "writing is not permitted",
    errno.ENOENT: "the folder has gone",
}


def code_of(error: BaseException) -> int:
    """SQLite's primary result code, 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def moved(error: BaseException) -> bool:
    """Whether the database file was removed or replaced under the connection."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED


def told(error: BaseException, path: Path) -> StoreError:
    """The error as the reviewer should read it.

    Args:
        error: What was raised while writing.
        path: The database.
    """
    if isinstance(error, StoreError):
        return error
    code = code_of(error)
    if isinstance(error, OSError):
        reason = _of_system(error)
    elif code == sqlite3.SQLITE_FULL:
        reason = _WORDS[errno.ENOSPC]
    elif moved(error):
        reason = "the database was replaced by another file"
    elif code in (
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    ):
        found = complaint(path.parent)
        if found is not None:
            reason = _of_system(found)
        elif code == sqlite3.SQLITE_READONLY:
            reason = "the database is read-only"
        elif code == sqlite3.SQLITE_IOERR:
            reason = _WORDS[errno.EIO]
        else:
            reason = "the database cannot be opened"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        reason = "another program keeps the database from being written"
    elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        reason = "the database is damaged"
        hint = f"{_AWAY}; then `tuiview doctor --store {path}`"
        return StoreError(f"not saved: {reason}", hint)
    else:
        reason = str(error) or type(error).__name__
    name = getattr(error, "sqlite_errorname", "")
    detail = f" [{name}]" if name else ""
    return StoreError(f"not saved: {printable(reason)}{detail}", _AWAY)


def _of_system(error: OSError) -> str:
    number = error.errno or 0
    return _WORDS.get(number) or os.strerror(number)


def unopened(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """Why a store cannot be opened."""
    if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        backups = backups_of(path)
        hint = f"`tuiview doctor --store {path}` repairs what it can"
        if backups:
            hint += f"; the newest backup is {backups[0]}"
        return UnreadableStoreError(f"{path} is damaged or no store", hint)
    words = told(error, path)
    reason = words.message.removeprefix("not saved: ")
    return StoreError(
        f"{path} cannot be opened: {reason}", "choose another folder with --store DIR"
    )
