"""The annotations of a picture: drawn once its geometry and its place in the sky are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tuiview.imaging.annotate import Annotations, compass, orientation, remarks, scale_bar
from tuiview.imaging.viewport import Viewport
from tuiview.loading.request import ImageInfo

_LARGE = 8 << 20  # bytes of an image that is not read for a mini-map alone, until one rests


def annotations_of(overlay: Sequence[object]) -> Annotations | None:
    """The annotations that an overlay asks for."""
    return next((element for element in overlay if isinstance(element, Annotations)), None)


def explained(
    overlay: Sequence[object], viewport: Viewport, info: ImageInfo, *, read: bool
) -> tuple[list[object], tuple[str, ...]]:
    """Put shapes in the place of annotations.

    Args:
        overlay: Shapes, and `Annotations` in their place in the order of drawing.
        viewport: Of the picture.
        info: Of the frame that is shown.
        read: Whether its header and world coordinates have been read.

    Returns:
        The shapes, and what had to be left out (`sky`).
    """
    shapes: list[object] = []
    lacks: tuple[str, ...] = ()
    for element in overlay:
        if not isinstance(element, Annotations):
            shapes.append(element)
            continue
        sky = None if info.wcs is None else orientation(info.wcs, *viewport.center)
        if not read and (element.scale_bar or element.compass):
            lacks = ("sky",)
        # A FITS file most likely has a sky: no bar of pixels that turns into one of arcseconds.
        if element.scale_bar and (read or "FITS" not in info.kind):
            shapes += scale_bar(viewport, sky.arcsec if sky else None)
        if element.compass and sky is not None:
            shapes += compass(viewport, sky)
    return shapes, lacks


def noted(shapes: list[object], notes: Sequence[str]) -> tuple[object, ...]:
    """The shapes and remarks at the top left, a line each."""
    return (*shapes, *remarks(notes))


def worth_a_map(info: ImageInfo) -> bool:
    """Whether an image is small enough to read all of it for a mini-map at once."""
    ny, nx = info.shape
    return ny * nx * info.channels * np.dtype(info.dtype).itemsize <= _LARGE
