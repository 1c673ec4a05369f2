"""PNG, JPEG, WebP, GIF, BMP and JPEG 2000, by Pillow."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from tuiview.errors import Cancelled, Poll, UnreadableError, never
from tuiview.imaging.axis import plan_axis
from tuiview.imaging.frame import Box, Card, Frame, Pixels, Reduced
from tuiview.imaging.readers.banded import BandedFrame, placed_color
from tuiview.imaging.readers.content import Content
from tuiview.imaging.readers.failures import explained
from tuiview.imaging.readers.lazy import ContentImage, LazyFrames
from tuiview.text import printable

if TYPE_CHECKING:
    from astropy.wcs import WCS

MOST_PIXELS = 1 << 30
"""Above this a picture is refused: Pillow decodes the whole of it into memory."""

Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS takes its place

_FORMATS = {"JPEG": ["JPEG", "MPO"], "JPEG 2000": ["JPEG2000"], "WEBP": ["WEBP"]}
_GRAY = {"1": "u1", "L": "u1", "I": "i4", "F": "f4"}
_DIRECT = frozenset(["L", "RGB", "RGBA"])
_CHECKER = (0x66, 0x99)
_SQUARE = 8
_DRAFT_PIXELS = 500_000
_LONG = 24_000_000  # pixels that take more than 0.1 s to decode
_ORIENTATION = 0x0112
_END_OF_JPEG = b"\xff\xd9"
# EXIF orientation: whether the stored columns and rows run backwards, and whether they swap.
_TURNS = {
    2: (True, False, False), 3: (True, True, False), 4: (False, True, False),
    5: (False, False, True), 6: (True, False, True), 7: (True, True, True), 8: (False, True, True),
}  # fmt: skip


def open_raster(content: Content, kind: str) -> RasterImage:
    """Open a picture that Pillow decodes.

    Raises:
        UnreadableError: It is damaged, truncated, or too large to decode.
    """
    if kind == "PNG":
        _check_png(content)
    return RasterImage(content, kind)


class RasterImage(ContentImage):
    """An open picture; its frames are those of an animation, or one."""

    def __init__(self, content: Content, kind: str) -> None:
        self._formats = _FORMATS.get(kind, [kind])
        with self.opened(content) as picture, explained(content.name):
            count = 1 if kind == "JPEG" else int(getattr(picture, "n_frames", 1))
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise UnreadableError(
                    f"{content.name} is {width} x {height} pixels, too many to decode at once",
                    "make a tiled TIFF or FITS file of it",
                )
            first = RasterFrame(self, content, picture, 0)
        names = ["image"] if count == 1 else [f"frame {number + 1}" for number in range(count)]

        def build(index: int) -> Frame:
            if index == 0:
                return first
            with self.opened(content, index) as picture, explained(content.name):
                return RasterFrame(self, content, picture, index)

        self._frames = LazyFrames(names, build)
        super().__init__(kind, content, self._frames)

    def opened(self, content: Content, index: int = 0) -> Image.Image:
        """Pillow's image, at a frame, before it is decoded."""
        with explained(content.name):
            picture = Image.open(content.file(), formats=self._formats)
            if index:
                picture.seek(index)
            return picture

    @property
    def held(self) -> int:
        """Bytes of decoded pixels kept in memory."""
        return super().held + sum(
            frame.held for frame in self._frames.built if isinstance(frame, RasterFrame)
        )


class RasterFrame(BandedFrame):
    """A picture that is decoded as a whole, at full size or at the scale that JPEG offers.

    A JPEG of more than 2,000,000 pixels gives the values for scaling limits from a scaled-down
    decoding, always the same one, so that the limits do not change with the zoom.
    """

    origin = "upper"

    def __init__(
        self, image: RasterImage, content: Content, picture: Image.Image, index: int
    ) -> None:
        self._image = image
        self._content = content
        self._index = index
        self._lock = threading.Lock()
        self._decoded: tuple[int, Pixels, NDArray[np.uint8] | None] | None = None
        self._samples: tuple[int, NDArray[np.float64]] | None = None
        deep = picture.format == "PNG" and _is_deep(content)
        self._drafts = picture.format in ("JPEG", "MPO")
        self._turn = (False, False, False)
        # For a PNG without EXIF before its pixels, Pillow would decode them to look behind.
        if picture.format in ("JPEG", "MPO", "WEBP") or "exif" in picture.info:
            self._turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1), self._turn)
        width, height = picture.size
        self.shape = (width, height) if self._turn[2] else (height, width)
        self._mode = _target(picture)
        plain = picture.mode == self._mode and index == 0 and not self._turned
        self._direct = deep or (picture.format == "PNG" and plain and picture.mode in _DIRECT)
        self._whole_jpeg = picture.format == "JPEG" and plain and picture.mode in ("L", "RGB")
        self.channels = 3 if self._mode.startswith("RGB") else 1
        self.stored = self.dtype = _dtype(self._mode, deep)

    @property
    def _turned(self) -> bool:
        return self._turn != (False, False, False)

    @property
    def held(self) -> int:
        """Bytes of decoded pixels kept in memory."""
        decoded = self._decoded
        if decoded is None:
            return 0
        return decoded[1].nbytes + (0 if decoded[2] is None else decoded[2].nbytes)

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Pixels of a window at full size, without alpha."""
        return self._pixels(1)[0][y0:y1, x0:x1]

    def reduce(
        self,
        box: Box,
        size: tuple[int, int],
        *,
        cancelled: Poll = never,
        preview: bool = False,
    ) -> Reduced:
        """Bring a box to the size of a pane; see `Frame.reduce`."""
        if cancelled():
            raise Cancelled
        shrink = min((box.x1 - box.x0) / size[1], (box.y1 - box.y0) / size[0])
        scale = self._scale_for(shrink)
        pixels, alpha = self._pixels(scale)
        if scale == 1 and alpha is None:
            return super().reduce(box, size, cancelled=cancelled)
        level = _Level(self, scale, pixels)
        turned = self._scaled_box(box, scale, pixels.shape)
        if alpha is None:
            return level.reduce(turned, size, cancelled=cancelled)
        return self._composited(level, alpha, turned, size, cancelled)

    def at_hand(self, box: Box, size: tuple[int, int]) -> Reduced | None:
        """A part of a large JPEG from what was decoded at a coarser scale; see `Frame.at_hand`."""
        decoded = self._decoded
        shrink = min((box.x1 - box.x0) / size[1], (box.y1 - box.y0) / size[0])
        if decoded is None or decoded[0] <= self._draft(shrink) or math.prod(self.shape) < _LONG:
            return None
        scale, pixels, _ = decoded
        level = _Level(self, scale, pixels)
        return replace(level.reduce(self._scaled_box(box, scale, pixels.shape), size), preview=True)

    def sample(self, count: int = 100_000) -> NDArray[np.float64]:
        """Finite values on a grid."""
        scale = self._draft((self.shape[0] * self.shape[1] / _DRAFT_PIXELS) ** 0.5)
        if scale == 1:
            return super().sample(count)
        if self._samples is None or self._samples[0] != count:
            kept = self._decoded
            pixels = kept[1] if kept is not None and kept[0] == scale else self._decode(scale)[0]
            self._samples = count, _Level(self, scale, pixels).sample(count)
        return self._samples[1]

    def cards(self) -> Sequence[Card]:
        """EXIF tags and the texts of the file."""
        with (
            self._image.opened(self._content, self._index) as picture,
            explained(self._content.name),
        ):
            return _cards(picture)

    def wcs(self) -> WCS | None:
        """The world coordinates of AVM metadata."""
        from tuiview.imaging import avm

        with self._image.opened(self._content) as picture, explained(self._content.name):
            packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
        return avm.wcs_of(packet, self.shape) if packet else None

    def _scale_for(self, shrink: float) -> int:
        """The scale to decode at; what is there already and fine enough is used."""
        decoded = self._decoded
        if decoded is not None and decoded[0] <= max(shrink, 1.0):
            return decoded[0]
        return self._draft(shrink)

    def _draft(self, shrink: float) -> int:
        if not self._drafts:
            return 1
        return next((scale for scale in (8, 4, 2) if scale <= shrink), 1)

    def _pixels(self, scale: int) -> tuple[Pixels, NDArray[np.uint8] | None]:
        with self._lock:
            if self._decoded is None or self._decoded[0] != scale:
                pixels, alpha = self._decode(scale)
                self._decoded = (scale, pixels, alpha)
            _, pixels, alpha = self._decoded
            return pixels, alpha

    def _decode(self, scale: int) -> tuple[Pixels, NDArray[np.uint8] | None]:
        if self._direct:
            return self._decode_png()
        if scale == 1 and self._whole_jpeg and (pixels := self._decode_jpeg()) is not None:
            return pixels, None
        with (
            self._image.opened(self._content, self._index) as picture,
            explained(self._content.name),
        ):
            if scale > 1:
                width, height = picture.size
                picture.draft(None, (max(1, width // scale), max(1, height // scale)))
            if self._turned:
                picture.load()
                turned = ImageOps.exif_transpose(picture)
            else:
                turned = picture
            whole = turned if turned.mode == self._mode else turned.convert(self._mode)
            array = np.asarray(whole)
        if array.dtype == np.bool_:
            array = (array.view(np.uint8) != 0).astype(np.uint8)  # Pillow's true is 255
        if self._mode in ("RGBA", "LA"):
            return self._split(array)
        return array.astype(self.stored, copy=False), None

    def _decode_jpeg(self) -> Pixels | None:
        """Decode at full size with a quarter of Pillow's memory; None if it is damaged."""
        import imagecodecs

        data = self._content.whole()
        if not data.rstrip(b"\0").endswith(_END_OF_JPEG):
            return None  # cut short: Pillow says so, where libjpeg would fill up with gray
        try:
            array = np.asarray(imagecodecs.jpeg8_decode(data))
        except imagecodecs.Jpeg8Error:
            return None
        expected = self.shape if self.channels == 1 else (*self.shape, 3)
        return array if array.shape == expected else None

    def _decode_png(self) -> tuple[Pixels, NDArray[np.uint8] | None]:
        """Decode without Pillow: 8 bits twice as fast, 16 bits of colours all of them."""
        import imagecodecs

        # libspng cannot give all kinds of 16 bits; libpng prints what it thinks of damaged files.
        deep = self.stored.itemsize > 1
        decode = imagecodecs.png_decode if deep else imagecodecs.spng_decode
        with explained(self._content.name):
            array = np.asarray(decode(self._content.whole()))
        if array.ndim == 2 or array.shape[2] == 3:
            return array, None
        return self._split(array)

    def _split(self, array: NDArray[Any]) -> tuple[Pixels, NDArray[np.uint8] | None]:
        alpha, colors = array[..., -1], array[..., :-1]
        if self.channels == 1:
            return np.where(alpha > 0, colors[..., 0], np.nan).astype(self.stored), None
        if alpha.dtype.itemsize == 2:
            alpha = (alpha >> 8).astype(np.uint8)
        opaque = bool((alpha == 255).all())
        return np.ascontiguousarray(colors), None if opaque else np.ascontiguousarray(alpha)

    def _scaled_box(self, box: Box, scale: int, shape: Sequence[int]) -> Box:
        if scale == 1:
            return box
        backwards_x, backwards_y, _ = self._turn
        # The last scaled pixel stands for fewer columns; turned round it is the first.
        shift_x = shape[1] * scale - self.shape[1] if backwards_x else 0
        shift_y = shape[0] * scale - self.shape[0] if backwards_y else 0
        return Box(
            (box.x0 + 0.5 + shift_x) / scale - 0.5,
            (box.y0 + 0.5 + shift_y) / scale - 0.5,
            (box.x1 + 0.5 + shift_x) / scale - 0.5,
            (box.y1 + 0.5 + shift_y) / scale - 0.5,
        )

    def _composited(
        self,
        level: _Level,
        alpha: NDArray[np.uint8],
        box: Box,
        size: tuple[int, int],
        cancelled: Poll,
    ) -> Reduced:
        """Average colours by their opacity and lay them over a neutral checker."""
        rows = plan_axis(box.y0, box.y1, size[0], alpha.shape[0])
        columns = plan_axis(box.x0, box.x1, size[1], alpha.shape[1])
        if rows is None or columns is None:
            return level.reduce(box, size)

        def opacity(x0: int, x1: int, y0: int, y1: int) -> Pixels:
            return np.repeat(alpha[y0:y1, x0:x1, np.newaxis], 3, axis=2)

        def weighted(x0: int, x1: int, y0: int, y1: int) -> Pixels:
            part = alpha[y0:y1, x0:x1, np.newaxis]
            return level.rows(x0, x1, y0, y1).astype(np.float32) * part

        seen = level.averages(opacity, rows, columns, cancelled=cancelled) / 255.0
        colors = level.averages(weighted, rows, columns, cancelled=cancelled)
        colors /= 255.0 * level.color_unit
        y, x = np.ogrid[rows.first : rows.last, columns.first : columns.last]
        checker = np.where((y // _SQUARE + x // _SQUARE) % 2, *_CHECKER)[..., np.newaxis]
        where = slice(rows.first, rows.last), slice(columns.first, columns.last)
        valid = seen[..., 0] > 0
        return placed_color(colors + checker * (1.0 - seen) + 0.5, valid, where, size, False)


class _Level(BandedFrame):
    """Decoded pixels at some scale, for reducing them."""

    def __init__(self, frame: RasterFrame, scale: int, pixels: Pixels) -> None:
        self._pixels = pixels
        self.name = frame.name if scale == 1 else f"{frame.name} 1/{scale}"
        self.shape = (pixels.shape[0], pixels.shape[1])
        self.channels = frame.channels
        self.stored = self.dtype = frame.stored

    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Pixels of a window."""
        return self._pixels[y0:y1, x0:x1]


def _target(picture: Image.Image) -> str:
    """The mode to decode to: a gray one, RGB or RGBA."""
    mode = picture.mode
    clear = "transparency" in picture.info or mode in ("RGBA", "LA", "PA", "RGBa", "La")
    if mode.startswith("I;16"):
        return mode
    if mode in ("P", "PA"):
        return "RGBA" if clear else ("L" if _gray_palette(picture) else "RGB")
    if mode in ("L", "LA", "La", "1") and (clear or mode == "LA"):
        return "LA"
    if mode in _GRAY:
        return mode
    return "RGBA" if clear else "RGB"


def _dtype(mode: str, deep: bool) -> np.dtype[np.generic]:
    if mode == "LA":
        return np.dtype("f4")
    if deep or mode.startswith("I;16"):
        return np.dtype("u2")
    return np.dtype(_GRAY.get(mode, "u1"))


def _gray_palette(picture: Image.Image) -> bool:
    entries = np.array(picture.getpalette() or [0, 1, 2], np.uint8).reshape(-1, 3)
    return bool((entries == entries[:, :1]).all())


def _is_deep(content: Content) -> bool:
    """Whether a PNG has 16 bits in each of several channels, of which Pillow keeps 8."""
    head = content.read(0, 26)
    return len(head) == 26 and head[24] == 16 and head[25] in (2, 4, 6)


def _check_png(content: Content) -> None:
    """Say how many bytes a truncated PNG lacks."""
    size = content.size
    if size is None or content.read(max(0, size - 8), 4) == b"IEND":
        return
    at = 8
    while at < size:
        head = content.read(at, 8)
        if head[4:] == b"IEND":
            return
        length = int.from_bytes(head[:4], "big") if len(head) >= 4 else 0
        at += 12 + length
    raise content.cut_short(at - size if at > size else 12, at_least=True)


def _cards(picture: Image.Image) -> list[Card]:
    cards: list[Card] = []
    exif = picture.getexif()
    tags: list[tuple[int, Any]] = [*exif.items(), *exif.get_ifd(ExifTags.IFD.Exif).items()]
    for tag, value in tags:
        name = ExifTags.TAGS.get(tag, f"tag {tag}")
        cards.append(Card(name, _shown(value)))
    for key, value in picture.info.items():
        if key in ("exif", "icc_profile", "xmp", "XML:com.adobe.xmp", "photoshop", "mp"):
            continue
        cards.append(Card(printable(str(key)), _shown(value)))
    return cards


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, bool | int | float):
        return value
    return printable(str(value))
