"""A damaged store is found out and repaired from its events and backups."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from deciding import category, mark, note, noted

from tuiview.review.check import check, repair
from tuiview.review.errors import StoreError
from tuiview.review.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "alice.sqlite"
    with Store.open(found, "alice") as store:
        for number in range(300):
            store.record([category(f"item {number}"), note(f"item {number}", f"note {number}")])
        store.record([mark("item 0", "m")])
    return found


def states(path: Path) -> dict[str, object]:
    with Store.snapshot(path) as store:
        return {row.key: row.state for row in store.export_rows()}


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_sound_store_says_what_it_holds(path: Path) -> None:
    found = check(path)
    assert found.sound
    assert found.counts == {
        "events": 601,
        "items": 300,
        "reviewers": 1,
        "sessions": 1,
        "marks": 1,
        "drafts": 0,
    }
    assert found.holder is None
    assert len(found.backups) == 1
    assert found.size == path.stat().st_size
    assert found.mount.kind


def test_a_store_in_use_can_be_checked(path: Path) -> None:
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("more")]), 10)
        found = check(path)
        assert found.sound
        assert found.holder is not None
        change(path, "UPDATE states SET favourite = 1 WHERE id = 5")
        with pytest.raises(StoreError, match="in use"):
            repair(path)


def test_states_that_do_not_follow_from_the_events_are_made_anew(path: Path) -> None:
    right = states(path)
    change(
        path,
        "UPDATE states SET favourite = 1 WHERE id = 5",
        "DELETE FROM categorised WHERE state = 6",
        "UPDATE totals SET n = n + 1 WHERE what = 'decided'",
    )
    found = check(path)
    assert not found.sound
    assert {key for _, key in found.difference.states} == {"item 4", "item 5"}
    assert found.difference.totals == ("decided",)
    repaired = repair(path)
    assert repaired.after.sound
    assert repaired.aside is None
    assert states(path) == right


def test_a_wrong_index_of_notes_is_found(path: Path) -> None:
    change(path, "INSERT INTO notes (notes, rowid, note) VALUES ('delete', 1, 'note 0')")
    assert not check(path).sound
    assert repair(path).after.sound
    with Store.open(path, "alice") as store:
        assert noted(store, "note 0") == ["item 0"]


@pytest.mark.parametrize("where", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_damaged_pages_are_made_good_from_events_and_backups(path: Path, where: float) -> None:
    right = states(path)
    with Store.open(path, "alice") as store:
        store.record([category("after the backup")])
    for backup in check(path).backups[:1]:
        backup.unlink()
    content = bytearray(path.read_bytes())
    # Pages that begin like a b-tree's; the others are the reserve.
    trees = [at for at in range(4096, len(content), 4096) if content[at] in (2, 5, 10, 13)]
    for at in trees[int(len(trees) * where) :][:2]:
        content[at : at + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    assert not check(path).sound
    repaired = repair(path)
    assert repaired.after.sound
    assert repaired.aside is not None
    assert repaired.aside.exists()
    now = states(path)
    assert {key: now[key] for key in right} == right


def test_a_store_that_was_overwritten_comes_back_from_its_backup(path: Path) -> None:
    right = states(path)
    path.write_bytes(b"\0" * 10_000)
    assert not check(path).sound
    with pytest.raises(StoreError, match="damaged") as caught:
        Store.open(path, "alice")
    assert "backups" in caught.value.hint
    assert repair(path).after.sound
    assert states(path) == right


def test_where_nothing_can_be_read_nothing_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "bob.sqlite"
    path.write_bytes(b"\xa5" * 10_000)
    with pytest.raises(StoreError, match="no event can be read"):
        repair(path)
    assert path.read_bytes() == b"\xa5" * 10_000
    assert [p.name for p in tmp_path.iterdir()] == ["bob.sqlite"]


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        check(tmp_path / "none.sqlite")
