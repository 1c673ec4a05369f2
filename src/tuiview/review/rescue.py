"""Decisions that cannot be written where they belong are written elsewhere, and come back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tuiview.review import schema
from tuiview.review.batch import Batch, apply
from tuiview.review.database import Database, copying
from tuiview.review.errors import StoreError
from tuiview.review.filesystem import make_folder
from tuiview.review.hanging import within
from tuiview.review.locations import escaped
from tuiview.review.rows import Session, stored
from tuiview.review.trouble import told
from tuiview.text import printable

_PREFIX = "unsaved-"
_MEANT_FOR = "meant-for"
"""The fact that names the store in which the decisions should be."""

_PATIENCE = 0.3
"""Seconds to wait for a database on which another thread may hang."""

_COPYING = 0.2
"""Seconds that writing may take by itself, before another place is tried."""


class Farewell(Struct, frozen=True):
    """How a store was left.

    Attributes:
        unsaved: Decisions that could not be written to the store.
        rescued: A store of its own that holds them, for `tuiview merge`; None where there was
            nothing to rescue or nowhere to put it.
        backup: The copy that was made at the end, or None.
    """

    unsaved: int = 0
    rescued: Path | None = None
    backup: Path | None = None

    @property
    def hint(self) -> str:
        """Where the unsaved decisions are; empty where they are lost."""
        return f"they are in {self.rescued}; the next start takes them in" if self.rescued else ""


def copy_out(path: Path, database: Database, session: Session, unsaved: Batch, utc: str) -> None:
    """Write a store with everything that can be read and everything that is unsaved.

    Args:
        path: Where; there must be nothing yet.
        database: What to read, if it can be read.
        session: Whose decisions are unsaved.
        unsaved: What is not in the database yet.
        utc: The present time.

    Raises:
        StoreError: It cannot be written there, or the path is taken.
    """
    if path.exists():
        raise StoreError(f"{path} exists already", "choose another name")
    try:
        make_folder(path.parent)
        with copying(path) as copy:
            with (
                contextlib.suppress(sqlite3.Error, TimeoutError, StoreError),
                database.use(_PATIENCE) as connection,
            ):
                connection.backup(copy)
            schema.migrate(copy, path)
            copy.execute("BEGIN")
            apply(copy, session, unsaved, utc)
            copy.execute(
                "INSERT OR REPLACE INTO facts VALUES (?, ?)",
                (_MEANT_FOR, stored(str(database.path))),
            )
            copy.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise StoreError(told(error, path).message, "choose another folder") from error


def rescue(
    store: Path, database: Database, session: Session, unsaved: Batch, utc: str
) -> Path | None:
    """Write what is unsaved to the user's data folder, or to that for temporary files.

    Returns:
        The new store, or None where neither can be written.
    """
    name = f"{_PREFIX}{store.stem}-{session.uuid.hex[:12]}"

    def put(folder: Path) -> Path:
        taken = len(list(folder.glob(f"{escaped(name)}*")))
        path = folder / f"{name}{f'-{taken}' if taken else ''}.sqlite"
        copy_out(path, database, session, unsaved, utc)
        return path

    home, last = _folders()
    # The user's data may lie on the file system that hangs. Should it get there after all, the
    # decisions are there twice, and are taken in once.
    with contextlib.suppress(StoreError, OSError):
        return within(_PATIENCE + _COPYING, lambda: put(home))
    with contextlib.suppress(StoreError, OSError):
        return put(last)
    return None


def taken_in(database: Database) -> Iterator[str]:
    """Unite a store with what earlier programs could not write to it; yields what to tell.

    What was taken in is removed where it lay. Nothing is taken from other users' files.
    """
    for folder in _folders():
        for path in sorted(folder.glob(f"{_PREFIX}{escaped(database.path.stem)}-*.sqlite")):
            with contextlib.suppress(OSError):
                if path.stat().st_uid == os.getuid():
                    yield from _taken_in(path, database)


def _taken_in(path: Path, database: Database) -> Iterator[str]:
    from tuiview.review import merge
    from tuiview.review.snapshot import take

    try:
        with take(path) as source:
            meant = source.facts().get(_MEANT_FOR, "")
            here = meant == str(database.path) or not Path(meant).exists()
            with source.reading() as reading:
                origins = {origin for (origin,) in reading.execute("SELECT origin FROM sessions")}
                if here and database.identity in origins:
                    added = database.write(lambda target: merge.absorb(reading, target))
                    path.unlink()
                    if added:
                        yield f"{added} decisions that could not be saved are back, from {path}"
                    return
            reason = "the store is another one now"
    except (sqlite3.Error, StoreError) as error:
        here, reason = True, printable(str(error))
    if here:
        yield (
            f"decisions that could not be saved are in {path} ({reason}):"
            f" `tuiview merge {path} -o {database.path}` unites them"
        )


def _folders() -> tuple[Path, ...]:
    """Where decisions are put that find no place in their store."""
    import platformdirs

    home = Path(platformdirs.user_data_dir("tuiview", appauthor=False))
    return home / "unsaved", Path(tempfile.gettempdir())
