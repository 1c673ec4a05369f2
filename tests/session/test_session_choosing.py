"""Views by what was decided, over tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuiview.collection.base import Scanned
from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.errors import Cancelled, Poll, never
from tuiview.review.model import UNTOUCHED, Decision, What
from tuiview.review.store import Store
from tuiview.session.choice import Choice, choose, parse_filter
from tuiview.session.whereabouts import Whereabouts

TABLES = {
    "keys": {"uuid": ["a", "B", None, "a", "", "c"], "filepath": ["s"] * 6},
    "parts": {"path": ["x.fits", "x.fits", "y.fits", None, "x.fits", "z#1.fits"],
              "hdu": [1, 2, 1, 1, None, None]},
    "cells": {"png": [b"\x89PNG\r\n\x1a\n"] * 6},
}  # fmt: skip
WORDS = ["unreviewed", "reviewed", "favourite", "not favourite", "spiral", "noted",
         "not unreviewed", "name:x", "not name:A", "name:#1"]  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
def test_a_filter_of_a_table_keeps_what_its_test_passes(tmp_path: Path, kind: str) -> None:
    pq.write_table(pa.table(TABLES[kind]), tmp_path / "t.parquet", row_group_size=4)
    options = CollectionOptions(suffixes=frozenset([".fits"]))
    table = open_collection([tmp_path / "t.parquet"], options)
    table.start(lambda: None)
    table.wait()
    keys = [table.item(row).key for row in range(6)]
    with Store.open(tmp_path / "store.sqlite", "me") as store:
        store.record([Decision(keys[0], What.CATEGORY, "spiral", False, True)])
        store.record([Decision(keys[5], What.FAVOURITE, "", False, True)])
        store.flush()
        store.record([Decision(keys[2], What.NOTE, "", "", "odd")])
        whereabouts = Whereabouts(table, store)
        for words in WORDS:
            only = parse_filter(words, ("spiral",))
            assert only is not None
            for order in ("", "random:2"):
                view = choose(
                    table, whereabouts, Choice(words, order=order), ("spiral",),
                    progress=lambda done, total: None, cancelled=never,
                )  # fmt: skip
                states = store.load(keys)
                passing = {
                    n for n in range(6) if only.keeps(keys[n], states.get(keys[n], UNTOUCHED))
                }
                assert set(map(int, view.rows(0, 9))) == passing, words
        with pytest.raises(Cancelled):
            choose(
                table, whereabouts, Choice("unreviewed"), ("spiral",),
                progress=lambda done, total: None, cancelled=lambda: True,
            )  # fmt: skip
    table.close()


def test_keys_are_looked_for_once_and_again_where_the_table_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("uuid,filepath\n" + "".join(f"u{n},s\n" for n in range(6)))
    table = open_collection([path], CollectionOptions(suffixes=frozenset([".fits"])))
    table.start(lambda: None)
    table.wait()
    sought: list[str] = []
    rows_of = table.rows_of

    def noting(keys: Sequence[str], cancelled: Poll = never) -> Iterator[Scanned]:
        sought.extend(keys)
        return rows_of(keys, cancelled)

    table.rows_of = noting  # type: ignore[method-assign]
    with Store.open(tmp_path / "store.sqlite", "me") as store:
        whereabouts = Whereabouts(table, store)

        def spirals(*decided: str) -> list[int]:
            sought.clear()
            for key in decided:
                store.record([Decision(key, What.CATEGORY, "spiral", False, True)])
            store.flush()
            view = choose(
                table, whereabouts, Choice("spiral"), ("spiral",),
                progress=lambda done, total: None, cancelled=never,
            )  # fmt: skip
            return [int(row) for row in view.rows(0, 99)]

        assert (spirals("u4", "u1", "u7"), sought) == ([1, 4], ["u4", "u1", "u7"])
        assert (spirals(), sought) == ([1, 4], [])
        assert (spirals("u2"), sought) == ([1, 2, 4], ["u2"])
        with path.open("a") as file:
            file.write("u6,s\nu7,s\nu1,s\n")
        assert table.refresh()
        assert spirals() == [1, 2, 4, 7, 8]
    table.close()
