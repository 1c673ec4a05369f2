"""Measurements at a position of a frame, after IRAF's imexamine: values, statistics, photometry."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.errors import TuiviewError
from tuiview.imaging.frame import Frame, Pixels

Floats = NDArray[np.float64]

ZERO_POINT = 25.0
"""The magnitude of a flux of 1, as in IRAF's imexamine."""


class MeasureError(TuiviewError):
    """There is nothing to measure: off the image, no finite pixel, no source."""


class Stamp(Struct, frozen=True, eq=False):
    """A piece of a frame as numbers.

    Attributes:
        data: `(h, w)` float64, NaN where there is no value; colour counts by its mean.
        x0, y0: The image position of the first pixel's centre.
    """

    data: Floats
    x0: int
    y0: int

    def positions(self) -> tuple[Floats, Floats]:
        """Image positions `(x, y)` of all pixels, `(1, w)` and `(h, 1)`."""
        h, w = self.data.shape
        x = np.arange(self.x0, self.x0 + w, dtype=np.float64)
        y = np.arange(self.y0, self.y0 + h, dtype=np.float64)
        return x[None], y[:, None]


def stamp(frame: Frame, x: float, y: float, radius: float) -> Stamp:
    """The pixels within `radius` of a position along both axes, cut at the edges of the frame.

    Raises:
        MeasureError: All of it lies off the image.
    """
    ny, nx = frame.shape
    x0, x1 = max(0, math.ceil(x - radius)), min(nx, math.floor(x + radius) + 1)
    y0, y1 = max(0, math.ceil(y - radius)), min(ny, math.floor(y + radius) + 1)
    if x0 >= x1 or y0 >= y1:
        raise MeasureError("there is no image at this position")
    return Stamp(floats(frame.read(x0, y0, x1, y1)), x0, y0)


def floats(pixels: Pixels) -> Floats:
    """Native pixels as float64, NaN and infinities as NaN, colour by its mean."""
    data = np.array(pixels, np.float64)
    if data.ndim == 3:
        data = data.mean(axis=2)
    data[~np.isfinite(data)] = np.nan
    return data


class Statistics(Struct, frozen=True):
    """What `statistics` found. `clipped_*` are after clipping at 3 sigma about the median."""

    n: int
    missing: int
    mean: float
    median: float
    std: float
    minimum: float
    maximum: float
    clipped_mean: float
    clipped_median: float
    clipped_std: float
    clipped_n: int

    def lines(self) -> list[str]:
        """For reading."""
        return [
            f"pixels {self.n}" + (f", {self.missing} without a value" if self.missing else ""),
            f"mean {self.mean:.6g}  median {self.median:.6g}  std {self.std:.6g}",
            f"min {self.minimum:.6g}  max {self.maximum:.6g}",
            f"clipped: mean {self.clipped_mean:.6g}  median {self.clipped_median:.6g}"
            f"  std {self.clipped_std:.6g}  n {self.clipped_n}",
        ]


def statistics(data: NDArray[np.floating]) -> Statistics:
    """Statistics of all finite values.

    Raises:
        MeasureError: There are none.
    """
    values = np.asarray(data, np.float64)
    good = values[np.isfinite(values)]
    if not good.size:
        raise MeasureError("no pixel here has a value")
    kept = clipped(good)
    return Statistics(
        n=int(good.size),
        missing=int(values.size - good.size),
        mean=float(good.mean()),
        median=float(np.median(good)),
        std=float(good.std()),
        minimum=float(good.min()),
        maximum=float(good.max()),
        clipped_mean=float(kept.mean()),
        clipped_median=float(np.median(kept)),
        clipped_std=float(kept.std()),
        clipped_n=int(kept.size),
    )


def clipped(values: Floats, sigma: float = 3.0, rounds: int = 5) -> Floats:
    """Values within `sigma` standard deviations of the median, again until none is left out."""
    for _ in range(rounds):
        kept = values[np.abs(values - np.median(values)) <= sigma * values.std()]
        if kept.size in (0, values.size):
            break
        values = kept
    return values


def centroid(frame: Frame, x: float, y: float, radius: float = 5.0) -> tuple[float, float]:
    """The sub-pixel centre of the source at a position.

    It is the centre of mass of what lies above the background (the median of the outermost ring),
    in a circle that follows it until it rests.

    Raises:
        MeasureError: Nothing rises above the background here.
    """
    start = x, y
    for _ in range(20):
        piece = stamp(frame, x, y, radius + 2)
        px, py = piece.positions()
        distance = np.hypot(px - x, py - y)
        ring = piece.data[(distance > radius) & np.isfinite(piece.data)]
        inside = (distance <= radius) & np.isfinite(piece.data)
        if not inside.any():
            raise MeasureError("no pixel here has a value")
        level = float(np.median(ring)) if ring.size else float(np.nanmin(piece.data))
        noise = float(clipped(ring).std()) if ring.size else 0.0
        # Only what stands out of the noise: else the centre drifts to the middle of the circle.
        weight = np.where(inside, piece.data - level - noise, 0.0).clip(min=0.0)
        total = float(weight.sum())
        if total <= 0:
            raise MeasureError("nothing rises above the background here")
        cx, cy = float((weight * px).sum() / total), float((weight * py).sum() / total)
        moved = math.hypot(cx - x, cy - y)
        x, y = cx, cy
        if math.hypot(x - start[0], y - start[1]) > 3 * radius:
            raise MeasureError("no source here: its centre runs away from the crosshair")
        if moved < 1e-3:
            break
    return x, y


def circle_overlap(x: Floats, y: Floats, radius: float) -> Floats:
    """The area of each pixel that a circle about (0, 0) covers, exactly.

    Args:
        x: Positions of the pixels' centres relative to the circle's.
        y: The same; the shapes broadcast.
        radius: Of the circle, in pixels.
    """
    low_x, high_x, low_y, high_y = x - 0.5, x + 0.5, y - 0.5, y + 0.5
    return np.asarray(
        _area_below(high_x, high_y, radius) - _area_below(low_x, high_y, radius)
        - _area_below(high_x, low_y, radius) + _area_below(low_x, low_y, radius)
    ).clip(0.0, 1.0)  # fmt: skip


def _area_below(x: Floats, y: Floats, radius: float) -> Floats:
    """The area of the part of a disk about (0, 0) that lies left of `x` and below `y`."""
    x, y = np.clip(x, -radius, radius), np.clip(y, -radius, radius)

    def primitive(t: Floats) -> Floats:
        """The integral of sqrt(r^2 - t^2)."""
        root = np.sqrt(np.maximum(radius**2 - t**2, 0.0))
        return np.asarray((t * root + radius**2 * np.arcsin(t / radius)) / 2.0)

    # Between -c and c the line y cuts the disk; outside, a column is wholly above or below it.
    c = np.sqrt(np.maximum(radius**2 - y**2, 0.0))
    cut = np.clip(x, -c, c)
    arc = primitive(cut) - primitive(-c)
    below = arc + y * (cut + c)
    whole = 2.0 * (primitive(x) + np.pi * radius**2 / 4.0)
    return np.where(y < 0, below, whole - (arc - y * (cut + c)))


class Photometry(Struct, frozen=True):
    """What `aperture_photometry` found.

    Attributes:
        x, y: The centre.
        radius, inner, outer: Of the aperture and of the annulus, in pixels.
        total: The sum in the aperture, background and all.
        area: Pixels in the aperture that have a value, in parts.
        background: The clipped median of the annulus, for a pixel; NaN without one.
        background_std: Its clipped standard deviation.
        background_n: Pixels it comes from.
        flux: `total` less the background.
        error: Of the flux, from the scatter of the background alone.
        magnitude: -2.5 log10(flux) + 25; NaN for a flux that is not above 0.
        missing: The area of the aperture without a value or off the image.
    """

    x: float
    y: float
    radius: float
    inner: float
    outer: float
    total: float
    area: float
    background: float
    background_std: float
    background_n: int
    flux: float
    error: float
    magnitude: float
    missing: float

    def lines(self) -> list[str]:
        """For reading."""
        words = [
            f"centre {self.x:.2f} {self.y:.2f}  aperture {self.radius:g} px"
            f"  annulus {self.inner:g} to {self.outer:g} px",
            f"flux {self.flux:.6g} ± {self.error:.3g}  magnitude {self.magnitude:.3f}"
            f" (zero point {ZERO_POINT:g})",
            f"background {self.background:.6g} ± {self.background_std:.3g} a pixel"
            f" (n {self.background_n})  sum {self.total:.6g} in {self.area:.2f} px",
        ]
        if self.missing > 1e-6:
            words.append(f"{self.missing:.2f} px of the aperture have no value")
        return words


def aperture_photometry(
    frame: Frame,
    x: float,
    y: float,
    radius: float = 5.0,
    inner: float = 10.0,
    outer: float = 15.0,
    *,
    recentre: bool = False,
) -> Photometry:
    """The flux in a circle, pixels at its edge counted with the part inside.

    Args:
        frame: To measure.
        x: The centre, or near it.
        y: The same.
        radius: Of the aperture, in pixels.
        inner: Of the background annulus; pixels whose centres lie in it count whole.
        outer: The same.
        recentre: Go to the centroid first.

    Raises:
        MeasureError: The aperture lies off the image, or has no pixel with a value.
    """
    if recentre:
        x, y = centroid(frame, x, y, radius)
    piece = stamp(frame, x, y, max(radius, outer) + 1)
    px, py = piece.positions()
    good = np.isfinite(piece.data)
    weight = np.where(good, circle_overlap(px - x, py - y, radius), 0.0)
    area = float(weight.sum())
    if area <= 0:
        raise MeasureError("no pixel of the aperture has a value")
    total = float((weight * np.where(good, piece.data, 0.0)).sum())
    distance = np.hypot(px - x, py - y)
    ring = piece.data[good & (distance >= inner) & (distance < outer)]
    level = spread = math.nan
    if ring.size:
        kept = clipped(ring)
        level, spread = float(np.median(kept)), float(kept.std())
    flux = total - area * level if ring.size else total
    error = spread * math.sqrt(area + area**2 / ring.size) if ring.size else math.nan
    return Photometry(
        x, y, radius, inner, outer, total, area, level, spread, int(ring.size), flux, error,
        ZERO_POINT - 2.5 * math.log10(flux) if flux > 0 else math.nan,
        max(0.0, math.pi * radius**2 - area),
    )  # fmt: skip


class Peak(Struct, frozen=True):
    """A local maximum: its whole pixel, its centre by the pixels about it, and its height."""

    x: int
    y: int
    center: tuple[float, float]
    value: float


def peaks(piece: Stamp, count: int = 50, sigma: float = 5.0) -> list[Peak]:
    """The highest pixels of their surroundings (5 x 5), highest first.

    Args:
        piece: To look in.
        count: At most as many.
        sigma: How far above the clipped median, in clipped standard deviations.
    """
    from scipy.ndimage import maximum_filter

    data = piece.data
    good = data[np.isfinite(data)]
    if not good.size:
        return []
    kept = clipped(good)
    level = float(np.median(kept))
    filled = np.where(np.isfinite(data), data, -np.inf)
    high = (filled == maximum_filter(filled, 5, mode="constant", cval=-np.inf)) & (
        filled > level + sigma * kept.std()
    )
    rows, cols = np.nonzero(high)
    order = np.argsort(filled[rows, cols])[::-1][:count]
    found = []
    for row, col in zip(rows[order].tolist(), cols[order].tolist(), strict=True):
        center = (
            col + _top_of_three(filled[row, max(0, col - 1) : col + 2], level) + piece.x0,
            row + _top_of_three(filled[max(0, row - 1) : row + 2, col], level) + piece.y0,
        )
        found.append(Peak(col + piece.x0, row + piece.y0, center, float(data[row, col])))
    return found


def _top_of_three(values: Floats, level: float) -> float:
    """How far the top of a Gaussian through three neighbours lies from the middle one."""
    above = values - level
    if len(above) < 3 or not (above > 0).all():
        return 0.0
    before, middle, after = np.log(above).tolist()
    bend = before - 2.0 * middle + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


class PixelTable(Struct, frozen=True, eq=False):
    """Native pixel values about a position.

    Attributes:
        values: `(h, w)` or `(h, w, 3)`, row 0 the lowest y.
        x0, y0: The first pixel.
        up: Whether larger y is shown higher.
    """

    values: Pixels
    x0: int
    y0: int
    up: bool

    @property
    def exponent(self) -> int:
        """The power of ten that makes float values short; 0 where they are short without it."""
        if self.values.dtype.kind != "f":
            return 0
        top = float(np.nanmax(np.abs(floats(self.values)), initial=0.0))
        return 0 if top == 0 or 1e-2 <= top < 1e5 else math.floor(math.log10(top))

    def cells(self, short: bool = False) -> list[list[str]]:
        """A table with column and row numbers, in the order of the screen.

        Args:
            short: Give float values to four digits, in units of `10 ** exponent`.
        """
        h, w = self.values.shape[:2]
        cells = [["", *(str(self.x0 + i) for i in range(w))]]
        rows = range(h - 1, -1, -1) if self.up else range(h)
        unit = 10.0**self.exponent
        brief = short and self.values.dtype.kind == "f" and self.values.ndim == 2
        for row in rows:
            texts = (f"{v / unit:.4g}" if brief else _value(v) for v in self.values[row])
            cells.append([str(self.y0 + row), *texts])
        return cells

    def lines(self) -> list[str]:
        """The same with its columns lined up."""
        cells = self.cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return ["  ".join(t.rjust(n) for t, n in zip(line, widths, strict=True)) for line in cells]


def pixel_table(frame: Frame, x: float, y: float, size: int = 10) -> PixelTable:
    """The `size` by `size` native values about a position."""
    ny, nx = frame.shape
    left, top = round(x) - size // 2, round(y) - size // 2
    x0, x1 = max(0, left), min(nx, left + size)
    y0, y1 = max(0, top), min(ny, top + size)
    if x0 >= x1 or y0 >= y1:
        raise MeasureError("there is no image at this position")
    return PixelTable(frame.read(x0, y0, x1, y1), x0, y0, frame.origin == "lower")


def _value(value: object) -> str:
    """A native value: whole numbers in full, floats to six digits, colours with slashes."""
    if isinstance(value, np.ndarray | Sequence) and not isinstance(value, str):
        return "/".join(_value(v) for v in value)
    if isinstance(value, np.integer | np.bool_ | int):
        return str(value)
    return f"{value:.6g}"
