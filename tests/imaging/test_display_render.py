"""Pictures of panes: exact size, levels, colours, NaN, background, blur."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tuiview.imaging import colormaps, overlay
from tuiview.imaging.display import COLORMAPS, Display
from tuiview.imaging.frame import Reduced
from tuiview.imaging.render import BACKGROUND_LEVEL, blurred, render
from tuiview.imaging.scaling import LEVELS, NAN_LEVEL
from tuiview.imaging.viewport import Viewport


def weights(low, high, count, n):
    """`(count, n)` how much of each pixel each cell covers; the nearest one if magnified."""
    edges = np.linspace(low, high, count + 1) + 0.5
    if (high - low) / count <= 1:
        near = np.floor((edges[1:] + edges[:-1]) / 2).astype(int)
        return (near[:, None] == np.arange(n)).astype(float)
    start = np.maximum(edges[:-1, None], np.arange(n))
    end = np.minimum(edges[1:, None], np.arange(1, n + 1))
    return np.clip(end - start, 0, None)


def reduce(image, viewport):
    """What a frame answers: an area average that leaves NaN out."""
    box, (h, w), _ = viewport.box_and_size()
    rows = weights(box.y0, box.y1, h, image.shape[0])
    cols = weights(box.x0, box.x1, w, image.shape[1])
    if image.ndim == 3:
        total = np.einsum("hy,yxc,wx->hwc", rows, image, cols)
        return Reduced(
            np.rint(total / (rows.sum(1)[:, None] * cols.sum(1))[..., None]).astype("u1")
        )
    good = np.isfinite(image)
    with np.errstate(invalid="ignore"):
        data = rows @ np.where(good, image, 0) @ cols.T / (rows @ good @ cols.T)
    return Reduced(data.astype(np.float32))


def show(image, display, pane=(100, 80), origin="lower", between=(0.0, 1.0), shapes=(), **more):
    viewport = Viewport.of(display, image.shape[:2], origin, *pane, **more)
    return render(reduce(image, viewport), display, between, viewport, shapes, image.ravel())


@pytest.mark.parametrize("zoom", [None, 0.1, 1.0, 3.7])
@pytest.mark.parametrize("pane", [(100, 80), (1, 1), (7, 300)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("north", [None, 33.0])
def test_a_picture_fills_the_pane_exactly(zoom, pane, channels, north):
    image = np.random.default_rng(0).random((50, 70))
    if channels == 3:
        image = (np.stack([image] * 3, 2) * 255).astype(np.uint8)
    display = Display(zoom=zoom, north_up=north is not None)
    picture = show(image, display, pane, north=north)
    assert (picture.width, picture.height) == pane
    assert (picture.palette is None) == (channels == 3)
    assert picture.pixels.dtype == np.uint8


def test_rows_run_up_for_fits_and_down_for_photographs():
    image = np.zeros((10, 10))
    image[0] = 1.0
    lower = show(image, Display(), (10, 10)).pixels
    upper = show(image, Display(), (10, 10), origin="upper").pixels
    assert (lower[-1] == LEVELS - 1).all()
    assert (upper[0] == LEVELS - 1).all()


@pytest.mark.parametrize("name", COLORMAPS)
@pytest.mark.parametrize("invert", [False, True])
def test_values_have_the_colours_of_the_map(name, invert):
    image = np.linspace(0, 1, 256)[None]
    picture = show(image, Display(colormap=name, invert=invert), (256, 1))
    expected = colormaps.lookup(name)[:: -1 if invert else 1].astype(int)
    off = np.abs(picture.rgb()[0].astype(int) - expected)
    if name != "i8":  # whose steps may fall one entry further
        assert off.max() <= np.abs(np.diff(expected, axis=0)).max() + 1
    assert (picture.rgb()[0, [0, -1]] == expected[[0, -1]]).all()


def test_gray_is_within_a_gray_level_of_256():
    image = np.random.default_rng(3).random((80, 100))
    shown = show(image, Display(), between=(0, 1)).rgb()[::-1, :, 0]
    assert np.abs(shown - np.rint(image * 255)).max() <= 1


def test_nan_is_neither_black_nor_background():
    image = np.ones((20, 20))
    image[3, 4] = np.nan
    picture = show(image, Display(), (40, 20))
    levels, counts = np.unique(picture.pixels, return_counts=True)
    assert dict(zip(levels.tolist(), counts.tolist(), strict=True)) == {
        LEVELS - 1: 399, NAN_LEVEL: 1, BACKGROUND_LEVEL: 400,
    }  # fmt: skip
    assert tuple(picture.palette[NAN_LEVEL]) == colormaps.NAN_COLOR
    assert tuple(picture.palette[BACKGROUND_LEVEL]) == colormaps.BACKGROUND


@pytest.mark.parametrize("zoom", [None, 0.25, 1.0, 4.0])
def test_a_thousandth_of_nan_stays_little_at_every_zoom(zoom):
    rng = np.random.default_rng(5)
    image = rng.random((400, 400))
    image[rng.random(image.shape) < 0.001] = np.nan
    pixels = show(image, Display(zoom=zoom), (100, 100)).pixels
    assert (pixels == NAN_LEVEL).mean() < 0.004


def test_magnified_pixels_are_squares_without_blur():
    image = np.arange(9.0).reshape(3, 3) / 8
    picture = show(image, Display(zoom=10.0), (30, 30))
    blocks = picture.pixels.reshape(3, 10, 3, 10)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert np.unique(blocks).size == 9


def test_a_star_stays_under_its_crosshair_at_every_zoom_and_turn():
    image = np.zeros((101, 101))
    image[37, 62] = 1.0
    for zoom in (1.0, 1.2, 1.44, 2.0, 3.3, 8.0, 64.0):
        for turns in range(4):
            for flip in (False, True):
                display = Display(zoom=zoom, center=(61.8, 37.3), turns=turns, flip=flip)
                viewport = Viewport.of(display, image.shape, "lower", 90, 70)
                pixels = render(reduce(image, viewport), display, (0, 1), viewport).pixels
                sx, sy = viewport.to_screen(62, 37)
                assert pixels[int(sy), int(sx)] == LEVELS - 1
                rows, cols = np.nonzero(pixels == LEVELS - 1)
                if zoom <= 8:  # all of the pixel is in the pane
                    assert abs((rows.min() + rows.max() + 1) / 2 - sy) <= 0.5
                    assert abs((cols.min() + cols.max() + 1) / 2 - sx) <= 0.5


def test_blur_works_on_the_data_and_does_not_change_with_panning():
    image = np.zeros((60, 60))
    image[30, 30] = 1.0
    display = Display(zoom=5.0, blur=1.5)
    expected = gaussian_filter(image, 1.5)
    seen = set()
    for center in ((30.0, 30.0), (33.0, 25.0), (26.0, 34.0)):
        picture = show(image, display.but(center=center), (60, 60), between=(0, expected.max()))
        viewport = Viewport.of(display.but(center=center), image.shape, "lower", 60, 60)
        sx, sy = viewport.to_screen(31, 29)
        seen.add(int(picture.pixels[int(sy), int(sx)]))
    assert len(seen) == 1
    assert seen.pop() == pytest.approx(expected[29, 31] / expected.max() * (LEVELS - 1), abs=1)


def test_blur_leaves_nan_alone_and_does_not_spread_it():
    data = np.full((30, 30), 7.0, np.float32)
    data[10:12, 10:12] = np.nan
    soft = blurred(data, 2.0)
    assert np.isnan(soft).sum() == 4
    assert np.nanmin(soft) == pytest.approx(7.0)
    assert np.nanmax(soft) == pytest.approx(7.0)


def test_colour_frames_are_shown_as_they_are():
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    assert np.array_equal(show(image, Display(), (30, 20), "upper", None).pixels, image)


def test_scaled_colour_keeps_the_hue():
    image = np.array([[[40, 20, 10], [0, 0, 0], [200, 100, 50]]], np.uint8)
    display = Display(scaled_color=True)
    shown = show(image, display, (3, 1), "upper", (0, 100)).pixels[0].astype(float)
    assert shown[0] == pytest.approx([102, 51, 25.5], abs=1.5)
    assert shown[1].tolist() == [0, 0, 0]
    assert shown[2] == pytest.approx([255, 127.5, 64], abs=1.5)


def test_transparent_pixels_show_a_neutral_board():
    data = np.full((16, 16, 3), 200, np.uint8)
    valid = np.ones((16, 16), bool)
    valid[:8] = False
    viewport = Viewport.of(Display(), (16, 16), "upper", 16, 16)
    pixels = render(Reduced(data, valid), Display(), None, viewport).pixels
    assert (pixels[8:] == 200).all()
    assert {tuple(c) for c in pixels[:8].reshape(-1, 3).tolist()} == set(colormaps.CHECKER)


def test_more_colours_than_a_palette_holds_fall_to_the_nearest():
    shapes = [overlay.Cross(i * 4 + 2, 10, 3, color=i * 12, edge=False) for i in range(20)]
    picture = show(np.zeros((20, 90)), Display(zoom=1.0), (90, 20), shapes=shapes)
    assert len(picture.palette) == 256
    assert picture.pixels.max() == 255


def test_the_display_imports_nothing_heavy():
    code = (
        "import sys; from tuiview.imaging import render, overlay, scaling, viewport, colormaps;"
        "print([m for m in ('astropy', 'scipy', 'PIL', 'matplotlib', 'textual', 'pandas')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
