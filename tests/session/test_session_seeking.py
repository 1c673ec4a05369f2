import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiview.errors import UsageError
from tuiview.review.model import ItemState
from tuiview.session.choice import item_test
from tuiview.session.finding import once_round

CATEGORIES = ("spiral", "merger")


@pytest.mark.parametrize(
    ("words", "state", "passes"),
    [
        ("unreviewed", ItemState(), True),
        ("unreviewed", ItemState(decided=True), False),
        ("not unreviewed", ItemState(decided=True), True),
        ("favourite", ItemState(favourite=True), True),
        ("spiral", ItemState(categories=frozenset({"spiral"})), True),
        ("1", ItemState(categories=frozenset({"spiral"})), True),
        ("2", ItemState(categories=frozenset({"spiral"})), False),
        ("not merger", ItemState(), True),
        ("unclassified", ItemState(note="x"), True),
        ("noted", ItemState(note="x"), True),
        ("name:NGC", ItemState(), True),
        ("name:m51", ItemState(), False),
    ],
)
def test_filters_by_their_words(words, state, passes):
    assert item_test(words, CATEGORIES)("a/ngc1.fits", state) is passes


def test_all_is_no_filter():
    assert item_test("all", CATEGORIES) is None


def test_an_unknown_filter_says_what_there_is():
    with pytest.raises(UsageError, match="unreviewed"):
        item_test("shiny", CATEGORIES)


@given(st.integers(0, 3000), st.integers(1, 3000), st.sampled_from([1, -1]))
def test_a_search_goes_once_round(start, count, step):
    start %= count
    visited = [p for chunk in once_round(start, count, step) for p in chunk]
    assert sorted(visited) == list(range(count))
    assert visited[-1] == start
    assert visited[0] == (start + step) % count
