"""The table of marks: one line for each mark of the frame, a cursor that the crosshair follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiview.session.mark_list import MarkLine
from tuiview.text import printable
from tuiview.ui.actions import bindings

Lines = Callable[[int, int], Sequence[MarkLine]]
_OWN_KEYS = {"j", "k", "up", "down", "g", "G", "home", "end", "pageup", "pagedown", "enter", "m",
             "p", "escape", "q"}  # fmt: skip
# Title, width, whether numbers stand to the right.
_COLUMNS = (
    ("#", 6, True), ("group", 14, False), ("x", 9, True), ("y", 9, True), ("RA / lon", 12, False),
    ("Dec / lat", 12, False), ("value", 16, True), ("label", 0, False),
)  # fmt: skip


class MarkTable(ScrollView, can_focus=True):
    """Marks by the line API: a hundred thousand of them cost their visible lines.

    It belongs to mark mode: keys that are not its own put, move and delete marks as there.

    Args:
        run: Does the action of an id.
    """

    COMPONENT_CLASSES = {"mark-table--head", "mark-table--cursor"}

    BINDINGS = [
        Binding("down,j", "step(1)", "next mark", show=False),
        Binding("up,k", "step(-1)", "mark before", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("home,g", "step(-1000000000)", "first mark", show=False),
        Binding("end,G", "step(1000000000)", "last mark", show=False),
        Binding("enter", "leave(False)", "back to the crosshair", show=False),
        Binding("p,q,escape", "leave(True)", "close the list", show=False),
        Binding("m", "run('leave-marking')", "leave mark mode", show=False),
        *(
            b for b in bindings("mark")
            if isinstance(b, Binding) and not _OWN_KEYS & set(b.key.split(","))
        ),
    ]  # fmt: skip

    DEFAULT_CSS = """
    MarkTable { display: none; height: 9; scrollbar-size: 1 1; overflow-x: hidden;
                background: $surface; }
    MarkTable > .mark-table--head { color: $text-secondary; background: $panel; }
    MarkTable > .mark-table--cursor { background: $primary 30%; }
    MarkTable:focus > .mark-table--cursor { background: $primary 70%; text-style: bold; }
    """

    class Chosen(Message):
        """Another line is under the cursor.

        Attributes:
            at: The how many-th mark, from 0.
        """

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    class Left(Message):
        """The keys go back to the crosshair.

        Attributes:
            closed: Whether the list goes away as well.
        """

        def __init__(self, closed: bool) -> None:
            super().__init__()
            self.closed = closed

    def __init__(self, run: Callable[[str], object], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._run = run
        self._lines: Lines = lambda first, last: ()
        self._count = 0
        self._cursor: int | None = None
        self._found: tuple[tuple[int, int], Sequence[MarkLine]] | None = None

    def show(self, lines: Lines, count: int, cursor: int | None) -> None:
        """Show marks.

        Args:
            lines: Gives the lines from one number to another.
            count: How many there are.
            cursor: The one under the crosshair, or None.
        """
        self._lines, self._count, self._found = lines, count, None
        self._cursor = cursor if cursor is not None else self._held(self._cursor)
        self.virtual_size = Size(self.size.width, count + 1)
        if self._cursor is not None:
            top, page = self.scroll_offset.y, self._page
            if not top <= self._cursor < top + page:
                goal = self._cursor if self._cursor < top else self._cursor - page + 1
                self.scroll_to(y=goal, animate=False, immediate=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The head, or a mark."""
        width, base = self.size.width, self.visual_style.rich_style
        if y == 0:
            head = [(title, size, right) for title, size, right in _COLUMNS]
            return _row(head, base + self._style("head"), width)
        at = y - 1 + self.scroll_offset.y
        if not self._count and y == 1:
            return _row([("no marks on this frame", 0, False)], base, width)
        if (line := self._line(at)) is None:
            return Strip.blank(width, base)
        if at == self._cursor:
            base = base + self._style("cursor")
        words = (str(line.number), line.group, line.x, line.y, line.lon, line.lat, line.value,
                 line.label)  # fmt: skip
        cells = [(w, size, right) for w, (_, size, right) in zip(words, _COLUMNS, strict=True)]
        return _row(cells, base, width)

    def _line(self, at: int) -> MarkLine | None:
        """A line in sight; those in sight are worked out together."""
        top = self.scroll_offset.y
        sight = (top, min(self._count, top + self._page))
        if self._found is None or self._found[0] != sight:
            self._found = (sight, self._lines(*sight))
        lines = self._found[1]
        return lines[at - top] if 0 <= at - top < len(lines) else None

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        if self._count:
            goal = (self._cursor if self._cursor is not None else -1 if by > 0 else 0) + by
            self.post_message(self.Chosen(max(0, min(goal, self._count - 1))))

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in sight."""
        self.action_step(pages * self._page)

    def action_leave(self, closed: bool) -> None:
        """Give the keys back to the crosshair."""
        self.post_message(self.Left(closed))

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._run(action_id)

    def _held(self, at: int | None) -> int | None:
        return None if at is None or not self._count else min(at, self._count - 1)

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"mark-table--{part}", partial=True)


def _row(cells: Sequence[tuple[str, int, bool]], style: Style, width: int) -> Strip:
    words = []
    for text, size, right in cells:
        shown = printable(text)
        if size:
            shown = shown[: size - 1] + "…" if len(shown) > size else shown
            shown = shown.rjust(size) if right else shown.ljust(size)
        words.append(shown)
    line = Strip([Segment(" " + "  ".join(words), style)])
    return line.crop_extend(0, width, style)
