"""Killed at any moment: what was said to be saved is there."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest
from deciding import STREAM, child, keys_where

from tuiview.review.check import check
from tuiview.review.lock import Lock
from tuiview.review.store import Store
from tuiview.review.wanted import Wanted


def kill_repeatedly(path: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    saved = 0
    for _ in range(times):
        process = child(STREAM, path)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n", process.communicate()
        for _ in range(chance.randrange(1, 12)):
            saved = int(process.stdout.readline().split()[1])
        process.send_signal(signal.SIGKILL)
        for line in process.communicate()[0].splitlines():
            if line.startswith("saved "):
                saved = max(saved, int(line.split()[1]))
        with Store.open(path, "alice") as store:
            assert any("cleared the lock" in notice for notice in store.notices)
            count = store.reviewed_count
            assert saved <= count
            # What came after the last word that was heard may be there as well, but whole.
            keys = [f"item {number}" for number in range(1, count + 1)]
            states = store.load(keys)
            assert all(state.note and state.categories for state in states.values())
            # The place is written a moment later than the decisions.
            place = store.remembered()
            assert place is None or place.position <= count
    assert check(path).sound
    assert not Lock(path).path.exists()


def test_kills_at_random_moments(tmp_path: Path) -> None:
    kill_repeatedly(tmp_path / "alice.sqlite", 5, seed=1)


@pytest.mark.soak
def test_a_thousand_kills_at_random_moments(tmp_path: Path) -> None:
    kill_repeatedly(tmp_path / "alice.sqlite", 1000, seed=2)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_everything_written_and_the_lock_released(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "alice.sqlite"
    process = child(
        """
import signal
store = Store.open(Path(sys.argv[1]), "alice")

def leave(*_):
    farewell = store.close(1.8)
    print(farewell.unsaved, farewell.backup, flush=True)
    raise SystemExit

for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, leave)
store.draft("item", "typ")
for number in range(300):
    store.record([category(f"item {number}")])
store.draft("item", "typing")
store.remember("item", 7)
print("decided", flush=True)
while True:
    signal.pause()
""",
        path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "decided\n", process.communicate()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert out.split()[0] == "0", err
    assert not Lock(path).path.exists()
    with Store.open(path, "alice") as store:
        assert store.reviewed_count == 300
        assert store.draft_of("item") == "typing"
        place = store.remembered()
        assert place is not None
        assert place.position == 7
    assert check(path).backups


def test_a_snapshot_can_be_taken_of_what_a_killed_writer_left(tmp_path: Path) -> None:
    path = tmp_path / "alice.sqlite"
    # The journal is made but the database is only half written when the process dies.
    process = child(
        """
store = Store.open(Path(sys.argv[1]), "alice")
store.wait(store.record([category("a")]), 10)
with store.reading() as connection:
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE states SET skipped = 1")
    for number in range(4000):
        connection.execute("INSERT INTO items (key) VALUES (?)", (f"{number:0200d}",))
    print("half", flush=True)
    sys.stdin.readline()
""",
        path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n", process.communicate()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = path.read_bytes()
    with Store.snapshot(path) as snapshot:
        assert [(row.key, row.state.skipped) for row in snapshot.export_rows()] == [("a", False)]
    assert path.read_bytes() == before
    with Store.open(path, "alice") as store:
        assert keys_where(store, Wanted(decided=True)) == ["a"]
    assert check(path).sound
