"""What is written in one transaction, and what a session finds when it begins."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct, field

from tuiview.review.history import DEPTH
from tuiview.review.model import Event
from tuiview.review.rows import (
    EVENTS,
    Entry,
    Session,
    append,
    dumped,
    event_from,
    known_reviewer,
    restored,
    reviewer_id,
    stored,
)
from tuiview.review.schema import identity_of


class Place(Struct, frozen=True):
    """Where the reviewer was.

    Attributes:
        key: The item.
        position: Its position in the view.
        extras: What else the session wants back, plain JSON types.
    """

    key: str
    position: int
    extras: Mapping[str, object] = field(default_factory=dict)


class Batch(Struct, frozen=True):
    """What goes into one transaction.

    Attributes:
        entries: Events.
        drafts: Texts by item key; None removes one.
        place: Where the reviewer was, or None if that is not to be written.
    """

    entries: tuple[Entry, ...] = ()
    drafts: Mapping[str, str | None] = field(default_factory=dict)
    place: Place | None = None


def apply(connection: sqlite3.Connection, session: Session, batch: Batch, utc: str) -> None:
    """Write a batch, inside a transaction.

    Args:
        connection: The store's.
        session: Whose events these are.
        batch: What to write.
        utc: The time for drafts and the place.
    """
    if batch.entries:
        append(connection, session, batch.entries)
    reviewer = reviewer_id(connection, session.reviewer)
    for key, text in batch.drafts.items():
        if text is None:
            connection.execute(
                "DELETE FROM drafts WHERE reviewer = ? AND key = ?", (reviewer, stored(key))
            )
        else:
            connection.execute(
                "INSERT INTO drafts (reviewer, key, text, utc) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (reviewer, key)"
                " DO UPDATE SET text = excluded.text, utc = excluded.utc",
                (reviewer, stored(key), stored(text), utc),
            )
    if batch.place is not None:
        connection.execute(
            "INSERT INTO places (reviewer, key, position, extras, utc) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (reviewer) DO UPDATE SET key = excluded.key,"
            " position = excluded.position, extras = excluded.extras, utc = excluded.utc",
            (
                reviewer,
                stored(batch.place.key),
                batch.place.position,
                dumped(dict(batch.place.extras)),
                utc,
            ),
        )


class Beginning(Struct, frozen=True):
    """What a reviewer's earlier sessions left.

    Attributes:
        origin: The database's uuid.
        parents: The last events in the database, of this reviewer or others.
        events: This reviewer's latest events, in uuid order.
        drafts: Texts by item key.
        place: Where the reviewer was.
    """

    origin: str
    parents: tuple[UUID, ...]
    events: tuple[Event, ...]
    drafts: dict[str, str]
    place: Place | None


def beginning(connection: sqlite3.Connection, reviewer: str) -> Beginning:
    """Read what a session starts from; the size of the database does not matter."""
    row = known_reviewer(connection, reviewer)
    parents = connection.execute(
        "SELECT max(uuid) FROM events UNION SELECT event FROM heads ORDER BY 1"
    ).fetchall()
    # What was on the screen does not matter for undoing, and takes most of the time to read.
    events = EVENTS.replace("e.display", "NULL")
    latest = connection.execute(
        f"{events} WHERE s.reviewer = ? ORDER BY e.uuid DESC LIMIT ?", (row, DEPTH)
    ).fetchall()
    drafts = connection.execute(
        "SELECT key, text FROM drafts WHERE reviewer = ?", (row,)
    ).fetchall()
    place = connection.execute(
        "SELECT key, position, extras FROM places WHERE reviewer = ?", (row,)
    ).fetchone()
    return Beginning(
        origin=identity_of(connection),
        parents=tuple(UUID(bytes=event) for (event,) in parents if event is not None),
        events=tuple(event_from(event) for event in reversed(latest)),
        drafts={restored(key): restored(text) for key, text in drafts},
        place=place and Place(restored(place[0]), place[1], json.loads(place[2])),
    )
