"""One writer for each store, ever."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deciding import category, child
from msgspec.structs import asdict, replace

from tuiview.review import lock as lock_module
from tuiview.review.errors import StoreError, StoreLockedError
from tuiview.review.lock import Holder, Lock, start_of
from tuiview.review.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alice.sqlite"


def here(**changes: Any) -> Holder:
    return replace(Holder.here("alice", "2026-01-01T00:00:00.000Z"), **changes)


def leave(path: Path, holder: Holder) -> None:
    Lock(path).path.write_text(json.dumps(asdict(holder)))


@contextlib.contextmanager
def dead_process() -> Iterator[int]:
    process = child("print('here', flush=True)")
    process.communicate()
    yield process.pid


def test_a_second_opener_is_told_who_has_the_store(path: Path) -> None:
    with Store.open(path, "alice"):
        with pytest.raises(StoreLockedError) as caught:
            Store.open(path, "alice", take_over=True)
        assert str(os.getpid()) in caught.value.message
        assert socket.gethostname() in caught.value.message
    Store.open(path, "alice").close()
    assert not Lock(path).path.exists()


def test_the_lock_of_a_dead_process_is_cleared_and_said(path: Path) -> None:
    with dead_process() as pid:
        leave(path, here(pid=pid, ticks="1"))
        with Store.open(path, "alice") as store:
            assert any("cleared the lock" in notice for notice in store.notices)


def test_a_process_number_given_anew_is_no_holder(path: Path) -> None:
    leave(path, here(ticks=str(int(start_of(os.getpid())) - 1)))
    Store.open(path, "alice").close()


def test_a_lock_from_before_the_machine_was_started_anew_is_cleared(path: Path) -> None:
    leave(path, here(boot="an earlier one", pid=1, ticks="1"))
    Store.open(path, "alice").close()


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"host": "other", "boot": "b"},
        {"machine": "other", "boot": "b"},
        {"space": "pid:[1]"},
    ],
)
def test_a_lock_from_elsewhere_needs_to_be_taken_over(
    path: Path, elsewhere: dict[str, str]
) -> None:
    with dead_process() as pid:
        holder = here(pid=pid, ticks="1", **elsewhere)
    leave(path, holder)
    with pytest.raises(StoreLockedError) as caught:
        Store.open(path, "alice")
    assert f"process {holder.pid} on {holder.host}" in caught.value.message
    assert holder.started in caught.value.message
    assert "--take-over" in caught.value.hint
    with Store.open(path, "alice", take_over=True) as store:
        assert any(holder.host in notice for notice in store.notices)


def test_a_lock_file_that_says_nothing_needs_to_be_taken_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "_PATIENCE", 0.05)
    Lock(path).path.write_text("{")
    with pytest.raises(StoreLockedError, match="does not say"):
        Store.open(path, "alice")
    Store.open(path, "alice", take_over=True).close()


def test_one_that_lost_its_lock_writes_no_more_but_keeps_its_decisions(
    path: Path, tmp_path: Path
) -> None:
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("a")]), 10)
        other = here(host="other", pid=42, nonce="another")
        leave(path, other)
        store.record([category("b")])
        assert not store.flush(0.5)
        status = store.status
        assert status.error is not None
        assert "taken over by process 42 on other" in status.error
        assert status.pending == 1
        assert store.save_to(tmp_path / "kept.sqlite") == 1
    assert Lock(path).read() == other
    with Store.snapshot(path) as snapshot:
        assert [row.key for row in snapshot.export_rows()] == ["a"]
    with Store.snapshot(tmp_path / "kept.sqlite") as snapshot:
        assert [row.key for row in snapshot.export_rows()] == ["a", "b"]


def test_a_lock_file_removed_by_hand_comes_back(path: Path) -> None:
    with Store.open(path, "alice") as store:
        Lock(path).path.unlink()
        assert store.wait(store.record([category("a")]), 10)
        with pytest.raises(StoreLockedError):
            Store.open(path, "alice")


def without(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP if what == "link" else errno.ENOLCK, "not here")

    if what == "link":
        monkeypatch.setattr(os, "link", refuse)
    else:
        monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.parametrize("missing", ["link", "flock"])
def test_locks_work_without_what_some_file_systems_lack(
    path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    without(monkeypatch, missing)
    with Store.open(path, "alice"), pytest.raises(StoreLockedError):
        Store.open(path, "alice")
    leave(path, here(ticks="1"))
    with Store.open(path, "alice"), pytest.raises(StoreLockedError):
        Store.open(path, "alice")


RACE = """
sys.stdin.readline()
try:
    store = Store.open(Path(sys.argv[1]), "alice")
    print("won", flush=True)
except Exception as error:
    print(type(error).__name__, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("stale", [False, True])
def test_of_several_started_at_once_exactly_one_wins(path: Path, stale: bool) -> None:
    racers = [child(RACE, path) for _ in range(4)]
    if stale:
        leave(path, here(ticks="1"))
    try:
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        answers = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
    finally:
        for racer in racers:
            racer.send_signal(signal.SIGKILL)
            racer.communicate()
    assert sorted(answers) == ["StoreLockedError"] * 3 + ["won"]


def test_threads_that_clear_a_stale_lock_at_once_do_not_both_get_it(path: Path) -> None:
    import threading

    for _ in range(30):
        leave(path, here(ticks="1"))
        winners: list[Lock] = []
        start = threading.Barrier(4)

        def compete(start: threading.Barrier = start, winners: list[Lock] = winners) -> None:
            mine = Lock(path)
            start.wait()
            with contextlib.suppress(StoreError):
                mine.acquire("alice", "now")
                winners.append(mine)

        threads = [threading.Thread(target=compete) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(winners) == 1
        assert winners[0].ours
        winners[0].release()
        assert list(path.parent.iterdir()) == []


def test_one_that_comes_late_to_a_stale_lock_does_not_take_it_from_the_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(path, here(ticks="1"))
    judge = Holder.fate
    first = Lock(path)

    def fate(self: Holder, here: Holder) -> bool | None:
        found = judge(self, here)
        if first.holder is None and found is False:
            monkeypatch.setattr(Holder, "fate", judge)
            first.acquire("alice", "now")
        return found

    monkeypatch.setattr(Holder, "fate", fate)
    with pytest.raises(StoreLockedError):
        Lock(path).acquire("alice", "now")
    assert first.ours


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made") as caught:
        Store.open(tmp_path / "file" / "alice.sqlite", "alice")
    assert "--store" in caught.value.hint
