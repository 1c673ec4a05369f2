"""The frames of a FITS file: planes read straight from its bytes, or by astropy."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiview.errors import Poll, never
from tuiview.imaging.axis import Axis
from tuiview.imaging.frame import Card, Pixels
from tuiview.imaging.readers.banded import BandedFrame, ReadWindow
from tuiview.imaging.readers.content import Content
from tuiview.imaging.readers.failures import explained
from tuiview.imaging.readers.fits_parts import Part
from tuiview.imaging.readers.fits_plain import scaling
from tuiview.imaging.reduce import Averages
from tuiview.text import printable

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    from tuiview.imaging.stackaxis import StackAxis

# Names in comments often have accents, which FITS does not allow and astropy refuses.
_PLAIN_ASCII = bytes(byte if 0x20 <= byte < 0x7F else 0x3F for byte in range(256))

_BLOCK_BYTES = 32 << 20
_WIDE_GAP = 1 << 16
"""Bytes between the ends of a window's rows from which on each row is read by itself."""


class FitsFile:
    """A FITS content and, once something needs it, astropy's view of it.

    Astropy's is one file position for all, so that its reads are behind a lock.

    Attributes:
        first: Offset and bytes of the primary header where the structure is plain.
    """

    first: tuple[int, int] | None = None

    def __init__(self, content: Content) -> None:
        self.content = content
        self.lock = threading.RLock()
        self._list: Any = None

    def hdus(self) -> Any:
        """Astropy's HDUList.

        Raises:
            UnreadableError: Astropy cannot open it.
        """
        with self.lock:
            if self._list is None:
                from astropy.io import fits

                path = self.content.path
                direct = path is not None and not self.content.compression
                source = path if direct else io.BytesIO(self.content.whole())
                with quiet(self.content.name):
                    self._list = fits.open(source, memmap=False, lazy_load_hdus=True)
            return self._list

    def header(self, part: Part) -> Header:
        """The header of an HDU, as astropy reads it."""
        with quiet(self.content.name):
            if part.plain is not None:
                return self._parsed(*part.plain.header)
            with self.lock:
                return self.hdus()[part.number].header

    def primary(self) -> Header:
        """The primary header, as astropy reads it."""
        with quiet(self.content.name):
            return self.hdus()[0].header if self.first is None else self._parsed(*self.first)

    def _parsed(self, offset: int, size: int) -> Header:
        from astropy.io import fits

        return fits.Header.fromstring(self.content.read(offset, size).translate(_PLAIN_ASCII))

    def close(self) -> None:
        """Close both views."""
        with self.lock:
            if self._list is not None:
                self._list.close()
                self._list = None
        self.content.close()


class _FitsFrame(BandedFrame):
    """What frames of either way of reading share."""

    origin = "lower"

    def __init__(self, file: FitsFile, part: Part, plane: int) -> None:
        self.file = file
        self.part = part
        self.plane = plane
        self.name = part.name
        self.shape = part.shape
        self.stack = part.number

    @cached_property
    def header(self) -> Header:
        """The header of the HDU."""
        return self.file.header(self.part)

    def cards(self) -> Sequence[Card]:
        """The cards of the HDU's header and, for an extension, of the primary header after it."""
        cards = _cards(self.header)
        if self.part.number > 0:
            cards.append(Card("", "primary header"))
            cards.extend(_cards(self.file.primary()))
        return cards

    def wcs(self) -> WCS | None:
        """Celestial coordinates of the plane."""
        from tuiview.imaging import wcs

        x, y, _ = self.part.layout
        if x is None or y is None:
            return None
        return wcs.wcs_of(self.header, axes=(x + 1, y + 1), tables=self.file.hdus)

    def stack_axis(self) -> StackAxis | None:
        """The world values of the planes where one axis counts them."""
        from tuiview.imaging.stackaxis import stack_axis

        planes = self.part.layout[2]
        if len(planes) != 1:
            return None
        return stack_axis(self.header, planes[0] + 1, self.part.count, self.file.hdus)


class PlainFrame(_FitsFrame):
    """Pixels read straight from the content."""

    def __init__(self, file: FitsFile, part: Part, plane: int) -> None:
        super().__init__(file, part, plane)
        assert part.plain is not None
        rule = scaling(part.plain)
        self.stored, self.dtype = rule.stored, rule.dtype
        self.scale, self.zero, self.blank = rule.scale, rule.zero, rule.blank
        self.unit = printable(part.plain.text("BUNIT")).strip()
        self.sequential = file.content.sequential
        self.apart = not self.sequential
        ny, nx = self.shape
        self._offset = part.plain.data[0] + plane * ny * nx * self.stored.itemsize

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Stored values of a window, in the file's byte order."""
        content, nx, item = self.file.content, self.shape[1], self.stored.itemsize
        if (nx - (x1 - x0)) * item <= _WIDE_GAP or content.held:
            start = self._offset + y0 * nx * item
            return content.array(start, self.stored, (y1 - y0, nx))[:, x0:x1]
        out = np.empty((y1 - y0, (x1 - x0) * item), np.uint8)
        for row, y in enumerate(range(y0, y1)):
            offset = self._offset + (y * nx + x0) * item
            got = content.read_into(offset, memoryview(out[row]))
            if got < out.shape[1]:
                raise content.cut_short(out.shape[1] - got)
        return out.view(self.stored)


class AstropyFrame(_FitsFrame):
    """Pixels that astropy reads: tile-compressed images and whatever is unusual."""

    sequential = True

    def __init__(self, file: FitsFile, part: Part, plane: int) -> None:
        super().__init__(file, part, plane)
        self._kept: tuple[tuple[int, int, int, int], Pixels] | None = None
        self._until = 0
        with file.lock, quiet(file.content.name):
            hdu = file.hdus()[part.number]
            first = hdu.section[(0,) * (len(part.axes) - 1) + (slice(0, 1),)]
            self.stored = self.dtype = np.asarray(first).dtype.newbyteorder("=")
            self.unit = printable(str(hdu.header.get("BUNIT", ""))).strip()
            y = part.layout[1]
            tiles = getattr(hdu, "tile_shape", (1,))[::-1]
            self._tall = 1 if y is None or y >= len(tiles) else int(tiles[y])

    @property
    def held(self) -> int:
        """Bytes of decompressed pixels kept in memory."""
        return 0 if self._kept is None else self._kept[1].nbytes

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Values of a window; the tiles under it are decompressed, with some of those above.

        Astropy's work for each call is that for many tiles, and tiles are taller than bands: they
        are read by blocks, of which the last one is kept.
        """
        with self.file.lock:
            if self._kept is None or not _covers(self._kept[0], (x0, x1, y0, y1)):
                row_bytes = (x1 - x0) * self.stored.itemsize
                below = y0 // self._tall * self._tall
                least = -(-y1 // self._tall) * self._tall
                above = below + _BLOCK_BYTES // row_bytes // self._tall * self._tall
                top = max(least, min(above, self._until))
                window = x0, x1, below, min(top, self.shape[0])
                self._kept = window, self._section(*window)
            (left, _, low, _), pixels = self._kept
            return pixels[y0 - low : y1 - low, x0 - left : x1 - left]

    def averages(
        self,
        read: ReadWindow,
        rows: Axis,
        columns: Axis,
        *,
        cancelled: Poll = never,
        sparse: bool = False,
    ) -> Averages:
        """Average over cells, remembering how far up the rows will be wanted."""
        self._until = rows.high
        try:
            return super().averages(read, rows, columns, cancelled=cancelled, sparse=sparse)
        finally:
            self._until = 0

    def _section(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        x, y, planes = self.part.layout
        index: list[int | slice] = [0] * len(self.part.axes)
        plane = self.plane
        for axis in planes:
            plane, index[axis] = divmod(plane, self.part.axes[axis])
        if x is not None:
            index[x] = slice(x0, x1)
        if y is not None:
            index[y] = slice(y0, y1)
        with quiet(self.file.content.name):
            data = self.file.hdus()[self.part.number].section[tuple(reversed(index))]
        return np.asarray(data).reshape(y1 - y0, x1 - x0)


def _covers(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    return (
        outer[0] <= inner[0]
        and inner[1] <= outer[1]
        and outer[2] <= inner[2]
        and inner[3] <= outer[3]
    )


def frame_of(file: FitsFile, part: Part, plane: int) -> _FitsFrame:
    """The frame of one plane of an HDU."""
    if part.plain is not None:
        return PlainFrame(file, part, plane)
    return AstropyFrame(file, part, plane)


@contextmanager
def quiet(name: str) -> Iterator[None]:
    """Keep astropy's warnings off the screen and put its failures into words."""
    from tuiview.imaging.wcs import hush

    hush()
    with explained(name, "is damaged, or not quite FITS"):
        yield


def _cards(header: Header) -> list[Card]:
    cards = []
    for card in header.cards:
        try:
            value, comment, keyword = card.value, card.comment, card.keyword
        except Exception:  # astropy parses a card when it is asked for, and may refuse it
            cards.append(Card("", "a card that is not FITS"))
            continue
        if isinstance(value, str):
            value = printable(value)
        cards.append(Card(printable(keyword), value, printable(comment)))
    return cards
