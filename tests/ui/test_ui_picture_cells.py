"""The cells of a picture survive what Textual does to a row, and become bytes where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.renderables.background_screen import BackgroundScreen
from textual.strip import Strip

from tuiview.ui.widgets.covering import Mask
from tuiview.ui.widgets.picture_strips import CAPACITY, has_cells, picture_strip, translate

Run = tuple[int, int, int]


def runs(data: str, columns: int, rows: int) -> tuple[str, list[Run]]:
    found: list[Run] = []

    def write(row: int, column: int, width: int) -> str:
        found.append((row, column, width))
        return "#" * width

    return translate(data, columns, rows, write)[0], found


@given(
    columns=st.integers(1, 300), row=st.integers(0, 100), cuts=st.lists(st.integers(0, 300)),
)  # fmt: skip
def test_pieces_of_a_row_know_where_they_belong(columns: int, row: int, cuts: list[int]) -> None:
    strip = picture_strip(row, columns)
    assert strip.cell_length == columns
    ends = sorted({cut for cut in cuts if 0 < cut < columns} | {columns})
    expected = [(row, a, b - a) for a, b in zip([0, *ends], ends, strict=False)]
    pieces = strip.divide(ends)
    assert [runs(piece.text, columns, 101)[1] for piece in pieces] == [[one] for one in expected]


@given(
    st.integers(2, 80),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 79), st.integers(1, 80)), max_size=8),
)
def test_pieces_of_several_rows_side_by_side(columns: int, pieces: list[Run]) -> None:
    data, expected = "", 0
    for row, start, width in pieces:
        piece = picture_strip(row, columns).crop(
            min(start, columns - 1), min(start + width, columns)
        )
        data += piece.text
        expected += piece.cell_length
    text, found = runs(data, columns, 21)
    assert text == "#" * expected
    assert sum(width for _, _, width in found) == expected
    assert all(column + width <= columns for _, column, width in found)


def test_a_translucent_screen_above_changes_no_cell() -> None:
    row = Strip.join([picture_strip(3, 10), Strip.blank(2, Style.parse("on red"))])
    tinted = BackgroundScreen.process_segments(row, Color(0, 0, 0, 0.5))
    assert runs("".join(segment.text for segment in tinted), 10, 5) == (
        "##########  ",
        [(3, 0, 10)],
    )


def test_characters_beyond_the_picture_leave_no_hole() -> None:
    text, found = runs("a" + chr(0x100000 + 57) + "b", 10, 5)
    assert (text, found) == ("a b", [])


def test_text_has_no_cells() -> None:
    assert not has_cells("plain \x1b[1m")
    assert not has_cells("größer als \U0001f600 \ue0b0")
    assert has_cells("a" + picture_strip(0, 1).text)
    assert CAPACITY > 250 * 220


regions = st.builds(
    Region, st.integers(0, 30), st.integers(0, 10), st.integers(0, 20), st.integers(0, 10)
)


@given(st.lists(regions, max_size=5), st.lists(regions, max_size=5))
def test_masks_are_sets_of_cells(one: list[Region], other: list[Region]) -> None:
    def cells(some: list[Region]) -> set[tuple[int, int]]:
        return {(x, y) for r in some for x in r.column_range for y in r.line_range}

    assert len(Mask(one)) == len(cells(one))
    assert Mask(one).exceeds(Mask(other)) == bool(cells(one) - cells(other))
    both = Mask(one)
    both.add(Mask(other))
    assert len(both) == len(cells(one) | cells(other))


@pytest.mark.parametrize("columns", [1, 2, 297])
def test_the_last_cell_counts(columns: int) -> None:
    _, found = runs(picture_strip(9, columns).text, columns, 10)
    assert found == [(9, 0, columns)]
