"""The way of one image: open, reduce, scale, render, encode; each stage kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.base import Item
from tuiview.errors import Cancelled, Poll, never
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Box, Frame, Image, Reduced
from tuiview.imaging.viewport import Cutout, Viewport
from tuiview.loading.cache import Lru, OpenImages
from tuiview.loading.counters import Meter
from tuiview.loading.request import ImageInfo, Request, Shown
from tuiview.loading.stages import Limits, Stages

T = TypeVar("T")

QUICK = 0.2
"""Seconds that an exact reduction may take before sampled rows are shown first."""

_WORTH_A_PREVIEW = 8 << 20  # bytes; less is not read noticeably faster by halves
_DEMAND_PATIENCE = 0.1  # seconds to wait for an image that another job has open
_PATIENCE = 2.0
_PLAIN = Display()
_PICTURES = frozenset(["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "JPEG 2000"])


class Watch:
    """The poll of one run of a job, and what the reader says of its progress.

    Args:
        wanted: Whether the result is still wanted.
        kept: Whether what was read may be kept for the next time, wanted or not.
        clock: Tells the time.
    """

    def __init__(
        self,
        wanted: Callable[[], bool],
        kept: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._wanted = wanted
        self.kept = kept
        self._clock = clock
        self.started = self.heard = clock()
        self.fraction: float | None = None
        self.what = ""

    def __call__(self) -> bool:
        """Whether nobody wants the result any more."""
        self.heard = self._clock()
        return not self._wanted()

    def report(self, fraction: float, what: str = "") -> None:
        """Take down how far the reader has come."""
        self.heard = self._clock()
        self.fraction, self.what = fraction, what

    def check(self) -> None:
        """Stop here if nobody wants the result.

        Raises:
            Cancelled: Nobody does.
        """
        if self():
            raise Cancelled


class _Impatient:
    """A poll that also ends a read that somebody waits for and that will not be done soon."""

    def __init__(self, watch: Watch, hurry: Poll, clock: Callable[[], float]) -> None:
        self._watch = watch
        self._hurry = hurry
        self._clock = clock
        self._start = clock()
        self.tripped = False

    def __call__(self) -> bool:
        spent = self._clock() - self._start
        if spent > QUICK and self._hurry():
            done = self._watch.fraction
            self.tripped = not done or spent * (1 - done) / done > QUICK
        return self._watch() or self.tripped

    def report(self, fraction: float, what: str = "") -> None:
        self._watch.report(fraction, what)


@dataclass(slots=True)
class Samples:
    """What is known of a frame's values, for its limits.

    Attributes:
        values: As `Frame.sample` gave them.
        limits: Those worked out so far, by interval.
    """

    values: NDArray[np.float64]
    limits: dict[str, Limits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caches:
    """What the stages leave for the next time; all but the payloads, which the loader keeps.

    Attributes:
        images: Open images.
        sketches: What is known of an item's frame without its header, by item and frame asked for.
        infos: The same with header and world coordinates.
        samples: By item and frame.
        reduced: By item, frame, box and size.
    """

    images: OpenImages
    sketches: Lru[tuple[str, str | None], ImageInfo]
    infos: Lru[tuple[str, str | None], ImageInfo]
    samples: Lru[tuple[str, str], Samples]
    reduced: Lru[tuple[str, str, Box, tuple[int, int]], Reduced]

    @classmethod
    def of(cls, nbytes: int, images: int) -> Caches:
        """Caches that share `nbytes`, with at most so many open images that nobody uses."""
        return cls(
            OpenImages(images, nbytes * 40 // 100),
            Lru(nbytes * 1 // 100),
            Lru(nbytes * 4 // 100),
            Lru(nbytes * 5 // 100),
            Lru(nbytes * 50 // 100),
        )

    def forget(self, item: str) -> Callable[[], None]:
        """Drop everything of an item; returns what closes its images, for a worker to call."""
        for cache in (self.sketches, self.infos, self.samples, self.reduced):
            cache.discard(lambda key: key[0] == item)
        return self.images.forget(item)

    def each(self) -> Mapping[str, Lru[object, object] | OpenImages]:
        """The caches by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Pipeline:
    """Runs the stages on a loader thread.

    Args:
        stages: What they are.
        caches: Where they leave their results.
        meter: What counts and times them.
        clock: Tells the time.
    """

    def __init__(
        self, stages: Stages, caches: Caches, meter: Meter, clock: Callable[[], float]
    ) -> None:
        self._stages = stages
        self._caches = caches
        self._meter = meter
        self._clock = clock
        self._rates: dict[type[Frame], float] = {}  # bytes a second that were reached
        self._whole: set[type[Frame]] = set()  # kinds of frames that give no preview

    def picture(
        self, request: Request, watch: Watch, *, hurry: Poll, with_info: bool = False
    ) -> Shown:
        """Make the answer to a request.

        Args:
            request: What is asked.
            watch: Polled between the stages and inside long ones.
            hurry: Whether somebody waits, so that a preview will do where the exact picture
                takes long; asked again while it is read.
            with_info: Work out header and world coordinates as well, while the file is open.

        Raises:
            Cancelled: Nobody wants it any more.
            TuiviewError: It cannot be shown.
        """
        start = self._clock()
        display, area = request.display, request.area
        with self._reading(request.item, watch, hurry) as reading:
            info = self._sketch(reading, display.frame)
            north: tuple[float, bool] | None = None
            if display.north_up:
                info = self._info(reading, display.frame)
                north = self._stages.north(info)
            viewport = Viewport.of(
                display, info.shape, info.origin, area.width, area.height, area.pixel_aspect,
                *(north or ()),
            )  # fmt: skip
            reduced = self._reduced(reading, info, viewport.box_and_size(), hurry)
            watch.check()
            limits, sample = self._limits(reading, info, request)
            watch.check()
            if with_info:
                self._info(reading, display.frame)
        with self._meter.timing("render"):
            picture = self._stages.render(
                reduced, viewport, display, limits, sample, request.overlay
            )
        watch.check()
        with self._meter.timing("encode"):
            payload = self._stages.encode(picture, area, request.protocol, request.quality)
        info = self._caches.infos.get((request.item.key, display.frame)) or info
        seconds = self._clock() - start
        return Shown(
            request, picture, payload, viewport, info, limits, seconds, preview=reduced.preview
        )

    def info(self, item: Item, frame: str | None, watch: Watch) -> ImageInfo:
        """Everything that is known of an item's frame, header and world coordinates included."""
        with self._reading(item, watch, hurry=never) as reading:
            return self._info(reading, frame)

    def inspect(
        self, item: Item, frame: str | None, job: Callable[[Image, Frame], T], watch: Watch
    ) -> T:
        """Run a small job with an open image and one frame of it."""
        with (
            self._reading(item, watch, hurry=lambda: True) as reading,
            self._meter.timing("inspect"),
        ):
            return job(reading.image, reading.frame(frame))

    def _reading(self, item: Item, watch: Watch, hurry: Poll) -> _Reading:
        patience = _DEMAND_PATIENCE if hurry() else _PATIENCE

        def open_image() -> Image:
            watch.what = "opening"
            with self._meter.timing("open"):
                return self._stages.open_image(item.source)

        lend = self._caches.images.borrow(item.key, open_image, patience=patience, cancelled=watch)
        return _Reading(item, watch, lend)

    def _sketch(self, reading: _Reading, asked: str | None) -> ImageInfo:
        key = (reading.item.key, asked)
        known = self._caches.infos.get(key) or self._caches.sketches.get(key)
        if known is None:
            known = _sketch(reading.image, reading.frame(asked))
            if reading.watch.kept():
                self._caches.sketches.put(key, known, 500 + 60 * len(known.frames))
        return known

    def _info(self, reading: _Reading, asked: str | None) -> ImageInfo:
        key = (reading.item.key, asked)
        known = self._caches.infos.get(key)
        if known is None:
            frame = reading.frame(asked)
            reading.watch.what = "reading the header of"
            with self._meter.timing("info"):
                known = replace(
                    _sketch(reading.image, frame),
                    cards=tuple(frame.cards()),
                    facts=dict(reading.image.facts()),
                    wcs=frame.wcs(),
                )
            if reading.watch.kept():
                nbytes = 2000 + 200 * len(known.cards) + 60 * len(known.frames)
                self._caches.infos.put(key, known, nbytes)
        return known

    def _reduced(self, reading: _Reading, info: ImageInfo, cutout: Cutout, hurry: Poll) -> Reduced:
        key = (reading.item.key, info.frame, cutout.box, cutout.size)
        known = self._caches.reduced.get(key)
        if known is not None and (not known.preview or hurry()):
            return known
        frame = reading.frame(info.frame)
        reading.watch.what = "reading"
        with self._meter.timing("reduce"):
            reduced = self._reduce(frame, cutout, reading.watch, hurry)
        if reading.watch.kept():
            self._caches.reduced.put(key, reduced, reduced.nbytes)
        return reduced

    def _reduce(self, frame: Frame, cutout: Cutout, watch: Watch, hurry: Poll) -> Reduced:
        box, size, kind = cutout.box, cutout.size, type(frame)
        cost = frame.cost(box)
        if cost < _WORTH_A_PREVIEW:
            return frame.reduce(box, size, cancelled=watch)
        start = self._clock()
        slow = cost / self._rates.get(kind, float("inf")) > QUICK
        may_sample = kind not in self._whole
        if not (slow and may_sample and hurry()):
            poll = _Impatient(watch, hurry if may_sample else never, self._clock)
            try:
                reduced = frame.reduce(box, size, cancelled=poll)
            except Cancelled:
                if not poll.tripped or watch():
                    raise
                self._reached(kind, cost * (watch.fraction or 0.5), self._clock() - start)
                watch.fraction = None
            else:
                self._reached(kind, cost, self._clock() - start)
                return reduced
        reduced = frame.reduce(box, size, cancelled=watch, preview=True)
        if reduced.preview:
            self._meter.count("previews")
        else:
            self._whole.add(kind)
        return reduced

    def _reached(self, kind: type[Frame], nbytes: float, seconds: float) -> None:
        """Take down how fast the storage was, the last times counting most."""
        rate = nbytes / max(seconds, 1e-6)
        self._rates[kind] = (self._rates.get(kind, rate) + rate) / 2

    def _limits(
        self, reading: _Reading, info: ImageInfo, request: Request
    ) -> tuple[Limits | None, NDArray[np.float64] | None]:
        """The limits to use and, where the stretch needs it, a sample of the frame's values."""
        display = request.display
        if as_they_are(info, display):
            return None, None
        equalised = display.stretch == "histeq"
        if display.limits is not None and not equalised:
            return display.limits, None
        key = (reading.item.key, info.frame)
        samples = self._caches.samples.get(key)
        known = None if samples is None else samples.limits.get(display.interval)
        if samples is None or known is None:
            frame = reading.frame(info.frame)
            with self._meter.timing("limits"):
                if samples is None:
                    samples = Samples(frame.sample())
                known = self._stages.limits(frame, samples.values, display.interval)
            samples.limits[display.interval] = known
            if reading.watch.kept():
                self._caches.samples.put(key, samples, samples.values.nbytes + 500)
        return display.limits or known, samples.values if equalised else None


def as_they_are(info: ImageInfo, display: Display) -> bool:
    """Whether pixels are shown as the file has them: pictures that were made to be looked at.

    That is colour, and 8-bit gray of the kinds that hold no measurements, until the display asks
    for scaling.
    """
    if info.dtype != "uint8" or display.scaled_color:
        return False
    if info.channels == 3:
        return True
    plain = (_PLAIN.interval, _PLAIN.stretch, _PLAIN.limits)
    asked = (display.interval, display.stretch, display.limits)
    return asked == plain and info.kind in _PICTURES


class _Reading(AbstractContextManager["_Reading"]):
    """An item while a job reads it; opened when something is first read from it."""

    def __init__(self, item: Item, watch: Watch, lend: AbstractContextManager[Image]) -> None:
        self.item = item
        self.watch = watch
        self._lend = lend
        self._stack = ExitStack()
        self._image: Image | None = None

    @property
    def image(self) -> Image:
        """The open image, for this job alone."""
        if self._image is None:
            self._image = self._stack.enter_context(self._lend)
            self.watch.check()
        return self._image

    def frame(self, name: str | None) -> Frame:
        """The frame of that name, or the first if there is none."""
        return self.image.frame(name)

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _sketch(image: Image, frame: Frame) -> ImageInfo:
    return ImageInfo(
        kind=image.kind,
        frames=tuple(image.names),
        frame=frame.name,
        shape=frame.shape,
        dtype=str(frame.dtype),
        unit=frame.unit,
        channels=frame.channels,
        origin=frame.origin,
        skipped=tuple(image.skipped),
    )
