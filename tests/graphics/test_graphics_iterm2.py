from __future__ import annotations

import numpy as np
import pytest
from decoders import decode_iterm2, iterm2_pictures, unwrap_tmux
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import areas, noisy_field, photo, pictures, psnr

from tuiview.graphics import iterm2
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Payload, Quality

AREA = Area(30, 10, 8, 16)


@settings(max_examples=40)
@given(st.data())
def test_every_picture_comes_back_exactly(data: st.DataObject) -> None:
    area = data.draw(areas())
    picture = data.draw(pictures(area))
    payload = iterm2.encode(picture, area)
    seen, arguments = decode_iterm2(b"".join(payload.chunks))
    assert np.array_equal(seen, picture.rgb())
    assert (arguments["width"], arguments["height"]) == (str(area.columns), str(area.rows))


def test_it_fills_the_cells_inline_and_does_not_move_the_cursor() -> None:
    payload = iterm2.encode(photo(AREA.width, AREA.height), AREA)
    _, arguments = decode_iterm2(payload.chunks[0])
    assert arguments["inline"] == "1"
    assert arguments["preserveAspectRatio"] == "0"
    assert arguments["doNotMoveCursor"] == "1"
    assert payload.rows == (0,)


@pytest.mark.parametrize("make", [noisy_field, photo])
def test_lossy_pictures_are_jpeg_and_smaller(make) -> None:
    picture = make(AREA.width, AREA.height)
    lossy = iterm2.encode(picture, AREA, Quality(lossy=True))
    seen, _ = decode_iterm2(lossy.chunks[0])
    assert psnr(picture.rgb(), seen) > 28
    assert 2 * lossy.nbytes < iterm2.encode(picture, AREA).nbytes


def test_a_coarse_picture_has_fewer_pixels() -> None:
    payload = iterm2.encode(photo(AREA.width, AREA.height), AREA, Quality(scale=2, lossy=True))
    assert decode_iterm2(payload.chunks[0])[0].shape == (AREA.height // 2, AREA.width // 2, 3)


def drawn(payload: Payload, wrapped: bool = False) -> np.ndarray:
    """The images of a payload drawn at their rows, each over as many cells as it says."""
    area = payload.area
    chunks = [*map(wrap, payload.chunks)] if wrapped else payload.chunks
    stream = b"".join(
        b"\x1b[%d;3H" % (row + 7) + chunk for row, chunk in zip(payload.rows, chunks, strict=True)
    )
    if wrapped:
        stream = unwrap_tmux(stream)
    canvas = np.zeros((area.height, area.width, 3), np.uint8)
    for row, column, seen, arguments in iterm2_pictures(stream):
        assert column == 2
        assert int(arguments["width"]) == area.columns
        assert len(seen) == int(arguments["height"]) * area.cell_height
        top = (row - 6) * area.cell_height
        canvas[top : top + len(seen)] = seen
    return canvas


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_large_one_goes_in_strips_far_below_what_tmux_drops(wrapped: bool) -> None:
    area = Area(130, 45, 10, 20)
    picture = photo(area.width, area.height)
    payload = iterm2.encode(picture, area)
    assert payload.nbytes > 900_000
    assert max(len(wrap(chunk)) for chunk in payload.chunks) < 300_000
    assert np.array_equal(drawn(payload, wrapped), picture.rgb())


def test_a_coarse_one_in_few_colours_has_the_same_ones_in_all_strips() -> None:
    area = Area(130, 45, 10, 20)
    payload = iterm2.encode(photo(area.width, area.height), area, Quality(levels=16))
    assert len(payload.chunks) > 4
    assert len(np.unique(drawn(payload).reshape(-1, 3), axis=0)) <= 16


def test_a_small_one_stays_whole() -> None:
    payload = iterm2.encode(photo(AREA.width, AREA.height), AREA)
    assert len(payload.chunks) == 1
