"""Reduction of arrays that lie in memory, against which readers are held."""

from __future__ import annotations

import numpy as np

from tuiview.imaging.axis import Floats, plan_axis
from tuiview.imaging.frame import Box, Pixels
from tuiview.imaging.reduce import reduce_rows


def reduce_array(data: Pixels, box: Box, size: tuple[int, int]) -> Floats:
    """Bring a box of an array `(ny, nx)` or `(ny, nx, channels)` to `size` = `(h, w)`.

    Returns:
        `(h, w)` or `(h, w, channels)` averages; NaN outside the array and where all is NaN.
    """
    ny, nx = data.shape[:2]
    rows = plan_axis(box.y0, box.y1, size[0], ny)
    columns = plan_axis(box.x0, box.x1, size[1], nx)
    out = np.full((*size, *data.shape[2:]), np.nan)
    if rows is not None and columns is not None:
        window = data[:, columns.low : columns.high]
        out[rows.first : rows.last, columns.first : columns.last] = reduce_rows(
            lambda y0, y1: window[y0:y1],
            rows,
            columns,
            stored=data.dtype,
            channels=data.shape[2:],
            row_bytes=window[:1].nbytes,
        )
    return out
