"""Where the pixels of an item come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray


class FileSource(Struct, frozen=True):
    """An image file on disk.

    Attributes:
        path: The file.
        part: One HDU (name or number), page or dataset of it; None means the whole file.
    """

    path: Path
    part: str | int | None = None

    @property
    def name(self) -> str:
        """The file's name, as it stands on disk."""
        return self.path.name


class BlobSource(Struct, frozen=True):
    """An encoded image that lies inside something else: a dataset of a shard, a table's cell.

    Attributes:
        name: What to call it in messages.
        fetch: Reads the encoded bytes; runs on a loader thread and may raise `UnreadableError`.
        origin: The file that the bytes come from, for the status line.
    """

    name: str
    fetch: Callable[[], bytes]
    origin: Path | None = None


class ArrayLike(Protocol):
    """What is sliced like an array and read piece by piece (h5py and zarr datasets)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its size along each axis."""
        ...

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of its values."""
        ...

    def __getitem__(self, index: object, /) -> NDArray[np.generic]: ...


class ArraySource(Struct, frozen=True):
    """A dataset that holds pixels as they are.

    Attributes:
        name: What to call it in messages.
        open: Returns the dataset; runs on a loader thread and may raise `UnreadableError`.
        origin: The file that holds it.
        attributes: What the file says of the dataset, shown as metadata.
        axes: What each axis means, from `"y"`, `"x"`, `"channel"`, `"frame"`; empty means guess.
    """

    name: str
    open: Callable[[], ArrayLike]
    origin: Path | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    axes: tuple[str, ...] = ()


class MissingSource(Struct, frozen=True):
    """An item that is listed but cannot be had; its words stand in the picture's place.

    Attributes:
        name: What to call it in messages.
        message: What is missing.
        hint: What to do about it.
    """

    name: str
    message: str
    hint: str = ""


class CompositeSource(Struct, frozen=True):
    """Several images of one thing, such as its bands, which are frames of one image.

    Attributes:
        name: What to call it in messages.
        parts: A label and a source for each.
    """

    name: str
    parts: tuple[tuple[str, FileSource | MissingSource], ...]


Source = FileSource | BlobSource | ArraySource | MissingSource | CompositeSource
