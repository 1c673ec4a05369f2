"""Several images of one thing as one image: the bands of a field, each in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import Poll, UnreadableError, never
from tuiview.imaging.frame import Box, Card, Frame, Image, Pixels, Reduced
from tuiview.imaging.readers.lazy import LazyFrames
from tuiview.source import CompositeSource, Source

if TYPE_CHECKING:
    from astropy.wcs import WCS


def open_composite(source: CompositeSource, open_image: Callable[[Source], Image]) -> Image:
    """Open all parts; one that cannot be read is left out, and told among what is skipped.

    Args:
        source: What to open.
        open_image: Opens a part.

    Raises:
        UnreadableError: No part can be read.
    """
    opened: list[tuple[str, Image]] = []
    errors: list[tuple[str, UnreadableError]] = []
    with ExitStack() as stack:
        for label, part in source.parts:
            try:
                image = open_image(part)
            except UnreadableError as error:
                errors.append((label, error))
            else:
                stack.callback(image.close)
                opened.append((label, image))
        if not opened:
            raise errors[0][1] if errors else UnreadableError(f"{source.name} has no parts")
        left_out = [f"{label}: {error.message}" for label, error in errors]
        return CompositeImage(opened, left_out, stack.pop_all())


class CompositeImage(Image):
    """The frames of several images: the first of each bears the label of its part alone.

    Args:
        parts: Label and open image of each.
        left_out: Parts that could not be opened, in words that begin with their label.
        closing: Closes the parts.
    """

    def __init__(
        self, parts: Sequence[tuple[str, Image]], left_out: Sequence[str], closing: ExitStack
    ) -> None:
        self._parts = parts
        self._closing = closing
        self.kind = " and ".join(dict.fromkeys(image.kind for _, image in parts))
        inner = [(label, image, number) for label, image in parts for number in _numbers(image)]
        # What one looks for first comes first: one frame of each part, then the others.
        inner.sort(key=lambda entry: entry[2] > 0)
        self._frame_names = [
            f"{label} {image.names[number]}" if number else label for label, image, number in inner
        ]
        self.frames = LazyFrames(
            self._frame_names, lambda at: _PartFrame(inner[at][1].frames[inner[at][2]])
        )
        self.skipped = [
            *left_out,
            *(f"{label}: {words}" for label, image in parts for words in image.skipped),
        ]

    @property
    def names(self) -> Sequence[str]:
        """The names of the frames in order."""
        return self._frame_names

    def facts(self) -> Mapping[str, object]:
        """What is known of each part's file but where it is, under its label."""
        return {
            f"{label} {key}": value
            for label, image in self._parts
            for key, value in image.facts().items()
            if key != "path"
        }

    @property
    def held(self) -> int:
        """Bytes of decoded content that the parts keep."""
        return sum(image.held for _, image in self._parts)

    def close(self) -> None:
        """Close all parts."""
        self._closing.close()


class _PartFrame(Frame):
    """A frame of a part, under another name."""

    def __init__(self, inner: Frame) -> None:
        self._inner = inner
        self.name = inner.name
        self.shape = inner.shape
        self.channels = inner.channels
        self.dtype = inner.dtype
        self.unit = inner.unit
        self.origin = inner.origin
        self.stack = inner.stack

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Pixels:
        return self._inner.read(x0, y0, x1, y1)

    def reduce(
        self, box: Box, size: tuple[int, int], *, cancelled: Poll = never, preview: bool = False
    ) -> Reduced:
        return self._inner.reduce(box, size, cancelled=cancelled, preview=preview)

    def sample(self, count: int = 100_000) -> NDArray[np.float64]:
        return self._inner.sample(count)

    def zscale_sample(self, count: int = 1000) -> Pixels:
        return self._inner.zscale_sample(count)

    def cost(self, box: Box) -> int:
        return self._inner.cost(box)

    def cards(self) -> Sequence[Card]:
        return self._inner.cards()

    def wcs(self) -> WCS | None:
        return self._inner.wcs()


def _numbers(image: Image) -> range:
    return range(len(image.frames))
