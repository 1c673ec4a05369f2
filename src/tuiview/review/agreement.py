"""How far reviewers agree: Cohen's kappa for each two, Krippendorff's alpha for all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from tuiview.review.reading import Row

Verdicts = Mapping[str, frozenset[str]]
"""The categories that each reviewer of one item gave it."""


class Done(Struct, frozen=True):
    """What one reviewer has done.

    Attributes:
        reviewer: Who.
        decided, favourites, unsure, notes, marks: How many items, and marks.
        categories: How many items in each category.
    """

    reviewer: str
    decided: int
    favourites: int
    unsure: int
    notes: int
    marks: int
    categories: Mapping[str, int]


class Pair(Struct, frozen=True):
    """How far two reviewers agree on the items that both decided on.

    Attributes:
        first, second: Who.
        items: How many both decided on.
        same: The part of them with the same categories.
        kappa: Cohen's kappa of all categories together as one label; NaN where it is undefined.
        by_category: Cohen's kappa of each category, given or not.
    """

    first: str
    second: str
    items: int
    same: float
    kappa: float
    by_category: Mapping[str, float]


class Agreement(Struct, frozen=True):
    """How far all reviewers agree.

    Attributes:
        done: What each has done, by name.
        items: How many items two or more decided on.
        alpha: Krippendorff's alpha of all categories together as one nominal label.
        by_category: The same for each category, given or not.
        pairs: Each two reviewers with items in common.
        disputed: Items on which reviewers differ, with what each says.
    """

    done: Sequence[Done]
    items: int
    alpha: float
    by_category: Mapping[str, float]
    pairs: Sequence[Pair]
    disputed: Mapping[str, Verdicts]


def agreement(rows: Iterable[Row]) -> Agreement:
    """Compare what reviewers say of the same items.

    Args:
        rows: What each says of each item; only decided ones count, and nothing that was said when
            an item came back. Of several rows of one reviewer on one item, in copies of a store,
            the one decided last counts.
    """
    latest: dict[tuple[str, str], Row] = {}
    for row in rows:
        at = (row.reviewer, row.key)
        if row.replicate > 1:
            continue
        if row.state.decided and (at not in latest or latest[at].state.last <= row.state.last):
            latest[at] = row
    verdicts: dict[str, dict[str, frozenset[str]]] = {}
    for (reviewer, key), row in latest.items():
        verdicts.setdefault(key, {})[reviewer] = row.state.categories
    shared = {key: said for key, said in verdicts.items() if len(said) > 1}
    names = sorted({reviewer for reviewer, _ in latest})
    categories = sorted(set().union(*(c for said in shared.values() for c in said.values())))
    pairs = [_pair(a, b, shared.values(), categories) for a, b in combinations(names, 2)]
    return Agreement(
        [_done(name, [r for (who, _), r in latest.items() if who == name]) for name in names],
        len(shared),
        krippendorff_alpha([list(said.values()) for said in shared.values()]),
        {
            name: krippendorff_alpha([[name in c for c in s.values()] for s in shared.values()])
            for name in categories
        },
        [pair for pair in pairs if pair.items],
        {key: said for key, said in shared.items() if len(set(said.values())) > 1},
    )


def cohen_kappa(ratings: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Agreement of two raters beyond chance, 1 at best.

    Args:
        ratings: The labels that both gave, one pair for each item.

    Returns:
        NaN without items, or where both gave one and the same label to all.

    Source: J. Cohen, Educational and Psychological Measurement 20 (1960) 37.
    """
    if not ratings:
        return math.nan
    observed = sum(a == b for a, b in ratings) / len(ratings)
    first, second = Counter(a for a, _ in ratings), Counter(b for _, b in ratings)
    expected = sum(n * second[label] for label, n in first.items()) / len(ratings) ** 2
    return math.nan if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float:
    """Agreement of any number of raters on nominal labels, each item rated by some of them.

    Args:
        units: For each item the labels that it was given; items with fewer than two do not count.

    Returns:
        1 at best, 0 for chance; NaN where there is nothing to compare or only one label.

    Source: K. Krippendorff, Content Analysis (2004), chapter 11: nominal data with missing values.
    """
    pairable: Counter[Hashable] = Counter()
    differing = 0.0
    for labels in units:
        if len(labels) < 2:
            continue
        counts = Counter(labels)
        pairable.update(counts)
        alike = sum(n * (n - 1) for n in counts.values())
        differing += (len(labels) * (len(labels) - 1) - alike) / (len(labels) - 1)
    total = pairable.total()
    expected = total**2 - sum(n**2 for n in pairable.values())
    return math.nan if not expected else 1 - (total - 1) * differing / expected


def _pair(first: str, second: str, shared: Iterable[Verdicts], categories: Sequence[str]) -> Pair:
    both = [(said[first], said[second]) for said in shared if first in said and second in said]
    return Pair(
        first,
        second,
        len(both),
        sum(a == b for a, b in both) / len(both) if both else math.nan,
        cohen_kappa(both),
        {name: cohen_kappa([(name in a, name in b) for a, b in both]) for name in categories},
    )


def _done(reviewer: str, rows: Sequence[Row]) -> Done:
    states = [row.state for row in rows]
    return Done(
        reviewer,
        len(states),
        sum(state.favourite for state in states),
        sum(state.unsure for state in states),
        sum(bool(state.note) for state in states),
        sum(len(state.marks) for state in states),
        dict(sorted(Counter(name for state in states for name in state.categories).items())),
    )
