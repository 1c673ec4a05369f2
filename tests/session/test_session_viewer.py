"""The order in which a session tells of a picture and asks for what follows it."""

import pytest
from headless import Desk

from tuiview.loading.request import Failed
from tuiview.review.store import Store
from tuiview.session import changes


@pytest.fixture
def desk(tmp_path, small_png):
    for n in range(4):
        small_png(f"p{n}.png", folder=tmp_path / "data", seed=n)
    with Store.open(tmp_path / "me.sqlite", "me") as store:
        opened = Desk(tmp_path / "data", store)
        yield opened
        opened.session.close()


def test_a_picture_that_is_ready_goes_out_before_its_neighbours_are_asked_for(desk, monkeypatch):
    asked = []
    monkeypatch.setattr(desk.loader, "ahead", lambda requests: asked.append(desk.session.position))
    for _ in range(2):
        desk.session.move(1)
    first, job, *_ = (c for c in desk.inbox if not isinstance(c, changes.CursorMoved))
    assert isinstance(first, changes.PictureAnswered)
    assert isinstance(job, changes.ToRun)
    assert not asked
    desk.settle()
    assert asked == [2]


def test_an_answer_that_comes_after_the_cursor_went_on_is_not_shown(desk):
    viewer = desk.session.viewer
    late = viewer.shown
    desk.session.move(1)
    desk.settle()
    now = viewer.shown
    assert not viewer.answered(late)
    assert not viewer.answered(Failed(late.request, "broken"))
    assert (viewer.shown, viewer.failed) == (now, None)
