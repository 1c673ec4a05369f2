"""One region: outlines, symbols and words about points of the sky or of an image."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from tuiview.imaging.overlay import Symbol

System = Literal["icrs", "fk5", "fk4", "galactic", "ecliptic", "image", "physical"]
Joined = Literal["", "open", "closed", "arrow", "arrows"]
_POINT = 11


class Figure(NamedTuple):
    """A figure about a region's first point.

    Attributes:
        kind: `ellipse`, `box` or `ray`.
        a, b: Half axes; for a ray how far from the point it begins and ends.
        angle: Degrees of `a` anticlockwise from the x axis (from west towards north on the sky).
        unit: Of a and b: `degree` or `pixel`.
        arrow: Whether a ray ends in an arrow head.
    """

    kind: Literal["ellipse", "box", "ray"]
    a: float
    b: float
    angle: float = 0.0
    unit: Literal["degree", "pixel"] = "pixel"
    arrow: bool = False


class Region(Struct, frozen=True):
    """One region of a file.

    Attributes:
        points: Degrees, or 0-based pixels; the figures and the words stand at the first.
        system: What the points are.
        figures: What is drawn about the first point.
        path: How the points are joined.
        symbols: What stands at the first point.
        size: Width of the symbol in screen pixels.
        text: Words above it.
        color: 0xRRGGBB, or None for the layer's.
        width: Of its lines.
        font: Height of the words in screen pixels.
        excluded: Whether it is cut out (DS9's minus sign).
        tags: As they stand in the file.
        item: The only item that it belongs to, where the file says so.
    """

    points: tuple[tuple[float, float], ...]
    system: System = "icrs"
    figures: tuple[Figure, ...] = ()
    path: Joined = ""
    symbols: tuple[Symbol, ...] = ()
    size: int = _POINT
    text: str = ""
    color: int | None = None
    width: int = 1
    font: int = 13
    excluded: bool = False
    tags: tuple[str, ...] = ()
    item: str = ""
