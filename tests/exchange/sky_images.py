"""World coordinates and places that the tests of this room share."""

from __future__ import annotations

import numpy as np
from astropy.wcs import WCS

from tuiview.exchange.places import Place


def tangent(
    ra: float = 150.0,
    dec: float = 2.0,
    shape: tuple[int, int] = (100, 120),
    *,
    arcsec: float = 1.0,
    turn: float = 0.0,
    mirrored: bool = False,
    kind: str = "TAN",
) -> WCS:
    """A projection about the middle of an image; `turn` degrees from +y towards -x is north."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([[-cos, -sin], [-sin, cos]]) * (arcsec / 3600)
    if mirrored:
        matrix[:, 0] *= -1
    wcs.wcs.cd = matrix
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def place(names=("image.fits",), shape=(100, 120), *, wcs=None, origin="lower", **more) -> Place:
    return Place(tuple(names), more.pop("frame", "PRIMARY"), shape, origin, wcs, more)
