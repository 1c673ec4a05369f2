"""Stores of every released schema open; those of later ones are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from deciding import category, noted
from released_schemas import VERSION_1, make_version_1

from tuiview.review import schema
from tuiview.review.check import check
from tuiview.review.errors import StoreError, StoreNewerError, UnreadableStoreError
from tuiview.review.merge import merge
from tuiview.review.schema import Migration
from tuiview.review.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alice.sqlite"


def statements(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {" ".join(sql.split()) for (sql,) in rows}


def test_the_first_released_schema_stays_as_it_was() -> None:
    released, now = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    released.executescript(VERSION_1)
    for statement in schema.MIGRATIONS[0].statements:
        now.execute(statement)
    assert statements(now) == statements(released)


def test_a_store_of_the_first_release_opens(path: Path) -> None:
    make_version_1(path)
    assert check(path).sound
    with Store.open(path, "alice") as store:
        states = store.load(["a.fits", "b.fits"])
        assert states["a.fits"].categories == {"spiral"}
        assert states["a.fits"].note == "a ring"
        assert [mark.uuid for mark in states["b.fits"].marks] == ["m1"]
        assert store.counts()["decided"] == 2
        assert store.draft_of("c.fits") == "typing"
        place = store.remembered()
        assert place is not None
        assert place.position == 1
        assert noted(store, "ring") == ["a.fits"]
        assert store.undo()[0].name == "m1"
        store.record([category("c.fits")])
    assert check(path).sound


@pytest.fixture
def next_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Migration(
        "an example",
        (
            "ALTER TABLE states ADD COLUMN grade INTEGER NOT NULL DEFAULT 0",
            "UPDATE states SET grade = 3 WHERE decided",
        ),
    )
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))


@pytest.mark.usefixtures("next_schema")
def test_a_migration_keeps_everything_and_the_earlier_form_in_a_backup(path: Path) -> None:
    make_version_1(path)
    with Store.open(path, "alice") as store, store.reading() as connection:
        assert connection.execute("SELECT grade FROM states").fetchall() == [(3,), (3,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    (backup,) = path.parent.glob("backups/*-schema1.sqlite")
    copy = sqlite3.connect(backup)
    assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    assert copy.execute("SELECT count(*) FROM events").fetchone() == (3,)
    copy.close()


@pytest.mark.usefixtures("next_schema")
def test_an_earlier_schema_can_be_read_and_merged_without_being_changed(
    path: Path, tmp_path: Path
) -> None:
    make_version_1(path)
    before = path.read_bytes()
    with Store.snapshot(path) as snapshot:
        assert len(list(snapshot.export_rows())) == 2
    assert sum(merge([path], tmp_path / "into.sqlite").added.values()) == 3
    assert path.read_bytes() == before


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version_1(path)
    step = Migration("a mistake", ("DROP TABLE notes", "DROP TABLE there_is_none"))
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    with pytest.raises(StoreError):
        Store.open(path, "alice")
    monkeypatch.undo()
    with Store.open(path, "alice") as store:
        assert noted(store, "ring") == ["a.fits"]


def test_a_store_of_a_later_schema_is_refused_with_its_version(path: Path) -> None:
    Store.open(path, "alice").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    for refused in (
        lambda: Store.open(path, "alice"),
        lambda: Store.snapshot(path),
        lambda: check(path),
        lambda: merge([path], path.with_name("into.sqlite")),
    ):
        with pytest.raises(StoreNewerError, match="99"):
            refused()
    assert path.read_bytes() == before
    assert not path.with_name("alice.sqlite.lock").exists()


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(UnreadableStoreError, match="another program"):
        Store.open(path, "alice")
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 100])
def test_a_file_that_is_no_database_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UnreadableStoreError, match="damaged or no store"):
        Store.open(path, "alice")
    with pytest.raises(UnreadableStoreError):
        Store.snapshot(path)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with Store.open(path, "alice") as store:
        store.record([category("a")])
    assert check(path).sound


def test_events_cannot_be_changed_or_removed(path: Path) -> None:
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("a")]), 10)
        with store.reading() as connection:
            for statement in ("DELETE FROM events", "UPDATE events SET new = 'false'"):
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    connection.execute(statement)


def test_every_connection_is_set_for_durability(path: Path) -> None:
    with Store.open(path, "alice") as store:
        store._database.renew()
        with store.reading() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("persist",)
            free = connection.execute("PRAGMA freelist_count").fetchone()[0]
            assert free * 4096 > 256 * 1024


def test_an_old_sqlite_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 26, 0))
    with pytest.raises(StoreError, match="too old"):
        Store.open(path, "alice")
