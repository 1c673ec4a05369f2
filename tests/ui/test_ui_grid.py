"""The grid by keys: many pictures in the place of one, and decisions on them."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

pytestmark = pytest.mark.asyncio


@pytest.fixture
def many(tmp_path):
    """Thirty small images; the last is a cube of three planes."""
    dice = np.random.default_rng(0)
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(29):
        fits.writeto(folder / f"i{n:02}.fits", dice.normal(5, 1, (20, 30)).astype("f4"))
    fits.writeto(folder / "z.fits", dice.normal(5, 1, (3, 20, 30)).astype("f4"))
    return folder


def sheet(review):
    return review.session.viewer.shown.request.sheet


def names(review):
    return [tile.item.key for tile in sheet(review).tiles]


async def command(review, line):
    await review.press("colon")
    await review.type(line)
    await review.press("enter")


async def test_a_key_shows_a_page_of_items_and_moves_over_it(open_review, many):
    async with open_review(many) as review:
        await review.press("o")
        columns = review.session.grid.columns
        assert names(review)[:3] == ["i00.fits", "i01.fits", "i02.fits"]
        await review.press("l", "j")
        assert review.session.position == columns + 1
        assert sheet(review).selected == columns + 1
        await review.press("k", "h")
        assert review.session.position == 0
        await review.press("enter")
        assert sheet(review) is None
        assert review.session.viewer.shown.request.item.key == "i00.fits"


async def test_pages_follow_each_other(open_review, many):
    async with open_review(many) as review:
        await command(review, "grid 3")
        page = names(review)
        await review.press("pagedown")
        assert review.session.position == len(page)
        assert not set(page) & set(names(review))
        await review.press("G")
        assert names(review)[-1] == "z.fits"


async def test_a_decision_shows_on_its_tile(open_review, many):
    async with open_review(many) as review:
        await review.press("o", "l", "2")
        assert "i01.fits" in review.session.item.key
        assert sheet(review).tiles[1].colors
        assert not sheet(review).tiles[0].colors
        await review.press("u")
        assert not sheet(review).tiles[1].colors


async def test_more_or_larger_tiles(open_review, many):
    async with open_review(many) as review:
        await review.press("o")
        before = len(names(review))
        await review.press("minus")
        assert len(names(review)) > before or len(names(review)) == 30
        for _ in range(20):
            await review.press("plus")
        assert review.session.grid.columns == 2
        assert "2 across" in review.text()


async def test_the_frames_of_an_item_stand_side_by_side_in_step(open_review, many):
    async with open_review(many) as review:
        await review.press("G", "ctrl+o")
        assert sheet(review).tiles is None
        frames = review.session.viewer.shown.info.frames
        await review.press("l")
        assert review.session.viewer.shown.info.frame == frames[1]
        await review.press("ctrl+o")
        assert sheet(review) is None
        assert review.session.viewer.shown.info.frame == frames[1]


async def test_marks_and_measures_want_one_picture(open_review, many):
    async with open_review(many) as review:
        await review.press("o", "m")
        assert not review.session.marking.active
        assert "one picture" in review.notices()
        await review.press("x", "q")
        assert review.session.grid.of is None


async def test_a_note_is_written_from_the_grid_after_opening_and_the_keys_come_back(
    open_review, many
):
    async with open_review(many) as review:
        await review.press("o")
        await command(review, "12")
        await review.press("l")
        assert review.session.position == 12
        await review.press("escape", "j")
        assert review.session.position == 13
