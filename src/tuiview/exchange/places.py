"""Where an overlay is drawn: one frame of one item, with what is known of its coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from tuiview.errors import UnreadableError
from tuiview.imaging.frame import Box
from tuiview.source import FileSource
from tuiview.text import printable

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from tuiview.collection.base import Item
    from tuiview.imaging.frame import Frame
    from tuiview.imaging.overlay import Shape

Floats = NDArray[np.float64]

_GRID = 9
_MARGIN = 1.02  # the border of a frame bulges between the points that are looked at
_PHYSICAL = (
    "LTV1", "LTV2", "LTM1_1", "LTM2_2",
    "CRPIX1P", "CRPIX2P", "CRVAL1P", "CRVAL2P", "CDELT1P", "CDELT2P",
)  # fmt: skip


class Circle(NamedTuple):
    """A circle on the sky in ICRS degrees."""

    ra: float
    dec: float
    radius: float


class Drawn(NamedTuple):
    """What a layer draws over a frame.

    Attributes:
        marks: The symbols and outlines.
        labels: The words beside them.
        found: How many entries of the layer lie in the frame.
        note: What the reviewer should know: why there is nothing, or less than there is.
        partial: Whether there are too many for all symbols, sizes or labels; there may be fewer
            in a part of the frame.
    """

    marks: tuple[Shape, ...] = ()
    labels: tuple[Shape, ...] = ()
    found: int = 0
    note: str = ""
    partial: bool = False


class Place(Struct, eq=False, dict=True):
    """A frame of an item.

    Attributes:
        names: What a catalogue may call the item, its key first.
        frame: The frame's name.
        shape: `(ny, nx)`.
        origin: Whether row 0 is shown at the bottom (`lower`) or the top (`upper`).
        wcs: Its world coordinates, or None.
        physical: The header's numbers of IRAF's physical coordinates.
        window: The part of the frame that is wanted, or None for all of it.
    """

    names: tuple[str, ...]
    frame: str
    shape: tuple[int, int]
    origin: Literal["lower", "upper"] = "lower"
    wcs: WCS | None = None
    physical: Mapping[str, float] = field(default_factory=dict)
    window: Box | None = None

    @classmethod
    def of(cls, item: Item, frame: Frame) -> Place:
        """The place of an open frame; reads its header."""
        numbers = {}
        for card in frame.cards():
            if card.key in _PHYSICAL and isinstance(card.value, int | float):
                numbers[card.key] = float(card.value)
        return cls(names_of(item), frame.name, frame.shape, frame.origin, frame.wcs(), numbers)

    @property
    def box(self) -> Box:
        """What is wanted of the frame."""
        whole = Box.whole(self.shape)
        if (part := self.window) is None:
            return whole
        return Box(
            max(whole.x0, part.x0), max(whole.y0, part.y0),
            min(whole.x1, part.x1), min(whole.y1, part.y1),
        )  # fmt: skip

    @cached_property
    def footprint(self) -> Circle | None:
        """The smallest circle about the box's middle that holds it; None without a sky.

        Raises:
            UnreadableError: The world coordinates give no positions.
        """
        if self.wcs is None:
            return None
        from tuiview.exchange.skyindex import separation
        from tuiview.imaging.wcs import sky

        x0, y0, x1, y1 = self.box
        x, y = np.meshgrid(
            np.linspace(x0 - 0.5, x1 + 0.5, _GRID), np.linspace(y0 - 0.5, y1 + 0.5, _GRID)
        )
        try:
            ra, dec = sky(self.wcs, x.ravel(), y.ravel())
        except Exception as error:  # wcslib has many words for a projection that does not work
            raise UnreadableError(f"the world coordinates fail: {printable(str(error))}") from None
        good = np.isfinite(ra) & np.isfinite(dec)
        if not good.any():
            raise UnreadableError("the world coordinates give no position in the image")
        a, d = np.radians(ra[good]), np.radians(dec[good])
        vx, vy, vz = (
            float(v.mean()) for v in (np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d))
        )
        if not good.all() or vx == vy == vz == 0.0:
            return Circle(0.0, 0.0, 180.0)  # a part lies off the sky: the image may hold all of it
        middle_ra = float(np.degrees(np.arctan2(vy, vx))) % 360.0
        middle_dec = float(np.degrees(np.arctan2(vz, np.hypot(vx, vy))))
        reach = float(separation(middle_ra, middle_dec, ra, dec).max())
        return Circle(middle_ra, middle_dec, min(180.0, reach * _MARGIN))

    def pixels(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Pixel positions of ICRS positions; NaN where there is none.

        Raises:
            UnreadableError: The world coordinates fail.
        """
        from tuiview.imaging.wcs import pixel

        assert self.wcs is not None
        try:
            return pixel(self.wcs, ra, dec)
        except Exception as error:  # as above
            raise UnreadableError(f"the world coordinates fail: {printable(str(error))}") from None

    def inside(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Which pixel positions lie in the box."""
        x0, y0, x1, y1 = self.box
        with np.errstate(invalid="ignore"):
            return np.asarray((x >= x0) & (y >= y0) & (x <= x1) & (y <= y1))

    def arcsec(self) -> float:
        """The side of a pixel in the middle of the frame, NaN without a sky."""
        if self.wcs is None:
            return float("nan")
        from tuiview.imaging.wcs import pixel_scale

        ny, nx = self.shape
        return pixel_scale(self.wcs, (nx - 1) / 2, (ny - 1) / 2)


def names_of(item: Item) -> tuple[str, ...]:
    """What a catalogue may call an item: its key, its path, ever shorter ends of it, its stem."""
    key = item.own_key
    names = [key]
    path = item.source.path if isinstance(item.source, FileSource) else PurePath(key)
    parts = path.parts
    names += [str(path), *("/".join(parts[n:]) for n in range(1, len(parts)))]
    names += [item.name, path.stem]
    return tuple(dict.fromkeys(name for name in names if name))
