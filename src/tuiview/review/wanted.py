"""Which items are asked for."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from msgspec import Struct

from tuiview.review.model import ItemState
from tuiview.review.rows import stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


STATES = 65_536
"""States to go through at once; nothing can be written meanwhile."""


class Wanted(Struct, frozen=True):
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

    def numbers(
        self, connection: sqlite3.Connection, reviewer: int, after: int, last: int
    ) -> NDArray[np.int64]:
        """The numbers of the touched items that meet them.

        Args:
            connection: The store's.
            reviewer: The reviewer's row.
            after: The states' row after which to look.
            last: The last of their rows to look at.
        """
        import numpy as np

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
        # The plus keeps SQLite from taking the index of reviewers: states come as they lie.
        where += ["+s.reviewer = ?", f"{column} > ?", f"{column} <= ?"]
        values += [reviewer, after, last]
        row = connection.execute(
            f"SELECT group_concat(s.item) FROM {source} WHERE {' AND '.join(where)}", values
        ).fetchone()
        # One long text instead of many rows takes a quarter of the time.
        return np.fromstring(row[0] or "", np.int64, sep=",")
