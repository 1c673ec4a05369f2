"""Plots: exact size, few colours, ticks that can be read, curves where the data are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiview.imaging.cuts import ContourMap, Curve, histogram
from tuiview.imaging.linefit import LineFit
from tuiview.imaging.measure import PixelTable, Stamp
from tuiview.imaging.plots import label, plot, ticks
from tuiview.imaging.starfit import Fit, RadialProfile
from tuiview.imaging.surface import Surface


def results():
    rng = np.random.default_rng(0)
    x = np.arange(50.0)
    gap = np.sin(x)
    gap[10:20] = np.nan
    r = np.sort(rng.uniform(0, 10, 80))
    fit = Fit(5, 5, 4.0, 100, 10, None, 1.0)
    yield "curve", Curve("line 7", x, gap, "x", "adu", 12.0)
    yield "long", Curve("spectrum", np.arange(4096.0), rng.normal(size=4096))
    yield "flat", Curve("flat", x, np.full(50, 3.0))
    yield "nan", Curve("nothing", x, np.full(50, np.nan))
    yield "huge", Curve("huge", x * 1e-9, x * 1e30)
    yield "one", Curve("one", np.zeros(1), np.ones(1))
    yield "histogram", histogram(rng.normal(size=5000), (-2, 2))
    yield "constant", histogram(np.ones(9))
    yield "radial", RadialProfile(5, 5, r, fit.at(r), fit, Fit(5, 5, 4.1, 99, 9, 3.0, 1), 0.1, 20)
    yield "unfitted", RadialProfile(5, 5, r, fit.at(r), None, None, np.nan, np.nan)
    yield "line fit", LineFit(Curve("fit", x, fit.at(x - 20), "x"), 20.0, 4.0, 100.0, 10.0, 0.1)
    data = rng.random((11, 21))
    data[3, 3] = np.nan
    yield "contours", ContourMap(Stamp(data, 5, 7), np.array([0.5]), (np.array([[6, 8, 9, 9.0]]),))
    yield "table", PixelTable(np.arange(100, dtype=">i4").reshape(10, 10), 5, 7, True)
    yield "colour table", PixelTable(np.full((3, 4, 3), 255, "u1"), 0, 0, False)
    yield "surface", Surface(Stamp(data, 5, 7), True, "adu")
    yield "level", Surface(Stamp(np.full((2, 3), 7.0), 0, 0), False)


@pytest.mark.parametrize("result", [pytest.param(what, id=name) for name, what in results()])
@pytest.mark.parametrize("size", [(800, 500), (333, 222), (80, 60)])
def test_a_plot_fills_its_size_with_few_colours(result, size):
    picture = plot(result, *size)
    assert (picture.width, picture.height) == size
    assert picture.pixels.max() < len(picture.palette) <= 32
    assert len(np.unique(picture.pixels)) > 2
    assert result.lines()


def test_a_curve_passes_through_its_points():
    picture = plot(Curve("", np.array([0.0, 1.0, 2.0]), np.array([0.0, 5.0, 1.0])), 400, 300)
    ink = picture.pixels == 4
    top_of_peak = np.nonzero(ink.any(axis=1))[0].min()
    columns = np.nonzero(ink[top_of_peak])[0]
    whole = np.nonzero(ink.any(axis=0))[0]
    assert columns.mean() == pytest.approx((whole.min() + whole.max()) / 2, abs=3)


def test_contours_of_photographs_run_down():
    data = np.zeros((8, 8))
    data[0] = 1.0
    for up, at in ((True, -1), (False, 0)):
        found = plot(
            ContourMap(Stamp(data, 0, 0), np.array([0.5]), (np.empty((0, 4)),), up), 200, 200
        )
        bright = np.nonzero((found.pixels == 8 + 15).any(axis=1))[0]
        dark = np.nonzero((found.pixels == 8).any(axis=1))[0]
        assert (bright.max() < dark.max()) == (at == 0)


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(1, 12))
def test_ticks_are_round_inside_and_not_too_many(low, span, most):
    high = low + span
    if not high - low > 1e-9 * abs(low):
        return
    values, step = ticks(low, high, most)
    assert len(values) <= most + 1
    assert f"{step:.6e}"[0] in "125"
    assert all(low - 1e-6 * span <= v <= high + 1e-6 * span for v in values)
    words = [label(v, step) for v in values]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(0.0, 1.0, "0"), (2.5, 0.5, "2.5"), (100.0, 50.0, "100"), (2e7, 1e7, "2e7"),
     (-0.25, 0.05, "-0.25"), (1.5e-7, 5e-8, "1.5e-7"), (-1e-12, 1.0, "0")],
)  # fmt: skip
def test_labels_have_the_digits_of_their_step(value, step, text):
    assert label(value, step) == text


@pytest.mark.parametrize("up", [True, False])
def test_a_surface_stands_highest_where_its_peak_is_and_leaves_gaps_out(up):
    data = np.zeros((9, 9))
    data[4, 4] = 1.0
    flat = plot(Surface(Stamp(np.zeros((9, 9)), 0, 0), up), 300, 200).pixels
    peaked = plot(Surface(Stamp(data, 0, 0), up), 300, 200).pixels
    bright = np.argwhere(peaked >= 3 + 6)
    assert abs(bright[:, 1].mean() - 150) < 12
    assert bright[:, 0].min() < np.argwhere(flat == 3)[:, 0].min()
    data[4, 4] = np.nan
    holed = plot(Surface(Stamp(np.where(np.isnan(data), np.nan, 0.0), 0, 0), up), 300, 200).pixels
    assert 0.9 < (holed >= 3).sum() / (flat >= 3).sum() < 0.97
