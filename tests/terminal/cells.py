"""The cells of a terminal: text by pyte, and the placeholders of kitty's pictures among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyte
from decoders import DIACRITICS as _NUMBER_OF
from kitty_screen import PLACEHOLDER


class Cells(pyte.Screen):
    """Text cells, with the order in which they were written and the placeholders among them."""

    def __init__(self, columns: int, rows: int) -> None:
        self.clock = 0
        self.image_number = 0
        self._open: tuple[int, int] | None = None
        self._last = " "
        self._clear_grids(rows, columns)
        super().__init__(columns, rows)

    def _clear_grids(self, rows: int, columns: int) -> None:
        self.clock += 1
        self.written = np.full((rows, columns), self.clock, np.int64)
        # What each placeholder stands for: the image's number, and a row and a column of it.
        self.image = np.full((rows, columns), -1, np.int64)
        self.image_row = np.zeros((rows, columns), np.int64)
        self.image_column = np.zeros((rows, columns), np.int64)

    def draw(self, data: str) -> None:
        """Write text at the cursor; placeholders take the image's number from its colour."""
        if self._open is None and PLACEHOLDER not in data:
            self._draw_run(data)
            return
        run = ""
        for character in data:
            if self._open is not None and character in _NUMBER_OF:
                self._mark_placeholder(_NUMBER_OF[character])
                continue
            self._open = None
            if character == PLACEHOLDER:
                self._draw_run(run)
                run = ""
                self._draw_placeholder()
            else:
                run += character
        self._draw_run(run)

    def repeat(self, count: int) -> None:
        """REP: the last character again; a placeholder comes without its diacritics."""
        self._open = None
        self.draw(self._last * count)

    def touch(self, top: int, left: int, bottom: int, right: int) -> None:
        """Cells of a rectangle (end exclusive) were written or erased."""
        self.clock += 1
        self.written[top:bottom, left:right] = self.clock
        self.image[top:bottom, left:right] = -1

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        """SGR."""
        super().select_graphic_rendition(*attrs)
        rest = list(attrs) or [0]
        while rest:
            match rest:
                case [38, 2, red, green, blue, *rest]:
                    self.image_number = red << 16 | green << 8 | blue
                case [38, 5, number, *rest]:
                    self.image_number = number
                case [48, 2, _, _, _, *rest] | [48, 5, _, *rest]:
                    pass
                case [first, *rest]:
                    self.image_number = 0 if first in (0, 39) else self.image_number

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        """EL."""
        super().erase_in_line(how, private)
        x, y = self.cursor.x, self.cursor.y
        left, right = {0: (x, self.columns), 1: (0, x + 1)}.get(how, (0, self.columns))
        self.touch(y, left, y + 1, right)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        """ED."""
        super().erase_in_display(how, *args, **kwargs)
        y = self.cursor.y
        top, bottom = {0: (y, self.lines), 1: (0, y + 1)}.get(how, (0, self.lines))
        self.touch(top, 0, bottom, self.columns)

    def erase_characters(self, count: int | None = None) -> None:
        """ECH."""
        super().erase_characters(count)
        self.touch(self.cursor.y, self.cursor.x, self.cursor.y + 1, self.cursor.x + (count or 1))

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Another size; pictures do not survive it."""
        super().resize(lines, columns)
        self._clear_grids(self.lines, self.columns)

    def _draw_run(self, run: str) -> None:
        if not run:
            return
        top, left = self.cursor.y, min(self.cursor.x, self.columns - 1)
        super().draw(run)
        bottom, right = self.cursor.y, self.cursor.x
        if bottom == top:
            self.touch(top, left, top + 1, right)
        else:
            self.touch(top, 0, bottom + 1, self.columns)
        self._last = run[-1]

    def _draw_placeholder(self) -> None:
        row, column = self.cursor.y, self.cursor.x
        super().draw("\u2592")
        self._last = PLACEHOLDER
        if column >= self.columns:
            return
        self.touch(row, column, row + 1, column + 1)
        self.image[row, column] = self.image_number
        # Without diacritics a placeholder continues the one on its left.
        if column and self.image[row, column - 1] == self.image_number:
            self.image_row[row, column] = self.image_row[row, column - 1]
            self.image_column[row, column] = self.image_column[row, column - 1] + 1
        else:
            self.image_row[row, column] = self.image_column[row, column] = 0
        self._open = (row, column)
        self._marks = 0

    def _mark_placeholder(self, number: int) -> None:
        assert self._open is not None
        row, column = self._open
        self._marks += 1
        if self._marks == 1:
            if column and self.image_row[row, column - 1] != number:
                self.image_column[row, column] = 0
            self.image_row[row, column] = number
        elif self._marks == 2:
            self.image_column[row, column] = number
        else:
            self.image[row, column] |= number << 24
