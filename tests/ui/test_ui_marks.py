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


async def test_the_crosshair_of_another_item_stands_in_its_middle(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "pagedown", "2", "l", "2")
        first, second = review.session.state.marks
        assert (first.x, first.y) == review.session.viewer.viewport.center
        assert second.x > first.x


async def test_a_mark_put_just_before_leaving_stays_on_its_item(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m")
        session, position = review.session, review.session.marking.position
        session.viewer.info = None  # as while the header is being read
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


async def test_how_to_leave_shows_beside_any_number_of_groups(open_review, folder):
    groups = tuple(Group(f"a group of number {n}", "#00ff00") for n in range(9))
    async with open_review(folder, groups=groups, size=(80, 24)) as review:
        await review.press("m")
        foot = review.text().splitlines()[-1]
        assert "m leave" in foot
        assert foot.rstrip().endswith("a group of number 1")


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


async def test_what_is_said_of_a_plot_does_not_lie_over_its_axis(open_review, folder):
    async with open_review(folder, size=(80, 24)) as review:
        for letter in "rlh":
            review.app.clear_notifications()
            await review.press("x", letter)
            assert review.screen.busy
            notices, picture = review.screen.notices, review.screen.picture
            assert notices.display
            assert not notices.region.overlaps(picture.region)
            assert review.session.examining.last[0] in str(notices.content)


async def test_what_is_typed_after_a_search_that_fails_is_dropped(open_review, tmp_path):
    import numpy as np
    from astropy.io import fits

    (tmp_path / "d").mkdir()
    fits.writeto(tmp_path / "d" / "flat.fits", np.full((64, 64), np.nan, "f4"))
    async with open_review(tmp_path / "d") as review:
        loader, held = review.session.loader, []
        inspect = loader.inspect
        loader.inspect = lambda *asked: (
            held.append(asked) if asked[-1] in ("snap", "peaks") else inspect(*asked)
        )
        for key in ("s", "apostrophe"):
            await review.press("m", key, "2", "L", "m")
            assert review.session.marking.position is not None
            (asked,) = held
            held.clear()
            inspect(*asked)
            await review.idle()
            assert review.session.state.marks == ()
            assert review.session.marking.position is None
            assert not review.session.marking.active


async def test_deleting_waits_for_the_marks_that_were_put_before(open_review, folder):
    async with open_review(folder, groups=GROUPS) as review:
        viewer = review.session.viewer
        read, viewer.read_metadata, viewer.info = viewer.read_metadata, lambda: None, None
        for keys in (["m", "1", "d"], ["1", "2", "colon"]):
            for key in keys:
                await review.pilot.press(key)
        for character in "delete-marks":
            await review.pilot.press("minus" if character == "-" else character)
        await review.pilot.press("enter")
        assert review.session.state.marks == ()
        viewer.read_metadata = read
        read()
        await review.idle()
        assert review.session.state.marks == ()
        assert "2 marks deleted" in review.notices()


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
        await review.press("k", "enter")
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


async def test_the_list_of_marks_follows_the_edits_and_the_crosshair_follows_it(
    open_review, folder
):
    async with open_review(folder, groups=GROUPS) as review:
        await review.press("m", "2", "L", "L", "2", "p")
        marks = review.session.state.marks
        shown = review.text()
        assert "RA / lon" in shown
        for n, mark in enumerate(marks, 1):
            (line,) = [text for text in shown.splitlines() if text.split()[:2] == [str(n), "knot"]]
            assert f"{mark.x:.2f}" in line
            column, row = round(mark.x), round(mark.y)
            from astropy.io import fits

            assert str(fits.getdata(folder / "f0.fits")[row, column])[:6] in line
        await review.press("k")
        assert review.session.marking.position == (marks[0].x, marks[0].y)
        await review.press("d")
        assert review.session.state.marks == marks[1:]
        await review.press("j", "1", "e")
        await review.type("bright")
        await review.press("enter")
        assert "bright" in review.text()
        assert not review.session.state.categories
        await review.press("q")
        assert "RA / lon" not in review.text()
        await review.press("L", "2")
        assert len(review.session.state.marks) == 3
        await review.press("p", "m", "1")
        assert not review.session.marking.active
        assert review.session.state.categories == {"spiral"}
        await review.press("m")
        assert "RA / lon" not in review.text()


async def test_many_marks_cost_the_lines_in_sight(open_review, folder):
    from tuiview.review.model import ItemState, Mark

    async with open_review(folder, groups=GROUPS) as review:
        frame = review.session.viewer.shown.info.frame
        many = tuple(Mark(str(n), frame, "knot", n % 64, 20.0) for n in range(20_000))
        review.session.store.peek = lambda key: ItemState(marks=many)
        asked = []
        lines = review.session.mark_list.lines
        review.session.mark_list.lines = lambda marks, first, last: (
            asked.append(last - first) or lines(marks, first, last)
        )
        await review.press("m", "p", "G")
        assert " 20000  knot" in review.text()
        assert max(asked) < 10
        assert len(review.session.viewer.shown.request.overlay) < 10
        await review.press("q", "colon")
        await review.type("marks 4711")
        await review.press("enter")
        assert review.session.marking.position == (many[4710].x, 20.0)


async def test_a_click_sets_the_crosshair_in_the_middle_of_its_cell(open_review, folder):
    async with open_review(folder) as review:
        pane, viewport = review.screen.picture, review.session.viewer.viewport
        sx, sy = (float(v) for v in viewport.to_screen(20, 30))
        area = review.session.viewer.shown.request.area
        column, row = int(sx // area.cell_width), int(sy // area.cell_height)
        await review.pilot.click(pane, offset=(column, row))
        await review.idle()
        wanted = viewport.to_image((column + 0.5) * area.cell_width, (row + 0.5) * area.cell_height)
        assert review.session.marking.position == pytest.approx([float(v) for v in wanted])
        await review.press("2")
        assert len(review.session.state.marks) == 1
        before = review.session.marking.position
        await review.pilot.click(pane, offset=(0, 0))
        await review.idle()
        assert review.session.marking.position == before
        for widget in (review.screen.items, review.screen.metadata):
            await review.pilot.click(widget, offset=(3, 3))
            await review.idle()
            await review.press("1")
        assert not any(review.session.store.peek(f"f{n}.fits").categories for n in range(3))


async def test_a_click_takes_no_keys_from_a_text_that_is_being_written(open_review, folder):
    async with open_review(folder) as review:
        await review.press("enter")
        await review.type("ab")
        await review.pilot.click(review.screen.picture, offset=(40, 20))
        await review.type("c1")
        await review.press("ctrl+s")
        assert review.session.state.note == "abc1"
        assert not review.session.state.categories
        assert review.session.marking.position is None


async def test_coordinates_are_copied_in_the_chosen_form(open_review, folder):
    from astropy.coordinates import SkyCoord

    async with open_review(folder, groups=GROUPS) as review:
        await review.press("y")
        assert review.app.clipboard == "f0.fits"
        await review.press("colon")
        await review.type("goto 10,20.5")
        await review.press("enter", "y")
        lon, lat = review.app.clipboard.split()
        assert (":" in lon, lat[0]) == (True, "+")
        place = SkyCoord(lon, lat, unit=("hourangle", "deg"))
        for form in ("pixel", "fits", "degrees", "galactic", "ecliptic", "region", "key"):
            await review.press("colon")
            await review.type(f"copy {form}")
            await review.press("enter")
            copied = review.app.clipboard
            match form:
                case "pixel" | "fits":
                    first = 1 if form == "fits" else 0
                    assert copied == f"{10 + first:.3f},{20.5 + first:.3f}"
                case "key":
                    assert copied == "f0.fits"
                case "region":
                    from regions import Regions

                    (region,) = Regions.parse(copied, format="ds9")
                    assert region.center.separation(place).arcsec < 0.02
                case _:
                    frame = {"degrees": "icrs", "ecliptic": "barycentricmeanecliptic"}
                    again = SkyCoord(
                        *map(float, copied.split()), unit="deg", frame=frame.get(form, form)
                    )
                    assert again.icrs.separation(place).arcsec < 0.02
        await review.press("Y", "j", "enter")
        assert review.session.coordinates.form == "degrees"
        assert "150." in review.status()
        await review.press("y")
        assert review.app.clipboard.startswith("150.")
        await review.press("f6")
        assert f"copied {review.app.clipboard}" in review.text()
        await review.press("q", "colon")
        await review.type("copy nonsense")
        await review.press("enter")
        assert "no form is called nonsense" in review.notices()


async def test_of_marks_at_one_place_the_newest_is_meant(open_review, folder):
    async with open_review(folder, groups=(*GROUPS, Group("arc", "#0000ff"))) as review:
        await review.press("m", "2", "3", "e")
        await review.type("new")
        await review.press("enter")
        assert [m.label for m in review.session.state.marks] == ["", "new"]
        await review.press("tab", "e")
        await review.type("old")
        await review.press("enter", "3", "d")
        assert [m.label for m in review.session.state.marks] == ["old", "new"]


async def test_one_star_is_one_peak(open_review, tmp_path):
    import numpy as np
    from astropy.io import fits

    y, x = np.mgrid[:64, :64]
    data = np.minimum(3000 * np.exp(-((x - 40) ** 2 + (y - 20) ** 2) / 18), 300.0)
    data += 100 * np.exp(-((x - 15) ** 2 + (y - 45) ** 2) / 8)
    data[19, 38] = data[21, 42] = 320
    (tmp_path / "d").mkdir()
    fits.writeto(tmp_path / "d" / "star.fits", data.astype("f4"))
    async with open_review(tmp_path / "d") as review:
        await review.press("m", "apostrophe", "apostrophe")
        assert review.session.marking.position == pytest.approx((15, 45), abs=0.5)
