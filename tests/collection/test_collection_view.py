from __future__ import annotations

import numpy as np
import pytest
from collection_samples import Rows
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.collection.shuffle import Permutation
from tuiview.collection.view import View


def test_the_whole_grows_with_its_collection() -> None:
    collection = Rows(3)
    view = View.all(collection)
    assert [view.row(n) for n in range(len(view))] == [0, 1, 2]
    collection.count = 5
    assert len(view) == 5
    assert view.position_of(4) == 4
    assert view.position_of(5) is None
    assert view.rows(2, 99).tolist() == [2, 3, 4]
    with pytest.raises(IndexError):
        view.row(5)


@given(st.lists(st.integers(0, 10**9), unique=True, max_size=50), st.booleans())
def test_positions_and_rows_are_inverse(rows: list[int], ordered: bool) -> None:
    rows = sorted(rows) if ordered else rows
    view = View.of(rows)
    assert len(view) == len(rows)
    assert [view.position_of(view.row(n)) for n in range(len(view))] == list(range(len(rows)))
    assert view.rows(0, len(rows)).tolist() == rows
    assert view.position_of(10**9 + 1) is None
    assert view.ascending == (rows == sorted(rows))


@settings(max_examples=30)
@given(st.integers(0, 300), st.integers(0, 2**63))
def test_a_shuffle_shows_each_row_once(n: int, seed: int) -> None:
    view = View.shuffled(n, seed)
    rows = [view.row(position) for position in range(n)]
    assert sorted(rows) == list(range(n))
    assert [view.position_of(row) for row in rows] == list(range(n))


@settings(max_examples=10)
@given(st.integers((1 << 20) + 1, 1 << 40), st.integers(0, 2**63))
def test_large_shuffles_need_no_list(n: int, seed: int) -> None:
    permutation = Permutation(n, seed)
    positions = np.arange(0, n, n // 500)
    rows = permutation.forward(positions)
    assert rows.min() >= 0
    assert rows.max() < n
    assert np.unique(rows).size == positions.size
    assert (permutation.backward(rows) == positions).all()


def test_a_large_shuffle_is_even() -> None:
    n = 3_000_000
    rows = Permutation(n, 5).forward(np.arange(100_000))
    assert np.unique(rows).size == rows.size
    counts, _ = np.histogram(rows, bins=50, range=(0, n))
    assert abs(counts - 2000).max() < 6 * 2000**0.5
    assert abs(np.corrcoef(np.arange(rows.size), rows)[0, 1]) < 0.02


def test_seeds_give_the_same_order_everywhere() -> None:
    # Written down once: an order that changes would break blind repeats and resumed reviews.
    assert View.shuffled(10, 1).rows(0, 10).tolist() == [4, 2, 8, 1, 7, 5, 6, 9, 0, 3]
    assert View.shuffled(10, 1).rows(0, 10).tolist() != View.shuffled(10, 2).rows(0, 10).tolist()
    assert View.shuffled(10**8, 1).rows(0, 4).tolist() == [4632614, 52932821, 27510536, 41524069]


def test_every_order_of_three_comes_up_about_equally() -> None:
    orders = [tuple(View.shuffled(3, seed).rows(0, 3).tolist()) for seed in range(3000)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert max(counts) - min(counts) < 150
