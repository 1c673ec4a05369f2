"""Catalogues of a review without a screen."""

from __future__ import annotations

import numpy as np
import pytest
from headless import Desk

from tuiview.errors import UsageError
from tuiview.exchange.options import CatalogueOptions
from tuiview.imaging.overlay import Points, Text
from tuiview.review.store import Store


@pytest.fixture
def desk(tmp_path, small_fits, small_png):
    folder = tmp_path / "data"
    for n in range(4):
        small_fits(f"f{n}.fits", folder=folder, seed=n)
    small_png("p.png", folder=folder)
    made = []

    def open_desk(*catalogues):
        store = Store.open(tmp_path / "store.sqlite", "me")
        made.append((Desk(folder, store, catalogues), store))
        return made[-1][0]

    yield open_desk
    for opened, store in made:
        opened.session.close()
        store.close()


@pytest.fixture
def stars(tmp_path):
    path = tmp_path / "stars.csv"
    path.write_text("ra,dec,label\n150.1,2.2,middle\n10,10,elsewhere\n")
    return path


def test_sources_are_drawn_over_the_current_item_and_the_next_ones(desk, stars):
    here = desk(stars)
    assert len(here.drawn()) == 1
    assert [text.text for text in here.drawn(Text)] == ["middle"]
    assert ("information", "stars.csv: 2 entries") in here.notices
    overlays = [answer.request.overlay for answer in here.ready]
    # Pictures that were made ahead before the catalogue was there are not the last ones.
    assert all(any(isinstance(s, Points) for s in o) for o in overlays[-2:])
    before = here.loader.counters().hits
    here.session.move(1)
    assert here.session.viewer.shown is not None
    assert len(here.drawn()) == 1
    assert here.loader.counters().hits == before + 1


def test_catalogues_and_labels_are_shown_and_hidden(desk, stars, tmp_path):
    pixels = tmp_path / "pixels.csv"
    pixels.write_text("x,y,image\n3,4,f0.fits\n")
    here = desk(stars, pixels)
    catalogues = here.session.catalogues
    assert len(here.drawn()) == 2
    assert catalogues.counts("f0.fits", None) == [("stars.csv", 1), ("pixels.csv", 1)]
    assert catalogues.toggle(0) == "stars.csv hidden"
    here.settle()
    assert len(here.drawn()) == 1
    assert here.drawn(Text) == []
    catalogues.toggle(0)
    catalogues.show_labels(False)
    here.settle()
    assert (len(here.drawn()), here.drawn(Text)) == (2, [])
    assert catalogues.toggle() == "catalogues hidden"
    here.settle()
    assert here.drawn() == []
    assert "1 stars.csv (2, hidden)" in catalogues.words
    assert catalogues.toggle(1) == "pixels.csv shown"
    here.settle()
    assert len(here.drawn()) == 1
    with pytest.raises(UsageError):
        catalogues.toggle(5)


def test_a_catalogue_that_is_opened_later_appears(desk, stars):
    here = desk()
    assert here.drawn() == []
    with pytest.raises(UsageError, match="no catalogue"):
        here.session.catalogues.toggle()
    here.session.catalogues.add(CatalogueOptions.parse(str(stars)))
    here.settle()
    assert len(here.drawn()) == 1


def test_what_is_wrong_is_said_once(desk, stars, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    here = desk(bad, tmp_path / "absent.csv", stars)
    errors = [words for severity, words in here.notices if severity == "error"]
    assert len(errors) == 2
    assert "it has a, b" in errors[0]
    assert "absent.csv" in errors[1]
    here.session.go_to(4)
    here.settle()
    here.session.go_to(0)
    here.settle()
    here.session.go_to(4)
    here.settle()
    said = [words for _, words in here.notices if "no world coordinates" in words]
    assert said == ["stars.csv: this image has no world coordinates"]
    assert here.drawn() == []
    assert "no columns" in here.session.catalogues.words


def test_own_marks_lie_over_the_sources(desk, stars):
    here = desk(stars)
    here.session.marking.enter()
    here.session.marking.put(0)
    here.settle()
    here.session.viewer.redraw()
    here.settle()
    overlay = here.session.viewer.shown.request.overlay
    assert isinstance(overlay[0], Points)
    assert len(overlay) > 3


def test_an_item_that_cannot_be_opened_leaves_the_others_alone(desk, stars, tmp_path):
    (tmp_path / "data" / "a.fits").write_bytes(b"SIMPLE  =                    T" + b" " * 99)
    here = desk(stars)
    assert here.session.item.key == "a.fits"
    assert here.session.viewer.failed is not None
    here.session.move(1)
    here.settle()
    assert len(here.drawn()) == 1


def test_what_is_kept_is_bounded(desk, stars, monkeypatch):
    from tuiview.session import catalogues

    monkeypatch.setattr(catalogues, "HELD_BYTES", 1)
    here = desk(stars)
    held = here.session.catalogues._held
    here.session.move(2)
    here.settle()
    assert len(held) == 1


def test_zooming_in_brings_back_what_a_frame_has_too_much_of(desk, tmp_path, monkeypatch):
    from tuiview.exchange import catalogue

    monkeypatch.setattr(catalogue, "MOST", 100)
    monkeypatch.setattr(catalogue, "MOST_LABELS", 20)
    many = tmp_path / "many.csv"
    # A grid over the frame of 64 x 48 pixels, four sources in each pixel.
    rows = [f"{x / 2},{y / 2},s{x}-{y}\n" for x in range(128) for y in range(96)]
    many.write_text("x,y,label\n" + "".join(rows))
    here = desk(many)
    look = here.session.look

    def places():
        (points,) = here.drawn()
        return {tuple(p) for p in np.frombuffer(points.positions).reshape(-1, 2).tolist()}

    assert len(places()) == 100
    assert any("zoom in for the rest" in words for _, words in here.notices)
    look.change(zoom=32.0, center=(30.0, 20.0))
    here.settle()
    box = here.session.viewer.viewport.visible()
    seen = {
        (x / 2, y / 2) for x in range(128) for y in range(96)
        if box.x0 <= x / 2 <= box.x1 and box.y0 <= y / 2 <= box.y1
    }  # fmt: skip
    assert 4 < len(seen) < 30
    assert seen <= places()
    look.change(zoom=64.0, center=(30.0, 20.0))
    here.settle()
    assert {"s60-40"} <= {text.text for text in here.drawn(Text)}
    look.change(center=(3.0, 4.0))
    here.settle()
    assert {"s6-8"} <= {text.text for text in here.drawn(Text)}
    here.session.move(1)
    here.settle()
    assert len(places()) == 100
    here.session.move(-1)
    look.change(zoom=None, center=None)
    here.settle()
    assert (len(places()), here.drawn(Text)) == (100, [])
