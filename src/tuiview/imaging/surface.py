"""A surface plot: the pixels about a position as a landscape, seen as IRAF's `s` shows it."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.imaging.drawing import words
from tuiview.imaging.frame import Frame
from tuiview.imaging.measure import MeasureError, Stamp, stamp
from tuiview.picture import Picture

Floats = NDArray[np.float64]

_TURN, _RISE = math.radians(-33.0), math.radians(25.0)  # IRAF's angh and angv
_HEIGHT = 1.4  # of the highest value, where half a side is 1
_PAPER, _EDGE, _TEXT, _SHADES = 0, 1, 2, 24
_INKS = ((18, 18, 20), (12, 16, 24), (220, 220, 224))
_LOW, _HIGH = np.array((36, 62, 110)), np.array((196, 236, 255))


class Surface(Struct, frozen=True, eq=False):
    """Pixels to be seen as a landscape.

    Attributes:
        piece: The pixels.
        up: Whether larger y lies farther away; in photographs it lies nearer.
        unit: Of the values.
    """

    piece: Stamp
    up: bool = True
    unit: str = ""

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return float(np.nanmin(self.piece.data)), float(np.nanmax(self.piece.data))

    def lines(self) -> list[str]:
        """For reading."""
        h, w = self.piece.data.shape
        low, high = self.span
        row, column = np.unravel_index(np.nanargmax(self.piece.data), (h, w))
        return [
            f"x {self.piece.x0} to {self.piece.x0 + w - 1}"
            f"  y {self.piece.y0} to {self.piece.y0 + h - 1}",
            f"from {low:.6g} to {high:.6g} {self.unit}".rstrip(),
            f"highest at {self.piece.x0 + int(column)} {self.piece.y0 + int(row)}",
        ]


def surface(frame: Frame, x: float, y: float, radius: float = 10.5) -> Surface:
    """The 21 by 21 pixels about a position as a surface.

    Raises:
        MeasureError: There is no image, or less than two by two pixels with a value.
    """
    piece = stamp(frame, x, y, radius)
    if min(piece.data.shape) < 2 or np.isfinite(piece.data).sum() < 4:
        raise MeasureError("too few pixels here have a value")
    return Surface(piece, frame.origin == "lower", frame.unit)


def draw(found: Surface, width: int, height: int) -> Picture:
    """A surface as a picture of `width` by `height` pixels, drawn from the farthest facet on.

    A facet joins four neighbouring pixels; one with a pixel without a value is left out.
    """
    from PIL import Image, ImageDraw

    width, height = max(40, width), max(30, height)
    size = int(np.clip(height / 26, 10, 18))
    board = Image.new("P", (width, height), _PAPER)
    pen = ImageDraw.Draw(board)
    box = (size, 3 * size, width - 1 - size, height - 1 - 2 * size)
    across, down, depth = _projected(found, box)
    for row, column in _far_to_near(depth).tolist():
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        values = [found.piece.data[corner] for corner in corners]
        if all(map(math.isfinite, values)):
            place = [(float(across[corner]), float(down[corner])) for corner in corners]
            pen.polygon(place, fill=_shade(found, float(np.mean(values))), outline=_EDGE)
    pixels = np.array(board)
    _write(pixels, found, across, down, size)
    return Picture(pixels, _palette())


def _projected(found: Surface, box: tuple[int, int, int, int]) -> tuple[Floats, Floats, Floats]:
    """Screen positions of all pixels, to fill a box, and how far away their feet are.

    A pixel without a value has its foot's position.
    """
    data = found.piece.data if found.up else found.piece.data[::-1]
    h, w = data.shape
    side = max(h, w) - 1
    u = (np.arange(w) - (w - 1) / 2)[None, :] * 2.0 / side
    v = (np.arange(h) - (h - 1) / 2)[:, None] * 2.0 / side
    low, high = found.span
    z = np.nan_to_num((data - low) / ((high - low) or 1.0)) * _HEIGHT
    across = u * math.cos(_TURN) - v * math.sin(_TURN)
    depth = u * math.sin(_TURN) + v * math.cos(_TURN)
    up = depth * math.sin(_RISE) + z * math.cos(_RISE)
    left, top, right, bottom = box
    # Feet count too, so that the landscape has room to stand on.
    reach_up = float(up.max()) - float((depth * math.sin(_RISE)).min())
    scale = min((right - left) / float(np.ptp(across)), (bottom - top) / reach_up)
    x = (left + right) / 2 + (across - (across.max() + across.min()) / 2) * scale
    spare = (bottom - top - reach_up * scale) / 2
    y = bottom - spare - (up - float((depth * math.sin(_RISE)).min())) * scale
    return (x, y, depth) if found.up else (x[::-1], y[::-1], depth[::-1])


def _far_to_near(depth: Floats) -> NDArray[np.intp]:
    """`(n, 2)` row and column of each facet, the farthest first."""
    middle = depth[:-1, :-1] + depth[1:, 1:]
    order = np.argsort(-middle, axis=None, kind="stable")
    return np.stack(np.unravel_index(order, middle.shape), 1)


def _shade(found: Surface, value: float) -> int:
    low, high = found.span
    share = (value - low) / ((high - low) or 1.0)
    return len(_INKS) + min(_SHADES - 1, int(share * _SHADES))


def _palette() -> NDArray[np.uint8]:
    steps = np.linspace(0.0, 1.0, _SHADES)[:, None]
    return np.concatenate([np.array(_INKS), _LOW + (_HIGH - _LOW) * steps]).astype(np.uint8)


def _write(
    pixels: NDArray[np.uint8], found: Surface, across: Floats, down: Floats, size: int
) -> None:
    """The range of the values above, and the positions of the corners beside them."""
    piece = found.piece
    h, w = piece.data.shape
    low, high = found.span
    unit = f" {found.unit}" if found.unit else ""
    near, far = (0, h - 1) if found.up else (h - 1, 0)
    places = [
        (size, size, f"surface, {low:.5g} to {high:.5g}{unit}", "lm"),
        *(
            (int(across[row, column]), int(down[row, column]) + 6,
             f"{piece.x0 + column}, {piece.y0 + row}", "mt")
            for row, column in ((near, 0), (near, w - 1), (far, w - 1))
        ),
    ]  # fmt: skip
    for x, y, text, anchor in places:
        strokes, _, dx, dy = words(text, size, anchor)
        mask = np.asarray(strokes)
        left = max(0, min(x + dx, pixels.shape[1] - mask.shape[1]))
        top = max(0, min(y + dy, pixels.shape[0] - mask.shape[0]))
        room = pixels[top : top + mask.shape[0], left : left + mask.shape[1]]
        room[mask[: room.shape[0], : room.shape[1]]] = _TEXT
