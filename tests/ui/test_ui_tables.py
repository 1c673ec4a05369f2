"""Reviewing the rows of tables: going to keys, resuming, searching."""

from __future__ import annotations

import asyncio
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuiview.errors import Cancelled
from tuiview.review.model import Decision, What
from tuiview.review.store import Store
from tuiview.session import seeking
from tuiview.session.choice import Choice, choose


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


async def test_a_repeat_of_a_row_is_found_again(open_review, table):
    choice = Choice(order="rank", repeats="30%:4")
    async with open_review(table, choice=choice) as review:
        view = review.session.view
        again = next(p for p in range(len(view)) if view.replicate(p) == 2)
        once = view.position_of(view.row(again))
        await review.type(f":{again + 1}")
        await review.press("enter", "f", "g", "u")
        assert review.session.position == again
        await review.press("ctrl+r")
        review.session.go_to(once)
        await review.idle()
        assert not review.session.state.favourite
        review.session.go_to(again)
        await review.idle()
        assert review.session.state.favourite
    async with open_review(table, choice=choice) as review:
        assert review.session.position == again
        name = review.session.item.name
        await review.type(f"/{name}")
        await review.press("enter")
        assert review.session.position == once


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


async def test_the_number_of_files_shows_once_it_is_known(open_review, table):
    async with open_review(table) as review:
        assert "in s_images.h5" in review.status()
        async with asyncio.timeout(30):  # they are counted behind
            while "1 file" not in review.screen.query_one("#place").render_line(1).text:
                await review.idle()


async def test_a_review_begins_with_what_was_chosen(open_review, table):
    chosen = Choice(where="rank < -500", order="rank", group_by="filepath")
    async with open_review(table, choice=chosen) as review:
        assert review.session.count == 99
        assert review.session.item.key == "u599"
        assert "s 99" in review.text()
        await review.press("j", "f")
        assert next(review.session.store.history()).decision.item == "u598"
    # The place is found in another order, and in one that does not have it the first item shows.
    async with open_review(table, choice=Choice(order="rank:desc")) as review:
        assert (review.session.item.key, review.session.position) == ("u598", 598)
    async with open_review(table, choice=Choice(where="rank > -9")) as review:
        assert (review.session.item.key, review.session.count) == ("u000", 9)


async def test_nothing_shows_until_what_was_chosen_is_there(open_review, table, monkeypatch):
    made = threading.Event()

    def choose_later(*args, **options):
        assert made.wait(20)
        return choose(*args, **options)

    monkeypatch.setattr(seeking, "choose", choose_later)
    async with open_review(table, choice=Choice(order="rank"), settled=False) as review:
        while review.session.peek(0) is None:
            await review.pilot.pause()
        await review.pilot.press("f")
        assert review.session.item is None
        made.set()
        await review.idle()
        assert review.session.item.key == "u599"
        assert not list(review.session.store.history())


async def test_escape_ends_the_making_of_a_view(open_review, table, monkeypatch):
    def choose_never(*args, cancelled, **options):
        while not cancelled():
            time.sleep(0.001)
        raise Cancelled

    monkeypatch.setattr(seeking, "choose", choose_never)
    async with open_review(table, choice=Choice(order="rank"), settled=False) as review:
        await review.pilot.press("escape")
        await review.idle()
        assert review.session.item.key == "u000"
        assert "stopped" in review.notices()


async def test_a_choice_that_makes_no_sense_is_told_and_everything_shows(open_review, table):
    async with open_review(table, choice=Choice(where="rnk < 5")) as review:
        assert "rank" in review.notices()
        assert review.session.count == 600
        assert review.session.viewer.failed is not None
