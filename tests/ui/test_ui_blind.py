"""Blind reviews: names and scores are on no part of the screen, and events say so."""

from __future__ import annotations

import pytest
from astropy.io import fits

from tuiview.session.choice import Choice

pytestmark = pytest.mark.asyncio

NAMES = ("f0", "f1", "f2", "p0.png", "p1.png", "deep", "data/", "sub")


@pytest.fixture
def scored(folder):
    for path in folder.rglob("*.fits"):
        with fits.open(path, mode="update") as file:
            file[0].header["SNR"] = 77.25
            file[0].header["OBJECT"] = "Hoag"
            file[0].header["GAIN"] = 1.5
    (folder / "f1.fits").write_bytes(b"no image at all, but words")
    return folder


async def screens(review):
    """What the screen shows of each item."""
    found = []
    for _ in range(review.session.count):
        review.screen._rested()
        await review.idle()
        found.append(review.text())
        await review.press("j")
    return found


async def test_no_name_and_no_score_is_shown(open_review, scored):
    async with open_review(scored, blind=True, size=(220, 50)) as review:
        shown = await screens(review)
        for number, text in enumerate(shown, 1):
            assert f" image {number} " in text
            for told in (*NAMES, "77.25", "Hoag", "centre", scored.name):
                assert told not in text, told
            assert "blind" in review.status()
        await review.press("o")
        assert not any(name in review.text() for name in NAMES)


async def test_without_it_everything_is_shown(open_review, scored):
    async with open_review(scored, size=(220, 50)) as review:
        text = (await screens(review))[0]
        assert all(told in text for told in ("f0.fits", "77.25", "Hoag", "centre"))
        assert "blind" not in review.status()


async def test_columns_are_hidden_by_name(open_review, scored):
    async with open_review(scored, hide=("snr",), size=(220, 50)) as review:
        text = (await screens(review))[0]
        assert "f0.fits" in text
        assert "Hoag" in text
        assert "77.25" not in text
        assert "blind" in review.status()
        await review.press("1")
        (event,) = [e for e in review.session.store.history() if e.decision.name]
        assert event.decision.context == {"hidden": ["snr"]}
    async with open_review(scored, hide=("snr", "object"), blind=True, size=(220, 50)) as review:
        text = (await screens(review))[0]
        assert "GAIN" in text
        assert not any(told in text for told in ("77.25", "Hoag", "f0"))


async def test_names_cannot_be_asked_for(open_review, scored):
    async with open_review(scored, blind=True) as review:
        await review.press("y")
        assert "names are hidden" in review.notices()
        review.app.clear_notifications()
        await review.press("slash")
        await review.type("f0")
        await review.press("enter")
        assert "names are hidden" in review.notices()
        assert review.session.position == 0
        await review.press("question_mark")
        assert "blind: names and metadata hidden" in review.text()


async def test_every_event_says_that_it_was_blind(open_review, scored):
    choice = Choice(order="random:3", repeats="1:3")
    async with open_review(scored, blind=True, choice=choice) as review:
        await review.press("1")
        for event in review.session.store.history():
            assert event.decision.context["blind"] is True
            assert event.decision.context["seed"] == 3
