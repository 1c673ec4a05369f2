"""Colour from several frames, held against astropy's Lupton and VisiOmatic's formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import make_lupton_rgb

from tuiview.errors import UsageError
from tuiview.imaging.compose import (
    default_colors,
    difference,
    lupton,
    lupton_parameters,
    mix,
    mixing_weights,
    residual,
    simple,
)
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Reduced

DATA = Path(__file__).parents[3] / "shared" / "data"
PRIMARIES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def bands(seed=0, shape=(60, 80)):
    rng = np.random.default_rng(seed)
    return [Reduced((rng.gamma(0.7, 6, shape) - 1.5 + i).astype(np.float32)) for i in range(3)]


@pytest.mark.parametrize(("stretch", "q"), [(5, 8), (0.5, 8), (50, 1), (2, 30), (5, 1e-3)])
@pytest.mark.parametrize("minimum", [0.0, -0.7, (0.1, 0.5, -0.3)])
def test_lupton_is_astropys(stretch, q, minimum):
    channels = bands()
    expected = make_lupton_rgb(
        *(c.data.astype(float) for c in channels), minimum=minimum, stretch=stretch, Q=q
    )
    shown = lupton(channels, minimum, stretch, q).data
    off = np.abs(shown.astype(int) - expected)
    assert off.max() <= 1  # float32 against float64 at the edge of a truncation
    assert (off == 0).mean() > 0.999


def test_lupton_leaves_nan_out():
    channels = bands()
    for channel in channels:
        channel.data[3, 3] = np.nan
    channels[0].data[7, 7] = np.nan
    shown = lupton(channels)
    assert not shown.valid[3, 3]
    assert shown.valid[7, 7]
    assert shown.valid.sum() == shown.valid.size - 1


@pytest.mark.skipif(not DATA.is_dir(), reason="real data absent")
def test_three_sdss_bands_look_like_their_reference():
    from PIL import Image

    channels = [
        Reduced(fits.getdata(DATA / "optical" / f"reprojected_sdss_{band}.fits.bz2"))
        for band in "irg"
    ]
    shown = lupton(channels, 0.0, 0.5, 10.0).data[::-1]
    reference = Image.open(DATA / "optical" / "ngc6976.jpeg").convert("RGB")
    small = (shown.shape[1] // 4, shown.shape[0] // 4)
    one, two = (
        np.asarray(picture.resize(small, Image.Resampling.BOX), float)
        for picture in (Image.fromarray(np.ascontiguousarray(shown)), reference)
    )
    for band in range(3):
        assert np.corrcoef(one[..., band].ravel(), two[..., band].ravel())[0, 1] > 0.93


def test_lupton_parameters_put_the_background_low():
    rng = np.random.default_rng(0)
    samples = [rng.normal(100 * (i + 1), 3, 5000) for i in range(3)]
    minimum, stretch = lupton_parameters(samples)
    assert [m < s.mean() for m, s in zip(minimum, samples, strict=True)] == [True] * 3
    assert 25 < stretch / 3 < 40


def test_simple_colour_scales_each_channel_alone():
    channels = [Reduced(np.array([[0, 5, 10]], np.float32) * k) for k in (1, 2, 3)]
    shown = simple(channels, [(0, 10), (0, 20), (0, 30)]).data
    assert (np.abs(shown[0].astype(int) - [[0], [128], [255]]) <= 1).all()
    rooted = simple(channels, [(0, 10), (0, 20), (0, 30)], Display(stretch="sqrt")).data
    assert rooted[0, 1] == pytest.approx(255 * np.sqrt(0.5), abs=1)


def test_mixing_primaries_is_plain_rgb():
    channels = bands()
    limits = [(0, 5), (1, 7), (2, 9)]
    shown = mix(channels, PRIMARIES, limits, saturation=1.0, gamma=2.2).data
    for i, (channel, (low, high)) in enumerate(zip(channels, limits, strict=True)):
        value = np.clip((channel.data - low) / (high - low), 0, 1)
        assert np.abs(shown[..., i] - 255 * value ** (1 / 2.2)).max() <= 1.0


def test_mixing_follows_visiomatics_formula():
    colors, saturation, gamma = ((0.9, 0.3, 0.1), (0.2, 0.7, 0.8)), 1.4, 2.0
    weights = mixing_weights(colors, saturation, gamma)
    for color, weight in zip(colors, weights, strict=True):
        c = np.array(color) ** gamma
        mean = c.mean()
        for k in range(3):
            others = c.sum() - c[k]
            m = mean + saturation / 3 * (2 * c[k] - others)
            assert weight[k] == pytest.approx(m * 3 / 2, rel=1e-5)


def test_no_saturation_is_gray():
    shown = mix(bands(), default_colors(3), [(0, 5)] * 3, saturation=0.0).data
    assert np.array_equal(shown[..., 0], shown[..., 1])
    assert np.array_equal(shown[..., 0], shown[..., 2])


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_any_number_of_channels_has_colours_from_red_to_blue(count):
    colors = default_colors(count)
    assert len(colors) == count
    assert colors[0][0] == 1.0
    assert mix(bands()[:1] * count, colors, [(0, 5)] * count).data.shape == (60, 80, 3)


def test_difference_and_residual():
    one, two, _ = bands()
    changed = Reduced((2.5 * two.data + 7).astype(np.float32))
    changed.data[20, 30] += 500
    changed.data[0, 0] = np.nan
    assert np.allclose(difference(one, two).data, one.data - two.data)
    left = residual(changed, two).data
    assert np.isnan(left[0, 0])
    assert left[20, 30] == pytest.approx(500, rel=0.01)
    rest = np.delete(left.ravel(), [0, 20 * 80 + 30])
    assert np.abs(rest).max() < 0.01


def test_the_wrong_number_or_size_of_frames_is_refused():
    with pytest.raises(UsageError, match="three"):
        lupton(bands()[:2])
    with pytest.raises(UsageError, match="size"):
        simple([*bands()[:2], *bands(shape=(5, 5))[:1]], [(0, 1)] * 3)
    with pytest.raises(UsageError, match="colour"):
        mix(bands(), default_colors(2), [(0, 1)] * 3)
