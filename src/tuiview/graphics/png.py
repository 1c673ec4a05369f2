"""A PNG writer for the way to a terminal: fast deflate, indexed where that is exact."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tuiview.picture import Picture

try:
    from isal import isal_zlib as zlib
except ImportError:  # no wheel for this machine
    import zlib  # type: ignore[no-redef]

_LEVEL = 1
_BARE = -15  # a stream without header and checksum
_HEADER = b"\x78\x01"  # of a stream made in haste
_LONG = 1 << 19  # bytes that take long enough for two threads
_RGB, _INDEXED = 2, 3
_NONE, _SUB, _UP, _AVERAGE = range(4)
_PIECE = 1 << 15  # bytes that stay in the nearest cache through all steps of a filter

Rows = NDArray[np.uint8]


def write(picture: Picture) -> bytes:
    """Write a picture as PNG: indexed in 1, 2, 4 or 8 bits if it has a palette, else RGB.

    Each picture has one filter, that which makes a sample of it smallest. Paeth is not tried: it
    costs more than all else together and gains nothing on noise.

    Args:
        picture: Indices must be below the palette's length.
    """
    height, width = picture.pixels.shape[:2]
    depth, parts = 8, []
    if picture.palette is None:
        rows, step, kind = picture.pixels.reshape(height, -1), 3, _RGB
    else:
        depth = _depth(len(picture.palette))
        rows, step, kind = _packed(picture.pixels, depth), 1, _INDEXED
        parts.append(_part(b"PLTE", picture.palette.tobytes()))
    tried = (_NONE,) if depth < 8 else (_NONE, _SUB, _UP, _AVERAGE)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _part(b"IHDR", header),
            *parts,
            _part(b"IDAT", _compressed(rows, step, _best_filter(rows, step, tried))),
            _part(b"IEND", b""),
        )
    )


def _part(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def _depth(colors: int) -> int:
    """Bits for an index."""
    return next(bits for bits in (1, 2, 4, 8) if colors <= 1 << bits)


def _packed(indices: Rows, depth: int) -> Rows:
    """Rows of `(h, ceil(w * depth / 8))` bytes, the leftmost pixel in the highest bits."""
    if depth == 8:
        return indices
    count = 8 // depth
    padded = np.pad(indices, ((0, 0), (0, -indices.shape[1] % count)))
    packed = padded[:, ::count] << np.uint8(8 - depth)
    for place in range(1, count):
        packed |= padded[:, place::count] << np.uint8(8 - depth * (place + 1))
    return packed


def _best_filter(rows: Rows, step: int, tried: tuple[int, ...]) -> int:
    """The filter that makes a sixteenth of the rows smallest, in groups of 8."""
    if len(tried) == 1:
        return tried[0]
    groups = len(rows) // 128
    sample = rows[: groups * 128].reshape(groups, 128, -1)[:, 59:68] if groups else rows[None, :64]

    def size(kind: int) -> int:
        # The first row of a group is only what the others are compared with.
        filtered = (_filtered(group, step, kind)[1:] for group in sample)
        return sum(len(zlib.compress(group.data, _LEVEL)) for group in filtered)

    return min(tried, key=size)


def _compressed(rows: Rows, step: int, kind: int) -> bytes:
    """Filtered rows as one stream; two threads make a half each where there are many."""
    if rows.size < _LONG or len(rows) == 1:
        return zlib.compress(_filtered(rows, step, kind).data, _LEVEL)
    middle = len(rows) // 2

    def upper() -> tuple[Rows, bytes]:
        return _half(_filtered(rows[:middle], step, kind), zlib.Z_FULL_FLUSH)

    def lower() -> tuple[Rows, bytes]:
        return _half(_filtered(rows[middle - 1 :], step, kind)[1:], zlib.Z_FINISH)

    with ThreadPoolExecutor(1, thread_name_prefix="deflate") as other:
        above = other.submit(upper)
        second, end = lower()
        first, begin = above.result()
    checksum = zlib.adler32(second.data, zlib.adler32(first.data))
    return b"".join((_HEADER, begin, end, checksum.to_bytes(4, "big")))


def _half(filtered: Rows, flush: int) -> tuple[Rows, bytes]:
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _BARE)
    return filtered, stream.compress(filtered.data) + stream.flush(flush)


def _filtered(rows: Rows, step: int, kind: int) -> Rows:
    """Rows with their filter byte in front, `(h, w + 1)`; `step` is the bytes of a pixel."""
    result = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    result[:, 0] = kind
    out = result[:, 1:]
    out[:] = rows
    if kind == _SUB:
        out[:, step:] -= rows[:, :-step]
    elif kind == _UP:
        out[1:] -= rows[:-1]
    elif kind == _AVERAGE:
        out[0, step:] -= rows[0, :-step] >> 1
        out[1:, :step] -= rows[:-1, :step] >> 1
        count = max(1, _PIECE // rows.shape[1])
        for y in range(1, len(rows), count):
            end = min(y + count, len(rows))
            left, above = rows[y:end, :-step], rows[y - 1 : end - 1, step:]
            # floor((a + b) / 2) without a wider type.
            half = left ^ above
            half >>= 1
            half += left & above
            out[y:end, step:] -= half
    return result
