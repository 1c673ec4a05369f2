"""A fault of the program is told and written down; the review goes on where that is safe."""

from __future__ import annotations

import pytest

from tuiview.session import changes
from tuiview.session.look import Look
from tuiview.session.session import Session
from tuiview.session.viewer import Viewer
from tuiview.ui.faults import written_down
from tuiview.ui.widgets.metadata_table import MetadataTable

pytestmark = pytest.mark.asyncio


def luckless(*args, **kwargs):
    raise RuntimeError("out of luck")


async def goes_on(review) -> None:
    """A fault was told, and keys still decide."""
    assert "a bug in tuiview: RuntimeError: out of luck" in review.notices()
    assert [str(error) for error in review.faults] == ["out of luck"]
    review.faults.clear()
    await review.press("j", "1")
    assert review.session.position == 1
    assert review.session.state.categories == {"spiral"}


async def test_a_fault_in_what_a_key_does(open_review, folder, monkeypatch):
    async with open_review(folder) as review:
        monkeypatch.setattr(Look, "turn", luckless)
        await review.press("r")
        await goes_on(review)


async def test_a_fault_in_showing_what_changed(open_review, folder, monkeypatch):
    async with open_review(folder) as review:
        with monkeypatch.context() as broken:
            broken.setattr(Session, "rows_loaded", luckless)
            review.session.notify(changes.RowsLoaded())
            await review.idle()
        await goes_on(review)


async def test_a_fault_at_rest(open_review, folder, monkeypatch):
    async with open_review(folder) as review:
        with monkeypatch.context() as broken:
            broken.setattr(Viewer, "rested", luckless)
            if review.screen._rest is not None:
                review.screen._rest.stop()  # it would come to rest by itself a second time
            review.screen._rest = review.screen.set_timer(3600, lambda: None)
            review.screen.call_later(review.screen._rested)
            await review.idle()
        await goes_on(review)


async def test_a_fault_on_the_background_thread(open_review, folder):
    async with open_review(folder) as review:
        review.session.background.run(luckless)
        await review.idle()
        await goes_on(review)


async def test_a_fault_is_written_down_with_its_traceback(
    open_review, folder, monkeypatch, tmp_path
):
    path = tmp_path / "state" / "faults.log"
    with written_down(path):
        async with open_review(folder) as review:
            monkeypatch.setattr(Look, "turn", luckless)
            await review.press("r")
            review.faults.clear()
    text = path.read_text()
    assert "RuntimeError: out of luck" in text
    assert "in luckless" in text
    assert "tuiview" in text
    assert "Python" in text


async def test_without_a_fault_there_is_no_file(open_review, folder, tmp_path):
    with written_down(tmp_path / "state" / "faults.log"):
        async with open_review(folder) as review:
            await review.press("j")
    assert not (tmp_path / "state").exists()


async def test_a_fault_in_drawing_ends_the_review(open_review, folder, monkeypatch):
    with pytest.raises(RuntimeError, match="out of luck"):  # noqa: PT012
        async with open_review(folder) as review:
            monkeypatch.setattr(MetadataTable, "render_line", luckless)
            review.screen.metadata.refresh()
            await review.pilot.pause()
    assert review.app.fault == "RuntimeError: out of luck"
    assert review.app.return_code == 1
