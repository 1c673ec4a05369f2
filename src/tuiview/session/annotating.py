"""Annotating: scale bar, compass and mini-map over the pictures of a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiview.imaging.annotate import Annotations

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.graphics.payload import Area
    from tuiview.loading.request import Shown
    from tuiview.session.session import Session

_LEAST = (240, 160)
"""Pixels of a pane below which letters and arrows would hide the picture."""
_REMEMBERED = 10_000


class Annotating:
    """What explains the pictures, on or off.

    World coordinates bring astropy with them, so they are read when the reviewer first rests on an
    item, and from then on with every picture. A large image is read for its mini-map when the
    reviewer rests on it.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sky = False
        self._whole: set[str] = set()
        self.shown = True

    def elements(self, item: Item, area: Area) -> tuple[Annotations, ...]:
        """What an item's overlay has of it."""
        if not self.shown or area.width < _LEAST[0] or area.height < _LEAST[1]:
            return ()
        return (Annotations(sky=self._sky, whole=item.key in self._whole),)

    def toggle(self) -> None:
        """Draw it, or not."""
        self.shown = not self.shown
        self._session.viewer.overlay_changed()

    def rest(self, shown: Shown) -> bool:
        """The reviewer rests on a picture; returns whether it lacks something.

        Then the session is asked to refine it, once the header is read.
        """
        if not shown.lacks:
            return False
        session = self._session
        if "map" in shown.lacks:
            if len(self._whole) >= _REMEMBERED:
                self._whole.clear()
            self._whole.add(shown.request.item.key)

        def complete() -> None:
            info = session.viewer.info
            # A FITS file without a sky still lacks its bar of pixels.
            if info is not None and (info.wcs is not None or "FITS" in info.kind):
                self._sky = True
            session.viewer.refine()

        if "sky" in shown.lacks:
            session.viewer.when_info(complete)
        else:
            complete()
        return True
