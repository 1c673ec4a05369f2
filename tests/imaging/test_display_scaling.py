"""Limits, stretches and levels, held against astropy's and DS9's definitions."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import visualization as astropy_vis
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tuiview.errors import UsageError
from tuiview.imaging import scaling
from tuiview.imaging.display import INTERVALS, STRETCHES, Display
from tuiview.imaging.scaling import (
    LEVELS,
    NAN_LEVEL,
    limits,
    percentiles,
    stretched,
    tone,
    visiomatic,
    zscale,
)

ONE_GRAY_LEVEL = 255 / (LEVELS - 1)


def sky(shape=(300, 200), seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    image = rng.normal(1000, 25, shape)
    image.flat[::97] += rng.pareto(1.2, image.flat[::97].shape) * 300
    return np.clip(image, 0, 60000).astype(dtype)


def grays(data, display, between, sample=None):
    return tone(display, between, sample).levels(np.asarray(data, np.float32)) * ONE_GRAY_LEVEL


@pytest.mark.parametrize("shape", [(20, 30), (63, 63), (300, 200), (999, 1), (2048, 2048)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8])
def test_zscale_is_astropys_exactly(shape, dtype):
    image = (
        sky(shape, seed=shape[0], dtype=dtype)
        if dtype != np.uint8
        else (np.random.default_rng(3).integers(0, 255, shape, np.uint8))
    )
    assert zscale(image.ravel()) == astropy_vis.ZScaleInterval().get_limits(image)


@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6)))
def test_zscale_is_astropys_for_any_values(values):
    assert zscale(values) == astropy_vis.ZScaleInterval().get_limits(values)


def test_zscale_leaves_out_what_is_not_finite():
    image = sky().astype(np.float64)
    image[::7, ::3] = np.nan
    image[5, 5] = np.inf
    assert zscale(image.ravel()) == astropy_vis.ZScaleInterval().get_limits(image)


@pytest.mark.parametrize("interval", [i for i in INTERVALS if i.endswith("%")])
def test_percentiles_are_astropys(interval):
    image = sky()
    percent = float(interval[:-1])
    expected = astropy_vis.PercentileInterval(percent).get_limits(image)
    assert percentiles(image.ravel(), percent) == pytest.approx(expected)
    assert limits(image.ravel(), image.ravel(), interval) == pytest.approx(expected)


def test_minmax_is_astropys():
    image = sky().ravel()
    assert limits(image, image, "minmax") == astropy_vis.MinMaxInterval().get_limits(image)


def test_visiomatic_cuts_lie_about_the_background():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(500, 10, 50_000), rng.uniform(600, 60_000, 500)])
    low, high = visiomatic(values)
    deviation = (high - low) / 402
    assert deviation == pytest.approx(6.5, rel=0.1)  # the median absolute one of sigma 10
    assert low + 2 * deviation == pytest.approx(500, abs=2)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(
    "values",
    [np.zeros(100), np.full(100, -3.5), np.full(5, 1e9), np.full(9, np.nan), np.empty(0),
     np.array([np.inf, -np.inf, np.nan]), np.array([7.0]), np.r_[np.zeros(5000), 1.0],
     np.r_[np.full(50, np.nan), np.zeros(5000), np.ones(10)]],
    ids=["zero", "constant", "large", "nan", "empty", "not-finite", "one", "sparse", "mixed"],
)  # fmt: skip
def test_limits_are_always_usable(interval, values):
    low, high = limits(values, values, interval)
    assert np.isfinite([low, high]).all()
    assert np.float32(low) < np.float32(high)
    finite = values[np.isfinite(values)]
    if finite.size:
        assert low <= finite.min() or finite.min() < finite.max()
    if np.unique(finite).size == 1:  # a constant image is an even gray
        assert tone(Display(), (low, high)).levels(finite[:1].astype(np.float32)) in (119, 120)


def test_unknown_names_are_refused_with_what_there_is():
    with pytest.raises(UsageError, match="zscale"):
        limits(np.ones(3), np.ones(3), "zsacle")
    with pytest.raises(UsageError, match="asinh"):
        stretched(np.ones(3), "arcsinh")


ASTROPY_STRETCHES = {
    "linear": astropy_vis.LinearStretch(),
    "log": astropy_vis.LogStretch(a=1000),
    "sqrt": astropy_vis.SqrtStretch(),
    "squared": astropy_vis.SquaredStretch(),
    "pow": astropy_vis.PowerDistStretch(a=1000),
    "asinh": astropy_vis.AsinhStretch(a=0.1),
    "sinh": astropy_vis.SinhStretch(a=1 / 3),
}


@pytest.mark.parametrize("stretch", ASTROPY_STRETCHES)
def test_stretches_are_astropys_to_one_gray_level(stretch):
    image = sky()
    between = float(image.min()), float(np.percentile(image, 99.5))
    normalised = np.clip((image - between[0]) / (between[1] - between[0]), 0, 1)
    expected = 255 * ASTROPY_STRETCHES[stretch](normalised.astype(float))
    shown = grays(image, Display(stretch=stretch), between)
    assert np.abs(shown - expected).max() <= 1.0


@pytest.mark.parametrize(
    ("stretch", "ds9"),
    [
        ("log", lambda x: np.log(1000 * x + 1) / np.log(1000)),
        ("pow", lambda x: (1000**x - 1) / 1000),
        ("asinh", lambda x: np.arcsinh(10 * x) / 3),
        ("sinh", lambda x: np.sinh(3 * x) / 10),
    ],
)
def test_stretches_are_ds9s(stretch, ds9):
    x = np.linspace(0, 1, 1001)
    assert stretched(x, stretch) == pytest.approx(np.clip(ds9(x), 0, 1))


def test_equalisation_is_astropys_to_one_gray_level():
    image = sky()
    expected = 255 * astropy_vis.HistEqStretch(image.astype(float))(
        astropy_vis.MinMaxInterval()(image.astype(float))
    )
    between = float(image.min()), float(image.max())
    shown = grays(image, Display(stretch="histeq"), between, image.ravel())
    assert np.abs(shown - expected).max() <= 1.0


@pytest.mark.parametrize("hot", [1e4, 1e8, 1e15, 3e38])
@pytest.mark.parametrize("share", [0.0005, 0.02])
def test_equalisation_keeps_its_steps_beside_hot_pixels(hot, share):
    image = np.random.default_rng(1).normal(10, 1, 40_000)
    image[: int(share * image.size)] = hot
    between = float(image.min()), float(image.max())
    shown = tone(Display(stretch="histeq"), between, image).levels(image.astype(np.float32))
    counts = np.bincount(shown, minlength=LEVELS)[: int(LEVELS * (1 - share)) - 2]
    assert counts.min() > 0
    assert counts.max() < 3 * image.size / LEVELS


def test_equalisation_of_a_map_that_is_mostly_zero_stays_dark():
    image = np.r_[np.zeros(9000), np.random.default_rng(0).uniform(1, 2, 1000)]
    shown = tone(Display(stretch="histeq"), (0, 2), image).levels(image.astype(np.float32))
    assert (shown[:9000] == 0).all()
    assert shown[9000:].min() > 100


@given(piece=st.integers(1, 40))
def test_pieces_do_not_change_the_levels(piece):
    data = sky((7, 5)).copy()
    data[3, 2] = np.nan
    scale = tone(Display(), (950.0, 1050.0))
    whole = scale.levels(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "_PIECE", piece)
        np.testing.assert_array_equal(scale.levels(data), whole)
        np.testing.assert_array_equal(scale.levels(data.T), whole.T)


@pytest.mark.parametrize("stretch", STRETCHES)
def test_nan_stands_apart_and_infinities_are_the_ends(stretch):
    data = np.array([[np.nan, -np.inf, np.inf], [0.0, 5.0, 10.0]], np.float32)
    sample = np.linspace(0, 10, 1000)
    shown = tone(Display(stretch=stretch), (0.0, 10.0), sample).levels(data)
    assert shown[0].tolist() == [NAN_LEVEL, 0, LEVELS - 1]
    assert shown[1, 0] == 0
    assert shown[1, 2] == LEVELS - 1


@given(
    arrays(np.float32, 50, elements=st.floats(-(2.0**100), 2.0**100, width=32)),
    st.sampled_from(STRETCHES),
    st.floats(0.2, 5),
    st.floats(0, 1),
    st.floats(0.3, 4),
)
def test_brighter_is_never_darker(data, stretch, contrast, bias, gamma):
    display = Display(stretch=stretch, contrast=contrast, bias=bias, gamma=gamma)
    between = limits(data.astype(float), data.astype(float), "minmax")
    shown = tone(display, between, data).levels(np.sort(data))
    assert (np.diff(shown.astype(int)) >= 0).all()
    assert shown.max() < LEVELS


def test_contrast_bias_and_gamma_move_the_levels_as_ds9s_do():
    x = np.linspace(0, 1, 101, dtype=np.float32)
    steep = grays(x, Display(contrast=2.0, bias=0.25), (0, 1))
    assert steep == pytest.approx(255 * np.clip((x - 0.25) * 2 + 0.5, 0, 1), abs=0.6)
    bright = grays(x, Display(gamma=2.2), (0, 1))
    assert bright[1:] == pytest.approx(255 * x[1:] ** (1 / 2.2), abs=0.6)


def test_small_differences_on_a_high_level_survive():
    data = np.array([1e6, 1e6 + 1, 1e6 + 2], np.float32)
    assert tone(Display(), (1e6, 1e6 + 2)).levels(data).tolist() == [0, 120, LEVELS - 1]
