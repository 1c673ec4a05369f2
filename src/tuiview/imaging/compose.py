"""Colour from several frames, and the difference of two."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import UsageError
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Frame, Reduced
from tuiview.imaging.scaling import LEVELS, Limits, tone, zscale

Color = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""

_LUPTON_SLOPE_AT = 0.1  # where Lupton et al. measure the slope, as a share of `stretch`
_LUPTON_RANGES = 5.0  # zscale ranges in the linear part
_READ_WHOLE = 4 << 20  # pixels; more are read by rows


def simple(
    channels: Sequence[Reduced], limits: Sequence[Limits], display: Display | None = None
) -> Reduced:
    """Red, green and blue each scaled on its own.

    Args:
        channels: Three reduced frames of one size, red first.
        limits: `(low, high)` for each.
        display: Its stretch, contrast, bias and gamma; linear if None.
    """
    _three(channels)
    display = display or Display()
    planes = []
    for channel, between in zip(channels, limits, strict=True):
        levels = tone(display, between).levels(_floats(channel)).astype(np.float32)
        levels[levels >= LEVELS] = 0.0
        planes.append(np.rint(levels * (255.0 / (LEVELS - 1))))
    return Reduced(np.stack(planes, 2).astype(np.uint8), _any_valid(channels), _preview(channels))


def lupton(
    channels: Sequence[Reduced],
    minimum: float | Sequence[float] = 0.0,
    stretch: float = 5.0,
    q: float = 8.0,
) -> Reduced:
    """Lupton et al. (2004): asinh of the mean intensity, the colour kept where it saturates.

    With I the mean of the channels above their minima, each channel c becomes c f(I) / I where
    f(I) = asinh(Q I / stretch) / asinh(0.1 Q) / 10, and all three are divided by the largest where
    that exceeds 1: what `astropy.visualization.make_lupton_rgb` gives.

    Args:
        channels: Three reduced frames of one size, red first.
        minimum: What is black, in data units: one for all, or one for each.
        stretch: The linear range, in data units.
        q: The softening: the larger, the more the bright parts are compressed.

    Raises:
        UsageError: `stretch` or `q` is not above 0.
    """
    _three(channels)
    if not (stretch > 0 and q > 0):
        raise UsageError("stretch and Q of a Lupton picture must be above 0")
    black = [minimum] * 3 if isinstance(minimum, int | float) else list(minimum)
    planes = np.stack([_floats(c) - np.float32(m) for c, m in zip(channels, black, strict=True)])
    valid = _any_valid(channels)
    np.nan_to_num(planes, copy=False, nan=0.0)
    intensity = planes.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.arcsinh(intensity * np.float32(q / stretch))
        factor *= np.float32(_LUPTON_SLOPE_AT / np.arcsinh(_LUPTON_SLOPE_AT * q))
        factor /= intensity
    factor[~(intensity > 0)] = 0.0
    planes *= factor
    np.maximum(planes, 0.0, out=planes)
    planes /= np.maximum(planes.max(axis=0), 1.0)
    pixels = np.moveaxis(planes * np.float32(255.0), 0, 2).astype(np.uint8)
    return Reduced(pixels, valid, _preview(channels))


def lupton_parameters(
    samples: Sequence[NDArray[np.floating]],
) -> tuple[tuple[float, float, float], float]:
    """A minimum for each channel and a stretch that suit images with a background.

    The minima are the medians less one median absolute deviation, so that the noise of the
    background is just seen; the stretch is five times the mean of the three zscale ranges. For the
    sky-subtracted bands of the SDSS that comes near to what its own colour pictures are made with
    (0 and 0.5 nanomaggies), and it follows the noise where the units are others.

    Args:
        samples: Values of each channel, flat, of one length or not.
    """
    ranges, black = [], []
    for sample in samples:
        good = sample[np.isfinite(sample)]
        low, high = zscale(good)
        ranges.append(high - low)
        median = float(np.median(good)) if good.size else 0.0
        deviation = float(np.median(np.abs(good - median))) if good.size else 0.0
        black.append(median - deviation)
    red, green, blue = black
    return (red, green, blue), max(_LUPTON_RANGES * float(np.mean(ranges)), 1e-30)


def mix(
    channels: Sequence[Reduced],
    colors: Sequence[Color],
    limits: Sequence[Limits],
    saturation: float = 1.0,
    gamma: float = 2.2,
) -> Reduced:
    """VisiOmatic's mixing of any number of channels, each in its own colour.

    A colour c is brought to linear light (to the power of gamma) and spread about its mean L by
    the saturation: m = L + saturation / 3 (2 c - the other two). The picture is the sum of the
    channels, each from 0 to 1 between its limits and weighted with 3 m / n, clipped, and to the
    power of 1 / gamma.

    Args:
        channels: Reduced frames of one size.
        colors: One for each, 0 to 1.
        limits: `(low, high)` for each.
        saturation: 0 is gray, 1 the colours given, more is more vivid.
        gamma: Of the screen.
    """
    if not len(channels) == len(colors) == len(limits) > 0:
        raise UsageError("channel mixing needs one colour and one pair of limits for each channel")
    weights = mixing_weights(colors, saturation, gamma)
    height, width = channels[0].data.shape[:2]
    total = np.zeros((height, width, 3), np.float32)
    for channel, weight, (low, high) in zip(channels, weights, limits, strict=True):
        value = (_floats(channel) - np.float32(low)) / np.float32(max(high - low, 1e-30))
        np.nan_to_num(value, copy=False, nan=0.0)
        total += np.clip(value, 0.0, 1.0)[..., None] * weight
    np.clip(total, 0.0, 1.0, out=total)
    # The power by a table: 1024 steps of sqrt(x) are finer than a gray level everywhere.
    table = np.rint(255.0 * (np.linspace(0.0, 1.0, 1024) ** 2) ** (1.0 / gamma)).astype(np.uint8)
    pixels = table[np.rint(np.sqrt(total) * 1023.0).astype(np.intp)]
    return Reduced(pixels, _any_valid(channels), _preview(channels))


def mixing_weights(
    colors: Sequence[Color], saturation: float = 1.0, gamma: float = 2.2
) -> NDArray[np.float32]:
    """`(n, 3)` what each channel adds to red, green and blue in linear light."""
    light = np.asarray(colors, np.float64) ** gamma
    mean = light.mean(axis=1, keepdims=True)
    weights = mean + (saturation / 3.0) * (3.0 * light - 3.0 * mean)
    return np.asarray(weights * (3.0 / len(colors)), np.float32)


def default_colors(count: int) -> tuple[Color, ...]:
    """Colours for channels from the longest wavelength to the shortest: red to blue."""
    if count == 1:
        return ((1.0, 1.0, 1.0),)
    import colorsys

    return tuple(colorsys.hsv_to_rgb(2.0 / 3.0 * i / (count - 1), 1.0, 1.0) for i in range(count))


def difference(first: Reduced, second: Reduced) -> Reduced:
    """`first - second`, NaN where either is."""
    return Reduced(_floats(first) - _floats(second), None, first.preview or second.preview)


def residual(first: Reduced, second: Reduced, line: tuple[float, float] | None = None) -> Reduced:
    """What is left of `first` when `second` is fitted to it: `first - (a second + b)`.

    Args:
        first: What is taken from.
        second: What is fitted and taken away.
        line: `(a, b)`; None fits it to the pixels given, see `fitted_line`.
    """
    a, b = _floats(first), _floats(second)
    slope, offset = line or fitted_line(b, a)
    left = a - (np.float32(slope) * b + np.float32(offset))
    return Reduced(left, None, first.preview or second.preview)


def fitted_line(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[float, float]:
    """`(a, b)` of the line `y = a x + b` through pairs of pixels by least squares.

    What lies more than 3 sigma off it is left out three times, so that a source which changed
    stays in the residual; so are pairs with a NaN.
    """
    good = np.isfinite(x) & np.isfinite(y)
    across, up = x[good].astype(np.float64), y[good].astype(np.float64)
    slope, offset = 1.0, 0.0
    for _ in range(4):
        if len(across) < 3 or np.ptp(across) == 0:
            break
        slope, offset = np.polyfit(across, up, 1)
        off = up - slope * across - offset
        near = np.abs(off) <= 3.0 * off.std()
        if near.all():
            break
        across, up = across[near], up[near]
    return float(slope), float(offset)


def sample_together(frames: Sequence[Frame], count: int = 100_000) -> NDArray[np.float64]:
    """`(n, m)` values of frames at the same pixels, about `count` of each, NaN kept.

    They lie on a regular grid over the part that all of them have. Colour counts by its mean.
    """
    ny, nx = (min(frame.shape[axis] for frame in frames) for axis in (0, 1))
    step = max(1, math.ceil(math.sqrt(ny * nx / count)))
    rows = range(step // 2, ny, step)
    values = []
    for frame in frames:
        if ny * nx <= _READ_WHOLE:
            pixels = frame.read(0, 0, nx, ny)[step // 2 :: step, step // 2 :: step]
        else:
            strips = [frame.read(0, y, nx, y + 1)[:, step // 2 :: step] for y in rows]
            pixels = np.concatenate(strips)
        if pixels.ndim == 3:
            pixels = pixels.mean(axis=2)
        values.append(pixels.astype(np.float64).reshape(-1))
    return np.stack(values)


def _three(channels: Sequence[Reduced]) -> None:
    if len(channels) != 3:
        raise UsageError(f"a colour picture needs three frames, not {len(channels)}")
    if len({channel.data.shape[:2] for channel in channels}) != 1:
        raise UsageError("the frames of a colour picture must have one size")


def _floats(channel: Reduced) -> NDArray[np.float32]:
    """One channel; colour data count by their mean."""
    data = np.asarray(channel.data, np.float32)
    return data if data.ndim == 2 else data.mean(axis=2)


def _any_valid(channels: Sequence[Reduced]) -> NDArray[np.bool_] | None:
    """Where at least one channel has a value; None if everywhere."""
    valid = np.zeros(channels[0].data.shape[:2], bool)
    for channel in channels:
        valid |= ~np.isnan(_floats(channel))
    return None if valid.all() else valid


def _preview(channels: Sequence[Reduced]) -> bool:
    return any(channel.preview for channel in channels)
