"""The mosaic of a detector's extensions, laid out by DATASEC and DETSEC.

Both are sections `[x1:x2,y1:y2]`, counted from 1, ends included: the useful part of the extension
and where it lies on the detector. A section that runs backwards is flipped (NOAO's and IRAF's
conventions for mosaic data).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from tuiview.imaging.frame import Card, Pixels
from tuiview.imaging.readers.banded import BandedFrame
from tuiview.imaging.readers.fits_frames import FitsFile, frame_of
from tuiview.imaging.readers.fits_parts import Part

_SECTION = re.compile(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*")
_MOST_PIXELS = 1 << 33


class _Piece(Struct, frozen=True):
    """An extension on the mosaic.

    Attributes:
        part: The extension.
        x, y: Where the lower left corner of the useful part lies in the extension.
        width, height: The useful part.
        left, bottom: Where it lies on the mosaic.
        flip_x, flip_y: Whether it runs backwards there.
    """

    part: Part
    x: int
    y: int
    width: int
    height: int
    left: int
    bottom: int
    flip_x: bool
    flip_y: bool


def mosaic_of(file: FitsFile, parts: Sequence[Part]) -> MosaicFrame | None:
    """The mosaic of the extensions that say where they lie, or None.

    There is one where two or more extensions lie at different places that do not overlap. ERR and
    DQ are left out, and all but SCI where there are SCI extensions; a cutout that inherited the
    section of its whole detector is an ordinary image.
    """
    named = {part.name.upper() for part in parts}
    wanted = [
        part
        for part in parts
        if part.detsec
        and part.count == 1
        and (
            part.name.upper() == "SCI" if "SCI" in named else part.name.upper() not in ("ERR", "DQ")
        )
    ]
    if len(wanted) < 2:
        return None
    pieces = _lay(wanted)
    return None if pieces is None else MosaicFrame(file, pieces)


def section(text: str) -> tuple[int, int, int, int] | None:
    """`(x1, x2, y1, y2)` of `[x1:x2,y1:y2]`, counted from 1; None if it is not a section."""
    match = _SECTION.fullmatch(text)
    if match is None:
        return None
    x1, x2, y1, y2 = (int(group) for group in match.groups())
    return x1, x2, y1, y2


def _lay(parts: Sequence[Part]) -> list[_Piece] | None:
    placed: list[_Piece] = []
    binning: set[tuple[int, int]] = set()
    for part in parts:
        ny, nx = part.shape
        detector = section(part.detsec)
        data = section(part.datasec) if part.datasec else (1, nx, 1, ny)
        if detector is None or data is None:
            return None
        x1, x2, y1, y2 = data
        if min(x1, x2, y1, y2) < 1 or max(x1, x2) > nx or max(y1, y2) > ny:
            return None
        width, height = abs(x2 - x1) + 1, abs(y2 - y1) + 1
        dx1, dx2, dy1, dy2 = detector
        wide, tall = abs(dx2 - dx1) + 1, abs(dy2 - dy1) + 1
        if wide % width or tall % height:
            return None
        bx, by = wide // width, tall // height
        binning.add((bx, by))
        placed.append(
            _Piece(
                part, min(x1, x2) - 1, min(y1, y2) - 1, width, height,
                (min(dx1, dx2) - 1) // bx, (min(dy1, dy2) - 1) // by,
                (dx1 > dx2) != (x1 > x2), (dy1 > dy2) != (y1 > y2),
            )
        )  # fmt: skip
    if len(binning) != 1:
        return None
    for number, one in enumerate(placed):
        for other in placed[:number]:
            apart = (
                one.left >= other.left + other.width
                or other.left >= one.left + one.width
                or one.bottom >= other.bottom + other.height
                or other.bottom >= one.bottom + one.height
            )
            if not apart:
                return None
    left, bottom = min(piece.left for piece in placed), min(piece.bottom for piece in placed)
    width = max(piece.left + piece.width for piece in placed) - left
    height = max(piece.bottom + piece.height for piece in placed) - bottom
    if width * height > _MOST_PIXELS:
        return None
    return [
        _Piece(
            piece.part, piece.x, piece.y, piece.width, piece.height,
            piece.left - left, piece.bottom - bottom, piece.flip_x, piece.flip_y,
        )
        for piece in placed
    ]  # fmt: skip


class MosaicFrame(BandedFrame):
    """All extensions of a detector in their places; gaps are NaN."""

    origin = "lower"
    name = "mosaic"

    def __init__(self, file: FitsFile, pieces: Sequence[_Piece]) -> None:
        self._pieces = [(piece, frame_of(file, piece.part, 0)) for piece in pieces]
        width = max(piece.left + piece.width for piece in pieces)
        height = max(piece.bottom + piece.height for piece in pieces)
        self.shape = (height, width)
        kinds = [frame.dtype for _, frame in self._pieces]
        wide = any(kind.itemsize > 4 or (kind.kind in "iu" and kind.itemsize > 2) for kind in kinds)
        self.dtype = self.stored = np.dtype("f8" if wide else "f4")
        self.unit = self._pieces[0][1].unit

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Values of a window."""
        out = np.full((y1 - y0, x1 - x0), np.nan, self.stored)
        for piece, frame in self._pieces:
            left, right = max(x0, piece.left), min(x1, piece.left + piece.width)
            low, high = max(y0, piece.bottom), min(y1, piece.bottom + piece.height)
            if left >= right or low >= high:
                continue
            px0, px1 = _within(left - piece.left, right - piece.left, piece.width, piece.flip_x)
            py0, py1 = _within(low - piece.bottom, high - piece.bottom, piece.height, piece.flip_y)
            part = frame.read(piece.x + px0, piece.y + py0, piece.x + px1, piece.y + py1)
            out[low - y0 : high - y0, left - x0 : right - x0] = part[
                :: -1 if piece.flip_y else 1, :: -1 if piece.flip_x else 1
            ]
        return out

    def cards(self) -> Sequence[Card]:
        """The cards of the first extension."""
        return self._pieces[0][1].cards()


def _within(first: int, last: int, size: int, flip: bool) -> tuple[int, int]:
    return (size - last, size - first) if flip else (first, last)
