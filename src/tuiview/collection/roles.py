"""What the columns of a table mean: which one is the key, the file, the image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tuiview.collection.where import unknown_column
from tuiview.errors import TuiviewError
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

HDF5_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx5")

_KEYS = ("uuid", "id", "objectid", "object_id", "source_id", "candid", "image_id", "key", "name")
_PATHS = (
    "filepath", "path", "file_path", "image_path", "img_path", "fits_path", "filename",
    "file_name", "image_file", "fits_file", "file", "image_name", "image", "img", "fits",
    "cutout", "location", "uri",
)  # fmt: skip
_HDUS = ("hdu", "hdu_index", "hdunum", "ext", "extension", "extname", "hduname", "page")
_DATASETS = ("dataset", "h5_key", "hdf5_key", "h5_path", "hdf5_path", "group", "key")
_INDICES = ("index", "idx", "frame", "h5_index", "slice")
_IMAGES = ("image", "img", "bytes", "png", "jpeg", "jpg", "cutout", "stamp", "thumb", "fits")


class Roles(Struct, frozen=True):
    """Which columns a row's key and picture come from; None where there is none.

    Attributes:
        key: What decisions belong to.
        path: Files, or prefixes of shards.
        hdu: HDU or page in an image file.
        dataset: Dataset in an HDF5 file.
        index: Number of the picture in a stack of an HDF5 file.
        image: Encoded images.
        child: The field of a struct column that holds them.
    """

    key: str | None = None
    path: str | None = None
    hdu: str | None = None
    dataset: str | None = None
    index: str | None = None
    image: str | None = None
    child: str | None = None

    def columns(self) -> list[str]:
        """All of them that a page of rows needs, without the images."""
        named = (self.key, self.path, self.hdu, self.dataset, self.index)
        return list(dict.fromkeys(name for name in named if name is not None))


def recognise(
    schema: pa.Schema,
    first_rows: Callable[[Sequence[str]], pa.Table],
    *,
    key: str | None = None,
    path: str | None = None,
    part: str | None = None,
    image: str | None = None,
    suffixes: frozenset[str] = frozenset(),
) -> Roles | None:
    """Tell the roles by names and types; None if no column tells where pictures are.

    Args:
        schema: The table's columns.
        first_rows: Reads the first rows of some columns.
        key: The key's column, if told; likewise the others.
        path: A column of files or prefixes.
        part: A column of HDUs, pages, datasets or numbers in stacks.
        image: A column of encoded images, or `column.field` of a struct.
        suffixes: Endings of image files.

    Raises:
        UsageError: A column that was told is not there, or cannot hold images.
    """
    columns = list(schema.names)
    for told in (key, path, part):
        if told is not None and told not in columns:
            raise unknown_column(told, columns)
    lower = {name.lower(): name for name in reversed(columns)}
    child: str | None = None
    if image is not None:
        image, child = _told_image(schema, image)
    elif path is None:
        path = _by_name(lower, _PATHS, lambda name: _is_text(schema.field(name).type))
        if path is None:
            image, child = _found_image(schema, first_rows)
        if path is None and image is None:
            path = _by_content(schema, first_rows, (*suffixes, *HDF5_SUFFIXES))
    if path is None and image is None:
        return None
    taken = {path, image}
    if key is None:
        key = _by_name(lower, _KEYS, lambda name: name not in taken and _is_key(schema, name))
    taken.add(key)

    def free(name: str) -> bool:
        return name not in taken

    return Roles(
        key=key,
        path=path,
        hdu=part or _by_name(lower, _HDUS, free),
        dataset=part or _by_name(lower, _DATASETS, free),
        index=(None if part else _by_name(lower, _INDICES, free)),
        image=image,
        child=child,
    )


def no_images(title: str, columns: Sequence[str]) -> TuiviewError:
    """The error for a table that does not say where its pictures are."""
    shown = printable(", ".join(columns[:20])) + (", ..." if len(columns) > 20 else "")
    return TuiviewError(
        f"No column of {title} tells where the images are.",
        f"name it with --path or --image-column; there are {shown}",
    )


def _by_name(
    lower: dict[str, str], names: Sequence[str], fits: Callable[[str], bool]
) -> str | None:
    for name in names:
        column = lower.get(name)
        if column is not None and fits(column):
            return column
    return None


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_key(schema: pa.Schema, name: str) -> bool:
    import pyarrow as pa

    kind = schema.field(name).type
    return _is_text(kind) or bool(pa.types.is_integer(kind))


def _bytes_of(kind: pa.DataType) -> tuple[bool, str | None]:
    """Whether a type holds bytes, and in which of its fields."""
    import pyarrow as pa

    def is_bytes(each: pa.DataType) -> bool:
        return bool(
            pa.types.is_binary(each)
            or pa.types.is_large_binary(each)
            or pa.types.is_fixed_size_binary(each)
        )

    if is_bytes(kind):
        return True, None
    if pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            if is_bytes(kind.field(number).type):
                return True, kind.field(number).name
    return False, None


def _told_image(schema: pa.Schema, told: str) -> tuple[str, str | None]:
    column, child = told, None
    if told not in schema.names and "." in told:
        column, _, child = told.rpartition(".")
    if column not in schema.names:
        raise unknown_column(told, schema.names)
    holds, found = _bytes_of(schema.field(column).type)
    if not holds:
        kind = schema.field(column).type
        raise TuiviewError(
            f"The column {printable(told)!r} holds {kind}, no encoded images.",
            "--path names a column of files",
        )
    return column, child or found


def _found_image(
    schema: pa.Schema, first_rows: Callable[[Sequence[str]], pa.Table]
) -> tuple[str | None, str | None]:
    """The column that holds bytes and has the likeliest name."""
    found = [
        (name, child)
        for name in schema.names
        for holds, child in [_bytes_of(schema.field(name).type)]
        if holds
    ]
    if not found:
        return None, None
    filled = [(name, child) for name, child in found if first_rows([name]).column(0).null_count < 1]
    for word in _IMAGES:
        for name, child in filled or found:
            if word in name.lower():
                return name, child
    return (filled or found)[0]


def _by_content(
    schema: pa.Schema,
    first_rows: Callable[[Sequence[str]], pa.Table],
    suffixes: Sequence[str],
) -> str | None:
    """The first column of text whose first value ends as an image file's name."""
    texts = [name for name in schema.names if _is_text(schema.field(name).type)][:64]
    if not texts:
        return None
    rows = first_rows(texts)
    for name in texts:
        values: list[str] = [each for each in rows.column(name).to_pylist() if each]
        if values and values[0].lower().endswith(tuple(suffixes)):
            return str(name)
    return None
