"""Milestones of the start: how long after the process began the program got how far."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

STARTED, IMPORTED = "program runs", "modules imported"
PAINTED, PICTURED = "first paint", "first picture"


class Milestones:
    """Takes down when each was reached for the first time.

    Args:
        clock: Seconds since the process began; by default the real one.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or _clock()
        self.reached: dict[str, float] = {}
        """Seconds since the process began, in the order in which they were reached."""

    def reach(self, milestone: str) -> None:
        """It is reached now, if it was not before."""
        if milestone not in self.reached:
            self.reached[milestone] = self._clock()


def _clock() -> Callable[[], float]:
    """Seconds since the process began, to a tick of the kernel's clock, 10 ms.

    Where there is no /proc to tell, since now.
    """
    began = time.monotonic()
    try:
        # Its name in brackets may have blanks; field 22 of proc(5) is the start in ticks after boot
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        age = 0.0
    return lambda: age + time.monotonic() - began
