"""iTerm2's inline images: PNG or JPEG files in control sequences of their own."""

from __future__ import annotations

import io
from binascii import b2a_base64

import numpy as np

from tuiview.graphics import png
from tuiview.graphics.kitty import limited
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.graphics.reduce import check_size, reduced
from tuiview.picture import Picture

JPEG_QUALITY = 75

_STRIP = 49_152
_JPEG_GAIN = 4

_FILE = b"\x1b]1337;File="
_END = b"\x07"


def encode(picture: Picture, area: Area, quality: Quality = FINE) -> Payload:
    """Encode a picture as inline images that each fill some rows of cells.

    They are PNG, indexed by the rules of `kitty.encode`, or JPEG if `quality.lossy`; with
    `quality.scale` of fewer pixels, which the terminal scales up to the cells. Each is some 64 kB
    on noisy pictures, far below what tmux drops.

    Args:
        picture: Exactly `area.width` x `area.height` pixels.
        area: The cells that it fills.
        quality: How finely.

    Returns:
        A payload whose chunks each are a whole image; chunk i begins at row `rows[i]` of the area.

    Raises:
        ValueError: If the picture has another size than the area.
    """
    check_size(picture, area)
    if not quality.lossy and quality.scale == 1:
        picture = limited(picture, quality.levels)
    pixels = _STRIP * quality.scale**2 * (_JPEG_GAIN if quality.lossy else 1)
    step = max(1, pixels // (area.width * area.cell_height))
    rows = range(0, area.rows, step)
    return Payload(
        Protocol.ITERM2,
        area,
        chunks=tuple(
            _strip(picture, area, row, min(step, area.rows - row), quality) for row in rows
        ),
        quality=quality,
        rows=tuple(rows),
    )


def _strip(picture: Picture, area: Area, row: int, rows: int, quality: Quality) -> bytes:
    """The sequence that draws `rows` rows of cells from `row` on, at the cursor."""
    lines = slice(row * area.cell_height, (row + rows) * area.cell_height)
    small = reduced(Picture(picture.pixels[lines], picture.palette), quality.scale)
    file = _jpeg(small) if quality.lossy else png.write(limited(small, quality.levels))
    # size= is needed by xterm.js; unknown arguments are ignored by all.
    head = b"size=%d;width=%d;height=%d;preserveAspectRatio=0;inline=1;doNotMoveCursor=1" % (
        len(file),
        area.columns,
        rows,
    )
    return b"".join((_FILE, head, b":", b2a_base64(file, newline=False), _END))


def _jpeg(picture: Picture) -> bytes:
    from PIL import Image

    palette = picture.palette
    if palette is not None and (palette == palette[:, :1]).all():
        image = Image.fromarray(palette[:, 0][picture.pixels])
    else:
        image = Image.fromarray(np.ascontiguousarray(picture.rgb()))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
