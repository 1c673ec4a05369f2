"""Shapes that explain a picture: scale bar, compass, mini-map, contour lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from tuiview.imaging.overlay import Line, Polygon, Shape, Text
from tuiview.imaging.viewport import Viewport
from tuiview.text import printable

if TYPE_CHECKING:
    from astropy.wcs import WCS

WHITE = 0xFFFFFF
_MARGIN = 14
_BAR_SHARE = 0.22  # of the pane's width that a scale bar may take
_ARM = 34  # of the compass, in screen pixels
_MAP_SHARE = 0.2  # of the pane that a mini-map takes
_LINE = 18  # screen pixels from line to line


class Annotations(Struct, frozen=True):
    """What explains a picture; stands in an overlay until geometry and sky are known.

    Attributes:
        scale_bar: A bar with its length on the sky, or in pixels where there is no sky.
        compass: Arrows to north and east where there are world coordinates.
        minimap: The whole image in a corner when only a part is shown.
        sky: Whether to read world coordinates for it; else they count only if they are known.
        whole: Whether to read all of a large image for the mini-map.
    """

    scale_bar: bool = True
    compass: bool = True
    minimap: bool = True
    sky: bool = False
    whole: bool = False


class Orientation(NamedTuple):
    """How the sky lies in an image at one place.

    Attributes:
        north: Degrees from the +y axis towards the -x axis.
        mirrored: Whether east lies clockwise of north in the image's axes.
        arcsec: The side of a pixel on the sky, the square root of its area.
    """

    north: float
    mirrored: bool
    arcsec: float


def orientation(wcs: WCS, x: float, y: float) -> Orientation | None:
    """The orientation of the sky (ICRS) at an image position, None if it is off the sky."""
    from tuiview.imaging.wcs import compass as directions
    from tuiview.imaging.wcs import pixel_scale

    (nx, ny), (ex, ey) = directions(wcs, x, y)
    arcsec = pixel_scale(wcs, x, y)
    if not (math.isfinite(nx + ny + ex + ey) and arcsec > 0):
        return None
    return Orientation(math.degrees(math.atan2(-nx, ny)) % 360.0, nx * ey - ny * ex < 0, arcsec)


def scale_bar(
    viewport: Viewport, arcsec: float | None = None, color: int = WHITE
) -> tuple[Shape, ...]:
    """A bar at the bottom left with its length: 1, 2 or 5 times ten, in arcseconds or pixels.

    Args:
        viewport: Of the picture.
        arcsec: The side of an image pixel on the sky; None writes pixels.
        color: 0xRRGGBB.
    """
    unit = arcsec or 1.0
    most = _BAR_SHARE * viewport.width / viewport.zoom * unit
    length, words = _nice_angle(most) if arcsec else _nice_pixels(most)
    reach = length / unit * viewport.zoom
    y = float(viewport.height - _MARGIN)
    x0, x1 = float(_MARGIN), _MARGIN + reach
    return (
        Line(x0, y, x1, y, width=2, color=color, space="screen"),
        Line(x0, y - 4, x0, y + 3, width=2, color=color, space="screen"),
        Line(x1, y - 4, x1, y + 3, width=2, color=color, space="screen"),
        Text((x0 + x1) / 2, y - 6, words, anchor="ms", color=color, space="screen"),
    )


def compass(viewport: Viewport, sky: Orientation, color: int = WHITE) -> tuple[Shape, ...]:
    """Arrows to north and east at the bottom right."""
    angle = math.radians(sky.north)
    north = np.array([-math.sin(angle), math.cos(angle)])
    east = np.array([north[1], -north[0]]) if sky.mirrored else np.array([-north[1], north[0]])
    here = np.array(viewport.to_screen(*viewport.center))
    arms = []
    for vector in (north, east):
        along = np.array(viewport.to_screen(*(np.array(viewport.center) + vector))) - here
        arms.append(along / max(float(np.hypot(*along)), 1e-12) * _ARM)
    # The corner of the box about both arms and their letters lies in the pane's corner.
    tips = np.array([[0.0, 0.0], 1.4 * arms[0], 1.4 * arms[1]])
    corner = np.array([viewport.width - _MARGIN, viewport.height - _MARGIN])
    foot = corner - tips.max(axis=0)
    shapes: list[Shape] = []
    for arm, letter in zip(arms, "NE", strict=True):
        tip, place = foot + arm, foot + 1.35 * arm
        ends = float(foot[0]), float(foot[1]), float(tip[0]), float(tip[1])
        shapes.append(Line(*ends, arrow=True, color=color, space="screen"))
        x, y = float(place[0]), float(place[1])
        shapes.append(Text(x, y, letter, anchor="mm", color=color, space="screen"))
    return tuple(shapes)


def remarks(lines: Sequence[str], color: int = 0xFFD000) -> tuple[Shape, ...]:
    """Words at the top left of the pane, a line each."""
    return tuple(
        Text(_MARGIN, _MARGIN + _LINE * number, printable(words), color=color, space="screen")
        for number, words in enumerate(lines)
    )


def overview(viewport: Viewport) -> Viewport:
    """The viewport of the mini-map: the whole image, turned as the picture is.

    Reduce a frame to its box and size and hand it to `render` as `overview`.
    """
    side = (max(1, round(viewport.width * _MAP_SHARE)), max(1, round(viewport.height * _MAP_SHARE)))
    ny, nx = viewport.shape
    small = replace(
        viewport, width=side[0], height=side[1], center=((nx - 1) / 2, (ny - 1) / 2), margin=0.0
    )
    small = replace(small, zoom=small.fit_zoom)
    xs, ys = small.to_screen(
        np.array([-0.5, nx - 0.5, -0.5, nx - 0.5]), np.array([-0.5, -0.5, ny - 0.5, ny - 0.5])
    )
    width, height = (max(1, math.floor(float(np.ptp(at)) + 0.5)) for at in (xs, ys))
    return replace(small, width=min(width, side[0]), height=min(height, side[1]))


def overview_place(viewport: Viewport) -> tuple[int, int]:
    """Where the top left corner of the mini-map lies in the pane: `(x, y)`."""
    return max(1, viewport.width - overview(viewport).width - _MARGIN // 2), _MARGIN // 2


def overview_frame(viewport: Viewport, color: int = 0xFFD000) -> tuple[Shape, ...]:
    """The border of the mini-map and, in it, of the part of the image that the pane shows."""
    small = overview(viewport)
    left, top = overview_place(viewport)
    right, bottom = left + small.width, top + small.height
    x, y = viewport.to_image(
        np.array([0, viewport.width, viewport.width, 0]),
        np.array([0, 0, viewport.height, viewport.height]),
    )
    sx, sy = small.to_screen(x, y)
    sx, sy = np.clip(sx + left, left, right - 1), np.clip(sy + top, top, bottom - 1)
    border = ((left - 1, top - 1), (right, top - 1), (right, bottom), (left - 1, bottom))
    seen = tuple(zip(sx.tolist(), sy.tolist(), strict=True))
    return (
        Polygon(border, color=0x808080, edge=False, space="screen"),
        Polygon(seen, color=color, space="screen"),
    )


def _nice(most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(factor * power for factor in (1.0, 2.0, 5.0) if factor * power <= most * (1 + 1e-9))


def _nice_pixels(most: float) -> tuple[float, str]:
    length = _nice(most)
    return length, f"{length:g} px"


def _nice_angle(most: float) -> tuple[float, str]:
    """The length of a bar in arcseconds and its words, in degrees, minutes or seconds."""
    for unit, sign, steps in ((3600.0, "°", ()), (60.0, "'", (1, 2, 5, 10, 20, 30))):
        if most >= unit:
            fits = [step for step in steps if step * unit <= most]
            length = max(fits) if fits else _nice(most / unit)
            return length * unit, f"{length:g}{sign}"
    fits = [step for step in (1, 2, 5, 10, 20, 30) if step <= most]
    length = max(fits) if fits else _nice(most)
    return length, f'{length:g}"'
