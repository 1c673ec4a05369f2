"""Peaks: where the crosshair goes next in what is in sight."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiview.imaging.frame import Box, Frame

_MOST = 200


def peaks_within(frame: Frame, box: Box, apart: float) -> list[tuple[float, float]]:
    """The local peaks in a part of a frame, the brightest first.

    Args:
        frame: The frame.
        box: The part, in image pixels.
        apart: Image pixels within which a fainter peak belongs to a brighter one: a saturated
            star has several.
    """
    from tuiview.imaging.measure import Stamp, floats, peaks

    ny, nx = frame.shape
    x0, y0 = max(0, math.ceil(box.x0)), max(0, math.ceil(box.y0))
    x1, y1 = min(nx, math.floor(box.x1) + 1), min(ny, math.floor(box.y1) + 1)
    piece = Stamp(floats(frame.read(x0, y0, x1, y1)), x0, y0)
    kept: list[tuple[float, float]] = []
    for x, y in (peak.center for peak in peaks(piece, _MOST)):
        if all(math.hypot(x - kx, y - ky) >= apart for kx, ky in kept):
            kept.append((x, y))
    return kept
