"""GeoJSON on the sky: coordinates are right ascension and declination in ICRS degrees."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tuiview.errors import UnreadableError
from tuiview.exchange.files import read_text
from tuiview.exchange.marks import GivenMark
from tuiview.exchange.region import Region
from tuiview.imaging.overlay import rgb
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.review.reading import MarkRow


def read_regions(path: Path) -> list[Region]:
    """The features of a file as regions: points, lines, polygons, `properties.description`.

    Raises:
        UnreadableError: It cannot be read, or is no GeoJSON.
    """
    return [
        region
        for feature in _features(path)
        for region in _regions(feature.get("geometry"), feature.get("properties") or {})
    ]


def _features(path: Path) -> list[dict[str, Any]]:
    name = printable(path.name)
    try:
        document = json.loads(read_text(path))
    except ValueError as error:
        raise UnreadableError(f"{name} cannot be read: {printable(str(error))}") from None
    if isinstance(document, dict):
        kind = document.get("type")
        if kind == "FeatureCollection" and isinstance(document.get("features"), list):
            return [feature for feature in document["features"] if isinstance(feature, dict)]
        if kind == "Feature":
            return [document]
        if "coordinates" in document or kind == "GeometryCollection":
            return [{"geometry": document}]
    raise UnreadableError(f"{name} is no GeoJSON", "a FeatureCollection, a Feature or a geometry")


def _regions(geometry: Any, properties: dict[str, Any]) -> Iterator[Region]:
    if not isinstance(geometry, dict):
        return
    if geometry.get("type") == "GeometryCollection":
        for part in geometry.get("geometries") or ():
            yield from _regions(part, properties)
        return
    text = str(properties.get("description") or properties.get("name") or "")
    color = _color(properties.get("stroke") or properties.get("color"))
    for kind, points in _parts(str(geometry.get("type")), geometry.get("coordinates")):
        if kind == "Point":
            yield Region(points, symbols=("circle",), text=text, color=color)
        elif len(points) > 1:
            path = "closed" if kind == "Polygon" else "open"
            yield Region(points, path=path, text=text, color=color)  # type: ignore[arg-type]


def _parts(kind: str, given: Any) -> Iterator[tuple[str, tuple[tuple[float, float], ...]]]:
    """The single points, lines and rings of a geometry."""
    try:
        if kind == "Point":
            yield kind, (_pair(given),)
        elif kind in ("MultiPoint", "MultiLineString", "MultiPolygon"):
            for part in given:
                yield from _parts(kind.removeprefix("Multi"), part)
        elif kind == "LineString":
            yield kind, tuple(_pair(each) for each in given)
        elif kind == "Polygon":
            for ring in given:
                points = tuple(_pair(each) for each in ring)
                yield kind, points[:-1] if points[:1] == points[-1:] else points
    except (TypeError, ValueError, IndexError):
        return


def _pair(given: Any) -> tuple[float, float]:
    return float(given[0]), float(given[1])


def _color(name: object) -> int | None:
    try:
        return rgb(name) if isinstance(name, str) else None
    except ValueError:
        return None


def write_marks(rows: Iterable[MarkRow], stream: IO[bytes]) -> None:
    """Marks as a FeatureCollection; one without a sky position has no geometry, but x and y."""
    stream.write(b'{"type": "FeatureCollection", "features": [')
    for n, row in enumerate(rows):
        mark = row.mark
        on_sky = mark.ra is not None and mark.dec is not None
        feature = {
            "type": "Feature",
            "id": mark.uuid,
            "geometry": {"type": "Point", "coordinates": [mark.ra, mark.dec]} if on_sky else None,
            "properties": {
                "description": mark.label or mark.group, "group": mark.group, "label": mark.label,
                "uuid": mark.uuid, "image": row.key, "frame": mark.frame,
                "x": mark.x, "y": mark.y, "reviewer": row.reviewer, "made": row.made,
            },
        }  # fmt: skip
        stream.write(b",\n" if n else b"\n")
        stream.write(json.dumps(feature, allow_nan=False).encode("ascii"))
    stream.write(b"\n]}\n")


def read_marks(path: Path) -> Iterator[GivenMark]:
    """The points of a file as marks.

    Raises:
        UnreadableError: It cannot be read, or is no GeoJSON.
    """
    for feature in _features(path):
        given = feature.get("properties") or {}
        geometry = feature.get("geometry") or {}
        ra = dec = None
        if geometry.get("type") == "Point":
            try:
                ra, dec = _pair(geometry["coordinates"])
            except (TypeError, ValueError, IndexError, KeyError):
                ra = dec = None
        elif geometry:
            continue
        yield GivenMark(
            image=_text(given, "image"),
            frame=_text(given, "frame"),
            group=_text(given, "group"),
            label=_text(given, "label")
            if "label" in given
            else _text(given, "description", "name"),
            x=_number(given.get("x")),
            y=_number(given.get("y")),
            ra=ra,
            dec=dec,
            uuid=_text(given, "uuid"),
            reviewer=_text(given, "reviewer"),
        )


def _text(given: dict[str, Any], *names: str) -> str:
    return next((str(given[name]) for name in names if given.get(name) is not None), "")


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else None
