"""Which painter a terminal needs; and the painter of those that show text alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np
from textual.geometry import Region

from tuiview.graphics import blocks
from tuiview.graphics.payload import Payload, Protocol
from tuiview.graphics.terminal import Terminal
from tuiview.ui.widgets.hole_painters import DirectPainter, HolePainter
from tuiview.ui.widgets.painter import Forgetful, Painter
from tuiview.ui.widgets.placeholder_painter import PlaceholderPainter

Lines = tuple[tuple[tuple[str, int, int], ...], ...]
"""Rows of a picture of blocks, as a payload holds them."""


def painter_for(terminal: Terminal) -> Painter:
    """The painter for a terminal."""
    match terminal.protocol:
        case Protocol.KITTY:
            return PlaceholderPainter(terminal)
        case Protocol.KITTY_DIRECT:
            return DirectPainter(terminal)
        case Protocol.SIXEL | Protocol.ITERM2:
            return HolePainter(terminal)
        case Protocol.BLOCKS:
            return BlocksPainter(terminal)


class BlocksPainter(Forgetful):
    """Blocks: the cells are the picture."""

    in_frame = False
    fragile = False

    def __init__(self, terminal: Terminal) -> None:
        self._true_color = terminal.colors > 256
        self._lines: Lines = ()
        self._rows: dict[int, str] = {}
        self._stale: list[tuple[int, int, int]] = []

    def send(self, name: Hashable, payload: Payload) -> str:
        """Make a picture the one that the cells show."""
        before, self._lines = self._lines, payload.lines
        self._rows = {}
        if not self._true_color and payload.quality.true_color:
            self._lines = _in_palette(payload.lines)
        self._stale = list(_runs(before, self._lines))
        return ""

    def paint(self, payload: Payload, place: Region) -> str:
        """The cells that changed with the last picture."""
        runs = (
            f"\x1b[{place.y + row + 1};{place.x + column + 1}H{self.cells(row, column, width)}"
            for row, column, width in self._stale
        )
        return "\x1b7" + "".join(runs) + "\x1b8"

    def cells(self, row: int, column: int, width: int) -> str:
        """The coloured characters of a run of cells."""
        line = self._lines[row]
        if width < len(line):
            return blocks.text(line[column : column + width], self._true_color)
        if row not in self._rows:
            self._rows[row] = blocks.text(line, self._true_color)
        return self._rows[row]

    def cleanup(self) -> str:
        """Empty the screen: there is no alternate one in GNU screen (if not told to) and mosh."""
        return "\x1b[2J\x1b[H"


def _runs(old: Lines, new: Lines) -> Iterator[tuple[int, int, int]]:
    """Row, first column and number of the cells in each row from the first to the last changed."""
    for row, line in enumerate(new):
        before = old[row] if row < len(old) else ()
        if line == before:
            continue
        if len(before) != len(line):
            yield row, 0, len(line)
            continue
        differ = [column for column, cell in enumerate(line) if cell != before[column]]
        yield row, differ[0], differ[-1] + 1 - differ[0]


def _in_palette(lines: Lines) -> Lines:
    """The same cells in the colours of xterm's palette."""
    colors = sorted({color for line in lines for cell in line for color in cell[1:]})
    channels = np.array([(c >> 16, c >> 8 & 255, c & 255) for c in colors], np.uint8)
    nearest = blocks.xterm_colors(channels.reshape(-1, 3)).astype(int) @ (1 << 16, 1 << 8, 1)
    of = dict(zip(colors, nearest.tolist(), strict=True))
    return tuple(tuple((text, of[ink], of[paper]) for text, ink, paper in line) for line in lines)
