"""What is drawn over a picture: shapes in image or screen coordinates, crisp at every zoom."""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

Symbol = Literal["circle", "square", "cross", "plus", "diamond", "dot", "arrow"]

DARK = 0x101010
"""The colour of the edge that sets a shape off from a bright image."""
GREEN = 0x00FF00


class Shape(Struct, frozen=True, kw_only=True):
    """What all shapes have.

    Attributes:
        color: 0xRRGGBB, or a CSS name.
        width: Of its lines in screen pixels.
        edge: Whether a dark edge sets it off.
        space: Whether its position is in image pixels (0-based centres) or in screen pixels
            (negative ones from the right and the bottom).
    """

    color: int | str = GREEN
    width: int = 1
    edge: bool = True
    space: Literal["image", "screen"] = "image"


class Sized(Shape, frozen=True, kw_only=True):
    """A shape whose size is in image pixels (`image`) or in screen pixels."""

    unit: Literal["image", "screen"] = "screen"


class Circle(Sized, frozen=True):
    """A circle about a position."""

    x: float
    y: float
    radius: float


class Ellipse(Sized, frozen=True):
    """An ellipse; `a` and `b` are half axes, `angle` degrees of `a` from +x towards +y."""

    x: float
    y: float
    a: float
    b: float
    angle: float = 0.0


class Rectangle(Sized, frozen=True):
    """A rectangle about a position; `angle` in degrees of its base from +x towards +y.

    With `fill` it is filled with that colour, 0xRRGGBB.
    """

    x: float
    y: float
    w: float
    h: float
    angle: float = 0.0
    fill: int | None = None


class Cross(Sized, frozen=True):
    """Two strokes of length `size` across each other; `upright` makes it a plus sign."""

    x: float
    y: float
    size: float
    upright: bool = False


class Line(Shape, frozen=True):
    """A straight line, with an arrow head at its end if `arrow`."""

    x0: float
    y0: float
    x1: float
    y1: float
    arrow: bool = False


class Polygon(Shape, frozen=True):
    """Corners `((x, y), ...)` joined by lines; the last with the first if `closed`."""

    points: tuple[tuple[float, float], ...]
    closed: bool = True


class Segments(Shape, frozen=True):
    """Many straight lines; `ends` are x0, y0, x1, y1 as the bytes of a float64 array."""

    ends: bytes


class Text(Shape, frozen=True):
    """Words at a position.

    Attributes:
        size: Height of the letters in screen pixels.
        anchor: As Pillow names it: `lm` is left and middle, `ms` middle and base line.
        dx, dy: How far the anchor lies from the position in screen pixels.
    """

    x: float
    y: float
    text: str
    size: int = 13
    anchor: str = "lm"
    dx: float = 0.0
    dy: float = 0.0


class Crosshair(Shape, frozen=True):
    """Lines through a position with a gap about it; over the whole pane without `arm`.

    `arm` and `gap` are in screen pixels.
    """

    x: float
    y: float
    gap: float = 6.0
    arm: float | None = None


class Points(Shape, frozen=True):
    """Many equal symbols, drawn together: ten thousand take a few milliseconds.

    Attributes:
        positions: `(x, y)` pairs as the bytes of a float64 array; see `Points.at`.
        symbol: What stands at each.
        size: Width of a symbol in screen pixels.
    """

    positions: bytes
    symbol: Symbol = "circle"
    size: int = 9

    @classmethod
    def at(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        symbol: Symbol = "circle",
        size: int = 9,
        *,
        color: int | str = GREEN,
        width: int = 1,
        edge: bool = True,
    ) -> Points:
        """Symbols at arrays of image positions."""
        xy = np.stack([np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()], 1)
        return cls(xy.tobytes(), symbol, size, color=color, width=width, edge=edge)


def rgb(color: int | str) -> int:
    """A colour as 0xRRGGBB.

    Raises:
        ValueError: No colour has that name.
    """
    if isinstance(color, int):
        return color
    from PIL.ImageColor import getrgb

    red, green, blue = getrgb(color)[:3]
    return red << 16 | green << 8 | blue
