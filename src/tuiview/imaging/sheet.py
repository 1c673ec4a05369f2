"""A contact sheet: many small pictures side by side in one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.imaging import colormaps
from tuiview.imaging.drawing import draw
from tuiview.imaging.overlay import Rectangle, Shape, Text
from tuiview.imaging.render import BACKGROUND_LEVEL, FIRST_INK, Inks, channels
from tuiview.imaging.viewport import Viewport
from tuiview.picture import Picture

_LEAST_CAPTION = (72, 56)
"""Pixels of a tile below which words under it would hide it."""
_LETTERS = 11
_SELECTED = 0xFFFFFF
_WORDS = 0xD0D0D0
_MISSING = 0xFF8787


class Place(NamedTuple):
    """The pixels of one tile: its picture, without its frame."""

    left: int
    top: int
    width: int
    height: int


class Layout(Struct, frozen=True):
    """Where the tiles of a sheet lie, row by row from the top left.

    Attributes:
        width, height: The sheet in pixels.
        columns, rows: How many tiles across and down.
        pixel_aspect: Height of a pixel over its width.
    """

    width: int
    height: int
    columns: int
    rows: int
    pixel_aspect: float = 1.0

    @classmethod
    def square(cls, width: int, height: int, columns: int, pixel_aspect: float = 1.0) -> Layout:
        """So many columns of tiles that are about square."""
        side = width / columns
        foot = _LETTERS + 3 if side >= _LEAST_CAPTION[0] else 0
        rows = max(1, min(height, round(height * pixel_aspect / (side + foot))))
        return cls(width, height, columns, rows, pixel_aspect)

    @classmethod
    def holding(
        cls, count: int, width: int, height: int, most: int, pixel_aspect: float = 1.0
    ) -> Layout:
        """The largest tiles of which `count` fit, at most so many across.

        Where they would be smaller than with `most` columns, it has room for fewer than `count`.
        """

        def side(layout: Layout) -> float:
            return min(width / layout.columns, height * pixel_aspect / layout.rows)

        layouts = [
            cls(width, height, across, -(-count // across), pixel_aspect)
            for across in range(1, min(most, count) + 1)
        ]
        return max(cls.square(width, height, most, pixel_aspect), *layouts, key=side)

    @property
    def count(self) -> int:
        """How many tiles there is room for."""
        return self.columns * self.rows

    @property
    def _side(self) -> int:
        return min(self.width // self.columns, self.height // self.rows)

    @property
    def gap(self) -> int:
        """Pixels about a tile, for its frame."""
        return max(1, min(4, self._side // 48))

    @property
    def strip(self) -> int:
        """Pixels under a tile's picture for the colours of what is said of it."""
        return max(1, min(8, self._side // 28))

    @property
    def captions(self) -> bool:
        """Whether there is room for words under the tiles."""
        wide, high = _LEAST_CAPTION
        return self.width // self.columns >= wide and self.height // self.rows >= high

    def place(self, number: int) -> Place:
        """Where the picture of a tile goes; at least one pixel."""
        row, column = divmod(number, self.columns)
        x0, x1 = (round(self.width * (column + i) / self.columns) for i in (0, 1))
        y0, y1 = (round(self.height * (row + i) / self.rows) for i in (0, 1))
        gap, foot = self.gap, self.strip + (self.gap + _LETTERS + 3 if self.captions else 0)
        width, height = x1 - x0 - 2 * gap, y1 - y0 - 2 * gap - foot
        return Place(x0 + gap, y0 + gap, max(1, width), max(1, height))


class TilePicture(Struct, frozen=True, eq=False):
    """What a sheet shows in one place.

    Attributes:
        picture: The rendered picture, of the place's size; None if it is not there (yet).
        caption: A few words under it.
        colors: What is said of it, as colours 0xRRGGBB.
        missing: Why there will be none, in the picture's place.
    """

    picture: Picture | None
    caption: str = ""
    colors: tuple[int, ...] = ()
    missing: str = ""


def assemble(layout: Layout, tiles: Sequence[TilePicture], selected: int | None) -> Picture:
    """The sheet as one picture of `(layout.height, layout.width)`.

    Palette indices where all tiles have the same colour map and nothing drawn over them, which
    keeps the sheet small on the wire; else RGB.

    Args:
        layout: Where they go.
        tiles: In order; those beyond the layout's room are left out.
        selected: The number of the tile that is framed.
    """
    shapes = [s for n, tile in enumerate(tiles[: layout.count]) for s in _signs(layout, n, tile)]
    if selected is not None and selected < layout.count:
        shapes.append(_frame(layout, selected))
    flat = Viewport((1, 1), layout.width, layout.height, pixel_aspect=layout.pixel_aspect)
    palette = _common_palette(tiles)
    if palette is None:
        pixels = np.empty((layout.height, layout.width, 3), np.uint8)
        pixels[:] = colormaps.BACKGROUND
        _paste(pixels, layout, [t.picture.rgb() if t.picture else None for t in tiles])
        return Picture(draw(pixels, flat, shapes, channels))
    pixels = np.full((layout.height, layout.width), BACKGROUND_LEVEL, np.uint8)
    _paste(pixels, layout, [t.picture.pixels if t.picture else None for t in tiles])
    inks = Inks()
    pixels = draw(pixels, flat, shapes, inks)
    apart = np.array([channels(color) for color in inks.colors], np.uint8).reshape(-1, 3)
    return Picture(pixels, np.concatenate([palette, apart]))


def _paste(
    pixels: NDArray[np.uint8], layout: Layout, tiles: Sequence[NDArray[np.uint8] | None]
) -> None:
    for number, tile in enumerate(tiles[: layout.count]):
        if tile is not None:
            left, top, width, height = layout.place(number)
            pixels[top : top + height, left : left + width] = tile[:height, :width]


def _common_palette(tiles: Sequence[TilePicture]) -> NDArray[np.uint8] | None:
    """The palette that all pictures share, if none has inks of its own."""
    found: NDArray[np.uint8] | None = None
    for tile in tiles:
        if tile.picture is None:
            continue
        palette = tile.picture.palette
        if palette is None or len(palette) != FIRST_INK:
            return None
        if found is not None and not np.array_equal(found, palette):
            return None
        found = palette
    return found


def _signs(layout: Layout, number: int, tile: TilePicture) -> list[Shape]:
    """The strip of colours, the caption and the words of a tile."""
    left, top, width, height = layout.place(number)
    shapes: list[Shape] = []
    below = top + height
    stripe = partial(Rectangle, edge=False, space="screen")
    for n, color in enumerate(tile.colors):
        x0, x1 = (left + width * (n + i) / len(tile.colors) for i in (0, 1))
        middle = ((x0 + x1) / 2, below + layout.strip / 2)
        shapes.append(stripe(*middle, x1 - x0, layout.strip, fill=color, color=color))
    fits = max(1, int(width / (_LETTERS * 0.6)))
    words = partial(Text, size=_LETTERS, anchor="mm", edge=False, space="screen")
    across = left + width / 2
    if layout.captions and tile.caption:
        y = below + layout.strip + layout.gap + _LETTERS / 2 + 1
        shapes.append(words(across, y, _cut(tile.caption, fits), color=_WORDS))
    if tile.missing and width >= _LETTERS:
        why = _cut(tile.missing, fits) if layout.captions else "×"
        shapes.append(words(across, top + height / 2, why, color=_MISSING))
    return shapes


def _frame(layout: Layout, number: int) -> Shape:
    left, top, width, height = layout.place(number)
    gap = layout.gap
    return Rectangle(
        left + width / 2, top + (height + layout.strip) / 2, width + gap,
        height + layout.strip + gap, color=_SELECTED, width=max(1, min(4, gap)), edge=False,
        space="screen",
    )  # fmt: skip


def _cut(words: str, letters: int) -> str:
    """The end of a name tells more than its beginning."""
    return words if len(words) <= letters else "…" + words[len(words) - max(1, letters - 1) :]
