"""Items that come back: once, late enough, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from collection_samples import Rows
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.collection.repeats import LEAST, MOST, RepeatedView, Repeats, parse_repeats
from tuiview.collection.replicates import repeat_key, split_key
from tuiview.collection.view import View
from tuiview.errors import UsageError

BASES = {
    "own": lambda n: View.all(Rows(n)),
    "listed": lambda n: View.of(np.arange(n)[::-1] * 3),
    "shuffled": lambda n: View.shuffled(n, 5),
}


@settings(max_examples=40)
@given(st.sampled_from(sorted(BASES)), st.integers(0, 700), st.floats(0, 1), st.integers(0, 2**40))
def test_repeats_come_once_and_late_enough(kind: str, n: int, share: float, seed: int) -> None:
    base = BASES[kind](n)
    view = RepeatedView.drawn(base, Repeats(share), seed)
    shown: dict[tuple[int, int], int] = {}
    others = 0
    first: dict[int, int] = {}
    for position in range(len(view)):
        row, replicate = view.row(position), view.replicate(position)
        assert (row, replicate) not in shown
        shown[row, replicate] = position
        assert view.position_of(row, replicate) == position
        if replicate == 1:
            first[row] = others
            others += 1
        else:
            between = others - first[row] - 1
            assert min(LEAST, n // 2) <= between <= MOST
    assert others == n
    assert [row for row, which in shown if which == 1] == base.rows(0, n).tolist()
    able = max(0, n - max(1, min(LEAST, n // 2)))
    assert len(view) - n == min(round(share * n), able)
    assert view.rows(0, len(view)).tolist() == [row for row, _ in shown]
    missing = next(iter({row for row, _ in shown} - {r for r, which in shown if which == 2}), None)
    assert missing is None or view.position_of(missing, 2) is None


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(0, 9), st.data())
def test_what_is_kept_keeps_its_order(n: int, seed: int, data: st.DataObject) -> None:
    view = RepeatedView.drawn(View.shuffled(n, seed), Repeats(0.4), seed)
    flags = st.lists(st.booleans(), min_size=n, max_size=n)
    first, again = np.array(data.draw(flags)), np.array(data.draw(flags))
    kept = view.keeping(first, again)

    def listed(of: View) -> list[tuple[int, int]]:
        return [(of.row(p), of.replicate(p)) for p in range(len(of))]

    left = [(r, w) for r, w in listed(view) if (first if w == 1 else again)[r]]
    assert sorted(listed(kept)) == sorted(left)
    assert [one for one in listed(kept) if one[1] == 1] == [one for one in left if one[1] == 1]
    shown = [r for r, w in left if w == 1]
    for place, (row, replicate) in enumerate(listed(kept)):
        if replicate == 2 and row in shown:
            between = [w for _, w in listed(kept)[kept.position_of(row, 1) + 1 : place]]
            least = min(max(1, min(LEAST, len(shown) // 2)), len(shown) - 1 - shown.index(row))
            assert between.count(1) >= least
    assert all(kept.position_of(*one) == p for p, one in enumerate(listed(kept)))


def test_ten_million_rows_are_not_listed() -> None:
    n = 10_000_000
    view = RepeatedView.drawn(View.shuffled(n, 1), Repeats(count=1000), 2)
    assert len(view) == n + 1000
    at = next(p for p in range(0, n, 7) if view.replicate(p) == 2)
    assert view.position_of(view.row(at), 2) == at
    assert view.position_of(view.row(at)) in range(at - 2 * MOST, at)


def test_seeds_give_the_same_repeats_everywhere() -> None:
    # Written down once: what changes would break reviews that are resumed.
    drawn = RepeatedView.drawn(View.all(Rows(200)), Repeats(count=4), 3)
    found = [(p, drawn.row(p)) for p in range(len(drawn)) if drawn.replicate(p) == 2]
    assert found == EXPECTED


EXPECTED = [(174, 67), (182, 52), (190, 56), (198, 154)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10%", Repeats(0.1)), ("2.5%:7", Repeats(0.025, 0, 7)), ("25", Repeats(None, 25)),
        ("25:0", Repeats(None, 25, 0)), ("0", Repeats()),
    ],
)  # fmt: skip
def test_how_many_is_told_by_share_or_number(text: str, wanted: Repeats) -> None:
    assert parse_repeats(text) == wanted


@pytest.mark.parametrize("text", ["", "ten", "101%", "-1", "2.5", "10%:", "10%:x", "٣"])
def test_what_says_no_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_repeats(text)


@given(st.text(), st.integers(1, 3))
def test_keys_of_repeats_lead_back(key: str, replicate: int) -> None:
    if split_key(key) == (key, 1):
        assert split_key(repeat_key(key, replicate)) == (key, replicate)
