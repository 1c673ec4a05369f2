from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import RAMP, areas, noisy_field, photo, pictures, psnr
from PIL import Image

from tuiview.graphics.quantise import few_colors, quantise
from tuiview.graphics.reduce import reduced
from tuiview.picture import Picture


@settings(max_examples=60)
@given(st.data())
def test_never_more_colours_than_levels_and_exact_where_they_suffice(data: st.DataObject) -> None:
    picture = data.draw(pictures(data.draw(areas())))
    levels = data.draw(st.sampled_from([2, 3, 16, 200, 256]))
    indices, palette = quantise(picture, levels)
    assert len(palette) <= levels
    assert indices.max() < len(palette)
    if len(np.unique(picture.rgb().reshape(-1, 3), axis=0)) <= levels:
        assert np.array_equal(palette[indices], picture.rgb())


@pytest.mark.parametrize("levels", [8, 32, 128])
def test_photos_come_out_better_than_by_median_cut(levels: int) -> None:
    picture = photo(300, 200)
    indices, palette = quantise(picture, levels)
    cut = Image.fromarray(picture.pixels).quantize(levels, Image.Quantize.MEDIANCUT)
    other = psnr(picture.pixels, np.asarray(cut.convert("RGB")))
    assert psnr(picture.pixels, palette[indices]) > other


def test_levels_follow_the_histogram() -> None:
    picture = noisy_field(400, 300)
    _, palette = quantise(picture, 16)
    sky = np.median(picture.pixels)
    near = np.abs(palette[:, 0].astype(float) - sky) < 40
    assert near.sum() > 16 * 80 / 256
    assert palette[:, 0].max() > 180


def test_a_palette_in_percent() -> None:
    indices, palette = quantise(Picture(RAMP[:, 0].reshape(16, 16), RAMP), 256, steps=100)
    assert len(palette) == 101
    assert palette.max() == 100
    assert np.abs(palette[indices][..., 0] * 2.55 - RAMP[:, 0].reshape(16, 16)).max() <= 1.3


def test_few_colours_are_found_and_many_are_not() -> None:
    gray = noisy_field(64, 64)
    found = few_colors(gray.rgb())
    assert found is not None
    assert np.array_equal(found.rgb(), gray.rgb())
    assert few_colors(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)) is None
    # A few pixels that a sample may miss.
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[1, :] = np.random.default_rng(0).integers(0, 256, (64, 3))
    rgb[3:9:2, :] = np.random.default_rng(1).integers(0, 256, (3, 64, 3))
    rgb[11, :] = np.random.default_rng(2).integers(0, 256, (64, 3))
    assert few_colors(rgb) is None


@pytest.mark.parametrize("scale", [2, 3])
def test_reduction_is_by_area_average(scale: int) -> None:
    picture = noisy_field(30, 18)
    means = picture.pixels.reshape(18 // scale, scale, 30 // scale, scale).mean(axis=(1, 3))
    small = reduced(picture, scale)
    assert small.palette is not None
    assert np.abs(small.rgb()[..., 0] - means).max() <= 1


def test_reduction_averages_colours_not_indices() -> None:
    palette = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    picture = Picture(np.array([[0, 2], [0, 2]], np.uint8), palette)
    assert np.abs(reduced(picture, 2).rgb().astype(int) - [128, 0, 128]).max() <= 1
