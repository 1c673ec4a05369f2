"""Uniting stores: the union of their events, in any order and any number of times."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from tuiview.review.divergence import Conflict, Descent
from tuiview.review.rebuild import refresh
from tuiview.review.rows import restored
from tuiview.review.snapshot import take
from tuiview.review.upkeep import held

_COLUMNS = (
    "sequence, step, utc, monotonic, what, name, old, new, frame, reaction, display, context,"
    " undo_of"
)
_PAGE = 2000
_BLIND = 1_000_000
"""Rows to look for where a damaged table does not say how many it has."""
_HOPELESS = 4 * _PAGE
"""Spans in a row that cannot be read before a table is given up."""


class Merged(Struct, frozen=True):
    """What a merge did.

    Attributes:
        into: The store that holds everything now.
        added: Events that were new to it, by the store they came from.
        reviewers: Everybody whose decisions it holds.
        conflicts: Where copies of one reviewer's store went on apart and disagree.
        notices: What the reader should know of the stores that were read.
    """

    into: Path
    added: dict[Path, int]
    reviewers: list[str]
    conflicts: list[Conflict]
    notices: list[str]


def merge(paths: Sequence[Path], into: Path, *, take_over: bool = False) -> Merged:
    """Unite stores in one, which may be one of them or a new one.

    Decisions of different reviewers stand side by side. Of two copies of one reviewer's store that
    went on apart both histories are kept; on each matter the later decision stands.

    Args:
        paths: The stores to read; they may be in use.
        into: The store to write; a backup is made of an existing one.
        take_over: Take its lock from a holder of which nobody can say whether it lives.

    Raises:
        StoreError: One of them cannot be read, or `into` is in use or cannot be written.
    """
    into = into.absolute()
    added: dict[Path, int] = {}
    notices: list[str] = []
    with held(into, label="-before-merge", take_over=take_over) as database:
        for path in paths:
            if path.absolute() != into:
                with take(path.absolute()) as source, source.reading() as reading:
                    notices.extend(source.notices)
                    added[path] = database.write(partial(unite, reading))
        descent = database.write(mark_heads)
        with database.use() as connection:
            rows = connection.execute("SELECT name FROM reviewers ORDER BY name").fetchall()
            conflicts = descent.conflicts()
    return Merged(into, added, [restored(name) for (name,) in rows], conflicts, notices)


def absorb(source: sqlite3.Connection, target: sqlite3.Connection) -> int:
    """Add what is new in one database to another for good; returns how many events were new."""
    added = unite(source, target)
    if added:
        mark_heads(target)
    return added


def mark_heads(connection: sqlite3.Connection) -> Descent:
    """Note for the next session what it will know, inside a transaction."""
    descent = Descent(connection)
    connection.execute("DELETE FROM heads")
    for event in descent.heads():
        connection.execute("INSERT INTO heads VALUES (?)", (event,))
    return descent


def unite(source: sqlite3.Connection, target: sqlite3.Connection, *, damaged: bool = False) -> int:
    """Add what is new in one database to another, inside a transaction.

    Args:
        source: The database to read.
        target: The database to write.
        damaged: Leave out what cannot be read of the source.

    Returns:
        How many events were new.
    """
    pages = _readable_pages if damaged else _pages
    reviewers = _mapped(pages(source, "reviewers", "name"), target, "reviewers", "name")
    columns = "uuid, reviewer, origin, host, boot, pid, version, started"
    sessions = _mapped(
        (
            [(row, uuid, reviewers[reviewer], *rest) for row, uuid, reviewer, *rest in page]
            for page in pages(source, "sessions", columns)
        ),
        target,
        "sessions",
        columns,
    )
    items = _mapped(pages(source, "items", "key"), target, "items", "key")
    touched: set[int] = set()
    added = 0
    for page in pages(source, "events", f"uuid, session, item, {_COLUMNS}"):
        for _, uuid, session, item, *rest in page:
            if damaged and not (session in sessions and item in items):
                continue
            new = target.execute(
                f"INSERT INTO events (uuid, session, item, {_COLUMNS})"
                f" VALUES (?, ?, ?{', ?' * len(rest)}) ON CONFLICT (uuid) DO NOTHING RETURNING id",
                (uuid, sessions[session], items[item], *rest),
            ).fetchall()
            if new:
                added += 1
                touched.add(items[item])
    refresh(target, sorted(touched))
    with contextlib.suppress(*((sqlite3.DatabaseError, KeyError) if damaged else ())):
        _unite_parents(source, target, sessions)
        _unite_drafts(source, target, reviewers)
        _unite_places(source, target, reviewers)
    return added


_Rows = list[tuple[Any, ...]]


def _mapped(
    pages: Iterable[_Rows], target: sqlite3.Connection, table: str, columns: str
) -> dict[int, int]:
    """Add rows that the first of their columns names; returns the target's ids by the source's."""
    mapped: dict[int, int] = {}
    unique = columns.partition(",")[0]
    places = ", ".join("?" for _ in columns.split(","))
    for page in pages:
        for row, *values in page:
            target.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({places})"
                f" ON CONFLICT ({unique}) DO NOTHING",
                values,
            )
            found = target.execute(
                f"SELECT id FROM {table} WHERE {unique} = ?", (values[0],)
            ).fetchone()
            mapped[row] = found[0]
    return mapped


def _pages(source: sqlite3.Connection, table: str, columns: str) -> Iterator[_Rows]:
    query = f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT {_PAGE}"
    last = 0
    while page := source.execute(query, (last,)).fetchall():
        last = page[-1][0]
        yield page


def _readable_pages(source: sqlite3.Connection, table: str, columns: str) -> Iterator[_Rows]:
    """The rows that can be read, found by halving the spans that cannot."""
    query = f"SELECT id, {columns} FROM {table} WHERE id BETWEEN ? AND ?"
    try:
        end = source.execute(f"SELECT max(id) FROM {table}").fetchone()[0] or 0
    except sqlite3.DatabaseError:
        end = _BLIND
    waiting = [(start, start + _PAGE - 1) for start in range(1, end + 1, _PAGE)][::-1]
    failures = 0
    while waiting and failures < _HOPELESS:
        first, last = waiting.pop()
        try:
            page = source.execute(query, (first, last)).fetchall()
            failures = 0
        except sqlite3.DatabaseError:
            failures += 1
            if first < last:
                middle = (first + last) // 2
                waiting += [(middle + 1, last), (first, middle)]
            continue
        if page:
            yield page


def _unite_parents(
    source: sqlite3.Connection, target: sqlite3.Connection, sessions: dict[int, int]
) -> None:
    for session, event in source.execute("SELECT session, event FROM parents").fetchall():
        target.execute("INSERT OR IGNORE INTO parents VALUES (?, ?)", (sessions[session], event))


def _unite_drafts(
    source: sqlite3.Connection, target: sqlite3.Connection, reviewers: dict[int, int]
) -> None:
    """Keep the latest draft of each note that was not kept since."""
    for reviewer, key, text, utc in source.execute(
        "SELECT reviewer, key, text, utc FROM drafts"
    ).fetchall():
        target.execute(
            "INSERT INTO drafts (reviewer, key, text, utc) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (reviewer, key) DO UPDATE SET text = excluded.text, utc = excluded.utc"
            " WHERE (excluded.utc, excluded.text) > (drafts.utc, drafts.text)",
            (reviewers[reviewer], key, text, utc),
        )
    target.execute(
        "DELETE FROM drafts WHERE EXISTS (SELECT 1 FROM events AS e"
        " JOIN items AS i ON i.id = e.item JOIN sessions AS s ON s.id = e.session"
        " WHERE i.key = drafts.key AND s.reviewer = drafts.reviewer"
        " AND e.what = 'note' AND e.undo_of IS NULL AND e.utc >= drafts.utc)"
    )


def _unite_places(
    source: sqlite3.Connection, target: sqlite3.Connection, reviewers: dict[int, int]
) -> None:
    for reviewer, key, position, extras, utc in source.execute(
        "SELECT reviewer, key, position, extras, utc FROM places"
    ).fetchall():
        target.execute(
            "INSERT INTO places (reviewer, key, position, extras, utc) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (reviewer) DO UPDATE SET key = excluded.key,"
            " position = excluded.position, extras = excluded.extras, utc = excluded.utc"
            " WHERE (excluded.utc, excluded.key) > (places.utc, places.key)",
            (reviewers[reviewer], key, position, extras, utc),
        )
