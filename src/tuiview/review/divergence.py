"""Copies of one reviewer's store that went on apart, and where they disagree.

A session knows the last events that were in its database when it began. Two sessions neither of
which knew the other's events were run apart.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from msgspec import Struct

from tuiview.review.model import What
from tuiview.review.rows import restored
from tuiview.review.tally import field_of

_Subject = tuple[int, str, str]


class Side(Struct, frozen=True):
    """What was said last on one side.

    Attributes:
        value: The value that was set, as JSON.
        utc: When.
        host: Where.
    """

    value: str
    utc: str
    host: str


class Conflict(Struct, frozen=True):
    """One matter on which copies of a reviewer's store say different things.

    The later side stands.

    Attributes:
        reviewer, key: Whose decision, on which item.
        field: What it is about (`category`, `note`, `favourite`, `unsure`, `skip`, `mark`).
        name: The category's name or the mark's uuid.
        earlier, later: What the two sides say.
    """

    reviewer: str
    key: str
    field: str
    name: str
    earlier: Side
    later: Side


class _Said(Struct, frozen=True):
    uuid: bytes
    session: int
    new: str
    utc: str


class Descent:
    """Which session knew which events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._parents: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for session, event, of in connection.execute(
            "SELECT p.session, p.event, e.session FROM parents AS p JOIN events AS e"
            " ON e.uuid = p.event"
        ).fetchall():
            self._parents[session].append((of, event))
        self.sessions: dict[int, tuple[str, str]] = {
            session: (restored(reviewer), restored(host))
            for session, reviewer, host in connection.execute(
                "SELECT s.id, r.name, s.host FROM sessions AS s"
                " JOIN reviewers AS r ON r.id = s.reviewer"
            ).fetchall()
        }
        self._known = {session: self._walk(session) for session in self.sessions}
        self._last: dict[int, bytes] = dict(
            connection.execute("SELECT session, max(uuid) FROM events GROUP BY session").fetchall()
        )

    def _walk(self, session: int) -> dict[int, bytes]:
        known: dict[int, bytes] = {}
        waiting = list(self._parents[session])
        while waiting:
            ancestor, event = waiting.pop()
            new = ancestor not in known
            known[ancestor] = max(event, known.get(ancestor, b""))
            if new:
                waiting.extend(self._parents[ancestor])
        return known

    def knew(self, session: int, other: int, event: bytes) -> bool:
        """Whether a session knew an event of another."""
        return self._known[session].get(other, b"") >= event

    def heads(self) -> list[bytes]:
        """The last events that no session knew."""
        return sorted(
            event
            for session, event in self._last.items()
            if not any(self.knew(other, session, event) for other in self.sessions)
        )

    def conflicts(self) -> list[Conflict]:
        """Where sides disagree that nobody has spoken after since, in a fixed order."""
        apart = [
            (one, other)
            for one, other in combinations(sorted(self.sessions), 2)
            if self.sessions[one][0] == self.sessions[other][0]
            and not self._follows(one, other)
            and not self._follows(other, one)
        ]
        if not apart:
            return []
        said = self._said({session for pair in apart for session in pair})
        found = {
            self._conflict(subject, first, second)
            for one, other in apart
            for subject, first, second in self._disagreements(said, one, other)
        }
        return sorted(
            found,
            key=lambda conflict: (
                conflict.reviewer,
                conflict.key,
                conflict.field,
                conflict.name,
                conflict.earlier.utc,
            ),
        )

    def _follows(self, session: int, other: int) -> bool:
        """Whether a session knew all of another's events."""
        return other not in self._last or self.knew(session, other, self._last[other])

    def _said(self, sessions: set[int]) -> dict[_Subject, list[_Said]]:
        reviewers = {self.sessions[session][0] for session in sessions}
        said: dict[_Subject, list[_Said]] = defaultdict(list)
        for uuid, session, item, what, name, new, utc in self._connection.execute(
            "SELECT uuid, session, item, what, name, new, utc FROM events WHERE what <> ?"
            " ORDER BY uuid",
            (What.SEEN.value,),
        ):
            if self.sessions[session][0] in reviewers:
                subject = (item, field_of(What(what)), name)
                said[subject].append(_Said(uuid, session, new, utc))
        return said

    def _disagreements(
        self, said: dict[_Subject, list[_Said]], one: int, other: int
    ) -> Iterator[tuple[_Subject, _Said, _Said]]:
        for subject, words in said.items():
            mine = [word for word in words if word.session == one]
            theirs = [word for word in words if word.session == other]
            if not mine or not theirs:
                continue
            first, second = sorted((mine[-1], theirs[-1]), key=lambda word: word.uuid)
            if first.new == second.new or self.knew(second.session, first.session, first.uuid):
                continue
            settled = any(self._after(word, first) and self._after(word, second) for word in words)
            if not settled:
                yield subject, first, second

    def _after(self, word: _Said, earlier: _Said) -> bool:
        if word.session == earlier.session:
            return word.uuid > earlier.uuid
        return self.knew(word.session, earlier.session, earlier.uuid)

    def _conflict(self, subject: _Subject, first: _Said, second: _Said) -> Conflict:
        item, field, name = subject
        key = self._connection.execute("SELECT key FROM items WHERE id = ?", (item,)).fetchone()[0]
        return Conflict(
            reviewer=self.sessions[first.session][0],
            key=restored(key),
            field=field,
            name=restored(name),
            earlier=Side(first.new, first.utc, self.sessions[first.session][1]),
            later=Side(second.new, second.utc, self.sessions[second.session][1]),
        )
