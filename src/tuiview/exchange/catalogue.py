"""A catalogue: an outside list of sources, found by image or by sky, drawn over frames."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tuiview.exchange.columns import Columns, recognise
from tuiview.exchange.options import COLORS, CatalogueOptions
from tuiview.exchange.places import Drawn, Place
from tuiview.exchange.sheet import Rows, Sheet, Words
from tuiview.exchange.sheets import open_sheet
from tuiview.exchange.skyindex import SkyIndex
from tuiview.imaging.overlay import Circle, Points, Rectangle, Shape, Text
from tuiview.text import printable

Floats = NDArray[np.float64]

MOST = 10_000
"""Sources of one catalogue that are drawn over a frame; more are thinned out evenly."""
MOST_LABELS = 200
MOST_SIZED = 500
"""Sources that are drawn in their own sizes; more get one symbol."""

_EVERYWHERE = ("", "None", "none")


def open_catalogue(
    options: CatalogueOptions, number: int = 0, groups: Mapping[str, int] | None = None
) -> Sources:
    """Read a catalogue and sort it.

    Args:
        options: The file and how to read it.
        number: The how many-th it is, for its colour.
        groups: Colours of groups, for rows that name one.

    Raises:
        TuiviewError: It cannot be read, or has no positions.
    """
    sheet = open_sheet(options.path, options.hdu)
    columns = recognise(sheet.names, options)
    sheet.read(columns.numbers(), columns.words())
    return Sources(sheet, columns, options, number, groups or {})


class Sources:
    """The sources of a catalogue.

    Rows with an image's name belong to that image, by pixel or by sky; the others to every image,
    those by sky to where they lie.

    Attributes:
        title: What it is called.
        color: 0xRRGGBB.
        count: Rows with a position.
        problems: What is odd about it, in words.
    """

    def __init__(
        self,
        sheet: Sheet,
        columns: Columns,
        options: CatalogueOptions,
        number: int,
        groups: Mapping[str, int],
    ) -> None:
        self.title = options.title
        self.color = options.color if options.color is not None else COLORS[number % len(COLORS)]
        self._symbol = options.shape or "circle"
        self._width = options.size
        self._columns = columns
        self._groups = groups
        self._sizes = sheet.numbers(columns.size) if columns.size else None
        self._labels = sheet.words(columns.label) if columns.label else None
        self._frames = sheet.words(columns.frame) if columns.frame else None
        self._ra, self._dec = _sky(sheet, columns, options)
        self._x, self._y = _pixels(sheet, columns)
        total = len(sheet)
        by_sky = np.isfinite(self._ra) if self._ra is not None else np.zeros(total, np.bool_)
        by_pixel = np.isfinite(self._x) if self._x is not None else np.zeros(total, np.bool_)
        named = np.zeros(total, np.bool_)
        self._images = _Images()
        if columns.image is not None:
            self._images = _Images.of(sheet.words(columns.image))
            named = self._images.named
        # Where a row has both, the pixel is the image's that it names.
        by_pixel &= ~by_sky | ((named & (options.by != "sky")) | (options.by == "pixel"))
        self._by_pixel = by_pixel
        good = by_sky | by_pixel
        self._images.keep(good)
        self._somewhere = np.flatnonzero(by_pixel & ~named)
        self._on_sky = np.flatnonzero(by_sky & ~by_pixel & ~named)
        self._group_of: Rows | None = None
        self._group_names: list[str] = []
        if columns.group is not None and groups:
            self._group_of, self._group_names = sheet.words(columns.group).coded()
        self.count = int(good.sum())
        self.problems = self._problems(total, sheet.skipped)
        if self.count:
            _ = self._index  # sorted now, not over the first picture

    @cached_property
    def _index(self) -> SkyIndex | None:
        if self._ra is None or self._dec is None or not len(self._on_sky):
            return None
        return SkyIndex(self._ra[self._on_sky], self._dec[self._on_sky])

    def _problems(self, total: int, skipped: int) -> tuple[str, ...]:
        found = []
        if total == 0:
            found.append("it has no rows")
        elif bad := total - self.count:
            what = "no row has" if bad == total else f"{bad:,} of {total:,} rows have no"
            found.append(f"{what} {'a ' if bad == total else ''}position")
        if skipped:
            found.append(f"{skipped:,} lines do not fit its header")
        return tuple(found)

    def draw(self, place: Place) -> Drawn:
        """What lies in a frame.

        Raises:
            UnreadableError: The frame's world coordinates fail.
        """
        pieces: list[tuple[Rows, Floats, Floats]] = []
        own = self._images.rows(place.names)
        if self._x is not None and self._y is not None:
            rows = np.concatenate([own[self._by_pixel[own]], self._somewhere])
            rows = self._of_frame(rows, place)
            pieces.append((rows, self._x[rows], self._shown_y(self._y[rows], place)))
        note = ""
        if self._ra is not None and self._dec is not None:
            rows = own[~self._by_pixel[own]]
            if place.wcs is None:
                if len(rows) or len(self._on_sky):
                    note = f"{self.title}: this image has no world coordinates"
            else:
                rows = np.concatenate([rows, self._near(place)])
                x, y = place.pixels(self._ra[rows], self._dec[rows])
                pieces.append((rows, x, y))
        if not pieces:
            return Drawn(note=note)
        rows, x, y = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        inside = place.inside(x, y)
        rows, x, y = rows[inside], x[inside], y[inside]
        found = len(rows)
        partial = found > MOST
        partial |= self._labels is not None and found > MOST_LABELS
        partial |= self._sizes is not None and found > MOST_SIZED
        if found > MOST:
            note = (
                f"{self.title}: {MOST:,} of {found:,} sources in this image are drawn;"
                " zoom in for the rest"
            )
            few = np.linspace(0, found - 1, MOST).astype(np.int64)
            rows, x, y = rows[few], x[few], y[few]
        words = self._words(rows, x, y)
        return Drawn(self._marks(rows, x, y, place), words, found, note, partial)

    def _near(self, place: Place) -> Rows:
        circle = place.footprint
        if self._index is None or circle is None:
            return np.empty(0, np.int64)
        return np.asarray(self._on_sky[self._index.within(*circle)])

    def _of_frame(self, rows: Rows, place: Place) -> Rows:
        if self._frames is None or not len(rows):
            return rows
        named = np.array(self._frames.take(rows), dtype=object)
        return np.asarray(rows[(named == place.frame) | (named == "")])

    def _shown_y(self, y: Floats, place: Place) -> Floats:
        if self._columns.origin == "top" and place.origin == "lower":
            return np.asarray(place.shape[0] - 1 - y)
        return y

    def _marks(self, rows: Rows, x: Floats, y: Floats, place: Place) -> tuple[Shape, ...]:
        if not len(rows):
            return ()
        if self._sizes is not None and len(rows) <= MOST_SIZED:
            sizes = self._sizes[rows] / self._unit(place)
            if np.isfinite(sizes).any():
                return self._sized(rows, x, y, sizes)
        if self._group_of is None:
            return (self._points(x, y, self.color),)
        colors = self._colors(rows)
        return tuple(
            self._points(x[colors == color], y[colors == color], int(color))
            for color in np.unique(colors)
        )

    def _points(self, x: Floats, y: Floats, color: int) -> Points:
        return Points.at(x, y, self._symbol, self._width, color=color)

    def _colors(self, rows: Rows) -> Rows:
        if self._group_of is None:
            return np.full(len(rows), self.color)
        table = [self._groups.get(name, self.color) for name in self._group_names]
        return np.array(table, np.int64)[self._group_of[rows]]

    def _unit(self, place: Place) -> float:
        """Arcseconds of a pixel where sizes are in arcseconds, else 1."""
        return place.arcsec() if "arcsec" in (self._columns.size or "").lower() else 1.0

    def _sized(self, rows: Rows, x: Floats, y: Floats, sizes: Floats) -> tuple[Shape, ...]:
        shapes: list[Shape] = []
        colors = self._colors(rows).tolist()
        plain = ~(sizes > 0)
        if plain.any():
            shapes.append(self._points(x[plain], y[plain], self.color))
        for px, py, size, color in zip(x.tolist(), y.tolist(), sizes.tolist(), colors, strict=True):
            if not size > 0:
                continue
            if self._symbol == "square":
                shapes.append(Rectangle(px, py, size, size, color=color, unit="image"))
            elif self._symbol == "diamond":
                side = size / math.sqrt(2)
                shapes.append(Rectangle(px, py, side, side, 45.0, color=color, unit="image"))
            else:
                shapes.append(Circle(px, py, size / 2, color=color, unit="image"))
        return tuple(shapes)

    def _words(self, rows: Rows, x: Floats, y: Floats) -> tuple[Shape, ...]:
        if self._labels is None or not 0 < len(rows) <= MOST_LABELS:
            return ()
        dx = self._width / 2 + 4
        texts = self._labels.take(rows)
        return tuple(
            Text(px, py, printable(text), color=self.color, dx=dx)
            for px, py, text in zip(x.tolist(), y.tolist(), texts, strict=True)
            if text and text != "None"
        )


class _Images:
    """Rows by the image that they name."""

    def __init__(self) -> None:
        self.named: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._codes: dict[str, int] = {}
        self._ends: dict[str, int | None] = {}
        self._order = self._starts = np.zeros(0, np.int64)
        self._of: Rows = np.zeros(0, np.int64)

    @classmethod
    def of(cls, words: Words) -> _Images:
        images = cls()
        images._of, names = words.coded()
        blank = np.array([name in _EVERYWHERE for name in names])
        images.named = ~blank[images._of] if len(names) else np.zeros(len(images._of), np.bool_)
        for code, name in enumerate(names):
            if not blank[code]:
                images._codes[name] = code
                # An image that lies elsewhere here is known by its name, if only one has it.
                end = re.split(r"[/\\]", name)[-1]
                images._ends[end] = None if end in images._ends else code
        return images

    def keep(self, good: NDArray[np.bool_]) -> None:
        """Sort the rows that have a position by image."""
        if not len(self.named):
            return
        rows = np.flatnonzero(good & self.named)
        order = np.argsort(self._of[rows], kind="stable")
        self._order = rows[order]
        count = int(self._of.max(initial=-1)) + 2
        self._starts = np.searchsorted(self._of[self._order], np.arange(count))

    def rows(self, names: Sequence[str]) -> Rows:
        """The rows of the image that has one of these names."""
        code = next((self._codes[name] for name in names if name in self._codes), None)
        if code is None:
            code = next((c for name in names if (c := self._ends.get(name)) is not None), None)
        if code is None:
            return np.empty(0, np.int64)
        return self._order[self._starts[code] : self._starts[code + 1]]


def _sky(
    sheet: Sheet, columns: Columns, options: CatalogueOptions
) -> tuple[Floats | None, Floats | None]:
    """ICRS degrees; NaN in both where there is no position."""
    if columns.sky is None:
        return None, None
    first, second = columns.sky
    ra, dec = sheet.numbers(first), sheet.numbers(second)
    unit = options.unit or str(sheet.units.get(first, "")).lower()
    hours = unit in ("hour", "h", "hourangle", "hr", "hours")
    if len(ra) and not np.isfinite(ra).any():
        ra = sexagesimal(sheet.words(first).take(np.arange(len(sheet))))
        dec = sexagesimal(sheet.words(second).take(np.arange(len(sheet))))
        hours = hours or (unit != "deg" and not columns.galactic)
    factor = 15.0 if hours else math.degrees(1) if unit in ("rad", "radian") else 1.0
    ra = ra * factor
    dec = dec * math.degrees(1) if unit in ("rad", "radian") else dec
    with np.errstate(invalid="ignore"):
        good = np.isfinite(ra) & (np.abs(dec) <= 90.0) & (np.abs(ra) <= 720.0)
    ra, dec = np.where(good, ra % 360.0, np.nan), np.where(good, dec, np.nan)
    ra[ra >= 360.0] = 0.0
    return to_icrs(ra, dec, "galactic") if columns.galactic else (ra, dec)


def to_icrs(lon: Floats, lat: Floats, system: str) -> tuple[Floats, Floats]:
    """ICRS degrees of positions in another system; NaN stays NaN.

    Args:
        lon: In degrees.
        lat: In degrees.
        system: `icrs`, `fk5`, `fk4`, `galactic`, `ecliptic`.
    """
    if system == "icrs":
        return lon, lat
    from astropy.coordinates import SkyCoord

    frame = {"ecliptic": "barycentricmeanecliptic"}.get(system, system)
    good = np.isfinite(lon) & np.isfinite(lat)
    ra, dec = np.full_like(lon, np.nan), np.full_like(lat, np.nan)
    if good.any():
        place = SkyCoord(lon[good], lat[good], unit="deg", frame=frame).icrs
        ra[good], dec[good] = place.ra.deg % 360.0, place.dec.deg
    return ra, dec


def sexagesimal(texts: Sequence[str]) -> Floats:
    """The numbers of `12:30:45.6`, `12 30 45.6`, `12h30m45.6s`, `-05d01m`; NaN for others."""
    found = np.full(len(texts), np.nan)
    for n, text in enumerate(texts):
        stripped = text.strip()
        parts = [part for part in re.split(r"[:\shdms°'\"′″]+", stripped.lstrip("+-")) if part]
        try:
            numbers = [float(part) for part in parts[:3]]
        except ValueError:
            continue
        if numbers:
            value = sum(number / 60.0**power for power, number in enumerate(numbers))
            found[n] = -value if stripped.startswith("-") else value
    return found


def _pixels(sheet: Sheet, columns: Columns) -> tuple[Floats | None, Floats | None]:
    """0-based positions; NaN in both where there is none."""
    if columns.pixel is None:
        return None, None
    x, y = (sheet.numbers(name) for name in columns.pixel)
    shift = 1.0 if columns.origin == "1" else 0.0
    good = np.isfinite(x) & np.isfinite(y)
    return np.where(good, x - shift, np.nan), np.where(good, y - shift, np.nan)
