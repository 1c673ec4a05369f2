"""What the painters send, as a terminal understands it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from decoders import unwrap_tmux
from kitty_screen import KittyScreen
from textual.geometry import Region

from tuiview.graphics import kitty
from tuiview.graphics.answers import Answer, Kind
from tuiview.graphics.damage import Box, changed
from tuiview.graphics.encode import encode
from tuiview.graphics.payload import FINE, Area, Protocol
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux
from tuiview.picture import Picture
from tuiview.ui.widgets.painter import Change, Painter
from tuiview.ui.widgets.painters import painter_for
from tuiview.ui.widgets.pieces import Pieces
from tuiview.ui.widgets.placeholder_painter import PlaceholderPainter

AREA = Area(6, 2, 10, 20)
PLACE = Region(3, 1, AREA.columns, AREA.rows)


def lined(column: int) -> Picture:
    """A dark picture with a bright line down a column of pixels."""
    pixels = np.full((AREA.height, AREA.width, 3), 40, np.uint8)
    pixels[:, column] = 250
    return Picture(pixels)


def show(painter: Painter, screen: KittyScreen, column: int, before: int | None = None) -> None:
    """Show the picture of a line, as a change of the one before if that can be done."""
    picture = lined(column)
    payload = kitty.encode(picture, AREA)
    data = None
    if before is not None:
        boxes = changed(lined(before), picture, AREA)
        assert boxes
        data = painter.patch(Change(before, column, payload, picture, boxes, FINE), PLACE)
    if data is None:
        data = painter.send(column, payload) + painter.paint(payload, PLACE)
    screen.feed(data.encode())


def seen(screen: KittyScreen, column: int) -> bool:
    """Whether the picture of a line is on the screen."""
    cell = (AREA.cell_width, AREA.cell_height)
    pixels = screen.shown(PLACE.y, PLACE.x, AREA.columns, AREA.rows, cell)
    return np.array_equal(pixels, lined(column).pixels)


def test_at_the_cursor_the_new_picture_stays_and_the_one_before_it_goes() -> None:
    painter = painter_for(Terminal(Protocol.KITTY_DIRECT, "asked for"))
    screen = KittyScreen()
    for shade in (40, 90, 200):
        picture = Picture(np.full((AREA.height, AREA.width, 3), shade, np.uint8))
        payload = kitty.encode(picture, AREA, direct=True)
        screen.feed(painter.draw(payload, Region(3, 1, AREA.columns, AREA.rows)).encode())
        assert len(screen.images) == 1
        (placed,) = screen.placements
        assert (screen.picture(placed.image_id) == shade).all()
    screen.feed(painter.cleanup().encode())
    assert not screen.images
    assert not screen.errors


def picture(shade: int, dot: int = 0) -> Picture:
    """An even gray with noise, and a white dot at pixel `dot`."""
    pixels = np.random.default_rng(shade).integers(0, 256, (AREA.height, AREA.width, 3), np.uint8)
    pixels[dot, dot] = 255
    return Picture(pixels)


def patched(before: str, after: str, dot: int) -> Change:
    wanted = picture(1, dot)
    boxes = (Box(0, 0, 1, 1),)
    return Change(before, after, kitty.encode(wanted, AREA), wanted, boxes, FINE)


def transmitted(data: str) -> list[str]:
    """The ids under which pictures are sent."""
    return re.findall(r"a=T,[^;]*?i=(\d+)", data)


def test_a_patched_picture_keeps_its_id_though_it_was_being_sent_ahead() -> None:
    terminal = Terminal(Protocol.KITTY, "asked for", brand="kitty", animation=True)
    painter, place = PlaceholderPainter(terminal), Region(0, 0, AREA.columns, AREA.rows)
    (shown,) = transmitted(painter.send("one", kitty.encode(picture(1), AREA)))
    change = patched("one", "two", 5)
    assert painter.start("two", change.payload, place)
    painter.piece(1)
    assert painter.sending
    assert painter.patch(change, place)
    assert painter.ready("two")
    assert not painter.sending
    for number in range(40):
        assert painter.start(f"ahead {number}", kitty.encode(picture(number), AREA), place)
        assert shown not in transmitted(painter.piece(10**6))
    assert painter.ready("two")


def test_what_is_sent_ahead_and_then_wanted_finer_is_sent_once() -> None:
    painter = PlaceholderPainter(Terminal(Protocol.KITTY, "asked for"))
    pieces, place = Pieces(), Region(0, 0, AREA.columns, AREA.rows)
    payload = kitty.encode(picture(1), AREA)
    pieces.send_ahead([("one", payload)])
    first = pieces.next(painter, 1)
    assert first is not None
    assert painter.sending
    data = first.data + pieces.refine("one", payload, painter, place)
    while (piece := pieces.next(painter, 1)) is not None:
        data += piece.data
        completed = piece.completes
    assert completed == "one"
    assert len(transmitted(data)) == 1
    screen = KittyScreen()
    screen.feed(data.encode("latin-1"))
    (sent,) = screen.images
    assert (screen.picture(sent) == picture(1).rgb()).all()


def test_a_patch_that_the_terminal_refuses_is_made_good() -> None:
    painter = painter_for(Terminal(Protocol.KITTY, "asked for", animation=True))
    screen = KittyScreen(cache_full=True)
    show(painter, screen, 15)
    show(painter, screen, 16, before=15)
    assert seen(screen, 15)
    for answer in screen.answers:
        assert painter.lost(Answer(Kind.GRAPHICS, answer[3:-2]), 16)
    assert not painter.ready(16)
    show(painter, screen, 16)
    assert seen(screen, 16)
    show(painter, screen, 17, before=16)
    assert seen(screen, 17)
    assert len(screen.answers) == 1


def test_through_tmux_no_patch_is_trusted_for_long() -> None:
    terminal = Terminal(Protocol.KITTY, "asked for", animation=True, passthrough=True)
    painter = painter_for(terminal)
    screen = KittyScreen(cache_full=True)
    show(painter, screen, 15)
    show(painter, screen, 16, before=15)
    assert painter.patched
    assert not painter.ready(16)
    show(painter, screen, 16)
    assert seen(screen, 16)
    assert not painter.patched
    assert len(screen.images) == 1
    assert not screen.answers


def test_a_patch_leaves_no_older_picture_of_its_name_behind() -> None:
    painter = painter_for(Terminal(Protocol.KITTY, "asked for", animation=True))
    screen = KittyScreen()
    show(painter, screen, 16)
    show(painter, screen, 15)
    show(painter, screen, 16, before=15)
    assert seen(screen, 16)
    assert len(screen.images) == 1
    screen.feed(painter.cleanup().encode())
    assert not screen.images
    assert not screen.errors


@pytest.mark.parametrize("between", [{"multiplexer": Tmux("3.5a")}, {"brand": "Konsole"}])
def test_a_part_of_a_sixel_picture_fills_whole_bands_where_they_are_rounded_up(
    between: dict[str, Any],
) -> None:
    terminal = Terminal(Protocol.SIXEL, "claimed", cell_width=10, cell_height=17, **between)
    area = terminal.area(6, 8)
    picture = Picture(np.full((area.height, area.width, 3), 40, np.uint8))
    payload = encode(picture, area, Protocol.SIXEL)
    for row in range(area.rows):
        change = Change("before", "after", payload, picture, (Box(2, row, 3, 1),), FINE)
        data = painter_for(terminal).patch(change, PLACE)
        assert data
        for top, height in re.findall(r"\x1b\[(\d+);\d+H\x1bP.*?\"1;1;\d+;(\d+)", data):
            last = int(top) - 1 - PLACE.y + -(-int(height) // 6) * 6 / area.cell_height
            assert last <= area.rows
            assert int(height) % 6 == 0 or last > area.rows - 1


@pytest.mark.parametrize("brand", ["", "xterm.js"])
def test_a_sixel_picture_is_drawn_whole_where_cells_may_be_no_whole_pixels(brand: str) -> None:
    painter = painter_for(Terminal(Protocol.SIXEL, "claimed", brand=brand))
    picture = lined(3)
    change = Change(
        "a", "b", encode(picture, AREA, Protocol.SIXEL), picture, (Box(0, 0, 1, 1),), FINE
    )
    assert painter.patch(change, PLACE) is None
    assert not painter.divides


def test_konsole_keeps_no_picture_that_went_past_tmux() -> None:
    for brand, leaves in (("Konsole", kitty.delete_all()), ("xterm", b"")):
        terminal = Terminal(Protocol.SIXEL, "claimed", brand=brand, passthrough=True)
        assert unwrap_tmux(painter_for(terminal).cleanup().encode()) == leaves


def test_blocks_are_taken_off_where_there_is_no_alternate_screen() -> None:
    assert "\x1b[2J" in painter_for(Terminal(Protocol.BLOCKS, "claims nothing")).cleanup()
