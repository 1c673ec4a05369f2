"""What is decided is there at once, and again after the store was opened anew."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deciding import QUICK, category, favourite, keys_where, mark, note, noted
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.review import rows
from tuiview.review.clock import Clock
from tuiview.review.errors import StoreError
from tuiview.review.memory import Memory
from tuiview.review.model import UNTOUCHED, Decision, ItemState, Mark, What
from tuiview.review.rows import restored, stored
from tuiview.review.store import Store
from tuiview.review.tally import BLANK
from tuiview.review.wanted import Wanted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions" / "alice.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path, "alice", collection="Galaxies") as opened:
        yield opened


def reopened(store: Store) -> Store:
    store.close()
    return Store.open(store.path, store.reviewer)


def test_an_item_is_unknown_until_it_is_loaded(store: Store) -> None:
    assert store.peek("a") is None
    assert store.load(["a"]) == {"a": UNTOUCHED}
    assert store.peek("a") == UNTOUCHED


def test_a_decision_shows_at_once(store: Store) -> None:
    store.load(["a"])
    store.record([category("a"), favourite("a")])
    state = store.peek("a")
    assert state is not None
    assert state.categories == {"spiral"}
    assert state.favourite
    assert state.decided
    assert state.first == state.last != ""


def test_a_decision_on_an_item_that_is_not_loaded_joins_what_is_loaded_later(store: Store) -> None:
    store.wait(store.record([category("a", "ring")]), 10)
    with reopened(store) as again:
        again.record([category("a", "spiral")])
        assert again.load(["a"])["a"].categories == {"ring", "spiral"}
        again.flush()
        assert again.load(["a"])["a"].categories == {"ring", "spiral"}


@pytest.mark.parametrize("key", ["a b", "\0", "a\0b", "\xe9", "\udce9", "\U0010ffff", "\n"])
def test_keys_of_any_characters_are_found_by_what_was_decided(store: Store, key: str) -> None:
    store.record([category("plain", "ring"), category(key, "ring")])
    store.flush()
    assert keys_where(store, Wanted(category="ring")) == ["plain", key]


def test_tickets_become_durable_in_order(store: Store) -> None:
    tickets = [store.record([category(f"item {number}")]) for number in range(50)]
    assert tickets == sorted(tickets)
    assert store.wait(tickets[-1], 10)
    status = store.status
    assert status.saved
    assert status.pending == 0
    assert status.durable == tickets[-1]


def test_the_change_of_status_is_told(path: Path) -> None:
    told = threading.Event()
    with Store.open(path, "alice", on_change=told.set) as store:
        store.wait(store.record([category("a")]), 10)
        assert told.wait(10)


def test_everything_is_there_after_opening_anew(store: Store) -> None:
    store.record([category("a"), note("a", "a ring\nand more")])
    store.record([mark("a", "m1", 3.25, label="core", ra=10.0, dec=-5.0)])
    store.record([Decision("b", What.SEEN)])
    store.record([Decision("c", What.SKIP), Decision("c", What.UNSURE, new=True)])
    before = store.load(["a", "b", "c"])
    with reopened(store) as again:
        assert again.load(["a", "b", "c"]) == before
        assert before["a"].marks == (Mark("m1", "SCI", "star", 3.25, 2.0, "core", 10.0, -5.0),)
        assert before["b"] == ItemState(seen=True)
        assert before["c"].skipped
        assert before["c"].unsure
        assert again.facts()["collection"] == "Galaxies"


def test_keys_that_are_no_utf_8_come_back_as_they_were(store: Store) -> None:
    keys = ["caf\udce9.fits", "\udcf4\U0010ffb1x", "ordinary", "日本.png"]
    for key in keys:
        store.record([category(key), note(key, "n")])
    with reopened(store) as again:
        assert keys_where(again, Wanted(category="spiral")) == keys
        assert [row.key for row in again.export_rows()] == keys


@given(st.binary(max_size=12))
def test_every_file_name_can_be_stored(name: bytes) -> None:
    text = name.decode("utf-8", "surrogateescape")
    stored(text).encode("utf-8")
    assert restored(stored(text)) == text


def test_one_record_is_one_step_to_undo(store: Store) -> None:
    store.load(["a", "b"])
    store.record([category("a", "ring")])
    store.record([category("a", "ring", on=False), category("a", "spiral")])
    undone = store.undo()
    assert [(d.name, d.new) for d in undone] == [("ring", False), ("spiral", True)]
    state = store.peek("a")
    assert state is not None
    assert state.categories == {"ring"}
    assert [(d.name, d.new) for d in store.redo()] == [("ring", False), ("spiral", True)]
    state = store.peek("a")
    assert state is not None
    assert state.categories == {"spiral"}


def test_undoing_everything_leaves_the_item_unreviewed(store: Store) -> None:
    store.load(["a"])
    store.record([Decision("a", What.SEEN)])
    for decision in (category("a"), note("a", "text"), mark("a", "m"), favourite("a")):
        store.record([decision])
    while store.undo():
        pass
    assert store.peek("a") == ItemState(seen=True)
    assert store.counts() == {"seen": 1}
    assert store.next_undecided(["a"]) == "a"


def test_undo_and_redo_go_on_in_the_next_session(store: Store) -> None:
    for name in ("one", "two", "three"):
        store.record([category("a", name)])
    store.undo()
    with reopened(store) as again:
        assert [d.name for d in again.redo()] == ["three"]
        assert again.redo() == []
        assert [again.undo()[0].name for _ in range(3)] == ["three", "two", "one"]
        assert again.undo() == []
        with reopened(again) as third:
            assert [third.redo()[0].name for _ in range(3)] == ["one", "two", "three"]
            assert third.load(["a"])["a"].categories == {"one", "two", "three"}


def test_a_new_decision_ends_redo_but_looking_does_not(store: Store) -> None:
    store.record([category("a")])
    store.undo()
    store.record([Decision("b", What.SEEN)])
    assert store.redo()
    store.undo()
    store.record([category("b")])
    assert store.redo() == []


def test_undo_restores_the_true_value_whatever_the_caller_believed(store: Store) -> None:
    store.load(["a"])
    store.record([note("a", "first")])
    store.record([Decision("a", What.NOTE, old="", new="second")])
    store.undo()
    state = store.peek("a")
    assert state is not None
    assert state.note == "first"


def test_undoing_a_deletion_puts_the_mark_back_in_its_place(store: Store) -> None:
    store.load(["a"])
    for uuid in ("m1", "m2", "m3"):
        store.record([mark("a", uuid)])
    gone = Mark("m2", "SCI", "star", 1.0, 2.0)
    store.record([Decision("a", What.MARK_DELETED, "m2", gone, None)])
    assert [m.uuid for m in store.load(["a"])["a"].marks] == ["m1", "m3"]
    with reopened(store) as again:
        again.undo()
        assert [m.uuid for m in again.load(["a"])["a"].marks] == ["m1", "m2", "m3"]
        again.flush()
        with reopened(again) as third:
            assert [m.uuid for m in third.load(["a"])["a"].marks] == ["m1", "m2", "m3"]


@pytest.mark.parametrize(
    "senseless",
    [
        Decision("a", What.CATEGORY, new=True),
        Decision("a", What.MARK_ADDED, "m", None, {"uuid": "m"}),
        Decision("a", What.MARK_DELETED, "m", None, None),
        Decision("a", What.MARK_MOVED, "", None, {}),
    ],
)
def test_a_senseless_decision_is_refused_whole(store: Store, senseless: Decision) -> None:
    with pytest.raises(ValueError, match=r"mark|category"):
        store.record([category("b"), senseless])
    assert store.load(["b"])["b"] == UNTOUCHED
    assert store.status.pending == 0


def test_values_without_json_of_their_own_are_kept_as_far_as_they_go(store: Store) -> None:
    display = {"limits": (float("nan"), 1.0), "kind": What.NOTE, "path": Path("x")}
    store.record([Decision("a", What.FAVOURITE, new=True, display=display, context={"seed": 3})])
    store.flush()
    (event,) = store.history("a")
    assert event.decision.display == {"limits": [None, 1.0], "kind": "note", "path": "x"}
    assert event.decision.context == {"seed": 3}


def test_history_tells_what_happened_in_order(store: Store) -> None:
    store.record([category("a")])
    store.record([category("b")])
    store.undo()
    store.flush()
    events = list(store.history())
    assert [(e.decision.item, e.decision.new) for e in events] == [
        ("a", True),
        ("b", True),
        ("b", False),
    ]
    assert events[2].undo_of == events[1].uuid
    assert [e.sequence for e in events] == [1, 2, 3]
    assert {e.reviewer for e in events} == {"alice"}
    assert [e.decision.item for e in store.history("b")] == ["b", "b"]


def test_the_clock_may_go_back(path: Path) -> None:
    times = iter([5_000_000_000_000_000_000, *range(4_000_000_000_000_000_000, 0, -(10**15))])
    with Store.open(path, "alice", clock=Clock(wall=lambda: next(times))) as store:
        for number in range(20):
            store.record([category("a", f"c{number}")])
        store.flush()
        events = list(store.history())
        assert [e.decision.name for e in events] == [f"c{n}" for n in range(20)]
        assert events[0].utc > events[-1].utc
    with Store.open(path, "alice", clock=Clock(wall=lambda: 10**18)) as store:
        store.record([category("a", "c0", on=False)])
        store.flush()
        assert "c0" not in store.load(["a"])["a"].categories
        assert list(store.history())[-1].decision.new is False


def test_counts_follow_unsaved_decisions(store: Store) -> None:
    store.load(["a", "b"])
    store.record([category("a"), category("b"), note("b", "x"), mark("b", "m"), mark("b", "n")])
    expected = {
        "decided": 2,
        "category:spiral": 2,
        "noted": 1,
        "marked": 1,
        "marks": 2,
    }
    assert store.counts() == expected
    store.flush()
    assert store.counts() == expected
    with reopened(store) as again:
        assert again.counts() == expected
        assert again.reviewed_count == 2


def test_items_are_found_by_what_is_said_of_them(store: Store) -> None:
    store.record([category("a"), favourite("a")])
    store.record([category("b"), note("b", "Très diffuse merger")])
    store.record([Decision("c", What.UNSURE, new=True), mark("c", "m")])
    store.record([Decision("d", What.SEEN)])
    for saved in (False, True):
        if saved:
            store.flush()
        assert set(keys_where(store, Wanted(category="spiral"))) == {"a", "b"}
        assert set(keys_where(store, Wanted(category="spiral", favourite=False))) == {"b"}
        assert set(keys_where(store, Wanted(noted=True))) == {"b"}
        assert set(keys_where(store, Wanted(marked=True))) == {"c"}
        assert set(keys_where(store, Wanted(decided=False))) == {"d"}
        assert set(keys_where(store, Wanted(unsure=True, decided=True))) == {"c"}
        assert set(keys_where(store, Wanted(category="none"))) == set()
        assert set(keys_where(store, Wanted(classified=False))) == {"c", "d"}
        assert store.next_undecided(["a", "b", "c", "d", "e"]) == "d"
        assert store.next_undecided(["a", "b"]) is None
    assert noted(store, "tres merg") == ["b"]
    assert noted(store, '"diff* OR') == []
    assert noted(store, "") == []
    store.record([note("b", "plain")])
    store.flush()
    assert noted(store, "merger") == []
    assert noted(store, "PLAIN", "alice") == ["b"]
    assert noted(store, "plain", "bob") == []


def test_a_search_over_many_items_goes_on_beyond_a_page(store: Store) -> None:
    keys = [f"item {number}" for number in range(1500)]
    store.record([category(key) for key in keys])
    store.flush()
    with reopened(store) as again:
        assert keys_where(again, Wanted(category="spiral")) == keys
        assert again.next_undecided([*keys, "last"]) == "last"
        assert len(list(again.export_rows())) == 1500


def test_a_draft_outlives_the_program_until_its_note_is_kept(store: Store) -> None:
    store.draft("a", "typ")
    store.draft("a", "typing")
    store.draft("b", "dropped")
    store.draft("b", None)
    assert store.draft_of("a") == "typing"
    with reopened(store) as again:
        assert again.draft_of("a") == "typing"
        assert again.draft_of("b") is None
        again.record([note("a", "typed")])
        assert again.draft_of("a") is None
        with reopened(again) as third:
            assert third.draft_of("a") is None
            assert third.load(["a"])["a"].note == "typed"


def test_the_place_is_remembered(store: Store) -> None:
    assert store.remembered() is None
    for position in range(100):
        store.remember(f"item {position}", position, {"zoom": 2.0, "order": "name"})
    with reopened(store) as again:
        place = again.remembered()
        assert place is not None
        assert (place.key, place.position) == ("item 99", 99)
        assert place.extras == {"zoom": 2.0, "order": "name"}


def test_a_closed_store_takes_nothing(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.record([category("a")])
    with pytest.raises(StoreError, match="closed"):
        store.load(["a"])
    assert store.close() == store.close()


def test_many_threads_load_while_decisions_are_made(store: Store) -> None:
    keys = [f"item {number}" for number in range(40)]
    wrong: list[Any] = []

    def read() -> None:
        for _ in range(40):
            for key, state in store.load(keys).items():
                if state.categories and state.categories != {"spiral"}:
                    wrong.append((key, state))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        for key in keys:
            store.record([category(key)])
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(state.categories == {"spiral"} for state in store.load(keys).values())


def test_what_is_decided_while_it_is_loaded_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = rows.read_tallies

    def read_and_decide(*arguments: Any) -> Any:
        found = read(*arguments)
        store.record([category("a")])
        return found

    monkeypatch.setattr(rows, "read_tallies", read_and_decide)
    assert store.load(["a"])["a"].categories == {"spiral"}
    store.flush()
    assert store.load(["a"])["a"].categories == {"spiral"}


def test_memory_is_bounded_but_keeps_what_is_not_saved(path: Path) -> None:
    memory = Memory(capacity=10)
    with Store.open(path, "alice") as store:
        store.record([category(f"item {number}") for number in range(30)])
        store.flush()
        events = list(store.history())
    memory.add(events)
    memory.fill({f"item {number}": BLANK for number in range(100)})
    kept = [number for number in range(100) if memory.peek(f"item {number}") is not None]
    assert set(range(30)) <= set(kept)
    assert len(kept) <= 40
    memory.committed(events)
    memory.fill({"one more": BLANK})
    assert sum(memory.peek(f"item {number}") is not None for number in range(100)) <= 10


names = st.sampled_from(["spiral", "ring"])
items = st.sampled_from(["a", "b"])
points = st.sampled_from(["m1", "m2"])
acts = st.one_of(
    st.builds(category, items, names, st.booleans()),
    st.builds(note, items, st.sampled_from(["", "one", "two"])),
    st.builds(favourite, items, st.booleans()),
    st.builds(lambda item: Decision(item, What.SEEN), items),
    st.builds(mark, items, points, st.floats(0, 9)),
    st.builds(
        lambda item, uuid: Decision(
            item, What.MARK_DELETED, uuid, Mark(uuid, "SCI", "star", 0.0, 0.0), None
        ),
        items,
        points,
    ),
    st.sampled_from(["undo", "redo", "reopen", "load", "forget"]),
)


def shown(state: ItemState) -> tuple[object, ...]:
    """What a reviewer sees of a state, without times."""
    marks = tuple((m.uuid, m.x) for m in state.marks)
    return (state.categories, state.favourite, state.note, marks, state.seen, state.decided)


@settings(max_examples=40)
@given(st.lists(acts, max_size=25))
def test_any_course_of_deciding_undoing_and_opening_anew(course: list[Any]) -> None:
    with tempfile.TemporaryDirectory(dir=QUICK) as name:
        follow(Path(name) / "course.sqlite", course)


def follow(path: Path, course: list[Any]) -> None:
    """The store agrees with a list of states that undo walks back and forth on."""
    store = Store.open(path, "alice")
    past: list[dict[str, tuple[object, ...]]] = []
    future: list[dict[str, tuple[object, ...]]] = []

    def now() -> dict[str, tuple[object, ...]]:
        return {key: shown(state) for key, state in store.load(["a", "b"]).items()}

    def without_seen(states: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
        return {key: state[:4] + state[5:] for key, state in states.items()}

    try:
        for act in course:
            before = now()
            match act:
                case "undo":
                    if store.undo():
                        future.append(before)
                        assert without_seen(now()) == without_seen(past.pop())
                    else:
                        assert not past
                case "redo":
                    if store.redo():
                        past.append(before)
                        assert without_seen(now()) == without_seen(future.pop())
                    else:
                        assert not future
                case "reopen":
                    counts = store.counts()
                    store.close()
                    store = Store.open(path, "alice")
                    assert now() == before
                    assert store.counts() == counts
                case "load":
                    store.flush()
                case "forget":
                    store.flush()
                    assert store.totals("alice") == store.counts()
                case _:
                    store.record([act])
                    if act.what is not What.SEEN:
                        past.append(before)
                        future.clear()
    finally:
        store.close()
