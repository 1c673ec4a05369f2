"""Copying: the position of the crosshair in the form in which another program wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tuiview.errors import UsageError
from tuiview.settings import COORDINATES

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from tuiview.collection.base import Item
    from tuiview.imaging.wcs import System
    from tuiview.session.session import Session

FORMS = {
    "pixel": "X,Y in pixels, the first is 0,0",
    "fits": "X,Y in pixels, the first is 1,1",
    "sexagesimal": "RA Dec in hours and degrees",
    "degrees": "RA Dec in degrees",
    "galactic": "l b in degrees",
    "ecliptic": "lon lat in degrees",
    "region": "a line of a DS9 region file",
    "key": "the item's key",
}
"""The forms, and what each is."""


class Copying:
    """What there is to copy of the current item.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._own = ""

    @property
    def form(self) -> str:
        """The form in which one copies: the one that was chosen, else the read-out's."""
        return self._own or self._session.coordinates.form

    def choose(self, form: str) -> None:
        """Copy in a form from now on; one in which positions read is the read-out's as well."""
        if form in COORDINATES:
            self._session.coordinates.choose(form)
        self._own = "" if form in COORDINATES else form

    def copy(self, form: str, take: Callable[[str], object]) -> None:
        """Hand the position in a form to `take`, once the header is read.

        Without a form it is `form`: pixels where there is no sky, and the item's key where there
        is no crosshair.

        Raises:
            UsageError: There is no such form, or the image has no sky.
        """
        session = self._session
        if form and form not in FORMS:
            raise UsageError(f"no form is called {form}", ", ".join(FORMS))
        if session.item is None:
            return
        if form == "key" or (not form and session.marking.position is None):
            take(self._key(session.item))
        elif session.viewer.shown is not None:
            session.viewer.when_info(lambda: take(self.words(form or self._current())))

    def choices(self) -> list[tuple[str, str]]:
        """The forms that the current item has, each with what it reads now."""
        found = []
        for form in FORMS:
            try:
                found.append((form, self.words(form)))
            except UsageError:
                continue
        return found

    def words(self, form: str) -> str:
        """The crosshair's position (else the middle of the view) in a form.

        Raises:
            UsageError: There is no picture, or it has no sky.
        """
        session = self._session
        place = session.examining.place
        if session.item is None or place is None:
            raise UsageError("there is no picture yet")
        if form == "key":
            return self._key(session.item)
        x, y = place.x, place.y
        if form in ("pixel", "fits"):
            first = 1 if form == "fits" else 0
            return f"{x + first:.3f},{y + first:.3f}"
        wcs = self._wcs
        if form == "region":
            from tuiview.exchange.regionmarks import point_region

            mark = next((m for m in session.marking.marks() if (m.x, m.y) == (x, y)), None)
            groups = {g.name: g for g in session.marking.groups}
            at = f"image;point({x + 1:.3f},{y + 1:.3f})"
            if wcs is not None and session.coordinates.on_sky:
                at = "icrs;point({},{})".format(*self._sky("degrees", x, y))
            group = groups.get(mark.group) if mark is not None else session.marking.groups[0]
            return point_region(at, group, mark.label if mark is not None else "")
        if session.veil is not None:
            session.veil.refuse_sky()
        if wcs is None:
            raise UsageError("this image has no world coordinates", ":copy pixel")
        return " ".join(self._sky(form, x, y))

    def _sky(self, form: str, x: float, y: float) -> tuple[str, str]:
        """Two numbers to a hundredth of an arcsecond at least."""
        from tuiview.imaging.wcs import convert, sexagesimal, sky

        assert self._wcs is not None
        ra, dec = sky(self._wcs, x, y)
        if form == "sexagesimal":
            return sexagesimal(ra, dec, digits=3)
        system: System = "icrs"
        if form in ("galactic", "ecliptic"):
            system = "galactic" if form == "galactic" else "ecliptic"
        lon, lat = convert(ra, dec, system)
        return f"{lon:.7f}", f"{lat:+.7f}"

    def _key(self, item: Item) -> str:
        if self._session.veil is not None:
            self._session.veil.refuse_names()
        return item.own_key

    def _current(self) -> str:
        coordinates = self._session.coordinates
        if self.form in COORDINATES and (self._wcs is None or not coordinates.on_sky):
            return "fits" if coordinates.first else "pixel"
        return self.form

    @property
    def _wcs(self) -> WCS | None:
        info = self._session.viewer.info
        return info.wcs if info is not None else None
