"""Bytes that put a picture on the screen at a place, and questions that say when it is there."""

from __future__ import annotations

from collections.abc import Iterable

from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Payload

_SAVE, _RESTORE = b"\x1b7", b"\x1b8"


def place(payload: Payload, x: int, y: int, *, wrapped: bool, origin: tuple[int, int]) -> str:
    """Draw a payload whose chunks each begin at a row (sixel, iTerm2); arguments as of `strips`."""
    return "".join(strips(payload, x, y, wrapped=wrapped, origin=origin))


def strips(
    payload: Payload, x: int, y: int, *, wrapped: bool, origin: tuple[int, int]
) -> list[str]:
    """What draws each chunk of a payload whose chunks each begin at a row (sixel, iTerm2).

    Args:
        payload: The picture.
        x: Column of its first cell on our screen, from 0.
        y: Row of its first cell on our screen, from 0.
        wrapped: Hand it through tmux to the terminal outside.
        origin: Where our screen begins in the terminal outside, `(column, row)`.
    """
    left, top = origin if wrapped else (0, 0)
    parts = []
    for row, chunk in zip(payload.rows, payload.chunks, strict=True):
        at = b"\x1b[%d;%dH" % (top + y + row + 1, left + x + 1)
        data = b"".join((_SAVE, at, chunk, _RESTORE))
        parts.append(wrap(data) if wrapped else data)
    return [part.decode("latin-1") for part in parts]


def at(x: int, y: int, data: Iterable[bytes]) -> str:
    """Write `data` with the cursor at a cell, and put the cursor back."""
    return (_SAVE + b"\x1b[%d;%dH" % (y + 1, x + 1) + b"".join(data) + _RESTORE).decode("latin-1")


def erase(x: int, y: int, columns: int, rows: int, background: tuple[int, int, int]) -> str:
    """Empty a rectangle of cells."""
    lines = "".join(f"\x1b[{row + 1};{x + 1}H\x1b[{columns}X" for row in range(y, y + rows))
    red, green, blue = background
    return f"\x1b7\x1b[48;2;{red};{green};{blue}m{lines}\x1b[m\x1b8"


class Receipts:
    """Questions for the cursor's place, each asked at a place of its own that names its token.

    The first row is left out: its answer can look like a key.
    """

    def __init__(self) -> None:
        self._columns, self._rows = 80, 24
        self._tokens: dict[tuple[int, int], int] = {}

    def resize(self, columns: int, rows: int) -> None:
        """Use a screen of that size."""
        self._columns, self._rows = max(1, columns), max(2, rows)

    def question(self, token: int) -> str:
        """What to write behind the data that `token` stands for."""
        y = 1 + token % (self._rows - 1)
        x = token // (self._rows - 1) % self._columns
        self._tokens[x, y] = token
        return f"\x1b7\x1b[{y + 1};{x + 1}H\x1b[6n\x1b8"

    def token(self, x: int, y: int) -> int | None:
        """The token that an answer names; None when it is none of ours."""
        return self._tokens.pop((x, y), None)
