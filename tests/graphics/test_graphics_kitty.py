from __future__ import annotations

import random

import numpy as np
import pytest
from decoders import DIACRITICS
from hypothesis import given, settings
from hypothesis import strategies as st
from kitty_screen import KittyScreen
from pictures import areas, noisy_field, photo, pictures, psnr

from tuiview.graphics import kitty, probe
from tuiview.graphics.kitty import Placement
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Protocol, Quality
from tuiview.picture import Picture

AREA = Area(12, 5, 8, 16)


def write_placeholders(image_id: int, area: Area, row: int, column: int, repeat: bool) -> bytes:
    red, green, blue = kitty.id_color(image_id)
    lines = (
        f"\x1b[{row + r + 1};{column + 1}H" + kitty.placeholder_row(r, area.columns, repeat=repeat)
        for r in range(area.rows)
    )
    return f"\x1b[38;2;{red};{green};{blue}m{''.join(lines)}\x1b[39m".encode()


def sent(screen: KittyScreen, sequences: list[bytes], tmux: bool = False) -> None:
    screen.feed(b"".join(map(wrap, sequences) if tmux else sequences))
    assert screen.errors == []
    assert screen.answers == []


@settings(max_examples=80)
@given(st.data())
def test_every_picture_comes_back_exactly(data: st.DataObject) -> None:
    area = data.draw(areas())
    picture = data.draw(pictures(area))
    screen = KittyScreen()
    payload = kitty.encode(picture, area)
    sent(screen, kitty.transmit(payload, 0x123456), tmux=data.draw(st.booleans()))
    assert np.array_equal(screen.picture(0x123456), picture.rgb())


@pytest.mark.parametrize("repeat", [True, False])
@pytest.mark.parametrize("tmux", [True, False])
def test_placeholders_show_the_picture_where_they_stand(repeat: bool, tmux: bool) -> None:
    picture = photo(AREA.width, AREA.height)
    screen = KittyScreen()
    payload = kitty.encode(picture, AREA)
    sent(screen, kitty.transmit(payload, 77, placement=Placement.VIRTUAL), tmux)
    screen.feed(write_placeholders(77, AREA, 4, 9, repeat))
    seen = screen.shown(4, 9, AREA.columns, AREA.rows, (AREA.cell_width, AREA.cell_height))
    assert np.array_equal(seen, picture.rgb())


def test_a_row_may_begin_within_the_picture() -> None:
    picture = photo(AREA.width, AREA.height)
    screen = KittyScreen()
    sent(screen, kitty.transmit(kitty.encode(picture, AREA), 5, placement=Placement.VIRTUAL))
    screen.feed(b"\x1b[38;2;0;0;5m" + kitty.placeholder_row(2, 4, 7).encode())
    seen = screen.shown(0, 0, 4, 1, (AREA.cell_width, AREA.cell_height))
    assert np.array_equal(seen, picture.rgb()[2 * 16 : 3 * 16, 7 * 8 : 11 * 8])


def test_a_full_repaint_of_placeholders_is_small() -> None:
    rows = [kitty.placeholder_row(row, 100) for row in range(40)]
    assert len("".join(rows).encode()) < 1000


def test_diacritics_are_those_of_the_protocol() -> None:
    assert "".join(DIACRITICS) == kitty.DIACRITICS


def test_an_image_of_the_same_id_is_replaced_in_place() -> None:
    first, second = noisy_field(AREA.width, AREA.height), photo(AREA.width, AREA.height)
    screen = KittyScreen()
    screen.feed(write_placeholders(3, AREA, 0, 0, repeat=True))
    for picture in (first, second):
        sent(screen, kitty.transmit(kitty.encode(picture, AREA), 3, placement=Placement.VIRTUAL))
        seen = screen.shown(0, 0, AREA.columns, AREA.rows, (AREA.cell_width, AREA.cell_height))
        assert np.array_equal(seen, picture.rgb())
    assert len(screen.images) == 1


def test_a_picture_transmitted_ahead_is_placed_later() -> None:
    picture = photo(AREA.width, AREA.height)
    payload = kitty.encode(picture, AREA)
    screen = KittyScreen()
    sent(screen, kitty.transmit(payload, 8))
    screen.feed(write_placeholders(8, AREA, 0, 0, repeat=True))
    assert not screen.shown(0, 0, 12, 5, (8, 16)).any()
    sent(screen, [kitty.place(payload, 8)])
    assert np.array_equal(screen.shown(0, 0, 12, 5, (8, 16)), picture.rgb())


def test_direct_placement_draws_at_the_cursor_and_leaves_it_there() -> None:
    picture = photo(AREA.width, AREA.height)
    payload = kitty.encode(picture, AREA, direct=True)
    assert payload.protocol is Protocol.KITTY_DIRECT
    screen = KittyScreen()
    screen.feed(b"\x1b[3;6H")
    sent(screen, kitty.transmit(payload, 4, placement=Placement.DIRECT, z=-1))
    assert (screen.cursor.row, screen.cursor.column) == (2, 5)
    assert screen.placements[0].z == -1
    assert np.array_equal(screen.shown(2, 5, 12, 5, (8, 16)), picture.rgb())


def test_deleting_frees_the_image() -> None:
    screen = KittyScreen()
    payload = kitty.encode(photo(AREA.width, AREA.height), AREA)
    for image_id in (1, 2):
        sent(screen, kitty.transmit(payload, image_id, placement=Placement.VIRTUAL))
    sent(screen, [kitty.delete(1)])
    assert set(screen.images) == {2}


@settings(max_examples=30)
@given(st.data())
def test_a_patch_makes_the_old_picture_the_new_one(data: st.DataObject) -> None:
    old = noisy_field(AREA.width, AREA.height)
    x, y = data.draw(st.integers(0, AREA.width - 1)), data.draw(st.integers(0, AREA.height - 1))
    width = data.draw(st.integers(1, AREA.width - x))
    height = data.draw(st.integers(1, AREA.height - y))
    rgb = old.rgb().copy()
    rgb[y : y + height, x : x + width] = (0, 255, 0)
    screen = KittyScreen()
    sent(screen, kitty.transmit(kitty.encode(old, AREA), 6, placement=Placement.VIRTUAL))
    sent(screen, kitty.patch(Picture(rgb), 6, x, y, width, height))
    assert np.array_equal(screen.picture(6), rgb)


@pytest.mark.parametrize("tmux", [True, False])
def test_a_patch_of_several_chunks_adds_no_frame(tmux: bool) -> None:
    area = Area(30, 12, 10, 20)
    old, new = noisy_field(area.width, area.height), photo(area.width, area.height)
    screen = KittyScreen()
    sent(screen, kitty.transmit(kitty.encode(old, area), 6, placement=Placement.VIRTUAL))
    sequences = kitty.patch(new, 6, 40, 0, 120, 200)
    assert len(sequences) > 2
    sent(screen, sequences, tmux)
    (image,) = screen.images.values()
    assert len(image.frames) == 1
    assert np.array_equal(screen.picture(6)[:200, 40:160], new.rgb()[:200, 40:160])


def test_the_terminal_says_when_it_could_not_patch() -> None:
    picture = photo(AREA.width, AREA.height)
    for tell in (False, True):
        screen = KittyScreen(cache_full=True)
        sent(screen, kitty.transmit(kitty.encode(picture, AREA), 6))
        screen.feed(b"".join(kitty.patch(picture, 6, 0, 0, 64, 64, tell=tell)))
        assert [answer[:7] for answer in screen.answers] == ["\x1b_Gi=6;"] * tell


def test_no_chunk_is_over_the_limit_and_all_are_silent() -> None:
    area = Area(50, 20, 10, 20)
    payload = kitty.encode(photo(area.width, area.height), area)
    for sequences in (
        kitty.transmit(payload, 1),
        kitty.transmit(payload, 1, placement=Placement.VIRTUAL),
    ):
        assert len(sequences) > 10
        assert max(len(sequence.partition(b";")[2]) for sequence in sequences) <= 4096 + 2
        assert all(b"q=2" in sequence for sequence in sequences)


def test_few_levels_make_it_smaller_and_few_pixels_smaller_still() -> None:
    area = Area(40, 15, 10, 20)
    picture = photo(area.width, area.height)
    full, levels, half = (
        kitty.encode(picture, area, quality)
        for quality in (Quality(), Quality(levels=32), Quality(levels=32, scale=2))
    )
    assert full.nbytes > 2 * levels.nbytes > 4 * half.nbytes
    screen = KittyScreen()
    for payload, lowest in ((full, 99), (levels, 23), (half, 22)):
        sent(screen, kitty.transmit(payload, 2, placement=Placement.VIRTUAL))
        screen.feed(write_placeholders(2, area, 0, 0, repeat=True))
        seen = screen.shown(0, 0, area.columns, area.rows, (10, 20))
        assert psnr(picture.rgb(), seen) > lowest


def test_a_gray_picture_is_sent_as_indices() -> None:
    area = Area(40, 15, 10, 20)
    gray = noisy_field(area.width, area.height)
    assert kitty.encode(Picture(gray.rgb()), area).nbytes < 1.1 * kitty.encode(gray, area).nbytes


def test_the_query_is_answered_once() -> None:
    screen = KittyScreen()
    screen.feed(probe.KITTY)
    assert screen.answers == ["\x1b_Gi=31;OK\x1b\\"]
    assert screen.images == {}


def test_other_output_between_the_chunks_does_no_harm() -> None:
    area = Area(30, 10, 8, 16)
    picture = photo(area.width, area.height)
    chance = random.Random(1)
    screen = KittyScreen()
    for sequence in kitty.transmit(kitty.encode(picture, area), 1):
        screen.feed(sequence + chance.choice([b"\x1b[3;4Hwords", b"\x1b[31mred\x1b[m", b""]))
    assert screen.errors == []
    assert np.array_equal(screen.picture(1), picture.rgb())
