"""Taps: values that are kept of whole rows while these are read for something else.

The threads of a reduction read different rows, so that they fill different parts of `kept`.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from tuiview.imaging.frame import Pixels
from tuiview.imaging.reduce import ReadRows

_NEAR = 16 << 10  # bytes between two rows that cost less to read than another call
_SPAN = 1 << 20  # bytes that are read at once


class Grid:
    """Values on a regular grid, `(h, w)` or `(h, w, channels)`.

    Args:
        shape: `(ny, nx)` of the image.
        channels: `()` or `(n,)`.
        stored: The type of the values.
        count: About how many to keep, at most.

    Attributes:
        kept: They, as stored.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        channels: tuple[int, ...],
        stored: np.dtype[np.generic],
        count: int,
    ) -> None:
        self.count = count
        step = max(1.0, math.sqrt(shape[0] * shape[1] / count))
        rows = _spread(shape[0], step, count)
        self._x = _spread(shape[1], step, max(1, count // len(rows)))
        self._y: list[int] = _spread(shape[0], step, max(1, count // len(self._x))).tolist()
        self.kept: Pixels = np.zeros((len(self._y), len(self._x), *channels), stored)

    def take(self, y0: int, stored: Pixels) -> None:
        """Keep what lies on the grid."""
        for row in range(bisect_left(self._y, y0), bisect_left(self._y, y0 + len(stored))):
            self.kept[row] = stored[self._y[row] - y0][self._x]

    def walk(self, read: ReadRows, row_bytes: int) -> None:
        """Read the rows of the grid, those that lie near each other at once."""
        near, most = _NEAR // row_bytes, max(1, _SPAN // row_bytes)
        first = last = self._y[0]
        for y in self._y[1:]:
            if y - last - 1 > near or y - first >= most:
                self.take(first, read(first, last + 1))
                first = y
            last = y
        self.take(first, read(first, last + 1))


class Stride:
    """Every n-th value of a gray image in the order of the file, as astropy's zscale takes them.

    Args:
        shape: `(ny, nx)` of the image.
        stored: The type of the values.
        count: How many to keep, at most.

    Attributes:
        kept: They, flat, as stored.
    """

    def __init__(self, shape: tuple[int, int], stored: np.dtype[np.generic], count: int) -> None:
        self._shape = shape
        size = shape[0] * shape[1]
        self._stride = int(max(1.0, size / count))
        self.kept: Pixels = np.zeros(min(count, -(-size // self._stride)), stored)

    def take(self, y0: int, stored: Pixels) -> None:
        """Keep what lies on the stride."""
        start = y0 * self._shape[1]
        first = -(-start // self._stride)
        found = stored.reshape(-1)[first * self._stride - start :: self._stride]
        self.kept[first : first + len(found)] = found[: max(0, len(self.kept) - first)]


def _spread(size: int, step: float, most: int) -> NDArray[np.intp]:
    """Positions along an axis, evenly spread, one in the middle of each step."""
    count = max(1, min(size, most, round(size / step)))
    return ((np.arange(count) + 0.5) * size / count).astype(np.intp)
