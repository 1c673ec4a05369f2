"""How far reviewers agree with themselves."""

from __future__ import annotations

import math

import pytest

from tuiview.review.consistency import consistency, matches
from tuiview.review.model import ItemState, Mark
from tuiview.review.reading import Row


def row(key, replicate, *categories, last="2026-01-01", decided=True, marks=(), reviewer="ann"):
    state = ItemState(frozenset(categories), decided=decided, last=last, marks=tuple(marks))
    return Row(key, reviewer, state, replicate)


def mark(x, y=0.0, group="star", frame="0", **sky):
    return Mark(f"{x} {y} {group} {frame}", frame, group, x, y, **sky)


def test_the_kappa_of_a_worked_table():
    table = [("s", "s")] * 20 + [("s", "")] * 5 + [("", "s")] * 10 + [("", "")] * 15
    rows = [
        row(str(n), replicate, *filter(None, [said]))
        for n, pair in enumerate(table)
        for replicate, said in enumerate(pair, 1)
    ]
    (found,) = consistency(rows)
    assert (found.reviewer, found.items, found.same) == ("ann", 50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.by_category["s"] == pytest.approx(0.4)
    assert len(found.disputed) == 15


def test_only_what_was_decided_both_times_counts():
    rows = [
        row("a", 1, "s"), row("a", 2, "s", decided=False), row("b", 2, "s"),
        row("c", 1, "s", reviewer="bob"), row("c", 2, "s"),
    ]  # fmt: skip
    assert consistency(rows) == []
    later = [*rows, row("b", 1, "m", last="2026-01-02"), row("b", 1, "s", last="2026-01-03")]
    (found,) = consistency(later)
    assert (found.items, found.same) == (1, 1.0)
    assert math.isnan(found.pixels)


def test_marks_are_matched_by_group_frame_and_nearness():
    first = [mark(0), mark(10), mark(50, group="knot"), mark(70, frame="1")]
    again = [mark(9), mark(0, 3), mark(50), mark(71, frame="2")]
    assert [(a.x, b.x) for a, b in matches(first, again)] == [(0, 0), (10, 9)]
    (found,) = consistency([row("a", 1, marks=first), row("a", 2, marks=again)])
    assert (found.marks, found.marks_once, found.pixels) == (2, 4, 2.0)


def test_distances_on_the_sky_are_angles():
    one, other = mark(1, ra=359.9999, dec=60.0), mark(2, ra=0.0001, dec=60.0)
    (found,) = consistency([row("a", 1, marks=[one]), row("a", 2, marks=[other])])
    assert found.arcsec == pytest.approx(0.36, rel=1e-6)
