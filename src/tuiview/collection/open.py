"""Opens what stands on the command line as the right kind of collection."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct

from tuiview.collection import content
from tuiview.collection.base import Collection
from tuiview.collection.folder import FolderCollection
from tuiview.collection.stacks import Stacks
from tuiview.errors import TuiviewError
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.channels import Channels
    from tuiview.collection.h5files import FilePool
    from tuiview.collection.rows import RowSource

_CHECKED = 64
_FIRST_ROWS = 32


def _nothing(_: bytes) -> str | None:
    return None


class CollectionOptions(Struct, frozen=True):
    """How a collection is opened.

    Attributes:
        suffixes: Endings of image files, lower case with their dot.
        sniff: Names the kind of a content by its first bytes, or None.
        kinds: Which of those kinds are images; None means all.
        key: The table column that decisions belong to; None means recognise it.
        path: The table column with files or shard prefixes; None means recognise it.
        part: The table column with an HDU, page or dataset in the file; None means recognise it.
        image_column: The table column that holds encoded images; None means recognise it.
        prefix_map: `(old, new)` beginnings of paths in tables, first match wins.
        allow_links: Whether links in HDF5 files may lead to other files.
        channels: Which files belong together as one item; None means that each is one.
        stacks: Whether each picture of an HDF5 or Zarr stack is an item, or a frame of one item.
    """

    suffixes: frozenset[str] = frozenset()
    sniff: Callable[[bytes], str | None] = _nothing
    kinds: frozenset[str] | None = None
    key: str | None = None
    path: str | None = None
    part: str | None = None
    image_column: str | None = None
    prefix_map: tuple[tuple[str, str], ...] = ()
    allow_links: bool = False
    channels: Channels | None = None
    stacks: Stacks = "auto"

    @property
    def names_columns(self) -> bool:
        """Whether a column of a table is named."""
        return any((self.key, self.path, self.part, self.image_column))


def open_collection(paths: Sequence[str | Path], options: CollectionOptions) -> Collection:
    """Choose by content what the paths are; the collection is not started yet.

    A lone `-` reads names of files from standard input. The first paths are checked; later ones
    of a long list show what is wrong with them when their turn comes.

    Raises:
        TuiviewError: A path does not exist or cannot be read, or holds nothing to review.
    """
    if not paths:
        raise TuiviewError("No path is given.", "name a folder, files, a table or an HDF5 file")
    if len(paths) == 1 and str(paths[0]) == "-":
        return _folder(names_from(_standard_input()), options)
    given = [Path(path) for path in paths]
    for path in given[:_CHECKED]:
        check(path)
    if len(given) == 1:
        return _open_one(given[0], options)
    if all(path.name.lower().endswith(content.PARQUET) for path in given):
        return _parquet(given[0].absolute().parent, given, options)
    if options.channels is None and all(map(content.datasets_of, given[:_CHECKED])):
        return _several(given, options)
    return _folder(given, options)


def _several(paths: Sequence[Path], options: CollectionOptions) -> Collection:
    """The pictures of several HDF5 or Zarr files."""
    from tuiview.collection.several import SeveralCollection
    from tuiview.collection.tree import Datasets

    @cache
    def pool() -> FilePool:
        from tuiview.collection.h5files import FilePool

        return FilePool(allow_links=options.allow_links)

    def opened(path: Path) -> Datasets:
        check(path)
        if content.datasets_of(path) == "zarr":
            from tuiview.collection.zarrs import ZarrDatasets

            return ZarrDatasets(path, options.stacks)
        from tuiview.collection.hdf5 import Hdf5Datasets

        return Hdf5Datasets(path, options.sniff, options.stacks, pool())

    return SeveralCollection(paths, opened)


def _open_one(path: Path, options: CollectionOptions) -> Collection:
    """Open one path by what it holds."""
    match content.content_of(path, options.suffixes, table=options.names_columns):
        case "folder" | "image":
            return _folder([path], options)
        case "parquet folder":
            from tuiview.collection.parquet import parquet_files

            return _parquet(path, parquet_files(path), options)
        case "parquet":
            return _parquet(path, [path], options)
        case "hdf5":
            from tuiview.collection.hdf5 import Hdf5Collection

            return Hdf5Collection(
                path, sniff=options.sniff, allow_links=options.allow_links, stacks=options.stacks
            )
        case "zarr":
            from tuiview.collection.zarrs import ZarrCollection

            return ZarrCollection(path, stacks=options.stacks)
        case "list":
            return FolderCollection(
                _listed(path),
                suffixes=options.suffixes,
                sniff=options.sniff,
                kinds=options.kinds,
                root=path.absolute().parent,
            )
        case "text":
            return _text(path, options)
        case "fits table":
            from tuiview.collection.skytables import FitsRows

            return _table(FitsRows(path), options, optional=not options.names_columns)
        case "votable":
            from tuiview.collection.skytables import VotableRows

            return _table(VotableRows(path), options)


def _text(path: Path, options: CollectionOptions) -> Collection:
    """A table of text lines if its header names images, else whatever the reader makes of it."""
    from tuiview.collection.delimited import open_delimited

    is_table = options.names_columns or path.name.lower().endswith(content.TEXT_TABLES)
    try:
        rows = open_delimited(path)
    except TuiviewError:
        if is_table:
            raise
        return _folder([path], options)
    return _table(rows, options, optional=not is_table)


def _parquet(path: Path, files: Sequence[Path], options: CollectionOptions) -> Collection:
    from tuiview.collection.parquet import ParquetRows

    return _table(ParquetRows(path, files), options)


def _table(rows: RowSource, options: CollectionOptions, *, optional: bool = False) -> Collection:
    """A collection of a table's rows; if it names no images and need not, of its one file."""
    from tuiview.collection.h5files import FilePool
    from tuiview.collection.roles import no_images, recognise
    from tuiview.collection.shards import Shards
    from tuiview.collection.table import TableCollection

    try:
        roles = recognise(
            rows.schema,
            lambda names: rows.read(0, _FIRST_ROWS, names),
            key=options.key,
            path=options.path,
            part=options.part,
            image=options.image_column,
            suffixes=options.suffixes,
        )
        if roles is None and not optional:
            raise no_images(printable(rows.path.name), rows.schema.names)
    except TuiviewError:
        rows.close()
        raise
    if roles is None:
        rows.close()
        return _folder([rows.path], options)
    rows.keep_text([name for name in (roles.key, roles.path, roles.dataset) if name])
    folder = rows.path.absolute() if rows.path.is_dir() else rows.path.absolute().parent
    shards = Shards(
        FilePool(allow_links=options.allow_links),
        [folder, Path.cwd()],
        options.prefix_map,
        options.sniff,
    )
    return TableCollection(rows, roles, shards, options.suffixes)


def _listed(path: Path) -> Iterator[Path]:
    """The files that a list names, relative ones from the list's folder."""
    with path.open("rb") as stream:
        for name in names_from(stream):
            yield path.absolute().parent / name


def _folder(paths: Sequence[Path] | Iterator[Path], options: CollectionOptions) -> Collection:
    files = FolderCollection(
        paths, suffixes=options.suffixes, sniff=options.sniff, kinds=options.kinds
    )
    if options.channels is None:
        return files
    from tuiview.collection.composite import CompositeCollection

    return CompositeCollection(files, options.channels)


def check(path: Path) -> None:
    """Raise a TuiviewError with a hint if `path` cannot be read."""
    name = printable(str(path))
    try:
        if path.is_dir():
            os.scandir(path).close()
        else:
            path.open("rb").close()
    except FileNotFoundError:
        raise TuiviewError(f"{name} does not exist.", _nearest(path)) from None
    except PermissionError:
        what = "folder" if path.is_dir() else "file"
        raise TuiviewError(
            f"The {what} {name} may not be read.", f"ls -ld {name} shows whose it is"
        ) from None
    except OSError as error:
        raise TuiviewError(f"{name}: {error.strerror or error}.") from None


def _nearest(path: Path) -> str:
    """What to do about a path that does not exist: a name like it, or how far it goes."""
    parent = path.absolute().parent
    while not parent.is_dir() and parent != parent.parent:
        parent = parent.parent
    if parent != path.absolute().parent:
        return f"{printable(str(parent))} is as far as it goes"
    try:
        names = [found.name for found in parent.iterdir()]
    except OSError:
        return ""
    close = get_close_matches(path.name, names, n=1, cutoff=0.6)
    if close:
        return f"is it {printable(str(path.with_name(close[0])))}?"
    return f"{printable(str(parent))} has {len(names):,} other entries"


def names_from(stream: BinaryIO) -> Iterator[Path]:
    """File names from a stream, separated by NUL if the first chunk has one, else by newlines."""
    rest = b""
    separator: bytes | None = None
    while chunk := _some(stream):
        rest += chunk
        if separator is None:
            if b"\0" in rest:
                separator = b"\0"
            elif b"\n" in rest:
                separator = b"\n"
            else:
                continue
        *names, rest = rest.split(separator)
        yield from (Path(os.fsdecode(name)) for name in names if name)
    if rest:
        yield Path(os.fsdecode(rest))


def _standard_input() -> BinaryIO:
    """A copy of standard input, which the terminal takes the place of for the keyboard."""
    try:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    except (OSError, ValueError):
        return sys.stdin.buffer


def _some(stream: BinaryIO) -> bytes:
    # A pipe hands over what is there; a plain read would wait for a full block.
    read1 = getattr(stream, "read1", stream.read)
    return bytes(read1(1 << 16))
