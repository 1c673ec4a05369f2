"""From a picture to the payload of any protocol."""

from __future__ import annotations

from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.picture import Picture


def encode(picture: Picture, area: Area, protocol: Protocol, quality: Quality = FINE) -> Payload:
    """Encode `picture` for a terminal that speaks `protocol`.

    A pure function, safe in any thread; the work happens in numpy, Pillow and deflate, which
    release the interpreter's lock. Only the encoder that is used is imported.

    Args:
        picture: Exactly `area.width` x `area.height` pixels.
        area: The cells that it fills.
        protocol: What the terminal understands.
        quality: How finely.

    Raises:
        ValueError: If the picture has another size than the area.
    """
    match protocol:
        case Protocol.KITTY | Protocol.KITTY_DIRECT:
            from tuiview.graphics import kitty

            return kitty.encode(picture, area, quality, direct=protocol is Protocol.KITTY_DIRECT)
        case Protocol.SIXEL:
            from tuiview.graphics import sixel

            return sixel.encode(picture, area, quality)
        case Protocol.ITERM2:
            from tuiview.graphics import iterm2

            return iterm2.encode(picture, area, quality)
        case Protocol.BLOCKS:
            from tuiview.graphics import blocks, shades

            if (area.cell_width, area.cell_height) == (1, 1):
                return shades.encode(picture, area, quality)
            return blocks.encode(picture, area, quality)
