"""Which items are asked for."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tuiview.review.model import ItemState
from tuiview.review.rows import restored, stored


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions on an item's state, all of which must hold; None asks nothing."""

    category: str | None = None
    decided: bool | None = None
    favourite: bool | None = None
    unsure: bool | None = None
    skipped: bool | None = None
    noted: bool | None = None
    marked: bool | None = None

    def fits(self, state: ItemState) -> bool:
        """Whether a state meets them."""
        facts = (
            (self.decided, state.decided),
            (self.favourite, state.favourite),
            (self.unsure, state.unsure),
            (self.skipped, state.skipped),
            (self.noted, bool(state.note)),
            (self.marked, bool(state.marks)),
        )
        return (self.category is None or self.category in state.categories) and all(
            wanted is None or wanted == fact for wanted, fact in facts
        )

    def page(
        self, connection: sqlite3.Connection, reviewer: int, last: int, size: int
    ) -> list[tuple[int, str]]:
        """The next touched items that meet them, by the rows of their states, and their keys.

        Args:
            connection: The store's.
            reviewer: The reviewer's row.
            last: The state's row after which to go on.
            size: How many to return at most.
        """
        conditions = {
            "s.decided": self.decided,
            "s.favourite": self.favourite,
            "s.unsure": self.unsure,
            "s.skipped": self.skipped,
            "s.note <> ''": self.noted,
            "EXISTS (SELECT 1 FROM marks AS m WHERE m.state = s.id AND m.stands)": self.marked,
        }
        where = [
            text if wanted else f"NOT ({text})"
            for text, wanted in conditions.items()
            if wanted is not None
        ]
        values: list[object] = []
        source, column = "states AS s", "s.id"
        if self.category is not None:
            source, column = "categorised AS c JOIN states AS s ON s.id = c.state", "c.state"
            where.append("c.category = (SELECT id FROM categories WHERE name = ?)")
            values.append(stored(self.category))
        where += ["s.reviewer = ?", f"{column} > ?"]
        found = connection.execute(
            f"SELECT s.id, i.key FROM {source} JOIN items AS i ON i.id = s.item"
            f" WHERE {' AND '.join(where)} ORDER BY {column} LIMIT ?",
            (*values, reviewer, last, size),
        ).fetchall()
        return [(row, restored(key)) for row, key in found]
