"""Where pictures differ, and that the changed cells alone make the whole new picture."""

from __future__ import annotations

import numpy as np
from decoders import decode_iterm2
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kitty_screen import KittyScreen
from pictures import areas, noisy_field, photo
from sixels import read_sixel

from tuiview.graphics import kitty
from tuiview.graphics.damage import changed, part
from tuiview.graphics.encode import encode
from tuiview.graphics.kitty import Placement
from tuiview.graphics.payload import Area, Payload, Protocol
from tuiview.picture import Picture

AREA = Area(60, 30, 9, 17)
SMALL = Area(30, 20, 5, 11)


def crossed(picture: Picture, x: int, y: int) -> Picture:
    """The picture with a green line across and one down it."""
    rgb = picture.rgb().copy()
    rgb[y : y + 2] = rgb[:, x : x + 2] = (0, 255, 0)
    return Picture(rgb)


def decoded(payload: Payload) -> np.ndarray:
    strips = {
        Protocol.SIXEL: read_sixel,
        Protocol.ITERM2: lambda chunk: decode_iterm2(chunk)[0],
    }[payload.protocol]
    return np.concatenate([strips(chunk) for chunk in payload.chunks])


@settings(max_examples=60)
@given(st.data())
def test_boxes_hold_all_that_differs_and_do_not_overlap(data: st.DataObject) -> None:
    area = data.draw(areas())
    old = noisy_field(area.width, area.height)
    rgb = old.rgb().copy()
    for _ in range(data.draw(st.integers(0, 3))):
        x, y = data.draw(st.integers(0, area.width - 1)), data.draw(st.integers(0, area.height - 1))
        rgb[y : y + 3, x : x + data.draw(st.sampled_from([1, 40]))] = (255, 0, 255)
    boxes = changed(old, Picture(rgb), area)
    if boxes is None:
        return
    count = np.zeros((area.rows, area.columns), int)
    for box in boxes:
        count[box.row : box.row + box.rows, box.column : box.column + box.columns] += 1
    assert count.max(initial=0) <= 1
    differ = (rgb != old.rgb()).any(axis=2)
    differ = np.pad(differ, ((0, area.spare), (0, 0)))
    cells = differ.reshape(area.rows, area.cell_height, area.columns, area.cell_width)
    assert np.array_equal(cells.any(axis=(1, 3)), count > 0)


def test_a_crosshair_that_moves_is_three_narrow_boxes() -> None:
    picture = noisy_field(AREA.width, AREA.height)
    boxes = changed(crossed(picture, 100, 100), crossed(picture, 101, 100), AREA)
    assert boxes is not None
    assert sum(box.columns * box.rows for box in boxes) <= AREA.rows
    boxes = changed(crossed(picture, 100, 100), crossed(picture, 101, 101), AREA)
    assert boxes is not None
    assert len(boxes) == 3
    assert sum(box.columns * box.rows for box in boxes) < 2 * (AREA.rows + AREA.columns)


def test_another_picture_is_drawn_whole() -> None:
    one, other = noisy_field(AREA.width, AREA.height), photo(AREA.width, AREA.height)
    assert changed(one, other, AREA) is None
    assert changed(one, Picture(one.rgb()), AREA) == ()


@settings(max_examples=15)
@given(
    x=st.integers(0, SMALL.width - 4),
    y=st.integers(0, SMALL.height - 4),
    dx=st.integers(-3, 3),
    dy=st.integers(-3, 3),
)
def test_the_changed_cells_make_the_whole_new_picture(x: int, y: int, dx: int, dy: int) -> None:
    picture = noisy_field(SMALL.width, SMALL.height)
    old = crossed(picture, x, y)
    new = crossed(picture, max(0, x + dx), max(0, y + dy))
    boxes = changed(old, new, SMALL)
    assume(boxes is not None)  # so much that it is drawn whole
    for protocol in (Protocol.SIXEL, Protocol.ITERM2):
        canvas = decoded(encode(old, SMALL, protocol))
        for box in boxes:
            pixels, area = part(new, SMALL, box)
            top, left = box.row * SMALL.cell_height, box.column * SMALL.cell_width
            canvas[top : top + area.height, left : left + area.width] = decoded(
                encode(pixels, area, protocol)
            )
        assert np.array_equal(canvas, decoded(encode(new, SMALL, protocol)))
    screen = KittyScreen()
    payload = kitty.encode(old, SMALL)
    screen.feed(b"".join(kitty.transmit(payload, 6, placement=Placement.VIRTUAL)))
    for column, row, columns, rows in boxes:
        at = (column * SMALL.cell_width, row * SMALL.cell_height)
        size = (columns * SMALL.cell_width, rows * SMALL.cell_height)
        screen.feed(b"".join(kitty.patch(new, 6, *at, *size)))
    assert screen.errors == []
    assert np.array_equal(screen.picture(6), new.rgb())
