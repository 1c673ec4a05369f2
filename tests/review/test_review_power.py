"""What is acknowledged outlasts a power loss, and errors at any operation."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from uuid import UUID, uuid4

import apsw
import pytest
from simulated_disk import Disk

from tuiview.review import database as database_module
from tuiview.review import rows, schema
from tuiview.review.batch import Batch, apply
from tuiview.review.clock import Clock
from tuiview.review.database import Database
from tuiview.review.model import Decision, Event, What
from tuiview.review.rebuild import compare

PATH = Path("/store.sqlite")
UTC = "2026-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def _small_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "RESERVE", 32 * 1024)


class Reviewer:
    """Makes events and remembers which were acknowledged."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = Clock()
        self.session = rows.Session(uuid4(), "alice", "origin", "host", "boot", 1, "0", UTC, ())
        self.made = 0
        self.acknowledged: set[UUID] = set()

    def batch(self, size: int) -> Batch:
        return Batch(tuple(rows.Entry.of(self.event()) for _ in range(size)))

    def event(self) -> Event:
        self.made += 1
        item = f"item-{self.random.randrange(30)}"
        match self.random.randrange(3):
            case 0:
                decision = Decision(item, What.NOTE, new="word " * self.random.randrange(300))
            case 1:
                decision = Decision(item, What.FAVOURITE, new=self.random.random() < 0.5)
            case _:
                name = f"category {self.random.randrange(3)}"
                decision = Decision(item, What.CATEGORY, name, new=self.random.random() < 0.7)
        uuid = self.clock.uuid()
        return Event(uuid, "alice", self.session.uuid, self.made, uuid, UTC, 0.0, decision, "0")

    def write(self, database: Database, batch: Batch) -> None:
        database.write(lambda connection: apply(connection, self.session, batch, UTC))
        self.acknowledged |= {entry.event.uuid for entry in batch.entries}


class PowerCut(apsw.IOError):
    """Nothing works any more."""


def lose_power(seed: int) -> tuple[Disk, Reviewer]:
    """Write until the power goes at a random operation; the disk that is left."""
    reviewer = Reviewer(seed)
    disk = Disk()
    end = reviewer.random.randrange(1, 800)

    def fault(number: int, name: str) -> None:
        if number >= end:
            raise PowerCut

    disk.fault = fault
    database = Database(PATH, connect=disk.connect)
    try:
        database.create()
        database.fill_reserve()
        while True:
            reviewer.write(database, reviewer.batch(reviewer.random.choice((1, 1, 1, 2, 40))))
    except sqlite3.Error:
        database.close()
    left = disk.after_power_loss(reviewer.random)
    disk.unregister()
    return left, reviewer


def lost(disk: Disk, reviewer: Reviewer) -> set[UUID]:
    """Acknowledged events that are missing; fails where the database is not sound."""
    database = Database(PATH, connect=disk.connect)
    database.create()
    with database.use() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        difference = compare(connection)
        assert not difference.states
        assert not difference.totals
        connection.execute("INSERT INTO notes (notes, rank) VALUES ('integrity-check', 1)")
        there = {
            UUID(bytes=uuid) for (uuid,) in connection.execute("SELECT uuid FROM events").fetchall()
        }
    missing = reviewer.acknowledged - there
    reviewer.write(database, reviewer.batch(1))
    database.close()
    disk.unregister()
    return missing


def losses(seeds: range) -> int:
    """How many power losses took acknowledged events."""
    return sum(bool(lost(*lose_power(seed))) for seed in seeds)


def test_power_losses_take_no_acknowledged_decision() -> None:
    assert losses(range(100)) == 0


@pytest.mark.soak
def test_ten_thousand_power_losses_take_no_acknowledged_decision() -> None:
    assert losses(range(1000, 11_000)) == 0


@pytest.mark.parametrize(
    "weaker",
    [
        ("PRAGMA synchronous = OFF", "PRAGMA journal_mode = PERSIST"),
        ("PRAGMA synchronous = FULL", "PRAGMA journal_mode = DELETE"),
    ],
)
def test_the_simulated_disk_finds_weaker_settings_out(
    monkeypatch: pytest.MonkeyPatch, weaker: tuple[str, ...]
) -> None:
    monkeypatch.setattr(schema, "PRAGMAS", weaker)

    def harmed(seed: int) -> bool:
        try:
            return bool(lost(*lose_power(seed)))
        except (AssertionError, sqlite3.DatabaseError):
            return True

    assert any(harmed(seed) for seed in range(100))


def persist(disk: Disk, fails: range | None) -> Reviewer:
    """Write three batches, each until it works, past the operations that fail."""
    reviewer = Reviewer(7)

    def fault(number: int, name: str) -> None:
        if fails is not None and number in fails:
            raise apsw.FullError("full") if number % 3 == 0 else apsw.IOError("input/output")

    disk.fault = fault
    for _ in range(100):
        database = Database(PATH, connect=disk.connect)
        try:
            database.create()
            database.fill_reserve()
            break
        except sqlite3.Error:
            database.close()
    for size in (1, 3, 1):
        batch = reviewer.batch(size)
        for _ in range(100):
            try:
                reviewer.write(database, batch)
                break
            except sqlite3.Error:
                continue
    database.close()
    return reviewer


def errors_at_operations(every: int) -> None:
    """Fail at each operation of three writes: in turn for a moment and for long, or for both."""
    whole = Disk()
    persist(whole, None)
    whole.unregister()
    assert whole.operations > 100
    for turn, lasting in enumerate((1, 40)):
        for number in range(1 + turn % every, whole.operations + 1, every):
            disk = Disk()
            reviewer = persist(disk, range(number, number + lasting))
            assert len(reviewer.acknowledged) == 5
            assert not lost(disk, reviewer), (number, disk.trace[number - 1])


def test_an_error_at_any_operation_loses_and_doubles_nothing() -> None:
    errors_at_operations(every=2)


@pytest.mark.soak
def test_a_short_and_a_long_error_at_any_operation_lose_and_double_nothing() -> None:
    errors_at_operations(every=1)
