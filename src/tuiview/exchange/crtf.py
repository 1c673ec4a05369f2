"""CASA region files, read by the package `regions`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuiview.errors import TuiviewError, UnreadableError
from tuiview.exchange.region import Figure, Region, System
from tuiview.imaging.overlay import Symbol, rgb
from tuiview.imaging.wcs import hush
from tuiview.text import printable

_SYMBOLS: dict[str, Symbol] = {
    "D": "diamond", "d": "diamond", "s": "square", "o": "circle", "x": "cross", "+": "plus",
    ".": "dot", ",": "dot",
}  # fmt: skip
_SYSTEMS: dict[str, System] = {
    "icrs": "icrs", "fk5": "fk5", "fk4": "fk4", "galactic": "galactic",
    "barycentricmeanecliptic": "ecliptic", "barycentrictrueecliptic": "ecliptic",
}  # fmt: skip


def read_crtf(path: Path) -> list[Region]:
    """The regions of a CRTF file.

    Raises:
        TuiviewError: The package `regions` is not installed, or the file is damaged.
    """
    try:
        from regions import Regions
    except ImportError:
        raise TuiviewError(
            f"{printable(path.name)} is a CASA region file, which the package regions reads",
            "pip install 'tuiview[regions]'",
        ) from None
    hush()
    try:
        found = Regions.read(path, format="crtf")
    except Exception as error:  # the parser has several classes
        words = printable(str(error))
        raise UnreadableError(f"{printable(path.name)} cannot be read: {words}") from None
    return [made for region in found if (made := _region(region)) is not None]


def _region(region: Any) -> Region | None:
    kind = type(region).__name__
    system, points = _points(region)
    if not points:
        return None
    figures = tuple(_figures(region, kind))
    path = {"Pol": "closed", "Lin": "open"}.get(kind[:3], "")
    marker = str(region.visual.get("marker", "+")) if kind.startswith("Point") else ""
    text = getattr(region, "text", None) if kind.startswith("Text") else region.meta.get("text")
    return Region(
        points,
        system,
        figures,
        path,  # type: ignore[arg-type]
        (_SYMBOLS.get(marker, "plus"),) if marker else (),
        text=str(text or region.meta.get("label") or "").strip("'\""),
        color=_color(region.visual),
        width=max(1, int(region.visual.get("linewidth", 1) or 1)),
        excluded=not region.meta.get("include", True),
    )


def _points(region: Any) -> tuple[System, tuple[tuple[float, float], ...]]:
    import numpy as np

    given: list[Any] = []
    for name in ("vertices", "center", "start", "end"):
        if hasattr(region, name):
            given.append(getattr(region, name))
    points: list[tuple[float, float]] = []
    system: System = "image"
    for place in given:
        if hasattr(place, "frame"):
            system = _SYSTEMS.get(place.frame.name, "icrs")
            sphere = place.spherical
            lon, lat = np.atleast_1d(sphere.lon.deg), np.atleast_1d(sphere.lat.deg)
        else:
            lon, lat = np.atleast_1d(place.x), np.atleast_1d(place.y)
        points += [(float(a), float(b)) for a, b in zip(lon, lat, strict=True)]
    return system, tuple(points)


def _figures(region: Any, kind: str) -> Iterator[Figure]:
    turn = float(region.angle.to_value("deg")) if hasattr(region, "angle") else 0.0
    shape = "box" if kind.startswith("Rectangle") else "ellipse"
    for prefix in ("", "inner_", "outer_"):
        if hasattr(region, f"{prefix}radius"):
            radius, unit = _size(getattr(region, f"{prefix}radius"))
            yield Figure("ellipse", radius, radius, 0.0, unit)
        elif hasattr(region, f"{prefix}width"):
            (a, unit), (b, _) = (
                _size(getattr(region, prefix + name)) for name in ("width", "height")
            )
            yield Figure(shape, a / 2, b / 2, turn, unit)  # type: ignore[arg-type]


def _size(value: Any) -> tuple[float, Any]:
    if hasattr(value, "to_value"):
        return float(value.to_value("deg")), "degree"
    return float(value), "pixel"


def _color(visual: Any) -> int | None:
    name = visual.get("color") or visual.get("edgecolor")
    try:
        return rgb(name) if name else None
    except (ValueError, AttributeError):
        return None
