"""A bar above the tree: where one is in the whole view, and how much of it is reviewed."""

from __future__ import annotations

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tuiview.text import printable


class Place(Struct, frozen=True):
    """Where one is.

    Attributes:
        position: 0-based, in the view.
        count: Items in the view.
        reviewed: How many of them are reviewed; None where that is not known.
        words: What else is to be said of the whole.
    """

    position: int = 0
    count: int = 0
    reviewed: int | None = None
    words: str = ""

    def cells(self, width: int) -> tuple[int, int]:
        """The cell of a track that the position is in, and how many of its cells are reviewed.

        The first and the last cell stand for the ends alone: what is in either is not far from it.
        All cells are reviewed only when everything is.
        """
        last = max(1, self.count - 1)
        cell = round(self.position * (width - 1) / last)
        if 0 < self.position < last and width > 2:
            cell = min(max(cell, 1), width - 2)
        done = min(self.reviewed or 0, self.count)
        return cell, width * done // max(1, self.count)

    @property
    def share(self) -> str:
        """How far one is, in percent, as `:50%` takes it."""
        if self.count < 2:
            return ""
        tenths = 1000 * self.position // (self.count - 1)
        return f"{tenths / 10:.1f}%" if 0 < tenths < 1000 else f"{tenths // 10}%"


class PlaceBar(Widget):
    """A track with a thumb at the place, coloured as far as the review has come; and words."""

    COMPONENT_CLASSES = {
        "place-bar--thumb", "place-bar--reviewed", "place-bar--track", "place-bar--words",
    }  # fmt: skip

    DEFAULT_CSS = """
    PlaceBar { height: 2; background: $surface; }
    PlaceBar > .place-bar--thumb { color: $primary; text-style: bold; }
    PlaceBar > .place-bar--reviewed { color: $success; }
    PlaceBar > .place-bar--track { color: $text-muted; }
    PlaceBar > .place-bar--words { color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._place = Place()

    def show(self, place: Place) -> None:
        """Show a place; repaints only if it differs from what is shown."""
        if place != self._place:
            self._place = place
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The track, or the words below it."""
        base, width = self.visual_style.rich_style, self.size.width
        if y:
            words = [Segment(printable(self._place.words), base + self._part("words"))]
            return Strip(words).adjust_cell_length(width, base)
        share = f" {self._place.share:>6}"
        length = max(3, width - len(share))
        at, done = self._place.cells(length)
        if not self._place.count:
            return Strip.blank(width, base)
        reviewed, track = base + self._part("reviewed"), base + self._part("track")
        cells = [("━", reviewed) if cell < done else ("─", track) for cell in range(length)]
        cells[at] = ("█", base + self._part("thumb"))
        segments = [Segment(text, style) for text, style in cells]
        segments.append(Segment(share, base + self._part("words")))
        return Strip(segments).simplify().adjust_cell_length(width, base)

    def _part(self, part: str) -> Style:
        return self.get_component_rich_style(f"place-bar--{part}", partial=True)
