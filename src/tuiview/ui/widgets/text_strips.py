"""Rows of a pane that are plain text: words in place of a picture, and pictures of blocks."""

from __future__ import annotations

import textwrap
from functools import lru_cache

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuiview.graphics.payload import Payload
from tuiview.text import printable


def word_strips(message: str, hint: str, width: int, height: int, style: Style) -> list[Strip]:
    """A message and a hint in the middle of a pane.

    Args:
        message: What is to be said.
        hint: What can be done about it.
        width: Of the pane, in cells.
        height: Of the pane, in cells.
        style: Of the pane.
    """
    blank = Strip.blank(width, style)
    lines = [
        (line, style + Style(bold=True))
        for line in textwrap.wrap(printable(message), max(1, width - 4))
    ]
    lines += [
        (line, style + Style(dim=True))
        for line in textwrap.wrap(printable(hint), max(1, width - 4))
    ]
    lines = lines[:height]
    top = (height - len(lines)) // 2
    strips = [blank] * top
    for line, line_style in lines:
        left = max(0, (width - cell_len(line)) // 2)
        segments = [Segment(" " * left, style), Segment(line, line_style)]
        strips.append(Strip(segments).adjust_cell_length(width, style))
    return strips + [blank] * (height - len(strips))


def block_strips(payload: Payload) -> list[Strip]:
    """The rows of a picture of blocks."""
    return [_block_strip(line) for line in payload.lines]


def _block_strip(line: tuple[tuple[str, int, int], ...]) -> Strip:
    segments: list[Segment] = []
    text, colors = "", (-1, -1)
    for character, foreground, background in line:
        if (foreground, background) != colors and text:
            segments.append(Segment(text, _style(*colors)))
            text = ""
        text += character
        colors = (foreground, background)
    if text:
        segments.append(Segment(text, _style(*colors)))
    return Strip(segments, len(line))


@lru_cache(maxsize=65_536)
def _style(foreground: int, background: int) -> Style:
    return Style(color=_color(foreground), bgcolor=_color(background))


@lru_cache(maxsize=65_536)
def _color(value: int) -> Color:
    return Color.from_rgb(value >> 16, value >> 8 & 255, value & 255)
