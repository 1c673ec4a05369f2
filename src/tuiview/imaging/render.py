"""From reduced data to the picture of a pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from tuiview.imaging import annotate, colormaps, overlay
from tuiview.imaging.display import Display
from tuiview.imaging.drawing import draw
from tuiview.imaging.frame import Reduced
from tuiview.imaging.scaling import LEVELS, NAN_LEVEL, Limits, Tone, tone
from tuiview.imaging.viewport import Viewport
from tuiview.picture import Picture

BACKGROUND_LEVEL = NAN_LEVEL + 1
FIRST_INK = BACKGROUND_LEVEL + 1
MAX_INKS = 256 - FIRST_INK
_CHECKER_SIZE = 8


def render(
    reduced: Reduced,
    display: Display,
    limits: Limits | None,
    viewport: Viewport,
    overlays: Sequence[overlay.Shape] = (),
    sample: NDArray[np.floating] | None = None,
    overview: Reduced | None = None,
) -> Picture:
    """The picture of a pane, exactly `(viewport.height, viewport.width)`.

    Data of one channel give palette indices: 240 levels of the colour map, one colour for NaN, one
    for the background, and up to 14 for what is drawn over it. Colour data give RGB.

    Args:
        reduced: What `frame.reduce(box, size)` gave for the box and size of
            `viewport.box_and_size()`.
        display: How to show it.
        limits: `(low, high)` in data units; not used for colour "as it is", where None will do.
        viewport: The geometry, made from the same display.
        overlays: Drawn in order.
        sample: Values of the frame, for histogram equalisation.
        overview: What the frame gave for `annotate.overview(viewport)`: drawn as a mini-map in the
            top right corner unless the whole image is visible.
    """
    resolution = _resolution(viewport)
    shapes = list(overlays)
    if overview is not None and not viewport.fits:
        shapes += annotate.overview_frame(viewport)
    if reduced.data.ndim == 3:
        pixels = _fill(
            viewport,
            overview,
            colormaps.BACKGROUND,
            lambda part: _colors(part, display, limits, sample),
            reduced,
        )
        if shapes:
            pixels = draw(pixels, viewport, shapes, channels)
        return Picture(pixels)
    scale = tone(display, limits or (0.0, 1.0), sample)

    def levels(part: Reduced) -> NDArray[np.uint8]:
        data = np.asarray(part.data, np.float32)
        if part is reduced:
            data = blurred(data, display.blur * resolution)
        found = scale.levels(data)
        if part.valid is not None:
            found[~part.valid] = NAN_LEVEL
        return found

    pixels = _fill(viewport, overview, BACKGROUND_LEVEL, levels, reduced)
    inks = Inks()
    if shapes:
        pixels = draw(pixels, viewport, shapes, inks)
    return Picture(pixels, palette(display, inks.colors))


def _fill(
    viewport: Viewport,
    overview: Reduced | None,
    background: int | tuple[int, ...],
    paint: Callable[[Reduced], NDArray[np.uint8]],
    reduced: Reduced,
) -> NDArray[np.uint8]:
    """The pane with the image, and the mini-map in its corner."""
    pane = viewport.box_and_size().placement.spread(paint(reduced), background)
    if overview is not None and not viewport.fits:
        small = annotate.overview(viewport).box_and_size().placement
        left, top = annotate.overview_place(viewport)
        part = small.spread(paint(overview), background)
        room = pane[top : top + small.height, left : left + small.width]
        room[:] = part[: room.shape[0], : room.shape[1]]
    return pane


def palette(display: Display, inks: Sequence[int] = ()) -> NDArray[np.uint8]:
    """The `(242 + n, 3)` colours of a picture with `n` inks 0xRRGGBB."""
    table = colormaps.lookup(display.colormap)
    levels = table[np.rint(np.linspace(0, 255, LEVELS)).astype(int)]
    if display.invert:
        levels = levels[::-1]
    apart = [colormaps.NAN_COLOR, colormaps.BACKGROUND, *map(channels, inks)]
    return np.concatenate([levels, np.array(apart, np.uint8)])


def blurred(data: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur that NaN takes no part in; NaN stays NaN.

    Args:
        data: `(h, w)`.
        sigma: In pixels of `data`; below a tenth nothing changes.
    """
    if sigma < 0.1:
        return data
    from scipy.ndimage import gaussian_filter

    missing = np.isnan(data)
    if not missing.any():
        return np.asarray(gaussian_filter(data, sigma, mode="nearest", truncate=4.0))
    weight = gaussian_filter((~missing).astype(np.float32), sigma, mode="nearest", truncate=4.0)
    total = gaussian_filter(np.where(missing, 0, data), sigma, mode="nearest", truncate=4.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(missing, np.nan, total / weight).astype(np.float32)


def _resolution(viewport: Viewport) -> float:
    """Pixels of the reduced data for an image pixel, at most 1."""
    cutout = viewport.box_and_size()
    return min(1.0, cutout.size[1] / (cutout.box.x1 - cutout.box.x0))


def _colors(
    reduced: Reduced, display: Display, limits: Limits | None, sample: NDArray[np.floating] | None
) -> NDArray[np.uint8]:
    """Colour data with the display's adjustments, on a checker where they hide nothing."""
    data = np.asarray(reduced.data, np.uint8)
    if display.scaled_color and limits is not None:
        data = _hue_kept(data, tone(display, limits, sample))
    elif (display.contrast, display.bias, display.gamma) != (1.0, 0.5, 1.0):
        as_is = tone(display.but(stretch="linear"), (0.0, 255.0))
        data = _spread_levels(as_is)[data]
    if display.invert:
        data = 255 - data
    if reduced.valid is not None and not reduced.valid.all():
        rows, cols = (np.arange(length) // _CHECKER_SIZE for length in data.shape[:2])
        dark = (rows[:, None] + cols) % 2
        checker = np.array(colormaps.CHECKER, np.uint8)[dark]
        data = np.where(reduced.valid[..., None], data, checker)
    return data


def _spread_levels(tone: Tone) -> NDArray[np.uint8]:
    """The 256 outputs of a tone for the inputs 0 to 255."""
    levels = tone.levels(np.arange(256, dtype=np.float32)).astype(np.float32)
    return np.asarray(np.rint(levels * (255.0 / (LEVELS - 1))), np.uint8)


def _hue_kept(data: NDArray[np.uint8], tone: Tone) -> NDArray[np.uint8]:
    """Stretch the brightest channel and scale the others with it, so that the hue stays."""
    outputs = _spread_levels(tone).astype(np.float64)
    values = np.arange(256)
    # By the brightest channel and a channel's own value.
    scaled = outputs[:, None] * values / np.maximum(values, 1)[:, None]
    table = np.rint(np.minimum(scaled, 255)).astype(np.uint8).ravel()
    brightest = np.maximum(np.maximum(data[..., 0], data[..., 1]), data[..., 2])
    return np.take(table, (brightest.astype(np.intp) << 8)[..., None] | data, mode="clip")


def channels(color: int) -> tuple[int, int, int]:
    """A colour 0xRRGGBB as red, green, blue."""
    return color >> 16 & 255, color >> 8 & 255, color & 255


class Inks(Struct):
    """Hands out palette indices for colours; when they run out, that of the nearest colour."""

    colors: list[int] = field(default_factory=list)

    def __call__(self, color: int) -> int:
        """The index for a colour 0xRRGGBB."""
        if color in self.colors:
            return FIRST_INK + self.colors.index(color)
        if len(self.colors) < MAX_INKS:
            self.colors.append(color)
            return FIRST_INK + len(self.colors) - 1
        wanted = np.array(channels(color))
        off = [np.abs(wanted - channels(other)).sum() for other in self.colors]
        return FIRST_INK + int(np.argmin(off))
