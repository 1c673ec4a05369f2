"""Copies of the database, made while it is used."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tuiview.review.database import Database, copying
from tuiview.review.filesystem import make_folder
from tuiview.review.locations import backups_of, folder_of_backups

INTERVAL = 15 * 60.0
KEPT = 4
_PAGES = 256
_STEPS = 100_000


def sound(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError where SQLite finds a database damaged."""
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(str(found))


class Backups:
    """Makes a checked copy every quarter of an hour and at the end, and keeps a few.

    Args:
        database: What to copy.
        interval: Seconds between copies.
    """

    def __init__(self, database: Database, interval: float = INTERVAL) -> None:
        self._database = database
        self._interval = interval
        self._copied = 0
        self._ended = threading.Event()
        self._working = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="tuiview-backup", daemon=True)

    def start(self) -> None:
        """Begin copying."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further copy, and give up one that is being made."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            # A backup that fails is tried again at the next time; decisions go on being written.
            with contextlib.suppress(sqlite3.Error, OSError):
                self.make(self._ended.is_set)

    def at_exit(self, timeout: float) -> Path | None:
        """Make a last copy, unless it takes too long."""
        deadline = time.monotonic() + timeout
        self.stop()
        with contextlib.suppress(sqlite3.Error, OSError):
            return self.make(lambda: time.monotonic() > deadline, patience=timeout)
        return None

    def make(
        self, over: Callable[[], bool] = lambda: False, *, patience: float = -1, label: str = ""
    ) -> Path | None:
        """Make a copy now, if anything was written since the last one.

        Args:
            over: Asked now and then: whether to give up.
            patience: Seconds to wait for a copy that is being made.
            label: Added to the file's name.
        """
        if not self._working.acquire(timeout=patience):
            return None
        try:
            commits = self._database.commits
            if commits == self._copied and not label:
                return None
            path = self._database.path
            make_folder(folder_of_backups(path))
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            target = folder_of_backups(path) / f"{path.stem}-{moment}{label}.sqlite"
            with copying(target) as copy:
                self._database.copy(copy, _PAGES, over)
                copy.set_progress_handler(over, _STEPS)
                sound(copy)
            self._copied = commits
            self._drop_old(path)
            return target
        finally:
            self._working.release()

    def _drop_old(self, path: Path) -> None:
        for old in backups_of(path)[KEPT:]:
            with contextlib.suppress(OSError):
                old.unlink()
