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
    classified: bool | None = None

    def fits(self, state: ItemState) -> bool:
        """Whether a state meets them."""
        facts = (
            (self.decided, state.decided),
            (self.favourite, state.favourite),
            (self.unsure, state.unsure),
            (self.skipped, state.skipped),
            (self.noted, bool(state.note)),
            (self.marked, bool(state.marks)),
            (self.classified, bool(state.categories)),
        )
        return (self.category is None or self.category in state.categories) and all(
            wanted is None or wanted == fact for wanted, fact in facts
        )

    def page(
        self, connection: sqlite3.Connection, reviewer: int, last: int, size: int
    ) -> tuple[int, list[str]]:
        """The keys of the next touched items that meet them.

        Args:
            connection: The store's.
            reviewer: The reviewer's row.
            last: The state's row after which to go on.
            size: How many to return at most.

        Returns:
            The row of the last of these states, and their keys.
        """
        conditions = {
            "s.decided": self.decided,
            "s.favourite": self.favourite,
            "s.unsure": self.unsure,
            "s.skipped": self.skipped,
            "s.note <> ''": self.noted,
            "EXISTS (SELECT 1 FROM marks AS m WHERE m.state = s.id AND m.stands)": self.marked,
            "EXISTS (SELECT 1 FROM categorised AS k WHERE k.state = s.id)": self.classified,
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
        # The plus keeps SQLite from taking an index and sorting: rows come as they lie.
        where += ["+s.reviewer = ?", f"{column} > ?"]
        found = (
            f"SELECT s.id AS id, i.key AS key FROM {source} JOIN items AS i ON i.id = s.item"
            f" WHERE {' AND '.join(where)} ORDER BY {column} LIMIT ?"
        )
        values += [reviewer, last, size]
        # One long text instead of many rows takes half the time.
        count, end, text = connection.execute(
            f"SELECT count(*), max(id), group_concat(key, char(0)) FROM ({found})", values
        ).fetchone()
        keys = text.split("\0") if count else []
        if len(keys) != count:
            keys = [key for _, key in connection.execute(found, values).fetchall()]
        return end or last, keys if text is None or text.isascii() else list(map(restored, keys))
