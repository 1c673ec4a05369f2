"""The rooms below, as the loader calls them; a test puts others in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.errors import Poll
from tuiview.imaging.frame import Frame, Image, Reduced
from tuiview.imaging.viewport import Viewport
from tuiview.picture import Picture
from tuiview.source import Source

if TYPE_CHECKING:
    from tuiview.graphics.payload import Area, Payload, Quality
    from tuiview.graphics.payload import Protocol as Graphics
    from tuiview.imaging.display import Display
    from tuiview.loading.request import ImageInfo

Limits = tuple[float, float]
Values = NDArray[np.float64]


class Render(Protocol):
    """From values to a picture that fills the pane."""

    def __call__(
        self,
        reduced: Reduced,
        viewport: Viewport,
        display: Display,
        limits: Limits | None,
        sample: Values | None,
        overlay: tuple[Any, ...],
        overview: Reduced | None,
    ) -> Picture:
        """Render; limits None means that the pixels are shown as they are."""
        ...


class Encode(Protocol):
    """From a picture to a payload."""

    def __call__(
        self, picture: Picture, area: Area, protocol: Graphics, quality: Quality
    ) -> Payload:
        """Encode."""
        ...


def _open_image(source: Source, cancelled: Poll) -> Image:
    from tuiview.imaging.readers import open_image

    return open_image(source, cancelled)


def _limits(frame: Frame, sample: Values, interval: str) -> Limits:
    from tuiview.imaging.scaling import limits

    few = frame.zscale_sample() if interval == "zscale" else sample
    return limits(sample, few, interval)


def _exact(frame: Frame, sample: Values, interval: str, cancelled: Poll) -> Limits | None:
    from tuiview.imaging.exact import exact_limits

    return exact_limits(frame, sample, interval, cancelled=cancelled)


def _north(info: ImageInfo) -> tuple[float, bool] | None:
    from tuiview.imaging.annotate import orientation

    ny, nx = info.shape
    found = None if info.wcs is None else orientation(info.wcs, (nx - 1) / 2, (ny - 1) / 2)
    return None if found is None else (found.north, found.mirrored)


def _match(display: Display, info: ImageInfo) -> Display:
    from tuiview.imaging.matching import matched

    return display if info.wcs is None else matched(display, info.wcs, info.shape)


def _render(
    reduced: Reduced,
    viewport: Viewport,
    display: Display,
    limits: Limits | None,
    sample: Values | None,
    overlay: tuple[Any, ...],
    overview: Reduced | None,
) -> Picture:
    from tuiview.imaging.render import render

    if limits is None and reduced.data.ndim == 2:
        limits = (0.0, 255.0)
    return render(reduced, display, limits, viewport, overlay, sample, overview)


def _encode(picture: Picture, area: Area, protocol: Graphics, quality: Quality) -> Payload:
    from tuiview.graphics.encode import encode

    return encode(picture, area, protocol, quality)


class Stages(Struct, frozen=True):
    """The stages of the pipeline; heavy rooms are imported when a stage first runs.

    Attributes:
        open_image: From a source to an open image; polls while it decompresses.
        limits: From a frame, its sample and an interval to `(low, high)`.
        exact: The same by all pixels of a large frame; None where a sample is as good.
        north: From what is known of a frame, world coordinates included, to where north lies as
            `Viewport.of` takes it, or None.
        match: From a display with a part of the sky, and the same, to one with zoom and centre.
        render: From values to a picture.
        encode: From a picture to a payload.
    """

    open_image: Callable[[Source, Poll], Image] = _open_image
    limits: Callable[[Frame, Values, str], Limits] = _limits
    exact: Callable[[Frame, Values, str, Poll], Limits | None] = _exact
    north: Callable[[ImageInfo], tuple[float, bool] | None] = _north
    match: Callable[[Display, ImageInfo], Display] = _match
    render: Render = _render
    encode: Encode = _encode


REAL = Stages()
"""The rooms below as they are."""
