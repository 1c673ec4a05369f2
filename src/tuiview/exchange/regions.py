"""Regions: outlines, symbols and words in sky or image coordinates, drawn over frames."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.exchange.files import read_text
from tuiview.exchange.options import COLORS, CatalogueOptions
from tuiview.exchange.places import Drawn, Floats, Place
from tuiview.exchange.region import Figure, Region
from tuiview.imaging.frame import Box
from tuiview.imaging.overlay import (
    Circle,
    Ellipse,
    Line,
    Points,
    Polygon,
    Rectangle,
    Segments,
    Shape,
    Symbol,
    Text,
)
from tuiview.text import printable

MOST_SHAPES = 400
"""Regions in a frame that are drawn each for itself; more are drawn as bare lines at once."""
MOST = 20_000
MOST_WORDS = 400
EXCLUDED = 0xFF0000
_STEP = 1.0 / 3600.0


class Figures:
    """The regions of a file as a layer over frames.

    Args:
        options: The file and how to draw it.
        regions: What it holds.
        number: The how many-th layer it is, for its colour.
        problems: What is odd about it, in words.
    """

    def __init__(
        self,
        options: CatalogueOptions,
        regions: Sequence[Region],
        number: int = 0,
        problems: Sequence[str] = (),
    ) -> None:
        self.title = options.title
        self.color = options.color if options.color is not None else COLORS[number % len(COLORS)]
        self._told = options.color is not None
        self.count = len(regions)
        self.problems = tuple(problems) if regions else (*problems, "it has no regions")
        self._pixel = [r for r in regions if r.system in ("image", "physical")]
        self._sky = [r for r in regions if r.system not in ("image", "physical")]
        self._ra, self._dec, self._first = _to_icrs(self._sky)
        self._reach = np.array([_reach(r) for r in self._sky])

    def draw(self, place: Place) -> Drawn:
        """The regions that touch a frame.

        Raises:
            UnreadableError: The frame's world coordinates fail.
        """
        placed = [_in_pixels(r, place) for r in self._pixel if not r.item or r.item in place.names]
        note = ""
        if self._sky and place.wcs is None:
            note = f"{self.title}: this image has no world coordinates"
        elif self._sky:
            placed += self._on_sky(place)
        seen = [p for p in placed if p.touches(place.box)]
        found = len(seen)
        worded = sum(bool(p.region.text) for p in seen)
        partial = found > MOST or worded > MOST_WORDS
        if found > MOST:
            note = (
                f"{self.title}: {MOST:,} of {found:,} regions in this image are drawn;"
                " zoom in for the rest"
            )
            seen = seen[:: found // MOST + 1]
        return Drawn(self._outlines(seen), self._words(seen, place), found, note, partial)

    def _on_sky(self, place: Place) -> list[_Placed]:
        """The regions near the frame, with their pixels and the sky's axes there."""
        from tuiview.exchange.skyindex import separation

        circle = place.footprint
        if circle is None:
            return []
        starts, ends = self._first[:-1], self._first[1:]
        ra, dec = self._ra[starts], self._dec[starts]
        off = separation(circle.ra, circle.dec, ra, dec)
        near = np.flatnonzero(off <= circle.radius + self._reach)
        near = near[[self._sky[n].item in ("", *place.names) for n in near]] if len(near) else near
        if not len(near):
            return []
        flat = np.concatenate([np.arange(starts[n], ends[n]) for n in near])
        tilt = np.where(self._dec[starts[near]] > 0, -_STEP, _STEP)  # never beyond a pole
        cos = np.maximum(np.cos(np.radians(self._dec[starts[near]])), 1e-6)
        x, y = place.pixels(
            np.concatenate([self._ra[flat], ra[near], ra[near] + _STEP / cos]),
            np.concatenate([self._dec[flat], dec[near] + tilt, dec[near]]),
        )
        count, n = len(flat), len(near)
        xy = np.stack([x, y], 1)
        heads = np.concatenate([[0], np.cumsum(ends[near] - starts[near])])
        anchors = xy[heads[:-1]]
        north = (xy[count : count + n] - anchors) / tilt[:, None]
        west = (anchors - xy[count + n :]) / _STEP
        return [
            _Placed(self._sky[at], xy[heads[k] : heads[k + 1]], west[k], north[k])
            for k, at in enumerate(near)
        ]

    def _color(self, region: Region) -> int:
        return self.color if self._told or region.color is None else region.color

    def _outlines(self, placed: Sequence[_Placed]) -> tuple[Shape, ...]:
        shapes: list[Shape] = []
        lines: defaultdict[tuple[int, int], list[Floats]] = defaultdict(list)
        points: defaultdict[tuple[Symbol, int, int, int], list[Floats]] = defaultdict(list)
        single = len(placed) <= MOST_SHAPES
        for each in placed:
            region, color = each.region, self._color(each.region)
            if single:
                shapes += each.shapes(color)
            else:
                lines[color, region.width] += each.lines()
            for symbol in region.symbols:
                points[symbol, region.size, color, region.width].append(each.xy[0])
        shapes += [
            Segments(np.concatenate(parts).tobytes(), color=color, width=width)
            for (color, width), parts in lines.items()
            if parts
        ]
        for (symbol, size, color, width), at in points.items():
            xy = np.array(at)
            shapes.append(Points.at(xy[:, 0], xy[:, 1], symbol, size, color=color, width=width))
        return tuple(shapes)

    def _words(self, placed: Sequence[_Placed], place: Place) -> tuple[Shape, ...]:
        worded = [p for p in placed if p.region.text]
        if len(worded) > MOST_WORDS:
            return ()
        return tuple(each.words(self._color(each.region), place.origin) for each in worded)


class _Placed(Struct, frozen=True, eq=False):
    """A region in a frame's pixels.

    Attributes:
        region: The region.
        xy: Its points.
        west, north: Steps in pixels of one degree of the sky, or one pixel of the image.
    """

    region: Region
    xy: Floats
    west: Floats
    north: Floats

    def _scale(self, figure: Figure) -> float:
        if figure.unit == "pixel":
            return 1.0
        (a, b), (c, d) = self.west, self.north
        return math.sqrt(abs(a * d - b * c))

    def _angle(self, degrees: float) -> float:
        """An angle from west towards north, as one from +x towards +y."""
        angle = math.radians(degrees)
        dx, dy = math.cos(angle) * self.west + math.sin(angle) * self.north
        return math.degrees(math.atan2(dy, dx))

    def touches(self, box: Box) -> bool:
        """Whether the box about it touches another one."""
        if not np.isfinite(self.xy).all():
            return False
        reach = max((self._scale(f) * math.hypot(f.a, f.b) for f in self.region.figures), default=0)
        (x0, y0), (x1, y1) = self.xy.min(0) - reach, self.xy.max(0) + reach
        return bool(x1 >= box.x0 and y1 >= box.y0 and x0 <= box.x1 and y0 <= box.y1)

    def shapes(self, color: int) -> Iterable[Shape]:
        """Its outlines, crisp at every zoom."""
        region = self.region
        x, y = self.xy[0].tolist()
        width = region.width
        for figure in region.figures:
            scale, angle = self._scale(figure), self._angle(figure.angle)
            a, b = figure.a * scale, figure.b * scale
            if figure.kind == "ray":
                yield Line(*self._ray(a, b, angle), arrow=figure.arrow, color=color, width=width)
                continue
            if figure.kind == "box":
                yield Rectangle(x, y, 2 * a, 2 * b, angle, color=color, width=width, unit="image")
            elif a == b:
                yield Circle(x, y, a, color=color, width=width, unit="image")
            else:
                yield Ellipse(x, y, a, b, angle, color=color, width=width, unit="image")
            if region.excluded:
                slash = angle + math.degrees(math.atan2(b, a))
                reach = math.hypot(a, b) if figure.kind == "box" else (a + b) / 2
                yield Line(*self._ray(-reach, reach, slash), color=EXCLUDED, width=width)
        if region.path == "closed":
            corners = tuple((px, py) for px, py in self.xy.tolist())
            yield Polygon(corners, color=color, width=width)
        elif region.path:
            ends = self.xy.tolist()
            for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(ends)):
                arrow = region.path.startswith("arrow") and k == len(ends) - 2
                yield Line(x0, y0, x1, y1, arrow=arrow, color=color, width=width)
            if region.path == "arrows":
                (x0, y0), (x1, y1) = ends[:2]
                yield Line(x1, y1, x0, y0, arrow=True, color=color, width=width)

    def _ray(self, near: float, far: float, angle: float) -> tuple[float, float, float, float]:
        (x, y), turn = self.xy[0].tolist(), math.radians(angle)
        dx, dy = math.cos(turn), math.sin(turn)
        return x + near * dx, y + near * dy, x + far * dx, y + far * dy

    def lines(self) -> list[Floats]:
        """Its outlines as straight lines `(n, 4)`."""
        found = []
        for shape in self.shapes(0):
            match shape:
                case Circle():
                    found.append(_ring(shape.x, shape.y, shape.radius, shape.radius, 0.0, 40))
                case Ellipse():
                    found.append(_ring(shape.x, shape.y, shape.a, shape.b, shape.angle, 40))
                case Rectangle():
                    side = (shape.w / math.sqrt(2), shape.h / math.sqrt(2))
                    found.append(_ring(shape.x, shape.y, *side, shape.angle, 4))
                case Line():
                    found.append(np.array([[shape.x0, shape.y0, shape.x1, shape.y1]]))
                case Polygon():
                    found.append(_joined(np.array(shape.points)))
        return found

    def words(self, color: int, origin: str) -> Text:
        """Its words, above it as the picture is shown."""
        region = self.region
        x, y = self.xy[0].tolist()
        if not (region.figures or region.path or region.symbols):
            return Text(x, y, printable(region.text), region.font, "mm", color=color)
        up = 1.0 if origin == "lower" else -1.0
        tops = [y]
        for figure in region.figures:
            a, b = figure.a * self._scale(figure), figure.b * self._scale(figure)
            turn = math.radians(self._angle(figure.angle))
            if figure.kind == "box":
                reach = abs(a * math.sin(turn)) + abs(b * math.cos(turn))
            else:
                reach = math.hypot(a * math.sin(turn), b * math.cos(turn))
            tops.append(y + up * reach)
        if region.path:
            tops += self.xy[:, 1].tolist()
            x = float(self.xy[:, 0].min() + self.xy[:, 0].max()) / 2
        top = max(tops) if up > 0 else min(tops)
        lift = region.size / 2 + 4 if region.symbols else 5
        text = printable(region.text)
        return Text(x, top, text, region.font, "ms", color=color, dy=-lift)


def _in_pixels(region: Region, place: Place) -> _Placed:
    """A region in image or physical coordinates."""
    xy = np.array(region.points, np.float64)
    step = np.array([1.0, 1.0])
    if region.system == "physical":
        xy, step = _from_physical(xy, place.physical)
    arcsec = place.arcsec()
    scaled = [
        f._replace(a=f.a * 3600 / arcsec, b=f.b * 3600 / arcsec, unit="pixel")
        if f.unit == "degree" and arcsec > 0
        else f._replace(a=f.a * abs(float(step[0])), b=f.b * abs(float(step[1])))
        for f in region.figures
    ]
    moved = replace(region, figures=tuple(scaled)) if scaled else region
    return _Placed(moved, xy, np.array([1.0, 0.0]), np.array([0.0, 1.0]))


def _from_physical(xy: Floats, numbers: Mapping[str, float]) -> tuple[Floats, Floats]:
    """Pixels of IRAF's physical coordinates, by LTM and LTV or by the WCS named P."""
    if "LTM1_1" in numbers or "LTV1" in numbers:
        step = np.array([numbers.get("LTM1_1", 1.0), numbers.get("LTM2_2", 1.0)])
        shift = np.array([numbers.get("LTV1", 0.0), numbers.get("LTV2", 0.0)])
        return (xy + 1.0) * step + shift - 1.0, step
    if "CDELT1P" in numbers:
        delta = np.array([numbers.get("CDELT1P", 1.0), numbers.get("CDELT2P", 1.0)])
        value = np.array([numbers.get("CRVAL1P", 0.0), numbers.get("CRVAL2P", 0.0)])
        pixel = np.array([numbers.get("CRPIX1P", 0.0), numbers.get("CRPIX2P", 0.0)])
        return (xy + 1.0 - value) / delta + pixel - 1.0, 1.0 / delta
    return xy, np.array([1.0, 1.0])


def _to_icrs(regions: Sequence[Region]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """All points in ICRS degrees, one after another, and where each region's begin."""
    from tuiview.exchange.catalogue import to_icrs

    counts = [len(region.points) for region in regions]
    first = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
    flat = np.array([p for r in regions for p in r.points], np.float64).reshape(-1, 2)
    systems = np.repeat([r.system for r in regions], counts) if regions else np.empty(0, str)
    ra, dec = flat[:, 0].copy(), flat[:, 1].copy()
    for system in np.unique(systems):
        mine = systems == system
        ra[mine], dec[mine] = to_icrs(ra[mine], dec[mine], str(system))
    return ra % 360.0, dec, first


def _reach(region: Region) -> float:
    """Degrees from the first point within which a region on the sky lies, roughly from above."""
    reach = max((math.hypot(f.a, f.b) for f in region.figures if f.unit == "degree"), default=0.0)
    (lon, lat), *rest = region.points
    for a, b in rest:
        dlon = (a - lon + 180.0) % 360.0 - 180.0
        reach = max(reach, math.hypot(dlon, b - lat))
    return min(180.0, reach)


def _ring(x: float, y: float, a: float, b: float, angle: float, steps: int) -> Floats:
    start = math.pi / 4 if steps == 4 else 0.0
    at = np.linspace(0.0, 2 * math.pi, steps, endpoint=False) + start
    u, v = a * np.cos(at), b * np.sin(at)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return _joined(np.stack([x + u * cos - v * sin, y + u * sin + v * cos], 1))


def _joined(corners: Floats) -> Floats:
    return np.concatenate([corners, np.roll(corners, -1, axis=0)], 1)


def open_regions(options: CatalogueOptions, number: int = 0) -> Figures:
    """Read a file of regions: DS9, CRTF, FITS regions, GeoJSON.

    Raises:
        TuiviewError: It cannot be read, or needs the package `regions`.
    """
    path = options.path
    if path.name.lower().endswith((".geojson", ".json")):
        from tuiview.exchange.geojson import read_regions

        return Figures(options, read_regions(path), number)
    text = read_text(path)
    if path.suffix.lower() == ".crtf" or text.startswith("#CRTF"):
        from tuiview.exchange.crtf import read_crtf

        return Figures(options, read_crtf(path), number)
    from tuiview.exchange.ds9 import parse

    regions, problems = parse(text)
    return Figures(options, regions, number, problems)
