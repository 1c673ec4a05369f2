"""The geometry between a pane's pixels and an image's: zoom, pan, turns, north up."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Self

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import ArrayLike, NDArray

from tuiview.imaging.display import Display
from tuiview.imaging.frame import Box

MIN_ZOOM = 1 / 64
MAX_ZOOM = 64.0
_BLUR_REACH = 4.0  # sigmas of a Gaussian that matter

Floats = NDArray[np.float64]


class Cutout(NamedTuple):
    """What a viewport asks of a frame, and where the answer goes.

    Attributes:
        box: The part of the image, in image pixels.
        size: `(h, w)` to bring it to; never more than the image has, so that a magnified image is
            read pixel by pixel and enlarged by `placement`.
        placement: How the answer fills the pane.
    """

    box: Box
    size: tuple[int, int]
    placement: Placement


class Placement(Struct, frozen=True, eq=False):
    """Where the pixels of a reduced box go in a pane.

    Attributes:
        height, width: The pane's size.
        rows, cols: For an upright view: row and column of the reduced box for each screen row and
            column from `top` and `left` on (swapped if `swapped`).
        top, left: The first screen row and column that show the image.
        swapped: Whether image rows run across the screen (an odd number of quarter turns).
        grid: For a view at any angle: `(height, width)` flat indices into the reduced box, -1
            outside the image; None for an upright view.
    """

    height: int
    width: int
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    top: int = 0
    left: int = 0
    swapped: bool = False
    grid: NDArray[np.int32] | None = None

    def spread(
        self, values: NDArray[np.uint8], outside: int | tuple[int, ...]
    ) -> NDArray[np.uint8]:
        """Fill the pane with `values`, nearest pixel, and `outside` where there is no image.

        Args:
            values: `(h, w)` or `(h, w, 3)`, row 0 the lowest y, as `Reduced` has it.
            outside: A palette index, or an RGB colour.
        """
        pane = np.empty((self.height, self.width, *values.shape[2:]), np.uint8)
        if self.grid is not None:
            flat = values.reshape(-1, *values.shape[2:])
            np.take(flat, self.grid, axis=0, mode="wrap", out=pane)
            pane[self.grid < 0] = outside
            return pane
        part = values.swapaxes(0, 1) if self.swapped else values
        down, across = (self.cols, self.rows) if self.swapped else (self.rows, self.cols)
        bottom, right = self.top + len(down), self.left + len(across)
        pane[: self.top] = outside
        pane[bottom:] = outside
        pane[self.top : bottom, : self.left] = outside
        pane[self.top : bottom, right:] = outside
        pane[self.top : bottom, self.left : right] = _gather(_gather(part, across, 1), down, 0)
        return pane


class Viewport(Struct, frozen=True):
    """How an image lies in a pane.

    Screen positions are in pane pixels from its top left corner: (0, 0) is the corner itself and
    the centre of the first pixel is (0.5, 0.5). Image positions are 0-based pixel centres.

    Upright views are shifted by less than half a screen pixel, so that the corner of the image
    falls on the corner of a screen pixel: at 1:1 each image pixel is one screen pixel.

    Attributes:
        shape: `(ny, nx)` of the image.
        width, height: The pane in pixels.
        origin: Whether row 0 is shown at the bottom (`lower`) or the top (`upper`).
        pixel_aspect: Height of a screen pixel over its width.
        zoom: Screen pixels across for an image pixel.
        center: `(x, y)` image position in the middle of the pane.
        angle: Degrees that the image is turned anticlockwise on the screen.
        flip: Whether it is mirrored left and right before it is turned.
        margin: Image pixels read beyond the pane, which a blur needs.
    """

    shape: tuple[int, int]
    width: int
    height: int
    origin: Literal["lower", "upper"] = "lower"
    pixel_aspect: float = 1.0
    zoom: float = 1.0
    center: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    flip: bool = False
    margin: float = 0.0

    @classmethod
    def of(
        cls,
        display: Display,
        shape: tuple[int, int],
        origin: Literal["lower", "upper"],
        width: int,
        height: int,
        pixel_aspect: float = 1.0,
        north: float | None = None,
        mirrored: bool = False,
    ) -> Self:
        """The viewport that a display asks for.

        Args:
            display: Zoom, centre, turns, flip and north up come from here.
            shape: `(ny, nx)` of the image.
            origin: Of the image.
            width: Of the pane in pixels, at least 1.
            height: Of the pane in pixels, at least 1.
            pixel_aspect: Height of a screen pixel over its width.
            north: Where north lies in the image: degrees from the +y axis towards the -x axis. Used
                if the display wants north up, in place of its turns and flip; None if unknown.
            mirrored: Whether east lies clockwise of north in the image's axes (x right, y up), as
                in a picture seen in a mirror.
        """
        angle, flip = 90.0 * (display.turns % 4), display.flip
        if display.north_up and north is not None:
            angle, flip = _north_up(north, mirrored, origin)
        ny, nx = shape
        view = cls(
            shape=(ny, nx),
            width=max(1, width),
            height=max(1, height),
            origin=origin,
            pixel_aspect=pixel_aspect,
            center=_inside(display.center or ((nx - 1) / 2, (ny - 1) / 2), shape),
            angle=angle,
            flip=flip,
            margin=_BLUR_REACH * display.blur,
        )
        return replace(
            view, zoom=view.fit_zoom if display.zoom is None else view._limited(display.zoom)
        )

    @property
    def fit_zoom(self) -> float:
        """The zoom at which the whole image just fits into the pane."""
        ny, nx = self.shape
        (a, b), (c, d) = self._axes()
        across = abs(a) * nx + abs(b) * ny
        down = (abs(c) * nx + abs(d) * ny) / self.pixel_aspect
        return min(self.width / across, self.height / down)

    @property
    def fits(self) -> bool:
        """Whether the whole image is visible (to a screen pixel)."""
        xs, ys = self.to_screen(*_corners(self.shape))
        return bool(
            xs.min() > -1 and ys.min() > -1
            and xs.max() < self.width + 1 and ys.max() < self.height + 1
        )  # fmt: skip

    @property
    def upright(self) -> bool:
        """Whether image rows are screen rows or columns."""
        return self.angle % 90 == 0

    def to_screen(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Screen positions of image positions; scalars or arrays."""
        (a, b), (c, d) = self._matrix()
        dx = np.asarray(x, np.float64) - self.center[0]
        dy = np.asarray(y, np.float64) - self.center[1]
        sx, sy = self._middle()
        with np.errstate(invalid="ignore"):  # a position may be infinite
            return a * dx + b * dy + sx, c * dx + d * dy + sy

    def to_image(self, sx: ArrayLike, sy: ArrayLike) -> tuple[Floats, Floats]:
        """Image positions of screen positions; scalars or arrays."""
        mx, my = self._middle()
        return self._back(np.asarray(sx, np.float64) - mx, np.asarray(sy, np.float64) - my)

    def zoomed(self, factor: float, about: tuple[float, float] | None = None) -> Self:
        """A view enlarged by `factor`; the image position `about` stays where it is on the screen.

        The zoom stays between 1/64 and 64, or what fits the image into the pane if that is beyond.
        """
        zoom = self._limited(self.zoom * factor)
        if about is None:
            return replace(self, zoom=zoom)
        keep = self.zoom / zoom
        center = (
            about[0] + (self.center[0] - about[0]) * keep,
            about[1] + (self.center[1] - about[1]) * keep,
        )
        return replace(self, zoom=zoom, center=_inside(center, self.shape))

    def panned(self, dx: float, dy: float) -> Self:
        """A view moved by screen pixels; positive shows what lies to the right and below.

        The middle of the pane stays on the image.
        """
        x, y = self._back(np.float64(dx), np.float64(dy))
        return replace(self, center=_inside((float(x), float(y)), self.shape))

    def visible(self) -> Box:
        """The smallest box of the image, in image pixels, that holds all of it that is visible."""
        xs, ys = self.to_image(
            np.array([0, self.width, 0, self.width]), np.array([0, 0, self.height, self.height])
        )
        whole = Box.whole(self.shape)
        return Box(
            max(whole.x0, float(xs.min())), max(whole.y0, float(ys.min())),
            min(whole.x1, float(xs.max())), min(whole.y1, float(ys.max())),
        )  # fmt: skip

    def box_and_size(self) -> Cutout:
        """What to ask of `Frame.reduce`, and where the answer goes in the pane.

        Each screen pixel whose centre lies on the image shows it. Reduced axes are averaged over
        boxes that end on the edges of screen pixels (of an upright view); magnified axes are read
        as they are, whole pixels.
        """
        return self._upright_cutout() if self.upright else self._turned_cutout()

    def _upright_cutout(self) -> Cutout:
        (a, b), (c, d) = self._matrix()
        mx, my = self._middle()
        swapped = a == 0
        across = _Axis(b if swapped else a, mx, self.width)
        down = _Axis(c if swapped else d, my, self.height)
        x, y = (down, across) if swapped else (across, down)
        left, cols, x0, x1, w = x.spans(self.center[0], self.shape[1], self.margin)
        top, rows, y0, y1, h = y.spans(self.center[1], self.shape[0], self.margin)
        if swapped:
            top, left = left, top
        placement = Placement(self.height, self.width, rows, cols, top, left, swapped)
        return Cutout(Box(x0, y0, x1, y1), (h, w), placement)

    def _turned_cutout(self) -> Cutout:
        (a, b), (c, d) = self._matrix()
        seen = self.visible()
        # Screen pixels for an image pixel along each axis, at most 1: magnified axes are read as
        # they are, the others at the resolution of the screen.
        along = (min(1.0, math.hypot(a, c)), min(1.0, math.hypot(b, d)))
        ny, nx = self.shape
        x0, x1, w = _whole_steps(seen.x0 - self.margin, seen.x1 + self.margin, nx, along[0])
        y0, y1, h = _whole_steps(seen.y0 - self.margin, seen.y1 + self.margin, ny, along[1])
        mx, my = self._middle()
        sx = np.arange(self.width) + (0.5 - mx)
        sy = np.arange(self.height)[:, None] + (0.5 - my)
        (xx, xy), (yx, yy) = self._inverse()
        u, v = w / (x1 - x0), h / (y1 - y0)
        cx, cy = self.center[0] - x0, self.center[1] - y0
        col = ((xx * sx + cx) * u).astype(np.float32) + (xy * sy * u).astype(np.float32)
        row = ((yx * sx + cy) * v).astype(np.float32) + (yy * sy * v).astype(np.float32)
        outside = (col < u * (-0.5 - x0)) | (col >= u * (nx - 0.5 - x0))
        outside |= (row < v * (-0.5 - y0)) | (row >= v * (ny - 0.5 - y0))
        np.clip(col, 0, w - 1, out=col)
        np.clip(row, 0, h - 1, out=row)
        grid = row.astype(np.int32) * np.int32(w) + col.astype(np.int32)
        grid[outside] = -1
        none = np.empty(0, np.intp)
        return Cutout(
            Box(x0, y0, x1, y1), (h, w), Placement(self.height, self.width, none, none, grid=grid)
        )

    def _axes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Screen axes (right, down) from image offsets, without the zoom."""
        cos, sin = _exact(self.angle)
        across = -1.0 if self.flip else 1.0
        up = 1.0 if self.origin == "lower" else -1.0
        return (cos * across, -sin * up), (-sin * across, -cos * up)

    def _matrix(self) -> tuple[tuple[float, float], tuple[float, float]]:
        (a, b), (c, d) = self._axes()
        down = self.zoom / self.pixel_aspect
        return (a * self.zoom, b * self.zoom), (c * down, d * down)

    def _inverse(self) -> tuple[tuple[float, float], tuple[float, float]]:
        (a, b), (c, d) = self._matrix()
        det = a * d - b * c
        return (d / det, -b / det), (-c / det, a / det)

    def _back(self, sx: ArrayLike, sy: ArrayLike) -> tuple[Floats, Floats]:
        (xx, xy), (yx, yy) = self._inverse()
        x = xx * np.asarray(sx) + xy * np.asarray(sy) + self.center[0]
        y = yx * np.asarray(sx) + yy * np.asarray(sy) + self.center[1]
        return np.asarray(x), np.asarray(y)

    def _middle(self) -> tuple[float, float]:
        """The screen position of `center`: the pane's middle, aligned to whole pixels."""
        mx, my = self.width / 2, self.height / 2
        if not self.upright:
            return mx, my
        (a, b), (c, d) = self._matrix()
        dx, dy = -0.5 - self.center[0], -0.5 - self.center[1]
        corner_x, corner_y = a * dx + b * dy + mx, c * dx + d * dy + my
        return mx + _to_whole(corner_x), my + _to_whole(corner_y)

    def _limited(self, zoom: float) -> float:
        fit = self.fit_zoom
        return min(max(zoom, min(MIN_ZOOM, fit)), max(MAX_ZOOM, fit))


class _Axis(NamedTuple):
    """One screen axis of an upright view."""

    scale: float  # screen pixels for an image pixel; negative if the image runs backwards
    middle: float  # the screen position of the image's centre position
    length: int  # of the pane

    def spans(
        self, center: float, n: int, margin: float
    ) -> tuple[int, NDArray[np.intp], float, float, int]:
        """First screen pixel, index of each into the reduced axis, edges of the box, count."""
        ends = sorted((e - center) * self.scale + self.middle for e in (-0.5, n - 0.5))
        first = max(0, math.ceil(ends[0] - 0.5 - 1e-9))
        last = min(self.length, math.ceil(ends[1] - 0.5 - 1e-9))
        if last <= first:  # smaller than a screen pixel, or only just at the pane's edge
            first = min(max(0, math.floor(sum(ends) / 2)), self.length - 1)
            half = max(0.5, 0.5 / abs(self.scale))
            near = (first + 0.5 - self.middle) / self.scale + center
            near = min(max(near, half - 0.5), n - 0.5 - half) if n > 2 * half else (n - 1) / 2
            return first, np.zeros(1, np.intp), near - half, near + half, 1
        if abs(self.scale) >= 1:
            at = (np.arange(first, last) + (0.5 - self.middle)) / self.scale + center
            index = np.clip(np.floor(at + 0.5), 0, n - 1).astype(np.intp)
            spare = math.ceil(margin)
            low = max(0, int(index.min()) - spare)
            high = min(n - 1, int(index.max()) + spare)
            return first, index - low, low - 0.5, high + 0.5, high - low + 1
        spare = math.ceil(margin * abs(self.scale))
        begin = max(first - spare, min(first, math.floor(ends[0] + 0.5)))
        end = min(last + spare, max(last, math.ceil(ends[1] - 0.5)))
        edges = sorted(
            _tidy((e - self.middle) / self.scale + center) for e in (float(begin), float(end))
        )
        index = np.arange(first - begin, last - begin)
        count = end - begin
        return first, index if self.scale > 0 else count - 1 - index, edges[0], edges[1], count


def _gather(values: NDArray[np.uint8], index: NDArray[np.intp], axis: int) -> NDArray[np.uint8]:
    """`values.take(index, axis)`, as a view where the index is a plain run."""
    first, last, count = int(index[0]), int(index[-1]), len(index)
    step = 1 if last >= first else -1
    if (last - first) * step == count - 1 and (count < 3 or bool((np.diff(index) == step).all())):
        run = slice(first, last + 1) if step > 0 else slice(first, last - 1 if last else None, -1)
        return values[run] if axis == 0 else values[:, run]
    return values.take(index, axis)


def _whole_steps(low: float, high: float, n: int, scale: float) -> tuple[float, float, int]:
    """Edges on whole steps of `1/scale` pixels from the image's edge that hold `low` to `high`."""
    low, high = max(low, -0.5), min(high, n - 0.5)
    begin = math.floor((low + 0.5) * scale + 1e-9)
    end = max(begin + 1, math.ceil((high + 0.5) * scale - 1e-9))
    return begin / scale - 0.5, end / scale - 0.5, end - begin


def _north_up(north: float, mirrored: bool, origin: str) -> tuple[float, bool]:
    """The angle and flip that bring north up and east left."""
    if origin == "upper":  # seen on the screen, y runs down: a mirror and another angle
        north, mirrored = 180.0 - north, not mirrored
    if mirrored:  # the flip comes before the turn
        north = -north
    angle = -north % 360.0
    quarter = 90.0 * round(angle / 90.0)
    # Within a hundredth of a degree an upright view is as true, and has whole pixels.
    return (quarter % 360.0 if abs(angle - quarter) < 0.01 else angle), mirrored


def _exact(degrees: float) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns."""
    if degrees % 90 == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[round(degrees / 90) % 4]
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


def _inside(center: tuple[float, float], shape: tuple[int, int]) -> tuple[float, float]:
    ny, nx = shape
    x, y = center
    return min(max(float(x), -0.5), nx - 0.5), min(max(float(y), -0.5), ny - 0.5)


def _corners(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    x0, y0, x1, y1 = Box.whole(shape)
    return np.array([x0, x1, x0, x1]), np.array([y0, y0, y1, y1])


def _to_whole(value: float) -> float:
    """What to add to reach the nearest whole number."""
    return math.floor(value + 0.5) - value


def _tidy(edge: float) -> float:
    """A pixel edge without the last digits' noise, so that whole pixels stay whole."""
    whole = round(edge + 0.5) - 0.5
    return whole if abs(edge - whole) < 1e-7 else edge
