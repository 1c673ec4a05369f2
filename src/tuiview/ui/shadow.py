"""What stands on the terminal, cell by cell, so that a frame holds only what differs from it.

Textual's compositor writes every region that was marked for repainting, whether it looks different
or not, and each piece of it with its whole style: a change of the focus, a modal screen that opens,
a new layout write all cells of the screen, over and over. Here each of its updates is compared
with what was written before, and a style is written where it changes, as far as it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from tuiview.ui.widgets.picture_strips import is_cell

_GAP = 8
"""Cells that are rather written once more than jumped over: a jump takes as many bytes."""

_BEHIND = ""
"""The second half of a wide character."""


class _Look(NamedTuple):
    """How a cell looks, as parameters of SGR; empty is the terminal's default."""

    attributes: str = ""
    ink: str = ""
    paper: str = ""


_DEFAULT = _Look()
_PICTURE = _Look("picture")
"""How the cells of a picture look is no matter of Textual's styles."""


class Shadow:
    """The cells that the terminal shows, as far as they are known."""

    def __init__(self) -> None:
        self._size = Size()
        self._texts: list[list[str | None]] = []
        self._looks: list[list[_Look]] = []

    def forget(self, region: Region | None = None) -> None:
        """Take for unknown what the cells of a region show; of the whole screen by default."""
        if region is None:
            self._size = Size()
            return
        left, top, width, height = region.intersection(self._size.region)
        for texts in self._texts[top : top + height]:
            texts[left : left + width] = [None] * width

    def difference(self, update: CompositorUpdate, size: Size) -> CompositorUpdate:
        """What is to be written instead of `update` on a screen of that size.

        Nothing is noted before it is rendered, as not every update comes to that.
        """
        return _Difference(self, update, size)

    def resize(self, size: Size) -> None:
        """The screen has this size; all of it is unknown if it had another."""
        if size != self._size:
            self._size = size
            self._texts = [[None] * size.width for _ in range(size.height)]
            self._looks = [[_DEFAULT] * size.width for _ in range(size.height)]

    def put(self, x: int, y: int, texts: list[str], looks: list[_Look]) -> list[tuple[int, int]]:
        """Note what stands in the cells from a place on.

        Returns:
            What has to be written for it: the first and the last of each run of cells.
        """
        stop = x + len(texts)
        old_texts, old_looks = self._texts[y][x:stop], self._looks[y][x:stop]
        if texts == old_texts and looks == old_looks:
            return []
        self._texts[y][x:stop], self._looks[y][x:stop] = texts, looks
        known = [text for text in old_texts if text is not None]
        if not known or _odd(texts) or _odd(known):
            # Terminals disagree on the width of odd characters: nothing behind them is certain.
            return [(0, len(texts) - 1)]
        return list(
            _runs(
                n
                for n, (text, look) in enumerate(zip(texts, looks, strict=True))
                if text != old_texts[n] or look != old_looks[n]
            )
        )


class _Difference(CompositorUpdate):
    """An update without what the terminal shows already."""

    def __init__(self, shadow: Shadow, update: CompositorUpdate, size: Size) -> None:
        self._shadow, self._update, self._size = shadow, update, size

    def render_segments(self, console: Console) -> str:
        """What is to be written; it begins and ends with the terminal's default style."""
        self._shadow.resize(self._size)
        match self._update:
            case LayoutUpdate() as update:
                pieces = _rows(update)
            case ChopsUpdate() as update:
                pieces = _spans(update)
            case update:
                self._shadow.forget()
                return update.render_segments(console)
        width, height = self._size
        written: list[str] = []
        pen = _DEFAULT
        for x, y, strip in pieces:
            if y >= height or x >= width:
                continue
            texts, looks = _cells(strip.crop(0, width - x), console._color_system)
            for first, last in self._shadow.put(x, y, texts, looks):
                written.append(Control.move_to(x + first, y).segment.text)
                for look, stretch in _stretches(texts, looks, first, last + 1):
                    new = _DEFAULT if look is _PICTURE else look
                    written += (_change(pen, new), stretch)
                    pen = new
        written.append(_change(pen, _DEFAULT))
        return "".join(written)


def _change(old: _Look, new: _Look) -> str:
    """The sequence that leads from one style to another."""
    if new == old:
        return ""
    if new == _DEFAULT:
        return "\x1b[m"
    if new.attributes != old.attributes or (old.ink and not new.ink) or (
        old.paper and not new.paper
    ):  # fmt: skip
        return f"\x1b[{';'.join(filter(None, ('0' if old != _DEFAULT else '', *new)))}m"
    parts = (new.ink if new.ink != old.ink else "", new.paper if new.paper != old.paper else "")
    return f"\x1b[{';'.join(filter(None, parts))}m"


def _rows(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Place and content of each row."""
    for y, line in enumerate(update.strips, update.region.y):
        yield update.region.x, y, Strip.join(line)


def _spans(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Place and content of what touches in a row."""
    for y, first, last in update.spans:
        start, reached = first, first
        parts: list[Strip] = []
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= last or end <= first:
                continue
            left, right = max(x, first), min(end, last)
            if left != reached and parts:
                yield start, y, Strip.join(parts)
                parts = []
            if not parts:
                start = left
            parts.append(strip.crop(left - x, right - x))
            reached = right
        if parts:
            yield start, y, Strip.join(parts)


def _cells(strip: Strip, system: ColorSystem | None) -> tuple[list[str], list[_Look]]:
    """What stands in each cell of a strip, and how it looks."""
    texts: list[str] = []
    looks: list[_Look] = []
    for segment in strip:
        text = segment.text
        if segment.control or not text:
            continue
        if is_cell(text[0]):
            look = _PICTURE
        elif segment.style is None:
            look = _DEFAULT
        else:
            look = _look(segment.style, system)
        cells = list(text)
        if not text.isascii() and segment.cell_length != len(text):
            cells = _wide_cells(text)
        texts += cells
        looks += [look] * len(cells)
    return texts, looks


def _wide_cells(text: str) -> list[str]:
    """What stands in each cell of a text with characters that take none or two of them."""
    cells: list[str] = []
    for character in text:
        width = Segment(character).cell_length
        if width:
            cells += [character, _BEHIND][:width]
        elif cells:
            cells[-1 if cells[-1] or len(cells) < 2 else -2] += character
    return cells


@lru_cache(maxsize=4096)
def _look(style: Style, system: ColorSystem | None) -> _Look:
    """A style as the terminal's colours allow it, without links."""
    ink = Style(color=style.color) if style.color is not None else None
    paper = Style(bgcolor=style.bgcolor) if style.bgcolor is not None else None
    attributes = style.without_color.clear_meta_and_links()
    return _Look(*(_codes(part, system) for part in (attributes, ink, paper)))


def _codes(style: Style | None, system: ColorSystem | None) -> str:
    """The parameters of SGR for a style."""
    drawn = style.render(" ", color_system=system) if style is not None else ""
    return drawn.partition("\x1b[")[2].partition("m")[0]


def _stretches(
    texts: list[str], looks: list[_Look], start: int, stop: int
) -> Iterator[tuple[_Look, str]]:
    """Neighbouring cells that look the same, and what stands in them."""
    while start < stop:
        look, end = looks[start], start + 1
        while end < stop and (looks[end] is look or looks[end] == look):
            end += 1
        yield look, "".join(texts[start:end])
        start = end


def _odd(texts: list[str]) -> bool:
    """Whether a cell shows more or less than one character of one cell."""
    return _BEHIND in texts or len("".join(texts)) != len(texts)


def _runs(changed: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of what is written in one go."""
    first = last = -1
    for n in changed:
        if first < 0:
            first = n
        elif n - last > _GAP:
            yield first, last
            first = n
        last = n
    if first >= 0:
        yield first, last
