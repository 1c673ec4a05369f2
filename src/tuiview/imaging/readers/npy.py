"""NumPy's own files, never unpickled."""

from __future__ import annotations

import math
import mmap
import zipfile
from typing import IO, Any, cast

import numpy as np
from numpy.lib import format as npy_format

from tuiview.errors import NotAnImageError, UnreadableError
from tuiview.imaging.frame import Image, Pixels
from tuiview.imaging.readers.array import ArrayImage
from tuiview.imaging.readers.content import Content
from tuiview.imaging.readers.failures import explained
from tuiview.source import ArrayLike
from tuiview.text import printable


def open_npy(content: Content, kind: str, part: str | int | None = None) -> Image:
    """Open an `.npy` or `.npz` content.

    Args:
        content: The bytes.
        kind: `NPY` or `NPZ`.
        part: One array of an `.npz`, by name or number.

    Raises:
        NotAnImageError: It holds pickled objects or nothing with two dimensions.
        UnreadableError: It is damaged or truncated.
    """
    if kind == "NPY":
        arrays: list[tuple[str, ArrayLike]] = [("", cast(ArrayLike, _npy(content)))]
        skipped: list[str] = []
    else:
        arrays, skipped = _npz(content, part)
    return ArrayImage(
        kind, content.name, arrays,
        facts=content.facts(), skipped=skipped, close=content.close,
    )  # fmt: skip


def _npy(content: Content) -> Pixels:
    """The array of an `.npy`: mapped from its file, or in memory."""
    stream = content.file()
    shape, fortran, dtype = _header(cast(IO[bytes], stream), content.name)
    offset = stream.tell()
    size = math.prod(shape) * dtype.itemsize
    if content.size is not None and offset + size > content.size:
        raise content.cut_short(offset + size - content.size)
    order = tuple(reversed(shape)) if fortran else shape
    if content.path is None or content.compression or size == 0:
        array = content.array(offset, dtype, order)
    else:
        with content.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        array = np.frombuffer(mapped, dtype, math.prod(shape), offset).reshape(order)
    return array.T if fortran else array


def _npz(content: Content, part: str | int | None) -> tuple[list[tuple[str, ArrayLike]], list[str]]:
    arrays: list[tuple[str, ArrayLike]] = []
    skipped: list[str] = []
    with explained(content.name):
        archive = zipfile.ZipFile(cast(IO[bytes], content.file()))
    members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    if isinstance(part, int):
        members = members[part : part + 1]
    elif part is not None:
        members = [info for info in members if info.filename == f"{part}.npy"]
    for info in members:
        label = info.filename.removesuffix(".npy")
        try:
            with explained(content.name), archive.open(info) as stream:
                shape, _, dtype = _header(stream, f"{label} of {content.name}")
        except NotAnImageError as error:
            skipped.append(error.message)
            continue
        arrays.append((label, _Member(archive, info, shape, dtype)))
    if not arrays:
        if skipped:
            raise NotAnImageError(skipped[0])
        wanted = "" if part is None else f" called {printable(str(part))}"
        raise UnreadableError(f"{content.name} has no array{wanted}")
    return arrays, skipped


class _Member:
    """An array inside an `.npz`, read as a whole on its first use."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        info: zipfile.ZipInfo,
        shape: tuple[int, ...],
        dtype: np.dtype[np.generic],
    ) -> None:
        self._archive = archive
        self._info = info
        self._array: Pixels | None = None
        self.shape = shape
        self.dtype = dtype

    def __getitem__(self, index: object, /) -> Pixels:
        if self._array is None:
            with self._archive.open(self._info) as stream:
                self._array = npy_format.read_array(stream, allow_pickle=False)
        wanted: Any = index
        return np.asarray(self._array[wanted])


def _header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    try:
        version = npy_format.read_magic(stream)
        read = (
            npy_format.read_array_header_1_0
            if version == (1, 0)
            else npy_format.read_array_header_2_0
        )
        shape, fortran, dtype = read(stream)
    except ValueError as error:
        raise UnreadableError(f"{name} is damaged", printable(str(error))) from error
    if dtype.hasobject:
        raise NotAnImageError(
            f"{name} holds pickled objects, which are never opened", "they could run any program"
        )
    return shape, bool(fortran), dtype
