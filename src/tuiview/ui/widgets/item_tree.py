"""The tree of folders and items: the line API over an outline, fast at a million entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiview.collection.outline import Line, Outline
from tuiview.text import printable

Badges = tuple[tuple[str, str], ...]
"""What stands before an item's name: characters, each with a colour or an empty string."""


class ItemTree(ScrollView, can_focus=True):
    """Groups and items of an outline; only visible lines exist.

    Args:
        badges: Tells what stands before the name of the item at a position; None while unknown.
    """

    COMPONENT_CLASSES = {"item-tree--cursor", "item-tree--group", "item-tree--count"}

    BINDINGS = [
        Binding("left", "fold", "fold the group", id="tree-fold", show=False),
        Binding("right", "unfold", "unfold the group", id="tree-unfold", show=False),
        Binding("ctrl+left", "fold_all", "fold all groups", id="tree-fold-all", show=False),
        Binding("ctrl+right", "unfold_all", "unfold all groups", id="tree-unfold-all", show=False),
    ]

    DEFAULT_CSS = """
    ItemTree { scrollbar-size: 1 1; overflow-x: hidden; background: $surface; }
    ItemTree:focus { background-tint: $foreground 4%; }
    ItemTree > .item-tree--cursor { background: $primary-muted; color: $text; text-style: bold; }
    ItemTree:focus > .item-tree--cursor { background: $primary; }
    ItemTree > .item-tree--group { color: $text-accent; }
    ItemTree > .item-tree--count { text-style: dim; }
    """

    @dataclass
    class Chosen(Message):
        """The reviewer chose an item."""

        position: int

    @dataclass
    class InSight(Message):
        """Lines came into sight: their positions may want to be loaded."""

        first: int
        last: int

        def can_replace(self, message: Message) -> bool:
            """Only the newest range matters."""
            return isinstance(message, ItemTree.InSight)

    def __init__(
        self, outline: Outline, badges: Callable[[int], Badges | None], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._outline = outline
        self._badges = badges
        self._cursor = 0

    def use(self, outline: Outline, position: int) -> None:
        """Show another outline."""
        self._outline = outline
        self.grown()
        self.move_to(position)

    def grown(self) -> None:
        """The outline may have more lines."""
        self._outline.refresh()
        self.virtual_size = Size(self.size.width, len(self._outline))
        self._cursor = min(self._cursor, max(0, len(self._outline) - 1))
        self.refresh()
        self._tell_sight()

    def move_to(self, position: int) -> None:
        """Put the cursor on an item; unfolds what hides it, scrolls only if it must."""
        if not len(self._outline):
            return
        lines = len(self._outline)
        line = self._outline.reveal(position)
        if len(self._outline) != lines:
            self.grown()
        old, self._cursor = self._cursor, line
        height = max(1, self.size.height)
        top = round(self.scroll_offset.y)
        if not top <= line < top + height:
            self.scroll_to(y=max(0, line - height // 2), animate=False, force=True)
        self._refresh_line(old)
        self._refresh_line(line)

    def refresh_items(self) -> None:
        """What is said of items in sight may have changed."""
        self.refresh()

    def refresh_current(self) -> None:
        """What is said of the current item has changed."""
        self._refresh_line(self._cursor)

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        number = y + round(self.scroll_offset.y)
        width = self.size.width
        base = self.visual_style.rich_style
        if number >= len(self._outline):
            return Strip.blank(width, base)
        line = self._outline.line(number)
        if number == self._cursor:
            # Whole, not partial: what stands out from the cursor's own background is worked out.
            base = base + self.get_component_rich_style("item-tree--cursor")
        segments = self._group(line, base) if line.kind == "group" else self._item(line, base)
        return Strip(segments).adjust_cell_length(width, base)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell which positions are in sight now."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._tell_sight()

    def on_resize(self) -> None:
        """Keep the cursor in sight, and tell what else is."""
        self.virtual_size = Size(self.size.width, len(self._outline))
        self._tell_sight()

    def on_click(self, event: Click) -> None:
        """A click chooses an item or folds a group; never needed."""
        number = event.y + round(self.scroll_offset.y)
        if number < len(self._outline):
            line = self._outline.line(number)
            if line.kind == "item":
                self.post_message(self.Chosen(line.position))
            else:
                self._outline.toggle(line.group)
                self.grown()

    def action_fold(self) -> None:
        """Fold the group of the cursor away; on a folded group, the one above it."""
        if not len(self._outline):
            return
        line = self._outline.line(self._cursor)
        folded = line.kind == "group" and not line.expanded
        group = line.group if line.kind == "group" and not folded else self._outline.parent_of(line)
        if group is not None and group >= 0:
            self._outline.collapse(group)
            self.grown()
            self._cursor = self._outline.line_of_group(group)
            self.refresh()

    def action_unfold(self) -> None:
        """Unfold the group of the cursor."""
        if len(self._outline):
            line = self._outline.line(self._cursor)
            if line.kind == "group":
                self._outline.expand(line.group)
                self.grown()

    def action_fold_all(self) -> None:
        """Fold every group away."""
        self._outline.collapse_all()
        self.grown()

    def action_unfold_all(self) -> None:
        """Unfold every group."""
        self._outline.expand_all()
        self.grown()

    def _group(self, line: Line, base: Style) -> list[Segment]:
        sign = "▾ " if line.expanded else "▸ "
        return [
            Segment("  " * line.depth + sign + printable(line.label), base + self._part("group")),
            Segment(f" {line.count:,}", base + self._part("count")),
        ]

    def _item(self, line: Line, base: Style) -> list[Segment]:
        segments = [Segment("  " * line.depth, base)]
        badges = self._badges(line.position)
        if badges is None:
            segments.append(Segment("· ", base + self._part("count")))
        for text, color in badges or ():
            segments.append(Segment(text, base + Style(color=color) if color else base))
        taken = sum(segment.cell_length for segment in segments)
        room = self.scrollable_content_region.width - taken
        segments.append(Segment(_shortened(printable(line.label) or "…", room), base))
        return segments

    def _part(self, part: str) -> Style:
        return self.get_component_rich_style(f"item-tree--{part}", partial=True)

    def _refresh_line(self, number: int) -> None:
        y = number - round(self.scroll_offset.y)
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _tell_sight(self) -> None:
        if not len(self._outline):
            return
        top = min(round(self.scroll_offset.y), len(self._outline) - 1)
        last = min(top + self.size.height, len(self._outline) - 1)
        self.post_message(
            self.InSight(self._outline.line(top).position, self._outline.line(last).position)
        )


def _shortened(name: str, room: int) -> str:
    """A name without its middle where it is too long: what tells names apart is often behind."""
    if cell_len(name) <= room or room < 8:
        return name
    tail = (room - 1) // 2
    return f"{name[: room - 1 - tail]}…{name[-tail:]}"
