from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collection_samples import Rows, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.collection import ordering
from tuiview.collection.base import Collection
from tuiview.collection.outline import Outline
from tuiview.collection.selection import parse_order, parse_sample, select
from tuiview.collection.view import View
from tuiview.errors import Cancelled, UsageError

COLUMNS = {
    "id": [f"g{n}" for n in (10, 9, 8, 7, 6, 5)],
    "path": [f"{n}.png" for n in range(6)],
    "mag": [18.5, 17.0, None, float("nan"), 21.0, 17.0],
    "class": ["ring", "spiral", "ring", None, "spiral", "ring"],
    "red shift": [1, 2, 3, 4, 5, 6],
    "tags": [["a"], [], ["b"], None, ["a"], []],
}


@pytest.fixture(params=["parquet", "csv"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Collection:
    data = pa.table(COLUMNS)
    if request.param == "parquet":
        pq.write_table(data, tmp_path / "t.parquet", row_group_size=2)
        return opened(tmp_path / "t.parquet")
    from pyarrow import csv

    data = data.set_column(2, "mag", pa.array([18.5, 17.0, None, None, 21.0, 17.0]))
    csv.write_csv(data.drop_columns("tags"), tmp_path / "t.csv")
    return opened(tmp_path / "t.csv")


def rows(view: View) -> list[int]:
    return view.rows(0, len(view)).tolist()


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("mag < 18", [1, 5]),
        ("`red shift` > 2 and mag > 17", [4]),
        ("mag > 17 & mag < 20", [0]),
        ("id == 'g10' or id in ['g5', 'g6']", [0, 4, 5]),
        ("`class`.str.startswith('r')", [0, 2, 5]),
        ("`class`.isna()", [3]),
        ("not (mag < 100)", [2, 3]),
        ("index < 2", [0, 1]),
        ("index % 2 == 1 and mag == 17", [1, 5]),
        ("sqrt(mag) < 4.2", [1, 5]),
    ],
)
def test_conditions(table: Collection, where: str, wanted: list[int]) -> None:
    assert rows(select(table, where=where)) == wanted


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("magg < 18", "no column 'magg'"),
        ("mag <", "cannot be read"),
        ("id < 18", "does not work"),
        ("mag", "not yes or no"),
        ("mag + 1", "not yes or no"),
        ("mag < mag.mean()", "mean cannot be used"),
        ("id.to_csv('x')", "to_csv cannot be used"),
        ("open('x')", "open cannot be used"),
        ("id.str.__class__ == 1", "__class__ cannot be used"),
        ("@x > 1", "cannot be read"),
    ],
)
def test_conditions_that_do_not_work_say_why(table: Collection, where: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        select(table, where=where)


def test_an_unknown_column_gets_the_nearest_names(table: Collection) -> None:
    with pytest.raises(UsageError) as caught:
        select(table, where="`redshift` > 2")
    assert "red shift" in caught.value.hint


def test_orders_put_empty_values_last_and_keep_equal_ones(table: Collection) -> None:
    ascending = rows(select(table, order="mag"))
    assert ascending[:4] == [1, 5, 0, 4]
    assert sorted(ascending[4:]) == [2, 3]
    assert rows(select(table, order="mag:desc"))[:4] == [4, 0, 1, 5]
    assert rows(select(table, order="name")) == [5, 4, 3, 2, 1, 0]
    assert rows(select(table, where="mag > 17", order="mag:desc")) == [4, 0]


def test_a_column_without_an_order(tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="no order"):
        select(opened(tmp_path / "t.parquet"), order="tags")


def test_groups_by_a_column(table: Collection) -> None:
    view = select(table, group_by="class", order="mag:desc")
    outline = Outline(table, view)
    groups = [line for n in range(len(outline)) if (line := outline.line(n)).kind == "group"]
    assert [(line.label, line.count) for line in groups] == [
        ("(none)", 1), ("ring", 3), ("spiral", 2),
    ]  # fmt: skip
    assert rows(view) == [3, 0, 5, 2, 4, 1]


def test_samples_and_seeds(table: Collection) -> None:
    first = rows(select(table, sample="3:7"))
    assert first == rows(select(table, sample="3", seed=7)) == sorted(first)
    assert len(set(first)) == 3
    assert len(select(table, sample="100")) == 6
    assert rows(select(table, order="random:3")) == rows(View.shuffled(6, 3))
    within = rows(select(table, where="mag > 0", sample="2:1", order="random:5"))
    assert set(within) < {0, 1, 4, 5}


def test_nothing_asked_is_the_whole_and_grows() -> None:
    collection = Rows(3)
    view = select(collection)
    collection.count = 4
    assert len(view) == 4
    assert view.whole


def test_a_collection_without_columns_says_so() -> None:
    with pytest.raises(UsageError, match="no columns"):
        select(Rows(3), where="x > 1")


def test_it_can_be_cancelled_and_tells_progress(table: Collection) -> None:
    told: list[tuple[int, int]] = []
    select(table, where="mag > 0", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)
    with pytest.raises(Cancelled):
        select(table, where="mag > 0", cancelled=lambda: True)


@pytest.mark.parametrize("text", ["random:x", "random:-1", "random:1.5"])
def test_seeds_are_whole_numbers(text: str) -> None:
    with pytest.raises(UsageError):
        parse_order(text)


@pytest.mark.parametrize("text", ["0", "x", "", "5:", "5:x"])
def test_sample_sizes_are_whole_numbers(text: str) -> None:
    if text == "5:":
        assert parse_sample(text) == (5, None)
        return
    with pytest.raises(UsageError):
        parse_sample(text)


def test_columns_may_have_colons() -> None:
    assert parse_order("a:b").column == "a:b"
    assert parse_order("a:b:desc").descending
    assert parse_order("score:asc").column == "score"


@settings(max_examples=20)
@given(st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=1, max_size=30))
def test_order_and_filter_agree_with_python(values: list[int | None]) -> None:
    class Numbers(Rows):
        key_column = None

        def columns(self) -> list[str]:
            return ["v"]

        def batches(self, columns: list[str]) -> object:
            for start in range(0, len(values), 4):
                part = pa.array(values[start : start + 4], pa.int64())
                yield pa.record_batch([part], names=["v"])

    collection = Numbers(len(values))
    wanted = sorted(
        range(len(values)), key=lambda n: (values[n] is None, values[n] if values[n] else 0)
    )
    assert rows(select(collection, order="v")) == wanted
    positive = [n for n, value in enumerate(values) if value is not None and value > 0]
    assert rows(select(collection, where="v > 0")) == positive


floats = st.one_of(st.none(), st.sampled_from([math.nan, -math.inf, 0.0, 1.5]), st.floats(width=16))
texts = st.one_of(st.none(), st.sampled_from(["", "é", "zz"]), st.text("ab", max_size=3))


@settings(max_examples=60)
@given(st.one_of(st.lists(floats, max_size=60), st.lists(texts, max_size=60)),
       st.booleans(), st.integers(0, 3))  # fmt: skip
def test_a_column_sorted_part_by_part_is_sorted(
    values: list[float | str | None], descending: bool, seed: int
) -> None:
    kind = pa.string() if any(isinstance(v, str) for v in values) else pa.float64()
    chosen = sorted(random.Random(seed).sample(range(len(values)), len(values) * (seed > 0) // 2))
    rows = chosen if seed else list(range(len(values)))

    def read() -> Iterator[tuple[np.ndarray, pa.Array]]:
        for start in range(0, len(rows), 7):
            part = rows[start : start + 7]
            column = pa.array([values[row] for row in part], kind)
            yield np.array(part), column.dictionary_encode() if seed == 3 else column

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "_HELD", 64)
        patch.setattr(ordering, "_SAMPLED", 9)
        found = ordering.sorted_rows(
            read, len(rows), kind, descending=descending, of=np.uint32
        ).tolist()
    there = [row for row in rows if values[row] is not None and values[row] == values[row]]
    there.sort(key=lambda row: values[row], reverse=descending)  # type: ignore[arg-type, return-value]
    nan = [row for row in rows if values[row] is not None and values[row] != values[row]]
    assert found == [*there, *nan, *(row for row in rows if values[row] is None)]
