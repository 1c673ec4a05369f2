"""A Gaussian in one dimension through a line or a column, as IRAF's `j` and `k` fit it."""

from __future__ import annotations

import math
import warnings

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.imaging.cuts import Curve
from tuiview.imaging.frame import Frame
from tuiview.imaging.measure import MeasureError, floats

Floats = NDArray[np.float64]

_GAUSS = 2.0 * math.sqrt(2.0 * math.log(2.0))  # FWHM of a Gaussian in sigmas
_AVERAGED = 2  # lines to either side that are averaged: five in all, as IRAF's naverage
_HALF = 12  # pixels to either side that are fitted
_NEAR = 4  # pixels to either side among which the peak is sought


class LineFit(Struct, frozen=True, eq=False):
    """A Gaussian on a level background, fitted to the average of some lines or columns.

    Attributes:
        curve: The averaged values.
        center: In image pixels along the axis.
        fwhm: In pixels.
        peak: Above the background.
        background: For a pixel.
        rms: Of the residuals.
    """

    curve: Curve
    center: float
    fwhm: float
    peak: float
    background: float
    rms: float

    def at(self, x: Floats) -> Floats:
        """Its value at positions along the axis."""
        return np.asarray(
            self.background
            + self.peak * np.exp(-0.5 * ((x - self.center) * _GAUSS / self.fwhm) ** 2)
        )

    def lines(self) -> list[str]:
        """For reading."""
        return [
            self.curve.title,
            f"centre {self.center:.3f}  FWHM {self.fwhm:.3f} px  peak {self.peak:.6g}",
            f"background {self.background:.6g}  rms {self.rms:.3g}",
        ]


def line_fit(frame: Frame, x: float, y: float) -> LineFit:
    """A Gaussian along x through the average of five lines at a position.

    Raises:
        MeasureError: There is no image, too few values, or nothing that a Gaussian fits.
    """
    return _fit(frame, x, y, along_x=True)


def column_fit(frame: Frame, x: float, y: float) -> LineFit:
    """A Gaussian along y through the average of five columns at a position.

    Raises:
        MeasureError: There is no image, too few values, or nothing that a Gaussian fits.
    """
    return _fit(frame, x, y, along_x=False)


def _fit(frame: Frame, x: float, y: float, *, along_x: bool) -> LineFit:
    curve = _averaged(frame, x, y, along_x=along_x)
    good = np.isfinite(curve.y)
    where, values = curve.x[good], curve.y[good]
    if len(values) < 6:
        raise MeasureError("too few pixels here have a value")
    near = np.flatnonzero(np.abs(where - (x if along_x else y)) <= _NEAR + 0.5)
    if not len(near):
        raise MeasureError("too few pixels here have a value")
    top = near[int(np.argmax(values[near]))]
    level = float(np.median(values))
    height = float(values[top]) - level
    if not height > 0:
        raise MeasureError("nothing rises above the background here")
    above = np.count_nonzero(values[np.abs(where - where[top]) <= _HALF / 2] > level + height / 2)
    start = (0.0, math.log(max(1.0, float(above))), 1.0, 0.0)
    from scipy.optimize import least_squares

    def off(p: Floats) -> Floats:
        shape = np.exp(-0.5 * ((where - where[top] - p[0]) * _GAUSS / math.exp(p[1])) ** 2)
        return np.asarray(p[3] + p[2] * shape - (values - level) / height)

    low = [-2.0 * _NEAR, math.log(0.3), 0.0, -np.inf]
    high = [2.0 * _NEAR, math.log(4.0 * _HALF), np.inf, np.inf]
    found = least_squares(off, start, bounds=(low, high), max_nfev=200)
    center, width, peak, background = (float(v) for v in found.x)
    if not found.success or not 0.35 < math.exp(width) < 3.0 * _HALF or not peak > 0:
        raise MeasureError("no Gaussian fits here")
    return LineFit(
        curve,
        center=float(where[top]) + center,
        fwhm=math.exp(width),
        peak=peak * height,
        background=level + background * height,
        rms=float(np.sqrt(np.mean(found.fun**2))) * height,
    )


def _averaged(frame: Frame, x: float, y: float, *, along_x: bool) -> Curve:
    """The mean of the five lines (or columns) about a position, near it; NaN counts for nothing."""
    ny, nx = frame.shape
    col, row = math.floor(x + 0.5), math.floor(y + 0.5)
    if not (0 <= col < nx and 0 <= row < ny):
        raise MeasureError("there is no image at this position")
    reach = (_HALF, _AVERAGED) if along_x else (_AVERAGED, _HALF)
    x0, x1 = max(0, col - reach[0]), min(nx, col + reach[0] + 1)
    y0, y1 = max(0, row - reach[1]), min(ny, row + reach[1] + 1)
    data = floats(frame.read(x0, y0, x1, y1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row of nothing but NaN stays NaN
        values = np.nanmean(data, axis=0 if along_x else 1)
    name, axis = ("lines", "x") if along_x else ("columns", "y")
    first, end, begin = (y0, y1, x0) if along_x else (x0, x1, y0)
    title = f"Gaussian through {name} {first} to {end - 1}"
    where = np.arange(begin, begin + len(values), dtype=np.float64)
    return Curve(title, where, values, axis, frame.unit)
