"""Sixel: pictures as bands of six rows, one colour after the other.

The stream defines its palette first and selects a colour explicitly for each run of sixels. Every
band is flooded with its most frequent colour, then the other colours are drawn over it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.graphics.damage import Box
from tuiview.graphics.passthrough import MAX_SEQUENCE
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.graphics.quantise import quantise
from tuiview.graphics.reduce import check_size, enlarged, reduced
from tuiview.picture import Picture

MAX_WIDTH = 9999
"""Pixels across: what the tokens of eight bytes can count."""

_STRIP = 49_152
"""Bytes after which an image ends at the next whole band: what has begun, a key press waits for."""

_RASTER, _END = b'\x1bP0;1q"1;1;%d;%d', b"\x1b\\"
_HEAD = re.compile(rb'\x1bP0;1q"1;1;\d+;(?P<height>\d+)(?P<palette>(?:#\d+;2;\d+;\d+;\d+)*)')
_BAND = 6
_PERCENT = 100
_SHORT_RUN = 2
_WORD = np.dtype("<u8")

# The parts of a key: a mask of six rows, then the column, then the colour.
_COLUMN = 1 << 6
_COLOR_SHIFT = 24
_KEY = np.dtype("<u4")
_UNUSED_BITS = np.uint8(0xF0)
"""Of a key's third byte; set where a key stands for nothing, so that it comes last."""

Indices = NDArray[np.uint8]
_Words = NDArray[np.uint64]
_Keys = NDArray[np.uint32]


def encode(
    picture: Picture, area: Area, quality: Quality = FINE, max_bytes: int = MAX_SEQUENCE
) -> Payload:
    """Encode a picture as sixel images that join without a seam.

    Args:
        picture: Exactly `area.width` x `area.height` pixels.
        area: The cells that it fills.
        quality: `levels` is the number of colour registers.
        max_bytes: The largest control sequence; one row of cells is never split.

    Returns:
        A payload whose chunks each are a whole image of some 64 kB; chunk i begins at row `rows[i]`
        of the area. They may be drawn one at a time; `merged` makes few of them.

    Raises:
        ValueError: If the picture has another size than the area, or is wider than `MAX_WIDTH`.
    """
    check_size(picture, area)
    if area.width > MAX_WIDTH:
        raise ValueError(f"sixel pictures over {MAX_WIDTH} pixels across are not supported")
    indices, registers = quantise(reduced(picture, quality.scale), quality.levels, _PERCENT)
    indices = enlarged(Picture(indices), area).pixels
    height = area.cell_height
    strips = list(_strips(indices, registers, 0, height, _unit(height), max_bytes))
    return Payload(
        Protocol.SIXEL,
        area,
        chunks=tuple(data for _, data in strips),
        quality=quality,
        rows=tuple(row for row, _ in strips),
    )


def merged(payload: Payload, max_bytes: int | None = None) -> Payload:
    """Join neighbouring images of a payload.

    xterm keeps 16 images and drops the uppermost for a new one, also where it is still shown; tmux
    keeps 19. So a picture that is drawn at once should be one image, or few.

    Args:
        payload: Of `encode`.
        max_bytes: The largest control sequence; None is as large as it gets.
    """
    area = payload.area
    joins: list[tuple[int, list[bytes | memoryview], int]] = []
    heads = [_HEAD.match(chunk) for chunk in payload.chunks]
    palettes = {head["palette"] for head in heads if head is not None}
    if len(palettes) != 1:
        return payload
    for row, chunk, head in zip(payload.rows, payload.chunks, heads, strict=True):
        assert head is not None
        height, body = int(head["height"]), memoryview(chunk)[head.end() : -len(_END)]
        if joins:
            first, bodies, above = joins[-1]
            fits = max_bytes is None or sum(map(len, bodies)) + len(chunk) <= max_bytes
            if above % _BAND == 0 and fits:
                joins[-1] = (first, [*bodies, b"-", body], above + height)
                continue
        joins.append((row, [body], height))
    (palette,) = palettes
    return replace(
        payload,
        chunks=tuple(
            b"".join([_RASTER % (area.width, height), palette, *bodies, _END])
            for _, bodies, height in joins
        ),
        rows=tuple(row for row, *_ in joins),
    )


def banded(box: Box, area: Area) -> Box:
    """Add rows to some of an area's cells, so that they are whole bands if the area is."""
    unit = _unit(area.cell_height)
    first = box.row // unit * unit
    stop = min(area.rows, -(-(box.row + box.rows) // unit) * unit)
    return box._replace(row=first, rows=stop - first)


def _unit(cell_height: int) -> int:
    """The fewest rows of cells that are whole bands."""
    return _BAND // math.gcd(cell_height, _BAND)


def _strips(
    indices: Indices, registers: Indices, row: int, cell_height: int, unit: int, max_bytes: int
) -> Iterator[tuple[int, bytes]]:
    """Split at multiples of `unit` rows of cells; yield the first row and the image of each strip.

    Args:
        indices: `(h, w)`; the last row of cells may be cut.
        registers: `(n, 3)` percent.
        row: The row of cells that the first pixels belong to.
        cell_height: Pixels.
        unit: Rows of cells; their pixels are whole bands, or all is one unit.
        max_bytes: For each strip.
    """
    height, width = indices.shape
    rows = -(-height // cell_height)
    step = min(unit, rows)
    tokens, starts, used = _tokens(indices, len(registers))
    # Without gaps: tmux draws the whole picture black where a register in between is missing.
    defined = range(int(max(used)) + 1)
    palette = b"".join(b"#%d;2;%d;%d;%d" % (i, *registers[i]) for i in defined)
    budget = max_bytes - len(palette) - 50
    bands = step * cell_height // _BAND
    strip: list[bytes] = []
    begin = 0
    for first in range(0, rows, step):
        last = min(first + step, rows)
        stop = starts[first // step * bands + bands] if last < rows else len(tokens)
        part = tokens[starts[first // step * bands] : stop].tobytes().translate(None, b"\0")
        size = sum(map(len, strip))
        if strip and (size > _STRIP or size + len(part) > budget):
            yield row + begin, _image(strip, palette, width, (first - begin) * cell_height)
            strip, begin = [], first
        if len(part) > budget and last - first > 1:
            half = (last - first + 1) // 2
            for top, bottom in ((first, first + half), (first + half, last)):
                piece = indices[top * cell_height : bottom * cell_height]
                yield from _strips(piece, registers, row + top, cell_height, half, max_bytes)
            begin = last
        else:
            strip.append(part)
    if strip:
        yield row + begin, _image(strip, palette, width, height - begin * cell_height)


def _image(strip: list[bytes], palette: bytes, width: int, height: int) -> bytes:
    """One whole sequence: pixels that nothing draws stay as they are (there are none)."""
    return b"".join([_RASTER % (width, height), palette, strip[0][1:], *strip[1:], _END])


def _tokens(indices: Indices, n: int) -> tuple[_Words, NDArray[np.intp], NDArray[np.intp]]:
    """Write the sixel text of all bands, in tokens of eight bytes padded with NUL.

    Each band begins with a graphics new line. A token is the selection of a colour, a gap and a
    sixel, a counted run, or empty.

    Args:
        indices: `(h, w)` registers.
        n: How many registers there are.

    Returns:
        The tokens `(m,)`, the place of each band's first one, and the registers in use.
    """
    height, width = indices.shape
    keys, ends, flood = _sorted_keys(indices, n)
    begins = np.append(0, ends[:-1])
    # Columns skipped since the key before, in units of `_COLUMN`, plus the mask of rows.
    step = np.zeros(len(keys), np.uint32)
    np.bitwise_or(keys[:-1], _COLUMN - 1, out=step[1:])
    np.subtract(keys, step, out=step)
    step -= 1
    gaps, counts = _text_tables(width)
    tokens = gaps.take(step, mode="clip")  # beyond the table are the markers, see below

    # A run goes on while the column grows by one and colour and mask stay.
    goes_on = np.zeros(len(keys), np.bool_)
    np.equal(keys[1:] - keys[:-1], _COLUMN, out=goes_on[1:])
    later = np.flatnonzero(goes_on)
    heads = later[np.flatnonzero(np.diff(later, prepend=-1) > 1)] - 1
    lengths = np.diff(np.searchsorted(later, heads), append=len(later)) + 1
    long = lengths > _SHORT_RUN
    sixel = _SIXELS[keys[heads[long]] & (_COLUMN - 1)]
    tokens[later[long.repeat(lengths - 1)]] = 0
    tokens[heads[long]] ^= sixel
    tokens[heads[long] + 1] = counts[lengths[long]] | sixel

    markers = np.flatnonzero((keys & (_COLUMN - 1)) == 0)
    tokens[markers] = _SELECT[keys[markers] >> _COLOR_SHIFT]
    unused = np.append(np.diff(markers) == 1, markers[-1] == len(keys) - 1)
    tokens[markers[unused]] = 0
    full = np.full(len(flood), _fill(_BAND, width))
    if height % _BAND:
        full[-1] = _fill(height % _BAND, width)
    tokens[begins] = _NEW_BAND[flood]
    tokens[begins + 1] = full
    used = np.union1d(keys[markers[~unused]] >> _COLOR_SHIFT, flood).astype(np.intp)
    return tokens, begins, used


def _sorted_keys(indices: Indices, n: int) -> tuple[_Keys, NDArray[np.intp], Indices]:
    """List the sixels of all bands in the order of drawing.

    A key packs colour, column + 1 and the mask of rows, so that the order of a band's keys is that
    of drawing. A key of column 0 and without rows marks the beginning of each colour; a band has
    two more in front.

    Returns:
        Keys `(m,)`, the end of each band's, and the colour that floods each band, which has none.
    """
    height, width = indices.shape
    bands = -(-height // _BAND)
    if height % _BAND:
        indices = np.pad(indices, ((0, bands * _BAND - height), (0, 0)), mode="edge")
    planes = indices.reshape(bands, _BAND, width)
    flood = _most_frequent(planes, n)
    rows = [np.ascontiguousarray(planes[:, r]) for r in range(_BAND)]
    masks = [np.full((bands, width), 1 << r, np.uint8) for r in range(_BAND)]
    done = [row == flood[:, None] for row in rows]
    for r in range(height - (bands - 1) * _BAND, _BAND):
        done[r][-1] = True
    for r in range(_BAND):
        for below in range(r + 1, _BAND):
            same = rows[r] == rows[below]
            masks[r] |= same.view(np.uint8) << np.uint8(below)
            done[below] |= same
    if height % _BAND:
        for mask in masks:
            mask[-1] &= (1 << height % _BAND) - 1

    keys = np.empty((bands, _BAND * width + n + 2), _KEY)
    key_bytes = keys.view(np.uint8).reshape(bands, -1, 4)
    columns = (np.arange(width, dtype=np.uint32) + 1) * _COLUMN
    for r in range(_BAND):
        part = slice(r * width, (r + 1) * width)
        np.bitwise_or(columns, masks[r], out=keys[:, part])
        # Written by bytes: a masked assignment of whole keys takes longer than all else together.
        last = np.negative(done[r].view(np.uint8))
        key_bytes[:, part, 2] |= last & _UNUSED_BITS
        key_bytes[:, part, 3] = rows[r] | last
    keys[:, _BAND * width : -2] = np.arange(n, dtype=np.uint32) << _COLOR_SHIFT
    keys[:, -2:] = 0
    keys.sort(axis=1)
    counts = keys.shape[1] - sum(np.count_nonzero(rest, axis=1) for rest in done)
    listed = [band[:count] for band, count in zip(keys, counts, strict=True)]
    return np.concatenate(listed), np.cumsum(counts), flood


def _most_frequent(planes: Indices, n: int) -> Indices:
    """The most frequent colour of each band, by a sample of its columns."""
    bands = len(planes)
    sample = planes[:, :, :: max(1, planes.shape[2] // 100)].reshape(bands, -1)
    offset = np.arange(bands)[:, None] * n
    counts = np.bincount((sample + offset).ravel(), minlength=bands * n).reshape(bands, n)
    most: Indices = counts.argmax(axis=1).astype(np.uint8)
    return most


def _fill(rows: int, width: int) -> np.uint64:
    """The token that draws the upper `rows` of a band across the picture."""
    return _word(b"!%d%c" % (width, 63 + (1 << rows) - 1))


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


def _words(texts: list[bytes]) -> _Words:
    return np.array([_word(text) for text in texts], _WORD)


@lru_cache(maxsize=4)
def _text_tables(width: int) -> tuple[_Words, _Words]:
    """The tokens that skip n columns and draw a sixel, at `n * _COLUMN + mask`; and those that
    count n sixels. n is up to `width`.
    """
    gaps = _words([b"?" * n if n < 4 else b"!%d?" % n for n in range(width + 1)])
    counts = _words([b"!%d" % n for n in range(width + 1)])
    return (gaps[:, None] | _SIXELS).ravel(), counts


_SIXELS = np.append(0, np.arange(1, _COLUMN) + 63).astype(_WORD) << np.uint64(56)
_SELECT = _words([b"$#%d" % n for n in range(256)])
_NEW_BAND = _words([b"-#%d" % n for n in range(256)])
