"""Colour maps as tables of 256 colours, and the colours that stand apart from them."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import UsageError
from tuiview.imaging.display import COLORMAPS

Color = tuple[int, int, int]
Knots = tuple[tuple[float, float], ...]

NAN_COLOR: Color = (16, 96, 56)
"""Pixels without a value: a dull green, dark, and far from every colour of every map."""
BACKGROUND: Color = (18, 18, 20)
"""The pane around the image."""
CHECKER: tuple[Color, Color] = ((96, 96, 96), (128, 128, 128))
"""The neutral board under transparent pixels."""

# CC0, from matplotlib: 256 RGB bytes for each name, one after another.
_PERCEPTUAL = ("viridis", "magma", "inferno", "plasma", "cividis")

# Piecewise linear maps: (x, value) for red, green and blue. DS9's, and jet as matplotlib has it.
_SEGMENTS: dict[str, tuple[Knots, Knots, Knots]] = {
    "gray": (((0, 0), (1, 1)),) * 3,
    "a": (
        ((0, 0), (0.25, 0), (0.5, 1), (1, 1)),
        ((0, 0), (0.25, 1), (0.5, 0), (0.77, 0), (1, 1)),
        ((0, 0), (0.125, 0), (0.5, 1), (0.64, 0.5), (0.77, 0), (1, 0)),
    ),
    "b": (
        ((0, 0), (0.25, 0), (0.5, 1), (1, 1)),
        ((0, 0), (0.5, 0), (0.75, 1), (1, 1)),
        ((0, 0), (0.25, 1), (0.5, 0), (0.75, 0), (1, 1)),
    ),
    "bb": (
        ((0, 0), (0.5, 1), (1, 1)),
        ((0, 0), (0.25, 0), (0.75, 1), (1, 1)),
        ((0, 0), (0.5, 0), (1, 1)),
    ),
    "he": (
        ((0, 0), (0.015, 0.5), (0.25, 0.5), (0.5, 0.75), (1, 1)),
        ((0, 0), (0.065, 0), (0.125, 0.5), (0.25, 0.75), (0.5, 0.81), (1, 1)),
        ((0, 0), (0.015, 0.125), (0.03, 0.375), (0.065, 0.625), (0.25, 0.25), (1, 1)),
    ),
    "heat": (
        ((0, 0), (0.34, 1), (1, 1)),
        ((0, 0), (1, 1)),
        ((0, 0), (0.65, 0), (0.98, 1), (1, 1)),
    ),
    "cool": (
        ((0, 0), (0.29, 0), (0.76, 0.1), (1, 1)),
        ((0, 0), (0.22, 0), (0.96, 1), (1, 1)),
        ((0, 0), (0.53, 1), (1, 1)),
    ),
    "rainbow": (
        ((0, 1), (0.2, 0), (0.6, 0), (0.8, 1), (1, 1)),
        ((0, 0), (0.2, 0), (0.4, 1), (0.8, 1), (1, 0)),
        ((0, 1), (0.4, 1), (0.6, 0), (1, 0)),
    ),
    "jet": (
        ((0, 0), (0.35, 0), (0.66, 1), (0.89, 1), (1, 0.5)),
        ((0, 0), (0.125, 0), (0.375, 1), (0.64, 1), (0.91, 0), (1, 0)),
        ((0, 0.5), (0.11, 1), (0.34, 1), (0.65, 0), (1, 0)),
    ),
}

# DS9's eight colours of i8, each over an eighth of the range.
_I8 = ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1))

# DS9's sls, 200 colours that run straight between every twelfth.
_SLS = (
    (0, 0, 0), (0.5213, 0, 0.6346), (0.3466, 0, 0.702), (0, 0, 0.8243), (0, 0.2378, 1),
    (0, 0.6066, 1), (0, 0.9082, 0.7036), (0, 0.8327, 0.3805), (0, 0.828, 0.0728),
    (0.398, 0.902, 0), (0.7934, 0.902, 0), (1, 0.8436, 0.0478), (0.9487, 0.6191, 0.0934),
    (1, 0.3948, 0), (0.9801, 0, 0), (0.69, 0, 0), (1, 1, 1),
)  # fmt: skip


@lru_cache(maxsize=len(COLORMAPS))
def lookup(name: str) -> NDArray[np.uint8]:
    """The 256 colours of a colour map, `(256, 3)` uint8, not to be written to.

    Raises:
        UsageError: There is no map of that name.
    """
    if name not in COLORMAPS:
        raise UsageError(f"no colour map is called {name!r}", "one of " + ", ".join(COLORMAPS))
    colors = _colors(name)
    colors.flags.writeable = False
    return colors


def _colors(name: str) -> NDArray[np.uint8]:
    if name in _PERCEPTUAL:
        data = files("tuiview.imaging").joinpath("data", "perceptual.bin").read_bytes()
        tables = np.frombuffer(data, np.uint8).reshape(len(_PERCEPTUAL), 256, 3)
        return np.array(tables[_PERCEPTUAL.index(name)])
    x = np.linspace(0.0, 1.0, 256)
    if name == "i8":
        eight = np.array(_I8, np.uint8) * np.uint8(255)
        return np.asarray(np.repeat(eight, 32, axis=0))
    if name == "hsv":
        values = _hsv(x)
    elif name == "sls":
        knots = np.minimum(np.arange(len(_SLS)) * 12 / 199, 1.0)
        values = np.stack([np.interp(x, knots, channel) for channel in zip(*_SLS, strict=True)], 1)
    else:
        channels = (np.array(knots) for knots in _SEGMENTS[name])
        values = np.stack([np.interp(x, knots[:, 0], knots[:, 1]) for knots in channels], 1)
    return np.rint(values * 255).astype(np.uint8)


def _hsv(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """DS9's hsv: the hue runs backwards once round from 270 degrees, black to white by value."""
    hue = ((1.0 - x) * 360.0 + 270.0) % 360.0 / 60.0
    saturation = np.sin((1.0 - x) * np.pi)
    value = np.cbrt(x)
    # The chroma of each channel is a trapezium over the hue circle, shifted by a third.
    channels = []
    for shift in (5.0, 3.0, 1.0):
        k = (shift + hue) % 6.0
        channels.append(value - value * saturation * np.clip(np.minimum(k, 4.0 - k), 0.0, 1.0))
    return np.stack(channels, 1)
