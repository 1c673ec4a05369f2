"""Stores as earlier releases made them, written out so that no later change can alter them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID

VERSION_1 = """
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reviewers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
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
) STRICT;
CREATE TABLE parents (
    session INTEGER NOT NULL REFERENCES sessions,
    event BLOB NOT NULL,
    PRIMARY KEY (session, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE heads (event BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;
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
) STRICT;
CREATE INDEX events_of_item ON events (item, uuid);
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
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
) STRICT;
CREATE INDEX states_flagged ON states (reviewer, favourite, unsure, skipped)
WHERE favourite OR unsure OR skipped;
CREATE INDEX states_noted ON states (reviewer) WHERE note <> '';
CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE categorised (
    category INTEGER NOT NULL REFERENCES categories,
    state INTEGER NOT NULL REFERENCES states,
    PRIMARY KEY (state, category)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX categorised_by_category ON categorised (category, state);
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
) STRICT, WITHOUT ROWID;
CREATE TABLE totals (
    reviewer INTEGER NOT NULL REFERENCES reviewers,
    what TEXT NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (reviewer, what, name)
) STRICT, WITHOUT ROWID;
CREATE VIEW noted AS SELECT id, note FROM states WHERE note <> '';
CREATE VIRTUAL TABLE notes USING fts5 (
    note, content = 'noted', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2"
);
CREATE TABLE drafts (
    reviewer INTEGER NOT NULL REFERENCES reviewers,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    utc TEXT NOT NULL,
    PRIMARY KEY (reviewer, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    reviewer INTEGER PRIMARY KEY REFERENCES reviewers,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    extras TEXT NOT NULL,
    utc TEXT NOT NULL
) STRICT;
CREATE TABLE reserve (filling BLOB NOT NULL) STRICT;
"""


def make_version_1(path: Path) -> None:
    """A store of schema 1: two items, three events, a note, a mark, a draft and a place."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_1)
    connection.execute("PRAGMA application_id = 0x74766577")
    connection.execute("PRAGMA user_version = 1")
    session = UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000)
    events = [UUID(int=session.int + number + 1) for number in range(3)]
    utc = "2026-01-02T03:04:05.678Z"
    point = (
        '{"uuid":"m1","frame":"SCI","group":"star","x":1.5,"y":2.5,"label":"","ra":null,"dec":null}'
    )
    for statement, values in (
        ("INSERT INTO facts VALUES ('database', ?)", (str(session),)),
        ("INSERT INTO facts VALUES ('collection', 'Galaxies')", ()),
        ("INSERT INTO reviewers VALUES (1, 'alice')", ()),
        ("INSERT INTO sessions VALUES (1, ?, 1, 'o', 'h', 'b', 9, '0.1', ?)", (session.bytes, utc)),
        ("INSERT INTO items VALUES (1, 'a.fits'), (2, 'b.fits')", ()),
        ("INSERT INTO categories VALUES (1, 'spiral')", ()),
        (f"INSERT INTO states VALUES (1, 1, 1, 2, 1, 0, 0, 0, 0, 'a ring', '{utc}', '{utc}')", ()),
        (f"INSERT INTO states VALUES (2, 1, 2, 1, 1, 0, 0, 0, 0, '', '{utc}', '{utc}')", ()),
        ("INSERT INTO categorised (state, category) VALUES (1, 1)", ()),
        ("INSERT INTO notes (rowid, note) VALUES (1, 'a ring')", ()),
        (
            "INSERT INTO marks VALUES (2, 0, 'm1', 1, 'SCI', 'star', 1.5, 2.5, '', NULL, NULL)",
            (),
        ),
        (
            "INSERT INTO totals VALUES (1, 'decided', '', 2), (1, 'category', 'spiral', 1),"
            " (1, 'noted', '', 1), (1, 'marked', '', 1), (1, 'marks', '', 1)",
            (),
        ),
        (f"INSERT INTO drafts VALUES (1, 'c.fits', 'typing', '{utc}')", ()),
        (f"INSERT INTO places VALUES (1, 'b.fits', 1, '{{}}', '{utc}')", ()),
    ):
        connection.execute(statement, values)
    for number, (uuid, item, what, name, old, new) in enumerate(
        [
            (events[0], 1, "category", "spiral", "false", "true"),
            (events[1], 1, "note", "", '""', '"a ring"'),
            (events[2], 2, "mark-added", "m1", "null", point),
        ],
        1,
    ):
        connection.execute(
            "INSERT INTO events VALUES (?, ?, 1, ?, NULL, ?, 1.0, ?, ?, ?, ?, ?, 'SCI', 0.5,"
            " NULL, NULL, NULL)",
            (number, uuid.bytes, number, utc, item, what, name, old, new),
        )
    connection.close()
