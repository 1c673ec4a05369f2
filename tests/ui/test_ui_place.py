"""The bar above the tree: where one is, and how far the review has come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiview.ui.widgets.place_bar import Place


@given(st.integers(1, 10**9), st.floats(0, 1), st.integers(3, 80), st.floats(0, 1))
def test_the_ends_of_the_track_are_the_ends_of_the_view(count, where, width, share):
    position, reviewed = round(where * (count - 1)), int(share * count)
    cell, done = Place(position, count, reviewed).cells(width)
    assert 0 <= cell < width
    assert (cell == 0) == (position == 0) or count == 1
    assert (cell == width - 1) == (position == count - 1) or count == 1
    assert (done == width) == (reviewed == count)
    assert abs(done - width * reviewed / count) < 1


@pytest.mark.parametrize(
    ("position", "count", "share"),
    [(0, 1, ""), (0, 5, "0%"), (4, 5, "100%"), (1, 3, "50.0%"), (1, 10**8, "0%"),
     (10**8 - 2, 10**8, "99.9%")],
)  # fmt: skip
def test_the_share_is_what_a_jump_by_percent_takes(position, count, share):
    assert Place(position, count).share == share


async def test_the_bar_follows_the_cursor_and_the_decisions(open_review, folder):
    async with open_review(folder) as review:

        def bar():
            return [review.screen.query_one("#place").render_line(y).text.rstrip() for y in (0, 1)]

        count = review.session.count
        assert bar()[0].startswith("█─")
        assert bar()[0].endswith(" 0%")
        await review.press("f", "G")
        track, words = bar()
        assert track.startswith("━")
        assert track.endswith("─█   100%")
        assert words.startswith("1 reviewed")
        await review.type(":50%")
        await review.press("enter")
        assert bar()[0].split()[-1] == f"{1000 * round((count - 1) / 2) // (count - 1) / 10:.1f}%"
        await review.type(":filter reviewed")
        await review.press("enter")
        assert "━" not in bar()[0]
