"""iTerm2's inline images: a PNG or JPEG file in one control sequence."""

from __future__ import annotations

import io
from binascii import b2a_base64

import numpy as np

from tuiview.graphics import png
from tuiview.graphics.kitty import limited
from tuiview.graphics.passthrough import MAX_SEQUENCE
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.graphics.reduce import check_size, reduced
from tuiview.picture import Picture

JPEG_QUALITY = 75

_FILE = b"\x1b]1337;File="
_END = b"\x07"


def encode(picture: Picture, area: Area, quality: Quality = FINE) -> Payload:
    """Encode a picture as one sequence that draws at the cursor.

    PNG, indexed by the rules of `kitty.encode`, or JPEG if `quality.lossy`; with `quality.scale` of
    fewer pixels, which the terminal scales up to the area.

    Args:
        picture: Exactly `area.width` x `area.height` pixels.
        area: The cells that it fills.
        quality: How finely.

    Raises:
        ValueError: If the picture has another size than the area.
    """
    check_size(picture, area)
    small = reduced(picture, quality.scale)
    file = _jpeg(small) if quality.lossy else png.write(limited(small, quality.levels))
    # size= is needed by xterm.js; unknown arguments are ignored by all.
    head = b"size=%d;width=%d;height=%d;preserveAspectRatio=0;inline=1;doNotMoveCursor=1" % (
        len(file),
        area.columns,
        area.rows,
    )
    sequence = b"".join((_FILE, head, b":", b2a_base64(file, newline=False), _END))
    return Payload(Protocol.ITERM2, area, chunks=(sequence,), quality=quality, rows=(0,))


def parts(payload: Payload, max_bytes: int = MAX_SEQUENCE) -> list[bytes]:
    """Split a payload of `encode` into sequences below tmux's limit.

    One that is small enough stays whole; else it becomes a file in several parts, which iTerm2
    knows from 3.5 on. The cursor must not be moved between them.
    """
    (sequence,) = payload.chunks
    if len(sequence) <= max_bytes:
        return [sequence]
    head, _, content = sequence[len(_FILE) : -len(_END)].partition(b":")
    step = max(4, (max_bytes - 40) // 4 * 4)
    pieces = (content[at : at + step] for at in range(0, len(content), step))
    return [
        b"\x1b]1337;MultipartFile=" + head + _END,
        *(b"\x1b]1337;FilePart=" + piece + _END for piece in pieces),
        b"\x1b]1337;FileEnd" + _END,
    ]


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
