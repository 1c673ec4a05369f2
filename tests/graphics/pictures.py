"""Pictures to encode."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tuiview.graphics.payload import Area
from tuiview.picture import Picture

RAMP = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)


@cache
def noisy_field(width: int, height: int, seed: int = 1) -> Picture:
    """A gray exposure of 30 stars on noise, asinh-stretched."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (height, width))
    y, x = np.mgrid[:height, :width]
    for _ in range(30):
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        peak, sigma = 10 ** rng.uniform(0.5, 2.7), rng.uniform(1.2, 4)
        values += peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
    shown = np.arcsinh((values + 3) / 8) / np.arcsinh(60)
    return Picture((np.clip(shown, 0, 1) * 255).astype(np.uint8), RAMP)


def photo(width: int, height: int, seed: int = 1) -> Picture:
    """Smooth colours with some noise, RGB."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(width, height)
    planes = [
        128 + 100 * np.sin(7 * x + 3 * y) * np.cos(5 * y),
        120 + 90 * np.cos(4 * x - 2 * y),
        110 + 100 * np.sin(3 * (x * x + y * y) * 4),
    ]
    pixels = np.stack(planes, axis=-1) + rng.normal(0, 3, (height, width, 3))
    return Picture(np.clip(pixels, 0, 255).astype(np.uint8))


def psnr(expected: NDArray[np.uint8], seen: NDArray[np.uint8]) -> float:
    """Peak signal to noise ratio in dB; infinite for equal pictures."""
    assert expected.shape == seen.shape
    error = np.mean((expected.astype(float) - seen) ** 2)
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))


def percent(rng: np.random.Generator, n: int) -> NDArray[np.uint8]:
    """A palette that survives sixel's rounding to percent, `(n, 3)`."""
    return np.rint(rng.integers(0, 101, (n, 3)) * 255 / 100).astype(np.uint8)


@st.composite
def areas(draw: st.DrawFn) -> Area:
    """Areas of any shape, from one pixel to very long and thin ones."""
    long, short = st.integers(1, 60), st.integers(1, 4)
    columns, rows = draw(st.sampled_from([(short, short), (long, short), (short, long)]))
    height = draw(st.integers(1, 25))
    spare = draw(st.sampled_from([0, 0, min(5, height - 1)]))
    return Area(draw(columns), draw(rows), draw(st.integers(1, 10)), height, spare=spare)


@st.composite
def pictures(draw: st.DrawFn, area: Area) -> Picture:
    """Indexed or RGB pictures for an area: noise, flats and runs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (area.height, area.width)
    colors = draw(st.sampled_from([1, 2, 3, 5, 16, 17, 200, 256]))
    indices = rng.integers(0, colors, shape).astype(np.uint8)
    if draw(st.booleans()):
        indices = np.sort(indices, axis=draw(st.sampled_from([0, 1])))
    palette = percent(rng, colors)
    match draw(st.sampled_from(["indexed", "few", "many"])):
        case "indexed":
            return Picture(indices, palette)
        case "few":
            return Picture(palette[indices])
    return Picture(rng.integers(0, 256, (*shape, 3)).astype(np.uint8))
