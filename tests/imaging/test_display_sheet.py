"""Contact sheets: where tiles lie, and what stands in their places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.imaging.display import Display
from tuiview.imaging.render import FIRST_INK, palette
from tuiview.imaging.sheet import Layout, TilePicture, assemble
from tuiview.picture import Picture

sizes = st.integers(12, 1200)


@settings(max_examples=40)
@given(width=sizes, height=sizes, columns=st.integers(1, 12), aspect=st.sampled_from([1.0, 0.5]))
def test_tiles_lie_within_the_sheet_and_apart(width, height, columns, aspect):
    layout = Layout.square(width, height, columns, aspect)
    seen = np.zeros((height + 20, width + 20), int)
    for number in range(layout.count):
        left, top, across, down = layout.place(number)
        assert across >= 1
        assert down >= 1
        seen[top : top + down, left : left + across] += 1
    if min(width / columns, height / layout.rows) >= 40:
        assert seen.max() == 1
        assert not seen[height:].any()
        assert not seen[:, width:].any()


@given(count=st.integers(1, 300), width=st.integers(100, 2000), height=st.integers(100, 2000))
def test_few_frames_get_the_largest_tiles(count, width, height):
    most = 5
    layout = Layout.holding(count, width, height, most)
    assert 1 <= layout.columns <= most
    paged = Layout.square(width, height, most)
    assert layout.count >= min(count, paged.count)
    side = min(width / layout.columns, height / layout.rows)
    assert side >= min(width / paged.columns, height / paged.rows)


def tile(layout, number, level, **said):
    _, _, width, height = layout.place(number)
    return TilePicture(
        Picture(np.full((height, width), level, np.uint8), palette(Display())), **said
    )


def middle(picture, layout, number):
    left, top, width, height = layout.place(number)
    return tuple(picture.rgb()[top + height // 2, left + width // 2])


def test_gray_tiles_stay_a_picture_of_indices():
    layout = Layout.square(400, 400, 2)
    tiles = [tile(layout, n, 60 * n, colors=(0x5FAFFF,)) for n in range(4)]
    picture = assemble(layout, tiles, selected=1)
    assert picture.palette is not None
    assert len(picture.palette) > FIRST_INK
    assert picture.pixels.shape == (400, 400)
    for n in range(4):
        assert middle(picture, layout, n) == tuple(palette(Display())[60 * n])


def test_different_colour_maps_share_a_sheet():
    layout = Layout.square(400, 200, 2)
    _, _, width, height = layout.place(1)
    red = np.zeros((height, width, 3), np.uint8)
    red[..., 0] = 200
    picture = assemble(layout, [tile(layout, 0, 120), TilePicture(Picture(red))], selected=0)
    assert picture.palette is None
    assert middle(picture, layout, 0) == tuple(palette(Display())[120])
    assert middle(picture, layout, 1) == (200, 0, 0)


def test_what_is_said_of_a_tile_shows_under_it():
    layout = Layout.square(400, 400, 2)
    said = assemble(layout, [tile(layout, 0, 10, colors=(0xFF0000, 0x00FF00))], None).rgb()
    left, top, width, height = layout.place(0)
    strip = said[top + height + layout.strip // 2]
    assert tuple(strip[left + width // 4]) == (255, 0, 0)
    assert tuple(strip[left + 3 * width // 4]) == (0, 255, 0)


@pytest.mark.parametrize("side", [30, 400])
def test_a_selected_tile_is_framed(side):
    layout = Layout.square(side, side, 2)
    tiles = [tile(layout, n, 10) for n in range(4)]
    plain, framed = (assemble(layout, tiles, s).rgb().astype(int) for s in (None, 3))
    changed = np.argwhere((plain != framed).any(axis=2))
    left, top, width, height = layout.place(3)
    assert len(changed)
    assert changed.min() >= min(left, top) - 2 * layout.gap - 1
    assert (framed[top : top + height, left : left + width] == 255).mean() < 0.5


def test_why_a_tile_is_missing_stands_in_its_place():
    layout = Layout.square(400, 400, 2)
    blank = assemble(layout, [TilePicture(None)], None).rgb()
    told = assemble(layout, [TilePicture(None, missing="no such file")], None).rgb()
    assert (blank != told).any()
