"""Reading an item: what a job needs of it, from the caches or else from the open image."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.collection.base import Item
from tuiview.errors import Cancelled, Poll, never
from tuiview.imaging.frame import Frame, Image, Reduced
from tuiview.imaging.viewport import Cutout
from tuiview.loading.counters import Meter
from tuiview.loading.kept import Caches
from tuiview.loading.request import ImageInfo
from tuiview.loading.samples import Samples
from tuiview.loading.stages import Limits, Stages
from tuiview.loading.watch import QUICK, Impatient, Watch

_WORTH_A_PREVIEW = 8 << 20  # bytes; less is not read noticeably faster by halves
_DEMAND_PATIENCE = 0.1  # seconds to wait for an image that another job has open
_PATIENCE = 2.0


class Reader:
    """Lends items to jobs, and keeps what they read for the next time.

    Args:
        stages: How images are opened and limits found.
        caches: Where it is kept.
        meter: What counts and times the stages.
        clock: Tells the time.
    """

    def __init__(
        self, stages: Stages, caches: Caches, meter: Meter, clock: Callable[[], float]
    ) -> None:
        self.stages = stages
        self.caches = caches
        self.meter = meter
        self.pace = Pace(meter, clock)

    def read(self, item: Item, watch: Watch, hurry: Poll = never) -> Reading:
        """Read an item in the `with` block that this begins; nothing is opened yet.

        Args:
            item: The item.
            watch: Of the job that reads it.
            hurry: Whether somebody waits, so that a preview will do; asked again while it is read.
        """
        patience = _DEMAND_PATIENCE if hurry() else _PATIENCE

        def open_image() -> Image:
            watch.what = "opening"
            with self.meter.timing("open"):
                image = self.stages.open_image(item.source, watch)
            watch.fraction = None
            return image

        lend = self.caches.images.borrow(item.key, open_image, patience=patience, cancelled=watch)
        return Reading(self, item, watch, hurry, lend)


class Reading(AbstractContextManager["Reading"]):
    """An item while a job reads it; opened when something is first read from it.

    Attributes:
        item: The item.
        watch: Of the job.
        hurry: Whether somebody waits.
    """

    def __init__(
        self,
        reader: Reader,
        item: Item,
        watch: Watch,
        hurry: Poll,
        lend: AbstractContextManager[Image],
    ) -> None:
        self.item = item
        self.watch = watch
        self.hurry = hurry
        self._reader = reader
        self._caches = reader.caches
        self._meter = reader.meter
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

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def frame(self, name: str | None) -> Frame:
        """The frame of that name, or the first if there is none."""
        return self.image.frame(name)

    def sketch(self, asked: str | None) -> ImageInfo:
        """What is known of a frame without its header, or with it if that was read already."""
        key = (self.item.key, asked)
        known = self._caches.infos.get(key) or self._caches.sketches.get(key)
        if known is None:
            known = _sketch(self.image, self.frame(asked))
            if self.watch.kept():
                self._caches.sketches.put(key, known, 500 + 60 * len(known.frames))
        return known

    def info(self, asked: str | None) -> ImageInfo:
        """Everything that is known of a frame, header and world coordinates included."""
        known = self.known_info(asked)
        if known is None:
            frame = self.frame(asked)
            self.watch.what = "reading the header of"
            with self._meter.timing("info"):
                known = replace(
                    _sketch(self.image, frame),
                    cards=tuple(frame.cards()),
                    facts=dict(self.image.facts()),
                    wcs=frame.wcs(),
                )
            if self.watch.kept():
                nbytes = 2000 + 200 * len(known.cards) + 60 * len(known.frames)
                for name in {asked, frame.name}:
                    self._caches.infos.put((self.item.key, name), known, nbytes)
        return known

    def known_info(self, asked: str | None) -> ImageInfo | None:
        """The same if it was read already."""
        return self._caches.infos.get((self.item.key, asked))

    def reduced(self, info: ImageInfo, cutout: Cutout) -> Reduced:
        """A part of a frame at the size of a pane; a preview only while somebody waits."""
        key = (self.item.key, info.frame, cutout.box, cutout.size)
        known = self._caches.reduced.get(key)
        if known is not None and (not known.preview or self.hurry()):
            return known
        frame = self.frame(info.frame)
        if self.hurry() and (rough := frame.at_hand(cutout.box, cutout.size)) is not None:
            self._meter.count("previews")
            return rough
        self.watch.what = "reading"
        with self._meter.timing("reduce"):
            reduced = self._reader.pace.reduce(frame, cutout, self.watch, self.hurry)
        if self.watch.kept():
            self._caches.reduced.put(key, reduced, reduced.nbytes)
        return reduced

    def is_reduced(self, info: ImageInfo, cutout: Cutout) -> bool:
        """Whether a part of a frame is there at this size."""
        key = (self.item.key, info.frame, cutout.box, cutout.size)
        return self._caches.reduced.get(key) is not None

    def samples(self, name: str) -> Samples:
        """A frame's sample."""
        key = (self.item.key, name)
        samples = self._caches.samples.get(key)
        if samples is None:
            frame = self.frame(name)
            with self._meter.timing("sample"):
                samples = Samples(frame.sample())
            if self.watch.kept():
                self._caches.samples.put(key, samples, samples.values.nbytes + 500)
        return samples

    def interval(self, name: str, interval: str, hurry: Poll) -> tuple[Limits, bool]:
        """The limits of a frame by an interval, and whether they are rough; see `Samples`."""
        samples = self.samples(name)
        if interval in samples.limits:
            return samples.limits[interval], False
        with self._meter.timing("limits"):
            frame = self.frame(name)
            return samples.between(frame, interval, self._reader.stages, hurry, self.watch)

    def together(self, names: tuple[str, str]) -> NDArray[np.float64]:
        """`(2, n)` values of two frames at the same pixels."""
        key = (self.item.key, "\0".join(names))
        known = self._caches.samples.get(key)
        if known is None:
            from tuiview.imaging.compose import sample_together

            with self._meter.timing("sample"):
                known = Samples(sample_together([self.frame(name) for name in names]))
            if self.watch.kept():
                self._caches.samples.put(key, known, known.values.nbytes + 500)
        return known.values


class Pace:
    """Reduces frames, by sampled rows first where the exact picture would keep somebody waiting.

    How fast frames of each kind were reduced so far says whether it would.

    Args:
        meter: What counts previews.
        clock: Tells the time.
    """

    def __init__(self, meter: Meter, clock: Callable[[], float]) -> None:
        self._meter = meter
        self._clock = clock
        self._rates: dict[type[Frame], float] = {}  # bytes a second that were reached
        self._whole: set[type[Frame]] = set()  # kinds of frames that give no preview

    def reduce(self, frame: Frame, cutout: Cutout, watch: Watch, hurry: Poll) -> Reduced:
        """Bring a part of a frame to the size of a pane.

        Raises:
            Cancelled: Nobody wants it any more.
        """
        box, size, kind = cutout.box, cutout.size, type(frame)
        cost = frame.cost(box)
        if cost < _WORTH_A_PREVIEW:
            return frame.reduce(box, size, cancelled=watch)
        start = self._clock()
        slow = cost / self._rates.get(kind, float("inf")) > QUICK
        may_sample = kind not in self._whole
        if not (slow and may_sample and hurry()):
            poll = Impatient(watch, hurry if may_sample else never, self._clock)
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
