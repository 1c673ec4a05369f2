"""Draws shapes over the pixels of a pane: whole pixels in one ink, never a blend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.imaging.overlay import (
    DARK,
    Circle,
    Cross,
    Crosshair,
    Ellipse,
    Line,
    Points,
    Polygon,
    Rectangle,
    Segments,
    Shape,
    Sized,
    Symbol,
    Text,
    rgb,
)
from tuiview.imaging.viewport import Viewport

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

Ink = int | tuple[int, ...]
"""A palette index, or an RGB colour."""
Inks = Callable[[int], Ink]
"""Finds the ink for a colour 0xRRGGBB."""


def draw(
    pixels: NDArray[np.uint8], viewport: Viewport, shapes: Iterable[Shape], inks: Inks
) -> NDArray[np.uint8]:
    """`pixels` with `shapes` drawn in order; the array given is not changed.

    Args:
        pixels: `(h, w)` indices or `(h, w, 3)` RGB of a pane.
        viewport: The geometry of the same pane.
        shapes: In the order to draw them; what lies outside the pane costs nearly nothing.
        inks: Gives the ink for a colour.
    """
    from PIL import Image, ImageDraw

    canvas = Image.fromarray(pixels)
    pen = _Pen(ImageDraw.Draw(canvas), viewport, inks)
    for shape in shapes:
        if isinstance(shape, Points):
            canvas = Image.fromarray(_stamp(np.asarray(canvas), viewport, shape, inks))
            pen = _Pen(ImageDraw.Draw(canvas), viewport, inks)
        else:
            pen.put(shape)
    return np.asarray(canvas)


_FAR = 8000.0  # screen pixels; what reaches farther is cut before it is drawn


class _Pen(Struct):
    """Draws single shapes. Pillow's coordinates are pixel numbers: a pixel's edge is half below."""

    draw: ImageDraw
    viewport: Viewport
    inks: Inks

    def put(self, shape: Shape) -> None:
        match shape:
            case Circle():
                self._ring(shape, shape.x, shape.y, shape.radius, shape.radius, 0.0, shape.unit)
            case Ellipse():
                self._ring(shape, shape.x, shape.y, shape.a, shape.b, shape.angle, shape.unit)
            case Rectangle():
                self._rectangle(shape)
            case Cross():
                self._cross(shape)
            case Line():
                ends = self._screen(shape, np.array([[shape.x0, shape.y0], [shape.x1, shape.y1]]))
                self._path(shape, ends, closed=False)
                if shape.arrow:
                    self._head(shape, ends)
            case Polygon():
                corners = self._screen(shape, np.array(shape.points, np.float64).reshape(-1, 2))
                self._path(shape, corners, closed=shape.closed)
            case Segments():
                self._segments(shape)
            case Text():
                self._text(shape)
            case Crosshair():
                self._crosshair(shape)

    def _screen(self, shape: Shape, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Screen positions `(n, 2)`."""
        if shape.space == "screen":
            pane = np.array([self.viewport.width, self.viewport.height])
            return np.where(xy < 0, xy + pane, xy)
        return np.stack(self.viewport.to_screen(xy[:, 0], xy[:, 1]), 1)

    def _about(
        self, shape: Sized, x: float, y: float, offsets: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Screen positions of offsets from a position, in the shape's unit of size."""
        if shape.unit == "image" and shape.space == "image":
            return self._screen(shape, offsets + np.array([x, y]))
        middle = self._screen(shape, np.array([[x, y]]))
        # On the screen y runs down, and an angle still from +x upwards.
        scale = np.array([1.0, -1.0 / self.viewport.pixel_aspect])
        return np.asarray(middle + offsets * scale)

    def _ring(
        self, shape: Sized, x: float, y: float, a: float, b: float, angle: float, unit: str
    ) -> None:
        reach = max(a, b) * (self.viewport.zoom if unit == "image" else 1.0)
        if a == b and self.viewport.pixel_aspect == 1.0 and reach < _FAR:
            (sx, sy) = self._screen(shape, np.array([[x, y]]))[0]
            box = np.array([[sx - reach, sy - reach], [sx + reach, sy + reach]])
            if self._seen(box):
                left, top, right, bottom = np.rint(box - 0.5).astype(int).ravel().tolist()
                for grow, width, ink in self._strokes(shape):
                    ring = [left - grow, top - grow, right + grow, bottom + grow]
                    self.draw.ellipse(ring, None, ink, width)
            return
        if not np.isfinite(reach):
            return
        steps = int(np.clip(4 * np.sqrt(reach) + 12, 16, 4096))
        at = np.linspace(0.0, 2.0 * np.pi, steps, endpoint=False)
        offsets = _turned(np.stack([a * np.cos(at), b * np.sin(at)], 1), angle)
        self._path(shape, self._about(shape, x, y, offsets), closed=True)

    def _rectangle(self, shape: Rectangle) -> None:
        w, h = shape.w / 2, shape.h / 2
        corners = _turned(np.array([[-w, -h], [w, -h], [w, h], [-w, h]]), shape.angle)
        outline = self._about(shape, shape.x, shape.y, corners)
        if shape.fill is not None and self._seen(outline) and np.abs(outline).max() < _FAR:
            self.draw.polygon(_flat(outline), self.inks(shape.fill))
        self._path(shape, outline, closed=True)

    def _cross(self, shape: Cross) -> None:
        half = shape.size / 2
        ends = np.array([[-half, 0], [half, 0], [0, -half], [0, half]])
        ends = self._about(shape, shape.x, shape.y, _turned(ends, 0.0 if shape.upright else 45.0))
        if self._seen(ends):
            for _, width, ink in self._strokes(shape):
                self.draw.line(_flat(ends[:2]), ink, width)
                self.draw.line(_flat(ends[2:]), ink, width)

    def _head(self, shape: Line, ends: NDArray[np.float64]) -> None:
        along = ends[1] - ends[0]
        length = float(np.hypot(*along))
        if length < 1:
            return
        along *= (6 + 2 * shape.width) / length
        back = np.array([-along, -along])
        for turn, row in zip((25.0, -25.0), back, strict=True):
            row[:] = _turned(row[None], turn)[0]
        head = np.stack([ends[1] + back[0], ends[1], ends[1] + back[1]])
        self._path(shape, head, closed=False)

    def _segments(self, shape: Segments) -> None:
        ends = np.frombuffer(shape.ends, np.float64).reshape(-1, 2)
        self._lines(shape, self._screen(shape, ends).reshape(-1, 4))

    def _text(self, shape: Text) -> None:
        place = self._screen(shape, np.array([[shape.x, shape.y]]))[0]
        left, top = round(float(place[0] + shape.dx)), round(float(place[1] + shape.dy))
        reach = shape.size * (len(shape.text) + 2)
        if not (
            -reach < left < self.viewport.width + reach
            and -reach < top < self.viewport.height + reach
        ):
            return
        strokes, edge, dx, dy = words(shape.text, shape.size, shape.anchor)
        if shape.edge:
            self.draw.bitmap((left + dx, top + dy), edge, self.inks(DARK))
        self.draw.bitmap((left + dx, top + dy), strokes, self.inks(rgb(shape.color)))

    def _crosshair(self, shape: Crosshair) -> None:
        x, y = np.floor(self._screen(shape, np.array([[shape.x, shape.y]]))[0]).astype(int).tolist()
        reach = max(self.viewport.width, self.viewport.height) if shape.arm is None else shape.arm
        near, far = round(shape.gap), round(shape.gap + reach)
        for _, width, ink in self._strokes(shape):
            for sign in (-1, 1):
                self.draw.line([x + sign * near, y, x + sign * far, y], ink, width)
                self.draw.line([x, y + sign * near, x, y + sign * far], ink, width)

    def _path(self, shape: Shape, points: NDArray[np.float64], *, closed: bool) -> None:
        if not self._seen(points):
            return
        if closed:
            points = np.concatenate([points, points[:1]])
        if np.abs(points).max() > _FAR:  # Pillow walks along the whole of a line
            self._lines(shape, np.concatenate([points[:-1], points[1:]], 1))
            return
        for _, width, ink in self._strokes(shape):
            self.draw.line(_flat(points), ink, width, joint="curve" if width > 2 else None)

    def _lines(self, shape: Shape, lines: NDArray[np.float64]) -> None:
        """Single lines `(n, 4)`, cut at the pane."""
        cut = _cut(lines, self.viewport.width, self.viewport.height).tolist()
        for _, width, ink in self._strokes(shape):
            for line in cut:
                self.draw.line(line, ink, width)

    def _strokes(self, shape: Shape) -> Iterable[tuple[int, int, Ink]]:
        """`(how far outwards, width, ink)`: the dark edge first."""
        if shape.edge:
            yield 1, shape.width + 2, self.inks(DARK)
        yield 0, shape.width, self.inks(rgb(shape.color))

    def _seen(self, points: NDArray[np.float64]) -> bool:
        """Whether the box about the points touches the pane. Not finite positions do not."""
        if not np.isfinite(points).all() or not len(points):
            return False
        (left, top), (right, bottom) = points.min(0), points.max(0)
        return bool(
            right > -3 and bottom > -3
            and left < self.viewport.width + 3 and top < self.viewport.height + 3
        )  # fmt: skip


def _cut(lines: NDArray[np.float64], width: int, height: int) -> NDArray[np.intp]:
    """The parts of lines `(n, 4)` near the pane, in pixel numbers, by Liang and Barsky's rule."""
    lines = lines[np.isfinite(lines).all(axis=1)]
    start, along = lines[:, :2], lines[:, 2:] - lines[:, :2]
    enter, leave = np.zeros(len(lines)), np.ones(len(lines))
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis, length in enumerate((width, height)):
            at = (np.array([[-8.0, length + 8.0]]) - start[:, axis, None]) / along[:, axis, None]
            # A line along the other axis gives infinities, or NaN on the border itself.
            enter = np.fmax(enter, at.min(axis=1))
            leave = np.fmin(leave, at.max(axis=1))
    near = enter < leave
    ends = (
        start[near] + along[near] * enter[near, None],
        start[near] + along[near] * leave[near, None],
    )
    return np.floor(np.concatenate(ends, axis=1)).astype(np.intp)


def _stamp(
    pixels: NDArray[np.uint8], viewport: Viewport, points: Points, inks: Inks
) -> NDArray[np.uint8]:
    """`pixels` with a symbol at all positions, set at once."""
    xy = np.frombuffer(points.positions, np.float64).reshape(-1, 2)
    sx, sy = viewport.to_screen(xy[:, 0], xy[:, 1])
    strokes, edge = _symbol(points.symbol, points.size, points.width)
    reach = 1 + max(int(np.abs(offsets).max()) for offsets in edge)
    seen = (sx > -reach) & (sy > -reach)
    seen &= (sx < viewport.width + reach) & (sy < viewport.height + reach)
    # With a frame as wide as a symbol reaches, no symbol has to be cut.
    frame = ((2 * reach, 2 * reach),) * 2 + ((0, 0),) * (pixels.ndim - 2)
    board = np.pad(pixels, frame)
    flat = board.reshape(-1, *pixels.shape[2:])
    across, down = (np.floor(at[seen]).astype(np.intp) + 2 * reach for at in (sx, sy))
    at = down * board.shape[1] + across
    parts = [(edge, inks(DARK))] if points.edge else []
    for (rows, cols), ink in [*parts, (strokes, inks(rgb(points.color)))]:
        flat[(at[:, None] + (rows * board.shape[1] + cols)).ravel()] = ink
    return board[2 * reach : -2 * reach, 2 * reach : -2 * reach]


Offsets = tuple[NDArray[np.intp], NDArray[np.intp]]


@lru_cache(maxsize=64)
def _symbol(symbol: Symbol, size: int, width: int) -> tuple[Offsets, Offsets]:
    """Offsets `(rows, cols)` of the pixels of a symbol, and of the dark edge about them."""
    from PIL import Image, ImageDraw

    half = max(1, size // 2)
    middle = half + width + 2
    board = Image.new("L", (2 * middle + 1, 2 * middle + 1))
    draw = ImageDraw.Draw(board)
    low, high = middle - half, middle + half
    match symbol:
        case "circle":
            draw.ellipse([low, low, high, high], None, 1, width)
        case "dot":
            draw.ellipse([low, low, high, high], 1)
        case "square":
            draw.rectangle([low, low, high, high], None, 1, width)
        case "cross":
            draw.line([low, low, high, high], 1, width)
            draw.line([low, high, high, low], 1, width)
        case "plus":
            draw.line([low, middle, high, middle], 1, width)
            draw.line([middle, low, middle, high], 1, width)
        case "diamond":
            corners = [low, middle, middle, low, high, middle, middle, high, low, middle]
            draw.line(corners, 1, width)
        case "arrow":  # as DS9's: its tip is at the position
            draw.line([low, low, middle, middle], 1, width)
            draw.line([middle - half // 2 - 1, middle, middle, middle], 1, width)
            draw.line([middle, middle - half // 2 - 1, middle, middle], 1, width)
    mask = np.array(board, bool)
    edge = _around(mask)

    def offsets(of: NDArray[np.bool_]) -> Offsets:
        rows, cols = np.nonzero(of)
        return rows - middle, cols - middle

    return offsets(mask), offsets(edge)


def _around(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels that touch those of a mask, which must leave its outermost pixels free."""
    grown = mask.copy()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            grown |= np.roll(mask, (dy, dx), (0, 1))
    return grown & ~mask


@lru_cache(maxsize=512)
def words(text: str, size: int, anchor: str) -> tuple[Image, Image, int, int]:
    """Text as a mask, the mask of its edge, and how far their corner lies from the anchor.

    Two masks of whole pixels, because a blend of palette indices is another colour.
    """
    from PIL import Image, ImageDraw

    font = _font(size)
    measure = ImageDraw.Draw(Image.new("1", (1, 1)))
    several = "\n" in text
    box = measure.multiline_textbbox if several else measure.textbbox
    left, top, right, bottom = (
        round(at) for at in box((0, 0), text, font, None if several else anchor)
    )
    board = Image.new("L", (max(1, right - left) + 6, max(1, bottom - top) + 6))
    draw = ImageDraw.Draw(board)
    draw.fontmode = "1"
    draw.text((3 - left, 3 - top), text, 255, font, None if several else anchor)
    mask = np.array(board) > 127
    strokes, edge = (Image.fromarray(part) for part in (mask, _around(mask)))
    return strokes, edge, left - 3, top - 3


@lru_cache(maxsize=16)
def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _turned(offsets: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.asarray(offsets @ np.array([[cos, sin], [-sin, cos]]))


def _flat(points: NDArray[np.float64]) -> list[int]:
    """Screen positions as Pillow's pixel numbers."""
    numbers: list[int] = np.floor(points).astype(int).ravel().tolist()
    return numbers
