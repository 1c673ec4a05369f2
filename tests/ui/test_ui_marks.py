"""Mark mode by keys."""

from __future__ import annotations

import pytest

from tuiview.settings import Group

pytestmark = pytest.mark.asyncio
GROUPS = (Group("core", "#ff0000", maximum=1), Group("knot", "#00ff00"))


async def test_a_digit_places_a_mark_with_its_sky_position(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "L", "J", "2")
        (mark,) = review.session.state.marks
        assert (mark.group, mark.frame) == ("knot", review.session.viewer.shown.info.frame)
        from astropy.io import fits
        from astropy.wcs import WCS

        ra, dec = WCS(fits.getheader(folder / "f0.fits")).all_pix2world(mark.x, mark.y, 0)
        assert (mark.ra, mark.dec) == (pytest.approx(ra, abs=1e-9), pytest.approx(dec, abs=1e-9))
        assert not review.session.state.categories


async def test_a_mark_put_just_before_leaving_stays_on_its_item(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m")
        session, position = review.session, review.session.marking.position
        assert session.viewer.info is None
        session.marking.put(1)
        session.move(1)
        await review.idle()
        assert not session.state.marks
        (mark,) = session.store.load(["f0.fits"])["f0.fits"].marks
        assert (mark.x, mark.y) == position
        assert mark.frame == session.viewer.shown.info.frame


async def test_a_maximum_of_one_moves_the_mark(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "1", "L", "1")
        (mark,) = review.session.state.marks
        assert mark.x == pytest.approx(review.session.marking.position[0])
        await review.press("u")
        assert review.session.state.marks[0].x != mark.x


async def test_delete_label_move_and_undo(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "2", "e")
        await review.type("bright")
        await review.press("enter")
        assert review.session.state.marks[0].label == "bright"
        await review.press("M", "L", "M")
        assert review.session.state.marks[0].x == pytest.approx(review.session.marking.position[0])
        await review.press("d")
        assert review.session.state.marks == ()
        await review.press("u")
        assert review.session.state.marks[0].label == "bright"


async def test_snapping_finds_the_star(open_review, tmp_path):
    import numpy as np
    from astropy.io import fits

    y, x = np.mgrid[:64, :64]
    star = 10 + 500 * np.exp(-((x - 40.3) ** 2 + (y - 21.7) ** 2) / 8)
    (tmp_path / "d").mkdir()
    fits.writeto(tmp_path / "d" / "star.fits", star.astype("f4"))
    async with open_review(tmp_path / "d") as review:
        await review.press("m", "apostrophe", "s")
        assert review.session.marking.position == pytest.approx((40.3, 21.7), abs=0.1)
        await review.press("1")
        assert review.session.state.marks[0].ra is None


async def test_leaving_gives_the_digits_back_to_categories(open_review, folder):
    async with open_review(folder) as review:
        await review.press("m", "1", "m", "1")
        assert len(review.session.state.marks) == 1
        assert review.session.state.categories == {"spiral"}


async def test_tab_goes_through_the_marks(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "2", "L", "2", "tab")
        first, second = review.session.state.marks
        assert review.session.marking.position == (first.x, first.y)
        await review.press("tab")
        assert review.session.marking.position == (second.x, second.y)


async def test_a_mark_waits_for_the_search_that_goes_before_it(open_review, tmp_path):
    import numpy as np
    from astropy.io import fits

    y, x = np.mgrid[:64, :64]
    star = 10 + 500 * np.exp(-((x - 40.3) ** 2 + (y - 21.7) ** 2) / 8)
    (tmp_path / "d").mkdir()
    fits.writeto(tmp_path / "d" / "star.fits", star.astype("f4"))
    async with open_review(tmp_path / "d") as review:
        await review.press("m")
        for key in ("apostrophe", "1"):
            review.app.simulate_key(key)
        await review.idle()
        (mark,) = review.session.state.marks
        assert (mark.x, mark.y) == pytest.approx((40.3, 21.7), abs=0.3)


async def test_a_measurement_is_shown_and_logged_but_decides_nothing(open_review, folder):
    async with open_review(folder) as review:
        await review.press("x", "m")
        assert "clipped: mean" in review.text()
        await review.press("h", "q")
        assert not review.session.state.decided
        events = [e.decision for e in review.session.store.history("f0.fits")]
        assert [d.name for d in events if d.what == "measured"] == [
            "statistics in a box of 21 pixels", "histogram with the limits",
        ]  # fmt: skip
        await review.press("j")
        assert review.session.position == 1


async def test_a_spectrum_goes_through_the_planes_in_world_units(open_review, tmp_path):
    import numpy as np
    from astropy.io import fits

    cube = np.arange(5 * 8 * 8, dtype="f4").reshape(5, 8, 8)
    header = fits.Header({"CTYPE3": "VRAD", "CRVAL3": 100.0, "CDELT3": 10.0, "CRPIX3": 1.0,
                          "CUNIT3": "km/s"})  # fmt: skip
    (tmp_path / "d").mkdir()
    fits.writeto(tmp_path / "d" / "cube.fits", cube, header)
    async with open_review(tmp_path / "d") as review:
        await review.press("x", "t")
        assert "min" in review.text()
        assert "at 140" in " ".join(review.session.examining.last)


async def test_typed_positions_move_the_crosshair(open_review, folder):
    async with open_review(folder) as review:
        for typed, position in (("goto 10,20", (10, 20)), ("goto 150.1 2.2", (31.5, 23.5))):
            await review.press("colon")
            await review.type(typed)
            await review.press("enter")
            assert review.session.marking.position == pytest.approx(position, abs=1e-6)
        await review.press("colon")
        await review.type("goto 10 2")
        await review.press("enter")
        assert "not on this image" in review.notices()


async def test_the_mark_list_goes_to_a_mark_and_all_can_be_deleted(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "2", "L", "L", "2", "p")
        assert "knot" in review.text()
        await review.press("enter")
        first = review.session.state.marks[0]
        assert review.session.marking.position == pytest.approx((first.x, first.y))
        await review.press("colon")
        await review.type("delete-marks knot")
        await review.press("enter")
        assert review.session.state.marks == ()
        await review.press("u")
        assert len(review.session.state.marks) == 2


async def test_a_profile_runs_between_two_positions(open_review, folder):
    async with open_review(folder) as review:
        await review.press("x", *["left"] * 4, "v")
        x, y = review.session.marking.position
        assert "press v again" in review.notices()
        line = review.session.examining.shapes(True)[1]
        assert (line.x0, line.y0) == (x, y)
        await review.press("shift+right", "v")
        shown_at = review.session.marking.position
        title = review.session.examining.last[0]
        assert title.startswith(f"profile from {x:.1f} {y:.1f} to {shown_at[0]:.1f}")
        assert review.session.examining.shapes(True) == ()
        await review.press("v", "j", "k", "s", "e", "escape")
        assert review.session.marking.position is None
        assert not review.session.marking.active


async def test_examining_from_mark_mode_leaves_the_crosshair_where_it_is(open_review, folder):
    async with open_review(folder) as review:
        await review.press("m", "right", "x", "down", "q", "down")
        assert review.session.marking.active
        await review.press("1")
        assert len(review.session.marking.marks()) == 1


async def test_coordinates_read_in_each_form_by_a_key(open_review, folder):
    async with open_review(folder) as review:
        review.session.viewer.read_metadata()
        await review.press("m", "right")
        seen = [review.status()]
        for _ in range(4):
            await review.press("right_curly_bracket")
            seen.append(review.status())
        assert seen[0] == seen[4]
        assert len(set(seen)) == 4
        assert " gal 2" in seen[2]
        assert " ecl 1" in seen[3]
        await review.press("left_curly_bracket")
        assert " ecl 1" in review.status()
        before = review.status()
        await review.press("colon")
        await review.type("coordinates 1")
        await review.press("enter")
        x, y = review.session.marking.position
        assert f"{x:.2f}, {y:.2f} =" in before
        assert f"{x + 1:.2f}, {y + 1:.2f} =" in review.status()
        await review.press("colon")
        await review.type("goto 1,1")
        await review.press("enter")
        assert review.session.marking.position == (0, 0)
