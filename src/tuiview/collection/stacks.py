"""Which datasets are pictures, and which are stacks of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from tuiview.source import Source

SMALLEST = 8
"""Pixels along the shorter side of what is taken for a picture."""

_STACK_OF_ITEMS = 32
_CUTOUT = 512

Stacks = Literal["auto", "items", "frames"]


class Shape(Struct, frozen=True):
    """How a dataset is looked at.

    Attributes:
        items: The lengths of its leading axes that number items; empty where it is one item.
        axes: What each of the other axes means, as `ArraySource.axes` says it.
    """

    items: tuple[int, ...]
    axes: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many items it holds."""
        return math.prod(self.items)


class Entry(Struct, frozen=True, eq=False):
    """A dataset in a tree of groups, as rows of a collection.

    Attributes:
        groups: The names of the groups that it lies in.
        name: Its own name.
        shape: How it is looked at.
        source: Makes the source of the item at an index of `shape.items`.
        labels: Values for each item, by name: what `--where` speaks of.
        names: A name for each item, where the file has them.
    """

    groups: tuple[str, ...]
    name: str
    shape: Shape
    source: Callable[[tuple[int, ...]], Source]
    labels: Mapping[str, NDArray[np.generic] | Sequence[object]] = field(default_factory=dict)
    names: Sequence[str] = ()

    @property
    def path(self) -> str:
        """Its path in the file."""
        return "/".join((*self.groups, self.name))


def shape_of(
    shape: Sequence[int],
    dtype: np.dtype[np.generic],
    *,
    stacks: Stacks = "auto",
    labelled: bool = False,
    scanned: bool = False,
    image: bool = False,
) -> Shape | None:
    """Tell whether an array is a picture or a stack, by its shape and type; None if neither.

    Three axes are a colour picture if the last has length 3 or 4 and the numbers have 8 or 16
    bits; four axes a stack of colour pictures if the last or the second does so. A stack is one
    item for each picture if there are labels for them, if it has four axes or more, or if it has
    at least 32 pictures of at most 512 pixels; else it is one item with frames.

    Args:
        shape: Lengths of the axes.
        dtype: Type of the values.
        stacks: `items` or `frames` overrule the choice.
        labelled: Whether another dataset has one value for each picture.
        scanned: Whether the leading axes are coordinates of a measurement (NXdata).
        image: Whether the file calls it an image, however small it is.
    """
    lengths = tuple(int(length) for length in shape)
    if dtype.kind not in "buif" or len(lengths) < 2 or 0 in lengths:
        return None
    colors = dtype.kind == "u" and dtype.itemsize <= 2
    picture: tuple[str, ...] = ("y", "x")
    sides = lengths[-2:]
    many_axes = len(lengths) >= 4
    colored = len(lengths) >= 3 and lengths[-1] in (3, 4) and (colors or many_axes or image)
    if colored or (many_axes and lengths[-1] == 1):
        picture, sides = ("y", "x", "channel"), lengths[-3:-1]
    elif many_axes and lengths[-3] in (1, 3):
        picture = ("channel", "y", "x")
    smallest = 2 if image else SMALLEST
    if min(sides) < smallest:
        return None
    leading = lengths[: len(lengths) - len(picture)]
    if not leading or math.prod(leading) == 1:
        return Shape((), ("frame",) * len(leading) + picture)
    if stacks == "auto":
        many = leading[0] >= _STACK_OF_ITEMS and max(sides) <= _CUTOUT
        stacks = "items" if not scanned and (labelled or many_axes or many) else "frames"
    if stacks == "frames":
        return Shape((), ("frame",) * len(leading) + picture)
    # Of several leading axes the first numbers items, the others planes of each.
    return Shape(leading[:1], ("frame",) * (len(leading) - 1) + picture)
