"""What the painters send, as a terminal understands it."""

from __future__ import annotations

import numpy as np
from kitty_screen import KittyScreen
from textual.geometry import Region

from tuiview.graphics import kitty
from tuiview.graphics.payload import Area, Protocol
from tuiview.graphics.terminal import Terminal
from tuiview.picture import Picture
from tuiview.ui.widgets.painters import painter_for

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
