from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from decoders import decode_sixel, sixel_pictures, unwrap_tmux
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pictures import RAMP, areas, noisy_field, percent, photo, pictures, psnr

from tuiview.graphics import sixel
from tuiview.graphics.damage import Box, part
from tuiview.graphics.passthrough import MAX_SEQUENCE, wrap
from tuiview.graphics.payload import Area, Payload, Quality
from tuiview.picture import Picture

PINK = (255, 0, 255)


def joined(payload: Payload, background: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    """The strips drawn at their rows."""
    area = payload.area
    canvas = np.empty((area.height, area.width, 3), np.uint8)
    canvas[:] = background
    for row, chunk in zip(payload.rows, payload.chunks, strict=True):
        strip = decode_sixel(chunk, background)
        top = row * area.cell_height
        canvas[top : top + len(strip)] = strip
    return canvas


@settings(max_examples=60)
@given(st.data())
def test_up_to_256_colours_in_percent_come_back_exactly(data: st.DataObject) -> None:
    area = data.draw(areas())
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    colors = data.draw(st.sampled_from([1, 2, 7, 64, 256]))
    indices = rng.integers(0, colors, (area.height, area.width)).astype(np.uint8)
    if data.draw(st.booleans()):
        indices = np.sort(indices, axis=1)
    picture = Picture(indices, percent(rng, colors))
    payload = sixel.encode(picture, area, max_bytes=data.draw(st.sampled_from([4000, 900_000])))
    assert np.array_equal(joined(payload, PINK), picture.rgb())


@settings(max_examples=30)
@given(st.data())
def test_any_picture_comes_back_in_its_size_and_looks_alike(data: st.DataObject) -> None:
    area = data.draw(areas())
    picture = data.draw(pictures(area))
    quality = Quality(levels=data.draw(st.sampled_from([16, 64, 256])))
    payload = sixel.encode(picture, area, quality)
    seen = joined(payload)
    assert psnr(picture.rgb(), seen) > (16 if quality.levels < 64 else 20)
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) <= quality.levels


@pytest.mark.parametrize(
    ("cell_height", "parts"), [(6, 9), (11, 2), (11, 9), (18, 9), (20, 9), (25, 2)]
)
def test_strips_join_without_a_seam_and_keep_their_limit(cell_height: int, parts: int) -> None:
    area = Area(30, 24, 9, cell_height)
    picture = noisy_field(area.width, area.height)
    whole = sixel.encode(picture, area, Quality(levels=16))
    limit = whole.nbytes // parts + 500
    strips = sixel.encode(picture, area, Quality(levels=16), limit)
    assert len(strips.chunks) >= parts
    assert max(map(len, strips.chunks)) <= limit
    assert strips.rows[0] == 0
    assert list(strips.rows) == sorted(set(strips.rows))
    assert np.array_equal(joined(strips, PINK), joined(whole))


def test_each_strip_is_as_high_as_the_rows_until_the_next() -> None:
    area = Area(40, 21, 8, 17)
    payload = sixel.encode(noisy_field(area.width, area.height), area, max_bytes=20_000)
    rows = [*payload.rows, area.rows]
    heights = [decode_sixel(chunk).shape[0] for chunk in payload.chunks]
    assert heights == [17 * (below - row) for row, below in pairwise(rows)]
    assert len(heights) > 2


def test_a_large_noisy_picture_stays_below_what_tmux_drops() -> None:
    area = Area(160, 60, 10, 20)
    payload = sixel.encode(noisy_field(area.width, area.height), area)
    assert max(len(wrap(chunk)) for chunk in payload.chunks) < 1_000_000
    assert max(len(wrap(c)) for c in sixel.merged(payload, MAX_SEQUENCE).chunks) < 1_000_000


def test_strips_pass_through_tmux() -> None:
    area = Area(10, 12, 8, 16)
    picture = photo(area.width, area.height)
    payload = sixel.encode(picture, area, max_bytes=6000)
    stream = b"".join(
        b"\x1b[%d;5H" % (row + 3) + chunk
        for row, chunk in zip(payload.rows, map(wrap, payload.chunks), strict=True)
    )
    seen = sixel_pictures(unwrap_tmux(stream))
    assert [(row, column) for row, column, _ in seen] == [(row + 2, 4) for row in payload.rows]
    assert np.array_equal(np.concatenate([part for *_, part in seen]), joined(payload))


def test_the_palette_comes_first_and_colours_are_selected() -> None:
    area = Area(4, 2, 5, 6)
    (chunk,) = sixel.encode(photo(area.width, area.height), area, Quality(levels=8)).chunks
    head = re.match(rb'\x1bP0;1q"1;1;20;12((?:#\d+;2;\d+;\d+;\d+)+)(.*)\x1b\\$', chunk, re.DOTALL)
    assert head is not None
    assert b";" not in head[2]
    assert re.match(rb"#\d+", head[2])
    assert not head[2].endswith(b"-")


def test_no_more_colours_than_registers() -> None:
    area = Area(20, 10, 8, 16)
    for levels in (2, 16, 64, 256):
        payload = sixel.encode(photo(area.width, area.height), area, Quality(levels=levels))
        registers = set(re.findall(rb"#(\d+);2;", payload.chunks[0]))
        assert len(registers) <= levels
        assert max(map(int, registers)) < levels


def test_32_levels_show_a_noisy_field_well() -> None:
    area = Area(60, 20, 10, 20)
    picture = noisy_field(area.width, area.height)
    seen = joined(sixel.encode(picture, area, Quality(levels=32)))
    assert psnr(picture.rgb(), seen) >= 44
    even = np.rint(np.rint(picture.pixels * (31 / 255)) * (255 / 31)).astype(np.uint8)
    assert psnr(picture.rgb(), seen) > psnr(picture.rgb(), RAMP[even]) + 3


def test_a_thin_line_of_another_colour_survives_few_levels() -> None:
    area = Area(60, 20, 10, 20)
    rgb = noisy_field(area.width, area.height).rgb().copy()
    rgb[200, 100:500] = (255, 40, 40)
    seen = joined(sixel.encode(Picture(rgb), area, Quality(levels=16)))[200, 100:500]
    assert psnr(rgb[200:201, 100:500], seen[None]) > 24


@pytest.mark.parametrize(("rows", "cell_height"), [(40, 6), (24, 17), (15, 20)])
def test_strips_merge_into_one_image_and_into_few_below_a_limit(rows: int, cell_height: int):
    area = Area(60, rows, 10, cell_height)
    payload = sixel.encode(noisy_field(area.width, area.height), area)
    assert len(payload.chunks) > 3
    seen = joined(payload, PINK)
    one = sixel.merged(payload)
    assert one.rows == (0,)
    assert np.array_equal(joined(one, PINK), seen)
    limit = payload.nbytes // 2
    few = sixel.merged(payload, limit)
    assert 1 < len(few.chunks) < len(payload.chunks)
    assert max(map(len, few.chunks)) <= limit
    assert np.array_equal(joined(few, PINK), seen)


def test_strips_that_are_no_whole_bands_stay_apart() -> None:
    area = Area(60, 9, 9, 25)
    payload = sixel.encode(noisy_field(area.width, area.height), area, max_bytes=30_000)
    assert np.array_equal(joined(sixel.merged(payload), PINK), joined(payload, PINK))
    assert len(sixel.merged(payload).chunks) > 1


@pytest.mark.parametrize("scale", [2, 3])
def test_a_coarse_picture_fills_the_area_with_fewer_bytes(scale: int) -> None:
    area = Area(25, 11, 7, 13)
    picture = photo(area.width, area.height)
    coarse = sixel.encode(picture, area, Quality(scale=scale))
    assert joined(coarse, PINK).shape == (area.height, area.width, 3)
    assert psnr(picture.rgb(), joined(coarse, PINK)) > 25
    assert coarse.nbytes < 0.8 * sixel.encode(picture, area).nbytes


def test_a_picture_of_another_size_is_refused() -> None:
    area = Area(4, 2, 5, 6)
    picture = photo(area.width, area.height)
    with pytest.raises(ValueError, match="20 x 12"):
        sixel.encode(picture, replace(area, columns=5))


def test_too_wide_a_picture_is_refused() -> None:
    area = Area(10_000, 1, 1, 6)
    with pytest.raises(ValueError, match="across"):
        sixel.encode(Picture(np.zeros((6, 10_000), np.uint8), RAMP), area)


def test_color_registers_are_defined_without_gaps():
    pixels = np.zeros((12, 12), np.uint8)
    pixels[:6] = 200
    palette = np.stack([np.arange(256, dtype=np.uint8)] * 3, axis=1)
    area = Area(2, 2, 6, 6)
    for chunk in sixel.encode(Picture(pixels, palette), area, Quality()).chunks:
        numbers = sorted(int(n) for n in re.findall(rb"#(\d+);2;", chunk))
        assert numbers == list(range(len(numbers)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cells_grow_to_whole_bands_within_the_area(data: st.DataObject) -> None:
    rows, height = data.draw(st.integers(1, 60)), data.draw(st.integers(6, 40))
    area = Area(8, rows, 4, height, spare=rows * height % 6)
    row = data.draw(st.integers(0, rows - 1))
    box = Box(2, row, 3, data.draw(st.integers(1, rows - row)))
    grown = sixel.banded(box, area)
    assert 0 <= grown.row <= box.row
    assert box.row + box.rows <= grown.row + grown.rows <= rows
    assert (grown.column, grown.columns) == (box.column, box.columns)
    picture = Picture(np.zeros((area.height, area.width, 3), np.uint8))
    assert part(picture, area, grown)[1].height % 6 == 0
    assert grown.rows - box.rows < 12
