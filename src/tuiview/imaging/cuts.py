"""Curves through pixels: lines, columns, profiles, spectra, histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from tuiview.imaging.contours import even_levels, segments
from tuiview.imaging.frame import Frame
from tuiview.imaging.measure import MeasureError, Stamp, floats, stamp

Floats = NDArray[np.float64]

_PIECE = 128  # points of a profile whose pixels are read together


class Curve(Struct, frozen=True, eq=False):
    """Values along a line through one or many frames.

    Attributes:
        title: What it shows.
        x: Along the axis; pixels, or what `x_label` says.
        y: Values, NaN where there is none.
        x_label, y_label: For the axes.
        mark: Where on the axis the crosshair is, if it is on it.
    """

    title: str
    x: Floats
    y: Floats
    x_label: str = "pixel"
    y_label: str = ""
    mark: float | None = None

    def lines(self) -> list[str]:
        """For reading: what it is and its range."""
        good = np.isfinite(self.y)
        if not good.any():
            return [self.title, "no value along it"]
        values = self.y[good]
        top = int(np.nanargmax(self.y))
        return [
            self.title,
            f"n {values.size}  min {values.min():.6g}  max {values.max():.6g}"
            f" at {self.x[top]:.6g}  mean {values.mean():.6g}",
        ]


def line_cut(frame: Frame, x: float, y: float, half: int | None = None) -> Curve:
    """The row through a position, all of it or `half` pixels to either side."""
    return _cut(frame, x, y, half, along_x=True)


def column_cut(frame: Frame, x: float, y: float, half: int | None = None) -> Curve:
    """The column through a position, all of it or `half` pixels to either side."""
    return _cut(frame, x, y, half, along_x=False)


def _cut(frame: Frame, x: float, y: float, half: int | None, *, along_x: bool) -> Curve:
    ny, nx = frame.shape
    col, row = math.floor(x + 0.5), math.floor(y + 0.5)
    if not (0 <= col < nx and 0 <= row < ny):
        raise MeasureError("there is no image at this position")
    at, length = (col, nx) if along_x else (row, ny)
    begin, end = (0, length) if half is None else (max(0, at - half), min(length, at + half + 1))
    window = (begin, row, end, row + 1) if along_x else (col, begin, col + 1, end)
    values = floats(frame.read(*window)).ravel()
    title = f"line {row}" if along_x else f"column {col}"
    axis = "x" if along_x else "y"
    where = np.arange(begin, end, dtype=np.float64)
    return Curve(title, where, values, axis, frame.unit, float(x if along_x else y))


def profile(frame: Frame, x0: float, y0: float, x1: float, y1: float) -> Curve:
    """Values along a straight line between two positions, a pixel apart, interpolated linearly.

    Points off the image, and those with a neighbour without a value, are NaN.
    """
    from scipy.ndimage import map_coordinates

    length = math.hypot(x1 - x0, y1 - y0)
    along = np.linspace(0.0, 1.0, max(2, math.ceil(length) + 1))
    xs, ys = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
    values = np.full(len(along), np.nan)
    ny, nx = frame.shape
    inside = (xs >= -0.5) & (xs < nx - 0.5) & (ys >= -0.5) & (ys < ny - 0.5)
    for start in range(0, len(along), _PIECE):  # a diagonal through a large image reads little
        chosen = np.flatnonzero(inside[start : start + _PIECE]) + start
        if not len(chosen):
            continue
        x, y = xs[chosen], ys[chosen]
        left, top = max(0, math.floor(x.min())), max(0, math.floor(y.min()))
        right, bottom = min(nx, math.floor(x.max()) + 2), min(ny, math.floor(y.max()) + 2)
        data = floats(frame.read(left, top, right, bottom))
        where = np.stack([y - top, x - left])
        values[chosen] = map_coordinates(data, where, order=1, mode="nearest")
    title = f"profile from {x0:.1f} {y0:.1f} to {x1:.1f} {y1:.1f}, {length:.1f} px"
    return Curve(title, along * length, values, "distance / px", frame.unit)


def spectrum(
    frames: Sequence[Frame],
    x: float,
    y: float,
    *,
    axis: Sequence[float] | None = None,
    label: str = "plane",
    current: int | None = None,
) -> Curve:
    """The value of one pixel through the planes of a cube.

    Args:
        frames: In order; those of another size give NaN.
        x: The position.
        y: The same.
        axis: The world value of each plane; their numbers from 0 if None.
        label: Of the axis with its unit.
        current: The plane that is shown.
    """
    col, row = math.floor(x + 0.5), math.floor(y + 0.5)
    values = np.full(len(frames), np.nan)
    for i, frame in enumerate(frames):
        if 0 <= col < frame.shape[1] and 0 <= row < frame.shape[0]:
            values[i] = floats(frame.read(col, row, col + 1, row + 1))[0, 0]
    where = np.arange(len(frames), dtype=np.float64) if axis is None else np.asarray(axis, float)
    mark = None if current is None else float(where[current])
    unit = frames[0].unit if frames else ""
    return Curve(f"spectrum at {col} {row}", where, values, label, unit, mark)


class Histogram(Struct, frozen=True, eq=False):
    """How often values occur.

    Attributes:
        edges: `(n + 1,)` of the bins.
        counts: `(n,)`.
        limits: The display's limits, drawn over it.
        outside: Values below and above the edges.
        unit: Of the values.
    """

    edges: Floats
    counts: NDArray[np.int64]
    limits: tuple[float, float] | None = None
    outside: tuple[int, int] = (0, 0)
    unit: str = ""

    def lines(self) -> list[str]:
        """For reading."""
        top = int(np.argmax(self.counts))
        words = [
            f"{int(self.counts.sum())} values from {self.edges[0]:.6g} to {self.edges[-1]:.6g}",
            f"most in {self.edges[top]:.6g} to {self.edges[top + 1]:.6g}: {self.counts[top]}",
        ]
        if any(self.outside):
            words.append(f"{self.outside[0]} below, {self.outside[1]} above")
        if self.limits is not None:
            words.append(f"limits {self.limits[0]:.6g} to {self.limits[1]:.6g}")
        return words


def histogram(
    values: NDArray[np.floating],
    limits: tuple[float, float] | None = None,
    *,
    bins: int = 128,
    unit: str = "",
) -> Histogram:
    """The histogram of values, over what the limits show and as much again to either side.

    Args:
        values: Of a sample or a piece of a frame; what is not finite is left out.
        limits: The display's; None takes all values.
        bins: Number of bins.
        unit: Of the values.

    Raises:
        MeasureError: No value is finite.
    """
    good = np.asarray(values, np.float64)
    good = good[np.isfinite(good)]
    if not good.size:
        raise MeasureError("no pixel here has a value")
    low, high = float(good.min()), float(good.max())
    if limits is not None:
        reach = limits[1] - limits[0]
        low, high = max(low, limits[0] - reach), min(high, limits[1] + reach)
    if not low < high:
        low, high = low - 0.5, low + 0.5
    counts, edges = np.histogram(good, bins, (low, high))
    outside = int((good < low).sum()), int((good > high).sum())
    return Histogram(edges, counts.astype(np.int64), limits, outside, unit)


class ContourMap(Struct, frozen=True, eq=False):
    """Contour lines about a position.

    Attributes:
        piece: The pixels.
        levels: Of the lines.
        pieces: For each level `(n, 4)` x0, y0, x1, y1 in image pixels.
        up: Whether larger y is shown higher.
    """

    piece: Stamp
    levels: Floats
    pieces: Sequence[Floats] = field(default_factory=tuple)
    up: bool = True

    def lines(self) -> list[str]:
        """For reading."""
        h, w = self.piece.data.shape
        step = self.levels[1] - self.levels[0] if len(self.levels) > 1 else math.nan
        return [
            f"x {self.piece.x0} to {self.piece.x0 + w - 1}"
            f"  y {self.piece.y0} to {self.piece.y0 + h - 1}",
            f"{len(self.levels)} levels from {self.levels[0]:.6g} to {self.levels[-1]:.6g}"
            f" every {step:.6g}",
        ]


def contours(frame: Frame, x: float, y: float, radius: float = 10.5, count: int = 8) -> ContourMap:
    """Contours of the pixels about a position, levels evenly between their extremes.

    Raises:
        MeasureError: No pixel has a value.
    """
    piece = stamp(frame, x, y, radius)
    good = piece.data[np.isfinite(piece.data)]
    if not good.size:
        raise MeasureError("no pixel here has a value")
    levels = even_levels(float(good.min()), float(good.max()), count)
    corner = np.array([piece.x0, piece.y0] * 2, np.float64)
    pieces = tuple(segments(piece.data, level) + corner for level in levels.tolist())
    return ContourMap(piece, levels, pieces, frame.origin == "lower")
