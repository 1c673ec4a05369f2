"""Datasets that hold pixels as they are: HDF5, Zarr and NumPy arrays and stacks of them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from tuiview.errors import NotAnImageError
from tuiview.imaging.frame import Card, Frame, Image, Pixels
from tuiview.imaging.readers.banded import BandedFrame
from tuiview.imaging.readers.failures import explained
from tuiview.imaging.readers.lazy import LazyFrames, unique
from tuiview.source import ArrayLike, ArraySource
from tuiview.text import printable

_KEPT_BYTES = 64 << 20
_COLORS = (3, 4)
_AXES = {"y", "x", "channel", "frame"}


def open_array(source: ArraySource) -> Image:
    """Open a dataset.

    Raises:
        NotAnImageError: It is not numbers in two or more dimensions.
        UnreadableError: It is gone or empty.
    """
    name = printable(source.name)
    with explained(name, "cannot be read"):
        array = source.open()
    cards = [Card(printable(str(key)), _shown(value)) for key, value in source.attributes.items()]
    return ArrayImage(
        "array", name, [("", array)], axes=source.axes, origin=source.origin, cards=cards
    )


class ArrayImage(Image):
    """One or several arrays, each a picture or a stack of them.

    Args:
        kind: What the content is.
        name: What to call it in messages.
        arrays: The arrays with their names; one alone needs none.
        axes: What each axis means, for all of them; empty means guess.
        origin: The file.
        cards: What the file says of it.
        skipped: Parts left out, in words.
        close: Called when the image is closed.

    Raises:
        NotAnImageError: None of them is a picture.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        arrays: Sequence[tuple[str, ArrayLike]],
        *,
        axes: tuple[str, ...] = (),
        origin: Path | None = None,
        cards: Sequence[Card] = (),
        facts: Mapping[str, object] | None = None,
        skipped: Sequence[str] = (),
        close: Callable[[], None] | None = None,
    ) -> None:
        self.kind = kind
        self._origin = origin
        self._facts = facts
        self._close = close
        left_out = list(skipped)
        layouts: list[tuple[str, ArrayLike, Layout]] = []
        reason: NotAnImageError | None = None
        for label, array in arrays:
            try:
                layouts.append((label, array, layout_of(label or name, array, axes)))
            except NotAnImageError as error:
                reason = error
                left_out.append(error.message)
        if not layouts:
            raise reason or NotAnImageError(f"{name} holds no arrays")
        names: list[str] = []
        places: list[tuple[int, int]] = []
        for number, (label, _, layout) in enumerate(layouts):
            for plane in range(layout.count):
                words_of_plane = layout.plane_name(plane)
                names.append(f"{printable(label)} {words_of_plane}".strip() or "image")
                places.append((number, plane))

        def build(index: int) -> Frame:
            number, plane = places[index]
            _, array, layout = layouts[number]
            return ArrayFrame(name, array, layout, plane, cards)

        self._lazy = LazyFrames(unique(names), build)
        self.frames = self._lazy
        self.skipped = tuple(left_out)

    @property
    def names(self) -> Sequence[str]:
        """The names of the frames in order."""
        return self._lazy.names

    @property
    def held(self) -> int:
        """Bytes of planes kept in memory."""
        return sum(frame.held for frame in self._lazy.built if isinstance(frame, ArrayFrame))

    def facts(self) -> Mapping[str, object]:
        """The file that holds it."""
        if self._facts is not None:
            return self._facts
        return {} if self._origin is None else {"path": printable(str(self._origin))}

    def close(self) -> None:
        """Let go of the arrays; who opened a dataset closes its file."""
        if self._close is not None:
            self._close()


class Layout:
    """Which axis of an array is which.

    Attributes:
        y, x: Their indices.
        channel: The index of the colour axis, or None.
        frames: The indices of the axes that count planes.
        split: Whether each channel is a plane of its own.
    """

    def __init__(self, shape: tuple[int, ...], axes: Sequence[str], color: bool) -> None:
        self.shape = shape
        self.y = axes.index("y")
        self.x = axes.index("x")
        channel = axes.index("channel") if "channel" in axes else None
        frames = [index for index, axis in enumerate(axes) if axis == "frame"]
        if channel is not None and not (color and shape[channel] in _COLORS):
            frames.append(channel)
            channel = None
        self.channel = channel
        self.frames = tuple(frames)
        self.count = math.prod(shape[index] for index in frames)

    def plane_name(self, plane: int) -> str:
        """`plane 3` or `plane 2,3`, counted from 1; empty where there is one."""
        if self.count == 1:
            return ""
        return "plane " + ",".join(
            str(place + 1)
            for place, index in zip(self.place(plane), self.frames, strict=True)
            if self.shape[index] > 1
        )

    def place(self, plane: int) -> list[int]:
        """The index along each axis of `frames`."""
        places = []
        for index in reversed(self.frames):
            plane, place = divmod(plane, self.shape[index])
            places.append(place)
        return places[::-1]


def layout_of(name: str, array: ArrayLike, axes: Sequence[str] = ()) -> Layout:
    """Tell the axes of an array by what its maker says, else by its shape.

    Three axes are a colour picture where the last has length 3 or 4 and the numbers are 8 or 16
    bits wide, else a stack of planes.

    Raises:
        NotAnImageError: It is not numbers in two or more dimensions, or is empty.
    """
    name = printable(name)
    try:
        shape, dtype = tuple(array.shape), np.dtype(array.dtype)
    except TypeError:
        raise NotAnImageError(f"{name} is not an array of numbers") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        what = {"c": "complex numbers", "S": "text", "U": "text", "O": "objects", "V": "records"}
        raise NotAnImageError(f"{name} holds {what.get(dtype.kind, str(dtype))}, not pixels")
    if len(shape) < 2:
        size = f"{shape[0]} numbers in a row" if shape else "a single number"
        raise NotAnImageError(f"{name} holds {size} and no image")
    if 0 in shape:
        raise NotAnImageError(f"{name} is empty: its shape is {' x '.join(map(str, shape))}")
    color = dtype.kind == "u" and dtype.itemsize <= 2
    if axes and len(axes) == len(shape) and {"y", "x"} <= set(axes) <= _AXES:
        return Layout(shape, axes, color)
    if color and len(shape) >= 3 and shape[-1] in _COLORS:
        return Layout(shape, [*["frame"] * (len(shape) - 3), "y", "x", "channel"], True)
    return Layout(shape, [*["frame"] * (len(shape) - 2), "y", "x"], color)


class ArrayFrame(BandedFrame):
    """One plane of an array; one of moderate size is read once and kept."""

    origin = "upper"

    def __init__(
        self, title: str, array: ArrayLike, layout: Layout, plane: int, cards: Sequence[Card]
    ) -> None:
        self._title = title
        self._array = array
        self._layout = layout
        self._plane = plane
        self._cards = cards
        self._lock = threading.Lock()
        self._kept: Pixels | None = None
        dtype = np.dtype(array.dtype)
        self.stored = np.dtype(np.uint8) if dtype.kind == "b" else dtype
        self.dtype = self.stored.newbyteorder("=")
        self.shape = (layout.shape[layout.y], layout.shape[layout.x])
        self.channels = 3 if layout.channel is not None else 1
        in_memory = isinstance(array, np.ndarray)
        size = self.shape[0] * self.shape[1] * self.stored.itemsize * self.channels
        self._keep = not in_memory and size <= _KEPT_BYTES
        self.sequential = not in_memory  # HDF5 and Zarr decompress behind one lock
        self.apart = in_memory

    @property
    def held(self) -> int:
        """Bytes of the plane if it is kept."""
        return 0 if self._kept is None else self._kept.nbytes

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Pixels of a window."""
        if not self._keep:
            return self._slice(x0, x1, y0, y1)
        with self._lock:
            if self._kept is None:
                self._kept = self._slice(0, self.shape[1], 0, self.shape[0])
        return self._kept[y0:y1, x0:x1]

    def cards(self) -> Sequence[Card]:
        """The dataset's attributes."""
        return self._cards

    def _slice(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        layout = self._layout
        index: list[int | slice] = [slice(None)] * len(layout.shape)
        for axis, place in zip(layout.frames, layout.place(self._plane), strict=True):
            index[axis] = place
        index[layout.y], index[layout.x] = slice(y0, y1), slice(x0, x1)
        if layout.channel is not None:
            index[layout.channel] = slice(0, 3)
        with explained(self._title, "cannot be read"):
            data = np.asarray(self._array[tuple(index)])
        # Integer indices drop their axes; what is left keeps its order.
        left = [axis for axis in range(len(layout.shape)) if not isinstance(index[axis], int)]
        wanted = [layout.y, layout.x] + ([] if layout.channel is None else [layout.channel])
        data = data.transpose([left.index(axis) for axis in wanted])
        return data.view(np.uint8) if data.dtype == np.bool_ else data


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return printable(value.decode("utf-8", "replace"))
    if isinstance(value, bool | int | float):
        return value
    return printable(str(value))[:500]
