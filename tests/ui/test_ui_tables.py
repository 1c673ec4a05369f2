"""Reviewing the rows of tables: going to keys, resuming, searching."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuiview.review.model import Decision, What
from tuiview.review.store import Store


@pytest.fixture
def table(tmp_path):
    """A table of 600 rows in row groups of 100, whose pictures are not there."""
    keys = [f"u{n:03}" for n in range(600)]
    columns = {"uuid": keys, "filepath": ["s"] * 600, "rank": [-n for n in range(600)]}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=100)
    return path


async def test_one_resumes_on_the_key_wherever_the_row_is_now(open_review, table):
    async with open_review(table) as review:
        await review.type(":321")
        await review.press("enter", "f")
        assert review.session.item.key == "u320"
    async with open_review(table) as review:
        assert review.session.item.key == "u320"
        assert review.session.state.favourite
    pq.write_table(pq.read_table(table).slice(100), table, row_group_size=100)
    async with open_review(table) as review:
        assert review.session.position == 220
        assert review.session.item.key == "u320"
        assert review.session.viewer.failed is not None


async def test_a_key_that_is_gone_leaves_one_at_the_first_row(open_review, table, tmp_path):
    path = tmp_path / "store" / "reviewer.sqlite"
    path.parent.mkdir()
    with Store.open(path, "reviewer") as store:
        store.record([Decision("elsewhere", What.FAVOURITE, "", False, True)])
        store.remember("elsewhere", 900)
    async with open_review(table) as review:
        assert review.session.position == 0
        assert review.session.viewer.failed is not None
        await review.press("j")
        assert review.session.position == 1


async def test_keys_are_searched_on_and_back_in_any_order(open_review, table):
    async with open_review(table) as review:
        await review.type("/U5")
        await review.press("enter")
        assert "no 'U5'" in review.notices()
        await review.type("/u5")
        await review.press("enter")
        assert review.session.item.key == "u500"
        await review.press("n")
        assert review.session.item.key == "u501"
        await review.press("N", "N")
        assert review.session.item.key == "u599"
        await review.type(":order rank")
        await review.press("enter")
        await review.type(":find u042")
        await review.press("enter")
        assert (review.session.item.key, review.session.position) == ("u042", 557)


async def test_undo_goes_to_a_row_that_is_far_away(open_review, table):
    async with open_review(table) as review:
        await review.press("f", "G", "u")
        assert review.session.item.key == "u000"
        await review.press("escape")
        assert "stopped" not in review.notices()
