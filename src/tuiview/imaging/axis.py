"""How the cells of a pane lie on the pixels of an image, along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SNAP = 1e-9


class Axis(Struct, frozen=True, eq=False):
    """How the cells of an output axis lie on the pixels of an image axis.

    Attributes:
        count: Cells of the output.
        first, last: The cells (half-open) that touch the image; the others are outside.
        start: `(last - first + 1,)` pixel in which each edge of these cells lies, or
            `(last - first,)` nearest pixel of each cell where `average` is false.
        part: The share of pixel `start` that lies before the edge; empty if not `average`.
        low, high: The pixels (half-open) that are touched.
        average: Whether cells are averages of pixels.
    """

    count: int
    first: int
    last: int
    start: NDArray[np.intp]
    part: Floats
    low: int
    high: int
    average: bool

    @property
    def cells(self) -> int:
        """Cells that touch the image."""
        return self.last - self.first

    def nearest(self) -> Axis:
        """The same cells, each standing for the one pixel in its middle."""
        if not self.average:
            return self
        edges = self.start + self.part
        start = np.floor((edges[:-1] + edges[1:]) / 2).astype(np.intp)
        return Axis(
            self.count, self.first, self.last, start, np.empty(0),
            int(start[0]), int(start[-1]) + 1, False,
        )  # fmt: skip


def plan_axis(low: float, high: float, count: int, size: int) -> Axis | None:
    """Lay `count` cells over `low`..`high` of an axis of `size` pixels.

    Args:
        low: Position of the first edge; pixel p reaches from p - 0.5 to p + 0.5.
        high: Position of the last edge.
        count: Cells wanted.
        size: Pixels of the axis.

    Returns:
        The plan, or None if no cell touches the image.
    """
    step = (high - low) / count
    if not step > 0 or size <= 0:
        return None
    if step <= 1 + _SNAP:
        centres = low + 0.5 + (np.arange(count) + 0.5) * step
        start = np.floor(centres + _SNAP).astype(np.intp)
        inside = np.flatnonzero((start >= 0) & (start < size))
        if inside.size == 0:
            return None
        first, last = int(inside[0]), int(inside[-1]) + 1
        start = start[first:last]
        return Axis(
            count, first, last, start, np.empty(0), int(start[0]), int(start[-1]) + 1, False
        )
    edges = np.clip(low + 0.5 + np.arange(count + 1) * step, 0.0, float(size))
    nearest = np.rint(edges)
    edges = np.where(np.abs(edges - nearest) < _SNAP * max(size, 1), nearest, edges)
    inside = np.flatnonzero(np.diff(edges) > 1e-6)
    if inside.size == 0:
        return None
    first, last = int(inside[0]), int(inside[-1]) + 1
    edges = edges[first : last + 1]
    start = np.floor(edges).astype(np.intp)
    part = edges - start
    return Axis(
        count, first, last, start, part, int(start[0]), int(start[-1]) + (part[-1] > 0), True
    )


def picked(window: NDArray[Any], rows: Axis, columns: Axis) -> NDArray[Any]:
    """The pixel of each cell where neither axis averages.

    Args:
        window: `(h, w, ...)` pixels that both axes touch.
        rows: The plan of the y axis.
        columns: The plan of the x axis.

    Returns:
        `(rows.cells, columns.cells, ...)`; the window itself if each cell has a pixel of its own.
    """
    for along, axis in enumerate((rows, columns)):
        if axis.cells != axis.high - axis.low:
            window = np.take(window, axis.start - axis.low, axis=along)
    return window
