"""A picture's cells in Textual's world: one private character for each, turned into bytes last.

Textual cuts, tints, overlays and joins text as it likes; each cell of a picture keeps its own
character through all of that, even under a translucent modal screen. Only when a frame is written
are runs of these characters replaced by what the terminal needs: a jump over the cells, or kitty's
placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from rich.segment import Segment
from textual.strip import Strip

_FIRST = 0x100000
CAPACITY = 0xFFFE
"""Cells that a picture can have: the private characters of plane 16."""

_RUN = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + CAPACITY - 1)}]+")

CellWriter = Callable[[int, int, int], str]
"""Called with row, first column and number of cells; returns what the terminal takes for them."""


@lru_cache(maxsize=1024)
def picture_strip(row: int, columns: int) -> Strip:
    """One row of a picture that is `columns` wide."""
    first = _FIRST + row * columns
    text = "".join(map(chr, range(first, first + columns)))
    return Strip([Segment(text)], columns)


def translate(data: str, columns: int, rows: int, write: CellWriter) -> tuple[str, int]:
    """Replace the cells of a picture in a frame.

    Args:
        data: A frame, as Textual would write it.
        columns: Width of the picture in cells.
        rows: Height of the picture in cells; characters beyond it are no cells of it.
        write: What to write for a run of cells.

    Returns:
        The frame, and how many cells of the picture are in it.
    """
    count = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal count
        parts = []
        for row, column, width in _runs(found.group(), columns):
            if row < rows:
                parts.append(write(row, column, width))
                count += width
            else:
                parts.append(" " * width)
        return "".join(parts)

    return _RUN.sub(replace, data), count


def has_cells(data: str) -> bool:
    """Whether a frame shows any cell of a picture."""
    return not data.isascii() and _RUN.search(data) is not None


def is_cell(character: str) -> bool:
    """Whether a character is a cell of a picture; an empty text is none."""
    return chr(_FIRST) <= character < chr(_FIRST + CAPACITY)


def _runs(text: str, columns: int) -> Iterator[tuple[int, int, int]]:
    """Row, first column and width of each piece of consecutive cells in one row."""
    start = 0
    while start < len(text):
        row, column = divmod(ord(text[start]) - _FIRST, columns)
        longest = min(columns - column, len(text) - start)
        stop = start + longest
        if ord(text[stop - 1]) - ord(text[start]) != longest - 1:
            # Pieces of other rows follow: find where the sequence breaks.
            stop = start + 1
            while ord(text[stop]) - ord(text[stop - 1]) == 1:
                stop += 1
        yield row, column, stop - start
        start = stop
