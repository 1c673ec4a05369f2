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

    What takes a while to find out (world coordinates, the whole of a large image) is added when the
    reviewer rests on an item, and is there at once when it is shown again.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rested: set[str] = set()
        self.shown = True

    def elements(self, item: Item, area: Area) -> tuple[Annotations, ...]:
        """What an item's overlay has of it."""
        if not self.shown or area.width < _LEAST[0] or area.height < _LEAST[1]:
            return ()
        return (Annotations(rested=item.key in self._rested),)

    def toggle(self) -> None:
        """Draw it, or not."""
        self.shown = not self.shown
        self._session.overlay_changed()

    def rest(self, shown: Shown) -> bool:
        """The reviewer rests on a picture that lacks some; returns whether it will be refined.

        Once the header is read, the session is asked to refine the picture.
        """
        if not shown.lacks:
            return False
        session, key = self._session, shown.request.item.key

        def complete() -> None:
            info = session.info
            # A FITS file without a sky still lacks its bar of pixels.
            sky = info is not None and (info.wcs is not None or "FITS" in info.kind)
            if sky or "map" in shown.lacks:
                if len(self._rested) >= _REMEMBERED:
                    self._rested.clear()
                self._rested.add(key)
            session.refine()

        if "sky" in shown.lacks:
            session.when_info(complete)
        else:
            complete()
        return True
