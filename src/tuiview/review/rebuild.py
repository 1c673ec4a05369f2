"""States, notes' index and totals made again from the events."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from tuiview.review.model import Event
from tuiview.review.reading import named
from tuiview.review.rows import (
    EVENTS,
    event_from,
    key_of,
    read_tally,
    restored,
    reviewer_id,
    write_tally,
)
from tuiview.review.tally import BLANK, Tally, replay

_DERIVED = ("marks", "categorised", "totals", "states", "categories")


def rebuild(connection: sqlite3.Connection) -> None:
    """Make everything anew that follows from events, inside a transaction."""
    connection.execute("INSERT INTO notes (notes) VALUES ('delete-all')")
    for table in _DERIVED:
        connection.execute(f"DELETE FROM {table}")
    for reviewer, item, tally in replayed(connection):
        write_tally(connection, reviewer, item, None, BLANK, tally)


def refresh(connection: sqlite3.Connection, items: Iterable[int]) -> None:
    """Bring the states of some items in line with their events, inside a transaction."""
    for item in items:
        for reviewer, tally in _replayed_item(connection, _of_item(connection, item)):
            row, before = read_tally(connection, reviewer, item)
            write_tally(connection, reviewer, item, row, before, tally)


def replayed(connection: sqlite3.Connection) -> Iterator[tuple[int, int, Tally]]:
    """What the events say of every item: the rows of the reviewer and the item, and the tally."""
    last = 0
    while True:
        items = connection.execute(
            "SELECT id FROM items WHERE id > ? ORDER BY id LIMIT 1000", (last,)
        ).fetchall()
        if not items:
            return
        for (item,) in items:
            for reviewer, tally in _replayed_item(connection, _of_item(connection, item)):
                yield reviewer, item, tally
        last = items[-1][0]


class Difference(Struct, frozen=True):
    """Where what is kept is not what the events say.

    Attributes:
        states: Reviewers and keys.
        totals: Names of totals.
    """

    states: tuple[tuple[str, str], ...]
    totals: tuple[str, ...]


def compare(connection: sqlite3.Connection) -> Difference:
    """Replay all events and compare the result with what is kept."""
    states = []
    totals: Counter[tuple[int, str, str]] = Counter()
    for reviewer, item, tally in replayed(connection):
        key = key_of(connection, item)
        for (what, name), n in tally.counted(key).items():
            totals[reviewer, what, name] += n
        if read_tally(connection, reviewer, item)[1] != tally:
            row = connection.execute(
                "SELECT name FROM reviewers WHERE id = ?", (reviewer,)
            ).fetchone()
            states.append((restored(row[0]), key))
    for reviewer, what, name, n in connection.execute(
        "SELECT reviewer, what, name, n FROM totals"
    ).fetchall():
        totals[reviewer, what, restored(name)] -= n
    wrong = {named(what, name) for (_, what, name), n in totals.items() if n}
    return Difference(tuple(states), tuple(sorted(wrong)))


def _of_item(connection: sqlite3.Connection, item: int) -> list[Event]:
    found = connection.execute(f"{EVENTS} WHERE e.item = ? ORDER BY e.uuid", (item,)).fetchall()
    return [event_from(row) for row in found]


def _replayed_item(
    connection: sqlite3.Connection, events: list[Event]
) -> Iterator[tuple[int, Tally]]:
    for reviewer, own in groupby(
        sorted(events, key=lambda event: event.reviewer), lambda event: event.reviewer
    ):
        yield reviewer_id(connection, reviewer), replay(own)
