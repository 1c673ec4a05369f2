from __future__ import annotations

import numpy as np
import pytest
from decoders import decode_iterm2, iterm2_pictures
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import areas, noisy_field, photo, pictures, psnr

from tuiview.graphics import iterm2
from tuiview.graphics.passthrough import wrap_each
from tuiview.graphics.payload import Area, Quality

AREA = Area(30, 10, 8, 16)


@settings(max_examples=40, deadline=None)
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


@pytest.mark.parametrize("tmux", [True, False])
def test_a_large_one_goes_in_parts_below_the_limit(tmux: bool) -> None:
    picture = photo(AREA.width, AREA.height)
    payload = iterm2.encode(picture, AREA)
    parts = iterm2.parts(payload, max_bytes=5000)
    assert len(parts) > 4
    assert max(map(len, parts)) <= 5000
    stream = b"\x1b[7;3H" + b"".join(wrap_each(parts) if tmux else parts)
    ((row, column, seen, arguments),) = iterm2_pictures(stream)
    assert (row, column) == (6, 2)
    assert np.array_equal(seen, picture.rgb())
    assert arguments["inline"] == "1"


def test_a_small_one_stays_whole() -> None:
    payload = iterm2.encode(photo(AREA.width, AREA.height), AREA)
    assert iterm2.parts(payload) == list(payload.chunks)
