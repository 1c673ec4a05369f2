"""What one path on the command line holds: told by its first bytes, a folder by its names."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import Literal

from tuiview.collection.natural import natural_key
from tuiview.collection.zarr_marks import ZIP_SUFFIXES, is_zarr_folder
from tuiview.errors import TuiviewError
from tuiview.text import printable

Content = Literal[
    "folder", "parquet folder", "image", "parquet", "hdf5", "zarr", "votable", "fits table",
    "text", "list",
]  # fmt: skip

PARQUET = (".parquet", ".parq", ".pq")
TEXT_TABLES = (".csv", ".tsv", ".ecsv")

_HEAD = 4096
_LOOKED_AT = 2000
_BLOCK = 2880
_SHARD = re.compile(r"_images\.h5$|_metadata\.parquet$")


def content_of(path: Path, suffixes: frozenset[str], *, table: bool = False) -> Content:
    """Tell what a path holds.

    Args:
        path: A folder or file that can be read.
        suffixes: Endings of image files.
        table: Whether it is said to be a table (a column was named).

    Raises:
        TuiviewError: It is empty, or a folder of shards that a lookup table lists.
    """
    if path.is_dir():
        return _folder(path, suffixes, table)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head and path.is_file():
        raise TuiviewError(f"{printable(str(path))} is empty.", "it has 0 bytes")
    name = path.name.lower()
    if head.startswith(b"PAR1"):
        return "parquet"
    if name.endswith(PARQUET):
        raise TuiviewError(
            f"{printable(path.name)} is no Parquet file.", f"it begins with {head[:4].hex(' ')}"
        )
    if (datasets := _datasets(head, name)) is not None:
        return datasets
    if b"<VOTABLE" in head:
        return "votable"
    if head.startswith(b"SIMPLE  ="):
        return "fits table" if table or _begins_with_table(path) else "image"
    return _text(path, head) if _is_text(head) else "image"


def datasets_of(path: Path) -> Literal["hdf5", "zarr"] | None:
    """Whether a path that can be read is a tree of datasets, and of which kind."""
    if path.is_dir():
        return "zarr" if is_zarr_folder(path) else None
    with path.open("rb") as file:
        return _datasets(file.read(_HEAD), path.name.lower())


def _datasets(head: bytes, name: str) -> Literal["hdf5", "zarr"] | None:
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.startswith(b"PK") and (name.endswith(ZIP_SUFFIXES) or b"zarr.json" in head):
        return "zarr"
    return None


def _folder(path: Path, suffixes: frozenset[str], table: bool) -> Content:
    if is_zarr_folder(path):
        return "zarr"
    with os.scandir(path) as entries:
        names = [entry.name for entry in islice(entries, _LOOKED_AT)]
    lower = [name.lower() for name in names if name[0] not in "._"]
    if any(name.endswith(tuple(suffixes)) for name in lower):
        return "folder"
    tables = [name for name in names if name.lower().endswith((*PARQUET, *TEXT_TABLES))]
    lookups = sorted((name for name in tables if not _SHARD.search(name)), key=natural_key)
    if any(name.endswith("_images.h5") for name in lower) and lookups:
        raise TuiviewError(
            f"{printable(str(path))} holds shards of images, which a lookup table lists.",
            "open " + " or ".join(printable(str(path / name)) for name in lookups[:3]),
        )
    partitioned = any("=" in name for name in lower)
    if table or partitioned or any(name.endswith(PARQUET) for name in lower):
        return "parquet folder"
    return "folder"


def _text(path: Path, head: bytes) -> Content:
    """A table, unless the first line is the name of a file that is there."""
    first = re.split(rb"[\n\0]", head, maxsplit=1)[0].strip()
    if first and not path.name.lower().endswith(TEXT_TABLES):
        named = path.absolute().parent / os.fsdecode(first)
        try:
            if named.exists():
                return "list"
        except (OSError, ValueError):
            pass
    return "text"


def _is_text(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf")
    if re.search(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", start):
        return False
    # Lists of files may be separated by NUL.
    return b"\0" not in start or start[:1] in b"/."


def _begins_with_table(path: Path) -> bool:
    """Whether a FITS file has no primary image and its first extension is a plain table."""
    with path.open("rb") as file:
        primary = _header(file.read(_BLOCK * 36))
        if primary is None or not re.search(rb"NAXIS   = +0 ", primary):
            return False
        file.seek(len(primary))
        extension = _header(file.read(_BLOCK * 36)) or b""
    return extension.startswith(b"XTENSION= 'BINTABLE") and b"ZIMAGE  =" not in extension


def _header(blocks: bytes) -> bytes | None:
    """The header at the start, whole blocks up to its END card; None if there is no END."""
    for end in range(_BLOCK, len(blocks) + 1, _BLOCK):
        block = blocks[end - _BLOCK : end]
        if any(block[card : card + 8] == b"END     " for card in range(0, _BLOCK, 80)):
            return blocks[:end]
    return None
