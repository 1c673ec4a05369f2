"""Peaks: where the crosshair goes next in what is in sight."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tuiview.errors import UsageError

if TYPE_CHECKING:
    from tuiview.imaging.frame import Box, Frame
    from tuiview.session.in_turn import InTurn

_MOST = 200


class Peaks:
    """The local peaks of what was in sight when the first was asked for, one after another.

    Args:
        turn: The searches of the frame that is shown.
        go_to: Puts the crosshair on an image position.
    """

    def __init__(self, turn: InTurn, go_to: Callable[[float, float], object]) -> None:
        self._turn = turn
        self._go_to = go_to
        self._found: list[tuple[float, float]] = []
        self._at = -1

    def forget(self) -> None:
        """Another item or frame is shown: it has peaks of its own."""
        self._found, self._at = [], -1

    def step(self, by: int, box: Box, apart: float) -> None:
        """Go so many peaks on, round and round; the brightest is the first.

        Args:
            by: How many; backwards where it is negative.
            box: What is in sight, in image pixels.
            apart: As `peaks_within` has it.
        """
        if self._found:
            self._go(by)
            return

        def find(frame: Frame) -> list[tuple[float, float]]:
            if not (peaks := peaks_within(frame, box, apart)):
                raise UsageError("no peak stands out here")
            return peaks

        def found(peaks: list[tuple[float, float]]) -> None:
            self._found, self._at = peaks, -1
            self._go(by)

        self._turn.search(find, found, "peaks")

    def _go(self, by: int) -> None:
        self._at = (self._at + by) % len(self._found)
        self._go_to(*self._found[self._at])


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
