"""Decisions that cannot be written where they belong are written elsewhere."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tuiview.review import schema
from tuiview.review.batch import Batch, apply
from tuiview.review.database import Database, copying
from tuiview.review.errors import StoreError
from tuiview.review.filesystem import make_folder
from tuiview.review.rows import Session
from tuiview.review.trouble import told

_PATIENCE = 0.5
"""Seconds to wait for a database on which another thread may hang."""


@dataclass(frozen=True, slots=True)
class Farewell:
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
    import platformdirs

    home = Path(platformdirs.user_data_dir("tuiview", appauthor=False))
    name = f"unsaved-{store.stem}-{session.uuid.hex[:12]}.sqlite"
    for folder in (home / "unsaved", Path(tempfile.gettempdir())):
        with contextlib.suppress(StoreError):
            copy_out(folder / name, database, session, unsaved, utc)
            return folder / name
    return None
