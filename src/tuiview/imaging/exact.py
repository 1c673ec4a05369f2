"""Exact extremes and percentiles of a frame of any size, in one pass and little memory.

A sample says between which two values a percentile lies. The pass counts what lies beyond them and
keeps what lies between, a few hundredths of the frame at most, so that the value of the wanted
rank is known to the last digit (Floyd and Rivest's selection).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import Cancelled, Poll, never
from tuiview.imaging.frame import Frame, Pixels
from tuiview.imaging.scaling import Limits, usable

Floats = NDArray[np.float64]
Compare = Callable[[Any, Any], NDArray[np.bool_]]

_READ_BYTES = 16 << 20  # at once, so that a tile is not decoded for every row of it
_SLICE = 1 << 18  # values that are compared at once, within the processor's cache
_SIGMAS = (6.0, 60.0)  # how far the two values lie from the sample's, in its own error


def by_rank(interval: str) -> bool:
    """Whether an interval is defined by all pixels; the others are of a sample by definition."""
    return interval == "minmax" or interval.endswith("%")


def exact_limits(
    frame: Frame, sample: Floats, interval: str, *, cancelled: Poll = never
) -> Limits | None:
    """The limits of `minmax` or of a percentile over all finite pixels of a frame.

    Args:
        frame: To go through.
        sample: Finite values of it, by which percentiles are looked for.
        interval: One of `INTERVALS`.
        cancelled: Asked between two reads.

    Returns:
        The limits, or None where the interval is of a sample by definition (zscale, visiomatic) or
        a percentile lies far from where the sample says.

    Raises:
        Cancelled: `cancelled()` became true.
    """
    if not sample.size or not by_rank(interval):
        return None
    if interval == "minmax":
        low, high, _ = _pass(frame, [], cancelled)
        return usable((low, high), (low, high))
    tail = (100.0 - float(interval.removesuffix("%"))) / 200.0
    ordered = np.sort(sample)
    for sigmas in _SIGMAS:
        tails = [
            _Tail.of(ordered, tail, sigmas, low=True),
            _Tail.of(ordered, tail, sigmas, low=False),
        ]
        low, high, count = _pass(frame, tails, cancelled)
        found = [end.quantile(tail, count) for end in tails]
        if found[0] is not None and found[1] is not None:
            return usable((found[0], found[1]), (low, high))
    return None


class _Tail:
    """One end of the values: how many lie beyond a bracket, and which lie in it.

    Args:
        outer: The bracket's end on the side of the extreme.
        inner: The other.
        beyond: `np.less` for the low end, `np.greater` for the high.
        reached: The same with equality.
    """

    def __init__(self, outer: float, inner: float, beyond: Compare, reached: Compare) -> None:
        self._outer, self._inner = outer, inner
        self._beyond, self._reached = beyond, reached
        self._before = self._outer_count = self._inner_count = 0
        self._kept: list[Pixels] = []

    @classmethod
    def of(cls, ordered: Floats, tail: float, sigmas: float, *, low: bool) -> _Tail:
        """A bracket about a percentile of sorted values."""
        n = len(ordered)
        reach = math.ceil(sigmas * math.sqrt(n * tail * (1.0 - tail))) + 2
        rank = tail * (n - 1)
        first, last = math.floor(rank) - reach, math.ceil(rank) + reach
        values = ordered if low else ordered[::-1]
        end = -math.inf if low else math.inf
        outer = float(values[first]) if first >= 0 else end
        inner = float(values[last]) if last < n else -end
        compare = (np.less, np.less_equal) if low else (np.greater, np.greater_equal)
        return cls(outer, inner, *compare)

    def add(self, values: Pixels) -> None:
        """Count finite values."""
        outer, inner = self._outer, self._inner
        if values.dtype.kind in "iu":
            outer, inner = _whole(outer, values.dtype), _whole(inner, values.dtype)
        some = values[self._reached(values, inner)]
        if not some.size:
            return
        # An open end holds no value, also where whole numbers have none that is beyond all others.
        past = (
            self._reached(some, outer) if math.isfinite(self._outer) else np.zeros(some.shape, bool)
        )
        near = some[~past]
        within = near[self._beyond(near, inner)] if math.isfinite(self._inner) else near
        before = int(np.count_nonzero(self._beyond(some[past], outer)))
        self._before += before
        self._outer_count += int(np.count_nonzero(past)) - before
        self._inner_count += len(near) - len(within)
        if within.size:
            self._kept.append(within)

    def quantile(self, tail: float, count: int) -> float | None:
        """The value with a part `tail` of `count` values beyond it, or None if it is not here."""
        rank = tail * (count - 1)
        whole = math.floor(rank)
        kept = np.concatenate(self._kept) if self._kept else np.empty(0)
        ordered = np.sort(kept)
        if self._beyond is np.greater:
            ordered = ordered[::-1]
        one = self._at(whole, ordered)
        two = self._at(min(whole + 1, count - 1), ordered)
        if one is None or two is None:
            return None
        return one + (rank - whole) * (two - one)

    def _at(self, rank: int, ordered: Pixels) -> float | None:
        """The value of a rank, counted from this end."""
        rank -= self._before
        if rank < 0:
            return None
        if rank < self._outer_count:
            return self._outer
        rank -= self._outer_count
        if rank < len(ordered):
            return float(ordered[rank])
        return self._inner if rank - len(ordered) < self._inner_count else None


def _pass(frame: Frame, tails: list[_Tail], cancelled: Poll) -> tuple[float, float, int]:
    """Go through a frame; the lowest and the highest finite value, and how many there are."""
    low, high, count = math.inf, -math.inf, 0
    for values in _finite(frame, cancelled):
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        count += values.size
        for tail in tails:
            tail.add(values)
    return low, high, count


def _finite(frame: Frame, cancelled: Poll) -> Iterator[Pixels]:
    """All finite values of a frame, flat, in pieces; none of them empty."""
    ny, nx = frame.shape
    row_bytes = max(1, nx * frame.dtype.itemsize * frame.channels)
    step = max(1, _READ_BYTES // row_bytes)
    for y in range(0, ny, step):
        if cancelled():
            raise Cancelled
        band = frame.read(0, y, nx, min(y + step, ny)).reshape(-1)
        for start in range(0, len(band), _SLICE):
            values = band[start : start + _SLICE]
            if not values.dtype.isnative:
                values = values.astype(values.dtype.newbyteorder("="))
            if values.dtype.kind == "f":
                # A minimum is NaN if any value is, and infinite only if one is.
                ends = values.min(), values.max()
                if not np.isfinite(ends).all():
                    values = values[np.isfinite(values)]
            if values.size:
                yield values


def _whole(value: float, dtype: np.dtype[Any]) -> int:
    """A value of a sample of integers as an integer, infinities as the type's extremes."""
    info = np.iinfo(dtype)
    if math.isinf(value):
        return int(info.max if value > 0 else info.min)
    return int(value)
