"""The metadata table: what is known of the item, from its path to the last header card."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiview.text import printable

Row = tuple[str, str, str]
"""Key, value, comment; a row with an empty value is a heading."""


class MetadataTable(ScrollView, can_focus=True):
    """Rows of key and value by the line API: a header of a thousand cards costs its visible lines.

    It scrolls and can be searched; what is found is lit and scrolled to.
    """

    COMPONENT_CLASSES = {
        "metadata-table--key", "metadata-table--heading", "metadata-table--comment",
        "metadata-table--found",
    }  # fmt: skip

    BINDINGS = [
        Binding("up", "scroll_up", "up", show=False),
        Binding("down", "scroll_down", "down", show=False),
        Binding("pageup", "page_up", "page up", show=False),
        Binding("pagedown", "page_down", "page down", show=False),
        Binding("home", "scroll_home", "top", show=False),
        Binding("end", "scroll_end", "end", show=False),
        Binding("left", "scroll_left", "left", show=False),
        Binding("right", "scroll_right", "right", show=False),
    ]

    DEFAULT_CSS = """
    MetadataTable { scrollbar-size: 1 1; overflow-x: hidden; background: $surface; }
    MetadataTable:focus { background-tint: $foreground 4%; }
    MetadataTable > .metadata-table--key { color: $text-secondary; }
    MetadataTable > .metadata-table--heading { color: $text-accent; text-style: bold; }
    MetadataTable > .metadata-table--comment { color: $text-muted; }
    MetadataTable > .metadata-table--found { background: $warning 40%; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._key_width = 10
        self._found: int | None = None

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows from the top, or from where one was if the keys are the same."""
        same_keys = [r[0] for r in rows] == [r[0] for r in self._rows]
        self._rows = rows
        self._found = None
        self._key_width = min(24, max((len(key) for key, value, _ in rows if value), default=8))
        width = max((len(k) + len(v) + len(c) + 4 for k, v, c in rows), default=0)
        self.virtual_size = Size(min(width, 400), len(rows))
        if not same_keys:
            self.scroll_home(animate=False)
        self.refresh()

    def search(self, text: str) -> bool:
        """Light the next row that contains `text`, going round; returns whether there is one."""
        needle = text.lower()
        start = -1 if self._found is None else self._found
        for n in range(1, len(self._rows) + 1):
            at = (start + n) % len(self._rows)
            if any(needle in part.lower() for part in self._rows[at]):
                self._found = at
                self.scroll_to(y=max(0, at - self.size.height // 2), animate=False)
                self.refresh()
                return True
        return False

    def render_line(self, y: int) -> Strip:
        """One visible row."""
        scroll_x, scroll_y = self.scroll_offset
        at = y + scroll_y
        base = self.rich_style
        width = self.size.width
        if at >= len(self._rows):
            return Strip.blank(width, base)
        key, value, comment = map(printable, self._rows[at])
        if at == self._found:
            base = base + self._style("found")
        if not value:
            segments = [Segment(key, base + self._style("heading"))]
        else:
            segments = [
                Segment(key.ljust(self._key_width)[: self._key_width], base + self._style("key")),
                Segment(" " + value, base),
            ]
            if comment:
                segments.append(Segment("  " + comment, base + self._style("comment")))
        return Strip(segments).crop_extend(scroll_x, scroll_x + width, base)

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"metadata-table--{part}", partial=True)
