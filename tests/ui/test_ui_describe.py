from datetime import UTC, datetime
from pathlib import Path

from tuiview.collection.base import Item
from tuiview.imaging.frame import Card
from tuiview.loading.request import ImageInfo
from tuiview.review.model import Decision, ItemState, What
from tuiview.settings import Category
from tuiview.source import FileSource, MissingSource
from tuiview.ui.describe import badges, decision_words, metadata_rows

CATEGORIES = (Category("spiral", "#ff0000"), Category("odd", "#00ff00"))


def test_badges_say_category_keys_and_flags():
    state = ItemState(categories=frozenset({"odd"}), favourite=True, note="x", decided=True)
    assert "".join(text for text, _ in badges(state, CATEGORIES)) == "2★✎ "


def test_an_unknown_state_has_no_badges_yet():
    assert badges(None, CATEGORIES) is None


def test_an_untouched_item_has_none():
    assert badges(ItemState(seen=True), CATEGORIES) == ()


def test_metadata_shows_row_file_shape_and_header():
    item = Item("a/b.fits", "b.fits", FileSource(Path("/d/a/b.fits")), {"z": 0.5})
    info = ImageInfo(
        "FITS", ["SCI", "ERR"], "ERR", (10, 20), "float32", "Jy", 1, "lower",
        cards=[Card("NAXIS", 2, "axes")], facts={"size": 99}, skipped=["1 table"],
    )  # fmt: skip
    rows = metadata_rows(item, info, {"from the shard": 1})
    assert ("z", "0.5", "") in rows
    assert ("shape", "20 x 10", "width x height") in rows
    assert ("frame", "ERR", "2 of 2") in rows
    assert ("NAXIS", "2", "axes") in rows
    assert ("left out", "1 table", "") in rows


def test_metadata_of_a_missing_item_says_what_is_missing():
    rows = metadata_rows(Item("k", "k", MissingSource("k", "shard absent")), None, {})
    assert ("missing", "shard absent", "") in rows


def test_decisions_in_words():
    assert decision_words(Decision("k", What.CATEGORY, "spiral", True, False)) == "spiral off"
    assert decision_words(Decision("k", What.FAVOURITE, new=True)) == "favourite on"
    assert decision_words(Decision("k", What.NOTE, new="")) == "no note"


def test_world_coordinates_are_told_in_short():
    from astropy.io import fits
    from astropy.wcs import WCS

    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0,
                          "CRVAL2": 2.0, "CRPIX1": 10.5, "CRPIX2": 5.5,
                          "CDELT1": -0.2 / 3600, "CDELT2": 0.2 / 3600})  # fmt: skip
    info = ImageInfo(
        "FITS", ["SCI"], "SCI", (10, 20), "float32", "", 1, "lower", wcs=WCS(header)
    )  # fmt: skip
    rows = metadata_rows(Item("a", "a", FileSource(Path("/d/a"))), info, {})
    assert ("axes", "RA---TAN, DEC--TAN", "CTYPE") in rows
    assert ("centre", "10:00:00.00 +02:00:00.0", "ICRS") in rows
    assert ("scale", "0.2", "arcsec a pixel") in rows


async def test_the_counters_tell_what_was_left_out(open_review, folder):
    (folder / "readme.txt").write_text("no image")
    async with open_review(folder) as review:
        await review.press("ctrl+t")
        assert "items 6, left out as no images 1" in review.text()
        (head,) = (row for row in review.text().splitlines() if "median" in row)
        assert head.split("worst")[1].split()[0] == "n"


def test_a_date_is_told_to_the_second_and_a_path_once():
    facts = {"path": "/d/a", "size": 11520, "modified": datetime(2026, 1, 2, 3, 4, 5, 678, UTC)}
    info = ImageInfo("FITS", ["a"], "a", (10, 20), "uint8", "", 1, "lower", facts=facts)
    rows = metadata_rows(Item("a", "a", FileSource(Path("/d/a"))), info, {})
    assert ("size", "11,520", "bytes") in rows
    assert ("modified", "2026-01-02 03:04:05 UTC", "") in rows
    assert "path" not in [key for key, _, _ in rows]
