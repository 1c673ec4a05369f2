"""The rendered picture: what passes from pixels to the terminal."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class Picture(Struct, frozen=True, eq=False):
    """A rendered picture, opaque, row 0 at the top.

    Attributes:
        pixels: `(h, w)` uint8 indices into `palette`, or `(h, w, 3)` uint8 RGB.
        palette: `(n, 3)` uint8 RGB with n <= 256; None for RGB pixels.
    """

    pixels: NDArray[np.uint8]
    palette: NDArray[np.uint8] | None = None

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

    def rgb(self) -> NDArray[np.uint8]:
        """The picture as `(h, w, 3)` uint8 RGB."""
        return self.pixels if self.palette is None else self.palette[self.pixels]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.pixels.nbytes + (0 if self.palette is None else self.palette.nbytes)
