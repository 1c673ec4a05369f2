"""How much of what is known reviewers find: completeness, purity and the confusion matrix."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from tuiview.review.reading import Row

NONE = "none"
"""What an item without a category is called."""

Labels = frozenset[str]


class Fraction(Struct, frozen=True):
    """A part of some items.

    Attributes:
        count, total: Of how many items it holds, and of how many it could.
        value: Their quotient; NaN without any.
        low, high: The interval of 68.3 %, by Wilson; NaN without any.
    """

    count: int
    total: int
    value: float
    low: float
    high: float


class Recovered(Struct, frozen=True):
    """What became of the known items of one category.

    Attributes:
        completeness: Which part of those that are of it were said to be.
        purity: Which part of those that were said to be of it are.
        false_alarms: Which part of those that are not of it were said to be.
    """

    completeness: Fraction
    purity: Fraction
    false_alarms: Fraction


class Tested(Struct, frozen=True):
    """What one reviewer said of known items.

    An item that was looked at and passed over counts as one without a category.

    Attributes:
        reviewer: Who.
        known: How many items are known.
        seen: How many of them the reviewer has seen.
        by_category: What was found of each category.
        confusion: How many items there are of each known label (categories joined by `+`) by what
            was said of them.
        wrong: What is known of an item and what was said, where they differ.
    """

    reviewer: str
    known: int
    seen: int
    by_category: Mapping[str, Recovered]
    confusion: Mapping[str, Mapping[str, int]]
    wrong: Mapping[str, tuple[Labels, Labels]]


def completeness(rows: Iterable[Row], known: Mapping[str, Labels]) -> list[Tested]:
    """Compare what each reviewer said of items the first time with what is known of them.

    Args:
        rows: What each says of each item, those that were only seen among them; of several copies
            of one the latest counts.
        known: The categories of the known items, by their keys.

    Returns:
        One for each reviewer who has seen a known item, by name.
    """
    latest: dict[tuple[str, str], Row] = {}
    for row in rows:
        at = (row.reviewer, row.key)
        if row.replicate > 1 or row.key not in known:
            continue
        if at not in latest or latest[at].state.last <= row.state.last:
            latest[at] = row
    said: dict[str, dict[str, Labels]] = {}
    for (reviewer, key), row in latest.items():
        said.setdefault(reviewer, {})[key] = row.state.categories
    return [_tested(who, labels, known) for who, labels in sorted(said.items())]


def _tested(reviewer: str, said: Mapping[str, Labels], known: Mapping[str, Labels]) -> Tested:
    pairs = [(known[key], labels) for key, labels in said.items()]
    names = sorted(set().union(*(one | other for one, other in pairs)))
    confusion: dict[str, Counter[str]] = {}
    for truth, labels in pairs:
        confusion.setdefault(joined(truth), Counter())[joined(labels)] += 1
    return Tested(
        reviewer,
        len(known),
        len(said),
        {name: _recovered([(name in a, name in b) for a, b in pairs]) for name in names},
        {truth: dict(sorted(counts.items())) for truth, counts in sorted(confusion.items())},
        {key: (known[key], labels) for key, labels in said.items() if known[key] != labels},
    )


def joined(labels: Labels) -> str:
    """Categories as one label."""
    return "+".join(sorted(labels)) or NONE


def _recovered(pairs: Iterable[tuple[bool, bool]]) -> Recovered:
    counts = Counter(pairs)
    hit, missed, false = counts[True, True], counts[True, False], counts[False, True]
    return Recovered(
        fraction(hit, hit + missed),
        fraction(hit, hit + false),
        fraction(false, false + counts[False, False]),
    )


def fraction(count: int, total: int) -> Fraction:
    """A part with its interval.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209.
    """
    if not total:
        return Fraction(count, total, math.nan, math.nan, math.nan)
    from astropy.stats import binom_conf_interval

    low, high = binom_conf_interval(count, total, confidence_level=0.683, interval="wilson")
    return Fraction(count, total, count / total, float(low), float(high))
