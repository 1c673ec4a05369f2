"""What the file system under the store can and cannot do."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import tempfile
import threading
from pathlib import Path

from msgspec import Struct

NETWORK = frozenset(
    {
        *("nfs", "nfs4", "vastnfs", "cifs", "smb", "smb3", "smbfs", "afs", "9p", "virtiofs"),
        *("lustre", "gpfs", "beegfs", "ceph", "glusterfs", "panfs", "pvfs2", "orangefs"),
        *("ocfs2", "gfs2", "wekafs", "daos", "quobyte"),
    }
)
MEMORY = frozenset({"tmpfs", "ramfs"})

NO_LOCKS = "unix-none"
"""The SQLite VFS that takes no file locks: only beside a lock file of one's own."""

_PATIENCE = 3.0


class Mount(Struct, frozen=True):
    """The mounted file system that a path lies on.

    Attributes:
        kind: Its type, as in /proc/self/mountinfo ("ext4", "nfs4"); empty where unknown.
        source: What is mounted (a device, `server:/export`).
        point: Where.
        network, memory: Whether it is shared by machines, or lost when this one is switched off.
    """

    kind: str = ""
    source: str = ""
    point: str = ""

    @property
    def network(self) -> bool:
        """Whether other machines may write to it too."""
        return self.kind in NETWORK or self.kind.startswith("fuse.")

    @property
    def memory(self) -> bool:
        """Whether it lives in memory."""
        return self.kind in MEMORY


def kind(path: Path, table: Path = Path("/proc/self/mountinfo")) -> Mount:
    """The mount that a path lies on, existing or not."""
    try:
        lines = table.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return Mount()
    place = os.path.realpath(path)
    best, length = Mount(), -1
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, rest = left.split(" "), right.split(" ")
        if len(fields) < 5 or len(rest) < 2:
            continue
        point = _unescaped(fields[4])
        inside = point == "/" or place == point or place.startswith(point + "/")
        # A later line of the same mount point lies on top of the earlier one.
        if inside and len(point) >= length:
            best, length = Mount(rest[0], _unescaped(rest[1]), point), len(point)
    return best


def _unescaped(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


def locks_work(folder: Path, patience: float = _PATIENCE) -> bool:
    """Whether a file lock in this folder keeps a second one out; false where it hangs.

    Two open files of this process take the place of two processes: locks of open file
    descriptions conflict even inside one process, and take the same way through the file system.
    """
    result: list[bool] = []
    thread = threading.Thread(
        target=lambda: result.append(_locks_conflict(folder)),
        name="tuiview-lock-probe",
        daemon=True,
    )
    thread.start()
    thread.join(patience)
    return bool(result and result[0])


def _locks_conflict(folder: Path) -> bool:
    own = getattr(fcntl, "F_OFD_SETLK", None)
    command = fcntl.F_SETLK if own is None else own
    request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
    try:
        descriptor, name = tempfile.mkstemp(prefix=".tuiview-probe-", dir=folder)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, command, request)
        if own is None:
            return True
        second = os.open(name, os.O_RDWR)
        try:
            fcntl.fcntl(second, command, request)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES)
        finally:
            os.close(second)
        return False
    except OSError:
        return False
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            Path(name).unlink()


def complaint(folder: Path) -> OSError | None:
    """What the system says when a little is written in this folder; None where it works.

    SQLite tells a full quota from a broken disk no better than "disk I/O error".
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".tuiview-probe-", dir=folder)
    except OSError as error:
        return error
    try:
        os.write(descriptor, b"\1" * 8192)
        os.fsync(descriptor)
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        with contextlib.suppress(OSError):
            Path(name).unlink()
    return None


def make_folder(folder: Path) -> None:
    """Make a folder with its parents so that it is still there after a power loss."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    for part in reversed(missing):
        part.mkdir(exist_ok=True)
        sync_folder(part.parent)


def sync_file(path: Path) -> None:
    """Make a file's content durable; raises OSError where the disk refuses."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the file system has a way to."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
