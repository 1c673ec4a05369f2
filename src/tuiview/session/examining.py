"""Examining: IRAF's imexamine by letters, at the crosshair or in the middle of the view."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from tuiview.errors import TuiviewError, UsageError
from tuiview.imaging.overlay import Cross, Line, Shape
from tuiview.session.changes import Change, Noticed

if TYPE_CHECKING:
    from tuiview.imaging.frame import Frame, Image
    from tuiview.picture import Picture
    from tuiview.session.session import Session

_BOX = 10.0
"""Half the side of the box of statistics, in image pixels."""
_COLOR = 0xFFAF5F


class Measured(Protocol):
    """A result of `imaging.measure` and its neighbours."""

    def lines(self) -> list[str]:
        """For reading."""
        ...


class Place(Struct, frozen=True):
    """Where and on what one examines.

    Attributes:
        x, y: 0-based position of native pixel centres.
        limits: The limits that are shown, or None.
        start: The first of two positions.
    """

    x: float
    y: float
    limits: tuple[float, float] | None
    start: tuple[float, float] | None = None


Measure = Callable[["Image", "Frame", Place], Measured]


class Examination(Struct, frozen=True):
    """One letter of imexamine.

    Attributes:
        key: The letter.
        short: What it measures, in a word.
        name: The same in full.
        measure: Measures; runs on a loader thread.
        plotted: Whether its result is drawn.
        between: Whether it takes two positions: the letter sets the first, and again the second.
    """

    key: str
    short: str
    name: str
    measure: Measure
    plotted: bool = True
    between: bool = False


class Examined(Change, frozen=True):
    """A measurement is done.

    Attributes:
        name: Which measurement.
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

    x, y = math.floor(place.x + 0.5), math.floor(place.y + 0.5)
    return statistics(stamp(frame, x, y, _BOX).data)


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


def _line_fit(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.linefit import line_fit

    return line_fit(frame, place.x, place.y)


def _column_fit(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.linefit import column_fit

    return column_fit(frame, place.x, place.y)


def _profile(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.cuts import profile

    return profile(frame, *(place.start or (place.x, place.y)), place.x, place.y)


def _surface(image: Image, frame: Frame, place: Place) -> Measured:
    from tuiview.imaging.surface import surface

    return surface(frame, place.x, place.y)


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

    frames = [other for other in image.frames if other.stack == frame.stack]
    if len(frames) < 2:
        frames = list(image.frames)  # bands, each with an extension of its own
    names = [f.name for f in frames]
    if len(frames) < 2:
        raise UsageError("this image has one plane", "a spectrum needs a cube")
    axis = frame.stack_axis()
    return spectrum(
        frames,
        place.x,
        place.y,
        axis=axis.values if axis is not None else None,
        label=axis.label if axis is not None else "plane",
        current=names.index(frame.name),
    )


EXAMINATIONS = (
    Examination("x", "value", "value at the crosshair", _value, plotted=False),
    Examination("m", "stats", "statistics in a box of 21 pixels", _statistics, plotted=False),
    Examination("r", "radial", "radial profile with FWHM", _radial),
    Examination("a", "phot", "aperture photometry", _photometry, plotted=False),
    Examination("l", "line", "line cut", _line),
    Examination("c", "col", "column cut", _column),
    Examination("j", "fit l", "Gaussian fitted to the line", _line_fit),
    Examination("k", "fit c", "Gaussian fitted to the column", _column_fit),
    Examination("v", "vector", "profile along a line: here, and v again at its end", _profile,
                between=True),
    Examination("h", "hist", "histogram with the limits", _histogram),
    Examination("e", "cont", "contours", _contours),
    Examination("s", "surf", "surface plot", _surface),
    Examination("z", "pix", "pixel table", _pixels),
    Examination("t", "spectrum", "spectrum through the planes", _spectrum),
)  # fmt: skip
"""IRAF's letters; `t` alone is tuiview's own."""


class Examining:
    """Measures at a position of the current item and keeps the results in the log.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._start: tuple[str, str, float, float] | None = None
        self._lent = False
        self.last: tuple[str, ...] = ()

    def enter(self) -> bool:
        """Show the crosshair at which letters measure; False while there is no picture."""
        if self.place is None:
            return False
        if not self._session.marking.active:
            self._lent = self._session.marking.enter()
        return True

    def leave(self) -> None:
        """Hide the crosshair unless it was there before."""
        self._start = None
        if self._lent:
            self._lent = False
            self._session.marking.leave()
        else:
            self._session.viewer.redraw()

    @property
    def place(self) -> Place | None:
        """The crosshair, or the middle of the view; None while there is no picture."""
        session = self._session
        if session.viewer.viewport is None or session.viewer.shown is None:
            return None
        x, y = session.marking.position or session.viewer.viewport.center
        return Place(x, y, session.viewer.shown.limits, self._first)

    @property
    def _here(self) -> tuple[str, str]:
        """The item and the frame that are shown."""
        session = self._session
        item, shown = session.item, session.viewer.shown
        return (item.key if item else "", shown.info.frame if shown else "")

    @property
    def _first(self) -> tuple[float, float] | None:
        """The first of two positions, if it was set on this frame."""
        start = self._start
        return start[2:] if start is not None and start[:2] == self._here else None

    def shapes(self, current: bool) -> tuple[Shape, ...]:
        """The line whose second end is still to be set, on the current item."""
        first, position = self._first, self._session.marking.position
        if not current or first is None or position is None:
            return ()
        return (
            Cross(*first, 9.0, color=_COLOR, unit="screen"),
            Line(*first, *position, color=_COLOR),
        )

    def examine(self, examination: Examination) -> None:
        """Measure; `Examined` brings the result, a notice the reason why there is none."""
        session, place = self._session, self.place
        if place is None or session.item is None or session.viewer.shown is None:
            return
        if examination.between:
            if place.start is None:
                self._start = (*self._here, place.x, place.y)
                words = f"from here: move to the other end and press {examination.key} again"
                session.notify(Noticed(words))
                return
            self._start = None
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
