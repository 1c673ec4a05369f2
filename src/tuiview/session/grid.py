"""The grid: many items side by side, or the frames of one in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tuiview.loading.request import Sheet, Tile

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.graphics.payload import Area
    from tuiview.imaging.sheet import Layout
    from tuiview.review.model import ItemState
    from tuiview.session.session import Session

Of = Literal["items", "frames"]

FEWEST, MOST = 2, 12
"""Columns of a grid."""
_FAVOURITE = 0xFFD75F
_UNSURE = 0xFFAF5F
_REVIEWED = 0x808080
_OTHER = 0xBCBCBC


class Grid:
    """Whether the pane shows one picture or a sheet of them, and of how many.

    Items are shown page by page, so that a picture stays where it is while the cursor moves over
    the page. Frames are shown with the same display, zoom and centre.

    Args:
        session: The review.

    Attributes:
        of: What is shown side by side; None while the pane shows one picture.
        columns: How many across.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.of: Of | None = None
        self.columns = max(FEWEST, min(MOST, session.settings.grid_columns))
        self._layout: Layout | None = None

    def show(self, of: Of | None) -> None:
        """Show a grid of items or of frames, or one picture."""
        if of != self.of:
            self.of = of
            self._session.viewer.laid_anew()

    def resize(self, step: int) -> None:
        """More columns, or fewer."""
        columns = max(FEWEST, min(MOST, self.columns + step))
        if columns != self.columns:
            self.columns = columns
            self._session.viewer.laid_anew()

    def move_rows(self, by: int) -> bool:
        """Go to the item so many rows below (or above); returns whether the cursor moved."""
        session = self._session
        there = session.position + by * (self._layout.columns if self._layout else 1)
        return 0 <= there < session.count and session.go_to(there)

    def move_pages(self, by: int) -> bool:
        """Go to the same place on another page; returns whether the cursor moved."""
        return self._session.move(by * (self._layout.count if self._layout else 1))

    def sheet(self, item: Item, area: Area) -> Sheet | None:
        """What the pane shows in the place of the current item's picture."""
        if self.of is None:
            return None
        if self.of == "frames":
            return Sheet(self.columns, missing=self._missing)
        from tuiview.imaging.sheet import Layout

        self._layout = Layout.holding(
            self._session.count, area.width, area.height, self.columns, area.pixel_aspect
        )
        return self._page(self._session.position // self._layout.count, self._layout)

    def ahead(self, area: Area) -> list[tuple[Item, Sheet]]:
        """The pages that are likely to be wanted next, with the first item of each."""
        if self.of != "items" or self._layout is None:
            return []
        count = self._layout.count
        here, found = self._session.position // count, []
        for page in (here + 1, here - 1):
            first = self._session.peek(page * count) if page >= 0 else None
            if first is not None:
                found.append((first, self._page(page, self._layout)))
        return found

    def _page(self, page: int, layout: Layout) -> Sheet:
        session, count = self._session, layout.count
        positions = range(page * count, min((page + 1) * count, session.count))
        items = [session.peek(position) for position in positions]
        if any(item is None or session.store.peek(item.key) is None for item in items):
            session.sight.want(positions, "grid")
        tiles = tuple(None if item is None else self._tile(item) for item in items)
        selected = session.position - positions.start
        selected = selected if 0 <= selected < count else 0
        return Sheet(layout.columns, layout.rows, tiles, selected, self._missing)

    @property
    def _missing(self) -> str:
        """What stands in the place of a picture that cannot be shown; empty for why."""
        return "cannot be shown" if self._session.settings.blind else ""

    def _tile(self, item: Item) -> Tile:
        session = self._session
        state = session.store.peek(item.key)
        display = session.look.of(item.key)
        marks = session.marking.shapes(state, display.leading, current=False)
        return Tile(item, display, marks, item.name, self._colors(state))

    def _colors(self, state: ItemState | None) -> tuple[int, ...]:
        """What is said of an item as colours: its categories, favourite, unsure; or reviewed."""
        if state is None:
            return ()
        known = {c.name: int(c.color[1:], 16) for c in self._session.settings.categories}
        colors = [color for name, color in known.items() if name in state.categories]
        if state.categories - known.keys():
            colors.append(_OTHER)
        if state.favourite:
            colors.append(_FAVOURITE)
        if state.unsure:
            colors.append(_UNSURE)
        return tuple(colors) or ((_REVIEWED,) if state.decided else ())
