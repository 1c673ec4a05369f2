"""What is known of a frame's values: a sample, and the limits worked out so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from tuiview.errors import Poll
from tuiview.imaging.frame import Box, Frame

if TYPE_CHECKING:
    from tuiview.loading.stages import Limits, Stages

_WORTH_A_GUESS = 32 << 20  # bytes; all pixels of less are ranked about as fast as drawn


class Samples(Struct):
    """What is known of a frame's values, for its limits.

    Attributes:
        values: As `Frame.sample` gave them.
        limits: Those worked out so far, by interval.
    """

    values: NDArray[np.float64]
    limits: dict[str, Limits] = field(default_factory=dict)

    def between(
        self, frame: Frame, interval: str, stages: Stages, hurry: Poll, cancelled: Poll
    ) -> tuple[Limits, bool]:
        """The limits of the frame by an interval, and whether they are rough for the time being.

        Extremes and percentiles are of all pixels; while somebody waits for a large frame those of
        the sample come first.

        Args:
            frame: Whose values these are.
            interval: One of `imaging.display.INTERVALS`.
            stages: Work limits out.
            hurry: Whether somebody waits.
            cancelled: Polled while all pixels are gone through.

        Raises:
            Cancelled: `cancelled()` became true.
        """
        from tuiview.imaging.exact import by_rank

        if interval in self.limits:
            return self.limits[interval], False
        limits = stages.limits(frame, self.values, interval)
        ny, nx = frame.shape
        if by_rank(interval) and ny * nx * frame.channels > self.values.size:
            if frame.cost(Box.whole(frame.shape)) > _WORTH_A_GUESS and hurry():
                return limits, True
            limits = stages.exact(frame, self.values, interval, cancelled) or limits
        self.limits[interval] = limits
        return limits, False
