import pytest
from headless import Desk
from hypothesis import given
from hypothesis import strategies as st

from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.collection.replicates import repeat_key
from tuiview.errors import UsageError
from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff
from tuiview.review.model import Decision, ItemState, What
from tuiview.review.store import Store
from tuiview.session.choice import Choice, choose, parse_filter
from tuiview.session.finding import Sought, once_round
from tuiview.session.seeking import ViewMade
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


class Seeker(Desk):
    """A session with what it has found."""

    sought: int | None = None

    def handle(self, change):
        match change:
            case Sought(position, _):
                self.sought = position
            case ViewMade():
                self.session.seeking.taken(change)
            case _:
                super().handle(change)


@pytest.fixture
def seeker(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.png").touch()
    with Store.open(tmp_path / "me.sqlite", "me") as store:
        desk = Seeker(folder, store)
        yield desk
        desk.session.close()


def noting(store, key, text):
    store.record([Decision(key, What.NOTE, "", "", text)])


def test_notes_are_sought_once_round_apart_from_those_on_what_came_back(seeker):
    session = seeker.session
    session.seeking.choose(Choice(order="name", repeats="6:1"))
    seeker.settle()
    shown = [session.peek(position).key for position in range(session.count)]
    again = next(n for n in range(12) if repeat_key(f"{n:02}.png", 2) in shown)
    noting(session.store, repeat_key(f"{again:02}.png", 2), "tidal tail")
    noting(session.store, f"{(again + 5) % 12:02}.png", "a tail")
    noting(session.store, "elsewhere.png", "tail")
    session.store.flush()
    expected = sorted(p for p, key in enumerate(shown) if session.store.load([key])[key].note)
    assert len(expected) == 2
    for word, known in (
        ("tail", expected),
        ("tid", [shown.index(repeat_key(f"{again:02}.png", 2))]),
    ):
        for step in (1, -1):
            found = set()
            for _ in known:
                session.seeking.note(word, step)
                seeker.settle()
                found.add(seeker.sought)
                session.go_to(seeker.sought)
            assert found == set(known)
    session.seeking.note("nebula")
    seeker.settle()
    assert seeker.sought is None


def test_at_rest_is_found_what_a_filter_would_look_for(seeker, monkeypatch):
    session = seeker.session
    for number in (3, 8):
        session.store.record([Decision(f"{number:02}.png", What.FAVOURITE, "", False, True)])
    session.store.flush()
    session.seeking.rested()
    seeker.settle()
    monkeypatch.setattr(session.collection, "rows_of", None)
    session.seeking.filter("favourite")
    seeker.settle()
    assert session.view.rows(0, 12).tolist() == [3, 8]


def test_a_filter_does_not_wait_for_what_is_done_at_rest(seeker, monkeypatch):
    session = seeker.session
    noting(session.store, "04.png", "odd")
    session.store.flush()
    rows_of, asked = session.collection.rows_of, []

    def slow(keys, cancelled):
        asked.append(list(keys))
        if len(asked) == 1:
            session.later(lambda: session.seeking.filter("noted"))
            while not cancelled():
                pass
        return rows_of(keys, cancelled)

    monkeypatch.setattr(session.collection, "rows_of", slow)
    session.seeking.rested()
    seeker.settle()
    assert session.view.rows(0, 12).tolist() == [4]
    assert asked == [["04.png"]] * 2
