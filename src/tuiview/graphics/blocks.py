"""Blocks: pictures as text, two colours to a cell.

The sub-cell grid of the area chooses the characters: 1 x 2 half blocks, 2 x 2 quadrants, 2 x 3
sextants (Unicode 13), 2 x 4 octants (Unicode 16). Half blocks are exact; for the others each cell
has the two colours and the shape with the least square error.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.graphics.quantise import pack
from tuiview.graphics.reduce import check_size
from tuiview.picture import Picture

Cell = tuple[str, int, int]
"""Character, foreground and background as 0xRRGGBB."""

_Colors = NDArray[np.uint8]

_UPPER_HALF = "\u2580"
_CUBE = (0, 95, 135, 175, 215, 255)
_FIRST_COLOR, _FIRST_GRAY = 16, 232

# By the bits upper left, upper right, lower left, lower right.
_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


def encode(picture: Picture, area: Area, quality: Quality = FINE) -> Payload:
    """Encode a picture as lines of characters with two colours each.

    Args:
        picture: Exactly `area.width` x `area.height` pixels.
        area: The cells, with the sub-cell grid as their size in pixels.
        quality: `true_color` false keeps to xterm's palette; nothing else matters here.

    Raises:
        ValueError: If the picture has another size than the area, or no character has that grid.
    """
    check_size(picture, area)
    across, down = area.cell_width, area.cell_height
    grid = picture.rgb().reshape(area.rows, down, area.columns, across, 3).swapaxes(1, 2)
    dots = grid.reshape(area.rows, area.columns, down * across, 3)
    if (across, down) == (1, 2):
        shapes = np.ones(dots.shape[:2], np.intp)
        inks = dots
    else:
        shapes, inks = _two_colors(dots)
    glyphs = characters(across, down)
    if not quality.true_color:
        inks = xterm_colors(inks)
    colors = pack(inks)
    lines = tuple(
        tuple(zip([glyphs[n] for n in shape], ink[:, 0].tolist(), ink[:, 1].tolist(), strict=True))
        for shape, ink in zip(shapes.tolist(), colors, strict=True)
    )
    return Payload(Protocol.BLOCKS, area, lines=lines, quality=quality)


def text(cells: Iterable[Cell], true_color: bool = True) -> str:
    """A stretch of a line as characters and SGR sequences, for output past any styling.

    Args:
        cells: Part of `Payload.lines[i]`.
        true_color: False for cells in xterm's palette, named by their numbers.
    """
    parts = []
    for (ink, paper), run in groupby(cells, key=lambda cell: cell[1:]):
        if true_color:
            sgr = f"38;2;{_channels(ink)};48;2;{_channels(paper)}"
        else:
            sgr = f"38;5;{_numbers()[ink]};48;5;{_numbers()[paper]}"
        parts.append(f"\x1b[{sgr}m{''.join(cell[0] for cell in run)}")
    return "".join(parts) + "\x1b[0m" if parts else ""


@lru_cache
def characters(across: int, down: int) -> str:
    """The characters for a sub-cell grid, by the bits of their dots, row by row from the top left.

    Raises:
        ValueError: If there are none.
    """
    match across, down:
        case 1, 2:
            return f" {_UPPER_HALF}▄█"
        case 2, 2:
            return _QUADRANTS
        case 2, 3:
            return _with_gaps(64, {0: " ", 21: "▌", 42: "▐", 63: "█"}, 0x1FB00)
        case 2, 4:
            return _with_gaps(256, _octants_elsewhere(), 0x1CD00)
    raise ValueError(f"no characters have {across} x {down} dots")


def _with_gaps(count: int, elsewhere: dict[int, str], first: int) -> str:
    """Characters in the order of their bits, but for those that Unicode had before."""
    code, result = first, []
    for bits in range(count):
        if bits in elsewhere:
            result.append(elsewhere[bits])
        else:
            result.append(chr(code))
            code += 1
    return "".join(result)


def _octants_elsewhere() -> dict[int, str]:
    # A quadrant is two octants, one over the other.
    doubled = (0x05, 0x0A, 0x50, 0xA0)
    quadrants = {
        sum(dots for place, dots in enumerate(doubled) if bits >> place & 1): character
        for bits, character in enumerate(_QUADRANTS)
    }
    return quadrants | {
        0x01: "\U0001cea8",  # left half upper one quarter
        0x02: "\U0001ceab",  # right half upper one quarter
        0x03: "\U0001fb82",  # upper one quarter
        0x14: "\U0001fbe6",  # middle left one quarter
        0x28: "\U0001fbe7",  # middle right one quarter
        0x3F: "\U0001fb85",  # upper three quarters
        0x40: "\U0001cea3",  # left half lower one quarter
        0x80: "\U0001cea0",  # right half lower one quarter
        0xC0: "\u2582",  # lower one quarter
        0xFC: "\u2586",  # lower three quarters
    }


def _two_colors(dots: _Colors) -> tuple[NDArray[np.intp], _Colors]:
    """Split the dots of each cell into two sets whose means miss them least.

    The square error is least where the sum over both sets of `|sum|**2 / count` is largest; the
    first dot is always in the foreground, since a shape and its negative are the same split.

    Args:
        dots: `(rows, columns, k, 3)`.

    Returns:
        The bits of the foreground's dots `(rows, columns)`, and both colours
        `(rows, columns, 2, 3)`.
    """
    rows, columns, k, _ = dots.shape
    bits = np.arange(1, 1 << k, 2)
    inside = (bits[:, None] >> np.arange(k) & 1).astype(np.float32)
    count = inside.sum(axis=1)
    others = np.maximum(k - count, 1)
    shapes = np.empty((rows, columns), np.intp)
    inks = np.empty((rows, columns, 2, 3), np.uint8)
    for row in range(rows):
        values = dots[row].astype(np.float32)
        total = values.sum(axis=1)[:, None]
        ink_sum = inside @ values  # (columns, splits, 3)
        paper_sum = total - ink_sum
        merit = np.square(ink_sum).sum(axis=2) / count + np.square(paper_sum).sum(axis=2) / others
        best = merit.argmax(axis=1)
        chosen = np.arange(columns), best
        shapes[row] = bits[best]
        inks[row, :, 0] = np.rint(ink_sum[chosen] / count[best, None])
        inks[row, :, 1] = np.rint(paper_sum[chosen] / others[best, None])
    return shapes, inks


def xterm_colors(colors: _Colors) -> _Colors:
    """The nearest of the colours 16 to 255 of xterm's palette, whose first 16 are the user's.

    Args:
        colors: `(..., 3)`.
    """
    steps = np.array(_CUBE)
    values = np.arange(256)
    to_cube = steps[np.abs(values[:, None] - steps).argmin(axis=1)].astype(np.uint8)
    wide = colors.astype(np.int32)
    cube = to_cube[colors]
    gray = np.clip((wide.sum(axis=-1) // 3 - 3) // 10, 0, 23) * 10 + 8
    gray_error = np.square(wide - gray[..., None]).sum(axis=-1)
    cube_error = np.square(wide - cube).sum(axis=-1)
    nearest: _Colors = np.where(
        (gray_error < cube_error)[..., None], gray[..., None].astype(np.uint8), cube
    )
    return nearest


@lru_cache
def _numbers() -> dict[int, int]:
    """The numbers of xterm's colours by 0xRRGGBB."""
    cube = ((r << 16 | g << 8 | b) for r in _CUBE for g in _CUBE for b in _CUBE)
    grays = ((8 + 10 * n) * 0x010101 for n in range(24))
    numbers = {color: _FIRST_GRAY + n for n, color in enumerate(grays)}
    return numbers | {color: _FIRST_COLOR + n for n, color in enumerate(cube)}


def _channels(color: int) -> str:
    return f"{color >> 16};{color >> 8 & 255};{color & 255}"
