"""A picture in few colours: palettes placed by the histogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tuiview.picture import Picture

Colors = NDArray[np.uint8]
_Floats = NDArray[np.float32]

_MAX_COLORS = 256
_MOST_ROUNDS = 3
_WORK = 2_000_000
"""Colours times levels that one round may compare: some 0.8 ms. All rounds may twice that.

More would show photos in 256 colours 2 dB better, and make their sixels half as long again.
"""
_BLOCK = 128


def quantise(picture: Picture, levels: int, steps: int = 255) -> tuple[Colors, Colors]:
    """Express a picture in at most `levels` colours.

    Exact, but for the rounding to `steps`, where the picture has no more colours than that.

    Args:
        picture: Indexed or RGB.
        levels: 2 to 256.
        steps: The full value of a channel in the palette: 255, or 100 for sixel's percent.

    Returns:
        Indices `(h, w)` and the palette `(n, 3)` in units of `1 / steps`, darkest first as a rule.
    """
    levels = min(max(levels, 2), _MAX_COLORS)
    known = picture if picture.palette is not None else few_colors(picture.pixels)
    if known is None or known.palette is None:
        return _quantise_rgb(picture.pixels, levels, steps)
    rounded = (known.palette.astype(np.uint32) * steps + 127) // 255
    codes, merged = np.unique(pack(rounded), return_inverse=True)
    colors = unpack(codes)
    if len(colors) > levels:
        counts = np.bincount(known.pixels.ravel(), minlength=len(merged))
        weights = np.bincount(merged, counts).astype(np.float64)
        used = np.flatnonzero(weights)
        nearest, colors = cluster(colors[used].astype(np.float32), weights[used], levels)
        places = np.zeros(len(weights), np.intp)
        places[used] = nearest
        merged = places[merged]
    return merged.astype(np.uint8).take(known.pixels), colors


def few_colors(rgb: Colors) -> Picture | None:
    """The same picture indexed, if it has at most 256 colours; else None.

    Args:
        rgb: `(h, w, 3)`.
    """
    if len(_distinct(pack(rgb[::8, ::8]))) > _MAX_COLORS:
        return None
    codes = pack(rgb)
    distinct = _distinct(codes)
    if len(distinct) > _MAX_COLORS:
        return None
    table = np.zeros(1 << 24, np.uint8)
    table[distinct] = np.arange(len(distinct))
    return Picture(table.take(codes), unpack(distinct))


def _distinct(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The different codes, in order; many times faster than `np.unique`."""
    ordered = np.sort(codes, axis=None)
    distinct: NDArray[np.uint32] = ordered[np.append(np.True_, ordered[1:] != ordered[:-1])]
    return distinct


def pack(colors: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Colours `(..., 3)` as 0xRRGGBB."""
    red, green, blue = (colors[..., channel].astype(np.uint32) for channel in range(3))
    return red << np.uint32(16) | green << np.uint32(8) | blue


def unpack(codes: NDArray[np.uint32]) -> Colors:
    """0xRRGGBB as colours `(..., 3)`."""
    return np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)


def cluster(
    colors: _Floats, weights: NDArray[np.float64], levels: int
) -> tuple[NDArray[np.intp], Colors]:
    """Represent weighted colours by fewer ones, so that the mean square error is small.

    The first guess spreads the levels in proportion to the cube root of the density, which is the
    best for fine levels (Panter & Dite 1951), along a space-filling curve; Lloyd's rounds mend it.
    The cube root also keeps thin lines of a colour of their own.

    Args:
        colors: `(n, 3)`.
        weights: `(n,)`, how often each occurs; above 0.
        levels: How many to keep.

    Returns:
        For each colour the index of its representative, `(n,)`, and those, `(<= levels, 3)`.
    """
    if len(colors) <= levels:
        palette = np.rint(colors).astype(np.uint8)
        return np.arange(len(colors)), palette
    along = np.argsort(_interleave(colors.astype(np.uint32)))
    mass = np.cumsum(np.cbrt(weights[along]))
    wanted = (np.arange(levels) + 0.5) * (mass[-1] / levels)
    centers = colors[along[np.unique(np.searchsorted(mass, wanted))]]
    for _ in range(min(_MOST_ROUNDS, max(1, 2 * _WORK // (len(colors) * levels)))):
        nearest = _nearest(colors, centers)
        total = np.bincount(nearest, weights, minlength=len(centers))
        occupied = total > 0
        sums = [np.bincount(nearest, weights * colors[:, c], len(centers)) for c in range(3)]
        mean = np.stack(sums, axis=-1)[occupied] / total[occupied, None]
        centers = mean.astype(np.float32)
    palette = unpack(_distinct(pack(np.rint(centers).astype(np.uint8))))
    return _nearest(colors, palette.astype(np.float32)), palette


def _quantise_rgb(rgb: Colors, levels: int, steps: int) -> tuple[Colors, Colors]:
    """Quantise through a histogram of 64, or where too many cells are occupied 32, steps a side."""
    bits = 6
    coarse = rgb >> (8 - bits)
    cells = coarse[..., 0].astype(np.uint32)
    for channel in (1, 2):
        cells <<= bits
        cells |= coarse[..., channel]
    counts = np.bincount(cells.ravel(), minlength=1 << (3 * bits))
    occupied = np.flatnonzero(counts)
    fold = len(occupied) * levels > _WORK
    if fold:
        for shape in ((32, 2, -1), (32 * 32, 2, -1), (32 * 32 * 32, 2, -1)):
            pairs = counts.reshape(shape)
            counts = pairs[:, 0] + pairs[:, 1]
        counts = counts.ravel()
        occupied = np.flatnonzero(counts)
        bits = 5
    side = 1 << bits
    corners = np.stack(np.unravel_index(occupied, (side, side, side)), axis=-1)
    colors = ((corners + 0.5) * (256 / side) - 0.5).astype(np.float32) * np.float32(steps / 255)
    nearest, palette = cluster(colors, counts[occupied].astype(np.float64), levels)
    table = np.zeros(side**3, np.uint8)
    table[occupied] = nearest
    if fold:
        cube = table.reshape(32, 32, 32)
        table = cube.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2).ravel()
    return table.take(cells), palette


def _nearest(colors: _Floats, centers: _Floats) -> NDArray[np.intp]:
    """For each colour the index of the nearest centre."""
    nearest = np.empty(len(colors), np.intp)
    points = np.ones((len(colors), 4), np.float32)
    points[:, :3] = colors
    planes = np.empty((4, len(centers)), np.float32)
    planes[:3] = -centers.T
    planes[3] = np.square(centers).sum(axis=1) / 2
    # In blocks so small that BLAS starts no threads for the product.
    for first in range(0, len(points), _BLOCK):
        score = points[first : first + _BLOCK] @ planes
        score.argmin(axis=1, out=nearest[first : first + _BLOCK])
    return nearest


def _interleave(colors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The place of each colour along a Z-order curve: the bits of the channels in turn."""
    red, green, blue = (_SPREAD.take(colors[:, channel]) for channel in range(3))
    return green << np.uint32(2) | red << np.uint32(1) | blue


_SPREAD = np.array(
    [sum((value >> bit & 1) << 3 * bit for bit in range(8)) for value in range(256)], np.uint32
)
"""Bytes with two noughts before each bit."""
