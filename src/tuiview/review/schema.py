"""The database's form, and how a connection to it is made safe.

Events are append-only. Everything else follows from them, is written in the same transaction and
can be made again from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

from tuiview.review.errors import StoreError, StoreNewerError, UnreadableStoreError

APPLICATION = 0x74766577
"""SQLite's application id of a store: "tvew"."""

BUSY = 2.0
"""Seconds to wait for another program's reading."""

PRAGMAS = (
    # The order matters: EXTRA makes SQLite sync the folder too, and must stand before the journal
    # mode. Other modes lost acknowledged commits in simulated power losses.
    "PRAGMA synchronous = EXTRA",
    "PRAGMA journal_mode = PERSIST",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    # Zeroing freed pages would rewrite the reserve for nothing.
    "PRAGMA secure_delete = OFF",
)


class Migration(NamedTuple):
    """One step from a schema version to the next."""

    name: str
    statements: tuple[str, ...]


FIRST = Migration(
    "first release",
    (
        """
        CREATE TABLE facts (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE reviewers (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT
        """,
        """
        CREATE TABLE sessions (
            id INTEGER PRIMARY KEY,
            uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
            reviewer INTEGER NOT NULL REFERENCES reviewers,
            origin TEXT NOT NULL,
            host TEXT NOT NULL,
            boot TEXT NOT NULL,
            pid INTEGER NOT NULL,
            version TEXT NOT NULL,
            started TEXT NOT NULL
        ) STRICT
        """,
        # The last events that a session knew when it began: two sessions neither of which knew
        # the other were run on copies that went on apart.
        """
        CREATE TABLE parents (
            session INTEGER NOT NULL REFERENCES sessions,
            event BLOB NOT NULL,
            PRIMARY KEY (session, event)
        ) STRICT, WITHOUT ROWID
        """,
        # Parents of the next session besides the latest event, left by a merge.
        "CREATE TABLE heads (event BLOB PRIMARY KEY) STRICT, WITHOUT ROWID",
        """
        CREATE TABLE items (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE
        ) STRICT
        """,
        """
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
            session INTEGER NOT NULL REFERENCES sessions,
            sequence INTEGER NOT NULL,
            step BLOB CHECK (length(step) = 16),
            utc TEXT NOT NULL,
            monotonic REAL NOT NULL,
            item INTEGER NOT NULL REFERENCES items,
            what TEXT NOT NULL,
            name TEXT NOT NULL,
            old TEXT NOT NULL,
            new TEXT NOT NULL,
            frame TEXT NOT NULL,
            reaction REAL,
            display TEXT,
            context TEXT,
            undo_of BLOB CHECK (length(undo_of) = 16)
        ) STRICT
        """,
        "CREATE INDEX events_of_item ON events (item, uuid)",
        """
        CREATE TRIGGER events_stay BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
        """,
        """
        CREATE TRIGGER events_remain BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
        """,
        """
        CREATE TABLE states (
            id INTEGER PRIMARY KEY,
            reviewer INTEGER NOT NULL REFERENCES reviewers,
            item INTEGER NOT NULL REFERENCES items,
            said INTEGER NOT NULL,
            decided INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            favourite INTEGER NOT NULL,
            unsure INTEGER NOT NULL,
            skipped INTEGER NOT NULL,
            note TEXT NOT NULL,
            first TEXT NOT NULL,
            last TEXT NOT NULL,
            UNIQUE (reviewer, item)
        ) STRICT
        """,
        """
        CREATE INDEX states_flagged ON states (reviewer, favourite, unsure, skipped)
        WHERE favourite OR unsure OR skipped
        """,
        "CREATE INDEX states_noted ON states (reviewer) WHERE note <> ''",
        """
        CREATE TABLE categories (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT
        """,
        """
        CREATE TABLE categorised (
            category INTEGER NOT NULL REFERENCES categories,
            state INTEGER NOT NULL REFERENCES states,
            PRIMARY KEY (state, category)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX categorised_by_category ON categorised (category, state)",
        # A deleted mark keeps its row, for its rank.
        """
        CREATE TABLE marks (
            state INTEGER NOT NULL REFERENCES states,
            rank INTEGER NOT NULL,
            uuid TEXT NOT NULL,
            stands INTEGER NOT NULL,
            frame TEXT NOT NULL,
            "group" TEXT NOT NULL,
            x REAL NOT NULL,
            y REAL NOT NULL,
            label TEXT NOT NULL,
            ra REAL,
            dec REAL,
            PRIMARY KEY (state, rank)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE totals (
            reviewer INTEGER NOT NULL REFERENCES reviewers,
            what TEXT NOT NULL,
            name TEXT NOT NULL,
            n INTEGER NOT NULL,
            PRIMARY KEY (reviewer, what, name)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE VIEW noted AS SELECT id, note FROM states WHERE note <> ''",
        """
        CREATE VIRTUAL TABLE notes USING fts5 (
            note, content = 'noted', content_rowid = 'id',
            tokenize = "unicode61 remove_diacritics 2"
        )
        """,
        """
        CREATE TABLE drafts (
            reviewer INTEGER NOT NULL REFERENCES reviewers,
            key TEXT NOT NULL,
            text TEXT NOT NULL,
            utc TEXT NOT NULL,
            PRIMARY KEY (reviewer, key)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE places (
            reviewer INTEGER PRIMARY KEY REFERENCES reviewers,
            key TEXT NOT NULL,
            position INTEGER NOT NULL,
            extras TEXT NOT NULL,
            utc TEXT NOT NULL
        ) STRICT
        """,
        "CREATE TABLE reserve (filling BLOB NOT NULL) STRICT",
    ),
)

MIGRATIONS: tuple[Migration, ...] = (FIRST,)
"""Migration n leads from version n to n + 1."""

Connect = Callable[[Path, str, str], sqlite3.Connection]
"""Opens a database by its path, a mode ("rwc", "rw", "ro") and an SQLite VFS (empty: the usual)."""


def connect(path: Path, mode: str, vfs: str = "") -> sqlite3.Connection:
    """Open a database for the store's own use; any thread may use it, one at a time."""
    choice = f"&vfs={vfs}" if vfs else ""
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}{choice}",
        uri=True,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
    )


def prepare(connection: sqlite3.Connection) -> None:
    """Set what every writing connection needs."""
    for pragma in PRAGMAS:
        connection.execute(pragma).fetchall()


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version, 0 for an empty file.

    Raises:
        UnreadableStoreError: The database is somebody else's.
        StoreNewerError: A later tuiview wrote it.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if application != APPLICATION and not (empty and application == version == 0):
        raise UnreadableStoreError(
            f"{path} is a database of another program", "choose another folder with --store DIR"
        )
    if version > len(MIGRATIONS):
        raise StoreNewerError(
            f"{path} has schema version {version}, this tuiview knows up to {len(MIGRATIONS)}",
            "update tuiview, or open a backup of the earlier version with --store DIR",
        )
    return version


def identity_of(connection: sqlite3.Connection) -> str:
    """The uuid that a store was given when it was made; copies share it."""
    row = connection.execute("SELECT value FROM facts WHERE name = 'database'").fetchone()
    return str(row[0]) if row else ""


def migrate(
    connection: sqlite3.Connection, path: Path, save: Callable[[int], object] | None = None
) -> None:
    """Bring the database to the current version, each step in one transaction.

    Args:
        connection: Prepared for writing.
        path: For messages.
        save: Called with the version before a database that has content is changed.
    """
    if sqlite3.sqlite_version_info < (3, 37):
        raise StoreError(
            f"SQLite {sqlite3.sqlite_version} is too old for the store, which needs 3.37",
            "use a Python from uv or conda, which brings its own",
        )
    version = version_of(connection, path)
    if version == len(MIGRATIONS):
        return
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = NONE").fetchall()
    elif save is not None:
        save(version)
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migration.statements:
                connection.execute(statement).fetchall()
            if number == 1:
                connection.execute(f"PRAGMA application_id = {APPLICATION}").fetchall()
                connection.execute("INSERT INTO facts VALUES ('database', ?)", (str(uuid4()),))
            connection.execute(f"PRAGMA user_version = {number}").fetchall()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
