"""Content: the bytes of an image, from a file, from memory or out of a compressed stream."""

from __future__ import annotations

import errno
import io
import math
import os
import stat
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from tuiview.errors import Cancelled, Poll, UnreadableError, never
from tuiview.imaging.frame import Pixels, report
from tuiview.imaging.kinds import HEAD, sniff
from tuiview.text import printable

if TYPE_CHECKING:
    from typing_extensions import Buffer

KEEP_BYTES = 128 << 20
"""Up to this size the decompressed content of a file stays in memory while it is open."""

_STEP = 1 << 20


class Content(ABC):
    """Bytes that are read piece by piece.

    Attributes:
        name: What to call it in messages, safe to print.
        path: The file, if it is one.
        sequential: Reading forwards is cheap, backwards is not: bands are read in order.
        compression: `gzip`, `bzip2`, `xz` or empty.
    """

    name: str
    path: Path | None = None
    sequential: bool = False
    compression: str = ""

    @abstractmethod
    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; fewer bytes are returned only at the end."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Bytes in all, or None where only reading to the end would tell."""

    @property
    def held(self) -> int:
        """Bytes kept in memory."""
        return 0

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        buffer = bytearray(count)
        return bytes(buffer[: self.read_into(offset, memoryview(buffer))])

    def array(self, offset: int, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Pixels:
        """Numbers of type `dtype` from `offset`, as an array of `shape`.

        Raises:
            UnreadableError: The content ends before.
        """
        data = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
        got = self.read_into(offset, memoryview(data.data))
        if got < data.size:
            raise self.cut_short(data.size - got)
        return data.view(dtype).reshape(shape)

    @abstractmethod
    def whole(self) -> bytes:
        """All of it."""

    def cut_short(self, missing: int, *, at_least: bool = False) -> UnreadableError:
        """The reviewer's words for a content that ends too early."""
        some = "at least " if at_least else ""
        return UnreadableError(
            f"{self.name} is truncated: {some}{missing} bytes are missing",
            "the file was not written to its end, or was damaged on its way",
        )

    def file(self) -> io.BufferedReader:
        """The bytes as a file object with its own position, for libraries that want one."""
        return io.BufferedReader(_Raw(self), 1 << 16)

    def facts(self) -> dict[str, object]:
        """What is known of the file: `path`, `size` in bytes, `compression`, `modified` in UTC."""
        facts: dict[str, object] = {}
        if self.path is not None:
            facts["path"] = printable(str(self.path))
            try:
                status = self.path.stat()
            except OSError:
                pass
            else:
                facts["size"] = status.st_size
                facts["modified"] = datetime.fromtimestamp(status.st_mtime, UTC)
        elif self.size is not None:
            facts["size"] = self.size
        if self.compression:
            facts["compression"] = self.compression
        return facts

    def close(self) -> None:  # noqa: B027 - memory has nothing to release
        """Release the file."""

    def broken(self, error: OSError) -> UnreadableError:
        """The reviewer's words for a failed read."""
        return _from_os_error(self.name, error)


class FileContent(Content):
    """A file, read with positioned reads: threads share it without a lock."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path = path
        self.name = printable(name or path.name)
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            status = os.fstat(self._fd)
        except OSError as error:
            raise _from_os_error(self.name, error) from error
        self.status = status
        if not stat.S_ISREG(status.st_mode):
            self.close()
            if stat.S_ISDIR(status.st_mode):
                raise _from_os_error(self.name, OSError(errno.EISDIR, ""))
            raise UnreadableError(f"{self.name} is not a regular file")

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`."""
        done = 0
        try:
            while done < len(buffer):
                count = os.preadv(self._fd, [buffer[done:]], offset + done)
                if count == 0:
                    break
                done += count
        except OSError as error:
            raise self.broken(error) from error
        return done

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        parts: list[bytes] = []
        try:
            while count > 0 and (part := os.pread(self._fd, count, offset)):
                parts.append(part)
                offset, count = offset + len(part), count - len(part)
        except OSError as error:
            raise self.broken(error) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self.status.st_size

    def whole(self) -> bytes:
        """All of the file."""
        return self.read(0, self.size)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class MemoryContent(Content):
    """Bytes in memory."""

    def __init__(
        self, data: bytes, name: str, path: Path | None = None, compression: str = ""
    ) -> None:
        self._data = memoryview(data)
        self.name = printable(name)
        self.path = path
        self.compression = compression

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`."""
        part = self._data[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def array(self, offset: int, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Pixels:
        """Numbers of type `dtype` from `offset`, without a copy, not to be written to."""
        size = math.prod(shape) * dtype.itemsize
        if offset + size > len(self._data):
            raise self.cut_short(offset + size - max(len(self._data), offset))
        return np.frombuffer(self._data, np.uint8, size, offset).view(dtype).reshape(shape)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self._data)

    @property
    def held(self) -> int:
        """Bytes in all."""
        return len(self._data)

    def whole(self) -> bytes:
        """All bytes."""
        return bytes(self._data)


class StreamContent(Content):
    """A compressed file too large to keep: decompressed forwards, from the start when need be."""

    sequential = True

    def __init__(
        self, opener: Callable[[], IO[bytes]], name: str, path: Path | None, compression: str
    ) -> None:
        self._opener = opener
        self._stream = opener()
        self._at = 0
        self._recent = b""
        self._lock = threading.Lock()
        self.name = printable(name)
        self.path = path
        self.compression = compression

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`, skipping forwards or starting again."""
        with self._lock:
            try:
                if offset < self._at - len(self._recent):
                    self._stream.close()
                    self._stream = self._opener()
                    self._at, self._recent = 0, b""
                while self._at < offset:
                    skipped = len(self._stream.read(min(_STEP, offset - self._at)))
                    if skipped == 0:
                        return 0
                    self._at, self._recent = self._at + skipped, b""
                done = self._again(offset, buffer)
                if done == len(buffer):
                    return done
                while done < len(buffer):
                    part = self._stream.read(min(_STEP, len(buffer) - done))
                    if not part:
                        break
                    buffer[done : done + len(part)] = part
                    done += len(part)
                    self._at += len(part)
            except EOFError:
                return 0
            except Exception as error:
                raise _damaged(self.name, self.compression, error) from error
            self._recent = bytes(buffer[max(0, done - _STEP) : done])
        return done

    def _again(self, offset: int, buffer: memoryview) -> int:
        """Give once more what was read last: neighbouring bands share a row."""
        if offset >= self._at:
            return 0
        start = len(self._recent) - (self._at - offset)
        part = self._recent[start : start + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    @property
    def size(self) -> None:
        """Unknown."""
        return None

    def whole(self) -> bytes:
        """All of it, decompressed."""
        parts = []
        at = 0
        while part := self.read(at, 64 * _STEP):
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def unpack(content: Content, packing: str, cancelled: Poll = never) -> Content:
    """Open what lies inside a gzip, bzip2 or xz content; small ones are decompressed at once.

    Args:
        content: The compressed content.
        packing: Its kind: `GZIP`, `BZIP2` or `XZ`.
        cancelled: Asked now and then, and told which part of the compressed bytes was read.

    Raises:
        Cancelled: `cancelled()` became true.
        UnreadableError: The stream is damaged at its very beginning.
    """
    compression = {"GZIP": "gzip", "BZIP2": "bzip2", "XZ": "xz"}[packing]
    opener = _opener(compression)

    def reopen() -> IO[bytes]:
        return opener(content.file())

    packed = content.file()
    stream = opener(packed)
    kept = bytearray()
    try:
        while len(kept) <= KEEP_BYTES and (part := stream.read(_STEP)):
            kept += part
            report(cancelled, packed.tell() / max(content.size or 0, 1), "decompressing")
            if cancelled():
                raise Cancelled
    except Cancelled:
        raise
    except EOFError:
        pass  # what is missing is said by the reader that knows how long the content should be
    except Exception as error:
        if sniff(bytes(kept[:HEAD])) in (None, "TEXT"):
            raise _damaged(content.name, compression, error) from error
    finally:
        stream.close()
    if len(kept) <= KEEP_BYTES:
        inner: Content = MemoryContent(bytes(kept), content.name, content.path, compression)
    else:
        del kept
        inner = StreamContent(reopen, content.name, content.path, compression)
    return inner


class _Raw(io.RawIOBase):
    """A content as a readable file."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content
        self._at = 0

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer."""
        view = memoryview(buffer).cast("B")
        count = self._content.read_into(self._at, view)
        self._at += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move."""
        start = 0 if whence == io.SEEK_SET else self._at
        if whence == io.SEEK_END:
            if self._content.size is None:
                raise io.UnsupportedOperation("the end is not known")
            start = self._content.size
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def seekable(self) -> bool:
        """It can."""
        return True

    def readable(self) -> bool:
        """It can."""
        return True


def _opener(compression: str) -> Callable[[io.BufferedReader], IO[bytes]]:
    if compression == "bzip2":
        import bz2

        return lambda raw: cast(IO[bytes], bz2.BZ2File(raw))
    if compression == "xz":
        import lzma

        return lambda raw: cast(IO[bytes], lzma.LZMAFile(raw))
    try:
        from isal import igzip
    except ImportError:  # not built for this processor
        import gzip

        return lambda raw: cast(IO[bytes], gzip.GzipFile(fileobj=raw, mode="rb"))
    return lambda raw: cast(IO[bytes], igzip.IGzipFile(fileobj=raw, mode="rb"))  # type: ignore[no-untyped-call]


def _damaged(name: str, compression: str, error: Exception) -> UnreadableError:
    return UnreadableError(
        f"{name} is damaged: its {compression} stream cannot be decompressed",
        printable(str(error)),
    )


def _from_os_error(name: str, error: OSError) -> UnreadableError:
    words = {
        errno.ENOENT: (f"{name} does not exist", "it may have been moved since the list was made"),
        errno.EACCES: (f"{name} may not be read", "ask its owner for permission to read it"),
        errno.EPERM: (f"{name} may not be read", "ask its owner for permission to read it"),
        errno.EISDIR: (f"{name} is a folder", "give its path to tuiview to review what is in it"),
        errno.ESTALE: (f"{name} is gone from the network file system", "retry, or remount it"),
        errno.EIO: (f"{name} cannot be read from its disk", "retry; the storage reports an error"),
        errno.ELOOP: (f"{name} is a link that leads to itself", ""),
    }
    if error.errno in words:
        return UnreadableError(*words[error.errno])
    return UnreadableError(f"{name} cannot be read", printable(error.strerror or str(error)))
