"""WCS match: the same part of the sky in another image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuiview.imaging.display import Display, SkyView
from tuiview.imaging.viewport import Viewport
from tuiview.imaging.wcs import pixel, pixel_scale, sky

if TYPE_CHECKING:
    from astropy.wcs import WCS


def sky_view(viewport: Viewport, wcs: WCS) -> SkyView | None:
    """What a viewport shows of the sky; None if its middle is off the sky."""
    ra, dec = sky(wcs, *viewport.center)
    arcsec = pixel_scale(wcs, *viewport.center) / viewport.zoom
    good = math.isfinite(ra + dec) and arcsec > 0
    return SkyView(ra, dec, arcsec) if good else None


def matched(display: Display, wcs: WCS, shape: tuple[int, int]) -> Display:
    """The display with zoom and centre that show its part of the sky in an image `(ny, nx)`.

    An image that lies elsewhere is shown in its middle at the same scale. Without a part of the sky
    the display is returned as it is.
    """
    view = display.sky
    if view is None:
        return display
    ny, nx = shape
    x, y = pixel(wcs, view.ra, view.dec)
    inside = -0.5 <= x <= nx - 0.5 and -0.5 <= y <= ny - 0.5
    middle = (nx - 1) / 2, (ny - 1) / 2
    scale = pixel_scale(wcs, x, y) if inside else pixel_scale(wcs, *middle)
    if not scale > 0:
        return display
    return display.but(zoom=scale / view.arcsec, center=(x, y) if inside else None)
