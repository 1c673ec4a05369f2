"""What a file system is, and whether it keeps what it promises."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from tuiview.review import filesystem, trial
from tuiview.review.filesystem import Mount, kind, locks_work, make_folder
from tuiview.review.trial import trial as try_out

TABLE = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:30 / /home rw - nfs4 server:/export/home rw,vers=4.2
31 30 0:31 / /home/a\040b rw - lustre mgs@tcp:/scratch rw
32 22 0:32 / /tmp rw - ext4 /dev/vdb rw
33 32 0:33 / /tmp rw - tmpfs tmpfs rw
34 22 0:34 / /mnt rw - fuse.sshfs me@host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/x", Mount("ext4", "/dev/vda", "/")),
        ("/home/me/data", Mount("nfs4", "server:/export/home", "/home")),
        ("/homestead", Mount("ext4", "/dev/vda", "/")),
        ("/home/a b/c", Mount("lustre", "mgs@tcp:/scratch", "/home/a b")),
        ("/tmp/y", Mount("tmpfs", "tmpfs", "/tmp")),
        ("/mnt", Mount("fuse.sshfs", "me@host:/", "/mnt")),
    ],
)
def test_the_mount_of_a_path_is_found(tmp_path: Path, path: str, expected: Mount) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    assert kind(Path(path), table) == expected


def test_network_and_memory_are_told_apart() -> None:
    assert Mount("nfs4").network
    assert Mount("fuse.sshfs").network
    assert not Mount("ext4").network
    assert Mount("tmpfs").memory
    assert not Mount().network


def test_no_table_of_mounts_is_no_error(tmp_path: Path) -> None:
    assert kind(tmp_path, tmp_path / "none") == Mount()


def test_locks_work_here(tmp_path: Path) -> None:
    assert locks_work(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EINVAL])
def test_refused_locks_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    assert not locks_work(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_locks_that_keep_nobody_out_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "fcntl", lambda *_: b"")
    assert not locks_work(tmp_path)


def test_locks_that_hang_are_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(fcntl, "fcntl", lambda *_: goes_on.wait(60))
    assert not locks_work(tmp_path, patience=0.05)
    goes_on.set()


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "file")


def test_a_trial_of_a_good_file_system(tmp_path: Path) -> None:
    result = try_out(tmp_path, kills=2)
    assert [finding.name for finding in result.findings if not finding.good] == []
    assert result.safe
    assert "acknowledged decisions are there" in result.findings[-1].words
    assert list(tmp_path.iterdir()) == []


def test_a_trial_of_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "_try_lock", lambda path: True)
    monkeypatch.setattr(filesystem, "MEMORY", frozenset())
    result = try_out(tmp_path, kills=1)
    assert "lock file alone" in result.verdict


def test_a_trial_finds_lost_decisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(trial.Store):
        @property
        def reviewed_count(self) -> int:
            return 0

    monkeypatch.setattr(trial, "Store", Forgetful)
    result = try_out(tmp_path, kills=1)
    assert not result.safe
    assert "lost" in result.findings[-1].words
    assert "--store" in result.verdict


def test_a_trial_of_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    result = try_out(tmp_path / "none")
    assert not result.safe
    assert "No such file" in result.verdict
