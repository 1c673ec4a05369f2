"""DS9 region files: read as regions, and written from marks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from tuiview.exchange.region import Figure, Joined, Region, System
from tuiview.imaging.overlay import Symbol, rgb
from tuiview.text import printable

_SYSTEMS: Mapping[str, System] = {
    "image": "image", "physical": "physical", "icrs": "icrs", "fk5": "fk5", "j2000": "fk5",
    "fk4": "fk4", "b1950": "fk4", "galactic": "galactic", "ecliptic": "ecliptic",
    "wcs": "fk5", "linear": "physical", "detector": "physical", "amplifier": "physical",
}  # fmt: skip
_EQUATORIAL = ("icrs", "fk5", "fk4")
_SHAPES = (
    "circle", "ellipse", "box", "rotbox", "polygon", "annulus", "line", "vector", "point", "text",
    "ruler", "segment", "projection", "panda", "epanda", "bpanda", "pie",
)  # fmt: skip
_SYMBOLS: Mapping[str, tuple[Symbol, ...]] = {
    "circle": ("circle",), "box": ("square",), "diamond": ("diamond",), "cross": ("plus",),
    "x": ("cross",), "arrow": ("arrow",), "boxcircle": ("square", "circle"),
}  # fmt: skip
_COMMAND = re.compile(
    r"(?P<sign>[-+!])?\s*#?\s*(?P<shape>[a-zA-Z]+)\s*\(?(?P<args>[^()|#]*)\)?\s*(?:\|\|)?\s*"
    r"(?P<rest>.*)",
    re.DOTALL,
)
_PROPERTY = re.compile(r"""(\w+)\s*=\s*(\{[^}]*\}|"[^"]*"|'[^']*'|[^\s{}"']+(?:\s+\d+(?!\S))*)""")
_FONT = re.compile(r"(\d+)")
_REMARKS = ("filename", "region file")


def parse(text: str) -> tuple[list[Region], list[str]]:
    """The regions of a DS9 file, and what could not be read of it, in words."""
    regions: list[Region] = []
    unread: dict[str, int] = {}
    system: System | None = None
    shared: dict[str, str] = {}
    for command in _commands(text):
        word = command.split(None, 1)[0].lower() if command.split() else ""
        if word in _SYSTEMS:
            system = _SYSTEMS[word]
            continue
        if word == "global":
            shared |= _properties(command)[0]
            continue
        if command.lstrip("# ").lower().startswith(_REMARKS):
            continue
        found = _COMMAND.match(command)
        shape = found["shape"].lower() if found else ""
        if found is None or shape not in _SHAPES:
            if not command.startswith("#") or shape in ("compass",):
                unread[shape or command[:20]] = unread.get(shape or command[:20], 0) + 1
            continue
        try:
            made = _region(shape, found, system or "image", shared)
        except (ValueError, IndexError):
            made = None
        if made is None:
            unread[shape] = unread.get(shape, 0) + 1
        else:
            regions.append(made)
    problems = [f"{n:,} of {printable(name)} left out" for name, n in unread.items()]
    return regions, problems


def _commands(text: str) -> Iterator[str]:
    """The single commands: a file's lines, and parts of lines between semicolons."""
    for line in text.splitlines():
        line = line.strip()
        if not line:
            continue
        # What follows a hash sign are properties, where a semicolon may be part of a text.
        before, mark, after = line.partition("#")
        parts = before.split(";")
        for part in parts[:-1]:
            if part.strip():
                yield part.strip()
        last = (parts[-1] + mark + after).strip()
        if last:
            yield last


def _properties(text: str) -> tuple[dict[str, str], list[str]]:
    """Values by name, and the tags."""
    values: dict[str, str] = {}
    tags = []
    for name, value in _PROPERTY.findall(text):
        if value[0] in "{\"'":
            value = value[1:-1]
        if name == "tag":
            tags.append(value)
        else:
            values[name] = value
    return values, tags


def _region(
    shape: str, found: re.Match[str], system: System, shared: Mapping[str, str]
) -> Region | None:
    own, tags = _properties(found["rest"])
    values = {**shared, **own}
    words = [word for word in re.split(r"[,\s]+", found["args"].strip()) if word]
    made = _shape(shape, words, system, values)
    if made is None:
        return None
    font = _FONT.search(values.get("font", ""))
    return replace(
        made,
        text=own.get("text", ""),
        color=_color(values.get("color", "green")),
        width=_whole(values.get("width", "1"), 1, 9),
        font=int(font[1]) + 3 if font else 13,
        excluded=found["sign"] == "-" and bool(made.figures),
        tags=tuple(tags),
    )


def _shape(
    shape: str, words: Sequence[str], system: System, values: Mapping[str, str]
) -> Region | None:
    """The geometry of a region; None where there is nothing to draw."""
    if shape in ("polygon", "segment", "line", "ruler", "projection"):
        count = len(words) if shape in ("polygon", "segment") else 4
        points = tuple(_points(words[:count], system))
        if len(points) < 2:
            return None
        if shape == "polygon":
            return Region(points, system, path="closed")
        heads = values.get("line", "").split() or ["0", "0"]
        at_start, at_end = heads[0] == "1", heads[-1] == "1"
        if at_start and not at_end:
            points = points[::-1]
        ends: Joined = (
            "arrows" if at_start and at_end else "arrow" if at_start or at_end else "open"
        )
        return Region(points, system, path=ends)
    (point,) = _points(words[:2], system)
    rest = words[2:]
    here = Region((point,), system)
    if shape == "text":
        return here
    if shape == "point":
        kind = values.get("point", "boxcircle").split()
        size = _whole(kind[1], 1, 200) if len(kind) > 1 else 11
        return replace(here, symbols=_SYMBOLS.get(kind[0], ("square", "circle")), size=size)
    figures = tuple(_figures(shape, rest, system))
    return replace(here, figures=figures) if figures else None


def _figures(shape: str, words: Sequence[str], system: System) -> Iterator[Figure]:
    def size(word: str) -> tuple[float, Literal["degree", "pixel"]]:
        return _size(word, system)

    if shape in ("circle", "annulus"):
        for word in words[: 1 if shape == "circle" else None]:
            radius, unit = size(word)
            yield Figure("ellipse", radius, radius, 0.0, unit)
    elif shape in ("ellipse", "box", "rotbox"):
        angle = _angle(words[-1]) if len(words) % 2 else 0.0
        if len(words) < 2:
            raise ValueError
        half = 1.0 if shape == "ellipse" else 0.5
        for first, second in zip(words[0::2], words[1::2], strict=False):
            (a, unit), (b, _) = size(first), size(second)
            kind: Literal["ellipse", "box"] = "ellipse" if shape == "ellipse" else "box"
            yield Figure(kind, a * half, b * half, angle, unit)
    elif shape == "vector":
        length, unit = size(words[0])
        yield Figure("ray", 0.0, length, _angle(words[1]), unit, arrow=True)
    elif shape in ("panda", "epanda", "bpanda"):
        yield from _panda(shape, words, system)
    elif shape == "pie":
        inner, unit = size(words[0])
        outer, _ = size(words[1])
        for word in words[2:4]:
            yield Figure("ray", inner, outer, _angle(word), unit)


def _panda(shape: str, words: Sequence[str], system: System) -> Iterator[Figure]:
    """Rings cut into sectors: first angle, last angle, sectors, sizes, number of rings."""
    first, last = _angle(words[0]), _angle(words[1])
    sectors = int(words[2])
    sizes = 1 if shape == "panda" else 2
    inner = [_size(word, system) for word in words[3 : 3 + sizes]]
    outer = [_size(word, system) for word in words[3 + sizes : 3 + 2 * sizes]]
    rings = int(words[3 + 2 * sizes])
    turn = _angle(words[4 + 2 * sizes]) if len(words) > 4 + 2 * sizes else 0.0
    half = 0.5 if shape == "bpanda" else 1.0
    unit = inner[0][1]
    low = [half * value for value, _ in inner]
    high = [half * value for value, _ in outer]
    for ring in range(rings + 1):
        a, b = (
            near + (far - near) * ring / max(rings, 1)
            for near, far in zip((low * 2)[:2], (high * 2)[:2], strict=True)
        )
        yield Figure("box" if shape == "bpanda" else "ellipse", a, b, turn, unit)
    for sector in range(sectors + 1):
        angle = first + (last - first) * sector / max(sectors, 1)
        near, far = (_radius(shape, axes, angle) for axes in ((low * 2)[:2], (high * 2)[:2]))
        yield Figure("ray", near, far, turn + angle, unit)


def _radius(shape: str, axes: Sequence[float], angle: float) -> float:
    """How far the border of an ellipse or box is in a direction."""
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    a, b = axes
    if shape == "bpanda":
        return min(a / cos if cos > 1e-12 else math.inf, b / sin if sin > 1e-12 else math.inf)
    return a * b / math.hypot(b * cos, a * sin) if a and b else 0.0


def _points(words: Sequence[str], system: System) -> Iterator[tuple[float, float]]:
    if not words or len(words) % 2:
        raise ValueError("positions come in pairs")
    for first, second in zip(words[0::2], words[1::2], strict=True):
        if system in ("image", "physical"):
            yield pixel(first), pixel(second)
        else:
            yield _coordinate(first, hours=system in _EQUATORIAL), _coordinate(second, hours=False)


def pixel(word: str) -> float:
    """The 0-based position that FITS counts from 1, to the last digit."""
    from decimal import Decimal, InvalidOperation, localcontext

    with localcontext() as context:
        context.prec = 800
        try:
            return float(Decimal(word.rstrip("ip")) - 1)
        except InvalidOperation:
            raise ValueError(word) from None


def from_one(value: float) -> str:
    """A 0-based position as FITS counts it, so that `pixel` gives back the same number."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 800
        return format(Decimal(repr(value)) + 1, "f")


def _coordinate(word: str, *, hours: bool) -> float:
    """Degrees of a coordinate: plain, `12:30:45`, `12h30m45s`, `1.5r`, `30d`."""
    from tuiview.exchange.catalogue import sexagesimal

    if word[-1] in "rd" and not any(mark in word for mark in ":hm"):
        value = float(word[:-1])
        return math.degrees(value) if word[-1] == "r" else value
    if ":" in word or "h" in word or "d" in word:
        value = float(sexagesimal([word])[0])
        if math.isnan(value):
            raise ValueError(word)
        in_hours = "h" in word or (hours and ":" in word)
        return value * 15.0 if in_hours else value
    return float(word)


def _size(word: str, system: System) -> tuple[float, Literal["degree", "pixel"]]:
    units = {'"': 1 / 3600, "'": 1 / 60, "d": 1.0, "r": math.degrees(1)}
    if word[-1] in units:
        return float(word[:-1]) * units[word[-1]], "degree"
    if word[-1] in "ip":
        return float(word[:-1]), "pixel"
    return float(word), "pixel" if system in ("image", "physical") else "degree"


def _angle(word: str) -> float:
    return math.degrees(float(word[:-1])) if word[-1] == "r" else float(word.rstrip("d"))


def _whole(word: str, low: int, high: int) -> int:
    return max(low, min(high, int(float(word)))) if re.fullmatch(r"[\d.]+", word) else low


def _color(name: str) -> int | None:
    """A colour's name, or #rgb, #rrggbb, #rrrrggggbbbb as DS9 writes them."""
    if re.fullmatch("#[0-9a-fA-F]{12}", name):
        name = "#" + name[1:3] + name[5:7] + name[9:11]
    if name.lower() == "green":
        return 0x00FF00  # as Tk has it, not CSS
    try:
        return rgb(name)
    except ValueError:
        return None
