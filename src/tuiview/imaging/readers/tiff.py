"""TIFF: strips, tiles, pages and pyramids, by tifffile."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.errors import NotAnImageError, Poll, UnreadableError, never
from tuiview.imaging.frame import Box, Card, Frame, Pixels, Reduced
from tuiview.imaging.readers.banded import SAMPLES, BandedFrame
from tuiview.imaging.readers.content import Content
from tuiview.imaging.readers.failures import explained
from tuiview.imaging.readers.lazy import ContentImage, LazyFrames
from tuiview.text import printable

if TYPE_CHECKING:
    from astropy.wcs import WCS

# What it says of damaged files on stderr would be written over the screen.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

_KEPT_BYTES = 64 << 20
_LEVEL_PIXELS = 500_000
_WORTH_TWO = 1 << 20  # bytes of pixels that take longer to decode than to share out
_MINISWHITE, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 2, 3, 5, 6
_CHANNELS = ("red", "green", "blue")


class _Spec(Struct, frozen=True):
    """One frame: a page of a series, at all its pyramid levels, or one sample of it.

    Attributes:
        series: The series.
        page: The page in it.
        depth: The plane of a page that has several.
        sample: The one sample to show, or None for a gray or colour page.
        name: The frame's name.
    """

    series: Any
    page: int
    depth: int
    sample: int | None
    name: str


def open_tiff(content: Content, part: str | int | None = None) -> TiffImage:
    """Open a TIFF content.

    Args:
        content: The bytes.
        part: A frame's name, or a page's number counted from 0; None for all.

    Raises:
        NotAnImageError: It holds no page with pixels.
        UnreadableError: It is damaged or of a kind that tifffile does not read.
    """
    with explained(content.name):
        file = tifffile.TiffFile(content.file(), name=content.name)
        specs = list(_specs(file))
    if isinstance(part, int):
        specs = specs[part : part + 1]
    elif part is not None:
        specs = [spec for spec in specs if spec.name == part]
    if not specs:
        if part is not None:
            raise UnreadableError(f"{content.name} has no page {printable(str(part))}")
        raise NotAnImageError(f"{content.name} is a TIFF file without pixels")
    return TiffImage(content, file, specs)


class TiffImage(ContentImage):
    """An open TIFF file."""

    def __init__(self, content: Content, file: tifffile.TiffFile, specs: Sequence[_Spec]) -> None:
        self._file = file
        self._built = LazyFrames(
            [spec.name for spec in specs], lambda index: _frame(content, specs[index])
        )
        super().__init__("TIFF", content, self._built)

    @property
    def held(self) -> int:
        """Bytes of decoded tiles kept in memory."""
        frames = (frame for frame in self._built.built if isinstance(frame, TiffFrame))
        return super().held + sum(frame.held for frame in frames)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


class _Level(BandedFrame):
    """One page at one level of its pyramid."""

    origin = "upper"

    def __init__(self, content: Content, spec: _Spec, level: int) -> None:
        series = spec.series.levels[level]
        page = series.pages[spec.page]
        self._content = content
        self._spec = spec
        self._first = series.keyframe if page is None else page.keyframe
        self._page = page
        key = self._first
        self.name = spec.name
        self._separate, _, height, width, self._contiguous = key.shaped
        self.shape = (height, width)
        self._kind = _kind(key, spec.sample)
        self.channels = 3 if self._kind in ("rgb", "palette", "cmyk") else 1
        dtype = np.dtype(np.uint8) if self._kind in ("palette", "cmyk") else np.dtype(key.dtype)
        self.dtype = np.dtype(np.uint8) if dtype == np.bool_ else dtype
        self.stored = self.dtype
        self._whole: int | None = None
        if key.is_final and (page is None or page.is_contiguous):
            self.apart = True
            start = series.dataoffset if page is None else page.dataoffsets[0]
            self._whole = start + (spec.page * key.nbytes if page is None else 0)
        else:
            self.worth_two = _WORTH_TWO
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Pixels | None] = OrderedDict()

    @property
    def held(self) -> int:
        """Bytes of decoded tiles kept in memory."""
        with self._lock:
            return sum(tile.nbytes for tile in self._kept.values() if tile is not None)

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Pixels of a window, as values or colours."""
        samples = self._samples()
        raw = (
            np.stack([self._raw(x0, x1, y0, y1, s) for s in samples], axis=-1)
            if (self._separate > 1 and len(samples) > 1)
            else self._raw(x0, x1, y0, y1, samples[0] if self._separate > 1 else None)
        )
        return self._converted(raw)

    def _samples(self) -> Sequence[int]:
        if self._spec.sample is not None:
            return [self._spec.sample]
        return range(4 if self._kind == "cmyk" else self.channels if self._kind == "rgb" else 1)

    def _raw(self, x0: int, x1: int, y0: int, y1: int, plane: int | None) -> Pixels:
        """Samples `(h, w)` of one separate plane, or `(h, w[, samples])` of all."""
        if self._whole is not None:
            return self._straight(x0, x1, y0, y1, plane or 0)
        out: Pixels | None = None
        for data, (y, x) in self._segments(x0, x1, y0, y1, plane or 0):
            if out is None:
                out = np.zeros((y1 - y0, x1 - x0, self._contiguous), self._first.dtype)
            if data is None:
                continue
            top, left = max(y, y0), max(x, x0)
            bottom, right = min(y + data.shape[0], y1), min(x + data.shape[1], x1)
            if top < bottom and left < right:
                out[top - y0 : bottom - y0, left - x0 : right - x0] = data[
                    top - y : bottom - y, left - x : right - x
                ]
        assert out is not None
        return out[..., 0] if self._contiguous == 1 else out

    def _straight(self, x0: int, x1: int, y0: int, y1: int, plane: int) -> Pixels:
        key = self._first
        height, width = self.shape
        dtype = np.dtype(key.dtype).newbyteorder(key.parent.byteorder)
        row = width * self._contiguous
        planes = plane * key.shaped[1] + self._spec.depth
        assert self._whole is not None
        start = self._whole + (planes * height + y0) * row * dtype.itemsize
        if self._contiguous == 1:
            return self._content.array(start, dtype, (y1 - y0, width))[:, x0:x1]
        return self._content.array(start, dtype, (y1 - y0, width, self._contiguous))[:, x0:x1]

    def _segments(
        self, x0: int, x1: int, y0: int, y1: int, plane: int
    ) -> Iterator[tuple[Pixels | None, tuple[int, int]]]:
        """The decoded tiles or strips under a window, `(h, w, samples)`, with their corners."""
        key = self._first
        height, width = self.shape
        if key.is_tiled:
            tall, wide, deep = key.tilelength, key.tilewidth, key.tiledepth
        else:
            tall, wide, deep = key.rowsperstrip, width, 1
        across, down = -(-width // wide), -(-height // tall)
        through = -(-key.shaped[1] // deep)
        base = (plane * through + self._spec.depth // deep) * down * across
        room = max(_KEPT_BYTES, 2 * across * tall * wide * self._contiguous * key.dtype.itemsize)
        for line in range(y0 // tall, -(-y1 // tall)):
            for column in range(x0 // wide, -(-x1 // wide)):
                data = self._segment(base + line * across + column, room)
                if data is not None:
                    data = data[min(self._spec.depth % deep, data.shape[0] - 1)]
                yield data, (line * tall, column * wide)

    def _segment(self, index: int, room: int) -> Pixels | None:
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
        key, page = self._first, self._page
        if index >= len(page.dataoffsets):
            raise UnreadableError(f"{self._content.name} is damaged", "strips or tiles are missing")
        offset, count = page.dataoffsets[index], page.databytecounts[index]
        data: Pixels | None = None
        if count:
            raw = self._content.read(offset, count)
            if len(raw) < count:
                raise self._content.cut_short(count - len(raw), at_least=True)
            tables: dict[str, Any] = {}
            if key.compression in (6, 7, 33007, 34892):
                tables = {"jpegtables": page.jpegtables, "jpegheader": key.jpegheader}
            with explained(self._content.name):
                data = key.decode(raw, index, **tables)[0]
        with self._lock:
            self._kept[index] = data
            held = sum(tile.nbytes for tile in self._kept.values() if tile is not None)
            while held > room and len(self._kept) > 1:
                _, old = self._kept.popitem(last=False)
                held -= 0 if old is None else old.nbytes
        return data

    def _converted(self, raw: NDArray[Any]) -> Pixels:
        """From samples to gray values or RGB."""
        sample = self._spec.sample
        if raw.ndim == 3 and self._kind == "gray":
            raw = raw[..., sample or 0]
        if raw.dtype == np.bool_:
            raw = raw.view(np.uint8)
        if self._kind == "rgb":
            return np.asarray(raw[..., :3])
        if self._kind == "palette":
            return np.asarray(self._palette()[raw])
        if self._kind == "cmyk":
            ink = raw[..., :4] >> (8 * (raw.dtype.itemsize - 1))
            paper = 255 - ink.astype(np.uint32)
            return ((paper[..., :3] * paper[..., 3:] + 127) // 255).astype(np.uint8)
        if self._first.photometric == _MINISWHITE and raw.dtype.kind == "u":
            most = (1 << int(self._first.bitspersample)) - 1
            dark: Pixels = (most - raw).astype(raw.dtype)
            return dark
        return raw

    def _palette(self) -> NDArray[np.uint8]:
        """The colours of all values that a sample can have: `(n, 3)`."""
        colors = np.asarray(self._first.colormap)
        if colors.max() > 255:  # some writers fill 8 of the 16 bits
            colors = colors >> 8
        return np.ascontiguousarray(colors.T.astype(np.uint8))


class TiffFrame(_Level):
    """A page, read at the level of its pyramid that suits the reduction.

    A pyramid's levels are averages by whoever made it; the base level alone is exact. The values
    for scaling limits come from one level, always the same, of at least half a million pixels.
    """

    def __init__(self, content: Content, spec: _Spec) -> None:
        super().__init__(content, spec, 0)
        self._smaller = _suited(spec, self.shape)
        self._levels: dict[int, _Level] = {}

    @property
    def held(self) -> int:
        """Bytes of decoded tiles kept in memory."""
        return super().held + sum(level.held for level in self._levels.values())

    def reduce(
        self,
        box: Box,
        size: tuple[int, int],
        *,
        cancelled: Poll = never,
        preview: bool = False,
    ) -> Reduced:
        """Bring a box to the size of a pane; see `Frame.reduce`."""
        shrink = min((box.x1 - box.x0) / size[1], (box.y1 - box.y0) / size[0])
        level = self._level(shrink)
        if level is None:
            return super().reduce(box, size, cancelled=cancelled, preview=preview)
        fy, fx = level.shape[0] / self.shape[0], level.shape[1] / self.shape[1]
        inner = Box(
            (box.x0 + 0.5) * fx - 0.5,
            (box.y0 + 0.5) * fy - 0.5,
            (box.x1 + 0.5) * fx - 0.5,
            (box.y1 + 0.5) * fy - 0.5,
        )
        return level.reduce(inner, size, cancelled=cancelled, preview=preview)

    def sample(self, count: int = SAMPLES) -> NDArray[np.float64]:
        """Finite values on a grid."""
        level = self._level(max(1.0, (self.shape[0] * self.shape[1] / _LEVEL_PIXELS) ** 0.5))
        return super().sample(count) if level is None else level.sample(count)

    def cost(self, box: Box) -> int:
        """About how many bytes are decoded to reduce a box of a size that fills a pane."""
        return super().cost(box)

    def cards(self) -> Sequence[Card]:
        """The page's tags; FITS cards in its description stand one by one."""
        return _cards(self._first)

    def wcs(self) -> WCS | None:
        """World coordinates from FITS cards in the description, or from AVM metadata."""
        from tuiview.imaging import avm, wcs

        header = _described(self._first)
        if header is None and self._first.index != 0:
            header = _described(self._first.parent.pages[0])
        if header is not None:
            found = wcs.wcs_of_text(header, self.shape)
            if found is not None:
                return found
        packet = self._first.tags.valueof(700)
        return avm.wcs_of(packet, self.shape) if packet else None

    def _level(self, shrink: float) -> _Level | None:
        fitting = [(factor, number) for factor, number in self._smaller if factor <= shrink + 1e-9]
        if not fitting:
            return None
        number = max(fitting)[1]
        if number not in self._levels:
            self._levels[number] = _Level(self._content, self._spec, number)
        return self._levels[number]


def _frame(content: Content, spec: _Spec) -> Frame:
    with explained(content.name):
        return TiffFrame(content, spec)


def _specs(file: tifffile.TiffFile) -> Iterator[_Spec]:
    sample: int | None
    found: list[tuple[Any, int, int, int | None, str]] = []
    for series in file.series:
        key = series.keyframe
        if key.dtype is None or 0 in key.shape or np.dtype(key.dtype).kind == "c":
            continue
        samples = key.shaped[0] * key.shaped[4]
        split = samples > 1 and _kind(key, None) == "gray"
        count = len(series.pages)
        for page in range(count):
            for depth in range(key.shaped[1]):
                label = f" plane {depth + 1}" if key.shaped[1] > 1 else ""
                if not split:
                    found.append((series, page, depth, None, label))
                    continue
                for sample in range(samples):
                    rgb = key.photometric == _RGB and sample < 3
                    name = _CHANNELS[sample] if rgb else f"channel {sample + 1}"
                    found.append((series, page, depth, sample, f"{label} {name}"))
    pages = len({(id(series), page) for series, page, *_ in found})
    number = 0
    last: tuple[int, int] | None = None
    for series, page, depth, sample, label in found:
        if (id(series), page) != last:
            number, last = number + 1, (id(series), page)
        name = (f"page {number}{label}" if pages > 1 else label).strip() or "image"
        yield _Spec(series, page, depth, sample, name)


def _kind(key: Any, sample: int | None) -> str:
    """`gray`, `rgb`, `palette` or `cmyk`: how a page's samples become a frame."""
    if sample is not None:
        return "gray"
    samples = key.shaped[0] * key.shaped[4]
    small = np.dtype(key.dtype).kind == "u" and np.dtype(key.dtype).itemsize <= 2
    if key.photometric == _PALETTE and samples == 1 and key.colormap is not None:
        return "palette"
    if small and key.photometric in (_RGB, _YCBCR) and samples >= 3:
        return "rgb"
    if small and key.photometric == _CMYK and samples >= 4:
        return "cmyk"
    return "gray"


def _suited(spec: _Spec, shape: tuple[int, int]) -> list[tuple[float, int]]:
    """The smaller levels that show the same picture: `(factor, number)`."""
    levels = []
    for number, level in enumerate(spec.series.levels):
        if number == 0 or len(level.pages) <= spec.page:
            continue
        height, width = level.keyframe.shaped[2:4]
        factors = shape[0] / height, shape[1] / width
        if min(factors) > 1 and max(factors) / min(factors) < 1.1:
            levels.append((min(factors), number))
    return levels


def _described(page: Any) -> str | None:
    """FITS cards in tag 270, in the way of STIFF: 80 characters each, without line ends."""
    text = getattr(page, "description", "") or ""
    return text if text.startswith(("SIMPLE  =", "XTENSION=")) else None


def _cards(page: Any) -> list[Card]:
    cards: list[Card] = []
    for tag in page.tags:
        value = tag.value
        if tag.code == 270 and isinstance(value, str) and _described(page):
            for start in range(0, len(value), 80):
                card = printable(value[start : start + 80]).rstrip()
                key, mark, rest = card[:8].rstrip(), card[8:10], card[10:]
                if card:
                    cards.append(Card(key, rest.strip() if mark == "= " else card[8:].strip()))
            continue
        if isinstance(value, bytes) or (isinstance(value, tuple) and len(value) > 8):
            value = f"{len(value)} {'bytes' if isinstance(value, bytes) else 'values'}"
        elif not isinstance(value, bool | int | float):
            value = printable(str(value))
        cards.append(Card(tag.name, value))
    return cards
