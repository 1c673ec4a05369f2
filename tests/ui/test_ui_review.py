"""Reviewing by keys: what a key does to the session, the store and the screen."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asyncio


async def test_the_first_image_shows_at_once(open_review, folder):
    async with open_review(folder) as review:
        assert review.session.item.key == "f0.fits"
        assert review.session.viewer.shown.info.kind == "FITS"
        assert "1/6" in review.status()


async def test_moving(open_review, folder):
    async with open_review(folder) as review:
        await review.press("j", "down", "space")
        assert review.session.position == 3
        await review.press("k", "up")
        assert review.session.position == 1
        await review.press("G")
        assert review.session.item.key == "sub/deep.fits"
        await review.press("j")
        assert review.session.position == 5
        await review.press("g")
        assert review.session.position == 0


async def test_jumping_by_the_command_line(open_review, folder):
    async with open_review(folder) as review:
        for typed, position in (("4", 3), ("+2", 5), ("-1", 4), ("0%", 0), ("$", 5)):
            await review.press("colon")
            await review.type(typed)
            await review.press("enter")
            assert review.session.position == position


async def test_categories_are_toggled_saved_and_shown(open_review, folder):
    async with open_review(folder) as review:
        await review.press("2")
        assert review.session.state.categories == {"merger"}
        assert "merger" in review.status()
        assert "saved" in review.status()
        await review.press("2")
        assert review.session.state.categories == frozenset()


async def test_an_exclusive_category_clears_the_others_in_one_step(open_review, folder):
    async with open_review(folder, exclusive=True) as review:
        await review.press("1", "2")
        assert review.session.state.categories == {"merger"}
        await review.press("u")
        assert review.session.state.categories == {"spiral"}


async def test_auto_advance_moves_on_after_a_decision(open_review, folder):
    async with open_review(folder) as review:
        await review.press("a", "1", "0")
        assert review.session.position == 2
        states = review.session.store.load(["f0.fits", "f1.fits"])
        assert states["f0.fits"].categories == {"spiral"}
        assert states["f1.fits"].unsure


async def test_a_missing_category_says_so(open_review, folder):
    async with open_review(folder) as review:
        await review.press("7")
        assert not review.session.state.decided
        assert "no category 7" in review.notices()


async def test_undo_and_redo_go_where_the_decision_was(open_review, folder):
    async with open_review(folder) as review:
        await review.press("f", "j", "j", "u")
        assert review.session.position == 0
        assert not review.session.state.favourite
        await review.press("j", "ctrl+r")
        assert review.session.position == 0
        assert review.session.state.favourite


async def test_looking_is_no_step_of_undo(open_review, folder):
    async with open_review(folder) as review:
        await review.press("f", "j", "k", "j", "u")
        assert not review.session.store.load(["f0.fits"])["f0.fits"].favourite


async def test_a_note_is_drafted_kept_and_never_leaks(open_review, folder):
    async with open_review(folder) as review:
        await review.press("enter")
        await review.type("two nuclei j1f")
        assert review.session.position == 0
        assert review.session.store.draft_of("f0.fits") == "two nuclei j1f"
        await review.press("ctrl+s")
        assert review.session.state.note == "two nuclei j1f"
        assert review.session.store.draft_of("f0.fits") is None
        assert not review.session.state.categories
        await review.press("j")
        assert review.screen.note.text == ""
        await review.press("k")
        assert review.screen.note.text == "two nuclei j1f"


async def test_a_note_that_is_left_comes_back_as_a_draft(open_review, folder):
    async with open_review(folder) as review:
        await review.press("enter")
        await review.type("half")
        await review.press("ctrl+g", "j", "k", "enter")
        assert review.screen.note.text == "half"
        assert review.session.state.note == ""


async def test_next_unreviewed_skips_what_was_decided(open_review, folder):
    async with open_review(folder) as review:
        await review.press("j", "1", "j", "1", "g", "right_square_bracket")
        assert review.session.position == 3
        await review.press("left_square_bracket")
        assert review.session.position == 0


async def test_search_finds_and_goes_on(open_review, folder):
    async with open_review(folder) as review:
        await review.press("slash")
        await review.type("PNG".lower())
        await review.press("enter")
        assert review.session.item.key == "p0.png"
        await review.press("n")
        assert review.session.item.key == "p1.png"
        await review.press("n")
        assert review.session.item.key == "p0.png"


async def test_a_search_without_a_match_says_so(open_review, folder):
    async with open_review(folder) as review:
        await review.press("slash")
        await review.type("zzz")
        await review.press("enter")
        assert review.session.position == 0
        assert "no 'zzz'" in review.notices()


async def test_a_filter_keeps_the_item_and_can_be_ended(open_review, folder):
    async with open_review(folder) as review:
        await review.press("j", "1", "j", "j", "1", "F")
        await review.type("spiral")
        await review.press("enter")
        assert review.session.count == 2
        assert review.session.item.key == "p0.png"
        await review.press("F")
        await review.type("all")
        await review.press("enter")
        assert review.session.count == 6
        assert review.session.item.key == "p0.png"


async def test_a_random_order_is_the_same_for_one_seed(open_review, folder):
    orders = []
    for _ in range(2):
        async with open_review(folder) as review:
            await review.press("O")
            await review.type("random:3")
            await review.press("enter")
            orders.append([review.session.peek(p).key for p in range(6)])
    assert orders[0] == orders[1]
    assert sorted(orders[0]) != orders[0]


async def test_a_wrong_command_says_what_there_is(open_review, folder):
    async with open_review(folder) as review:
        await review.press("colon")
        await review.type("strech log")
        await review.press("enter")
        assert "did you mean stretch" in review.notices()


async def test_the_display_changes_by_keys_and_is_kept_per_item(open_review, folder):
    async with open_review(folder) as review:
        await review.press("t")
        assert review.session.look.current.stretch == "log"
        await review.press("j")
        assert review.session.look.current.stretch == "linear"
        await review.press("k")
        assert review.session.look.current.stretch == "log"
        await review.press("R")
        assert review.session.look.current.stretch == "linear"


async def test_a_locked_display_goes_along(open_review, folder):
    async with open_review(folder) as review:
        await review.press("w", "c", "j")
        assert review.session.look.current.colormap == "viridis"
        assert "locked" in review.status()


async def test_limits_move_by_keys_and_by_command(open_review, folder):
    async with open_review(folder) as review:
        before = review.session.viewer.shown.limits
        await review.press("greater_than_sign")
        assert review.session.viewer.shown.limits[1] > before[1]
        await review.press("colon")
        await review.type("limits 5 50")
        await review.press("enter")
        assert review.session.viewer.shown.limits == (5.0, 50.0)


async def test_zoom_and_pan_change_the_view(open_review, folder):
    async with open_review(folder) as review:
        fit = review.session.viewer.viewport.zoom
        await review.press("plus")
        assert review.session.viewer.viewport.zoom == pytest.approx(2 * fit)
        x = review.session.viewer.viewport.center[0]
        await review.press("L")
        assert review.session.viewer.viewport.center[0] > x
        await review.press("z")
        assert review.session.viewer.viewport.zoom == pytest.approx(fit)


async def test_the_metadata_shows_the_header_after_a_rest(open_review, folder):
    async with open_review(folder) as review:
        review.session.viewer.read_metadata()
        await review.idle()
        assert "CRVAL1" in review.text()
        review.screen.metadata.focus()
        await review.press("slash")
        await review.type("ctype2")
        await review.press("enter")
        assert review.session.position == 0


async def test_panels_hide_and_come_back(open_review, folder):
    async with open_review(folder) as review:
        await review.press("f2")
        assert not review.screen.query_one("#outline").display
        await review.press("f2", "backslash")
        assert not review.screen.query_one("#outline").display
        await review.press("backslash")
        assert review.screen.query_one("#outline").display


@pytest.mark.parametrize("size", [(80, 24), (250, 70), (40, 12)])
async def test_the_layout_fits(open_review, folder, size):
    async with open_review(folder, size=size) as review:
        pane = review.screen.picture
        assert pane.size.width * pane.size.height > 0.4 * size[0] * size[1]
        await review.press("j", "1")
        assert review.session.position == 1


async def test_what_was_decided_is_there_again_and_one_resumes(open_review, folder):
    async with open_review(folder) as review:
        await review.press("1", "j", "f", "j")
    async with open_review(folder) as review:
        assert review.session.position == 2
        await review.press("k")
        assert review.session.state.favourite
        await review.press("k")
        assert review.session.state.categories == {"spiral"}


async def test_help_lists_every_action_and_closes(open_review, folder):
    async with open_review(folder, size=(100, 200)) as review:
        await review.press("question_mark")
        assert "next unreviewed item" in review.text()
        assert "set the limits in data units" in review.text()
        await review.press("j", "q")
        assert review.app.screen is review.screen


async def test_a_remapped_key_acts_and_shows(open_review, folder):
    async with open_review(folder, keys={"next-item": "e"}) as review:
        await review.press("e")
        assert review.session.position == 1
        await review.press("j")
        assert review.session.position == 1


async def test_quitting_is_one_key(open_review, folder):
    async with open_review(folder) as review:
        await review.pilot.press("q")
        await review.pilot.pause()
        assert not review.app.is_running or review.app._exit
