"""What stands after `--catalog`: a file, and how to read and draw it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from msgspec import Struct, field

from tuiview.errors import UsageError
from tuiview.imaging.overlay import Symbol, rgb
from tuiview.text import printable

COLORS = (0x00D7FF, 0xFFD700, 0xFF5FD7, 0x87FF5F, 0xFF875F, 0xAF87FF)
"""The colours of catalogues that were given none, in order."""
SHAPES: tuple[Symbol, ...] = get_args(Symbol)
COLUMNS = ("ra", "dec", "l", "b", "x", "y", "size", "label", "group", "image", "frame")
"""What a catalogue's column can mean."""
ORIGINS = ("0", "1", "top")
USAGE = "FILE[,ra=COLUMN,dec=COLUMN,label=COLUMN,color=#ff0,shape=square,...]"

_OPTION = re.compile(r",(?=[a-z]+=)")


class CatalogueOptions(Struct, frozen=True):
    """A catalogue or a file of regions, as it was asked for.

    Attributes:
        path: The file.
        columns: Names of columns by what they mean (`COLUMNS`), where they were told.
        color: 0xRRGGBB, or None for the next of `COLORS` (or what a region file says).
        shape: A symbol, or None for circles.
        size: Width of a symbol in screen pixels.
        name: What it is called; empty for the file's name.
        hdu: The name or number of a FITS table.
        origin: Of pixel positions: the first pixel is `0` or `1`, or `0` from the `top` left of
            the picture as displayed; empty for what the columns' names mean.
        by: `sky` or `pixel` where rows have both; empty for the pixel if they name the image.
        unit: `deg`, `hour` or `rad`, of right ascensions; empty for what the file says.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    color: int | None = None
    shape: Symbol | None = None
    size: int = 11
    name: str = ""
    hdu: str | None = None
    origin: str = ""
    by: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """What it is called on the screen."""
        return printable(self.name or self.path.name)

    @classmethod
    def parse(cls, text: str) -> CatalogueOptions:
        """Read `FILE[,option=value...]`.

        Raises:
            UsageError: An option is unknown or its value makes no sense.
        """
        whole = Path(text).expanduser()
        parts = [text] if whole.is_file() else _OPTION.split(text)
        if not parts[0].strip():
            raise UsageError("a catalogue needs a file", USAGE)
        columns: dict[str, str] = {}
        given: dict[str, str] = {}
        for part in parts[1:]:
            name, _, value = part.partition("=")
            if name in COLUMNS:
                columns[name] = value
            elif name in ("color", "shape", "width", "name", "hdu", "origin", "by", "unit"):
                given[name] = value
            else:
                raise UsageError(
                    f"a catalogue has no option {printable(name)}",
                    ", ".join((*COLUMNS, "color, shape, width, name, hdu, origin, by, unit")),
                )
        return cls(
            Path(parts[0].strip()).expanduser(),
            columns,
            _color(given.get("color")),
            _choice(given, "shape", SHAPES) or None,  # type: ignore[arg-type]
            _width(given.get("width", "11")),
            given.get("name", ""),
            given.get("hdu"),
            _choice(given, "origin", ORIGINS),
            _choice(given, "by", ("sky", "pixel")),
            _choice(given, "unit", ("deg", "hour", "rad")),
        )


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = given.get(name, "")
    if value and value not in choices:
        raise UsageError(f"{name}={printable(value)}: no such {name}", ", ".join(choices))
    return value


def _color(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return rgb(text)
    except ValueError:
        raise UsageError(f"{printable(text)} is no colour", "color=#ff0 or color=red") from None


def _width(text: str) -> int:
    if not text.isdecimal() or not 3 <= int(text) <= 99:
        raise UsageError("width goes from 3 to 99 screen pixels", "width=11")
    return int(text)
