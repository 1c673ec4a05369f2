"""Bad input: clear words in the picture's place, and the review goes on."""

from __future__ import annotations

import threading

import pytest
from textual.geometry import Region

from tuiview.loading.request import Progress
from tuiview.session import changes
from tuiview.ui.screens.review import ReviewScreen
from tuiview.ui.widgets.note_editor import NoteEditor

pytestmark = pytest.mark.asyncio


async def test_an_empty_folder_says_so(open_review, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    async with open_review(tmp_path / "empty") as review:
        text = review.text()
        assert "no images in" in text
        assert "1 other files were left out" in text
        await review.press("j", "1", "f", "m", "plus", "enter", "u")


async def test_a_damaged_file_is_told_in_its_place_and_one_goes_on(open_review, folder):
    (folder / "f1.fits").write_bytes((folder / "f1.fits").read_bytes()[:5000])
    async with open_review(folder) as review:
        await review.press("j")
        assert review.session.viewer.failed is not None
        assert "missing" in review.text() or "truncated" in review.text()
        await review.press("1")
        assert review.session.state.categories == {"spiral"}
        await review.press("j")
        assert review.session.viewer.shown is not None


@pytest.mark.parametrize("mode", ["x", "m"])
async def test_what_was_typed_for_a_mode_that_needs_a_picture_is_no_decision(
    open_review, folder, mode
):
    (folder / "f0.fits").write_text("no picture")
    async with open_review(folder) as review:
        await review.type(f"{mode}1q")
        assert f"{mode} works on a picture, and none is shown" in review.notices()
        assert not review.session.state.categories
        await review.press("1")
        assert review.session.state.categories == {"spiral"}


async def test_a_file_that_vanishes_is_told(open_review, folder):
    async with open_review(folder, ahead=0) as review:
        (folder / "sub" / "deep.fits").unlink()
        await review.press("G")
        assert review.session.viewer.failed is not None
        assert "deep.fits" in review.text()


async def test_a_text_file_named_fits(open_review, folder):
    (folder / "f0.fits").write_text("hello, this is a note\n" * 200)
    async with open_review(folder) as review:
        assert review.session.viewer.failed is not None
        assert "text" in review.text()


async def test_control_characters_in_names_do_not_reach_the_screen(open_review, folder):
    evil = folder / "a\x1b[2Jb[red].fits"
    (folder / "f0.fits").rename(evil)
    async with open_review(folder) as review:
        assert "\x1b" not in review.text()
        assert "␛[2Jb[red].fits" in review.text()
        assert "␛[2Jb[red].fits" in review.status()


async def test_a_store_that_cannot_write_is_a_banner_that_stays(open_review, folder, monkeypatch):
    async with open_review(folder) as review:
        store = review.session.store

        def refuse(batch):
            raise OSError(28, "No space left on device")

        commit = store._writer._write
        monkeypatch.setattr(store._writer, "_write", refuse)
        await review.press("1")
        assert "NOT SAVED" in review.text()
        assert review.session.state.categories == {"spiral"}
        await review.press("u")
        assert "2 decisions are kept in memory" in review.text()
        await review.pilot.press("q")
        await review.pilot.pause()
        assert "2 decisions are not saved: the" in review.text()
        assert "leave without saving" in review.text()
        await review.press("n")
        monkeypatch.setattr(store._writer, "_write", commit)
        await review.press("f")
        store.flush(5.0)
        await review.idle()
        assert store.status.saved
        assert "NOT SAVED" not in review.text()


@pytest.mark.parametrize("kept", ["before it is known", "after it is known"])
async def test_a_note_that_is_not_known_yet_is_added_to(open_review, folder, monkeypatch, kept):
    async with open_review(folder) as review:
        store, known = review.session.store, threading.Event()
        key = review.session.item.key
        await review.press("enter", "o", "l", "d", "space", "ctrl+s")
        store.flush()
        load = store.load

        def load_slowly(keys):
            assert known.wait(20)
            return load(keys)

        monkeypatch.setattr(store, "load", load_slowly)
        store._memory = type(store._memory)()
        await review.pilot.press("enter", "n", "e", "w")
        await review.pilot.pause()
        assert review.screen.note.text == "new"
        if kept == "before it is known":
            await review.pilot.press("ctrl+s")
            known.set()
            await review.idle()
        else:
            known.set()
            await review.idle()
            assert review.screen.note.text == "old new"
            assert store.draft_of(key) == "old new"
            await review.press("ctrl+s")
        assert review.session.state.note == "old new"
        review.screen.post_message(NoteEditor.Drafted(key, "old new", True))
        await review.idle()
        assert store.draft_of(key) is None


@pytest.mark.parametrize(
    ("value", "words"), [(7.0, "every pixel is 7"), (float("nan"), "no pixel has a value")]
)
async def test_an_image_that_shows_nothing_says_why(open_review, tmp_path, value, words):
    import numpy as np
    from astropy.io import fits

    (tmp_path / "d").mkdir()
    fits.writeto(tmp_path / "d" / "flat.fits", np.full((20, 30), value, "f4"))
    async with open_review(tmp_path / "d") as review:
        assert words in review.status()
        await review.press("1", "t", "v", "x", "m")
        assert review.session.state.categories == {"spiral"}


async def test_a_slow_read_says_how_far_it_is_until_the_picture_is_there(open_review, folder):
    async with open_review(folder) as review:
        request = review.session.viewer.shown.request
        review.session.viewer.forget()
        progress = Progress(request, 1.2, 0.37, "decompressing, 37%")
        review.screen.on_review_screen_changed(ReviewScreen.Changed(changes.Progressed(progress)))
        picture = review.screen.picture
        rows = picture.render_lines(Region(0, 0, *picture.size))
        words = "\n".join(row.text for row in rows)
        assert "decompressing, 37%" in words
        assert "1.2 s" in words
        review.session.viewer.show()
        await review.idle()
        assert review.session.viewer.shown is not None


async def test_a_picture_that_another_is_read_for_stays_and_the_status_line_says_so(
    open_review, folder
):
    async with open_review(folder) as review:
        viewer, screen = review.session.viewer, review.screen
        shown = viewer.shown
        progress = Progress(shown.request, 2.4, None, "storage does not answer")
        screen.on_review_screen_changed(ReviewScreen.Changed(changes.Progressed(progress)))
        assert "storage does not answer, 2.4 s" in review.text()
        assert viewer.shown is shown
        screen.on_review_screen_changed(ReviewScreen.Changed(changes.PictureAnswered(shown)))
        assert "storage does not answer" not in review.text()
        await review.press("j")
        screen.on_review_screen_changed(ReviewScreen.Changed(changes.Progressed(progress)))
        assert "storage does not answer" not in review.text()
