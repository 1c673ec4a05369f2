"""What the painters send, as a terminal understands it."""

from __future__ import annotations

import re

import numpy as np
from kitty_screen import KittyScreen
from textual.geometry import Region

from tuiview.graphics import kitty
from tuiview.graphics.damage import Box
from tuiview.graphics.payload import FINE, Area, Protocol
from tuiview.graphics.terminal import Terminal
from tuiview.picture import Picture
from tuiview.ui.widgets.painter import Change
from tuiview.ui.widgets.painters import painter_for
from tuiview.ui.widgets.pieces import Pieces
from tuiview.ui.widgets.placeholder_painter import PlaceholderPainter

AREA = Area(6, 2, 10, 20)


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
    assert not screen.errors
