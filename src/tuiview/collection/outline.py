"""The tree of groups and items as numbered lines, without a screen and without a list of all."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.collection.base import Branch, Collection
from tuiview.collection.view import View


class Line(Struct, frozen=True):
    """One visible line of the tree.

    Attributes:
        kind: A group or an item.
        depth: How deep it is indented.
        label: The group's or item's name; empty for an item that is not in memory yet.
        position: Of an item, where the view shows it; of a group, its first item.
        row: Of an item, its row; of a group -1.
        group: The number of the group that it is or belongs to; -1 in a tree without groups.
        count: Of a group, the items in it and below; of an item 0.
        expanded: Whether a group's content is shown.
    """

    kind: Literal["group", "item"]
    depth: int
    label: str
    position: int
    row: int
    group: int
    count: int = 0
    expanded: bool = False


class Outline:
    """The virtual tree over a collection's groups and a view. Used by one thread.

    Nothing is kept for each item: lines are found by bisecting prefix sums over the groups. A
    view that shuffles rows has no groups and shows as a flat list.

    Args:
        collection: What the view is of.
        view: What is shown.
        expanded: Whether groups show their content.
        label: What items are called by their positions, where names are hidden: those of the
            groups are, too.
    """

    def __init__(
        self,
        collection: Collection,
        view: View,
        *,
        expanded: bool = True,
        label: Callable[[int], str] | None = None,
    ) -> None:
        self._collection = collection
        self._view = view
        self._default = expanded
        self._label = label
        self._clear(())
        self.refresh()

    def _clear(self, branches: Sequence[Branch]) -> None:
        self._branches = branches
        self._known = 0
        self._open: list[int] = []
        self._depth = array("q")
        self._first = array("q")
        self._own = array("q")
        self._parent = array("q")
        self._above = array("q")
        self._end = array("q")
        self._expanded = np.zeros(0, np.bool_)
        self._closed_above = np.zeros(0, np.int32)
        self._sum()

    @property
    def flat(self) -> bool:
        """Whether there are no groups to show."""
        if self._label is not None:
            return True
        return not self._view.ascending and not self._view.branches

    def refresh(self) -> bool:
        """Take in what the collection has read since; True if something changed."""
        if self.flat:
            return False
        branches = self._view.branches or self._collection.branches()
        before = (self._known, len(self), id(self._branches))
        if branches is not self._branches:
            self._clear(branches)
        total = len(branches)
        if self._known and self._own[-1] != branches[self._known - 1].count:
            self._own[-1] = branches[self._known - 1].count
        elif total == self._known:
            return before[2] != id(self._branches)
        closed = [self._take(branches[number], number) for number in range(self._known, total)]
        self._expanded = np.append(self._expanded, np.full(len(closed), self._default))
        self._closed_above = np.append(self._closed_above, np.array(closed, np.int32))
        self._known = total
        self._sum()
        return before != (self._known, len(self), id(self._branches))

    def _take(self, branch: Branch, number: int) -> int:
        """Add one group; returns how many of its ancestors are collapsed."""
        while self._open and self._depth[self._open[-1]] >= branch.depth:
            self._end[self._open.pop()] = number
        self._parent.append(self._open[-1] if self._open else -1)
        closed = sum(
            not (self._expanded[above] if above < self._known else self._default)
            for above in self._open
        )
        self._above.append(len(self._open))
        self._open.append(number)
        self._depth.append(branch.depth)
        self._first.append(branch.first)
        self._own.append(branch.count)
        self._end.append(-1)
        return closed

    def _sum(self) -> None:
        """Prefix sums: where each group's items stand in the view, and its lines in the tree."""
        first, own = np.array(self._first, np.int64), np.array(self._own, np.int64)
        end = np.array(self._end, np.int64)
        end[end < 0] = end.size
        self._ends = end
        if not self._view.branches and not self._view.whole:
            starts = self._view.positions_before(first)
            own = self._view.positions_before(first + own) - starts
        self._owned = own
        self._positions = _prefix(own)
        self._totals = self._positions[end] - self._positions[:-1]
        self._count_lines()

    def _count_lines(self) -> None:
        shown = (self._closed_above == 0) & ((self._totals > 0) | self._view.whole)
        self._lines = _prefix(np.where(shown, 1 + self._expanded * self._owned, 0))

    def __len__(self) -> int:
        return len(self._view) if self.flat else int(self._lines[-1])

    def line(self, number: int) -> Line:
        """The line of this number; IndexError outside 0..len-1."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        if self.flat:
            return self._item(number, 0, -1)
        group = int(np.searchsorted(self._lines, number, side="right")) - 1
        inside = number - int(self._lines[group])
        if inside:
            position = int(self._positions[group]) + inside - 1
            return self._item(position, self._depth[group] + 1, group)
        return Line(
            "group",
            self._depth[group],
            self._branches[group].label,
            int(self._positions[group]),
            -1,
            group,
            int(self._totals[group]),
            bool(self._expanded[group]),
        )

    def _item(self, position: int, depth: int, group: int) -> Line:
        row = self._view.row(position)
        if self._label is not None:
            return Line("item", depth, self._label(position), position, row, group)
        item = self._collection.peek(row)
        return Line("item", depth, item.name if item else "", position, row, group)

    def line_of_position(self, position: int) -> int:
        """The line that shows a position; if it is folded away, that of the group that hides it."""
        if self.flat or not self._known:
            return min(max(position, 0), max(0, len(self) - 1))
        group = self._group_of(position)
        if self._closed_above[group] == 0 and self._expanded[group]:
            return int(self._lines[group]) + 1 + position - int(self._positions[group])
        while self._closed_above[group]:
            group = self._parent[group]
        return int(self._lines[group])

    def _group_of(self, position: int) -> int:
        return min(int(np.searchsorted(self._positions, position, "right")) - 1, self._known - 1)

    def line_of_group(self, group: int) -> int:
        """The line of a group, or of the one that hides it."""
        while self._closed_above[group]:
            group = self._parent[group]
        return int(self._lines[group])

    def parent_of(self, line: Line) -> int | None:
        """The group above a line: an item's own, a group's parent; None at the top."""
        if line.kind == "item":
            return line.group if line.group >= 0 else None
        above = self._parent[line.group]
        return above if above >= 0 else None

    def toggle(self, group: int) -> None:
        """Fold a group away, or show its content again as it was."""
        self._set(group, not self._expanded[group])
        self._count_lines()

    def expand(self, group: int) -> None:
        """Show a group's content."""
        self._set(group, True)
        self._count_lines()

    def collapse(self, group: int) -> None:
        """Fold a group away."""
        self._set(group, False)
        self._count_lines()

    def reveal(self, position: int) -> int:
        """Expand what hides a position; returns its line."""
        if not self.flat and self._known:
            group = self._group_of(position)
            while group >= 0:
                self._set(group, True)
                group = self._parent[group]
            self._count_lines()
        return self.line_of_position(position)

    def _set(self, group: int, expanded: bool) -> None:
        if bool(self._expanded[group]) != expanded:
            self._expanded[group] = expanded
            self._closed_above[group + 1 : self._ends[group]] += -1 if expanded else 1

    def expand_all(self) -> None:
        """Show everything, also what is still to come."""
        self._default = True
        self._expanded[:] = True
        self._closed_above[:] = 0
        self._count_lines()

    def collapse_all(self) -> None:
        """Fold everything but the roots away, also what is still to come."""
        self._default = False
        self._expanded[:] = False
        self._closed_above[:] = np.array(self._above, np.int32)
        self._count_lines()


def _prefix(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    sums = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=sums[1:])
    return sums
