"""The mark bar: it takes the keys of mark mode and says which groups there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from tuiview.text import printable
from tuiview.ui.actions import bindings
from tuiview.ui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from tuiview.settings import Group


_HINTS = ("s snap", "' peak", "d delete", "e label", "M move", "tab next", "p list")


class MarkBar(ModeBar):
    """It has the focus exactly while mark mode is on.

    Args:
        groups: The groups in the order of their keys.
        run: Does the action of an id.
    """

    BINDINGS = bindings("mark")

    def __init__(
        self, groups: Sequence[Group], run: Callable[[str], object], *, id: str | None = None
    ) -> None:
        super().__init__(run, id=id)
        words = [Content.styled(" MARK ", "bold reverse"), Content("m leave"), Content("put:")]
        for number, group in enumerate(groups[:9], 1):
            own = "" if group.name == str(number) else f" {printable(group.name)}"
            words.append(Content.assemble((f"{number}", f"bold {group.color}"), own))
        self._words = [*words, *map(Content, _HINTS)]

    def render(self) -> Content:
        """As many hints as fit whole; how to leave is never cut off."""
        line = self._words[0]
        for hint in self._words[1:]:
            longer = Content("  ").join([line, hint])
            if longer.cell_length > self.size.width:
                break
            line = longer
        return line
