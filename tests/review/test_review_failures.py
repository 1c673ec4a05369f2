"""Failed writes are named, kept in memory, and made good."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deciding import category, child, keys_where, note

from tuiview.review import filesystem, schema, trouble
from tuiview.review.check import check
from tuiview.review.database import RESERVE, Database
from tuiview.review.errors import StoreError
from tuiview.review.lock import Lock
from tuiview.review.store import Store
from tuiview.review.wanted import Wanted


class Faulty:
    """Opens connections whose statements fail as long as `error` is set.

    Attributes:
        error: SQLite's result code, or None.
        at: What the statements that fail begin with.
    """

    def __init__(self) -> None:
        self.error: int | None = None
        self.at = "COMMIT"
        self.failed = threading.Semaphore(0)

    def connect(self, path: Path, mode: str, vfs: str = "") -> sqlite3.Connection:
        faulty = self

        class Connection(sqlite3.Connection):
            def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
                if faulty.error is not None and statement.startswith(faulty.at):
                    faulty.failed.release()
                    error = sqlite3.OperationalError("injected")
                    error.sqlite_errorcode = faulty.error
                    error.sqlite_errorname = "INJECTED"
                    raise error
                return super().execute(statement, *values)

        return sqlite3.connect(
            f"file:{path}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            factory=Connection,
        )


@pytest.fixture
def faulty() -> Faulty:
    return Faulty()


@pytest.fixture
def store(tmp_path: Path, faulty: Faulty) -> Iterator[Store]:
    opened = Store.open(tmp_path / "alice.sqlite", "alice", connect=faulty.connect)
    yield opened
    faulty.error = None
    opened.close()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of one megabyte and a half, or none where mounting is not permitted."""
    folder = tempfile.mkdtemp()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", folder], capture_output=True
    )
    if not mounted or mounted.returncode:
        os.rmdir(folder)  # noqa: PTH106
        pytest.skip("a small file system cannot be mounted here")
    yield Path(folder)
    subprocess.run(["umount", "-l", folder], check=True)
    os.rmdir(folder)  # noqa: PTH106


WORDS = {
    sqlite3.SQLITE_FULL: "disk is full",
    sqlite3.SQLITE_IOERR: "input/output error",
    sqlite3.SQLITE_IOERR_WRITE: "input/output error",
    sqlite3.SQLITE_IOERR_FSYNC: "input/output error",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_BUSY: "another program",
    sqlite3.SQLITE_CORRUPT: "damaged",
}


@pytest.mark.parametrize("code", WORDS)
@pytest.mark.parametrize("at", ["BEGIN", "INSERT INTO events", "COMMIT"])
def test_a_failed_write_is_named_kept_and_made_good(
    store: Store, faulty: Faulty, code: int, at: str
) -> None:
    store.load(["a", "b"])
    faulty.error, faulty.at = code, at
    store.record([category("a"), note("b", "kept")])
    assert faulty.failed.acquire(timeout=10)
    assert faulty.failed.acquire(timeout=10)  # it was tried again
    status = store.status
    assert WORDS[code] in (status.error or "")
    assert status.since
    assert not status.saved
    assert status.pending == 2
    state = store.peek("b")
    assert state is not None
    assert state.note == "kept"
    assert store.counts()["decided"] == 2
    faulty.error = None
    assert store.flush(10)
    status = store.status
    assert status.saved
    assert status.error is None
    assert len(list(store.history())) == 2
    store.close()
    assert check(store.path).sound


def test_what_takes_long_to_write_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, slow, waits = store._database.write, threading.Event(), []

    def writes_slowly(change: Callable[[sqlite3.Connection], object]) -> object:
        assert slow.wait(20)
        return write(change)

    def waited(timeout: float) -> bool:
        waits.append(timeout)
        if len(waits) == 3:
            slow.set()
        return flush(timeout)

    flush = store._writer.flush
    monkeypatch.setattr(store._database, "write", writes_slowly)
    monkeypatch.setattr(store._writer, "flush", waited)
    ticket = store.record([category("a")])
    assert store.flush(0.01)
    assert store.status.durable == ticket


class Hanging:
    """Makes a store's writes wait until they are let go."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let_go = threading.Event()
        self.asked: list[int] = []
        self._write = store._database.write
        monkeypatch.setattr(store._database, "write", self._late)
        monkeypatch.setattr("tuiview.review.store._ASKED", 0.01)

    def _late(self, change: Callable[[sqlite3.Connection], object]) -> object:
        assert self.let_go.wait(20)
        return self._write(change)

    def wait_on(self, unsaved: int) -> bool:
        """Let it go when it has been asked three times."""
        self.asked.append(unsaved)
        if len(self.asked) == 3:
            self.let_go.set()
        return True


def test_the_end_waits_for_a_slow_write_and_gives_the_lock_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = Hanging(store, monkeypatch)
    store.record([category("a"), category("b")])
    farewell = store.close(1.0, hanging.wait_on)
    assert farewell.unsaved == 0
    assert hanging.asked[:3] == [2, 2, 2]
    assert not Lock(store.path).path.exists()


def test_the_end_waits_for_what_the_writer_does_at_leisure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.flush()
    hanging, begun = Hanging(store, monkeypatch), threading.Event()

    def fills(_over: object) -> None:
        begun.set()
        assert hanging.let_go.wait(20)

    monkeypatch.setattr(store._writer, "_idle", fills)
    monkeypatch.setattr(store._database, "write", hanging._write)
    store.record([category("a")])
    assert begun.wait(20)
    assert store.close(0.1, hanging.wait_on).unsaved == 0
    assert not Lock(store.path).path.exists()


def test_waiting_at_the_end_can_be_cut_short(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tuiview.review.store._CUT_SHORT", 0.05)
    hanging = Hanging(store, monkeypatch)
    store.record([category("a")])
    farewell = store.close(60, lambda unsaved: False)
    assert farewell.unsaved == 1
    assert farewell.rescued is not None
    # The write may still come through: nobody else is to begin meanwhile.
    assert Lock(store.path).path.exists()
    hanging.let_go.set()
    assert store._writer.stop(20)
    store._lock.release()


def test_failures_and_their_end_are_told(tmp_path: Path, faulty: Faulty) -> None:
    seen: list[bool] = []
    changed = threading.Semaphore(0)

    def on_change() -> None:
        seen.append(store.status.error is None)
        changed.release()

    with Store.open(
        tmp_path / "s.sqlite", "alice", connect=faulty.connect, on_change=on_change
    ) as store:
        faulty.error = sqlite3.SQLITE_FULL
        store.record([category("a")])
        assert changed.acquire(timeout=10)
        faulty.error = None
        assert changed.acquire(timeout=10)
    assert seen[0] is False
    assert seen[-1] is True


def test_a_commit_that_failed_but_came_through_is_not_doubled(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = store._database.write
    calls: list[int] = []

    def fails_after(change: Callable[[sqlite3.Connection], object]) -> object:
        result = commit(change)
        calls.append(1)
        if len(calls) == 1:
            raise sqlite3.OperationalError("the answer was lost")
        return result

    monkeypatch.setattr(store._database, "write", fails_after)
    store.record([category("a"), category("b")])
    assert store.flush(10)
    assert len(calls) >= 2
    assert len(list(store.history())) == 2
    assert store.counts() == {"decided": 2, "category:spiral": 2}


def test_unsaved_decisions_can_be_written_elsewhere_and_merged(
    store: Store, faulty: Faulty, tmp_path: Path
) -> None:
    from tuiview.review.merge import merge

    store.wait(store.record([category("saved")]), 10)
    faulty.error = sqlite3.SQLITE_FULL
    store.record([category("unsaved")])
    store.draft("draft", "text")
    elsewhere = tmp_path / "elsewhere" / "copy.sqlite"
    assert store.save_to(elsewhere) == 1
    with pytest.raises(StoreError, match="exists"):
        store.save_to(elsewhere)
    with Store.open(elsewhere, "alice") as copy:
        assert set(keys_where(copy, Wanted(decided=True))) == {"saved", "unsaved"}
        assert copy.draft_of("draft") == "text"
    faulty.error = None
    assert store.flush(10)
    store.close()
    merged = merge([elsewhere], store.path)
    assert sum(merged.added.values()) == 0
    assert check(store.path).sound


def test_what_cannot_be_written_even_at_the_end_is_rescued(
    tmp_path: Path, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    store = Store.open(tmp_path / "alice.sqlite", "alice", connect=faulty.connect)
    store.wait(store.record([category("a")]), 10)
    faulty.error = sqlite3.SQLITE_IOERR
    store.record([category("b")])
    farewell = store.close(1.0)
    assert farewell.unsaved == 1
    assert farewell.rescued is not None
    assert (tmp_path / "home") in farewell.rescued.parents
    with Store.snapshot(farewell.rescued) as snapshot:
        assert [row.key for row in snapshot.export_rows()] == ["a", "b"]


def test_what_cannot_be_rescued_at_home_is_put_where_temporary_files_are(
    tmp_path: Path, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, temporary, answered = tmp_path / "home", tmp_path / "temporary", threading.Event()
    temporary.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    store = Store.open(tmp_path / "alice.sqlite", "alice", connect=faulty.connect)
    faulty.error = sqlite3.SQLITE_IOERR
    store.record([category("a")])

    def hangs(folder: Path) -> None:
        if home in folder.parents:
            answered.wait(20)
        filesystem.make_folder(folder)

    monkeypatch.setattr("tuiview.review.rescue.make_folder", hangs)
    farewell = store.close(0.1)
    answered.set()
    assert farewell.rescued is not None
    assert farewell.rescued.parent == temporary
    faulty.error = None
    with Store.open(store.path, "alice") as again:
        assert again.load(["a"])["a"].categories == {"spiral"}


def rescued_store(path: Path, faulty: Faulty) -> Path:
    """A store from whose program a decision and a draft could only be rescued."""
    store = Store.open(path, "alice", connect=faulty.connect)
    store.wait(store.record([category("a")]), 10)
    faulty.error = sqlite3.SQLITE_IOERR
    store.record([category("b")])
    store.draft("c", "text")
    rescued = store.close(1.0).rescued
    faulty.error = None
    assert rescued is not None
    return rescued


def test_what_was_rescued_is_back_at_the_next_start(
    tmp_path: Path, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    rescued = rescued_store(tmp_path / "alice.sqlite", faulty)
    with Store.open(tmp_path / "other" / "alice.sqlite", "alice") as other:
        assert not other.notices
    with Store.open(tmp_path / "alice.sqlite", "alice") as store:
        assert "1 decisions that could not be saved are back" in " ".join(store.notices)
        assert store.load(["b"])["b"].categories == {"spiral"}
        assert store.draft_of("c") == "text"
        assert store.undo()[0].item == "b"
    assert not rescued.exists()
    assert check(store.path).sound
    with Store.open(tmp_path / "alice.sqlite", "alice") as store:
        assert not store.notices


def test_what_was_rescued_from_a_store_that_is_gone_is_told(
    tmp_path: Path, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    rescued = rescued_store(tmp_path / "alice.sqlite", faulty)
    (tmp_path / "alice.sqlite").unlink()
    with Store.open(tmp_path / "alice.sqlite", "alice") as store:
        assert f"tuiview merge {rescued}" in " ".join(store.notices)
    assert rescued.exists()


def test_what_was_saved_elsewhere_is_back_though_the_program_was_killed(
    store: Store, faulty: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    faulty.error = sqlite3.SQLITE_IOERR
    store.record([category("b")])
    assert faulty.failed.acquire(timeout=10)
    assert store.save_to(tmp_path / "elsewhere.sqlite") == 1
    store._lock.release()
    with Store.open(store.path, "alice") as again:
        assert again.load(["b"])["b"].categories == {"spiral"}


def test_a_writer_that_hangs_does_not_keep_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    goes_on = threading.Event()
    hangs = threading.Event()

    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
            if statement == "COMMIT" and hangs.is_set():
                goes_on.wait(60)
            return super().execute(statement, *values)

    def connect(path: Path, mode: str, vfs: str = "") -> sqlite3.Connection:
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Connection
        )

    store = Store.open(tmp_path / "alice.sqlite", "alice", connect=connect)
    hangs.set()
    store.record([category("a")])
    ended = threading.Event()
    threading.Thread(target=lambda: (store.close(1.8), ended.set()), daemon=True).start()
    assert ended.wait(30)
    goes_on.set()
    farewell = store.close()
    assert farewell.rescued is not None
    with Store.snapshot(farewell.rescued) as snapshot:
        assert [row.key for row in snapshot.export_rows()] == ["a"]


def test_a_full_disk_still_takes_decisions_and_then_says_so(small_disk: Path) -> None:
    path = small_disk / "alice.sqlite"
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("first")]), 10)
        fill(small_disk)
        taken = 0
        while store.wait(store.record([category(f"item {taken}"), note("n", f"{taken}")]), 0.5):
            taken += 1
        assert taken > 50  # thanks to the reserve
        status = store.status
        assert status.error is not None
        assert "disk is full" in status.error
        assert status.pending == 2
        (small_disk / "filling").unlink()
        assert store.flush(10)
        assert store.reviewed_count == taken + 3
        assert store.status.saved
    assert check(path).sound


def test_a_nearly_full_disk_opens_without_a_reserve_and_says_so(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_disk / "alice.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(Database, "fill_reserve", lambda self: None)
        with Store.open(path, "alice") as store:
            store.wait(store.record([category("first")]), 10)
    fill(small_disk)
    with (small_disk / "filling").open("r+b") as file:
        file.truncate(file.seek(0, os.SEEK_END) - 150_000)
    with Store.open(path, "alice") as store:
        assert "the disk is nearly full: there is no reserve for decisions" in store.notices
        assert store.wait(store.record([category("second")]), 10)


def test_neither_a_decision_nor_the_end_waits_for_the_reserve(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Semaphore(0)

    def fill_for_ever(over: Callable[[], bool]) -> None:
        while not over():
            os.sched_yield()
        ended.release()

    monkeypatch.setattr(store._writer, "_idle", fill_for_ever)
    store.wait(store.record([category("a")]), 10)
    assert store.wait(store.record([category("b")]), 10)
    assert ended.acquire(timeout=10)
    store.close()
    assert not Lock(store.path).path.exists()


def test_the_reserve_is_filled_piece_by_piece(store: Store) -> None:
    database = store._database
    with database.use() as connection:
        connection.execute("VACUUM")
    commits = database.commits
    database.fill_reserve(lambda: True)
    assert database.commits == commits + 2
    database.fill_reserve()
    with database.use() as connection:
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        assert connection.execute("SELECT count(*) FROM reserve").fetchone()[0] == 0
    assert free * size > RESERVE // 2


def fill(folder: Path) -> None:
    with (folder / "filling").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\1" * 4096)


def test_a_file_system_that_turns_read_only_is_named(small_disk: Path, tmp_path: Path) -> None:
    path = small_disk / "alice.sqlite"
    store = Store.open(path, "alice")
    store.wait(store.record([category("a")]), 10)
    # A database that is open for writing keeps the file system from turning read-only.
    store.flush()
    store._database.renew()
    remounted = subprocess.run(["mount", "-o", "remount,ro", small_disk], capture_output=True)
    if remounted.returncode:
        store.close()
        pytest.skip("it cannot be made read-only here")
    try:
        store.record([category("b")])
        assert not store.flush(1.0)
        assert "read-only" in (store.status.error or "")
        assert store.save_to(tmp_path / "kept.sqlite") == 1
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert store.flush(10)
    store.close()
    assert check(path).counts["events"] == 2


def test_a_read_only_file_system_is_named_at_the_start(small_disk: Path) -> None:
    path = small_disk / "alice.sqlite"
    with Store.open(path, "alice") as store:
        store.record([category("a")])
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    try:
        with pytest.raises(StoreError, match=r"[Rr]ead-only") as caught:
            Store.open(path, "alice")
        assert "--store" in caught.value.hint
        with Store.snapshot(path) as snapshot:
            assert [row.key for row in snapshot.export_rows()] == ["a"]
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)


def test_a_database_removed_under_the_program_is_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with Store.open(folder / "alice.sqlite", "alice") as store:
        store.wait(store.record([category("a")]), 10)
        shutil.rmtree(folder)
        store.record([category("b")])
        assert store.flush(10)
        assert store.status.saved
    with Store.snapshot(store.path) as snapshot:
        assert [row.key for row in snapshot.export_rows()] == ["a", "b"]


def test_a_database_replaced_under_the_program_is_said(tmp_path: Path) -> None:
    path = tmp_path / "alice.sqlite"
    with Store.open(tmp_path / "other.sqlite", "alice") as other:
        other.record([category("other")])
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("a")]), 10)
        (tmp_path / "other.sqlite").replace(path)
        store.record([category("b")])
        assert not store.flush(0.5)
        assert "replaced" in (store.status.error or "")
        assert store.save_to(tmp_path / "kept.sqlite") == 1
    with Store.snapshot(tmp_path / "kept.sqlite") as snapshot:
        assert {row.key for row in snapshot.export_rows()} >= {"a", "b"}


def test_a_database_replaced_after_an_error_is_not_written_to(
    store: Store, faulty: Faulty, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "other.sqlite", "bob") as other:
        other.record([category("other")])
    faulty.error = sqlite3.SQLITE_IOERR
    store.record([category("a")])
    assert faulty.failed.acquire(timeout=10)
    (tmp_path / "other.sqlite").replace(store.path)
    faulty.error = None
    assert not store.flush(0.5)
    assert "replaced" in (store.status.error or "")
    with Store.snapshot(store.path) as snapshot:
        assert snapshot.reviewers() == ["bob"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EDQUOT, "quota"),
        (errno.ESTALE, "stale"),
        (errno.EIO, "input/output"),
        (errno.ENOSPC, "full"),
    ],
)
def test_what_sqlite_calls_an_io_error_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    monkeypatch.setattr(trouble, "complaint", lambda folder: OSError(number, "x"))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    assert words in trouble.told(error, tmp_path / "s.sqlite").message


def test_where_locks_do_not_work_the_lock_file_alone_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "locks_work", lambda folder: False)
    used: list[str] = []

    def connect(path: Path, mode: str, vfs: str = "") -> sqlite3.Connection:
        used.append(vfs)
        return schema.connect(path, mode, vfs)

    path = tmp_path / "alice.sqlite"
    with Store.open(path, "alice", connect=connect) as store:
        assert set(used) == {"unix-none"}
        assert any("file locks do not work" in notice for notice in store.notices)
        assert store.wait(store.record([category("a")]), 10)
        with pytest.raises(StoreError, match="in use"):
            Store.open(path, "alice")
    assert check(path).sound


def test_where_only_small_transactions_go_they_are_made(tmp_path: Path) -> None:
    class Connection(sqlite3.Connection):
        events = 0

        def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
            if statement == "BEGIN IMMEDIATE":
                self.events = 0
            self.events += statement.startswith("INSERT INTO events")
            if statement == "COMMIT" and self.events > 2:
                error = sqlite3.OperationalError("no room for the journal")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return super().execute(statement, *values)

    def connect(path: Path, mode: str, vfs: str = "") -> sqlite3.Connection:
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Connection
        )

    with Store.open(tmp_path / "alice.sqlite", "alice", connect=connect) as store:
        with store.reading():  # lets nothing be written until all is handed over
            for number in range(7):
                store.record([category(f"item {number}")])
        assert store.flush(20)
        assert store.reviewed_count == 7


def test_another_program_reading_for_long_only_delays(tmp_path: Path) -> None:
    path = tmp_path / "alice.sqlite"
    with Store.open(path, "alice") as store:
        store.wait(store.record([category("a")]), 10)
        reader = child(
            """
import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT * FROM events").fetchall()
print("reading", flush=True)
sys.stdin.readline()
""",
            path,
        )
        assert reader.stdout is not None
        assert reader.stdin is not None
        assert reader.stdout.readline() == "reading\n"
        ticket = store.record([category("b")])
        assert not store.wait(ticket, 0.3)
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert store.wait(ticket, 20)
        reader.communicate()
