"""Images in sharded HDF5 files that a lookup table points to by prefix and uuid."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tuiview.collection.facts import row_facts
from tuiview.collection.h5files import (
    FilePool,
    OpenFile,
    check_inside,
    contiguous_offset,
    outside,
    resolve,
)
from tuiview.errors import TuiviewError, UnreadableError
from tuiview.text import printable

IMAGES = "_images.h5"
METADATA = "_metadata.parquet"
GROUP = "images"

_HEAD = 1024
_METADATA_HELD = 16
_REMEMBERED = 50_000


class Shards:
    """The shards of one lookup table; used from any thread.

    A prefix stands for `<prefix>_images.h5`, whose group `images` holds one dataset for each uuid,
    and `<prefix>_metadata.parquet`.

    Args:
        pool: Keeps the files open.
        bases: Where relative prefixes are looked for, in this order.
        prefix_map: `(old, new)` beginnings of prefixes; the first that fits is replaced.
        sniff: Names the kind of a content by its first bytes, or None; without it anything is
            passed on.
    """

    def __init__(
        self,
        pool: FilePool,
        bases: Sequence[Path],
        prefix_map: Sequence[tuple[str, str]] = (),
        sniff: Callable[[bytes], str | None] | None = None,
    ) -> None:
        self.pool = pool
        self._bases = list(dict.fromkeys(base.absolute() for base in bases))
        self._prefix_map = tuple(prefix_map)
        self._sniff = sniff
        self._found: dict[str, Path] = {}
        self._tables: OrderedDict[Path, tuple[Any, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def candidates(self, prefix: str) -> list[Path]:
        """Where a file of this name or prefix may be."""
        for old, new in self._prefix_map:
            if prefix.startswith(old):
                prefix = new + prefix.removeprefix(old)
                break
        path = Path(prefix)
        return [path] if path.is_absolute() else [base / path for base in self._bases]

    def likely(self, prefix: str) -> Path:
        """The images file of a prefix, without asking the disk."""
        return self._found.get(prefix + IMAGES) or self.candidates(prefix + IMAGES)[0]

    def locate(self, name: str, what: str = "file") -> Path:
        """Where a file really is; raises UnreadableError in words about `what` if it is nowhere."""
        known = self._found.get(name)
        if known is not None:
            return known
        candidates = self.candidates(name)
        for path in candidates:
            if path.exists():
                if len(self._found) >= _REMEMBERED:
                    self._found.clear()
                self._found[name] = path
                return path
        looked = ", then ".join(printable(str(path.parent)) for path in candidates)
        raise UnreadableError(
            f"The {what} {printable(candidates[0].name)} is not there.",
            f"looked in {looked}; --prefix-map OLD=NEW says where it is now",
        )

    def folder(self, prefix: str) -> Path | None:
        """The resolved folder of a prefix's images; may read."""
        return self.folder_of(prefix + IMAGES)

    def folder_of(self, name: str) -> Path | None:
        """The resolved folder of a file; None if it is nowhere and may be in several; may read."""
        try:
            path = self.locate(name)
        except UnreadableError:
            path, *others = self.candidates(name)
            if others:
                return None
        return Path(os.path.realpath(path)).parent

    def fetch(self, prefix: str, uuid: str) -> bytes:
        """The encoded image of a uuid; plain pixels come as an uncompressed TIFF.

        Raises:
            UnreadableError: The shard is absent, no HDF5 file or cut short; it has no group
                `images` or no such uuid; what it holds is no image.
        """
        return self.read(self.locate(prefix + IMAGES, "shard"), f"{GROUP}/{uuid}")

    def read(self, path: Path, name: str) -> bytes:
        """The encoded image in any dataset of a file; raises UnreadableError."""
        with self.pool.borrow(path) as file:
            dataset = self._dataset(file, name)
            offset = contiguous_offset(file, dataset)
            encoded = _is_encoded(dataset)
            if encoded and offset is not None and not _is_vlen(dataset):
                content = file.pread(dataset.get_storage_size(), offset)
            else:
                content = _decode(dataset, file, name)
        return self.checked(content, name) if encoded else content

    def read_uuid(self, path: Path, uuid: str) -> bytes:
        """The encoded image of a uuid in a file, in its group `images` or beside it."""
        with self.pool.borrow(path) as file:
            inside = resolve(file, GROUP, allow_links=self.pool.allow_links)
        return self.read(path, uuid if inside is None else f"{GROUP}/{uuid}")

    def content(self, name: str) -> bytes:
        """A whole file that a row names; raises UnreadableError."""
        path = self.locate(name)
        try:
            return path.read_bytes()
        except OSError as error:
            raise UnreadableError(f"{printable(path.name)}: {error.strerror or error}.") from None

    def checked(self, content: bytes, name: str) -> bytes:
        """The content, if it is of a known kind; raises UnreadableError if not."""
        if self._sniff is not None and self._sniff(content[:_HEAD]) is None:
            start = content[:8].hex(" ") or "nothing"
            raise UnreadableError(
                f"The {len(content):,} bytes of {printable(name)} are no image.",
                f"they begin with {start}",
            )
        return content

    def _dataset(self, file: OpenFile, name: str) -> Any:
        """The low-level dataset of a path like `images/<uuid>`."""
        above, _, last = name.rpartition("/")
        shard = printable(file.path.name)
        group = file.groups.get(above)
        if group is None:
            group = resolve(file, above, allow_links=self.pool.allow_links)
            if not isinstance(group, h5py.Group):
                raise UnreadableError(f"{shard} has no group {printable(above)}.")
            file.groups[above] = group
        encoded = last.encode("utf-8", "surrogateescape")
        try:
            kind = group.id.links.get_info(encoded).type if last else None
        except (KeyError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "doesn't exist" not in str(error):
                raise UnreadableError(
                    f"{shard} cannot be read any more: {printable(str(error))}.",
                    "it was damaged or cut short since it was opened",
                ) from None
            kind = None
        if kind is None:
            raise UnreadableError(f"{printable(last)} is not in {shard}.")
        if kind == h5py.h5l.TYPE_HARD:
            found = h5py.h5o.open(group.id, encoded)
        else:
            if kind == h5py.h5l.TYPE_EXTERNAL and not self.pool.allow_links:
                raise outside(file, name, group.get(last, getlink=True).filename)
            item = resolve(file, name, allow_links=self.pool.allow_links)
            found = None if item is None else item.id
        if found is None:
            raise UnreadableError(f"{printable(name)} in {shard} is a link that leads nowhere.")
        if not isinstance(found, h5py.h5d.DatasetID):
            raise UnreadableError(f"{printable(name)} in {shard} is no dataset.")
        if not self.pool.allow_links:
            check_inside(file, found, name)
        return found

    def metadata(self, prefix: str, uuid: str) -> Mapping[str, object]:
        """The row of a uuid in the shard's metadata table; why there is none, if so."""
        try:
            path = self.locate(prefix + METADATA, "metadata table")
            with self._lock:
                file, uuids = self._metadata_table(path)
                return _metadata_row(file, uuids, uuid, path)
        except TuiviewError as error:
            return {"shard metadata": error.message}

    def _metadata_table(self, path: Path) -> tuple[Any, Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        held = self._tables.get(path)
        if held is None:
            try:
                file = pq.ParquetFile(path)
                column = file.read(columns=["uuid"]).column("uuid").combine_chunks()
            except (KeyError, OSError, pa.ArrowException) as error:
                reason = printable(str(error).splitlines()[0])
                raise UnreadableError(f"{printable(path.name)} cannot be read: {reason}.") from None
            held = self._tables[path] = (file, column.cast(pa.large_string()))
            while len(self._tables) > _METADATA_HELD:
                self._tables.popitem(last=False)
        self._tables.move_to_end(path)
        return held

    def close(self) -> None:
        """Release the files."""
        self.pool.close()
        with self._lock:
            self._tables.clear()


def _metadata_row(file: Any, uuids: Any, uuid: str, path: Path) -> Mapping[str, object]:
    import pyarrow as pa
    import pyarrow.compute as pc

    from tuiview.collection.arrow import text

    row = pc.index(uuids, text(uuid, pa.large_string())).as_py()
    if row < 0:
        return {"shard metadata": f"{printable(uuid)} is not in {printable(path.name)}"}
    group = 0
    while row >= file.metadata.row_group(group).num_rows:
        row -= file.metadata.row_group(group).num_rows
        group += 1
    try:
        for batch in file.iter_batches(batch_size=256, row_groups=[group]):
            if row < batch.num_rows:
                return row_facts(pa.Table.from_batches([batch]), row)
            row -= batch.num_rows
    except (OSError, pa.ArrowException) as error:
        raise UnreadableError(f"{printable(path.name)} cannot be read: {error}.") from None
    return {}


def _is_vlen(dataset: Any) -> bool:
    kind = dataset.get_type()
    return isinstance(kind, h5py.h5t.TypeVlenID) or (
        isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str()
    )


def _is_encoded(dataset: Any) -> bool:
    """Whether it holds an encoded image: bytes in a row, opaque, text or of variable length."""
    kind = dataset.get_type()
    if isinstance(kind, h5py.h5t.TypeIntegerID):
        shape = dataset.shape
        return bool(kind.get_size() == 1 and sum(size > 1 for size in shape) <= 1)
    return isinstance(kind, h5py.h5t.TypeOpaqueID | h5py.h5t.TypeStringID | h5py.h5t.TypeVlenID)


def _decode(dataset: Any, file: OpenFile, name: str) -> bytes:
    """What a dataset holds, through h5py: encoded bytes as they are, pixels as a TIFF."""
    where = f"{printable(name)} in {printable(file.path.name)}"
    try:
        values = h5py.Dataset(dataset)
        if _is_vlen(dataset):
            cell = np.ravel(values[()])[0] if values.shape else values[()]
            return cell if isinstance(cell, bytes) else np.asarray(cell).tobytes()
        pixels = np.empty(values.shape, values.dtype)
        if pixels.size:
            values.read_direct(pixels)
    except (OSError, RuntimeError, TypeError, IndexError) as error:
        raise UnreadableError(f"{where} cannot be read: {printable(str(error))}.") from None
    if _is_encoded(dataset):
        return pixels.tobytes()
    return tiff(pixels, where)


def tiff(pixels: np.ndarray[Any, Any], where: str) -> bytes:
    """Pixels of shape `(ny, nx)`, `(ny, nx, 1)`, `(ny, nx, 3)` or `(ny, nx, 4)` as a TIFF file."""
    import tifffile

    pixels = np.squeeze(pixels) if pixels.ndim > 2 and 1 in pixels.shape else pixels
    color = pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if not (pixels.ndim == 2 or color) or pixels.dtype.kind not in "buif" or not pixels.size:
        shape = " x ".join(map(str, pixels.shape)) or "a single value"
        raise UnreadableError(f"{where} holds no picture: {shape}, {pixels.dtype}.")
    if pixels.dtype.kind == "b":
        pixels = pixels.astype(np.uint8)
    content = io.BytesIO()
    tifffile.imwrite(
        content,
        np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("="))),
        photometric="rgb" if color else "minisblack",
        metadata=None,
    )
    return content.getvalue()
