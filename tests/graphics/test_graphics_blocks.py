from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import noisy_field, photo, psnr

from tuiview.graphics import blocks
from tuiview.graphics.payload import Area, Payload, Quality
from tuiview.picture import Picture

GRIDS = [(1, 2), (2, 2), (2, 3), (2, 4)]


def drawn(payload: Payload) -> np.ndarray:
    """What the lines show, one pixel for each dot."""
    area = payload.area
    glyphs = blocks.characters(area.cell_width, area.cell_height)
    canvas = np.empty((area.height, area.width, 3), np.uint8)
    for row, line in enumerate(payload.lines):
        for column, (character, ink, paper) in enumerate(line):
            bits = glyphs.index(character)
            for dot in range(area.cell_width * area.cell_height):
                color = ink if bits >> dot & 1 else paper
                y = row * area.cell_height + dot // area.cell_width
                x = column * area.cell_width + dot % area.cell_width
                canvas[y, x] = (color >> 16, color >> 8 & 255, color & 255)
    return canvas


def test_half_blocks_are_exact() -> None:
    picture = photo(40, 24)
    payload = blocks.encode(picture, Area(40, 12, 1, 2, 1.0))
    assert np.array_equal(drawn(payload), picture.rgb())
    assert payload.chunks == ()


@pytest.mark.parametrize("grid", GRIDS)
def test_two_colours_in_a_cell_are_exact(grid: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    area = Area(17, 9, *grid)
    pairs = rng.integers(0, 256, (9, 17, 2, 3)).astype(np.uint8)
    chosen = rng.integers(0, 2, (area.height, area.width))
    cells = pairs.repeat(grid[1], axis=0).repeat(grid[0], axis=1)
    rgb = np.where(chosen[..., None] == 1, cells[:, :, 0], cells[:, :, 1])
    assert np.array_equal(drawn(blocks.encode(Picture(rgb), area)), rgb)


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(1, 4), st.booleans(), st.sampled_from(GRIDS), st.data())
def test_two_colours_are_exact_in_any_shape(
    long: int, short: int, upright: bool, grid: tuple[int, int], data: st.DataObject
) -> None:
    columns, rows = (short, long) if upright else (long, short)
    area = Area(columns, rows, *grid)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pixels = rng.integers(0, 2, (area.height, area.width)).astype(np.uint8)
    picture = Picture(pixels, rng.integers(0, 256, (2, 3)).astype(np.uint8))
    assert np.array_equal(drawn(blocks.encode(picture, area)), picture.rgb())


@pytest.mark.parametrize("grid", GRIDS)
def test_a_cell_never_looks_worse_than_its_mean_colour(grid: tuple[int, int]) -> None:
    area = Area(30, 12, *grid)
    picture = noisy_field(area.width, area.height)
    rgb = picture.rgb().reshape(12, grid[1], 30, grid[0], 3)
    means = rgb.mean(axis=(1, 3), keepdims=True).round()
    flat = np.broadcast_to(means, rgb.shape).reshape(area.height, area.width, 3).astype(np.uint8)
    assert psnr(picture.rgb(), drawn(blocks.encode(picture, area))) > psnr(picture.rgb(), flat)


def test_sextants_have_the_names_of_their_dots() -> None:
    for bits, character in enumerate(blocks.characters(2, 3)):
        name = unicodedata.name(character)
        if name.startswith("BLOCK SEXTANT-"):
            assert name[14:] == "".join(str(dot + 1) for dot in range(6) if bits >> dot & 1)
    assert len(set(blocks.characters(2, 3))) == 64


def test_quadrants_have_the_names_of_their_dots() -> None:
    names = ("UPPER LEFT", "UPPER RIGHT", "LOWER LEFT", "LOWER RIGHT")
    for bits, character in enumerate(blocks.characters(2, 2)):
        name = unicodedata.name(character)
        if name.startswith("QUADRANT "):
            inside = [place for place, words in enumerate(names) if words in name]
            assert bits == sum(1 << place for place in inside)
    assert len(set(blocks.characters(2, 2))) == 16


def test_octants_fill_their_range_in_order() -> None:
    characters = blocks.characters(2, 4)
    assert len(set(characters)) == 256
    assert sorted(c for c in characters if "\U0001cd00" <= c <= "\U0001cdff") == [
        chr(code) for code in range(0x1CD00, 0x1CDE6)
    ]
    # Octants 3, 2-3, 4 and 2-4-6-8's complement, by the Unicode charts.
    assert characters[0b100] == "\U0001cd00"
    assert characters[0b110] == "\U0001cd01"
    assert characters[0b1000] == "\U0001cd03"
    assert characters[0b01010101] == "▌"
    assert characters[0b11111110] == "\U0001cde5"


def test_256_colours_are_the_nearest_of_the_palette() -> None:
    steps = (0, 95, 135, 175, 215, 255)
    palette = [(r, g, b) for r in steps for g in steps for b in steps]
    palette += [(8 + 10 * n,) * 3 for n in range(24)]
    colors = np.random.default_rng(1).integers(0, 256, (300, 3)).astype(np.uint8)
    seen = blocks.xterm_colors(colors).astype(int)
    distance = ((colors[:, None].astype(int) - np.array(palette)) ** 2).sum(axis=2)
    assert np.array_equal(((seen - colors) ** 2).sum(axis=1), distance.min(axis=1))


@pytest.mark.parametrize("true_color", [True, False])
def test_text_writes_the_same_cells(true_color: bool) -> None:
    payload = blocks.encode(photo(20, 6), Area(20, 3, 1, 2), Quality(true_color=true_color))
    cells = payload.lines[1]
    written = blocks.text(cells, true_color)
    assert re.sub("\x1b\\[[0-9;]*m", "", written) == "".join(cell[0] for cell in cells)
    first = re.match(r"\x1b\[([0-9;]*)m", written)
    assert first is not None
    numbers = [int(n) for n in first[1].split(";")]
    if true_color:
        assert numbers[2] << 16 | numbers[3] << 8 | numbers[4] == cells[0][1]
    else:
        assert numbers[:2] + numbers[3:5] == [38, 5, 48, 5]
    assert blocks.text(()) == ""


def test_other_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="3 x 3"):
        blocks.encode(photo(9, 9), Area(3, 3, 3, 3))
