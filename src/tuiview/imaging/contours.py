"""Contour lines by marching squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# For each of the 16 ways that the corners of a square can lie above a level (bit 0 lower left, 1
# lower right, 2 upper right, 3 upper left), the pairs of sides that lines join. Sides: 0 lower,
# 1 right, 2 upper, 3 left. The two saddles keep the high corners apart.
_JOINS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),),
    7: ((3, 2),), 8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),),
    13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip


def segments(data: Floats, level: float) -> Floats:
    """The lines of equal value as `(n, 4)` pieces x0, y0, x1, y1 in pixels of `data`.

    Pixel centres are at whole numbers; values are interpolated between them. Squares with NaN at a
    corner have no lines.

    Args:
        data: `(ny, nx)`.
        level: The value.
    """
    if min(data.shape) < 2:
        return np.empty((0, 4))
    corners = (data[:-1, :-1], data[:-1, 1:], data[1:, 1:], data[1:, :-1])
    case = np.zeros(corners[0].shape, np.uint8)
    good = np.ones(case.shape, bool)
    for bit, corner in enumerate(corners):
        case |= (corner > level).astype(np.uint8) << bit
        good &= np.isfinite(corner)
    case[~good] = 0
    pieces = []
    for kind, joins in _JOINS.items():
        y, x = np.nonzero(case == kind)
        if not len(x):
            continue
        low_left, low_right, up_right, up_left = (corner[y, x] for corner in corners)
        for ends in joins:
            piece = np.empty((len(x), 4))
            for i, side in enumerate(ends):
                if side in (0, 2):
                    a, b = (low_left, low_right) if side == 0 else (up_left, up_right)
                    piece[:, 2 * i] = x + (level - a) / (b - a)
                    piece[:, 2 * i + 1] = y + side // 2
                else:
                    a, b = (low_right, up_right) if side == 1 else (low_left, up_left)
                    piece[:, 2 * i] = x + (side == 1)
                    piece[:, 2 * i + 1] = y + (level - a) / (b - a)
            pieces.append(piece)
    return np.concatenate(pieces) if pieces else np.empty((0, 4))


def even_levels(low: float, high: float, count: int) -> Floats:
    """`count` levels between two values, as IRAF's contour chooses them: evenly, ends left out."""
    return np.linspace(low, high, count + 2)[1:-1]
