"""One writer for each store: a lock file that says who holds it.

The file appears at once with its content (a hard link of a finished file, which is atomic on
network file systems too). It is cleared by itself only where its holder is provably dead: the same
machine, and the process gone or the machine started anew.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
import time
from pathlib import Path
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import asdict

from tuiview.review.errors import StoreError, StoreLockedError
from tuiview.review.filesystem import make_folder

_PATIENCE = 5.0
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF}


class Holder(Struct, frozen=True):
    """Who holds a store.

    Attributes:
        host, machine, boot, space: The machine's name, its id, the id of its run since it was
            started, and the process-id namespace.
        pid, ticks: The process and its start time in clock ticks since the machine's start; a pid
            alone may have been given to another process since.
        reviewer: Whose store it is.
        started: UTC time at which the lock was taken.
        nonce: Tells this lock from every other.
    """

    host: str
    machine: str
    boot: str
    space: str
    pid: int
    ticks: str
    reviewer: str
    started: str
    nonce: str

    @classmethod
    def here(cls, reviewer: str, started: str) -> Holder:
        """This process."""
        pid = os.getpid()
        return cls(
            host=platform.node(),
            machine=_read("/etc/machine-id"),
            boot=_read("/proc/sys/kernel/random/boot_id"),
            space=_link("/proc/self/ns/pid"),
            pid=pid,
            ticks=start_of(pid),
            reviewer=reviewer,
            started=started,
            nonce=uuid4().hex,
        )

    @property
    def words(self) -> str:
        """The holder for a message."""
        return f"process {self.pid} on {self.host}, since {self.started}"

    def fate(self, here: Holder) -> bool | None:
        """Whether it lives, as far as `here` can tell: None where it cannot."""
        if self.boot and self.boot == here.boot:
            if self.space != here.space:
                return None
            if here.ticks:
                return bool(self.ticks) and start_of(self.pid) == self.ticks
            return _exists(self.pid)
        if self.host != here.host or self.machine != here.machine:
            return None
        if self.boot and here.boot:
            return False
        return _exists(self.pid)


class Lock:
    """The lock file of a store.

    Args:
        path: The store's database; the lock file lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(path.name + ".lock")
        self.holder: Holder | None = None
        self._seen: os.stat_result | None = None

    def acquire(self, reviewer: str, started: str, *, take_over: bool = False) -> Holder | None:
        """Take the lock.

        Args:
            reviewer: Whose store it is.
            started: UTC time.
            take_over: Take it from a holder of which nobody can say whether it lives.

        Returns:
            The dead or displaced holder whose lock was cleared, or None.

        Raises:
            StoreLockedError: Another process holds it.
            StoreError: The folder cannot be written.
        """
        mine = Holder.here(reviewer, started)
        ready = self.path.with_name(f".{self.path.name}.{mine.nonce}")
        try:
            ready.write_text(json.dumps(asdict(mine)))
            cleared = self._take(ready, mine, take_over)
        except OSError as error:
            raise StoreError(
                f"cannot write beside {self.path.name[:-5]} in {self.path.parent}:"
                f" {error.strerror or error}",
                "choose another folder with --store DIR",
            ) from error
        finally:
            with contextlib.suppress(OSError):
                ready.unlink()
        self.holder = mine
        return cleared

    def _take(self, ready: Path, mine: Holder, take_over: bool) -> Holder | None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            if _place(ready, self.path):
                self._seen = self.path.stat()
                return None
            held = self.read()
            if held is None:
                # Vanished meanwhile, or it is just being written where there are no hard links.
                if time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                if self.path.exists() and not take_over:
                    raise StoreLockedError(
                        f"{self.path} is there but does not say who holds the store",
                        "--take-over takes it, if no other tuiview uses it",
                    )
            alive = None if held is None else held.fate(mine)
            if held is not None and alive:
                raise StoreLockedError(
                    f"the store is in use by {held.words}", "quit that tuiview first"
                )
            if held is not None and alive is None and not take_over:
                raise StoreLockedError(
                    f"the store is locked by {held.words}, which cannot be looked at from here",
                    f"if it is gone, --take-over takes the store ({self.path})",
                )
            if self._replace(ready, held):
                return held
            if time.monotonic() > deadline:
                raise StoreLockedError("the store is being opened by another tuiview", "try again")
            time.sleep(0.02)

    def _replace(self, ready: Path, held: Holder | None) -> bool:
        """Put `ready` in the place of a lock that nobody holds; false where another was faster."""
        nonce = _nonce(ready)
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            guarded = True
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    return False
                guarded = False
            now = self.read()
            if not _same(self.path, descriptor) or (now and now.nonce) != (held and held.nonce):
                return False
            copy = ready.with_name(ready.name + ".new")
            copy.write_bytes(ready.read_bytes())
            copy.replace(self.path)
            if not guarded:
                # Without file locks two may have replaced it: the last one has it.
                time.sleep(0.2)
            self._seen = self.path.stat()
            return _nonce(self.path) == nonce
        finally:
            os.close(descriptor)

    def read(self) -> Holder | None:
        """Who holds the store; None for nobody or where the file does not say."""
        try:
            return Holder(**json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def keep(self) -> None:
        """Make sure that the lock is still this process's; put a removed one back.

        Raises:
            StoreLockedError: Somebody took it over.
        """
        if self.holder is None or self.ours:
            return
        ready = self.path.with_name(f".{self.path.name}.{self.holder.nonce}")
        try:
            make_folder(self.path.parent)
            ready.write_text(json.dumps(asdict(self.holder)))
            if _place(ready, self.path):
                self._seen = self.path.stat()
                return
        finally:
            with contextlib.suppress(OSError):
                ready.unlink()
        other = self.read()
        raise StoreLockedError(
            f"the store was taken over by {other.words if other else 'another program'}",
            ":save-to PATH keeps the unsaved decisions; `tuiview merge` unites them later",
        )

    @property
    def ours(self) -> bool:
        """Whether the lock is still this process's; false after somebody took it over."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        if self._seen is not None and (now.st_ino, now.st_mtime_ns) == (
            self._seen.st_ino,
            self._seen.st_mtime_ns,
        ):
            return True
        return self.holder is not None and _nonce(self.path) == self.holder.nonce

    def release(self) -> None:
        """Give the lock back, if it is still held."""
        if self.holder is not None and _nonce(self.path) == self.holder.nonce:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.holder = None


def start_of(pid: int) -> str:
    """Start time of a living process in clock ticks, empty where it is dead or unknown."""
    stat = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    # A zombie only waits for its parent to take note.
    return "" if len(stat) < 20 or stat[0] in "ZX" else stat[19]


def _place(ready: Path, path: Path) -> bool:
    try:
        os.link(ready, path)
        return True
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
            raise
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(ready.read_bytes())
    return True


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _nonce(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["nonce"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
