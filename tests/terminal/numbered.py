"""Pictures that tell their number, and a watch on which of them a terminal showed when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from emulator import Emulator
from harness import Terminal
from numpy.typing import NDArray
from PIL import Image

_BITS = 8
_UNEVEN = 12  # levels by which JPEG changes an even background beside a noisy picture
_SHARE = 16  # a code stands in two opposite corners and takes 1/16 of the height


def numbered_picture(number: int, shape: tuple[int, int] = (800, 1000)) -> NDArray[np.uint8]:
    """A noisy gray picture `(ny, nx)` as of a faint field, with its number in two corners."""
    rng = np.random.default_rng(number)
    ny, nx = shape
    y, x = np.mgrid[:ny, :nx].astype(np.float32)
    picture = rng.normal(60, 14, shape).astype(np.float32)
    for _ in range(12):
        cy, cx = rng.uniform(0, ny), rng.uniform(0, nx)
        size, peak = rng.uniform(4, 40), rng.uniform(60, 300)
        picture += peak * np.exp(-np.hypot((x - cx) / size, (y - cy) / size * rng.uniform(1, 3)))
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    edge = ny // _SHARE
    for bit in range(_BITS):
        value = 255 if number >> bit & 1 else 0
        pixels[:edge, bit * edge : (bit + 1) * edge] = value
        pixels[ny - edge :, nx - (bit + 1) * edge : nx - bit * edge] = value
    return pixels


def write_numbered(folder: Path, count: int, shape: tuple[int, int] = (800, 1000)) -> Path:
    """Fill a folder with pictures 0 to `count` - 1 as PNG, which are shown as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture = Image.fromarray(numbered_picture(number, shape))
        picture.save(folder / f"picture-{number:03d}.png", compress_level=1)
    return folder


def number_of(pixels: NDArray[np.uint8]) -> int | None:
    """The number of the picture in `(h, w, 3)` pixels, None if its corners disagree."""
    ny, nx = pixels.shape[:2]
    edge = ny / _SHARE
    if ny < 32 or nx < edge * _BITS:
        return None
    bits = []
    for bit in range(_BITS):
        centre, half = (bit + 0.5) * edge, max(1, int(edge / 5))
        y, x = int(edge / 2), int(centre)
        first = pixels[y - half : y + half, x - half : x + half].mean()
        y, x = int(ny - edge / 2), int(nx - centre)
        second = pixels[y - half : y + half, x - half : x + half].mean()
        if (first > 128) != (second > 128) or min(abs(first - 128), abs(second - 128)) < 40:
            return None
        bits.append(first > 128)
    return sum(1 << bit for bit, one in enumerate(bits) if one)


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture that stood on the screen, whole.

    Attributes:
        at: When its last byte arrived.
        number: Which it was.
        mark: Bytes of output up to there.
        pixels: What was seen.
    """

    at: float
    number: int
    mark: int
    pixels: NDArray[np.uint8]


def sights(terminal: Terminal) -> list[Sight]:
    """Play a terminal's log again and tell each whole picture that came, coarse or fine."""
    emulator = Emulator(
        terminal.emulator.kind,
        (terminal.emulator.cells.columns, terminal.emulator.cells.lines),
        terminal.emulator.cell,
    )
    width, height = emulator.cell
    found: list[Sight] = []
    at_byte = changes = 0
    for at, total in terminal.log:
        emulator.feed(bytes(terminal.output[at_byte:total]))
        at_byte = total
        if emulator.changes == changes:
            continue
        changes = emulator.changes
        canvas, mask = emulator.canvas()
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            continue
        pixels = canvas[
            rows[0] * height : (rows[-1] + 1) * height,
            columns[0] * width : (columns[-1] + 1) * width,
        ]
        pixels = without_margins(pixels)
        number = number_of(pixels)
        if number is None:
            continue
        last = found[-1].pixels if found else None
        if last is None or last.shape != pixels.shape or (last != pixels).any():
            found.append(Sight(at, number, total, pixels.copy()))
    return found


def without_margins(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture without the even background that fills the pane around it."""
    if not pixels.size:
        return pixels
    off = np.abs(pixels.astype(np.int16) - pixels[0, 0]).mean(axis=-1)
    rows, columns = (np.flatnonzero(off.mean(axis=axis) > _UNEVEN) for axis in (1, 0))
    if not rows.size:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
