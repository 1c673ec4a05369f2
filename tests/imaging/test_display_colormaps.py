"""Colour maps: their ends, their known colours, and NaN apart."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from tuiview.errors import UsageError
from tuiview.imaging.colormaps import NAN_COLOR, lookup
from tuiview.imaging.display import COLORMAPS


@pytest.mark.parametrize("name", COLORMAPS)
def test_every_map_has_256_colours_and_nan_stands_apart(name):
    colors = lookup(name)
    assert colors.shape == (256, 3)
    assert colors.dtype == np.uint8
    assert np.abs(colors.astype(int) - NAN_COLOR).sum(1).min() > 60


@pytest.mark.parametrize(
    ("name", "at", "color"),
    [
        ("gray", 128, (128, 128, 128)),
        ("viridis", 0, (68, 1, 84)), ("viridis", 255, (253, 231, 37)),
        ("magma", 128, (183, 55, 121)), ("inferno", 255, (252, 255, 164)),
        ("plasma", 0, (13, 8, 135)), ("cividis", 255, (254, 232, 56)),
        ("heat", 255, (255, 255, 255)), ("cool", 255, (255, 255, 255)),
        ("rainbow", 0, (255, 0, 255)), ("rainbow", 255, (255, 0, 0)),
        ("jet", 0, (0, 0, 128)), ("jet", 255, (128, 0, 0)),
        ("a", 0, (0, 0, 0)), ("b", 255, (255, 255, 255)), ("bb", 128, (255, 129, 1)),
        ("he", 255, (255, 255, 255)), ("i8", 40, (0, 255, 0)), ("i8", 255, (255, 255, 255)),
        ("sls", 0, (0, 0, 0)), ("sls", 255, (255, 255, 255)), ("sls", 46, (0, 0, 210)),
        ("hsv", 0, (0, 0, 0)), ("hsv", 255, (255, 255, 255)),
    ],
)  # fmt: skip
def test_known_colours(name, at, color):
    assert np.abs(lookup(name)[at].astype(int) - color).max() <= 2


def test_hsv_is_ds9s_sweep():
    for i in range(0, 256, 17):
        x = i / 255
        hue = ((1 - x) * 360 + 270) % 360 / 360
        expected = colorsys.hsv_to_rgb(hue, np.sin((1 - x) * np.pi), x ** (1 / 3))
        assert lookup("hsv")[i] == pytest.approx(np.array(expected) * 255, abs=1)


def test_an_unknown_map_is_refused_with_the_names():
    with pytest.raises(UsageError, match="viridis"):
        lookup("virids")
