"""Merging is the union: any order, any number of times, the same result."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from deciding import QUICK, category, favourite, mark, note, noted
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.review.check import check
from tuiview.review.errors import StoreError
from tuiview.review.merge import merge
from tuiview.review.model import Decision, Mark, What
from tuiview.review.store import Store


def decide(path: Path, *decisions: Decision, reviewer: str = "alice", undo: int = 0) -> None:
    with Store.open(path, reviewer) as store:
        for decision in decisions:
            store.record([decision])
        for _ in range(undo):
            store.undo()


def contents(path: Path) -> tuple[Any, ...]:
    with Store.snapshot(path) as store:
        return (
            list(store.history()),
            {(row.key, row.reviewer): row.state for row in store.export_rows(seen=True)},
            {(row.key, row.reviewer, row.mark.uuid): row for row in store.export_marks()},
            {name: store.totals(name) for name in store.reviewers()},
            {name: sorted(noted(store, "one", name)) for name in store.reviewers()},
        )


def test_different_reviewers_stand_side_by_side(tmp_path: Path) -> None:
    decide(tmp_path / "a.sqlite", category("x", "spiral"), reviewer="alice")
    decide(tmp_path / "b.sqlite", category("x", "ring"), note("y", "n"), reviewer="bob")
    merged = merge([tmp_path / "a.sqlite", tmp_path / "b.sqlite"], tmp_path / "all.sqlite")
    assert merged.reviewers == ["alice", "bob"]
    assert list(merged.added.values()) == [1, 2]
    assert merged.conflicts == []
    with Store.snapshot(tmp_path / "all.sqlite") as store:
        said = {(row.key, row.reviewer): row.state for row in store.export_rows()}
    assert said["x", "alice"].categories == {"spiral"}
    assert said["x", "bob"].categories == {"ring"}
    assert said["y", "bob"].note == "n"


def test_copies_that_went_on_apart_keep_both_histories_and_say_where_they_differ(
    tmp_path: Path,
) -> None:
    here, there = tmp_path / "here.sqlite", tmp_path / "there.sqlite"
    decide(here, category("x"), note("x", "before"))
    shutil.copy(here, there)
    decide(here, note("x", "from here"), category("y"), category("same"))
    decide(there, note("x", "from there"), category("z"), category("same"))
    merged = merge([there], here)
    (conflict,) = merged.conflicts
    assert (conflict.reviewer, conflict.key, conflict.field) == ("alice", "x", "note")
    assert conflict.earlier.value == '"from here"'
    assert conflict.later.value == '"from there"'
    with Store.open(here, "alice") as store:
        states = store.load(["x", "y", "z", "same"])
        assert states["x"].note == "from there"
        assert all(states[key].categories == {"spiral"} for key in ("y", "z", "same"))
        assert len(list(store.history("x"))) == 4
    # Once a session that knows both sides has spoken, the matter is settled.
    assert merge([there], here).conflicts == [conflict]
    decide(here, note("x", "settled"))
    assert merge([there], here).conflicts == []
    assert check(here).sound


def test_one_after_the_other_is_no_conflict(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.sqlite", tmp_path / "copy.sqlite"
    decide(path, note("x", "one"))
    shutil.copy(path, copy)
    decide(path, note("x", "two"))
    decide(path, note("x", "three"))
    merged = merge([path], copy)
    assert merged.conflicts == []
    assert contents(copy) == contents(path)


def test_both_copies_may_have_taken_the_same_decision_back(tmp_path: Path) -> None:
    here, there = tmp_path / "here.sqlite", tmp_path / "there.sqlite"
    decide(here, category("x"))
    shutil.copy(here, there)
    for path in (here, there):
        decide(path, undo=1)
    merge([there], here)
    decide(here, favourite("x"))
    with Store.snapshot(here) as store:
        (row,) = store.export_rows()
    assert row.state.decided
    assert check(here).sound


def test_undo_goes_on_after_a_merge(tmp_path: Path) -> None:
    here, there = tmp_path / "here.sqlite", tmp_path / "there.sqlite"
    decide(here, category("x"))
    shutil.copy(here, there)
    decide(there, category("y"))
    merge([there], here)
    with Store.open(here, "alice") as store:
        assert [d.item for d in store.undo()] == ["y"]
        assert [d.item for d in store.undo()] == ["x"]
        assert store.undo() == []


def test_drafts_come_along_unless_their_note_was_kept(tmp_path: Path) -> None:
    paths = [tmp_path / "a.sqlite", tmp_path / "b.sqlite"]
    with Store.open(paths[0], "alice") as store:
        store.draft("open", "still typing")
        store.draft("kept", "typing")
        store.remember("x", 3)
    decide(paths[1], note("kept", "typed"))
    for number, order in enumerate((paths, paths[::-1])):
        into = tmp_path / f"into{number}.sqlite"
        merge(order, into)
        with Store.open(into, "alice") as store:
            assert store.draft_of("open") == "still typing"
            assert store.draft_of("kept") is None
            place = store.remembered()
            assert place is not None
            assert place.key == "x"


def test_a_store_in_use_can_be_read_but_not_merged_into(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite", "alice") as store:
        store.wait(store.record([category("x")]), 10)
        merged = merge([store.path], tmp_path / "into.sqlite")
        assert sum(merged.added.values()) == 1
        with pytest.raises(StoreError, match="in use"):
            merge([tmp_path / "into.sqlite"], store.path)


def test_a_backup_is_made_before_a_merge(tmp_path: Path) -> None:
    decide(tmp_path / "a.sqlite", category("x"))
    decide(tmp_path / "b.sqlite", category("y"), reviewer="bob")
    merge([tmp_path / "b.sqlite"], tmp_path / "a.sqlite")
    backup = check(tmp_path / "a.sqlite").backups[0]
    assert "before-merge" in backup.name
    with Store.snapshot(backup) as store:
        assert [row.key for row in store.export_rows()] == ["x"]


items = st.sampled_from(["x", "y"])
acts = st.one_of(
    st.builds(category, items, st.sampled_from(["spiral", "ring"]), st.booleans()),
    st.builds(note, items, st.sampled_from(["", "one", "one two"])),
    st.builds(mark, items, st.sampled_from(["m1", "m2"]), st.floats(0, 9)),
    st.builds(
        lambda item: Decision(
            item, What.MARK_DELETED, "m1", Mark("m1", "SCI", "star", 0.0, 0.0), None
        ),
        items,
    ),
    st.builds(lambda item: Decision(item, What.SEEN), items),
    st.sampled_from(["undo", "redo"]),
)
histories = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["alice", "bob"]), st.lists(acts, max_size=5)),
    min_size=2,
    max_size=4,
)


@settings(max_examples=10)
@given(histories, st.data())
def test_any_order_and_any_number_of_times_give_the_same(
    sessions: list[tuple[int, str, list[Any]]], data: st.DataObject
) -> None:
    """Each session is held on a copy of an earlier store, or on a new one; all are merged."""
    with tempfile.TemporaryDirectory(dir=QUICK) as name:
        folder = Path(name)
        paths: list[Path] = []
        for number, (base, reviewer, course) in enumerate(sessions):
            path = folder / f"{number}.sqlite"
            if base < len(paths):
                shutil.copy(paths[base], path)
            with Store.open(path, reviewer) as store:
                for act in course:
                    if act == "undo":
                        store.undo()
                    elif act == "redo":
                        store.redo()
                    else:
                        store.record([act])
            paths.append(path)
        first = merge(paths, folder / "first.sqlite")
        orders = st.lists(st.sampled_from(paths), max_size=3)
        order = [*data.draw(orders), *data.draw(st.permutations(paths)), *data.draw(orders)]
        second = merge(order, folder / "second.sqlite")
        assert contents(folder / "second.sqlite") == contents(folder / "first.sqlite")
        assert second.conflicts == first.conflicts
        assert check(folder / "first.sqlite").sound
        assert check(folder / "second.sqlite").sound
        # Going on from one of them, in steps, leads there as well.
        for path in order:
            merge([path], paths[0])
        assert contents(paths[0]) == contents(folder / "first.sqlite")
        assert merge([folder / "first.sqlite"], paths[0]).added == {folder / "first.sqlite": 0}
