"""Pictures of so many pixels, by the reviewer's own loader and without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.imaging.display import Display
    from tuiview.loading.request import Answer
    from tuiview.loading.synchronous import SynchronousLoader


def render(
    loader: SynchronousLoader,
    item: Item,
    display: Display,
    size: tuple[int, int],
    overlay: tuple[object, ...] = (),
) -> Answer:
    """The picture of an item in `size` (width, height) pixels, or why there is none."""
    from tuiview.graphics.payload import Area, Protocol
    from tuiview.loading.request import Request

    area = Area(*size, 1, 1)
    answer = loader.ask(Request(item, display, area, Protocol.KITTY, overlay=overlay))
    assert answer is not None
    return answer
