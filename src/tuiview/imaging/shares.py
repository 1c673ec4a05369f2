"""The shares of pixels in the cells of an axis, as small matrices for sums by products."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuiview.imaging.axis import Floats

Shares = NDArray[np.floating[Any]]

_AT_ONCE = 12  # rows whose product costs about as much as asking for it
_SIDE_BY_SIDE = 16  # cells whose sums are made at once along x, in colours too


class Block(NamedTuple):
    """Some neighbouring cells and the pixels under them.

    Attributes:
        first, last: The cells (half-open).
        low, high: The pixels (half-open).
        shares: `(last - first, high - low)` the part of each pixel that each cell covers.
    """

    first: int
    last: int
    low: int
    high: int
    shares: Shares


def blocks(edges: Floats, cells: int, work: np.dtype[np.floating[Any]]) -> list[Block]:
    """Cut the cells between edges into blocks.

    Args:
        edges: `(n + 1,)` ascending positions; pixel p reaches from p to p + 1.
        cells: Cells of a block.
        work: The type of the shares.
    """
    count = len(edges) - 1
    cells = min(cells, count)
    firsts = np.arange(0, count, cells)
    lasts = np.minimum(firsts + cells, count)
    lows, highs = np.floor(edges[firsts]).astype(int), np.ceil(edges[lasts]).astype(int)
    pixels = lows[:, np.newaxis, np.newaxis] + np.arange(int((highs - lows).max()))
    cell = np.minimum(firsts[:, np.newaxis] + np.arange(cells), count - 1)[..., np.newaxis]
    inside = np.minimum(edges[cell + 1], pixels + 1) - np.maximum(edges[cell], pixels)
    shares = np.clip(inside, 0.0, None).astype(work)
    return [
        Block(first, last, low, high, shares[number, : last - first, : high - low])
        for number, (first, last, low, high) in enumerate(
            zip(firsts.tolist(), lasts.tolist(), lows.tolist(), highs.tolist(), strict=True)
        )
    ]


def covered(edges: Floats, low: int, high: int) -> Floats:
    """The same shares `(cells, high - low)` of pixels low..high to all digits."""
    pixels = np.arange(low, high)
    begin, end = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    inside: Floats = np.minimum(end, pixels + 1) - np.maximum(begin, pixels)
    return np.clip(inside, 0.0, None)


def steps(edges: Floats, most: int, work: np.dtype[np.floating[Any]]) -> list[list[Block]]:
    """Cut the cells between edges into steps of about `most` pixels, each of some blocks.

    A cell that is much larger makes several steps, each with a part of its pixels.
    """
    size = float((edges[-1] - edges[0]) / (len(edges) - 1))
    cells = max(1, min(round(_AT_ONCE / size), int(most / size)))
    found: list[list[Block]] = []
    for block in blocks(edges, cells, work):
        height = block.high - block.low
        if height > 2.5 * most:
            parts = -(-height // (2 * most))
            cuts = [height * part // parts for part in range(parts + 1)]
            found += [
                [Block(*block[:2], block.low + low, block.low + high, block.shares[:, low:high])]
                for low, high in pairwise(cuts)
            ]
        elif found and block.high - found[-1][0].low <= most:
            found[-1].append(block)
        else:
            found.append([block])
    return found


class Across:
    """Sums rows over the cells of the x axis, several cells at a time.

    Args:
        edges: `(n + 1,)` positions of the cells' edges in a row.
        channels: How many values a pixel has; they lie side by side.
        work: The type of the sums.
    """

    def __init__(self, edges: Floats, channels: int, work: np.dtype[np.floating[Any]]) -> None:
        self._work = work
        self._parts = [
            (
                slice(block.low * channels, block.high * channels),
                slice(block.first * channels, block.last * channels),
                _for_each(block.shares.T, channels),
            )
            for block in blocks(edges, _SIDE_BY_SIDE, work)
        ]

    def sums(self, rows: Shares, out: Shares) -> None:
        """Put into `out` `(h, n * channels)` the sums of `(h, width * channels)` values."""
        rows = rows.astype(self._work, copy=False)
        for pixels, cells, shares in self._parts:
            np.matmul(rows[:, pixels], shares, out=out[:, cells])


def _for_each(shares: Shares, channels: int) -> Shares:
    """The shares `(pixels * channels, cells * channels)` of values that lie side by side."""
    pixels, cells = shares.shape
    spread = np.zeros((pixels, channels, cells, channels), shares.dtype)
    for channel in range(channels):
        spread[:, channel, :, channel] = shares
    return spread.reshape(pixels * channels, cells * channels)
