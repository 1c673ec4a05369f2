"""Frames: the 2-D and colour pictures inside an image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.errors import Poll, never

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from tuiview.imaging.stackaxis import StackAxis

Pixels = NDArray[np.generic]


class Box(NamedTuple):
    """A rectangle of an image in pixel coordinates, edges included.

    Positions follow FITS and astropy shifted to 0: the centre of the first pixel is (0, 0), so it
    reaches from -0.5 to 0.5, and the whole of an `(ny, nx)` image is (-0.5, -0.5, nx-0.5, ny-0.5).
    """

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> Box:
        """The box of a whole image of shape `(ny, nx)`."""
        return cls(-0.5, -0.5, shape[1] - 0.5, shape[0] - 0.5)


class Card(NamedTuple):
    """One line of metadata: a FITS card, an EXIF tag, an attribute."""

    key: str
    value: object
    comment: str = ""


class Reduced(Struct, frozen=True, eq=False):
    """A box of a frame brought to the size of a pane.

    Attributes:
        data: `(h, w)` float32, or `(h, w, 3)` uint8 for colour; row 0 is the lowest y of the box.
            NaN and blank pixels are NaN in float data.
        valid: `(h, w)` bool where colour data hides nothing (alpha, outside the image); None means
            that everything inside is valid. Outside the image is NaN or invalid.
        preview: True if it is rough and an exact one should follow.
    """

    data: NDArray[np.float32] | NDArray[np.uint8]
    valid: NDArray[np.bool_] | None = None
    preview: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.data.nbytes + (0 if self.valid is None else self.valid.nbytes)


def report(cancelled: Poll, fraction: float, what: str = "") -> None:
    """Say how far a long read has come, from 0 to 1, to whoever polls it and wants to know.

    Args:
        cancelled: The poll that the read was given.
        fraction: The part that is done.
        what: What is being done (`inflating`, `reading`), if it helps.
    """
    listen = getattr(cancelled, "report", None)
    if listen is not None:
        listen(fraction, what)


class Frame(ABC):
    """One picture inside an image, read lazily and piece by piece.

    Attributes:
        name: Unique in its image and stable: `SCI`, `SCI,2`, `plane 3`, `page 2`.
        shape: `(ny, nx)` in pixels.
        channels: 1, or 3 for colour.
        dtype: The native type, in which values read out.
        unit: BUNIT, or empty.
        origin: Whether row 0 is shown at the bottom (`lower`, FITS) or the top (`upper`).
        stack: Frames of one number in an image are planes of one cube.
    """

    name: str
    shape: tuple[int, int]
    channels: Literal[1, 3] = 1
    dtype: np.dtype[np.generic]
    unit: str = ""
    origin: Literal["lower", "upper"] = "upper"
    stack: int = 0

    @abstractmethod
    def read(self, x0: int, y0: int, x1: int, y1: int) -> Pixels:
        """Native pixels of columns x0..x1 and rows y0..y1 (half-open): `(h, w)` or `(h, w, 3)`."""

    @abstractmethod
    def reduce(
        self,
        box: Box,
        size: tuple[int, int],
        *,
        cancelled: Poll = never,
        preview: bool = False,
    ) -> Reduced:
        """Bring `box` to `size` = `(h, w)`: exact area average, or nearest where magnified.

        NaN, infinite and blank pixels take no part in an average; an output pixel is NaN only if
        all that it covers are. Parts of the box outside the image are NaN (float) or not valid
        (colour).

        Args:
            box: The part of the frame to show; it may reach beyond the frame.
            size: `(h, w)` of the result.
            cancelled: Asked between two bands.
            preview: Read only some of the rows where that saves reading; `Reduced.preview` tells
                whether it did.

        Raises:
            Cancelled: `cancelled()` became true between two bands.
            UnreadableError: The data is damaged or gone.
        """

    def at_hand(self, box: Box, size: tuple[int, int]) -> Reduced | None:
        """A rough picture of `box` from what is in memory, as a preview.

        None where there is none, or where the exact picture does not take long.
        """
        return None

    @abstractmethod
    def sample(self, count: int = 100_000) -> NDArray[np.float64]:
        """About `count` finite values on a regular grid over the full-resolution frame, flat.

        Scaling limits come from it, so that they do not change with the zoom.
        """

    def zscale_sample(self, count: int = 1000) -> Pixels:
        """The finite values from which zscale takes its limits, flat, at most `count`.

        Up to 2048 x 2048 pixels they are those of astropy's `ZScaleInterval`, in its order;
        above, a regular grid, because one flat stride falls into single columns there.
        """
        ny, nx = self.shape
        if self.channels != 1 or ny * nx > 2048 * 2048:
            return self.sample(count)[:count]
        pixels = self.read(0, 0, nx, ny)
        values = pixels[np.isfinite(pixels)]
        return values[:: int(max(1.0, values.size / count))][:count]

    def cost(self, box: Box) -> int:
        """About how many bytes are read and decoded to reduce `box` exactly."""
        ny, nx = self.shape
        rows = max(0.0, min(box.y1, ny - 0.5) - max(box.y0, -0.5))
        columns = max(0.0, min(box.x1, nx - 0.5) - max(box.x0, -0.5))
        return int(rows * columns) * self.dtype.itemsize * self.channels

    def cards(self) -> Sequence[Card]:
        """What the file says of this frame, in its own order."""
        return ()

    def wcs(self) -> WCS | None:
        """The celestial world coordinates of this frame (0-based pixels), or None."""
        return None

    def stack_axis(self) -> StackAxis | None:
        """What the planes of this frame's cube stand for, or None if that is not known."""
        return None


class Image(ABC):
    """An open image: its frames and what the file says of it. Used by one thread at a time.

    Attributes:
        kind: What the content is: `FITS`, `PNG`, `TIFF`.
        frames: At least one; the one to show first comes first.
        skipped: Parts left out with the reason (`2 tables`), for the metadata panel.
    """

    kind: str
    frames: Sequence[Frame]
    skipped: Sequence[str] = ()

    @property
    def names(self) -> Sequence[str]:
        """The names of the frames in order; no frame is built for it where there are many."""
        return [frame.name for frame in self.frames]

    def frame(self, name: str | None) -> Frame:
        """The frame of that name, or the first one if there is none (or for None)."""
        if name is not None and len(self.frames) > 1:
            names = self.names
            if name in names:
                return self.frames[names.index(name)]
        return self.frames[0]

    def facts(self) -> Mapping[str, object]:
        """What is known of the file itself: size in bytes, compression, time."""
        return {}

    @property
    def held(self) -> int:
        """Bytes of decoded content that it keeps in memory while open."""
        return 0

    @abstractmethod
    def close(self) -> None:
        """Release the file; frames cannot be read afterwards."""

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
