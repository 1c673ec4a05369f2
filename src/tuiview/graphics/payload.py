"""Payloads: pictures encoded for a terminal, and the area of cells that they fill."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Protocol(StrEnum):
    """How a terminal takes pictures."""

    KITTY = "kitty"  # Unicode placeholders: kitty, Ghostty, Rio
    KITTY_DIRECT = "kitty-direct"  # placement at the cursor: Konsole
    SIXEL = "sixel"
    ITERM2 = "iterm2"
    BLOCKS = "blocks"


class Area(Struct, frozen=True):
    """A rectangle of terminal cells that a picture fills.

    Attributes:
        columns, rows: Its size in cells.
        cell_width, cell_height: The size of one cell in pixels (for blocks: of the sub-cell grid).
        pixel_aspect: Height of a pixel over its width: 1 but for blocks.
        spare: Rows of pixels at the bottom that the picture leaves empty, fewer than a cell has.
    """

    columns: int
    rows: int
    cell_width: int
    cell_height: int
    pixel_aspect: float = 1.0
    spare: int = 0

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.columns * self.cell_width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.rows * self.cell_height - self.spare


class Quality(Struct, frozen=True):
    """How finely a picture is encoded.

    Attributes:
        levels: Colours in a palette (sixel, indexed PNG): 2 to 256.
        scale: The divisor of resolution: 1 is full, 2 half.
        lossy: Whether JPEG may be used (iTerm2).
        true_color: Whether 24-bit colours may be used (blocks); else xterm's palette of 256.
    """

    levels: int = 256
    scale: int = 1
    lossy: bool = False
    true_color: bool = True


FINE = Quality()
"""Everything that the protocol can show."""


class Payload(Struct, frozen=True, eq=False):
    """A picture as the bytes that a terminal takes.

    Attributes:
        protocol: Which protocol it is for.
        area: The cells that it fills.
        chunks: Parts that may be written one at a time, in order, with other output between them
            only at these joints: kitty chunks without ids (the pane adds ids and wrapping), sixel
            strips, iTerm2 images. Empty for blocks.
        lines: For blocks: one tuple for each row of `(character, foreground, background)` cells,
            colours as 0xRRGGBB; empty for all other protocols.
        quality: What it was encoded with.
        rows: For chunks that each draw at the cursor (sixel, iTerm2): the row of the
            area, 0-based, at which each begins; the column is always the area's first.
    """

    protocol: Protocol
    area: Area
    chunks: tuple[bytes, ...] = ()
    lines: tuple[tuple[tuple[str, int, int], ...], ...] = ()
    quality: Quality = FINE
    rows: tuple[int, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes held (estimated for blocks)."""
        return sum(map(len, self.chunks)) + sum(100 * len(line) for line in self.lines)
