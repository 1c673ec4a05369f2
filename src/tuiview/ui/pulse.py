"""The pulse of the event loop: how late it comes to what is due, which is what a key waits for."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from itertools import accumulate

_BEAT = 0.02
_BIN = 1e-4


class Pulse:
    """Wakes up every 20 ms and takes down how much later than that it was.

    Times are kept in bins of 0.1 ms, so that hours take no more memory than minutes.
    """

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self.worst = 0.0
        """Seconds that the loop was late at most."""

    @property
    def count(self) -> int:
        """How often it was looked at."""
        return self._bins.total()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(_BEAT)
            self.add(time.perf_counter() - start - _BEAT)

    def add(self, late: float) -> None:
        """Take down one delay in seconds."""
        self._bins[max(0, int(late / _BIN))] += 1
        self.worst = max(self.worst, late)

    def percentile(self, percent: float) -> float:
        """The delay in seconds that `percent` of all did not exceed; 0 before the first."""
        if not self._bins:
            return 0.0
        bins = sorted(self._bins)
        wanted = math.ceil(self.count * percent / 100)
        sums = accumulate(self._bins[number] for number in bins)
        number = next(n for n, sum_ in zip(bins, sums, strict=True) if sum_ >= wanted)
        return min((number + 1) * _BIN, self.worst)
