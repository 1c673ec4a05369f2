"""Examining: IRAF's imexamine by letters, at the crosshair or in the middle of the view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tuiview.errors import TuiviewError, UsageError
from tuiview.session.changes import Change, Noticed

if TYPE_CHECKING:
    from tuiview.imaging.frame import Frame, Image
    from tuiview.picture import Picture
    from tuiview.session.session import Session

_BOX = 10.0
"""Half the side of the box of statistics, in image pixels."""


class Measured(Protocol):
    """A result of `imaging.measure` and its neighbours."""

    def lines(self) -> list[str]:
        """For reading."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where and on what one examines.

    Attributes:
        x, y: 0-based position of native pixel centres.
        limits: The limits that are shown, or None.
    """

    x: float
    y: float
    limits: tuple[float, float] | None


Measure = Callable[["Image", "Frame", Place], Measured]


@dataclass(frozen=True, slots=True)
class Examination:
    """One letter of imexamine.

    Attributes:
        key: The letter.
        name: What it measures, in words.
        measure: Measures; runs on a loader thread.
        plotted: Whether its result is drawn.
    """

    key: str
    name: str
    measure: Measure
    plotted: bool = True


@dataclass(frozen=True, slots=True)
class Examined(Change):
    """A measurement is done.

    Attributes:
        name: Which.
        lines: Its result for reading.
        plot: Its picture for the pane, or None.
    """

    name: str
    lines: tuple[str, ...]
    plot: Picture | None


def _value(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.measure import pixel_table

    return pixel_table(frame, place.x, place.y, 1)


def _statistics(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.measure import stamp, statistics

    return statistics(stamp(frame, place.x, place.y, _BOX).data)


def _radial(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.starfit import radial_profile

    return radial_profile(frame, place.x, place.y)


def _photometry(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.measure import aperture_photometry

    return aperture_photometry(frame, place.x, place.y, recentre=True)


def _line(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.cuts import line_cut

    return line_cut(frame, place.x, place.y)


def _column(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.cuts import column_cut

    return column_cut(frame, place.x, place.y)


def _histogram(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.cuts import histogram

    return histogram(frame.sample(), place.limits, unit=frame.unit)


def _pixels(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.measure import pixel_table

    return pixel_table(frame, place.x, place.y)


def _contours(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.cuts import contours

    return contours(frame, place.x, place.y)


def _spectrum(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.cuts import spectrum

    frames = image.frames
    names = [f.name for f in frames]
    if len(frames) < 2:
        raise UsageError("this image has one plane", "a spectrum needs a cube")
    axis, label = _third_axis(frame, len(frames))
    return spectrum(
        frames, place.x, place.y, axis=axis, label=label, current=names.index(frame.name)
    )


def _third_axis(frame: Frame, count: int) -> tuple[list[float] | None, str]:
    """World values of the planes by the linear terms of axis 3, and what they are."""
    header = {card.key: card.value for card in frame.cards()}
    step = header.get("CDELT3", header.get("CD3_3"))
    start, pixel = header.get("CRVAL3"), header.get("CRPIX3", 1.0)
    numbers = (int, float)
    if header.get("NAXIS3") != count or not (
        isinstance(step, numbers) and isinstance(start, numbers) and isinstance(pixel, numbers)
    ):
        return None, "plane"
    unit = str(header.get("CUNIT3", "")).strip()
    name = str(header.get("CTYPE3", "")).strip() or "axis 3"
    return (
        [start + (n + 1 - pixel) * step for n in range(count)],
        f"{name} / {unit}" if unit else name,
    )


EXAMINATIONS = (
    Examination("x", "value", _value, plotted=False),
    Examination("m", "statistics in a box of 21 pixels", _statistics, plotted=False),
    Examination("r", "radial profile with FWHM", _radial),
    Examination("a", "aperture photometry", _photometry, plotted=False),
    Examination("l", "line cut", _line),
    Examination("c", "column cut", _column),
    Examination("h", "histogram with the limits", _histogram),
    Examination("z", "pixel table", _pixels, plotted=False),
    Examination("e", "contours", _contours),
    Examination("s", "spectrum through the planes", _spectrum),
)


class Examining:
    """Measures at a position of the current item and keeps the results in the log.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.last: tuple[str, ...] = ()

    @property
    def place(self) -> Place | None:
        """The crosshair, or the middle of the view; None while there is no picture."""
        session = self._session
        if session.viewer.viewport is None or session.viewer.shown is None:
            return None
        x, y = session.marking.position or session.viewer.viewport.center
        return Place(x, y, session.viewer.shown.limits)

    def examine(self, examination: Examination) -> None:
        """Measure; `Examined` brings the result, a notice the reason why there is none."""
        session, place = self._session, self.place
        if place is None or session.item is None or session.viewer.shown is None:
            return
        area, key, frame_name = (
            session.viewer.shown.request.area,
            session.item.key,
            session.viewer.shown.info.frame,
        )
        width, height = area.width, area.height

        def job(image: Image, frame: Frame) -> Examined:
            result = examination.measure(image, frame, place)
            plot = None
            if examination.plotted:
                from tuiview.imaging.plots import plot as draw

                plot = draw(result, width, height)  # type: ignore[arg-type]
            return Examined(examination.name, tuple(result.lines()), plot)

        def done(result: Examined | TuiviewError) -> None:
            if isinstance(result, TuiviewError):
                session.notify(Noticed(str(result), "warning"))
            else:
                session.later(lambda: self._keep(result, key, frame_name, place))
                session.notify(result)

        session.loader.study(session.item, frame_name, job, done, "examine")

    def _keep(self, result: Examined, key: str, frame: str, place: Place) -> None:
        self.last = result.lines
        self._session.decisions.measured(
            key, result.name, {"frame": frame, "x": place.x, "y": place.y,
                               "lines": list(result.lines)},
        )  # fmt: skip
