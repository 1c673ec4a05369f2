"""The geometry between screen and image: positions, what is asked of a frame, where it goes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiview.imaging.display import Display
from tuiview.imaging.frame import Box
from tuiview.imaging.viewport import Viewport


@st.composite
def viewports(draw, upright=False):
    shape = draw(st.tuples(st.integers(1, 3000), st.integers(1, 3000)))
    display = Display(
        zoom=draw(st.none() | st.floats(1 / 64, 64)),
        center=draw(
            st.none() | st.tuples(st.floats(-0.5, shape[1] - 0.5), st.floats(-0.5, shape[0] - 0.5))
        ),
        turns=draw(st.integers(0, 3)),
        flip=draw(st.booleans()),
        north_up=False if upright else draw(st.booleans()),
    )
    return Viewport.of(
        display,
        shape,
        draw(st.sampled_from(["lower", "upper"])),
        draw(st.integers(1, 300)),
        draw(st.integers(1, 300)),
        draw(st.sampled_from([1.0, 2.0, 0.5, 1.0])),
        draw(st.none() | st.floats(0, 360)),
        draw(st.booleans()),
    )


positions = st.tuples(st.floats(-500, 3500), st.floats(-500, 3500))


@given(viewports(), positions)
def test_there_and_back_is_the_same_place(view, place):
    x, y = view.to_image(*view.to_screen(*place))
    assert math.isclose(x, place[0], abs_tol=1e-6)
    assert math.isclose(y, place[1], abs_tol=1e-6)


@given(viewports(), positions)
def test_arrays_go_like_scalars(view, place):
    sx, sy = view.to_screen(np.array([place[0], 1.0]), np.array([place[1], 2.0]))
    assert sx.shape == sy.shape == (2,)
    assert (sx[0], sy[0]) == view.to_screen(*place)


@given(viewports(), positions, st.lists(st.floats(0.2, 5), max_size=8))
def test_zooming_about_a_place_keeps_it_on_its_screen_pixel(view, place, factors):
    """However many steps: less than a screen pixel, from aligning image corners to pixels."""
    ny, nx = view.shape
    place = min(place[0], nx - 0.5), min(place[1], ny - 0.5)
    place = max(place[0], -0.5), max(place[1], -0.5)
    before = np.array(view.to_screen(*place))
    for factor in factors:
        view = view.zoomed(factor, place)
        after = np.array(view.to_screen(*place))
        if _clamped(view):
            return
        assert np.abs(after - before).max() <= 1.0 + 1e-6


def _clamped(view):
    (x, y), (ny, nx) = view.center, view.shape
    return x in (-0.5, nx - 0.5) or y in (-0.5, ny - 0.5)


@settings(max_examples=200)
@given(viewports())
def test_every_screen_pixel_shows_the_image_pixel_under_its_centre(view):
    """Magnified or at 1:1, exactly; the answer is painted with the image pixel's own number."""
    ny, nx = view.shape
    box, size, placement = view.box_and_size()
    assert size[0] >= 1
    assert size[1] >= 1
    rows = np.clip(_centres(box.y0, box.y1, size[0]), 0, ny - 1)
    cols = np.clip(_centres(box.x0, box.x1, size[1]), 0, nx - 1)
    painted_x = placement.spread(np.tile(_code(cols), (size[0], 1, 1)), (255, 255, 255))
    painted_y = placement.spread(np.tile(_code(rows)[:, None], (1, size[1], 1)), (255, 255, 255))
    assert painted_x.shape == (view.height, view.width, 3)
    sx, sy = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
    x, y = view.to_image(sx, sy)
    margin = 1e-3
    on = (x > -0.5 + margin) & (x < nx - 0.5 - margin) & (y > -0.5 + margin)
    on &= y < ny - 0.5 - margin
    off = (x < -0.5 - margin) | (x > nx - 0.5 + margin) | (y < -0.5 - margin)
    off |= y > ny - 0.5 + margin
    shows = (painted_x != 255).any(axis=2)
    assert shows[on].all()
    if on.sum() > 1:
        assert not shows[off].any()
    # Half a pixel for the nearest of a magnified image, and half a reduced pixel and the slack of
    # an arbitrary angle otherwise.
    reach_x = max(0.5, 0.75 * (box.x1 - box.x0) / size[1]) + 0.02
    reach_y = max(0.5, 0.75 * (box.y1 - box.y0) / size[0]) + 0.02
    assert np.abs(_decode(painted_x)[on] - x[on]).max(initial=0) <= reach_x
    assert np.abs(_decode(painted_y)[on] - y[on]).max(initial=0) <= reach_y


def _centres(low, high, count):
    step = (high - low) / count
    return low + step * (np.arange(count) + 0.5)


def _code(values):
    """Positions as three bytes, to a 64th of a pixel."""
    number = np.rint((values + 1) * 64).astype(int)
    return np.stack([number >> 16 & 255, number >> 8 & 255, number & 255], -1).astype(np.uint8)


def _decode(painted):
    number = painted.astype(int)
    return (number[..., 0] * 65536 + number[..., 1] * 256 + number[..., 2]) / 64 - 1


@given(viewports(upright=True))
def test_the_box_is_cut_on_screen_pixels_or_whole_image_pixels(view):
    """Each cell of the answer is one screen pixel, or one image pixel; none are in between."""
    box, (h, w), _ = view.box_and_size()
    scale_x = view.zoom if view.angle % 180 == 0 else view.zoom / view.pixel_aspect
    scale_y = view.zoom / view.pixel_aspect if view.angle % 180 == 0 else view.zoom
    assert math.isclose((box.x1 - box.x0) / w, max(1.0, 1 / scale_x), rel_tol=1e-6)
    assert math.isclose((box.y1 - box.y0) / h, max(1.0, 1 / scale_y), rel_tol=1e-6)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("origin", ["lower", "upper"])
def test_one_to_one_is_the_image_itself(turns, flip, origin):
    image = np.random.default_rng(1).integers(0, 255, (40, 61), np.uint8)
    view = Viewport.of(
        Display(zoom=1.0, center=(30.3, 20.7), turns=turns, flip=flip), (40, 61), origin, 70, 70
    )
    _, size, placement = view.box_and_size()
    assert size == (40, 61)
    shown = image[::-1] if origin == "lower" else image
    shown = np.rot90(shown[:, ::-1] if flip else shown, turns)
    pane = placement.spread(image, 255)
    rows, cols = np.nonzero(pane != 255)
    part = pane[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1]
    assert np.array_equal(part, shown)


@pytest.mark.parametrize(
    ("shape", "pane", "size"),
    [((300, 300), (1000, 800), (800, 800)), ((100, 400), (1000, 800), (250, 1000)),
     ((4000, 1000), (500, 500), (500, 125)), ((1, 1), (90, 60), (60, 60))],
)  # fmt: skip
def test_fit_fills_the_pane_and_is_centred(shape, pane, size):
    view = Viewport.of(Display(), shape, "lower", *pane)
    _, _, placement = view.box_and_size()
    box, asked, placement = view.box_and_size()
    assert box == Box.whole(shape)
    pane_pixels = placement.spread(np.ones(asked, np.uint8), 0)
    rows, cols = pane_pixels.any(1), pane_pixels.any(0)
    assert (rows.sum(), cols.sum()) == size
    assert abs((pane[1] - size[0]) // 2 - np.argmax(rows)) <= 1
    assert abs((pane[0] - size[1]) // 2 - np.argmax(cols)) <= 1
    assert view.fits


def test_zoom_stays_within_limits_and_fit_is_always_reachable():
    view = Viewport.of(Display(), (50_000, 50_000), "lower", 500, 500)
    assert view.zoom == pytest.approx(0.01)
    assert view.zoomed(0.5).zoom == pytest.approx(0.01)
    assert view.zoomed(1e9).zoom == 64
    assert Viewport.of(Display(zoom=1e-9), (100, 100), "lower", 500, 500).zoom == 1 / 64
    assert Viewport.of(Display(), (2, 2), "lower", 500, 500).zoom == 250


@given(viewports(), st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_panning_never_loses_the_image(view, dx, dy):
    view = view.panned(dx, dy)
    box, size, _ = view.box_and_size()
    nx = view.shape[1]
    assert min(size) >= 1
    assert -0.5 <= view.center[0] <= nx - 0.5
    assert box.x0 < nx - 0.5
    assert box.x1 > -0.5


def test_panning_right_shows_what_lies_right():
    view = Viewport.of(Display(zoom=2.0), (500, 500), "lower", 100, 100).panned(20, 10)
    assert view.center == (259.5, 244.5)


@pytest.mark.parametrize("origin", ["lower", "upper"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("north", [0.0, 30.0, 137.5, 270.0])
def test_north_is_up_and_east_left(origin, mirrored, north):
    view = Viewport.of(
        Display(north_up=True), (201, 201), origin, 300, 300, north=north, mirrored=mirrored
    )
    up = np.array([-np.sin(np.radians(north)), np.cos(np.radians(north))])
    left = np.array([up[1], -up[0]]) if mirrored else np.array([-up[1], up[0]])
    middle = np.array(view.to_screen(100, 100))
    to_north = np.array(view.to_screen(*(100 + 50 * up))) - middle
    to_east = np.array(view.to_screen(*(100 + 50 * left))) - middle
    assert to_north == pytest.approx([0, -50 * view.zoom], abs=1e-6)
    assert to_east == pytest.approx([-50 * view.zoom, 0], abs=1e-6)


def test_turns_go_anticlockwise():
    view = Viewport.of(Display(turns=1), (101, 101), "lower", 101, 101)
    assert view.to_screen(100, 50) == (50.5, 0.5)  # what was right is up


def test_blur_asks_for_more_than_the_pane_but_not_beyond_the_image():
    near = Viewport.of(
        Display(zoom=4.0, blur=2.0, center=(249, 249)), (500, 500), "lower", 100, 100
    )
    assert near.box_and_size().size == (25 + 16, 25 + 16)
    corner = Viewport.of(Display(zoom=4.0, blur=2.0, center=(0, 0)), (500, 500), "lower", 100, 100)
    assert corner.box_and_size().box[:2] == (-0.5, -0.5)


def test_viewports_are_hashable_values():
    one, two = (Viewport.of(Display(), (5, 5), "lower", 9, 9) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
