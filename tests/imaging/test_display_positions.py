"""From the screen to the sky and back, whatever the image, the view and the terminal."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.graphics.payload import Area
from tuiview.imaging.display import Display
from tuiview.imaging.viewport import Viewport
from tuiview.imaging.wcs import pixel, sky


@st.composite
def skies(draw):
    """World coordinates of an image of 500 x 400 pixels, of all kinds that one meets."""
    found = WCS(naxis=2)
    kind = draw(st.sampled_from(["TAN", "SIN", "ZEA", "ARC", "STG"]))
    axes = draw(st.sampled_from([("RA--", "DEC-"), ("GLON", "GLAT"), ("ELON", "ELAT")]))
    found.wcs.ctype = [f"{axis}-{kind}" for axis in axes]
    found.wcs.crval = [draw(st.floats(0, 359.99)), draw(st.floats(-90, 90))]
    found.wcs.crpix = [draw(st.floats(-500, 1000)), draw(st.floats(-400, 800))]
    angle, scale = draw(st.floats(0, 6.3)), draw(st.floats(1e-6, 2e-3))
    matrix = scale * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix[:, 0] *= draw(st.sampled_from([1.0, -1.0]))
    matrix[:, 1] *= draw(st.floats(0.5, 2.0))
    found.wcs.cd = matrix
    if axes[0] == "RA--":
        found.wcs.radesys = draw(st.sampled_from(["ICRS", "FK5", "FK4"]))
    found.wcs.set()
    return found


@st.composite
def views(draw):
    display = Display(
        zoom=draw(st.none() | st.floats(1 / 64, 64)),
        center=draw(st.none() | st.tuples(st.floats(0, 499), st.floats(0, 399))),
        turns=draw(st.integers(0, 3)), flip=draw(st.booleans()), north_up=draw(st.booleans()),
    )  # fmt: skip
    columns, rows = draw(st.tuples(st.integers(1, 200), st.integers(1, 60)))
    cell = draw(st.tuples(st.integers(1, 24), st.integers(1, 50)))
    aspect = draw(st.sampled_from([1.0, 2.0, 0.5]))
    area = Area(columns, rows, *cell, aspect)
    north = draw(st.none() | st.floats(0, 360))
    origin = draw(st.sampled_from(["lower", "upper"]))
    return Viewport.of(
        display, (400, 500), origin, area.width, area.height, aspect, north, draw(st.booleans())
    )


@settings(max_examples=150)
@given(skies(), views(), st.floats(0, 1), st.floats(0, 1))
def test_screen_to_pixel_to_sky_and_back(found, view, across, down):
    sx, sy = across * view.width, down * view.height
    x, y = view.to_image(sx, sy)
    if not (-0.5 <= x <= 499.5 and -0.5 <= y <= 399.5):
        return
    ra, dec = sky(found, float(x), float(y))
    assert 0 <= ra < 360
    assert -90 <= dec <= 90
    back = pixel(found, ra, dec)
    # Double precision of an angle near 360 degrees, in pixels of this image.
    least = 1e-12 / np.sqrt(abs(np.linalg.det(found.wcs.cd)))
    assert back == pytest.approx((float(x), float(y)), abs=1e-6 + 1e3 * least)
    again = [float(v) for v in view.to_screen(*back)]
    assert again == pytest.approx([sx, sy], abs=(1e-6 + 1e3 * least) * max(1.0, view.zoom) * 2)
