"""Measurements as pictures: axes, ticks and curves in whole pixels of few colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.imaging.cuts import ContourMap, Curve, Histogram
from tuiview.imaging.drawing import words
from tuiview.imaging.linefit import LineFit
from tuiview.imaging.measure import PixelTable, floats
from tuiview.imaging.starfit import RadialProfile
from tuiview.imaging.surface import Surface
from tuiview.imaging.surface import draw as draw_surface
from tuiview.picture import Picture

Plottable = Curve | LineFit | Histogram | RadialProfile | ContourMap | Surface | PixelTable
Floats = NDArray[np.float64]

# Inks of the palette.
_PAPER, _GRID, _AXIS, _TEXT, _DATA, _FIRST, _SECOND, _MARK = range(8)
_PALETTE = np.array(
    [
        (18, 18, 20), (44, 44, 50), (120, 120, 128), (220, 220, 224),
        (120, 200, 255), (255, 190, 70), (255, 110, 150), (110, 230, 120),
    ],
    np.uint8,
)  # fmt: skip
_LEVELS = 16  # grays of the image under contours, after the inks


def plot(result: Plottable, width: int, height: int) -> Picture:
    """A measurement as a picture of `width` by `height` pixels."""
    match result:
        case Curve():
            return _curve(result, width, height).picture()
        case LineFit():
            return _line_fit(result, width, height)
        case Histogram():
            return _histogram(result, width, height)
        case RadialProfile():
            return _radial(result, width, height)
        case ContourMap():
            return _contours(result, width, height)
        case Surface():
            return draw_surface(result, width, height)
        case PixelTable():
            return _pixels(result, width, height)


def ticks(low: float, high: float, most: int = 6) -> tuple[list[float], float]:
    """Round values from `low` to `high` and their step: 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)], step


def label(value: float, step: float) -> str:
    """A tick's value, with as many digits as its step needs."""
    if value == 0 or abs(value) < 1e-9 * step:
        return "0"
    size = max(abs(value), step)
    if size >= 1e6 or step < 1e-4:
        digits = max(0, math.floor(math.log10(abs(value))) - math.floor(math.log10(step) + 1e-9))
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


class _Axes(Struct):
    """A plot being drawn.

    Attributes:
        pixels: `(h, w)` indices.
        box: Left, top, right and bottom of the plot's area in pixels, right and bottom included.
        x, y: Data values at the left and right, at the bottom and top.
        size: Height of the letters in pixels.
    """

    pixels: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    x: tuple[float, float]
    y: tuple[float, float]
    size: int

    @classmethod
    def of(
        cls,
        width: int,
        height: int,
        x: tuple[float, float],
        y: tuple[float, float],
        title: str,
        x_label: str,
        y_label: str,
        *,
        square: bool = False,
        grid: bool = True,
    ) -> _Axes:
        """Axes with their ticks and words, room left for the widest of them."""
        width, height = max(40, width), max(30, height)
        size = int(np.clip(height / 26, 10, 18))
        pixels = np.full((height, width), _PAPER, np.uint8)
        y_ticks, y_step = ticks(min(y), max(y), most=max(2, height // 70))
        y_words = [label(value, y_step) for value in y_ticks]
        left = 14 + max((words(text, size, "lm")[0].width for text in y_words), default=0)
        top, bottom = 2 * size + 4, height - 1 - 2 * size - (size + 6 if x_label else 4)
        box = (min(left, width - 10), top, max(left + 4, width - 1 - size), max(top + 4, bottom))
        if square:
            box = _squared(box, x[1] - x[0], abs(y[1] - y[0]))
        axes = cls(pixels, box, x, y, size)
        left, top, right, bottom = box
        x_ticks, x_step = ticks(*x, most=max(2, (right - left) // 90))
        for value in x_ticks:
            at = int(axes.across(np.array([value]))[0])
            if grid:
                pixels[top:bottom, at] = _GRID
            pixels[bottom - 4 : bottom, at] = _AXIS
            axes.write(at, bottom + 4, label(value, x_step), "mt")
        for value, text in zip(y_ticks, y_words, strict=True):
            at = int(axes.down(np.array([value]))[0])
            if grid:
                pixels[at, left:right] = _GRID
            pixels[at, left : left + 4] = _AXIS
            axes.write(left - 6, at, text, "rm")
        pixels[[top, bottom], left : right + 1] = _AXIS
        pixels[top : bottom + 1, [left, right]] = _AXIS
        axes.write(left, size, title, "lm")
        if y_label:
            axes.write(right, size, y_label, "rm", _AXIS)
        if x_label:
            below = min(height - 4, bottom + 3 * size + 3)
            axes.write((left + right) // 2, below, x_label, "mb", _AXIS)
        return axes

    def across(self, x: Floats) -> NDArray[np.intp]:
        """Pixel columns of data values."""
        left, _, right, _ = self.box
        share = (np.asarray(x) - self.x[0]) / (self.x[1] - self.x[0])
        return np.rint(left + np.clip(share, -1.0, 2.0) * (right - left)).astype(np.intp)

    def down(self, y: Floats) -> NDArray[np.intp]:
        """Pixel rows of data values."""
        _, top, _, bottom = self.box
        share = (np.asarray(y) - self.y[0]) / (self.y[1] - self.y[0])
        return np.rint(bottom - np.clip(share, -1.0, 2.0) * (bottom - top)).astype(np.intp)

    def write(self, x: int, y: int, text: str, anchor: str, ink: int = _TEXT) -> None:
        """Put words, cut at the picture's edge."""
        strokes, _, dx, dy = words(text, self.size, anchor)
        mask = np.asarray(strokes)
        left = max(0, min(x + dx, self.pixels.shape[1] - mask.shape[1]))
        top = max(0, min(y + dy, self.pixels.shape[0] - mask.shape[0]))
        room = self.pixels[top : top + mask.shape[0], left : left + mask.shape[1]]
        room[mask[: room.shape[0], : room.shape[1]]] = ink

    def line(self, x: Floats, y: Floats, ink: int, width: int = 1) -> None:
        """Join points; NaN leaves a gap. Many points on one pixel column become its extremes."""
        self.segments(np.stack([x[:-1], y[:-1], x[1:], y[1:]], 1), ink, width)

    def segments(self, ends: Floats, ink: int, width: int = 1) -> None:
        """Single straight lines `(n, 4)` x0, y0, x1, y1, cut at the plot's area."""
        from PIL import Image, ImageDraw

        ends = ends[np.isfinite(ends).all(axis=1)]
        if not len(ends):
            return
        left, top, right, bottom = self.box
        corner = np.array([left, top] * 2)
        at = np.stack(
            [self.across(ends[:, 0]), self.down(ends[:, 1]), self.across(ends[:, 2]),
             self.down(ends[:, 3])], 1,
        ) - corner  # fmt: skip
        area = self.pixels[top : bottom + 1, left : right + 1]
        board = Image.fromarray(area)
        draw = ImageDraw.Draw(board)
        for ends_of_one in np.unique(at, axis=0).tolist():
            draw.line(ends_of_one, ink, width)
        area[:] = np.asarray(board)

    def dots(self, x: Floats, y: Floats, ink: int, reach: int = 1) -> None:
        """Small squares at points."""
        good = np.isfinite(x) & np.isfinite(y)
        left, top, right, bottom = self.box
        across, down = self.across(x[good]), self.down(y[good])
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                cols, rows = across + dx, down + dy
                inside = (cols > left) & (cols < right) & (rows > top) & (rows < bottom)
                self.pixels[rows[inside], cols[inside]] = ink

    def upright(self, x: float, ink: int) -> None:
        """A dashed line from top to bottom at a data value."""
        left, top, right, bottom = self.box
        at = int(self.across(np.array([x]))[0])
        if left < at < right:
            for start in range(top + 1, bottom, 8):
                self.pixels[start : min(start + 5, bottom), at] = ink

    def picture(self, palette: NDArray[np.uint8] = _PALETTE) -> Picture:
        """The finished plot."""
        return Picture(self.pixels, palette)


def _curve(curve: Curve, width: int, height: int) -> _Axes:
    axes = _Axes.of(
        width, height, _span(curve.x), _span(curve.y, 0.06), curve.title, curve.x_label,
        curve.y_label,
    )  # fmt: skip
    if len(curve.x) < axes.box[2] - axes.box[0]:  # room to show each pixel as a step
        middle = (curve.x[1:] + curve.x[:-1]) / 2
        edges = np.concatenate([curve.x[:1], np.repeat(middle, 2), curve.x[-1:]])
        axes.line(edges, np.repeat(curve.y, 2), _DATA)
    else:
        axes.line(curve.x, curve.y, _DATA)
    if curve.mark is not None:
        axes.upright(curve.mark, _MARK)
    return axes


def _line_fit(found: LineFit, width: int, height: int) -> Picture:
    axes = _curve(found.curve, width, height)
    x = np.linspace(found.curve.x[0], found.curve.x[-1], 300)
    axes.line(x, found.at(x), _FIRST, 2)
    axes.upright(found.center, _FIRST)
    row = axes.box[1] + axes.size
    axes.write(axes.box[2] - 8, row, f"FWHM {found.fwhm:.2f} px", "rm", _FIRST)
    axes.write(axes.box[2] - 8, row + axes.size + 6, f"centre {found.center:.2f}", "rm", _FIRST)
    return axes.picture()


def _histogram(found: Histogram, width: int, height: int) -> Picture:
    logs = np.log10(np.maximum(found.counts, 0.5))
    x = float(found.edges[0]), float(found.edges[-1])
    y = math.log10(0.5), max(1.0, float(logs.max()) * 1.05)
    axes = _Axes.of(width, height, x, y, "histogram", found.unit, "log10 of number")
    left, top, right, bottom = axes.box
    columns = axes.across(found.edges)
    rows = axes.down(logs)
    for start, end, row, count in zip(
        columns[:-1].tolist(), columns[1:].tolist(), rows.tolist(), found.counts.tolist(),
        strict=True,
    ):  # fmt: skip
        if count:
            axes.pixels[max(row, top) : bottom, max(start, left + 1) : max(end, start + 1)] = _DATA
    for limit in found.limits or ():
        axes.upright(limit, _FIRST)
    axes.pixels[:, right + 1 :][axes.pixels[:, right + 1 :] == _DATA] = _PAPER
    return axes.picture()


def _radial(found: RadialProfile, width: int, height: int) -> Picture:
    reach = float(found.r.max())
    axes = _Axes.of(
        width, height, (0.0, reach * 1.02), _span(found.values, 0.06),
        f"radial profile at {found.x:.2f} {found.y:.2f}", "radius / px", found.unit,
    )  # fmt: skip
    axes.dots(found.r, found.values, _DATA)
    r = np.linspace(0.0, reach, 200)
    row = axes.box[1] + axes.size
    for fit, name, ink in (
        (found.gaussian, "Gaussian", _FIRST), (found.moffat, "Moffat", _SECOND),
    ):  # fmt: skip
        if fit is not None:
            axes.line(r, fit.at(r), ink, 2)
            axes.upright(fit.fwhm / 2, ink)
            beta = "" if fit.beta is None else f", beta {fit.beta:.2f}"
            axes.write(axes.box[2] - 8, row, f"{name} FWHM {fit.fwhm:.2f} px{beta}", "rm", ink)
            row += axes.size + 6
    return axes.picture()


def _contours(found: ContourMap, width: int, height: int) -> Picture:
    h, w = found.piece.data.shape
    x = found.piece.x0 - 0.5, found.piece.x0 + w - 0.5
    y = found.piece.y0 - 0.5, found.piece.y0 + h - 0.5
    if not found.up:
        y = y[1], y[0]
    axes = _Axes.of(width, height, x, y, "contours", "x", "y", square=True, grid=False)
    left, top, right, bottom = axes.box
    low, high = float(np.nanmin(found.piece.data)), float(np.nanmax(found.piece.data))
    gray = np.nan_to_num((found.piece.data - low) / ((high - low) or 1.0) * (_LEVELS - 1))
    levels = gray.astype(np.uint8) + len(_PALETTE)
    cols = np.arange(right - left - 1) * w // max(1, right - left - 1)
    rows = np.arange(bottom - top - 1) * h // max(1, bottom - top - 1)
    if found.up:
        rows = rows[::-1]
    axes.pixels[top + 1 : bottom, left + 1 : right] = levels[rows[:, None], cols]
    for i, pieces in enumerate(found.pieces):
        axes.segments(pieces, _FIRST if i % 2 else _DATA)
    return axes.picture(_with_grays())


def _pixels(found: PixelTable, width: int, height: int) -> Picture:
    """Native values in cells as gray as their pixels, numbered by column and row."""
    width, height = max(40, width), max(30, height)
    cells = found.cells(short=True)
    if found.exponent:
        cells[0][0] = f"1e{found.exponent} x"
    rows, columns = len(cells), len(cells[0])
    values = floats(found.values)
    if found.up:
        values = values[::-1]
    low, high = (float(v) for v in (np.nanmin(values), np.nanmax(values))) if (
        np.isfinite(values).any()
    ) else (0.0, 1.0)  # fmt: skip
    shades = np.nan_to_num((values - low) / ((high - low) or 1.0) * (_LEVELS - 1)).astype(np.uint8)
    longest = max((text for line in cells for text in line), key=len)
    size = 16
    while size > 6 and words(longest, size, "mm")[0].width > (width - 8) // columns:
        size -= 1
    pitch = (width - 8) // columns, min(5 * size, (height - 8) // rows)
    pixels = np.full((height, width), _PAPER, np.uint8)
    board = _Axes(pixels, (0, 0, width - 1, height - 1), (0.0, 1.0), (0.0, 1.0), size)
    for row, line in enumerate(cells):
        for column, text in enumerate(line):
            left, top = 4 + column * pitch[0], 4 + row * pitch[1]
            if row and column:
                cell = pixels[top : top + pitch[1] - 1, left : left + pitch[0] - 1]
                cell[:] = len(_PALETTE) + shades[row - 1, column - 1]
            ink = _TEXT if row and column else _FIRST
            board.write(left + pitch[0] // 2, top + pitch[1] // 2, text, "mm", ink)
    return Picture(pixels, _with_grays(110))


def _with_grays(brightest: int = 150) -> NDArray[np.uint8]:
    """The palette with the grays of an image after its inks."""
    grays = np.linspace(18, brightest, _LEVELS).astype(np.uint8)
    return np.concatenate([_PALETTE, np.repeat(grays[:, None], 3, 1)])


def _span(values: Sequence[float] | Floats, room: float = 0.0) -> tuple[float, float]:
    """The range of finite values with some room; never empty."""
    good = np.asarray(values, np.float64)
    good = good[np.isfinite(good)]
    if not good.size:
        return 0.0, 1.0
    low, high = float(good.min()), float(good.max())
    if not high - low > 1e-12 * max(abs(low), abs(high)):
        around = max(0.5, abs(low) * 1e-3)
        return low - around, high + around
    return low - room * (high - low), high + room * (high - low)


def _squared(box: tuple[int, int, int, int], x: float, y: float) -> tuple[int, int, int, int]:
    """The largest box of the shape `x` to `y` in the middle of another."""
    left, top, right, bottom = box
    scale = min((right - left) / x, (bottom - top) / y)
    width, height = max(2, round(x * scale)), max(2, round(y * scale))
    start = left + (right - left - width) // 2
    return start, top, start + width, top + height
