"""How far reviewers agree with themselves: what was said of images that came back unannounced."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from msgspec import Struct, field

from tuiview.collection.replicates import AGAIN
from tuiview.review.agreement import cohen_kappa
from tuiview.review.model import ItemState, Mark
from tuiview.review.reading import Row


class Consistency(Struct, frozen=True):
    """How far one reviewer agrees with themself on the items decided on both times.

    Attributes:
        reviewer: Who.
        items: How many were decided on both times.
        same: The part of them with the same categories.
        kappa: Cohen's kappa of all categories together as one label; NaN where it is undefined.
        by_category: Cohen's kappa of each category, given or not.
        marks: How many marks were made both times: of the same group on the same frame, each the
            nearest to the other.
        marks_once: How many were made only one of the two times.
        pixels, arcsec: Median distance between the two; NaN without any, or without a sky.
        disputed: What was said the first and the second time, where the categories differ.
    """

    reviewer: str
    items: int
    same: float
    kappa: float
    by_category: Mapping[str, float]
    marks: int
    marks_once: int
    pixels: float
    arcsec: float
    disputed: Mapping[str, tuple[frozenset[str], frozenset[str]]]


class _Twice(Struct):
    first: dict[str, ItemState] = field(default_factory=dict)
    again: dict[str, ItemState] = field(default_factory=dict)


def consistency(rows: Iterable[Row]) -> list[Consistency]:
    """Compare what each reviewer said of an item the first time and when it came back.

    Args:
        rows: What each says of each item, repeats among them; only decided ones count, and of
            several copies of one the latest.

    Returns:
        One for each reviewer with items to compare, by name.
    """
    said: dict[str, _Twice] = {}
    for row in rows:
        twice = said.setdefault(row.reviewer, _Twice())
        states = twice.again if row.replicate == AGAIN else twice.first
        known = states.get(row.key)
        if row.state.decided and (known is None or known.last <= row.state.last):
            states[row.key] = row.state
    found = []
    for reviewer, twice in sorted(said.items()):
        first, again = twice.first, twice.again
        both = {key: (first[key], state) for key, state in again.items() if key in first}
        if both:
            found.append(_compared(reviewer, both))
    return found


def _compared(reviewer: str, both: Mapping[str, tuple[ItemState, ItemState]]) -> Consistency:
    labels = {key: (one.categories, other.categories) for key, (one, other) in both.items()}
    pairs = list(labels.values())
    names = sorted(set().union(*(one | other for one, other in pairs)))
    matched = [pair for one, other in both.values() for pair in matches(one.marks, other.marks)]
    total = sum(len(one.marks) + len(other.marks) for one, other in both.values())
    apart = [sky for one, other in matched if (sky := _arcsec(one, other)) is not None]
    return Consistency(
        reviewer,
        len(both),
        sum(one == other for one, other in pairs) / len(pairs),
        cohen_kappa(pairs),
        {name: cohen_kappa([(name in a, name in b) for a, b in pairs]) for name in names},
        len(matched),
        total - 2 * len(matched),
        _median([math.hypot(a.x - b.x, a.y - b.y) for a, b in matched]),
        _median(apart),
        {key: (one, other) for key, (one, other) in labels.items() if one != other},
    )


def matches(first: Sequence[Mark], again: Sequence[Mark]) -> list[tuple[Mark, Mark]]:
    """Marks that mean the same: of one group and frame, each the nearest to the other."""
    found = []
    for mark in first:
        other = _nearest(mark, again)
        if other is not None and _nearest(other, first) is mark:
            found.append((mark, other))
    return found


def _nearest(to: Mark, among: Sequence[Mark]) -> Mark | None:
    alike = [mark for mark in among if (mark.frame, mark.group) == (to.frame, to.group)]
    return min(alike, key=lambda mark: math.hypot(mark.x - to.x, mark.y - to.y), default=None)


def _arcsec(one: Mark, other: Mark) -> float | None:
    """The angle between two marks; None without sky positions.

    Source: R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68 (1984) 159.
    """
    if one.ra is None or one.dec is None or other.ra is None or other.dec is None:
        return None
    a, b = math.radians(one.dec), math.radians(other.dec)
    along = math.sin(math.radians(other.ra - one.ra) / 2) ** 2
    square = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * along
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(square)))) * 3600


def _median(values: Sequence[float]) -> float:
    return median(values) if values else math.nan
