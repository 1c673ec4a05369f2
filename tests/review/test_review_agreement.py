"""Agreement of reviewers, held against worked examples of the literature."""

from __future__ import annotations

import math
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiview.review.agreement import agreement, cohen_kappa, krippendorff_alpha
from tuiview.review.model import ItemState
from tuiview.review.reading import Row

OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
"""Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C; nominal: 0.743."""


def row(key, reviewer, *categories, last="2026-01-01", decided=True):
    return Row(
        key, reviewer, ItemState(categories=frozenset(categories), decided=decided, last=last)
    )


def test_alpha_of_the_published_example():
    units = zip(*(line.split() for line in OBSERVERS), strict=True)
    alpha = krippendorff_alpha([[label for label in unit if label != "."] for unit in units])
    assert alpha == pytest.approx(0.743, abs=5e-4)


def test_kappa_of_a_worked_table():
    table = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    ratings = [pair for pair, n in table.items() for pair in repeat(pair, n)]
    assert cohen_kappa(ratings) == pytest.approx(0.4)


def test_what_is_undefined_is_not_a_number():
    assert math.isnan(cohen_kappa([]))
    assert math.isnan(cohen_kappa([("a", "a")] * 5))
    assert math.isnan(krippendorff_alpha([["a"], ["b"]]))


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=4), min_size=1, max_size=20))
def test_alpha_is_at_most_1_and_1_only_for_full_agreement(units):
    alpha = krippendorff_alpha(units)
    if not math.isnan(alpha):
        assert alpha <= 1 + 1e-12
        assert (alpha == pytest.approx(1)) == all(len(set(unit)) == 1 for unit in units)


def test_only_what_two_decided_on_is_compared():
    found = agreement(
        [
            row("a", "ann", "spiral"), row("a", "bob", "spiral"),
            row("b", "ann", "spiral"), row("b", "bob"),
            row("c", "ann", "spiral"), row("c", "bob", "spiral", decided=False),
            row("d", "bob", "merger"),
        ]
    )  # fmt: skip
    assert [(d.reviewer, d.decided) for d in found.done] == [("ann", 3), ("bob", 3)]
    assert found.items == 2
    assert set(found.disputed) == {"b"}
    (pair,) = found.pairs
    assert (pair.items, pair.same) == (2, 0.5)


def test_of_two_copies_the_later_decision_counts():
    rows = [
        row("a", "ann", "spiral", last="2026-01-02"), row("a", "ann", "merger", last="2026-01-01"),
        row("a", "bob", "spiral"),
    ]  # fmt: skip
    for order in (rows, rows[::-1]):
        found = agreement(order)
        assert not found.disputed
        assert found.done[0].decided == 1
