"""Marks as shapes: each group's symbol in its colour, and labels beside them."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tuiview.imaging.overlay import Circle, Cross, Points, Rectangle, Shape, Symbol, Text

if TYPE_CHECKING:
    from tuiview.review.model import Mark
    from tuiview.settings import Group

_SIZE = 11
MOST_SINGLE = 300
"""Marks of a frame that are drawn each for itself; more are stamped at once, group by group."""
MOST_LABELS = 400
_KEPT = 32


class MarkShapes:
    """The shapes of marks; those of states that have not changed are kept."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = {g.name: g for g in groups}
        self._kept: OrderedDict[
            tuple[int, str | None, bool], tuple[tuple[Mark, ...], tuple[Shape, ...]]
        ] = OrderedDict()

    def of(self, marks: tuple[Mark, ...], frame: str | None, labels: bool) -> tuple[Shape, ...]:
        """The shapes of the marks of one frame (None: of all)."""
        key = (id(marks), frame, labels)
        kept = self._kept.get(key)
        # What is kept holds the marks, so that their id is not given to others.
        if kept is None:
            here = [m for m in marks if frame is None or m.frame == frame]
            kept = (marks, tuple(mark_shapes(here, self._groups, labels)))
            self._kept[key] = kept
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return kept[1]


def mark_shapes(marks: Sequence[Mark], groups: Mapping[str, Group], labels: bool) -> list[Shape]:
    """Marks as shapes, their labels last; beyond `MOST_LABELS` labels there are no more."""
    shapes: list[Shape] = []
    if len(marks) <= MOST_SINGLE:
        shapes += [_shape(m, *_look(groups.get(m.group))) for m in marks]
    else:
        at: defaultdict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
        for mark in marks:
            at[_look(groups.get(mark.group))].append((mark.x, mark.y))
        for (color, kind), xy in at.items():
            symbol: Symbol = kind  # type: ignore[assignment]
            x, y = zip(*xy, strict=True)
            shapes.append(Points.at(x, y, symbol, 2 * _SIZE, color=color))
    worded = [m for m in marks if m.label] if labels else []
    for mark in worded[:MOST_LABELS]:
        color, _ = _look(groups.get(mark.group))
        shapes.append(Text(mark.x, mark.y, mark.label, color=color, dx=_SIZE + 4))
    return shapes


def _look(group: Group | None) -> tuple[int, str]:
    return (int(group.color[1:], 16), group.shape) if group is not None else (0xFFFFFF, "circle")


def _shape(mark: Mark, color: int, kind: str) -> Shape:
    size = _SIZE
    if kind == "square":
        return Rectangle(mark.x, mark.y, 2 * size, 2 * size, color=color, unit="screen")
    if kind == "diamond":
        side = 1.6 * size
        return Rectangle(mark.x, mark.y, side, side, 45.0, color=color, unit="screen")
    if kind == "cross":
        return Cross(mark.x, mark.y, 2 * size, color=color, unit="screen")
    return Circle(mark.x, mark.y, size, color=color, unit="screen")
