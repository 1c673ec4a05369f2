"""Positions as people type them: pixels, degrees, sexagesimal, galactic."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from tuiview.errors import UsageError

USAGE = "X,Y in pixels; RA DEC as 10.68 +41.27 or 00:42:44 +41:16:09; or gal L B, ecl L B"

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PIXELS = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})$")
_SIXTY = re.compile(r"([+-]?)(\d+)[:hd°](\d+)(?:[:m'](\d+(?:\.\d*)?))?[s\"]?$")
System = Literal["icrs", "galactic", "ecliptic"]
_SYSTEMS: dict[str, System] = {
    "gal": "galactic", "galactic": "galactic", "ecl": "ecliptic", "ecliptic": "ecliptic",
}  # fmt: skip


class PixelPosition(Struct, frozen=True):
    """A position in pixels as typed: 0-based, or 1-based where the settings say so."""

    x: float
    y: float


class SkyPosition(Struct, frozen=True):
    """A position on the sky in degrees; `system` tells of what kind."""

    lon: float
    lat: float
    system: System = "icrs"


def parse_position(text: str) -> PixelPosition | SkyPosition:
    """Understand a typed position.

    With a comma it is in pixels. Two words are right ascension and declination (ICRS): both in
    degrees, or sexagesimal, the first in hours. `gal` or `ecl` before them makes them galactic or
    ecliptic degrees.

    Raises:
        UsageError: It is neither.
    """
    text = text.strip()
    if match := _PIXELS.match(text):
        return PixelPosition(float(match[1]), float(match[2]))
    words = text.split()
    system: System = _SYSTEMS.get(words[0].lower(), "icrs") if words else "icrs"
    if system != "icrs":
        del words[0]
    elif len(words) == 6:
        words = [":".join(words[:3]), ":".join(words[3:])]
    if len(words) != 2:
        raise UsageError(f"'{text}' is no position", USAGE)
    hours = ":" in words[0] or "h" in words[0]
    lon = _angle(words[0], text) * (15.0 if hours and system == "icrs" else 1.0)
    lat = _angle(words[1], text)
    if not (0.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
        raise UsageError(f"'{text}' lies off the sky", USAGE)
    return SkyPosition(lon, lat, system)


def _angle(word: str, text: str) -> float:
    if re.fullmatch(_NUMBER, word):
        return float(word)
    if match := _SIXTY.match(word):
        sign, whole, minutes, seconds = match.groups()
        if float(minutes) < 60 and float(seconds or 0) < 60:
            value = int(whole) + float(minutes) / 60 + float(seconds or 0) / 3600
            return -value if sign == "-" else value
    raise UsageError(f"'{text}' is no position", USAGE)
