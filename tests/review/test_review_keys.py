"""The keys of many items at once, whatever characters they have."""

from __future__ import annotations

import sqlite3

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.review.keys import keys_of
from tuiview.review.rows import stored

NAMES = st.text("ab,/\0é\udce9\U0010ffe9", max_size=6) | st.text(max_size=6)


@given(st.lists(NAMES, min_size=1, unique_by=stored), st.data())
@settings(max_examples=100)
def test_keys_come_as_they_were_and_in_the_order_asked_for(
    keys: list[str], data: st.DataObject
) -> None:
    kept = [
        key
        for key in keys
        if not any(0xD800 <= ord(c) < 0xDC80 or 0xDCFF < ord(c) < 0xE000 for c in key)
    ]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, key TEXT NOT NULL)")
    # Some numbers may be taken by none, as in a store that was repaired.
    numbers = np.cumsum([1 + data.draw(st.integers(0, 2)) for _ in kept]).astype(np.int64)
    rows = zip(numbers.tolist(), map(stored, kept), strict=True)
    connection.executemany("INSERT INTO items VALUES (?, ?)", rows)
    asked = data.draw(st.permutations(range(len(kept))))[: data.draw(st.integers(0, len(kept)))]
    found = keys_of(connection, numbers[np.array(asked, np.int64)])
    assert list(found) == [kept[number] for number in asked]
    connection.close()
