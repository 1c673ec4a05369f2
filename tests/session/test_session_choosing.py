"""Views by what was decided, over tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.errors import Cancelled, never
from tuiview.review.model import UNTOUCHED, Decision, What
from tuiview.review.store import Store
from tuiview.session.choice import Choice, choose, parse_filter

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
        for words in WORDS:
            only = parse_filter(words, ("spiral",))
            assert only is not None
            for order in ("", "random:2"):
                view = choose(
                    table, store, Choice(words, order=order), ("spiral",),
                    progress=lambda done, total: None, cancelled=never,
                )  # fmt: skip
                states = store.load(keys)
                passing = {
                    n for n in range(6) if only.keeps(keys[n], states.get(keys[n], UNTOUCHED))
                }
                assert set(map(int, view.rows(0, 9))) == passing, words
        with pytest.raises(Cancelled):
            choose(
                table, store, Choice("unreviewed"), ("spiral",),
                progress=lambda done, total: None, cancelled=lambda: True,
            )  # fmt: skip
    table.close()
