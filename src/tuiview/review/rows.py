"""What goes into the database's rows and comes out of them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from msgspec import Struct

from tuiview.collection.replicates import AGAIN, repeat_key
from tuiview.review.model import Decision, Event, ItemState, Mark, What
from tuiview.review.tally import BLANK, Tally, differing

# File names may hold bytes that are no UTF-8; Python shows them as lone surrogates, which SQLite
# does not take. They are kept in the last private-use plane, whose own characters go the same way.
_HIDDEN = re.compile("[\U0010ff80-\U0010ffff]")
_LOOSE = re.compile("[\ud800-\udfff\U0010ff80-\U0010ffff]")


def stored(text: str) -> str:
    """The text as the database takes it; `restored` gives it back as it was."""
    return text if text.isascii() else _LOOSE.sub(_hide, text)


def restored(text: str) -> str:
    """The text as it was before `stored`."""
    if text.isascii() or not _HIDDEN.search(text):
        return text
    loose = _HIDDEN.sub(lambda found: chr(0xDC00 + (ord(found.group()) & 0xFF)), text)
    return loose.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _hide(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code >= 0x10FF80:
        return "".join(chr(0x10FF00 + byte) for byte in found.group().encode())
    return chr(0x10FF00 + (code & 0xFF)) if 0xDC80 <= code <= 0xDCFF else "\ufffd"


class Session(Struct, frozen=True):
    """One run of the program, as the events of it refer to it."""

    uuid: UUID
    reviewer: str
    origin: str
    host: str
    boot: str
    pid: int
    version: str
    started: str
    parents: tuple[UUID, ...]


def dumped(value: Any) -> str:
    """A value as JSON that every reader takes."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value


def _named(connection: sqlite3.Connection, table: str, column: str, name: str) -> int:
    query = f"SELECT id FROM {table} WHERE {column} = ?"
    row = connection.execute(query, (stored(name),)).fetchone()
    if row is None:
        connection.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (stored(name),))
        row = connection.execute(query, (stored(name),)).fetchone()
    return int(row[0])


def last_id(connection: sqlite3.Connection, table: str) -> int:
    """The highest row of a table, 0 where it is empty."""
    return int(connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] or 0)


def reviewer_id(connection: sqlite3.Connection, name: str) -> int:
    """The row of a reviewer, made where it is missing."""
    return _named(connection, "reviewers", "name", name)


def known_reviewer(connection: sqlite3.Connection, name: str) -> int:
    """The row of a reviewer, -1 where there is none."""
    row = connection.execute("SELECT id FROM reviewers WHERE name = ?", (stored(name),)).fetchone()
    return -1 if row is None else int(row[0])


def key_of(connection: sqlite3.Connection, item: int) -> str:
    """The key of an item's row."""
    row = connection.execute("SELECT key FROM items WHERE id = ?", (item,)).fetchone()
    return restored(row[0])


def session_id(connection: sqlite3.Connection, session: Session) -> int:
    """The row of a session, made where it is missing."""
    query = "SELECT id FROM sessions WHERE uuid = ?"
    row = connection.execute(query, (session.uuid.bytes,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO sessions"
            " (uuid, reviewer, origin, host, boot, pid, version, started)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                session.uuid.bytes,
                reviewer_id(connection, session.reviewer),
                session.origin,
                stored(session.host),
                session.boot,
                session.pid,
                session.version,
                session.started,
            ),
        )
        row = connection.execute(query, (session.uuid.bytes,)).fetchone()
        for parent in session.parents:
            connection.execute("INSERT INTO parents VALUES (?, ?)", (row[0], parent.bytes))
        connection.execute("DELETE FROM heads")
    return int(row[0])


class Entry(Struct, frozen=True):
    """An event with its JSON made, ready to be written."""

    event: Event
    old: str
    new: str
    display: str | None
    context: str | None

    @classmethod
    def of(cls, event: Event) -> Entry:
        """The entry of an event; raises where a value has no JSON."""
        decision = event.decision
        return cls(
            event,
            dumped(decision.old),
            dumped(decision.new),
            dumped(decision.display) if decision.display else None,
            dumped(decision.context) if decision.context else None,
        )


def append(connection: sqlite3.Connection, session: Session, entries: Iterable[Entry]) -> None:
    """Write events of one session, and the states and totals that follow, into a transaction.

    Events that are there already are left alone: a COMMIT that failed may have come through.
    """
    changed: dict[str, list[Event]] = {}
    within = session_id(connection, session)
    reviewer = reviewer_id(connection, session.reviewer)
    for entry in entries:
        event, decision = entry.event, entry.event.decision
        added = connection.execute(
            "INSERT INTO events (uuid, session, sequence, step, utc, monotonic, item, what, name,"
            " old, new, frame, reaction, display, context, undo_of)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (uuid) DO NOTHING RETURNING id",
            (
                event.uuid.bytes,
                within,
                event.sequence,
                None if event.step == event.uuid else event.step.bytes,
                event.utc,
                event.monotonic,
                _named(connection, "items", "key", decision.item),
                decision.what.value,
                stored(decision.name),
                entry.old,
                entry.new,
                stored(decision.frame),
                decision.reaction,
                entry.display,
                entry.context,
                event.undo_of.bytes if event.undo_of else None,
            ),
        ).fetchall()
        if added:
            changed.setdefault(decision.item, []).append(event)
            if decision.what is What.NOTE:
                connection.execute(
                    "DELETE FROM drafts WHERE reviewer = ? AND key = ?",
                    (reviewer, stored(decision.item)),
                )
    for key, events in changed.items():
        item = _named(connection, "items", "key", key)
        state, before = read_tally(connection, reviewer, item)
        write_tally(connection, reviewer, item, state, before, before.after(*events))


_STATE = "SELECT id, said, decided, seen, favourite, unsure, skipped, note, first, last FROM states"


def read_tally(
    connection: sqlite3.Connection, reviewer: int, item: int
) -> tuple[int | None, Tally]:
    """The row of a state and what it says; None and blank where there is none."""
    row = connection.execute(
        f"{_STATE} WHERE reviewer = ? AND item = ?", (reviewer, item)
    ).fetchone()
    if row is None:
        return None, BLANK
    return int(row[0]), _tally(connection, row)


def read_tallies(
    connection: sqlite3.Connection, reviewer: int, keys: Iterable[str]
) -> dict[str, Tally]:
    """What the database says of items, blank where nothing."""
    found = {}
    query = f"{_STATE} WHERE reviewer = ? AND item = (SELECT id FROM items WHERE key = ?)"
    for key in keys:
        row = connection.execute(query, (reviewer, stored(key))).fetchone()
        found[key] = BLANK if row is None else _tally(connection, row)
    return found


def decided(connection: sqlite3.Connection, reviewer: int, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have a decision."""
    # CROSS JOIN keeps SQLite from starting with all states.
    found = connection.execute(
        "SELECT i.key FROM json_each(?) AS wanted CROSS JOIN items AS i ON i.key = wanted.value"
        " CROSS JOIN states AS s ON s.item = i.id AND s.reviewer = ? WHERE s.decided",
        (json.dumps([stored(key) for key in keys]), reviewer),
    ).fetchall()
    return {restored(key) for (key,) in found}


def _tally(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Tally:
    state, said, decided, seen, favourite, unsure, skipped, note, first, last = row
    names = connection.execute(
        "SELECT name FROM categorised JOIN categories ON id = category WHERE state = ?", (state,)
    ).fetchall()
    marks, ranks = [], {}
    for uuid, rank, stands, frame, group, x, y, label, ra, dec in connection.execute(
        'SELECT uuid, rank, stands, frame, "group", x, y, label, ra, dec FROM marks'
        " WHERE state = ? ORDER BY rank",
        (state,),
    ).fetchall():
        ranks[restored(uuid)] = rank
        if stands:
            marks.append(
                Mark(
                    restored(uuid), restored(frame), restored(group), x, y, restored(label), ra, dec
                )
            )
    return Tally(
        ItemState(
            categories=frozenset(restored(name) for (name,) in names),
            favourite=bool(favourite),
            unsure=bool(unsure),
            note=restored(note),
            marks=tuple(marks),
            seen=bool(seen),
            decided=bool(decided),
            first=first,
            last=last,
            skipped=bool(skipped),
        ),
        said,
        ranks,
    )


def write_tally(
    connection: sqlite3.Connection,
    reviewer: int,
    item: int,
    row: int | None,
    before: Tally,
    after: Tally,
) -> None:
    """Bring the state's rows, the notes' index and the totals from one tally to the next."""
    state = after.state
    if row is None:
        found = connection.execute(
            "INSERT INTO states (reviewer, item, said, decided, seen, favourite, unsure, skipped,"
            " note, first, last) VALUES (?, ?, 0, 0, 0, 0, 0, 0, '', '', '') RETURNING id",
            (reviewer, item),
        ).fetchall()
        row = int(found[0][0])
    if before.state.note != state.note:
        if before.state.note:
            connection.execute(
                "INSERT INTO notes (notes, rowid, note) VALUES ('delete', ?, ?)",
                (row, stored(before.state.note)),
            )
        if state.note:
            connection.execute(
                "INSERT INTO notes (rowid, note) VALUES (?, ?)", (row, stored(state.note))
            )
    connection.execute(
        "UPDATE states SET said = ?, decided = ?, seen = ?, favourite = ?, unsure = ?, skipped = ?,"
        " note = ?, first = ?, last = ? WHERE id = ?",
        (
            after.said,
            int(state.decided),
            int(state.seen),
            int(state.favourite),
            int(state.unsure),
            int(state.skipped),
            stored(state.note),
            state.first,
            state.last,
            row,
        ),
    )
    for name in before.state.categories - state.categories:
        connection.execute(
            "DELETE FROM categorised WHERE state = ? AND category = ?",
            (row, _named(connection, "categories", "name", name)),
        )
    for name in state.categories - before.state.categories:
        connection.execute(
            "INSERT INTO categorised (state, category) VALUES (?, ?)",
            (row, _named(connection, "categories", "name", name)),
        )
    if before.state.marks != state.marks or before.ranks != after.ranks:
        _write_marks(connection, row, before, after)
    for (what, name), n in differing(key_of(connection, item), before, after):
        connection.execute(
            "INSERT INTO totals (reviewer, what, name, n) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (reviewer, what, name) DO UPDATE SET n = n + excluded.n",
            (reviewer, what, stored(name), n),
        )


def _write_marks(connection: sqlite3.Connection, row: int, before: Tally, after: Tally) -> None:
    if any(after.ranks.get(uuid) != rank for uuid, rank in before.ranks.items()):
        connection.execute("DELETE FROM marks WHERE state = ?", (row,))
        before = BLANK
    old = {mark.uuid: mark for mark in before.state.marks}
    new = {mark.uuid: mark for mark in after.state.marks}
    for uuid, rank in after.ranks.items():
        mark = new.get(uuid)
        if mark is None:
            if uuid not in before.ranks:
                mark, stands = Mark(uuid, "", "", 0.0, 0.0), 0
            elif uuid in old:
                connection.execute(
                    "UPDATE marks SET stands = 0 WHERE state = ? AND rank = ?", (row, rank)
                )
                continue
            else:
                continue
        elif mark == old.get(uuid):
            continue
        else:
            stands = 1
        connection.execute(
            "INSERT OR REPLACE INTO marks"
            ' (state, rank, uuid, stands, frame, "group", x, y, label, ra, dec)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row,
                rank,
                stored(uuid),
                stands,
                stored(mark.frame),
                stored(mark.group),
                mark.x,
                mark.y,
                stored(mark.label),
                mark.ra,
                mark.dec,
            ),
        )


EVENTS = (
    "SELECT e.uuid, r.name, s.uuid, e.sequence, e.step, e.utc, e.monotonic, i.key, e.what, e.name,"
    " e.old, e.new, e.frame, e.reaction, e.display, e.context, s.version, e.undo_of"
    " FROM events AS e JOIN sessions AS s ON s.id = e.session"
    " JOIN reviewers AS r ON r.id = s.reviewer JOIN items AS i ON i.id = e.item"
)
"""Selects what `event_from` takes."""


_PLAIN = {"null": None, "true": True, "false": False, '""': ""}


def _loaded(text: str) -> Any:
    return _PLAIN[text] if text in _PLAIN else json.loads(text)


def event_from(row: tuple[Any, ...]) -> Event:
    """The event of a row that `EVENTS` selected."""
    uuid = UUID(bytes=row[0])
    return Event(
        uuid=uuid,
        reviewer=restored(row[1]),
        session=UUID(bytes=row[2]),
        sequence=row[3],
        step=uuid if row[4] is None else UUID(bytes=row[4]),
        utc=row[5],
        monotonic=row[6],
        decision=Decision(
            item=restored(row[7]),
            what=What(row[8]),
            name=restored(row[9]),
            old=_loaded(row[10]),
            new=_loaded(row[11]),
            frame=restored(row[12]),
            reaction=row[13],
            display=json.loads(row[14]) if row[14] else {},
            context=json.loads(row[15]) if row[15] else {},
        ),
        version=row[16],
        undo_of=UUID(bytes=row[17]) if row[17] else None,
    )


def events_after(
    connection: sqlite3.Connection, last: UUID | None, key: str | None, limit: int
) -> Iterator[Event]:
    """The next events in uuid order, of all items or of one and its repeat."""
    where = "e.uuid > ?"
    values: list[Any] = [last.bytes if last else b""]
    if key is not None:
        where += " AND e.item IN (SELECT id FROM items WHERE key IN (?, ?))"
        values += [stored(key), stored(repeat_key(key, AGAIN))]
    return map(
        event_from,
        connection.execute(
            f"{EVENTS} WHERE {where} ORDER BY e.uuid LIMIT ?", (*values, limit)
        ).fetchall(),
    )
