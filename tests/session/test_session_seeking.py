import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.errors import UsageError
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.review.model import Decision, ItemState, What
from tuiview.review.store import Store
from tuiview.session.choice import Choice, choose, parse_filter
from tuiview.session.finding import once_round
from tuiview.session.whereabouts import Whereabouts

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
    found = parse_filter(words, CATEGORIES)
    assert found is not None
    assert found.keeps("a/ngc1.fits", state) is passes


def test_all_is_no_filter():
    assert parse_filter("all", CATEGORIES) is None


def test_an_unknown_filter_says_what_there_is():
    with pytest.raises(UsageError, match="unreviewed"):
        parse_filter("shiny", CATEGORIES)


@given(st.integers(0, 3000), st.integers(1, 3000), st.sampled_from([1, -1]))
def test_a_search_goes_once_round(start, count, step):
    start %= count
    visited = [p for chunk in once_round(start, count, step) for p in chunk]
    assert sorted(visited) == list(range(count))
    assert visited[-1] == start
    assert visited[0] == (start + step) % count


def test_a_view_has_the_items_whose_states_a_filter_keeps(tmp_path):
    (tmp_path / "data").mkdir()
    for number in range(12):
        (tmp_path / "data" / f"{number:02}.png").touch()
    kinds = CollectionOptions(suffixes=SUFFIXES, sniff=sniff, kinds=IMAGES)
    collection = open_collection([tmp_path / "data"], kinds)
    collection.start(lambda: None)
    assert collection.wait(20)
    with Store.open(tmp_path / "a.sqlite", "a") as store:
        for number, (what, name) in enumerate(
            [
                (What.CATEGORY, "spiral"), (What.CATEGORY, "merger"), (What.CATEGORY, "spiral"),
                (What.FAVOURITE, ""), (What.UNSURE, ""), (What.SEEN, ""), (What.SKIP, ""),
            ]
        ):  # fmt: skip
            store.record([Decision(f"{number:02}.png", what, name, False, True)])
        store.record([Decision("02.png", What.CATEGORY, "spiral", True, False)])
        store.record([Decision("09.png", What.NOTE, "", "", "faint")])
        store.record([Decision("elsewhere.png", What.CATEGORY, "spiral", False, True)])
        states = store.load([collection.item(row).key for row in range(12)])
        for words in (
            "unreviewed", "reviewed", "favourite", "unsure", "noted", "marked", "unclassified",
            "1", "2", "not 1", "not unclassified", "name:1", "not name:1",
        ):  # fmt: skip
            only = parse_filter(words, CATEGORIES)
            expected = [row for row, (k, s) in enumerate(states.items()) if only.keeps(k, s)]
            choice = Choice(only=words, order="name")
            view = choose(
                collection, Whereabouts(collection, store), choice, CATEGORIES,
                progress=lambda done, total: None, cancelled=lambda: False,
            )  # fmt: skip
            assert view.rows(0, 12).tolist() == expected, words
