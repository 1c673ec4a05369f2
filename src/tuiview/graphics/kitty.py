"""Kitty's graphics protocol: pictures as PNG, shown by Unicode placeholders or at the cursor.

A payload holds base64 without ids; `transmit` makes sequences of it. Everything is sent with `q=2`,
so that no terminal ever answers into the keyboard, unless its failure has to be known. In tmux
each sequence goes through `passthrough.wrap`; placeholders need no wrapping.
"""

from __future__ import annotations

from binascii import b2a_base64
from enum import StrEnum
from itertools import chain

from tuiview.graphics import png
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.graphics.quantise import few_colors, quantise
from tuiview.graphics.reduce import check_size, reduced
from tuiview.picture import Picture

CHUNK = 4096
"""The most base64 that one sequence may carry."""

PLACEHOLDER = "\U0010eeee"

_FULL = 256


class Placement(StrEnum):
    """How a picture comes onto the screen when it is transmitted."""

    VIRTUAL = "virtual"  # where placeholders of its id stand
    DIRECT = "direct"  # at the cursor, which does not move


def encode(picture: Picture, area: Area, quality: Quality = FINE, direct: bool = False) -> Payload:
    """Encode a picture as PNG in chunks of base64.

    Pictures of up to 256 colours become indexed PNG, exact if `quality.levels` holds them; others
    RGB, or indexed in `quality.levels` if that is below 256. With `quality.scale` fewer pixels are
    sent, which the placement scales up: such a picture cannot be a frame of a larger one.

    Args:
        picture: Exactly `area.width` x `area.height` pixels.
        area: The cells that it fills.
        quality: How finely.
        direct: For terminals without placeholders.

    Raises:
        ValueError: If the picture has another size than the area.
    """
    check_size(picture, area)
    chunks = _chunks(png.write(limited(reduced(picture, quality.scale), quality.levels)))
    protocol = Protocol.KITTY_DIRECT if direct else Protocol.KITTY
    return Payload(protocol, area, chunks=chunks, quality=quality)


def limited(picture: Picture, levels: int) -> Picture:
    """The picture in at most `levels` colours; at 256 an RGB picture may stay as it is."""
    if picture.palette is not None and len(picture.palette) <= levels:
        return picture
    if levels < _FULL:
        return Picture(*quantise(picture, levels))
    return few_colors(picture.pixels) or picture


def _chunks(data: bytes) -> tuple[bytes, ...]:
    text = b2a_base64(data, newline=False)
    return tuple(text[at : at + CHUNK] for at in range(0, len(text), CHUNK))


def transmit(
    payload: Payload,
    image_id: int,
    *,
    placement: Placement | None = None,
    z: int = 0,
) -> list[bytes]:
    """Make sequences that send a payload.

    Without `placement` the terminal keeps the image and shows nothing. An image of the same id is
    replaced, with its placements.

    Args:
        payload: Of `encode`.
        image_id: 1 to 2**24 - 1, so that a foreground colour can name it.
        placement: Show it at once, over the payload's cells.
        z: Its layer, for direct placements: below 0 is under the text.
    """
    columns, rows = payload.area.columns, payload.area.rows
    if placement is Placement.VIRTUAL:
        control = f"a=T,U=1,f=100,i={image_id},c={columns},r={rows}"
    elif placement is Placement.DIRECT:
        control = f"a=T,C=1,f=100,i={image_id},p=1,c={columns},r={rows}" + (f",z={z}" if z else "")
    else:
        control = f"a=t,f=100,i={image_id}"
    return _sequences(control, payload.chunks)


def patch(
    picture: Picture,
    image_id: int,
    x: int,
    y: int,
    width: int,
    height: int,
    *,
    tell: bool = False,
) -> list[bytes]:
    """Make sequences that redraw a rectangle of an image that the terminal holds.

    Only kitty itself takes them: the rectangle is drawn over the only frame of its animation. Up to
    0.48.2 it takes the frame's number from the last chunk, and adds a frame where it finds none.

    Args:
        picture: The whole new picture, of the image's pixel size.
        image_id: Which image.
        x: The rectangle's leftmost column, in pixels.
        y: Its uppermost row.
        width: Its columns.
        height: Its rows.
        tell: Have the terminal answer if it cannot, as when it finds no image, or the image not in
            its cache file, which is where kitty reads it for this.
    """
    part = Picture(picture.pixels[y : y + height, x : x + width], picture.palette)
    target = f"a=f,i={image_id},r=1"
    return _sequences(
        f"{target},f=100,x={x},y={y},s={width},v={height},X=1",
        _chunks(png.write(limited(part, _FULL))),
        more=target,
        quiet=1 if tell else 2,
    )


def place(payload: Payload, image_id: int) -> bytes:
    """Make the virtual placement of an image that was only transmitted."""
    columns, rows = payload.area.columns, payload.area.rows
    return f"\x1b_Ga=p,U=1,i={image_id},c={columns},r={rows},q=2\x1b\\".encode()


def delete(image_id: int) -> bytes:
    """Delete an image with its frames and placements, and free its memory."""
    return f"\x1b_Ga=d,d=I,i={image_id},q=2\x1b\\".encode()


def delete_all() -> bytes:
    """Delete all images on the screen; in Konsole also those of other protocols."""
    return b"\x1b_Ga=d,d=A,q=2\x1b\\"


def id_color(image_id: int) -> tuple[int, int, int]:
    """The foreground colour by which placeholders name an image."""
    return image_id >> 16 & 255, image_id >> 8 & 255, image_id & 255


def placeholder_row(row: int, columns: int, first_column: int = 0, *, repeat: bool = True) -> str:
    """Text for one row of placeholders, to be written in the colour `id_color`.

    Args:
        row: The row of the picture, below `len(DIACRITICS)`.
        columns: How many cells; 1 or more.
        first_column: The column of the picture at which they begin.
        repeat: Let the terminal repeat (REP); False writes every cell in full, for those without.
    """
    line = DIACRITICS[row]
    if not repeat:
        stop = first_column + columns
        return "".join(PLACEHOLDER + line + DIACRITICS[c] for c in range(first_column, stop))
    text = PLACEHOLDER + line + DIACRITICS[first_column]
    if columns > 1:
        text += PLACEHOLDER
    if columns > 2:
        text += f"\x1b[{columns - 2}b"
    return text


def _sequences(
    control: str, chunks: tuple[bytes, ...], *, more: str = "", quiet: int = 2
) -> list[bytes]:
    """Write chunks as one command; what is `more` stands in each that follows the first."""
    last = len(chunks) - 1
    following = f"{more},q={quiet}" if more else f"q={quiet}"
    heads = chain([f"{control},q={quiet}"], [following] * last)
    return [
        b"\x1b_G%b,m=%d;%b\x1b\\" % (head.encode(), number < last, chunk)
        for number, (head, chunk) in enumerate(zip(heads, chunks, strict=True))
    ]


_RANGES = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1
5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733
735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954
f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1
1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1
2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 fe20-fe26 10a0f
10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


def _code_points(span: str) -> range:
    first, _, last = span.partition("-")
    return range(int(first, 16), int(last or first, 16) + 1)


DIACRITICS = "".join(chr(code) for span in _RANGES.split() for code in _code_points(span))
"""The combining characters that stand for the numbers 0 to 296, as kitty lists them."""
