"""Reading a store as a whole: rows, marks, histories, totals."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from tuiview.collection.replicates import split_key
from tuiview.review.keys import keys_of
from tuiview.review.model import Event, ItemState, Mark
from tuiview.review.rows import events_after, known_reviewer, last_id, restored, stored
from tuiview.review.wanted import STATES, Wanted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tuiview.collection.texts import Texts

_PAGE = 1000
_ITEMS = 65_536


class Row(Struct, frozen=True):
    """What one reviewer says of one item.

    Attributes:
        key, reviewer: The item, and who.
        state: What is said of it.
        replicate: 1, or 2 for what was said when it came back.
    """

    key: str
    reviewer: str
    state: ItemState
    replicate: int = 1


class MarkRow(Struct, frozen=True):
    """A mark with what it belongs to.

    Attributes:
        key, reviewer: The item, and who made it.
        mark: The mark.
        made: UTC time of its making.
        replicate: 1, or 2 where the item had come back.
    """

    key: str
    reviewer: str
    mark: Mark
    made: str
    replicate: int = 1


class Reading(ABC):
    """What can be read from a store that is open and from a snapshot alike.

    Each method reads page by page, so that nothing else waits long, and may be called from any
    thread but the user interface's.
    """

    @abstractmethod
    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """The connection, for this thread alone."""

    def reviewers(self) -> list[str]:
        """Everybody whose events are in the store."""
        with self.reading() as connection:
            rows = connection.execute("SELECT name FROM reviewers ORDER BY name").fetchall()
        return [restored(name) for (name,) in rows]

    def facts(self) -> dict[str, str]:
        """What the store says of itself: `database` (its uuid), `collection`."""
        with self.reading() as connection:
            rows = connection.execute("SELECT name, value FROM facts").fetchall()
        return {name: restored(value) for name, value in rows}

    def totals(self, reviewer: str) -> dict[str, int]:
        """Counts of durable decisions, named as `Store.counts` names them."""
        with self.reading() as connection:
            return {
                named(what, restored(name)): n
                for what, name, n in connection.execute(
                    "SELECT what, name, n FROM totals WHERE reviewer = ? AND n <> 0",
                    (known_reviewer(connection, reviewer),),
                ).fetchall()
            }

    def export_rows(self, *, seen: bool = False, repeats: bool = False) -> Iterator[Row]:
        """The durable state of every reviewed item, in the order of first decisions.

        Args:
            seen: Also items that were only looked at.
            repeats: Also what was said of items that came back.
        """
        last = 0
        while True:
            with self.reading() as connection:
                found = _page(connection, last, seen)
            if not found:
                return
            last = found[-1][0]
            yield from (row for _, row in found if repeats or row.replicate == 1)

    def export_marks(self, *, repeats: bool = False) -> Iterator[MarkRow]:
        """Every mark that stands, item by item in the order of making.

        Args:
            repeats: Also the marks on items that came back.
        """
        last = (0, -1)
        while True:
            with self.reading() as connection:
                found = connection.execute(
                    'SELECT m.state, m.rank, i.key, r.name, m.uuid, m.frame, m."group", m.x, m.y,'
                    " m.label, m.ra, m.dec, (SELECT e.utc FROM events AS e"
                    "  WHERE e.item = s.item AND e.name = m.uuid ORDER BY e.uuid LIMIT 1)"
                    " FROM marks AS m JOIN states AS s ON s.id = m.state"
                    " JOIN items AS i ON i.id = s.item JOIN reviewers AS r ON r.id = s.reviewer"
                    " WHERE (m.state, m.rank) > (?, ?) AND m.stands"
                    " ORDER BY m.state, m.rank LIMIT ?",
                    (*last, _PAGE),
                ).fetchall()
            if not found:
                return
            last = found[-1][:2]
            for _, _, key, reviewer, uuid, frame, group, x, y, label, ra, dec, made in found:
                mark = Mark(
                    restored(uuid), restored(frame), restored(group), x, y, restored(label), ra, dec
                )
                own, replicate = split_key(restored(key))
                if repeats or replicate == 1:
                    yield MarkRow(own, restored(reviewer), mark, made or "", replicate)

    def history(self, key: str | None = None) -> Iterator[Event]:
        """All events, or those of one item and its repeat, in the order of deciding."""
        last = None
        while True:
            with self.reading() as connection:
                found = list(events_after(connection, last, key, _PAGE))
            if not found:
                return
            last = found[-1].uuid
            yield from found

    def numbers_where(self, wanted: Wanted, reviewer: str) -> Iterator[NDArray[np.int64]]:
        """The numbers (see `keys_of`) of items whose durable state meets all conditions, piece by
        piece; those without any event are in no answer, also where a condition is False.
        """
        with self.reading() as connection:
            number = known_reviewer(connection, reviewer)
            last = last_id(connection, "states")
        for after in range(0, last, STATES):
            with self.reading() as connection:
                yield wanted.numbers(connection, number, after, after + STATES)

    def keys_of(self, numbers: NDArray[np.int64]) -> Texts:
        """The keys of the items that have these numbers, in their order."""
        from tuiview.collection.texts import Texts

        pieces = []
        for first in range(0, numbers.size, _ITEMS):
            with self.reading() as connection:
                pieces.append(keys_of(connection, numbers[first : first + _ITEMS]))
        return Texts.joined(pieces)

    def numbers_noted(self, text: str, reviewer: str) -> NDArray[np.int64]:
        """The numbers (see `keys_of`) of items whose kept note has all words of `text`, each as
        the beginning of a word; in the order in which they were touched first.
        """
        import numpy as np

        words = " ".join(f'"{word}"*' for word in text.replace('"', " ").split())
        if not words:
            return np.zeros(0, np.int64)
        with self.reading() as connection:
            row = connection.execute(
                "SELECT group_concat(s.item) FROM notes CROSS JOIN states AS s"
                " ON s.id = notes.rowid WHERE notes MATCH ? AND s.reviewer = ?",
                (stored(words), known_reviewer(connection, reviewer)),
            ).fetchone()
        return np.fromstring(row[0] or "", np.int64, sep=",")


def named(what: str, name: str) -> str:
    """A total's name: `decided`, `favourite`, `category:NAME`."""
    return f"{what}:{name}" if name else what


def _row(key: str, reviewer: str, state: ItemState) -> Row:
    own, replicate = split_key(key)
    return Row(own, reviewer, state, replicate)


def _page(connection: sqlite3.Connection, last: int, seen: bool) -> list[tuple[int, Row]]:
    rows = connection.execute(
        "SELECT s.id, i.key, r.name, s.decided, s.seen, s.favourite, s.unsure, s.skipped, s.note,"
        " s.first, s.last FROM states AS s JOIN items AS i ON i.id = s.item"
        " JOIN reviewers AS r ON r.id = s.reviewer"
        f" WHERE s.id > ? AND (s.decided {'OR s.seen' if seen else ''}) ORDER BY s.id LIMIT ?",
        (last, _PAGE),
    ).fetchall()
    if not rows:
        return []
    span = (rows[0][0], rows[-1][0])
    categories = {
        state: frozenset(restored(name) for _, name in group)
        for state, group in groupby(
            connection.execute(
                "SELECT state, name FROM categorised JOIN categories ON id = category"
                " WHERE state BETWEEN ? AND ? ORDER BY state",
                span,
            ).fetchall(),
            itemgetter(0),
        )
    }
    marks = {
        state: tuple(
            Mark(restored(uuid), restored(frame), restored(group), x, y, restored(label), ra, dec)
            for _, uuid, frame, group, x, y, label, ra, dec in rows_of_state
        )
        for state, rows_of_state in groupby(
            connection.execute(
                'SELECT state, uuid, frame, "group", x, y, label, ra, dec FROM marks'
                " WHERE state BETWEEN ? AND ? AND stands ORDER BY state, rank",
                span,
            ).fetchall(),
            itemgetter(0),
        )
    }
    return [
        (
            state,
            _row(
                restored(key),
                restored(reviewer),
                ItemState(
                    categories=categories.get(state, frozenset()),
                    favourite=bool(favourite),
                    unsure=bool(unsure),
                    note=restored(note),
                    marks=marks.get(state, ()),
                    seen=bool(was_seen),
                    decided=bool(decided),
                    first=first,
                    last=latest,
                    skipped=bool(skipped),
                ),
            ),
        )
        for (
            state,
            key,
            reviewer,
            decided,
            was_seen,
            favourite,
            unsure,
            skipped,
            note,
            first,
            latest,
        ) in rows
    ]
