"""From a table's row to its key and to where its picture comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiview.collection.roles import HDF5_SUFFIXES, Roles
from tuiview.errors import UnreadableError
from tuiview.source import ArrayLike, ArraySource, BlobSource, FileSource, MissingSource, Source
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.rows import RowSource
    from tuiview.collection.shards import Shards

ROW_KEY = "row:"
"""How the keys of rows begin that have no key of their own; the row's number follows."""


class RowPictures:
    """Tells what a row shows.

    Args:
        rows: The table, for images in its cells.
        roles: What its columns mean.
        shards: Finds and reads the files that it names.
        suffixes: Endings of image files, which tell files from prefixes of shards.
    """

    def __init__(
        self, rows: RowSource, roles: Roles, shards: Shards, suffixes: frozenset[str]
    ) -> None:
        self._rows = rows
        self._roles = roles
        self._shards = shards
        self._suffixes = tuple(suffixes)

    def key(self, row: int, facts: Mapping[str, object]) -> tuple[str, str]:
        """The key and the short name of a row."""
        if self._roles.key is not None:
            value = facts[self._roles.key]
            if value is not None and value != "":
                return str(value), str(value)
        elif self._roles.path is not None and facts[self._roles.path]:
            path = str(facts[self._roles.path])
            part = self.part(facts)
            short = path.rpartition("/")[2]
            return (path, short) if part is None else (f"{path}#{part}", f"{short}#{part}")
        return f"{ROW_KEY}{row}", f"row {row + 1:,}"

    @property
    def parts(self) -> Sequence[str]:
        """The columns that may say which part of its file a row means."""
        named = (self._roles.hdu, self._roles.dataset, self._roles.index)
        return [name for name in named if name is not None]

    def part(self, facts: Mapping[str, object]) -> str | int | None:
        """The HDU, page, dataset or number in a stack that a row means; None is the whole file."""
        path = str(facts[self._roles.path]) if self._roles.path else ""
        column = self._roles.hdu
        if path.lower().endswith(HDF5_SUFFIXES):
            names = [self._roles.dataset, self._roles.index]
            given = [facts[n] for n in dict.fromkeys(names) if n is not None]
            told = [str(_whole(value)) for value in given if value not in (None, "")]
            return ":".join(told) or None
        if column is None or facts[column] in (None, ""):
            return None
        whole: str | int = _whole(facts[column])
        return whole

    def source(self, row: int, name: str, facts: Mapping[str, object]) -> Source:
        """Where a row's picture comes from; asks the disk where a file named relatively lies."""
        roles = self._roles
        if roles.image is not None:
            return BlobSource(name, partial(self.cell, row), self._rows.path)
        assert roles.path is not None
        path = facts[roles.path]
        if not isinstance(path, str) or not path:
            hint = f"its column {printable(roles.path)} is empty"
            return MissingSource(name, f"Row {row + 1:,} names no file.", hint)
        if "://" in path and not path.startswith("file://"):
            return MissingSource(name, f"{printable(path)} is on the web.", "download it first")
        path = path.removeprefix("file://")
        if path.lower().endswith(HDF5_SUFFIXES):
            return self._hdf5_source(row, name, path, facts)
        if roles.key is None or self._is_image(path):
            part = self.part(facts)
            try:
                return FileSource(self._shards.locate(path), part)
            except UnreadableError as error:
                return MissingSource(name, error.message, error.hint)
        uuid = facts[roles.key]
        if uuid is None or uuid == "":
            hint = f"its column {printable(roles.key)} is empty"
            return MissingSource(name, f"Row {row + 1:,} has no {printable(roles.key)}.", hint)
        return BlobSource(
            name, partial(self._shards.fetch, path, str(uuid)), self._shards.likely(path)
        )

    def folder(self, path: str) -> Path | None:
        """The resolved folder of the shard in which a row's key names its image; may read."""
        roles = self._roles
        if roles.key is None or roles.image is not None or "://" in path or self._is_image(path):
            return None
        if not path.lower().endswith(HDF5_SUFFIXES):
            return self._shards.folder(path)
        # Another column says which dataset it is: the key need not be its name.
        return None if roles.dataset or roles.index else self._shards.folder_of(path)

    def _hdf5_source(self, row: int, name: str, path: str, facts: Mapping[str, object]) -> Source:
        """A dataset of an HDF5 file, or one picture of a stack in it."""
        roles = self._roles
        dataset = facts[roles.dataset] if roles.dataset else None
        index = _whole(facts[roles.index]) if roles.index else None
        try:
            file = self._shards.locate(path)
        except UnreadableError as error:
            return MissingSource(name, error.message, error.hint)
        if isinstance(index, int) or isinstance(_whole(dataset), int):
            number = index if isinstance(index, int) else _whole(dataset)
            stack = dataset if isinstance(dataset, str) and dataset != str(number) else None
            assert isinstance(number, int)
            return ArraySource(name, partial(self._of_stack, file, stack, number), file)
        if isinstance(dataset, str) and dataset:
            return BlobSource(name, partial(self._shards.read, file, dataset), file)
        if roles.key is not None and facts[roles.key] not in (None, ""):
            uuid = str(facts[roles.key])
            return BlobSource(name, partial(self._shards.read_uuid, file, uuid), file)
        return MissingSource(
            name,
            f"Row {row + 1:,} does not say which dataset of {printable(path)} it is.",
            "--key or --part names the column",
        )

    def _of_stack(self, file: Path, stack: str | None, number: int) -> ArrayLike:
        from tuiview.collection.hdf5 import picture_of_stack

        return picture_of_stack(self._shards.pool, file, stack, number)

    def cell(self, row: int) -> bytes:
        """The encoded image in a row; runs on a loader thread."""
        assert self._roles.image is not None
        value: Any = self._rows.read(row, 1, [self._roles.image]).column(0)[0].as_py()
        if isinstance(value, Mapping):
            child = value.get(self._roles.child or "bytes")
            beside = value.get("path")
            if child is None and isinstance(beside, str) and beside:
                return self._shards.content(beside)
            value = child
        if value is None or len(value) == 0:
            raise UnreadableError(
                f"Row {row + 1:,} has no image.",
                f"its column {printable(self._roles.image)} is empty",
            )
        return self._shards.checked(bytes(value), f"row {row + 1:,}")

    def group(self, value: str | None) -> str:
        """What the tree calls the group of a file or prefix."""
        if not value:
            return "(no file)"
        above, _, name = value.rpartition("/")
        is_file = self._is_image(value) or self._roles.key is None
        return printable((above or ".") if is_file else name)

    def _is_image(self, path: str) -> bool:
        return path.lower().endswith(self._suffixes)


def _whole(value: object) -> Any:
    """A number that is written as text as a number; anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value
