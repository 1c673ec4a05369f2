"""Several frames as one picture: which of them an image has, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.errors import UsageError
from tuiview.imaging import compose
from tuiview.imaging.display import Composition, Display
from tuiview.imaging.frame import Reduced
from tuiview.imaging.scaling import Limits, limits
from tuiview.loading.request import ImageInfo

Values = NDArray[np.float64]

_MAX_SAMPLE = 20_000  # values of a channel that say where its background lies


class Plan(Struct, frozen=True):
    """What a composition comes to in one image.

    Attributes:
        frames: The frames to put together, None for one that the image does not have; empty if
            one frame is to be shown alone.
        frame: The frame whose geometry, header and world coordinates count.
        notes: What is not as it was asked for, in words for the picture.
    """

    frames: tuple[str | None, ...]
    frame: str
    notes: tuple[str, ...] = ()


class Parts(Struct, frozen=True):
    """The frames of an open image by name, as a composition needs them.

    Attributes:
        reduced: A frame brought to the size of the pane.
        sample: Values of a frame, flat.
        limits: The limits of a frame by the display's interval.
        together: `(2, n)` values of two frames at the same pixels.
    """

    reduced: Callable[[str], Reduced]
    sample: Callable[[str], Values]
    limits: Callable[[str], Limits]
    together: Callable[[tuple[str, str]], Values]


class Composed(Struct, frozen=True, eq=False):
    """Frames put together.

    Attributes:
        reduced: The picture's pixels: colour, or the values of a difference.
        limits: `(low, high)` to show a difference between; None for colour.
        sample: Values of a difference, for histogram equalisation.
        used: The limits that colour was made with, of the mean of its channels.
        rough: Whether the limits are a sample's and those of all pixels should follow.
    """

    reduced: Reduced
    limits: Limits | None = None
    sample: Values | None = None
    used: Limits | None = None
    rough: bool = False

    @property
    def told(self) -> Limits | None:
        """The limits in force, from which a key moves them."""
        return self.limits or self.used


def plan(composition: Composition, display: Display, info: ImageInfo) -> Plan:
    """How an image with these frames is shown; what is missing is left out and told.

    Args:
        composition: What is asked for.
        display: Its frame's header counts if it is among the frames asked for.
        info: Of any frame of the image.

    Raises:
        UsageError: The composition needs another number of frames.
    """
    check(composition)
    known = set(info.frames)
    found = [name for name in composition.frames if name in known]
    missing = [name for name in composition.frames if name not in known]
    notes = tuple(_missing(name, info.skipped) for name in missing)
    if not found or (missing and not composition.colored):
        return Plan((), info.frame, (*notes, f"{info.frame} is shown alone"))
    leading = display.leading
    frames = tuple(name if name in known else None for name in composition.frames)
    return Plan(frames, leading if leading in found else found[0], notes)


def check(composition: Composition) -> None:
    """Refuse a composition with a number of frames that makes no sense.

    Raises:
        UsageError: It needs another number.
    """
    count = len(composition.frames)
    if composition.how in ("lupton", "simple") and count != 3:
        raise UsageError(f"red, green and blue are three frames, not {count}")
    if composition.how in ("difference", "residual") and count != 2:
        raise UsageError(f"a {composition.how} is of two frames, not {count}")
    if not count:
        raise UsageError("a mix needs frames")


def uneven(infos: Sequence[ImageInfo]) -> tuple[str, ...]:
    """A note if frames that are put together pixel by pixel differ in size."""
    sizes = [f"{info.frame} {info.shape[1]} x {info.shape[0]}" for info in infos]
    if len({info.shape for info in infos}) < 2:
        return ()
    return (f"sizes differ: {', '.join(sizes)}; aligned by pixel",)


def composed(composition: Composition, plan: Plan, display: Display, parts: Parts) -> Composed:
    """Put frames together.

    Args:
        composition: How.
        plan: Which; not empty.
        display: How each is scaled, or the difference.
        parts: Gives the frames.
    """
    if not composition.colored:
        first, second = (name for name in plan.frames if name is not None)
        return _subtracted(composition, (first, second), display, parts)
    channels = _channels(plan.frames, parts)
    if composition.how == "lupton":
        return _lupton(composition, display, plan.frames, channels, parts)
    between = [
        display.limits or ((0.0, 1.0) if name is None else parts.limits(name))
        for name in plan.frames
    ]
    found = [pair for pair, name in zip(between, plan.frames, strict=True) if name is not None]
    low, high = (float(np.mean(ends)) for ends in zip(*found, strict=True))
    used = low, high
    if composition.how == "simple":
        # Contrast, bias and gamma act on the finished picture, as on any colour picture.
        plain = Display(stretch=display.stretch)
        return Composed(compose.simple(channels, between, plain), used=used)
    colors = compose.default_colors(len(channels))
    mixed = compose.mix(channels, colors, between, composition.saturation)
    return Composed(mixed, used=used)


def _lupton(
    composition: Composition,
    display: Display,
    names: Sequence[str | None],
    channels: Sequence[Reduced],
    parts: Parts,
) -> Composed:
    """Lupton's scaling by the data, or by manual limits: what is black, and where asinh bends.

    Limits are of the mean of the channels; each keeps its own background below it.
    """
    present = [name for name in names if name is not None]
    samples = [_thinned(parts.sample(name)) for name in present]
    # With a channel missing, the others' mean stands for it: only the scale depends on it.
    filled = (samples + [samples[0]] * 3)[:3]
    black, stretch = compose.lupton_parameters(filled)
    minima = dict(zip(present, black, strict=False))
    low = float(np.mean(list(minima.values())))
    used = display.limits or (low, low + (composition.stretch or stretch))
    minimum = [minima.get(name, low) + used[0] - low if name is not None else 0.0 for name in names]
    reduced = compose.lupton(channels, minimum, used[1] - used[0], composition.q)
    return Composed(reduced, used=used)


def _subtracted(
    composition: Composition, names: tuple[str, str], display: Display, parts: Parts
) -> Composed:
    first, second = (_plain(parts.reduced(name)) for name in names)
    a, b = parts.together(names)
    if composition.how == "residual":
        slope, offset = compose.fitted_line(b, a)
        reduced = compose.residual(first, second, (slope, offset))
        values = a - (slope * b + offset)
    else:
        reduced, values = compose.difference(first, second), a - b
    sample = values[np.isfinite(values)]
    return Composed(reduced, display.limits or limits(sample, sample, display.interval), sample)


def _channels(names: Sequence[str | None], parts: Parts) -> list[Reduced]:
    """The frames, and nothing but NaN for those that are missing."""
    found = [None if name is None else _plain(parts.reduced(name)) for name in names]
    shape = next(reduced.data.shape for reduced in found if reduced is not None)
    return [reduced or Reduced(np.full(shape, np.nan, np.float32)) for reduced in found]


def _plain(reduced: Reduced) -> Reduced:
    """One channel: colour counts by its mean, NaN where it hides nothing."""
    if reduced.data.ndim == 2:
        return reduced
    data = reduced.data.mean(axis=2, dtype=np.float32)
    if reduced.valid is not None:
        data[~reduced.valid] = np.nan
    return Reduced(data, preview=reduced.preview)


def _thinned(values: Values) -> Values:
    return values[:: max(1, len(values) // _MAX_SAMPLE)]


def _missing(name: str, skipped: Sequence[str]) -> str:
    """Why a frame is missing, if the image says so."""
    for words in skipped:
        if words.startswith(f"{name}: "):
            return f"no {words}"
    return f"no frame {name}"
