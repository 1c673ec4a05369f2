"""What comes before any encoding: the check of the size, and the area average."""

from __future__ import annotations

import numpy as np

from tuiview.graphics.payload import Area
from tuiview.picture import Picture


def check_size(picture: Picture, area: Area) -> None:
    """Make sure that a picture fills its area.

    Raises:
        ValueError: If it has another size, or none.
    """
    size, wanted = (picture.width, picture.height), (area.width, area.height)
    if size != wanted or min(size) < 1:
        raise ValueError(f"a picture of {size[0]} x {size[1]} for {wanted[0]} x {wanted[1]} pixels")


def reduced(picture: Picture, scale: int) -> Picture:
    """Reduce a picture `scale`-fold by area average.

    The result spans the whole of the original, also where `scale` does not divide its size: then
    its pixels are a little smaller than `scale`. Gray pictures stay gray and indexed.
    """
    if scale <= 1:
        return picture
    from PIL import Image

    size = (max(1, round(picture.width / scale)), max(1, round(picture.height / scale)))
    palette = picture.palette
    if palette is not None and (palette == palette[:, :1]).all():
        gray = Image.fromarray(palette[:, 0][picture.pixels]).resize(size, Image.Resampling.BOX)
        ramp = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
        return Picture(np.asarray(gray), ramp)
    rgb = Image.fromarray(np.ascontiguousarray(picture.rgb())).resize(size, Image.Resampling.BOX)
    return Picture(np.asarray(rgb))


def enlarged(picture: Picture, area: Area) -> Picture:
    """Repeat pixels so that a reduced picture fills `area` again."""
    if (picture.width, picture.height) == (area.width, area.height):
        return picture
    rows = np.arange(area.height) * picture.height // area.height
    columns = np.arange(area.width) * picture.width // area.width
    return Picture(picture.pixels.take(columns, axis=1).take(rows, axis=0), picture.palette)
