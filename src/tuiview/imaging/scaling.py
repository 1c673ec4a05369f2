"""From data values to levels: intervals, stretches, and the table that joins them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.errors import UsageError
from tuiview.imaging.display import INTERVALS, STRETCHES, Display

LEVELS = 240
"""Steps of a colour map in a picture; the rest of a palette is for NaN, background and overlay."""
NAN_LEVEL = LEVELS
"""What stands in `Tone.levels` for a pixel without a value."""

Limits = tuple[float, float]
Values = NDArray[np.floating]

_ENTRIES = 65536  # entry 0 is NaN's, 1 to 65535 run from the low limit to the high
_STEPS = _ENTRIES - 2
_PIECE = 1 << 16  # values that are scaled at once: what they become on the way stays in the cache
_MOST = 3e38  # nearly the largest float32
_TAIL = (
    0.001  # of the ranks at either end that equalisation may lump together: a quarter of a level
)

_FORMULAS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "linear": lambda x: x,
    "log": lambda x: np.log(1000.0 * x + 1.0) / np.log(1000.0),
    "sqrt": np.sqrt,
    "squared": np.square,
    "pow": lambda x: (np.power(1000.0, x) - 1.0) / 1000.0,
    "asinh": lambda x: np.arcsinh(10.0 * x) / 3.0,
    "sinh": lambda x: np.sinh(3.0 * x) / 10.0,
}


def limits(sample: Values, zscale_sample: NDArray[Any], interval: str) -> Limits:
    """The limits `(low, high)` of an interval, low < high always.

    Percentiles are central, as DS9's and `astropy.visualization.PercentileInterval`'s: `99%` leaves
    out half a percent at either end. Where an interval is empty although the data are not constant
    (a map that is nearly all zero), the extremes of the sample take its place. Constant data `v`
    get limits evenly around `v`, no data `(0, 1)`.

    Args:
        sample: Values of the frame, flat; what is not finite is left out.
        zscale_sample: The about 1000 values that zscale looks at, in the frame's own order and
            type: astropy rounds in it too.
        interval: One of `INTERVALS`.

    Raises:
        UsageError: There is no interval of that name.
    """
    sample = sample[np.isfinite(sample)]
    if interval not in INTERVALS:
        raise UsageError(f"no interval is called {interval!r}", "one of " + ", ".join(INTERVALS))
    if not sample.size:
        return 0.0, 1.0
    extremes = float(sample.min()), float(sample.max())
    if interval == "zscale":
        low, high = zscale(zscale_sample if zscale_sample.size else sample)
    elif interval == "minmax":
        low, high = extremes
    elif interval == "visiomatic":
        low, high = visiomatic(sample)
    else:
        low, high = percentiles(sample, float(interval.removesuffix("%")))
    return usable((low, high), extremes)


def usable(between: Limits, extremes: Limits) -> Limits:
    """Limits with low < high: those given, else the extremes, else some way about the one value."""
    for low, high in (between, extremes):
        if low < high:
            return low, high
    low = extremes[0]
    around = max(0.5, abs(low) * 1e-3)
    return low - around, low + around


def percentiles(sample: Values, percent: float) -> Limits:
    """The central `percent` of the values."""
    tail = (100.0 - percent) / 2.0
    low, high = np.percentile(sample, (tail, 100.0 - tail))
    return float(low), float(high)


def zscale(values: NDArray[Any], contrast: float = 0.25, samples: int = 1000) -> Limits:
    """IRAF's zscale, with the parameters and to the last digit of astropy's `ZScaleInterval()`.

    A line is fitted to the sorted values, values more than 2.5 sigma off it and their neighbours
    are rejected, up to five times; its slope over the contrast gives the limits about the median.

    Args:
        values: Flat; not finite ones are left out. Every n-th is taken if there are many.
        contrast: Between 0 and 1: the smaller, the wider the limits.
        samples: How many values to look at.
    """
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    stride = int(max(1.0, values.size / samples))
    ordered = np.sort(values[::stride][:samples])
    count = len(ordered)
    least = max(5, count // 2)
    rank = np.arange(count)
    rejected = np.zeros(count, bool)
    neighbours = np.ones(max(1, int(count * 0.01)), bool)
    kept, before, slope = count, count + 1, 0.0
    for _ in range(5):
        if kept >= before or kept < least:
            break
        line = np.polyfit(rank, ordered, deg=1, w=(~rejected).astype(int))
        off = ordered - np.polyval(line, rank)
        threshold = 2.5 * off[~rejected].std()
        rejected[(off < -threshold) | (off > threshold)] = True
        rejected = np.convolve(rejected, neighbours, mode="same")
        before, kept = kept, int(np.count_nonzero(~rejected))
        slope = line[0]
    low, high = ordered[0], ordered[-1]
    if kept >= least:
        slope = slope / contrast if contrast > 0 else slope
        middle = (count - 1) // 2
        median = ordered[middle : count // 2 + 1].mean()  # numpy's own would import numpy.ma
        low = max(low, median - (middle - 1) * slope)
        high = min(high, median + (count - middle) * slope)
    return float(low), float(high)


def visiomatic(sample: Values) -> Limits:
    """VisiOmatic's automatic cuts: 2 deviations below the background to 400 above it.

    The background is SExtractor's mode, 3.5 median - 2.5 mean, and the deviation the median
    absolute one, both after one clip at 3 deviations.
    """
    median = np.median(sample)
    off = np.abs(sample - median)
    kept = sample[off <= 3.0 * np.median(off)]
    median = np.median(kept)
    deviation = float(np.median(np.abs(kept - median)))
    background = float(3.5 * median - 2.5 * np.mean(kept))
    return background - 2.0 * deviation, background + 400.0 * deviation


def stretched(x: NDArray[np.float64], stretch: str) -> NDArray[np.float64]:
    """DS9's stretch of values from 0 to 1, clipped to 0 to 1.

    log is log(1000 x + 1) / log(1000), pow (1000^x - 1) / 1000, asinh asinh(10 x) / 3 and sinh
    sinh(3 x) / 10. astropy divides by log(1001), 999, asinh(10) and sinh(3) instead, which differs
    by less than one of 256 gray levels. `histeq` is linear here: its table comes from the data.

    Raises:
        UsageError: There is no stretch of that name.
    """
    if stretch not in STRETCHES:
        raise UsageError(f"no stretch is called {stretch!r}", "one of " + ", ".join(STRETCHES))
    formula = _FORMULAS.get(stretch, _FORMULAS["linear"])
    return np.clip(formula(np.clip(x, 0.0, 1.0)), 0.0, 1.0)


def adjusted(
    y: NDArray[np.float64], contrast: float = 1.0, bias: float = 0.5, gamma: float = 1.0
) -> NDArray[np.float64]:
    """Contrast and bias as DS9 moves its colour bar, `(y - bias) * contrast + 0.5`, then gamma.

    A gamma above 1 brightens, `y ** (1 / gamma)`, as a monitor's or VisiOmatic's does.
    """
    if contrast != 1.0 or bias != 0.5:
        y = np.clip((y - bias) * contrast + 0.5, 0.0, 1.0)
    return y if gamma == 1.0 else y ** (1.0 / gamma)


class Tone(Struct, frozen=True, eq=False):
    """How values become levels.

    Attributes:
        low, high: The limits of the table.
        table: `(65536,)` uint8 levels; entry 0 is for NaN.
        knots: For data that a table of equal steps cannot resolve, `(values, levels)` to
            interpolate between; None where the table is enough.
    """

    low: float
    high: float
    table: NDArray[np.uint8]
    knots: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def levels(self, data: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Levels 0 to `LEVELS - 1` of float data of any shape; `NAN_LEVEL` for NaN."""
        if self.knots is not None:
            level = np.rint(np.interp(data, *self.knots))
            level[np.isnan(data)] = NAN_LEVEL
            return level.astype(np.uint8)
        found = np.empty(data.size, np.uint8)
        flat = data.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, flat.size, _PIECE):
                self._look_up(flat[start : start + _PIECE], found[start : start + _PIECE])
        return found.reshape(data.shape)

    def _look_up(self, data: NDArray[np.float32], found: NDArray[np.uint8]) -> None:
        """Put the levels of a piece of data into `found`."""
        scaled = np.subtract(data, np.float32(self.low))
        # Of a range of subnormal numbers the quotient has no float32.
        scaled *= np.float32(min(_STEPS / (self.high - self.low), _MOST))
        scaled += np.float32(1.5)
        np.clip(scaled, 1.0, _ENTRIES - 1.0, out=scaled)
        # Clipping keeps NaN, and a sum has one if any value has.
        if np.isnan(scaled.sum()):
            np.nan_to_num(scaled, copy=False, nan=0.0)
        np.take(self.table, scaled.astype(np.intp), mode="clip", out=found)


def tone(display: Display, limits: Limits, sample: Values | None = None) -> Tone:
    """How `display` turns values into levels between `limits`.

    Args:
        display: Its stretch, contrast, bias and gamma count here.
        limits: `(low, high)` in data units.
        sample: Values of the frame, for the stretch `histeq`; without it that is linear.
    """
    low, high = limits
    if not low < high:
        high = float(np.nextafter(np.float32(low), np.float32(np.inf)))
    if display.stretch == "histeq" and sample is not None:
        return _equalised(display, (low, high), sample)
    table = _table(display.stretch, display.contrast, display.bias, display.gamma)
    return Tone(low, high, table)


@lru_cache(maxsize=64)
def _table(stretch: str, contrast: float, bias: float, gamma: float) -> NDArray[np.uint8]:
    x = np.arange(_STEPS + 1) / _STEPS
    return _entries(adjusted(stretched(x, stretch), contrast, bias, gamma))


def _entries(y: NDArray[np.float64]) -> NDArray[np.uint8]:
    table = np.empty(_ENTRIES, np.uint8)
    table[0] = NAN_LEVEL
    table[1:] = np.rint(y * (LEVELS - 1))
    table.flags.writeable = False
    return table


def _equalised(display: Display, limits: Limits, sample: Values) -> Tone:
    """Each value gets its rank among the sample's values within the limits.

    The lowest value has rank 0 and the highest 1, and equal values share the rank of the first, so
    that a map that is mostly zero stays dark. Ranks instead of the counts of equal bins keep their
    steps however far a few hot pixels lie off.
    """
    settings = (display.contrast, display.bias, display.gamma)
    ordered = np.sort(np.clip(sample[np.isfinite(sample)], *limits).astype(np.float64))
    values, first = np.unique(ordered, return_index=True)
    if len(values) < 2:
        return Tone(*limits, _table("linear", *settings))
    ranks = first / first[-1]
    some = np.unique(np.searchsorted(ranks, np.linspace(0.0, 1.0, 8 * LEVELS)))
    values, ranks = values[some], ranks[some]
    low, high = (float(end) for end in np.interp((_TAIL, 1.0 - _TAIL), ranks, values))
    within = values[(values >= low) & (values <= high)]
    if np.diff(within).min(initial=np.inf) < 2.0 * (high - low) / _STEPS or not low < high:
        knots = values, adjusted(ranks, *settings) * (LEVELS - 1)
        return Tone(*limits, _table("linear", *settings), knots)
    y = np.interp(np.linspace(low, high, _STEPS + 1), values, ranks)
    return Tone(low, high, _entries(adjusted(y, *settings)))
