"""Where two pictures differ: the rectangles of cells that have to be drawn anew."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.graphics.payload import Area
from tuiview.picture import Picture

_MOST_SHARE = 0.25
_MOST_BOXES = 12


class Box(NamedTuple):
    """A rectangle of an area's cells.

    Attributes:
        column, row: Its first cell.
        columns, rows: Its size.
    """

    column: int
    row: int
    columns: int
    rows: int


def changed(old: Picture, new: Picture, area: Area) -> tuple[Box, ...] | None:
    """The cells in which two pictures differ.

    Args:
        old: A picture that fills `area`.
        new: Another one.
        area: Their cells.

    Returns:
        Rectangles that do not overlap and hold every pixel that differs, none if the pictures are
        equal; None if the whole picture is as quickly drawn.
    """
    sample = np.s_[:: max(1, area.height // 16)]
    # A few rows tell mostly, and to look up the colours of all takes longer than to send a picture.
    if _differing(_rows(old, sample), _rows(new, sample)).mean() > _MOST_SHARE:
        return None
    differ = _differing(old, new)
    if area.spare:
        differ = np.pad(differ, ((0, area.spare), (0, 0)))
    lines = differ.reshape(area.rows, area.cell_height, area.width).any(axis=1)
    cells = np.asarray(lines.reshape(area.rows, area.columns, area.cell_width).any(axis=2))
    if cells.mean() > _MOST_SHARE:
        return None
    boxes = _boxes(cells)
    return boxes if len(boxes) <= _MOST_BOXES else None


def part(picture: Picture, area: Area, box: Box) -> tuple[Picture, Area]:
    """Cut the pixels of some cells out of a picture."""
    spare = area.spare if box.row + box.rows == area.rows else 0
    small = replace(area, columns=box.columns, rows=box.rows, spare=spare)
    x, y = box.column * area.cell_width, box.row * area.cell_height
    pixels = picture.pixels[y : y + small.height, x : x + small.width]
    return Picture(np.ascontiguousarray(pixels), picture.palette), small


def _rows(picture: Picture, rows: slice) -> Picture:
    return Picture(picture.pixels[rows], picture.palette)


def _differing(old: Picture, new: Picture) -> NDArray[np.bool_]:
    """Which pixels differ, by their indices if the palettes are the same, else by their colours."""
    one, other = old.palette, new.palette
    if one is not None and other is not None and np.array_equal(one, other):
        return np.asarray(old.pixels != new.pixels)
    return np.asarray((old.rgb() != new.rgb()).any(axis=2))


def _boxes(cells: NDArray[np.bool_]) -> tuple[Box, ...]:
    """Cover the set cells with runs of each row, equal ones below each other taken together."""
    done: list[Box] = []
    growing: dict[tuple[int, int], Box] = {}
    for row, line in enumerate(cells):
        edges = np.flatnonzero(np.diff(line, prepend=False, append=False))
        runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        done += [box for run, box in growing.items() if run not in runs]
        growing = {
            (a, b): growing[a, b]._replace(rows=growing[a, b].rows + 1)
            if (a, b) in growing
            else Box(a, row, b - a, 1)
            for a, b in runs
        }
    return tuple(sorted([*done, *growing.values()], key=lambda box: (box.row, box.column)))
