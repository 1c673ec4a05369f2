"""Annotations of a review: what is added when the reviewer rests; the sky across locked items."""

from __future__ import annotations

import contextlib
import queue

import numpy as np
import pytest
from astropy.io import fits

from tuiview.collection.folder import FolderCollection
from tuiview.graphics.payload import Area, Protocol
from tuiview.imaging.annotate import Annotations
from tuiview.imaging.kinds import SUFFIXES, sniff
from tuiview.imaging.wcs import sky
from tuiview.loading.loader import LoaderSettings
from tuiview.loading.synchronous import SynchronousLoader
from tuiview.review.store import Store
from tuiview.session import changes
from tuiview.session.session import Session
from tuiview.settings import Settings

AREA = Area(60, 20, 10, 20)


class Desk:
    """A session and the changes that it told, worked off in order."""

    def __init__(self, folder, store):
        self.told = queue.SimpleQueue()
        loader = SynchronousLoader(settings=LoaderSettings(cache_bytes=1 << 26))
        collection = FolderCollection([folder], suffixes=SUFFIXES, sniff=sniff)
        self.session = Session(
            collection, store, loader, Settings(reviewer="r"), notify=self.told.put
        )
        self.session.start()
        collection.wait(10)
        self.session.viewer.use_pane(AREA, Protocol.KITTY)
        self.session.grown()
        self.settle()

    def settle(self):
        """Work off what is told until the session has what it asked for."""
        for _ in range(1000):
            with contextlib.suppress(queue.Empty):
                while True:
                    self._take(self.told.get(timeout=0.01))
            if self.session.idle and self.told.empty():
                return
        pytest.fail("the session does not come to rest")

    def _take(self, change):
        session = self.session
        match change:
            case changes.PictureAnswered(answer):
                session.viewer.answered(answer)
            case changes.MetadataRead(item, info, _):
                session.viewer.take_info(item, info)
            case changes.RowsLoaded():
                session.rows_loaded()
            case changes.ToRun(job):
                job()

    def rest(self):
        self.session.viewer.rested()
        self.settle()

    @property
    def annotations(self):
        found = [e for e in self.session.viewer.shown.request.overlay if isinstance(e, Annotations)]
        return found[0] if found else None


@pytest.fixture
def desk(tmp_path, small_fits):
    folder = tmp_path / "data"
    for number in range(3):
        small_fits(f"f{number}.fits", folder=folder, seed=number)
    fits.writeto(folder / "plain.fits", np.ones((48, 64), "f4"))
    with Store.open(tmp_path / "store.sqlite", "r") as store:
        desk = Desk(folder, store)
        yield desk
        desk.session.close()


def test_the_sky_comes_when_one_rests_and_is_there_on_return(desk):
    assert desk.session.viewer.shown.lacks == ("sky",)
    assert not desk.annotations.sky
    desk.rest()
    assert desk.annotations.sky
    assert desk.session.viewer.shown.lacks == ()
    desk.session.move(1)
    desk.settle()
    desk.session.move(-1)
    desk.settle()
    assert desk.annotations.sky


def test_once_headers_are_read_neighbours_come_with_their_sky(desk):
    desk.rest()
    desk.session.move(1)
    desk.settle()
    desk.session.move(1)
    desk.settle()
    assert desk.session.viewer.shown.lacks == ()


def test_resting_twice_asks_for_nothing_more(desk):
    desk.rest()
    shown = desk.session.viewer.shown
    desk.rest()
    assert desk.session.viewer.shown is shown


def test_they_can_be_put_away(desk):
    desk.session.annotating.toggle()
    desk.settle()
    assert desk.annotations is None
    desk.rest()
    assert desk.annotations is None
    desk.session.annotating.toggle()
    desk.settle()
    assert desk.annotations is not None


def test_a_locked_zoom_shows_the_same_part_of_the_sky(desk, tmp_path):
    # The second image has its reference pixel elsewhere.
    path = tmp_path / "data" / "f1.fits"
    with fits.open(path, mode="update") as hdus:
        hdus[0].header["CRPIX1"] -= 7
        hdus[0].header["CDELT1"] *= 2
        hdus[0].header["CDELT2"] *= 2
    session = desk.session
    session.loader.forget("f1.fits")
    session.look.change(zoom=12.0, center=(25.0, 30.0))
    desk.settle()
    desk.rest()
    session.look.toggle_lock()
    before = sky(session.viewer.shown.info.wcs, *session.viewer.viewport.center)
    session.move(1)
    desk.settle()
    desk.rest()
    assert session.item.key == "f1.fits"
    assert sky(session.viewer.shown.info.wcs, *session.viewer.viewport.center) == pytest.approx(
        before, abs=1e-7
    )
    assert session.viewer.viewport.zoom == pytest.approx(24.0, rel=1e-4)
    session.go_to(0)
    desk.settle()
    assert session.viewer.viewport.center == pytest.approx((25.0, 30.0), abs=1e-5)
    session.look.pan(0.1, 0.0, session.viewer.viewport)
    desk.settle()
    desk.rest()
    panned = sky(session.viewer.shown.info.wcs, *session.viewer.viewport.center)
    session.move(2)
    desk.settle()
    desk.rest()
    assert sky(session.viewer.shown.info.wcs, *session.viewer.viewport.center) == pytest.approx(
        panned, abs=1e-7
    )
    zoom, center = session.viewer.viewport.zoom, session.viewer.viewport.center
    session.move(1)
    desk.settle()
    assert session.item.key == "plain.fits"
    assert session.viewer.viewport.zoom == pytest.approx(zoom)
    assert session.viewer.viewport.center == pytest.approx(center)


def test_a_locked_view_that_fits_fits_every_image(desk):
    desk.session.look.toggle_lock()
    desk.rest()
    desk.session.move(1)
    desk.settle()
    assert desk.session.viewer.shown.request.display.sky is None
    assert desk.session.viewer.viewport.fits
