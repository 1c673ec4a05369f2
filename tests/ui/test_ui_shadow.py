"""Frames hold only what differs, and the terminal shows what Textual's own frames would show."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from tuiview.ui.shadow import Shadow
from tuiview.ui.widgets.picture_strips import picture_strip

SIZE = Size(30, 4)
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=30)
STYLES = [
    None, Style(color="#ff0000"), Style(bgcolor="#000080"), Style(bold=True, color="#00ff00"),
    Style(reverse=True, bgcolor="#101010", color="#ffffff"), Style(dim=True, italic=True),
]  # fmt: skip


def strip(texts: list[tuple[str, int]]) -> Strip:
    """A row of words and their styles; the last cell is empty (pyte wraps too early there)."""
    words = Strip([Segment(t, STYLES[n]) for t, n in texts])
    return words.adjust_cell_length(SIZE.width - 1).adjust_cell_length(SIZE.width)


def rows_of(*characters: str) -> st.SearchStrategy[Strip]:
    texts = st.lists(st.sampled_from(characters), min_size=1, max_size=12).map("".join)
    return st.lists(st.tuples(texts, st.integers(0, len(STYLES) - 1)), max_size=4).map(strip)


def whole(rows: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[row] for row in rows], SIZE.region)


def partial(rows: list[Strip], first: int, last: int, cut: int) -> ChopsUpdate:
    """The columns from `first` to `last` of all rows, in two chops."""
    chops = [{0: row.crop(0, cut), cut: row.crop(cut, SIZE.width)} for row in rows]
    spans = [(y, first, last) for y in range(len(rows))]
    return ChopsUpdate(chops, spans, [[cut, SIZE.width]] * len(rows))


class Screen:
    """A terminal."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(*SIZE)
        self.stream = pyte.Stream(self.screen)

    def cells(self) -> list[list[pyte.screens.Char]]:
        return [[self.screen.buffer[y][x] for x in range(SIZE.width)] for y in range(SIZE.height)]


FRAME = st.tuples(
    st.lists(rows_of("a", "b", " ", "│"), min_size=SIZE.height, max_size=SIZE.height),
    st.none() | st.tuples(st.integers(0, 14), st.integers(15, 30), st.integers(1, 29)),
)


@settings(max_examples=60)
@given(st.lists(FRAME, min_size=1, max_size=5))
def test_the_screen_is_what_textual_would_have_written(frames) -> None:
    shadow, ours, theirs = Shadow(), Screen(), Screen()
    for rows, span in frames:
        update = whole(rows) if span is None else partial(rows, *span)
        ours.stream.feed(shadow.difference(update, SIZE).render_segments(CONSOLE))
        if span is None:
            theirs.stream.feed(update.render_segments(CONSOLE).replace("\n", ""))
        else:
            for y, row in enumerate(rows):
                cut = row.crop(span[0], span[1])
                theirs.stream.feed(f"\x1b[{y + 1};{span[0] + 1}H{cut.render(CONSOLE)}")
        assert ours.cells() == theirs.cells()


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(rows_of("a", "漢", "e\u0301", " "), min_size=SIZE.height, max_size=SIZE.height),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_wide_and_combined_characters_leave_no_halves(frames) -> None:
    shadow, ours = Shadow(), Screen()
    for rows in frames:
        ours.stream.feed(shadow.difference(whole(rows), SIZE).render_segments(CONSOLE))
        theirs = Screen()
        theirs.stream.feed(whole(rows).render_segments(CONSOLE).replace("\n", ""))
        assert ours.cells() == theirs.cells()


def written(shadow: Shadow, rows: list[Strip], size: Size = SIZE) -> str:
    return shadow.difference(whole(rows), size).render_segments(CONSOLE)


ROWS = [strip([("some words", 1), ("and more", 3)])] * SIZE.height


def test_what_stands_there_is_not_written_again() -> None:
    shadow = Shadow()
    assert written(shadow, ROWS)
    assert written(shadow, ROWS) == ""


def test_a_changed_letter_costs_a_letter() -> None:
    shadow = Shadow()
    written(shadow, ROWS)
    changed = strip([("some wards", 1), ("and more", 3)])
    assert written(shadow, [ROWS[0], changed, *ROWS[2:]]) == "\x1b[2;7H\x1b[38;2;255;0;0ma\x1b[m"


def test_what_is_forgotten_is_written_again() -> None:
    shadow = Shadow()
    written(shadow, ROWS)
    shadow.forget(Region(5, 1, 5, 1))
    assert written(shadow, ROWS) == "\x1b[2;6H\x1b[38;2;255;0;0mwords\x1b[m"
    shadow.forget()
    assert written(shadow, ROWS).count("some words") == SIZE.height


def test_another_size_is_another_screen() -> None:
    shadow = Shadow()
    written(shadow, ROWS)
    assert "some words" in written(shadow, ROWS, Size(30, 5))


def test_an_update_beyond_the_screen_is_cut() -> None:
    assert "more" not in written(Shadow(), ROWS, Size(12, 2))


def test_an_update_that_is_not_rendered_is_not_noted() -> None:
    shadow = Shadow()
    shadow.difference(whole(ROWS), SIZE)
    assert written(shadow, ROWS)


def test_a_pictures_cells_take_no_style() -> None:
    tinted = picture_strip(0, SIZE.width).apply_style(Style(bgcolor="#101010"))
    rows = [strip([("a" * 30, 2)]), tinted, tinted, tinted]
    data = written(Shadow(), rows)
    # The run begins and ends in the terminal's default style.
    assert data.index("\x1b[m") < data.index(tinted.text)
    assert "\x1b[48;2;16;16;16m" not in data
