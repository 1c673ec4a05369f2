"""What lies over a widget: the cells of the screen that others are drawn on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.geometry import Region
from textual.widget import Widget


def in_front(widget: Widget) -> Iterator[Region]:
    """The regions of all widgets that are drawn over `widget`, on its screen and those above."""
    stack = widget.app.screen_stack
    if widget.screen not in stack:
        yield widget.region
        return
    for screen in stack[stack.index(widget.screen) + 1 :]:
        if screen.styles.background.a >= 1:
            yield widget.region
        for other, (region, clip) in screen._compositor.visible_widgets.items():
            if other is not screen:
                yield region.intersection(clip)
    for other, (region, clip) in widget.screen._compositor.visible_widgets.items():
        if other is widget:
            return
        yield region.intersection(clip)


class Mask:
    """A set of cells, one row of bits for each row of the screen."""

    def __init__(self, regions: Iterable[Region] = ()) -> None:
        self._rows: dict[int, int] = {}
        for region in regions:
            bits = ((1 << region.width) - 1) << region.x
            for y in region.line_range:
                self._rows[y] = self._rows.get(y, 0) | bits

    def add(self, other: Mask) -> None:
        """Take the cells of `other` in."""
        for y, bits in other._rows.items():
            self._rows[y] = self._rows.get(y, 0) | bits

    def exceeds(self, other: Mask) -> bool:
        """Whether any cell of this set is not in `other`."""
        return any(bits & ~other._rows.get(y, 0) for y, bits in self._rows.items())

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._rows.values())


class Cover:
    """Follows what is drawn over a picture that text destroys.

    Args:
        pane: The widget that shows the picture.
    """

    def __init__(self, pane: Widget) -> None:
        self._pane = pane
        self._destroyed = Mask()

    def over(self, place: Region) -> Mask:
        """The cells of `place` that other widgets are drawn on now."""
        return Mask(filter(None, map(place.intersection, in_front(self._pane))))

    def drawn(self, covered: Mask) -> None:
        """Note that the picture was drawn anew, and `covered` over it."""
        self._destroyed = covered

    def bare(self, covered: Mask) -> bool:
        """Whether cells that were drawn over lie open now: the picture has to be drawn again."""
        if self._destroyed.exceeds(covered):
            self._destroyed = covered
            return True
        self._destroyed.add(covered)
        return False
