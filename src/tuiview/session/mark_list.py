"""The marks of the frame that is shown as lines: where they are, and what is there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tuiview.errors import TuiviewError
from tuiview.session.changes import Change

if TYPE_CHECKING:
    from tuiview.imaging.frame import Frame
    from tuiview.review.model import Mark
    from tuiview.session.session import Session

_KEPT = 20_000
_LONGEST = 24
Pixel = tuple[int, int]


class MarkValuesRead(Change, frozen=True):
    """The values under marks in sight were read."""


class MarkLine(Struct, frozen=True):
    """A mark in words.

    Attributes:
        number: From 1, in the order of making.
        group, label: As they stand.
        x, y: Pixels, counted as in the read-out.
        lon, lat: On the sky as the read-out has it; empty without a sky.
        value: Of the pixel; empty while it is being read.
    """

    number: int
    group: str
    label: str
    x: str
    y: str
    lon: str
    lat: str
    value: str


class MarkList:
    """The marks of the frame that is shown; only the lines in sight are ever worked out.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: tuple[str, str] = ("", "")
        self._values: dict[Pixel, str] = {}
        self._asked: frozenset[Pixel] = frozenset()

    def lines(self, marks: Sequence[Mark], first: int, last: int) -> list[MarkLine]:
        """The lines of `marks[first:last]`; asks for the values that are not known yet."""
        session = self._session
        if session.item is None or session.viewer.shown is None:
            return []
        here = (session.item.key, session.viewer.shown.info.frame)
        if here != self._of:
            self._of, self._values, self._asked = here, {}, frozenset()
        first_pixel = session.coordinates.first
        pixels = [(m, _pixel(m)) for m in marks[first:last]]
        self._ask(frozenset(pixel for _, pixel in pixels if pixel not in self._values))
        return [
            MarkLine(
                number, mark.group, mark.label,
                f"{mark.x + first_pixel:.2f}", f"{mark.y + first_pixel:.2f}",
                *self._sky(mark), self._values.get(pixel, ""),
            )
            for number, (mark, pixel) in enumerate(pixels, first + 1)
        ]  # fmt: skip

    def forget(self) -> None:
        """The item was read again: its values may be others."""
        self._of = ("", "")

    def _sky(self, mark: Mark) -> tuple[str, str]:
        coordinates = self._session.coordinates
        if mark.ra is None or mark.dec is None or not coordinates.on_sky:
            return "", ""
        return coordinates.angles(mark.ra, mark.dec)

    def _ask(self, wanted: frozenset[Pixel]) -> None:
        session = self._session
        if not wanted or wanted <= self._asked:
            return
        self._asked = wanted
        here = self._of

        def read(frame: Frame) -> dict[Pixel, str]:
            return {at: value_at(frame, *at) for at in wanted}

        def done(found: dict[Pixel, str] | TuiviewError) -> None:
            if not isinstance(found, TuiviewError):
                session.later(lambda: take(found))

        def take(found: dict[Pixel, str]) -> None:
            if self._of == here:
                if len(self._values) > _KEPT:
                    self._values.clear()
                self._values |= found
                session.notify(MarkValuesRead())

        session.viewer.inspect(read, done, "mark values")


def value_at(frame: Frame, column: int, row: int) -> str:
    """The value of a pixel in the native type, without its unit; empty outside the image."""
    ny, nx = frame.shape
    if not (0 <= column < nx and 0 <= row < ny):
        return ""
    pixel = frame.read(column, row, column + 1, row + 1)[0, 0]
    return " ".join(str(v) for v in pixel.reshape(-1))[:_LONGEST]


def _pixel(mark: Mark) -> Pixel:
    return math.floor(mark.x + 0.5), math.floor(mark.y + 0.5)
