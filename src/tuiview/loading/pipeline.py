"""The way of one image: open, reduce, scale, render, encode; each stage kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.base import Item
from tuiview.errors import Cancelled, Poll, TuiviewError, never
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Frame, Image, Reduced
from tuiview.imaging.viewport import Cutout, Viewport
from tuiview.loading.counters import Meter
from tuiview.loading.kept import Caches
from tuiview.loading.remarks import remark
from tuiview.loading.request import ImageInfo, Rendered, Request, Shown
from tuiview.loading.samples import Samples
from tuiview.loading.stages import Limits, Stages
from tuiview.loading.watch import QUICK, Impatient, Watch
from tuiview.loading.words import failure

if TYPE_CHECKING:
    from tuiview.imaging.annotate import Annotations
    from tuiview.loading.composition import Composed, Plan

T = TypeVar("T")

_SHEET_STEP = 0.25  # seconds between one look at an unfinished sheet and the next
_WORTH_A_PREVIEW = 8 << 20  # bytes; less is not read noticeably faster by halves
_DEMAND_PATIENCE = 0.1  # seconds to wait for an image that another job has open
_PATIENCE = 2.0
_PLAIN = Display()
_PICTURES = frozenset(["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "JPEG 2000"])


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
        self,
        request: Request,
        watch: Watch,
        *,
        hurry: Poll,
        with_info: bool = False,
        partial: Callable[[Shown], None] = lambda shown: None,
    ) -> Shown:
        """Make the answer to a request.

        Args:
            request: What is asked.
            watch: Polled between the stages and inside long ones.
            hurry: Whether somebody waits, so that a preview will do where the exact picture
                takes long; asked again while it is read.
            with_info: Work out header and world coordinates as well, while the file is open.
            partial: Takes what is there of a sheet from time to time, as previews.

        Raises:
            Cancelled: Nobody wants it any more.
            TuiviewError: It cannot be shown.
        """
        start = self._clock()
        if request.sheet is None:
            return self._answer(
                request, self._rendered(request, watch, hurry, with_info=with_info), start
            )
        from tuiview.loading.sheets import SheetInMaking

        told = start
        sheet = SheetInMaking(request, lambda: self._frames(request, watch))
        for number, tile in sheet.missing():
            sheet.put(number, self._tile(tile, watch, hurry))
            watch.report(sheet.fraction)
            if sheet.fraction < 1 and self._clock() - told > _SHEET_STEP:
                partial(self._answer(request, sheet.so_far(), start))
                told = self._clock()
        return self._answer(request, sheet.so_far(), start)

    def _tile(self, tile: Request, watch: Watch, hurry: Poll) -> Rendered | TuiviewError:
        """One small picture; what cannot be read has its place on the sheet too."""
        known = self._caches.tiles.get(tile.signature)
        if known is not None and not known.preview:
            return known
        try:
            made = self._rendered(tile, watch, hurry, with_info=False)
        except Cancelled:
            raise
        except Exception as error:
            return failure(error, tile.item.name)
        if watch.kept():
            self._caches.tiles.put(tile.signature, made, made.nbytes)
        return made

    def _frames(self, request: Request, watch: Watch) -> tuple[Sequence[str], str]:
        """The names of an item's frames, and of the one to show."""
        with self._reading(request.item, watch, never) as reading:
            info = self._sketch(reading, request.display.leading)
        return info.frames, info.frame

    def _answer(self, request: Request, made: Rendered, start: float) -> Shown:
        with self._meter.timing("encode"):
            payload = self._stages.encode(
                made.picture, request.area, request.protocol, request.quality
            )
        return Shown(
            request, made.picture, payload, made.viewport, made.info, made.limits,
            self._clock() - start, preview=made.preview, lacks=made.lacks, remark=made.remark,
        )  # fmt: skip

    def _rendered(
        self, request: Request, watch: Watch, hurry: Poll, *, with_info: bool
    ) -> Rendered:
        """All of the way but the encoding."""
        from tuiview.loading import annotating, composition

        display, area = request.display, request.area
        with self._reading(request.item, watch, hurry) as reading:
            info = self._sketch(reading, display.frame)
            planned = None
            if display.composition is not None:
                planned = composition.plan(display.composition, display, info)
                info = self._sketch(reading, planned.frame)
            asked = planned.frame if planned else display.frame
            north: tuple[float, bool] | None = None
            if display.north_up or display.sky is not None:
                info = self._info(reading, asked)
                north = self._stages.north(info) if display.north_up else None
                display = self._stages.match(display, info)
            viewport = Viewport.of(
                display, info.shape, info.origin, area.width, area.height, area.pixel_aspect,
                *(north or ()),
            )  # fmt: skip
            shot = _Shot(reading, info, display, planned, hurry)
            content = self._content(shot, viewport.box_and_size())
            watch.check()
            annotations = annotating.annotations_of(request.overlay)
            if with_info or (annotations is not None and annotations.sky):
                self._info(reading, asked)
            small, lacks = self._overview(shot, annotations, viewport)
            notes = self._notes(shot)
            watch.check()
        known = self._caches.infos.get((request.item.key, asked))
        info = known or info
        read = known is not None
        shapes, left_out = annotating.explained(request.overlay, viewport, info, read=read)
        with self._meter.timing("render"):
            picture = self._stages.render(
                content.reduced, viewport, display, content.limits, content.sample,
                annotating.noted(shapes, notes), small,
            )  # fmt: skip
        watch.check()
        return Rendered(
            picture, viewport, info, content.told, content.reduced.preview or content.rough,
            remark(content.reduced), left_out + lacks,
        )  # fmt: skip

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
                image = self._stages.open_image(item.source, watch)
            watch.fraction = None
            return image

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
                for name in {asked, frame.name}:
                    self._caches.infos.put((reading.item.key, name), known, nbytes)
        return known

    def _reduced(self, reading: _Reading, info: ImageInfo, cutout: Cutout, hurry: Poll) -> Reduced:
        key = (reading.item.key, info.frame, cutout.box, cutout.size)
        known = self._caches.reduced.get(key)
        if known is not None and (not known.preview or hurry()):
            return known
        frame = reading.frame(info.frame)
        if hurry() and (rough := frame.at_hand(cutout.box, cutout.size)) is not None:
            self._meter.count("previews")
            return rough
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

    def _limits(
        self, reading: _Reading, info: ImageInfo, display: Display, hurry: Poll
    ) -> tuple[Limits | None, NDArray[np.float64] | None, bool]:
        """The limits to use, where the stretch needs it a sample, and whether they are rough."""
        if as_they_are(info, display):
            return None, None, False
        sample = None
        if display.stretch == "histeq":
            sample = self._samples(reading, info.frame).values
        if display.limits is not None:
            return display.limits, sample, False
        limits, rough = self._interval(reading, info.frame, display.interval, hurry)
        return limits, sample, rough

    def _content(self, shot: _Shot, cutout: Cutout) -> Composed:
        """The pixels of a cutout, and the limits to show them between."""
        from tuiview.loading.composition import Composed, Parts, composed

        reading, composition = shot.reading, shot.display.composition
        if composition is None or shot.plan is None or not shot.plan.frames:
            reduced = self._reduced(reading, shot.info, cutout, shot.hurry)
            reading.watch.check()
            limits, sample, rough = self._limits(reading, shot.info, shot.display, shot.hurry)
            return Composed(reduced, limits, sample, rough=rough)
        interval = shot.display.interval
        parts = Parts(
            reduced=lambda name: self._channel(shot, name, cutout),
            sample=lambda name: self._samples(reading, name).values,
            limits=lambda name: self._interval(reading, name, interval, never)[0],
            together=lambda names: self._together(reading, names),
        )
        return composed(composition, shot.plan, shot.display, parts)

    def _channel(self, shot: _Shot, name: str, cutout: Cutout) -> Reduced:
        """One frame of several, blurred here if the picture will have no values to blur."""
        info = self._sketch(shot.reading, name)
        reduced = self._reduced(shot.reading, info, cutout, shot.hurry)
        shot.reading.watch.check()
        colored = shot.display.composition is not None and shot.display.composition.colored
        return _blurred(reduced, cutout, shot.display.blur) if colored else reduced

    def _notes(self, shot: _Shot) -> tuple[str, ...]:
        """What is not as it was asked for, in words for the picture."""
        if shot.plan is None:
            return ()
        from tuiview.loading.composition import uneven

        names = [name for name in shot.plan.frames if name is not None]
        return shot.plan.notes + uneven([self._sketch(shot.reading, name) for name in names])

    def _overview(
        self, shot: _Shot, annotations: Annotations | None, viewport: Viewport
    ) -> tuple[Reduced | None, tuple[str, ...]]:
        """The pixels of the mini-map if there is to be one, and what is left out for now."""
        if annotations is None or not annotations.minimap or viewport.fits:
            return None, ()
        from tuiview.imaging.annotate import overview
        from tuiview.loading.annotating import worth_a_map

        cutout = overview(viewport).box_and_size()
        key = (shot.reading.item.key, shot.info.frame, cutout.box, cutout.size)
        at_hand = worth_a_map(shot.info) or self._caches.reduced.get(key) is not None
        if not (at_hand or annotations.whole):
            return None, ("map",)
        return self._content(shot, cutout).reduced, ()

    def _samples(self, reading: _Reading, name: str) -> Samples:
        """A frame's sample."""
        key = (reading.item.key, name)
        samples = self._caches.samples.get(key)
        if samples is None:
            frame = reading.frame(name)
            with self._meter.timing("sample"):
                samples = Samples(frame.sample())
            if reading.watch.kept():
                self._caches.samples.put(key, samples, samples.values.nbytes + 500)
        return samples

    def _interval(
        self, reading: _Reading, name: str, interval: str, hurry: Poll
    ) -> tuple[Limits, bool]:
        """The limits of a frame by an interval, and whether they are rough; see `Samples`."""
        samples = self._samples(reading, name)
        if interval in samples.limits:
            return samples.limits[interval], False
        with self._meter.timing("limits"):
            frame = reading.frame(name)
            return samples.between(frame, interval, self._stages, hurry, reading.watch)

    def _together(self, reading: _Reading, names: tuple[str, str]) -> NDArray[np.float64]:
        """`(2, n)` values of two frames at the same pixels."""
        key = (reading.item.key, "\0".join(names))
        known = self._caches.samples.get(key)
        if known is None:
            from tuiview.imaging.compose import sample_together

            with self._meter.timing("sample"):
                known = Samples(sample_together([reading.frame(name) for name in names]))
            if reading.watch.kept():
                self._caches.samples.put(key, known, known.values.nbytes + 500)
        return known.values


@dataclass(frozen=True, slots=True)
class _Shot:
    """What one request shows of an open image.

    Attributes:
        reading: The item.
        info: Of the frame whose geometry counts.
        display: How it is shown.
        plan: Which frames are put together; None shows the frame alone.
        hurry: Whether a preview will do.
    """

    reading: _Reading
    info: ImageInfo
    display: Display
    plan: Plan | None
    hurry: Poll


def _blurred(reduced: Reduced, cutout: Cutout, sigma: float) -> Reduced:
    """A channel blurred by `sigma` image pixels; colour stays as it is."""
    if not sigma or reduced.data.ndim == 3:
        return reduced
    from tuiview.imaging.render import blurred

    resolution = min(1.0, cutout.size[1] / (cutout.box.x1 - cutout.box.x0))
    data = blurred(np.asarray(reduced.data, np.float32), sigma * resolution)
    return replace(reduced, data=data)


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
