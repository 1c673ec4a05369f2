"""Blind reviews: names and scores are on no part of the screen, and events say so."""

from __future__ import annotations

import re

import pytest
from astropy.io import fits

from tuiview.collection.base import Item
from tuiview.exchange.options import CatalogueOptions
from tuiview.imaging.overlay import Text
from tuiview.session.choice import Choice
from tuiview.session.veil import Veil
from tuiview.settings import Settings
from tuiview.source import FileSource, MissingSource

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
        assert review.session.viewer.shown.request.sheet.missing == "cannot be shown"


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
        assert "blind: names, positions on the sky, metadata hidden" in review.text()


SKY = re.compile(r"\d\d:\d\d:\d\d|150\.\d|[+]2\.[12]\d")


@pytest.mark.parametrize("blind", [False, True])
async def test_positions_are_told_in_pixels_alone(open_review, folder, blind):
    async with open_review(folder, blind=blind, size=(220, 50)) as review:
        seen = []
        await review.press("m", "1")
        seen.append(review.status())
        assert re.search(r"\d+\.\d\d, \d+\.\d\d = ", seen[-1])
        await review.press("p")
        seen.append(review.text())
        await review.press("p", "y")
        seen.append(review.notices())
        await review.press("Y")
        seen.append(review.text())
        await review.press("escape")
        assert [bool(SKY.search(text)) for text in seen] == [not blind] * 4


async def test_a_position_on_the_sky_or_a_name_cannot_be_tried_out(open_review, folder):
    async with open_review(folder, blind=True) as review:
        for words, told in (
            ("goto 150.1 2.2", "positions on the sky are hidden"),
            ("copy degrees", "positions on the sky are hidden"),
            ("filter name:f0", "names are hidden"),
            ("copy key", "names are hidden"),
        ):
            review.app.clear_notifications()
            await review.press("colon")
            await review.type(words)
            await review.press("enter")
            assert told in review.notices(), words
        assert review.session.count == 6


@pytest.mark.parametrize("blind", [False, True])
async def test_the_labels_of_sources_are_names(open_review, folder, tmp_path, blind):
    stars = tmp_path / "stars.csv"
    stars.write_text("ra,dec,label\n150.1,2.2,Hoag\n")
    async with open_review(folder, blind=blind) as review:
        review.session.catalogues.add(CatalogueOptions.parse(str(stars)))
        await review.idle()
        overlay = review.session.viewer.shown.request.overlay
        assert any(isinstance(shape, Text) for shape in overlay) is not blind
        assert overlay


async def test_errors_and_columns_tell_no_name(tmp_path):
    path = tmp_path / "lenses" / "Hoag.fits"
    item = Item("lenses/Hoag.fits", "Hoag.fits", FileSource(path))
    veil = Veil.of(Settings(blind=True, hide=("snr",)))
    seen = veil.over(item, 2)
    for words, told in (
        ("Hoag.fits is truncated", "image 3 is truncated"),
        (f"[Errno 5] I/O error: '{path}'", "[Errno 5] I/O error: 'image 3'"),
        ("lenses/Hoag.fits: plane 3 of 7", "image 3: plane 3 of 7"),
    ):
        assert veil.reason(words, seen) == told
    row = Item("7", "7", MissingSource("7", "7 is not in data_17.h5"))
    assert veil.reason("7 is not in data_17.h5", veil.over(row, 0)) == "image 1 is not in image 1"
    columns = {
        "SNR": 5.0, "OBJECT": "Hoag", "CRVAL1": 150.1, "CRVAL2A": 2.2, "RA_TARG": 150.1,
        "objra": 150.1, "filepath": "x/y", "comment": "see Hoag.fits", "GAIN": 1.5, "z": 0.1,
        "GRADE": "A", "DECONV": True, "EXPTIME": 60,
    }  # fmt: skip
    assert list(veil.left(columns, seen)) == ["GAIN", "z", "GRADE", "DECONV", "EXPTIME"]
    assert Veil.of(Settings(hide=("snr",))).left(columns, item) == {
        name: value for name, value in columns.items() if name != "SNR"
    }


async def test_every_event_says_that_it_was_blind(open_review, scored):
    choice = Choice(order="random:3", repeats="1:3")
    async with open_review(scored, blind=True, choice=choice) as review:
        await review.press("1")
        for event in review.session.store.history():
            assert event.decision.context["blind"] is True
            assert event.decision.context["seed"] == 3
