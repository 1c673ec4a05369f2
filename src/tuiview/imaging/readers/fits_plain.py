"""The structure of a FITS file, read without astropy.

Only what is needed to find the pixels of uncompressed images is understood, so that the first
picture need not wait for astropy's import. Anything out of the ordinary is left to astropy, which
also reads every header that is shown. Layout of HDUs, headers and data: FITS standard 4.0,
sections 3 and 4.
"""

from __future__ import annotations

import re

import numpy as np
from msgspec import Struct

from tuiview.errors import UnreadableError
from tuiview.imaging.readers.content import Content

BLOCK = 2880
"""Headers and data fill whole blocks of so many bytes."""

_CARD = 80
_MOST_BLOCKS = 4000
_NUMBER = re.compile(rb" *([+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+)?) *(?:/.*)?\Z", re.DOTALL)
_LOGICAL = re.compile(rb" *([TF]) *(?:/.*)?\Z", re.DOTALL)
_TEXT = re.compile(rb" *'((?:[^']|'')*)' *(?:/.*)?\Z", re.DOTALL)
_WANTED = re.compile(
    rb"SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|BUNIT|ZIMAGE|EXTNAME"
    rb"|EXTVER|DETSEC|DATASEC|ZBITPIX|ZNAXIS\d*|TFIELDS|INHERIT"
)
_TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}

Value = str | bool | int | float


class Unusual(Exception):
    """The file is not plain enough; astropy is to judge it."""


class Hdu(Struct, frozen=True):
    """One header and data unit, as its header describes it.

    Attributes:
        number: 0 for the primary.
        values: The keywords that describe its structure.
        header: Offset and bytes of its header.
        data: Offset and bytes of its data, without padding.
    """

    number: int
    values: dict[str, Value]
    header: tuple[int, int]
    data: tuple[int, int]

    @property
    def kind(self) -> str:
        """`image`, `compressed`, `table`, `groups` or `other`."""
        extension = self.values.get("XTENSION", "IMAGE")
        if self.values.get("GROUPS") is True and self.values.get("NAXIS1") == 0:
            return "groups"
        if extension in ("IMAGE", "IUEIMAGE"):
            return "image"
        if extension in ("BINTABLE", "A3DTABLE"):
            return "compressed" if self.values.get("ZIMAGE") is True else "table"
        return "table" if extension == "TABLE" else "other"

    @property
    def axes(self) -> tuple[int, ...]:
        """NAXIS1, NAXIS2... of the picture (of what is compressed, if it is)."""
        prefix = "ZNAXIS" if self.kind == "compressed" else "NAXIS"
        return tuple(
            _integer(self.values, f"{prefix}{axis}")
            for axis in range(1, _integer(self.values, prefix) + 1)
        )

    @property
    def bitpix(self) -> int:
        """BITPIX of the picture."""
        return _integer(self.values, "ZBITPIX" if self.kind == "compressed" else "BITPIX")

    def text(self, key: str) -> str:
        """A keyword that is text; empty if it is absent."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else str(value)


class Scaling(Struct, frozen=True):
    """How stored numbers become values.

    Attributes:
        stored: The type in the file.
        dtype: The native type of the values, as astropy gives them.
        scale, zero: BSCALE and BZERO.
        blank: BLANK, for stored integers.
    """

    stored: np.dtype[np.generic]
    dtype: np.dtype[np.generic]
    scale: float
    zero: float
    blank: int | None


def scan(content: Content) -> list[Hdu]:
    """Read the structure of all HDUs, or of the primary alone if it is large and compressed.

    Raises:
        Unusual: Something that only astropy should judge.
        UnreadableError: The header of the first HDU has no end.
    """
    hdus: list[Hdu] = []
    at = 0
    while True:
        cards = _header(content, at, first=not hdus)
        if cards is None:
            break
        values, length = cards
        size = _data_size(values)
        hdus.append(Hdu(len(hdus), values, (at, length), (at + length, size)))
        at += length + -(-size // BLOCK) * BLOCK
        if content.size is not None and at >= content.size:
            break
        if content.sequential and len(hdus) == 1 and size > 0:
            break  # to find what follows, all pixels would have to be decompressed once more
    return hdus


def scaling(hdu: Hdu) -> Scaling:
    """How the stored numbers of an image HDU become values; the types are astropy's.

    Raises:
        Unusual: A scaling keyword that is not a number.
    """
    bitpix = hdu.bitpix
    if bitpix not in _TYPES:
        raise Unusual(f"BITPIX {bitpix}")
    stored = np.dtype(_TYPES[bitpix])
    scale, zero = _real(hdu.values, "BSCALE", 1.0), _real(hdu.values, "BZERO", 0.0)
    blank = hdu.values.get("BLANK") if bitpix > 0 else None
    if blank is not None:
        if isinstance(blank, bool) or not isinstance(blank, int):
            raise Unusual("BLANK")
        if not np.iinfo(stored).min <= blank <= np.iinfo(stored).max:
            blank = None
    native = stored.newbyteorder("=")
    if bitpix < 0 or (scale == 1.0 and zero == 0.0 and blank is None):
        return Scaling(stored, native, scale, zero, None)
    if scale == 1.0 and blank is None:
        if bitpix == 8 and zero == -128:
            return Scaling(stored, np.dtype("i1"), scale, zero, None)
        if bitpix > 8 and zero == 1 << (bitpix - 1):
            return Scaling(stored, np.dtype(f"u{bitpix // 8}"), scale, zero, None)
    wide = np.dtype("f8") if bitpix > 16 else np.dtype("f4")
    return Scaling(stored, wide, scale, zero, blank)


def _header(content: Content, at: int, *, first: bool) -> tuple[dict[str, Value], int] | None:
    """The structural keywords of the header at an offset and its bytes; None at the file's end."""
    values: dict[str, Value] = {}
    # One read holds most headers whole; on a network file system each read is a round trip.
    step = 8 * BLOCK
    for start in range(0, _MOST_BLOCKS * BLOCK, step):
        block = content.read(at + start, step)
        if start == 0:
            if not block[:_CARD].strip(b"\0 "):
                return None
            if not block.startswith(b"SIMPLE  =" if first else b"XTENSION="):
                if first:
                    raise Unusual("no SIMPLE card")
                return None  # "special records" may follow the last HDU
        for position in range(0, len(block) - _CARD + 1, _CARD):
            card = block[position : position + _CARD]
            key = card[:8].rstrip()
            if key == b"END":
                return values, -(-(start + position + _CARD) // BLOCK) * BLOCK
            if card[8:10] == b"= " and _WANTED.fullmatch(key):
                name = key.decode("ascii")
                if name in values:
                    raise Unusual(f"{name} stands twice")
                values[name] = _value(card[10:])
        if len(block) < step:
            break
    if first:
        raise UnreadableError(
            f"{content.name} is truncated: its first header has no END card",
            "the file was not written to its end, or was damaged on its way",
        )
    raise Unusual("a header without END")


def _value(field: bytes) -> Value:
    if match := _NUMBER.match(field):
        number = match[1].upper().replace(b"D", b"E")
        return float(number) if set(number) & set(b".E") else int(number)
    if match := _LOGICAL.match(field):
        return match[1] == b"T"
    if match := _TEXT.match(field):
        return match[1].replace(b"''", b"'").decode("latin-1").rstrip()
    raise Unusual(f"a value that cannot be understood: {field!r}")


def _data_size(values: dict[str, Value]) -> int:
    if values.get("SIMPLE", True) is not True:
        raise Unusual("SIMPLE is not T")
    bits = _integer(values, "BITPIX")
    axes = [_integer(values, f"NAXIS{n}") for n in range(1, _integer(values, "NAXIS") + 1)]
    if bits not in _TYPES or any(axis < 0 for axis in axes):
        raise Unusual("BITPIX or NAXIS")
    if not axes:
        return 0
    groups = "XTENSION" in values or values.get("GROUPS") is True
    parameters = _integer(values, "PCOUNT", 0) if groups else 0
    count = _integer(values, "GCOUNT", 1) if groups else 1
    if values.get("GROUPS") is True and axes[0] == 0:
        axes = axes[1:]
    elements = 1
    for axis in axes:
        elements *= axis
    return abs(bits) // 8 * count * (parameters + elements)


def _integer(values: dict[str, Value], key: str, default: int | None = None) -> int:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unusual(f"{key} is not a whole number")
    return value


def _real(values: dict[str, Value], key: str, default: float) -> float:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusual(f"{key} is not a number")
    return float(value)
