"""The way of one image: read, reduce, scale, render, encode; each stage kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.collection.base import Item
from tuiview.errors import Cancelled, Poll, TuiviewError, never
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Frame, Image, Reduced
from tuiview.imaging.viewport import Cutout, Viewport
from tuiview.loading.counters import Meter
from tuiview.loading.kept import Caches
from tuiview.loading.reading import Reader, Reading
from tuiview.loading.remarks import remark
from tuiview.loading.request import ImageInfo, Rendered, Request, Shown
from tuiview.loading.stages import Limits, Stages
from tuiview.loading.watch import Watch
from tuiview.loading.words import failure

if TYPE_CHECKING:
    from tuiview.imaging.annotate import Annotations
    from tuiview.loading.composition import Composed, Plan

T = TypeVar("T")

_SHEET_STEP = 0.25  # seconds between one look at an unfinished sheet and the next
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
        self._reader = Reader(stages, caches, meter, clock)

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
        self._caches.tiles.put(tile.signature, made, made.nbytes)
        return made

    def _frames(self, request: Request, watch: Watch) -> tuple[Sequence[str], str]:
        """The names of an item's frames, and of the one to show."""
        with self._reader.read(request.item, watch) as reading:
            info = reading.sketch(request.display.leading)
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
        with self._reader.read(request.item, watch, hurry) as reading:
            info = reading.sketch(display.frame)
            planned = None
            if display.composition is not None:
                planned = composition.plan(display.composition, display, info)
                info = reading.sketch(planned.frame)
            asked = planned.frame if planned else display.frame
            north: tuple[float, bool] | None = None
            if display.north_up or display.sky is not None:
                info = reading.info(asked)
                north = self._stages.north(info) if display.north_up else None
                display = self._stages.match(display, info)
            viewport = Viewport.of(
                display, info.shape, info.origin, area.width, area.height, area.pixel_aspect,
                *(north or ()),
            )  # fmt: skip
            shot = _Shot(reading, info, display, planned)
            content = self._content(shot, viewport.box_and_size())
            watch.check()
            annotations = annotating.annotations_of(request.overlay)
            if with_info or (annotations is not None and annotations.sky):
                reading.info(asked)
            small, lacks = self._overview(shot, annotations, viewport)
            notes = _notes(shot)
            watch.check()
        known = reading.known_info(asked)
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
        with self._reader.read(item, watch) as reading:
            return reading.info(frame)

    def inspect(
        self, item: Item, frame: str | None, job: Callable[[Image, Frame], T], watch: Watch
    ) -> T:
        """Run a small job with an open image and one frame of it."""
        with (
            self._reader.read(item, watch, hurry=lambda: True) as reading,
            self._meter.timing("inspect"),
        ):
            return job(reading.image, reading.frame(frame))

    def _content(self, shot: _Shot, cutout: Cutout) -> Composed:
        """The pixels of a cutout, and the limits to show them between."""
        from tuiview.loading.composition import Composed, Parts, composed

        reading, composition = shot.reading, shot.display.composition
        if composition is None or shot.plan is None or not shot.plan.frames:
            reduced = reading.reduced(shot.info, cutout)
            reading.watch.check()
            limits, sample, rough = _limits(reading, shot.info, shot.display)
            return Composed(reduced, limits, sample, rough=rough)
        interval = shot.display.interval
        parts = Parts(
            reduced=lambda name: _channel(shot, name, cutout),
            sample=lambda name: reading.samples(name).values,
            limits=lambda name: reading.interval(name, interval, never)[0],
            together=reading.together,
        )
        return composed(composition, shot.plan, shot.display, parts)

    def _overview(
        self, shot: _Shot, annotations: Annotations | None, viewport: Viewport
    ) -> tuple[Reduced | None, tuple[str, ...]]:
        """The pixels of the mini-map if there is to be one, and what is left out for now."""
        if annotations is None or not annotations.minimap or viewport.fits:
            return None, ()
        from tuiview.imaging.annotate import overview
        from tuiview.loading.annotating import worth_a_map

        cutout = overview(viewport).box_and_size()
        at_hand = worth_a_map(shot.info) or shot.reading.is_reduced(shot.info, cutout)
        if not (at_hand or annotations.whole):
            return None, ("map",)
        return self._content(shot, cutout).reduced, ()


class _Shot(Struct, frozen=True):
    """What one request shows of an open image.

    Attributes:
        reading: The item.
        info: Of the frame whose geometry counts.
        display: How it is shown.
        plan: Which frames are put together; None shows the frame alone.
    """

    reading: Reading
    info: ImageInfo
    display: Display
    plan: Plan | None


def _limits(
    reading: Reading, info: ImageInfo, display: Display
) -> tuple[Limits | None, NDArray[np.float64] | None, bool]:
    """The limits to use, where the stretch needs it a sample, and whether they are rough."""
    if as_they_are(info, display):
        return None, None, False
    sample = None
    if display.stretch == "histeq":
        sample = reading.samples(info.frame).values
    if display.limits is not None:
        return display.limits, sample, False
    limits, rough = reading.interval(info.frame, display.interval, reading.hurry)
    return limits, sample, rough


def _channel(shot: _Shot, name: str, cutout: Cutout) -> Reduced:
    """One frame of several, blurred here if the picture will have no values to blur."""
    reduced = shot.reading.reduced(shot.reading.sketch(name), cutout)
    shot.reading.watch.check()
    colored = shot.display.composition is not None and shot.display.composition.colored
    return _blurred(reduced, cutout, shot.display.blur) if colored else reduced


def _notes(shot: _Shot) -> tuple[str, ...]:
    """What is not as it was asked for, in words for the picture."""
    if shot.plan is None:
        return ()
    from tuiview.loading.composition import uneven

    names = [name for name in shot.plan.frames if name is not None]
    return shot.plan.notes + uneven([shot.reading.sketch(name) for name in names])


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
