"""Completeness, purity and the confusion matrix of known items."""

from __future__ import annotations

import math

import pytest

from tuiview.review.completeness import completeness, fraction
from tuiview.review.model import ItemState
from tuiview.review.reading import Row


def row(key, *categories, last="2026-01-01", replicate=1, reviewer="ann"):
    state = ItemState(categories=frozenset(categories), decided=bool(categories), last=last)
    return Row(key, reviewer, state, replicate)


def known(**labels):
    return {key: frozenset(filter(None, [label])) for key, label in labels.items()}


def test_a_worked_table():
    truth = known(a="lens", b="lens", c="lens", d="", e="", f="", g="arc", h="lens")
    rows = [
        row("a", "lens"), row("b"), row("c", "lens"), row("d"), row("e", "lens"), row("f"),
        row("g", "arc"), row("other", "lens"),
    ]  # fmt: skip
    (found,) = completeness(rows, truth)
    assert (found.known, found.seen) == (8, 7)
    lens = found.by_category["lens"]
    assert (lens.completeness.count, lens.completeness.total) == (2, 3)
    assert (lens.purity.count, lens.purity.total) == (2, 3)
    assert (lens.false_alarms.count, lens.false_alarms.total) == (1, 4)
    assert found.by_category["arc"].completeness.value == 1
    assert found.confusion == {
        "arc": {"arc": 1}, "lens": {"lens": 2, "none": 1}, "none": {"lens": 1, "none": 2},
    }  # fmt: skip
    assert set(found.wrong) == {"b", "e"}


def test_the_first_showing_of_the_latest_copy_counts():
    truth = known(a="lens")
    rows = [
        row("a", "lens", last="2026-01-02"), row("a", last="2026-01-01"),
        row("a", last="2026-01-03", replicate=2), row("a", reviewer="bob"),
    ]  # fmt: skip
    ann, bob = completeness(rows, truth)
    assert ann.wrong == {}
    assert bob.by_category["lens"].completeness.value == 0
    assert math.isnan(bob.by_category["lens"].purity.value)


def test_the_interval_of_the_published_formula():
    # Wilson's interval at z = 1 of 12 in 15: (p + z²/2n ± z √(pq/n + z²/4n²)) / (1 + z²/n).
    found = fraction(12, 15)
    middle, reach = (0.8 + 1 / 30) / (1 + 1 / 15), math.sqrt(0.16 / 15 + 1 / 900) / (1 + 1 / 15)
    assert found.low == pytest.approx(middle - reach, abs=2e-4)
    assert found.high == pytest.approx(middle + reach, abs=2e-4)
    assert fraction(0, 20).low == 0
    assert 0 < fraction(0, 20).high < 0.06
