"""Searching the keys of tables: in every view, both ways, by parts and by whole keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collection_samples import opened
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.collection.rows import Wanted
from tuiview.collection.search import next_with
from tuiview.collection.table import TableCollection
from tuiview.collection.view import View
from tuiview.errors import never

COUNT = 40
KEYS = [f"{'aAb'[n % 3]}{n % 7}{'xyz'[n // 5 % 3]}" for n in range(COUNT)]


@pytest.fixture(scope="module", params=["parquet", "csv"])
def table(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("search") / f"t.{request.param}"
    if request.param == "csv":
        path.write_text("uuid,filepath\n" + "".join(f"{key},s\n" for key in KEYS))
    else:
        columns = {"uuid": pa.array(KEYS).dictionary_encode(), "filepath": ["s"] * COUNT}
        pq.write_table(pa.table(columns), path, row_group_size=7)
    return opened(path)


views = st.one_of(
    st.just("whole"),
    st.integers(0, 99),
    st.lists(st.integers(0, COUNT - 1), min_size=1, unique=True),
    st.lists(st.integers(0, COUNT - 1), min_size=1, unique=True).map(sorted),
)


@settings(max_examples=60)
@given(views, st.integers(0, COUNT - 1), st.sampled_from([1, -1]),
       st.sampled_from(["a", "A", "b6", "0y", "3z", "nowhere"]), st.booleans())  # fmt: skip
def test_it_finds_what_a_walk_round_the_view_finds(table, made, position, step, text, folded):
    if made == "whole":
        view = View.all(table)
    elif isinstance(made, int):
        view = View.shuffled(COUNT, made)
    else:
        view = View.of(made)
    position %= len(view)
    text = text.lower() if folded else text
    keys = [KEYS[view.row(p)] for p in range(len(view))]
    walk = [(position + step * n) % len(view) for n in range(1, len(view) + 1)]
    wanted = [p for p in walk if text in (keys[p].lower() if folded else keys[p])]
    told: list[int] = []
    found = next_with(
        table, view, text, position, step, folded=folded, cancelled=never, told=told.append
    )
    assert found == (wanted[0] if wanted else None)
    assert told
    assert max(told) <= COUNT


def test_a_search_that_is_given_up_finds_nothing(table: TableCollection) -> None:
    view = View.all(table)
    polls = iter([False, True, True, True, True, True, True, True])
    assert next_with(
        table, view, "nowhere", 0, 1,
        folded=False, cancelled=lambda: next(polls, True), told=lambda row: None,
    ) is None  # fmt: skip


def test_numbers_nulls_and_dictionaries_are_searched_as_text() -> None:
    values = pa.array([12, None, 121, 3])
    assert Wanted("12").of(values)[0].tolist() == [0]
    assert Wanted("12", part=True).of(values)[0].tolist() == [0, 2]
    cut = pa.array(["Ab", None, "cab", "x", "AB"]).dictionary_encode().slice(1, 4)
    assert Wanted("ab", part=True, folded=True).of(cut)[0].tolist() == [1, 3]
    assert Wanted("AB").of(cut)[0].tolist() == [3]
    assert Wanted("x").of(pa.array(["y"] * 9 + ["x"]).slice(3))[0].tolist() == [6]


def test_row_groups_that_cannot_have_a_key_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"u{n:05}" for n in range(1000)]
    pq.write_table(
        pa.table({"uuid": keys, "filepath": ["s"] * 1000}), tmp_path / "t.parquet",
        row_group_size=100,
    )  # fmt: skip
    table = opened(tmp_path / "t.parquet")
    rows = table._rows  # type: ignore[attr-defined]
    read: list[int] = []
    batches = rows._group_batches

    def counted(group: int, *rest: object, **named: object) -> object:
        read.append(group)
        return batches(group, *rest, **named)

    monkeypatch.setattr(rows, "_group_batches", counted)
    assert table.row_of("u00777") == 777
    assert read == [7]
    assert rows.find("uuid", "u00777", start=778) is None
    found = [scanned.rows for scanned in rows.scan("uuid", Wanted("777", part=True))]
    assert np.concatenate(found).tolist() == [777]
