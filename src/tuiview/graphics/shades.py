"""Pictures in five shades of gray, for terminals without colours, as textual-image draws them."""

from __future__ import annotations

import sys
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.graphics.reduce import check_size

if TYPE_CHECKING:
    from tuiview.picture import Picture

_INK, _PAPER = 0xD0D0D0, 0x000000
_drawing = threading.Lock()


def encode(picture: Picture, area: Area, quality: Quality = FINE) -> Payload:
    """Encode a picture as one shaded character for each pixel.

    Args:
        picture: Exactly `area.columns` x `area.rows` pixels.
        area: The cells, each one pixel.
        quality: Does not matter.

    Raises:
        ValueError: If the picture has another size than the area.
    """
    check_size(picture, area)
    from PIL import Image
    from rich.console import Console

    console = Console(width=area.columns, height=area.rows, no_color=True)
    with _drawing:
        shaded = _renderable()(Image.fromarray(picture.rgb()), area.columns, area.rows)
        drawn = "".join(part.text for part in console.render(shaded)).split("\n")
    lines = tuple(
        tuple((character, _INK, _PAPER) for character in line[: area.columns].ljust(area.columns))
        for line in drawn[: area.rows]
    )
    return Payload(Protocol.BLOCKS, area, lines=lines, quality=quality)


@lru_cache(maxsize=1)
def _renderable() -> Any:
    """textual-image's Unicode renderable, imported so that it asks the terminal nothing.

    Its package asks as soon as it sees a terminal, and its sizes come from there too: it is shown
    none while it is imported, and is told a size of the cell.
    """
    kept = sys.__stdout__
    setattr(sys, "__stdout__", None)  # noqa: B010 - a final name, for a moment
    try:
        from textual_image import _terminal
        from textual_image.renderable.unicode import Image
    finally:
        setattr(sys, "__stdout__", kept)  # noqa: B010
    setattr(_terminal.get_cell_size, "_result", _terminal.CellSize(1, 1))  # noqa: B010
    return Image
