"""Opening a store for work on the whole of it: merging and repair."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tuiview.review import filesystem
from tuiview.review.backup import Backups
from tuiview.review.clock import Clock
from tuiview.review.database import Database
from tuiview.review.lock import Lock
from tuiview.review.opening import opened
from tuiview.review.trouble import unopened


@contextlib.contextmanager
def alone(path: Path, *, take_over: bool = False) -> Iterator[None]:
    """Keep everybody else from writing to a store.

    Args:
        path: The database.
        take_over: Take the lock from a holder of which nobody can say whether it lives.

    Raises:
        StoreError: It is in use, or its folder cannot be written.
    """
    lock = Lock(path)
    try:
        filesystem.make_folder(path.parent)
        lock.acquire("", Clock().utc(), take_over=take_over)
        yield
    except (sqlite3.Error, OSError) as error:
        raise unopened(path, error) from error
    finally:
        lock.release()


@contextlib.contextmanager
def held(path: Path, *, label: str, take_over: bool = False) -> Iterator[Database]:
    """The database of a store that nobody reviews with meanwhile; made where it is missing.

    Args:
        path: The database.
        label: Goes into the name of the backup that is made of an existing one.
        take_over: Take the lock from a holder of which nobody can say whether it lives.

    Raises:
        StoreError: It is in use, cannot be written, or is no store.
    """
    existed = path.exists()
    with opened(path, "", Clock().utc(), take_over) as found:
        try:
            if existed:
                Backups(found.database).make(label=label)
            yield found.database
        finally:
            found.database.close()
    found.lock.release()
