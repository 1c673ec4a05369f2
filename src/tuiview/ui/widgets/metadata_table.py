"""The metadata table: what is known of the item, from its path to the last header card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
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

    What is longer than a line goes on in the next. It scrolls and can be searched; what is found is
    lit and scrolled to.
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
    ]

    DEFAULT_CSS = """
    MetadataTable { scrollbar-size: 1 1; overflow-x: hidden; background: $surface; }
    MetadataTable:focus { background-tint: $foreground 4%; }
    MetadataTable > .metadata-table--key { color: $text-secondary; }
    MetadataTable > .metadata-table--heading { color: $text-accent; text-style: bold; }
    MetadataTable > .metadata-table--comment { text-style: dim; }
    MetadataTable > .metadata-table--found { background: $warning 40%; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._lines: list[tuple[int, int, int]] = []
        """Row, and start and end of the piece of its value and comment, of each line."""
        self._key_width = 10
        self._laid_for = 0
        self._found: int | None = None

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows from the top, or from where one was if the keys are the same."""
        same_keys = [r[0] for r in rows] == [r[0] for r in self._rows]
        self._rows = [(printable(key), printable(value), printable(c)) for key, value, c in rows]
        self._found = None
        self._key_width = min(24, max((len(key) for key, value, _ in rows if value), default=8))
        self._lay()
        if not same_keys:
            self.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Break the lines for another width."""
        if self.scrollable_content_region.width != self._laid_for:
            self._lay()

    def search(self, text: str) -> bool:
        """Light the next row that contains `text`, going round; returns whether there is one."""
        needle = text.lower()
        start = -1 if self._found is None else self._found
        for n in range(1, len(self._rows) + 1):
            at = (start + n) % len(self._rows)
            if any(needle in part.lower() for part in self._rows[at]):
                self._found = at
                line = next(n for n, (row, _, _) in enumerate(self._lines) if row == at)
                self.scroll_to(y=max(0, line - self.size.height // 2), animate=False)
                self.refresh()
                return True
        return False

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        number = y + self.scroll_offset.y
        base = self.visual_style.rich_style
        width = self.size.width
        if number >= len(self._lines):
            return Strip.blank(width, base)
        at, start, stop = self._lines[number]
        key, value, comment = self._rows[at]
        if at == self._found:
            base = base + self._style("found")
        if not value:
            segments = [Segment(key, base + self._style("heading"))]
        else:
            key = "" if start else key
            middle = min(max(start, len(value)), stop)
            words = _words(value, comment)
            segments = [
                Segment(key.ljust(self._key_width)[: self._key_width], base + self._style("key")),
                Segment(" " + words[start:middle], base),
                Segment(words[middle:stop], base + self._style("comment")),
            ]
        return Strip(segments).adjust_cell_length(width, base)

    def _lay(self) -> None:
        """Break what is too long for a line."""
        self._laid_for = self.scrollable_content_region.width
        room = max(8, self._laid_for - self._key_width - 1)
        self._lines = []
        for at, (_, value, comment) in enumerate(self._rows):
            pieces = _pieces(_words(value, comment), room) if value else [(0, 0)]
            self._lines += [(at, start, stop) for start, stop in pieces]
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.refresh()

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"metadata-table--{part}", partial=True)


def _words(value: str, comment: str) -> str:
    return f"{value}  {comment}" if comment else value


def _pieces(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Start and end of the pieces of a text that fit into a line, broken between words."""
    if cell_len(text) > len(text):
        room = max(1, room // 2)
    start = 0
    while len(text) - start > room:
        stop = text.rfind(" ", start + 1, start + room + 1)
        stop = start + room if stop < 0 else stop
        yield start, stop
        start = stop
        while start < len(text) and text[start] == " ":
            start += 1
    yield start, len(text)
