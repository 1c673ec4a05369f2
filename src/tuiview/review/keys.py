"""The keys of many items at once."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tuiview.collection.texts import Texts
from tuiview.review.rows import restored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PARTED = ((b",", "group_concat(i.key)"), (b"\0", "group_concat(i.key, char(0))"))
"""Separators, of which a key may have one in it; SQLite puts its own in twice as fast."""


def keys_of(connection: sqlite3.Connection, numbers: NDArray[np.int64]) -> Texts:
    """The keys of the items that have these numbers, in their order."""
    if not numbers.size:
        return Texts.of(())
    first, last = int(numbers.min()), int(numbers.max())
    if last - first < 2 * numbers.size:
        # To go through all that lie between is quicker than to look for half of them.
        every = _keys(connection, "items AS i WHERE i.id BETWEEN ? AND ?", (first, last))
        if len(every) == last - first + 1:
            return every.take(numbers - first)
    source = "json_each(?) AS wanted CROSS JOIN items AS i ON i.id = wanted.value"
    return _keys(connection, source, (str(numbers.tolist()),))


def _keys(connection: sqlite3.Connection, source: str, values: tuple[object, ...]) -> Texts:
    # One long text instead of many rows takes a quarter of the time.
    for separator, joined in _PARTED:
        content, count = connection.execute(
            f"SELECT CAST({joined} AS BLOB), count(*) FROM {source}", values
        ).fetchone()
        found = Texts.parted(content or b"", separator)
        if len(found) == count:
            break
    else:
        rows = connection.execute(f"SELECT i.key FROM {source}", values).fetchall()
        found = Texts.of([key for (key,) in rows])
    # Characters that `stored` put in another's place are four bytes that begin so.
    return Texts.of([*map(restored, found)]) if found.may_hold(b"\xf4") else found
