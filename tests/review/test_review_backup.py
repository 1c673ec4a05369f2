"""Backups and snapshots are whole, whatever goes on meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from deciding import category, child

from tuiview.review import backup as backup_module
from tuiview.review import filesystem, snapshot
from tuiview.review.backup import Backups
from tuiview.review.check import check
from tuiview.review.errors import StoreError
from tuiview.review.locations import backups_of, store_path
from tuiview.review.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alice.sqlite"


def test_a_backup_is_made_at_the_end_of_a_session_that_decided(path: Path) -> None:
    with Store.open(path, "alice") as store:
        store.record([category("a")])
    (made,) = backups_of(path)
    assert check(made).counts["events"] == 1
    Store.open(path, "alice").close()
    assert backups_of(path) == [made]
    for number in range(8):
        with Store.open(path, "alice") as store:
            store.record([category(f"b{number}")])
    kept = backups_of(path)
    assert len(kept) == backup_module.KEPT
    assert check(kept[0]).counts["events"] == 9


def test_decisions_go_on_while_a_backup_is_made(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_PAGES", 1)
    with Store.open(path, "alice") as store:
        store.record([category(f"a{number}") for number in range(500)])
        store.flush(20)
        backups = Backups(store._database)
        thread = threading.Thread(target=backups.make)
        thread.start()
        meanwhile = 0
        while thread.is_alive():
            assert store.wait(store.record([category(f"b{meanwhile}")]), 20)
            assert store.load([f"a{meanwhile % 500}"])
            meanwhile += 1
        assert meanwhile > 3
        (made,) = backups_of(path)
        found = check(made)
        assert found.sound
        assert found.counts["events"] >= 500
    assert check(path).sound


def test_a_backup_outlives_the_loss_of_its_connection(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_PAGES", 1)
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("a")]), 10)
        asked: list[int] = []

        def over() -> bool:
            asked.append(1)
            if len(asked) == 3:
                store._database.renew()
            return False

        with pytest.raises(TimeoutError):
            Backups(store._database).make(over)
        assert len(asked) == 3
        assert store.wait(store.record([category("b")]), 10)
    assert check(path).sound
    assert check(backups_of(path)[0]).counts["events"] == 2


def test_backups_are_made_while_the_program_runs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = threading.Event()
    make = Backups.make

    def told(self: Backups, *arguments: Any, **options: Any) -> Path | None:
        found = make(self, *arguments, **options)
        if found is not None:
            made.set()
        return found

    monkeypatch.setattr(Backups, "make", told)
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("a")]), 10)
        backups = Backups(store._database, interval=0.01)
        backups.start()
        assert made.wait(20)
        backups.stop()
        assert backups_of(path)


def test_a_backup_that_takes_too_long_leaves_nothing_behind(path: Path) -> None:
    with Store.open(path, "alice") as store:
        store.record([category(f"a{number}") for number in range(1000)])
        store.flush(20)
        assert Backups(store._database).at_exit(0.0) is None
        assert list((path.parent / "backups").iterdir()) == []


def test_a_damaged_copy_is_no_backup(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(connection: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError("damaged")

    monkeypatch.setattr(backup_module, "sound", find)
    with Store.open(path, "alice") as store:
        store.record([category("a")])
    assert backups_of(path) == []
    assert list((path.parent / "backups").iterdir()) == []


def test_a_snapshot_of_a_store_that_is_being_written_to(path: Path) -> None:
    with Store.open(path, "alice") as store:
        stop = threading.Event()

        def decide() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                store.wait(store.record([category(f"a{number}"), category(f"b{number}")]), 20)

        thread = threading.Thread(target=decide)
        thread.start()
        try:
            for _ in range(4):
                reader = child(
                    "with Store.snapshot(Path(sys.argv[1])) as copy:\n"
                    "    print(len(list(copy.history())), copy.totals('alice').get('decided', 0))",
                    path,
                )
                out, err = reader.communicate()
                events, decided = map(int, out.split())
                assert events == decided, err
                assert events % 2 == 0
        finally:
            stop.set()
            thread.join()


def test_where_locks_do_not_work_the_last_backup_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(path, "alice") as store:
        store.record([category("a")])
    monkeypatch.setattr(filesystem, "locks_work", lambda folder: False)
    monkeypatch.setattr(snapshot, "locks_work", lambda folder: False)
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("b")]), 10)
        with Store.snapshot(path) as copy:
            assert [row.key for row in copy.export_rows()] == ["a"]
            assert "last backup" in copy.notices[0]
        for made in backups_of(path):
            made.unlink()
        with pytest.raises(StoreError, match="no backup yet"):
            Store.snapshot(path)
    with Store.snapshot(path) as copy:
        assert [row.key for row in copy.export_rows()] == ["a", "b"]


def test_a_snapshot_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        Store.snapshot(tmp_path / "none.sqlite")


def test_stores_have_a_place_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    root = tmp_path / "my galaxies"
    other = tmp_path / "elsewhere" / "my galaxies"
    other.mkdir(parents=True)
    path = store_path(root, "alice")
    assert path.is_relative_to(tmp_path / "home" / "tuiview")
    assert path.parent.name.startswith("my-galaxies-")
    assert path.name == "alice.sqlite"
    assert path == store_path(tmp_path / "." / "my galaxies", "alice")
    assert len({path, store_path(other, "alice"), store_path(root, "bob")}) == 3
    assert store_path(root, "alice", store_dir=tmp_path / "s").parent.parent == tmp_path / "s"


@pytest.mark.parametrize("reviewer", ["../../etc", "a/b", "Jürgen", "", ".hidden", "x" * 300])
def test_a_reviewer_is_a_file_name_whatever_the_name(tmp_path: Path, reviewer: str) -> None:
    path = store_path(tmp_path, reviewer, store_dir=tmp_path)
    assert path.parent.parent == tmp_path
    assert path.name.isascii()
    assert len(path.name) < 100
    assert not path.name.startswith(".")
    assert path != store_path(tmp_path, reviewer + "'", store_dir=tmp_path)
    Store.open(path, reviewer).close()


def test_a_project_that_is_mounted_elsewhere_finds_its_decisions(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    names = {
        store_path(place / "data", "alice", project_dir=place).relative_to(place)
        for place in (here, there)
    }
    assert len(names) == 1
