"""What is drawn over a picture lies where it belongs, in whole pixels of its own colour."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.imaging import annotate
from tuiview.imaging.display import Display
from tuiview.imaging.drawing import draw
from tuiview.imaging.frame import Reduced
from tuiview.imaging.overlay import (
    Circle,
    Cross,
    Crosshair,
    Ellipse,
    Line,
    Points,
    Polygon,
    Rectangle,
    Segments,
    Text,
    rgb,
)
from tuiview.imaging.render import BACKGROUND_LEVEL, FIRST_INK, render
from tuiview.imaging.viewport import Viewport

RED = 0xFF0000


def view(shape=(100, 100), pane=(200, 160), **display):
    return Viewport.of(Display(**display), shape, "lower", *pane)


def drawn(viewport, *shapes):
    """Which pixels a shape's colour covers, on indices and on RGB; they must agree."""
    flat = np.zeros((viewport.height, viewport.width), np.uint8)
    indexed = draw(flat, viewport, shapes, lambda color: 1 if color == RED else 2)
    color = draw(
        np.zeros((*flat.shape, 3), np.uint8), viewport, shapes,
        lambda color: (color >> 16 & 255, color >> 8 & 255, color & 255),
    )  # fmt: skip
    assert np.array_equal(indexed == 1, (color == (255, 0, 0)).all(axis=2))
    assert set(np.unique(indexed)) <= {0, 1, 2}
    assert not flat.any()
    return indexed == 1


def middle(mask):
    rows, cols = np.nonzero(mask)
    return (cols.min() + cols.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2


SHAPES = {
    "circle": lambda x, y: Circle(x, y, 9, color=RED),
    "circle-image": lambda x, y: Circle(x, y, 2, unit="image", color=RED),
    "ellipse": lambda x, y: Ellipse(x, y, 12, 6, 20, color=RED),
    "square": lambda x, y: Rectangle(x, y, 12, 12, color=RED),
    "cross": lambda x, y: Cross(x, y, 12, color=RED),
    "plus": lambda x, y: Cross(x, y, 12, upright=True, color=RED),
    "points": lambda x, y: Points.at([x], [y], "square", 9, color=RED),
    "diamond": lambda x, y: Points.at([x], [y], "diamond", 9, color=RED),
    "crosshair": lambda x, y: Crosshair(x, y, arm=8, color=RED),
    "line": lambda x, y: Line(x - 1, y - 1, x + 1, y + 1, color=RED),
    "polygon": lambda x, y: Polygon(((x - 1, y), (x, y + 1), (x + 1, y), (x, y - 1)), color=RED),
    "segments": lambda x, y: Segments(np.array([[x - 1, y, x + 1, y]], float).tobytes(), color=RED),
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=15)
@given(
    x=st.floats(40, 60), y=st.floats(40, 60), zoom=st.sampled_from([1.0, 1.3, 2.0, 4.0]),
    turns=st.integers(0, 3), flip=st.booleans(),
)  # fmt: skip
def test_shapes_lie_about_their_position(shape, x, y, zoom, turns, flip):
    viewport = view(zoom=zoom, center=(50, 50), turns=turns, flip=flip)
    mask = drawn(viewport, SHAPES[shape](x, y))
    sx, sy = viewport.to_screen(x, y)
    assert middle(mask) == pytest.approx((sx, sy), abs=1.01)


def test_sizes_are_in_screen_or_image_pixels():
    viewport = view(zoom=4.0)
    for shape, width in (
        (Circle(50, 50, 10, color=RED), 20), (Circle(50, 50, 10, unit="image", color=RED), 80),
        (Rectangle(50, 50, 10, 10, color=RED), 10),
        (Rectangle(50, 50, 10, 10, unit="image", color=RED), 40),
    ):  # fmt: skip
        _, cols = np.nonzero(drawn(viewport, shape))
        assert np.ptp(cols) == pytest.approx(width, abs=1)


def test_a_rectangle_turns_with_the_image():
    wide = Rectangle(50, 50, 20, 4, unit="image", color=RED)
    rows, cols = np.nonzero(drawn(view(zoom=2.0), wide))
    assert np.ptp(cols) > 3 * np.ptp(rows)
    rows, cols = np.nonzero(drawn(view(zoom=2.0, turns=1), wide))
    assert np.ptp(rows) > 3 * np.ptp(cols)


def test_circles_stay_round_on_oblong_pixels():
    viewport = Viewport.of(Display(), (100, 100), "lower", 100, 50, 2.0)
    rows, cols = np.nonzero(drawn(viewport, Circle(50, 50, 20, color=RED)))
    assert np.ptp(cols) == pytest.approx(40, abs=2)
    assert np.ptp(rows) == pytest.approx(20, abs=2)


@pytest.mark.parametrize("at", [(1e9, 0), (np.nan, 5), (np.inf, 5), (-500, -500)])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_lies_elsewhere_draws_nothing_and_does_no_harm(shape, at):
    if shape == "points" or np.isfinite(at).all() or shape != "crosshair":
        assert not drawn(view(), SHAPES[shape](*at)).any()


@pytest.mark.parametrize("far", [1e3, 1e5, 1e8])
def test_what_reaches_far_out_still_crosses_the_pane(far):
    viewport = view(zoom=2.0, center=(50, 50))
    lines = np.array([[-far, 50, far, 50]])
    for shape in (
        Line(-far, 50, far, 50, color=RED), Polygon(((-far, 50), (far, 50)), color=RED),
        Segments(lines.tobytes(), color=RED),
    ):  # fmt: skip
        rows, cols = np.nonzero(drawn(viewport, shape))
        assert np.ptp(rows) == 0
        assert len(set(cols.tolist())) == 200
    ring = drawn(viewport, Circle(50 - far, 50, far, unit="image", color=RED))
    rows, cols = np.nonzero(ring)
    assert len(set(rows.tolist())) == 160
    assert np.ptp(cols[np.abs(rows - 80) < 3]) <= 1 + far / 1e5


def test_ten_thousand_points_are_cut_at_the_edges():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-20, 120, (2, 10_000))
    mask = drawn(view(zoom=2.0), Points.at(x, y, "plus", 5, color=RED))
    assert mask.any(axis=0).all()


def test_words_are_whole_pixels_with_a_dark_edge():
    viewport = view()
    flat = np.full((160, 200), 100, np.uint8)
    shown = draw(flat, viewport, [Text(50, 50, "NGC 1234", color=RED)],
                 lambda color: 1 if color == RED else 2)  # fmt: skip
    assert set(np.unique(shown)) == {1, 2, 100}
    right = np.nonzero(shown == 1)[1].min()
    assert right == pytest.approx(viewport.to_screen(50, 50)[0], abs=3)
    two = draw(flat, viewport, [Text(50, 50, "a\nb", color=RED)], lambda color: 1)
    assert np.ptp(np.nonzero(two == 1)[0]) > 15


def test_screen_positions_count_from_the_far_edges_if_negative():
    mask = drawn(view(), Circle(-10, -20, 4, space="screen", color=RED))
    assert middle(mask) == pytest.approx((190, 140), abs=1)


def test_colours_have_names():
    assert rgb("red") == RED
    assert rgb("#00ff00") == 0x00FF00
    assert rgb(5) == 5


def test_overlays_take_few_palette_entries():
    viewport = view()
    size = viewport.box_and_size().size
    picture = render(
        Reduced(np.zeros(size, np.float32)), Display(), (0, 1), viewport,
        [Circle(50, 50, 9, color=RED), Text(20, 20, "lens"), Points.at([1, 2], [3, 4])],
    )  # fmt: skip
    assert picture.palette.shape == (FIRST_INK + 3, 3)  # dark, red, green
    assert tuple(picture.palette[-2]) == (255, 0, 0)


def sky(angle=0.0, parity=1, crval=(150.0, 2.0), scale=0.25, ctype=("RA---TAN", "DEC--TAN")):
    """World coordinates with north `angle` degrees from +y towards -x."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ctype, crval, (51, 51)
    turn = np.radians(angle)
    north = np.array([-np.sin(turn), np.cos(turn)])
    east = parity * np.array([-north[1], north[0]])
    wcs.wcs.cd = np.linalg.inv(np.stack([east, north], 1)) * scale / 3600
    return wcs


@pytest.mark.parametrize("angle", [0, 33, 180, 271.5])
@pytest.mark.parametrize("parity", [1, -1])
@pytest.mark.parametrize("crval", [(150, 2), (0, -60), (10, 89.999), (359.9999, -89.9)])
def test_orientation_finds_north_parity_and_scale(angle, parity, crval):
    found = annotate.orientation(sky(angle, parity, crval), 50, 50)
    assert (found.north - angle + 180) % 360 - 180 == pytest.approx(0, abs=0.1)
    assert found.mirrored == (parity < 0)
    assert found.arcsec == pytest.approx(0.25, rel=1e-3)


def test_orientation_off_the_sky_is_none():
    wcs = sky(ctype=("RA---AIT", "DEC--AIT"), scale=36000.0)
    assert annotate.orientation(wcs, 5000, 5000) is None


@pytest.mark.parametrize("angle", [0, 40, 200])
def test_compass_points_where_the_view_has_north(angle):
    found = annotate.orientation(sky(angle, -1), 50, 50)
    viewport = Viewport.of(
        Display(north_up=True), (101, 101), "lower", 300, 300,
        north=found.north, mirrored=found.mirrored,
    )  # fmt: skip
    north, _, east, _ = annotate.compass(viewport, found)
    assert north.x1 == pytest.approx(north.x0, abs=0.2)
    assert north.y1 < north.y0
    assert east.x1 < east.x0
    assert east.y1 == pytest.approx(east.y0, abs=0.2)


@given(st.floats(1 / 60, 60), st.none() | st.floats(0.001, 100), st.integers(60, 3000))
def test_scale_bars_are_round_and_of_the_length_they_say(zoom, arcsec, width):
    viewport = Viewport.of(Display(zoom=zoom), (5000, 5000), "lower", width, 400)
    bar, *_, words = annotate.scale_bar(viewport, arcsec)
    value, unit = words.text.rstrip("\"'° px"), words.text.lstrip("0123456789.e-+").strip()
    length = float(value) * {"px": 1, '"': 1, "'": 60, "°": 3600}[unit]
    assert (bar.x1 - bar.x0) / viewport.zoom * (arcsec or 1.0) == pytest.approx(length, rel=1e-5)
    assert 0.04 * width < bar.x1 - bar.x0 <= 0.2201 * width
    assert value.replace(".", "").strip("0")[:1] in "1235"


@pytest.mark.parametrize("turns", range(4))
def test_the_mini_map_shows_the_image_and_where_one_is(turns):
    image = np.zeros((400, 200), np.float32)
    image[300:, 150:] = 1.0
    display = Display(zoom=4.0, center=(20.0, 380.0), turns=turns)
    viewport = Viewport.of(display, image.shape, "lower", 300, 240)
    small = annotate.overview(viewport)
    _, (h, w), _ = small.box_and_size()
    reduced = Reduced(np.zeros(viewport.box_and_size().size, np.float32))
    overview = Reduced(image[:: 400 // h, :: 200 // w][:h, :w])
    picture = render(reduced, display, (0, 1), viewport, overview=overview)
    x, y = annotate.overview_place(viewport)
    sx, sy = small.to_screen(180, 350)
    assert picture.pixels[int(y + sy), int(x + sx)] == 239
    assert np.isin(picture.pixels[60:, :150], [0, BACKGROUND_LEVEL]).all()
    _, seen = annotate.overview_frame(viewport)
    cx = np.mean([p[0] for p in seen.points])
    cy = np.mean([p[1] for p in seen.points])
    mx, my = small.to_screen(20, 380)
    assert (cx - x, cy - y) == pytest.approx((mx, my), abs=8)
    whole = Viewport.of(Display(), image.shape, "lower", 300, 240)
    plain = Reduced(np.zeros(whole.box_and_size().size, np.float32))
    fitted = render(plain, Display(), (0, 1), whole, overview=overview)
    assert fitted.pixels.max() < FIRST_INK
