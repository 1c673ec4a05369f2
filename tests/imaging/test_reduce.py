"""Reduction held against a slow, exact reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole_arrays import reduce_array

from tuiview.errors import Cancelled
from tuiview.imaging import reduce
from tuiview.imaging.axis import plan_axis
from tuiview.imaging.frame import Box
from tuiview.imaging.reduce import reduce_rows


def overlaps(low, high, count, size):
    """How much of each pixel lies in each cell: `(count, size)`."""
    edges = low + np.arange(count + 1) * (high - low) / count
    pixel = np.arange(size)
    inside = np.minimum(edges[1:, None], pixel + 0.5) - np.maximum(edges[:-1, None], pixel - 0.5)
    return np.clip(inside, 0, None)


def reference(data, box, size):
    """The exact average by two full matrices, without NaN and infinities, and its weight."""
    wy = overlaps(box.y0, box.y1, size[0], data.shape[0])
    wx = overlaps(box.x0, box.x1, size[1], data.shape[1])
    data = data.astype(np.float64)
    good = np.isfinite(data)
    weight = wy @ good @ wx.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return (wy @ np.where(good, data, 0) @ wx.T) / weight, weight


def nearest(data, box, size):
    """The pixel at the middle of each cell."""
    out = np.full(size, np.nan)
    for row in range(size[0]):
        y = int(np.floor(box.y0 + (row + 0.5) * (box.y1 - box.y0) / size[0] + 0.5 + 1e-9))
        for column in range(size[1]):
            x = int(np.floor(box.x0 + (column + 0.5) * (box.x1 - box.x0) / size[1] + 0.5 + 1e-9))
            if 0 <= y < data.shape[0] and 0 <= x < data.shape[1]:
                out[row, column] = data[y, x]
    return out


@st.composite
def cases(draw, low, high):
    """An image, a box that may lie partly outside, and a size: shrunk low-fold to high-fold."""
    ny, nx = draw(st.integers(1, 50)), draw(st.integers(1, 50))
    dtype = draw(st.sampled_from([">f4", "<f4", ">f8", ">i2", "<u2", "u1", ">i4", ">i8"]))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    data = rng.normal(100, 10, (ny, nx)).astype(dtype)
    if data.dtype.kind == "f":
        bad = rng.random(data.shape) < draw(st.sampled_from([0, 0, 0.01, 0.5, 1.0]))
        data[bad] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    h, w = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    x0, y0 = draw(st.floats(-20, nx + 3)), draw(st.floats(-20, ny + 3))
    fx, fy = draw(st.floats(low, high)), draw(st.floats(low, high))
    return data, Box(x0, y0, x0 + w * fx, y0 + h * fy), (h, w)


@settings(max_examples=150)
@given(case=cases(1.001, 9.0))
def test_shrinking_is_the_exact_area_average(case):
    data, box, size = case
    expected, weight = reference(data, box, size)
    # Of cells that hardly touch a value it does not matter whether they count as empty.
    sure = (weight > 1e-3) | (weight == 0)
    found = reduce_array(data, box, size)
    np.testing.assert_allclose(found[sure], expected[sure], rtol=1e-4)


@settings(max_examples=100)
@given(case=cases(1.001, 90.0), band=st.integers(1, 2000), sums=st.sampled_from([64, 1 << 20]))
def test_averages_are_right_to_the_digits_of_a_32_bit_float(case, band, sums):
    data, box, size = case
    expected, weight = reference(data, box, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce, "BAND_BYTES", band)
        patch.setattr(reduce, "_SUM_BYTES", sums)
        found = reduce_array(data, box, size)
    sure = weight > 1e-3
    np.testing.assert_allclose(found[sure], expected[sure], rtol=1e-6)


def test_many_rows_under_a_cell_lose_no_digits():
    data = np.random.default_rng(4).normal(1000, 1, (100_000, 3)).astype(np.float32)
    found = reduce_array(data, Box.whole(data.shape), (1, 1))
    assert found[0, 0] == pytest.approx(data.mean(dtype=np.float64), rel=5e-7)


def test_values_whose_sum_has_no_number_do_not_fail():
    data = np.full((8, 8), 1e308)
    data[:, :4] = 2.0
    found = reduce_array(data, Box.whole(data.shape), (2, 2))
    np.testing.assert_allclose(found[:, 0], 2.0)


@settings(max_examples=80)
@given(case=cases(0.05, 0.999))
def test_magnifying_takes_the_nearest_pixel(case):
    data, box, size = case
    found = reduce_array(data, box, size)
    expected = nearest(data.astype(np.float64), box, size)
    expected[~np.isfinite(expected)] = np.nan
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@settings(max_examples=60)
@given(
    case=cases(1.001, 40.0),
    threads=st.integers(1, 3),
    band=st.integers(1, 9),
    sums=st.sampled_from([64, 1 << 20]),
)
def test_bands_and_threads_do_not_change_the_result(case, threads, band, sums):
    data, box, size = case
    rows = plan_axis(box.y0, box.y1, size[0], data.shape[0])
    columns = plan_axis(box.x0, box.x1, size[1], data.shape[1])
    if rows is None or columns is None:
        return
    window = data[:, columns.low : columns.high]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce, "BAND_BYTES", band)
        patch.setattr(reduce, "_SUM_BYTES", sums)
        found = reduce_rows(
            lambda y0, y1: window[y0:y1], rows, columns, stored=data.dtype, threads=threads
        )
    whole = reduce_array(data, box, size)
    inner = whole[rows.first : rows.last, columns.first : columns.last]
    np.testing.assert_allclose(found, inner, rtol=1e-4)


@pytest.mark.parametrize("zoom", [1, 2, 3, 5])
def test_whole_magnifications_repeat_pixels(zoom):
    data = np.arange(35.0).reshape(5, 7)
    found = reduce_array(data, Box.whole(data.shape), (5 * zoom, 7 * zoom))
    np.testing.assert_array_equal(found, np.kron(data, np.ones((zoom, zoom))))


def test_a_hot_pixel_in_ten_thousand_squared_does_not_vanish():
    side = 10_000
    band = np.zeros((side, side // 100), np.float32).reshape(-1, side)

    def read(y0, y1):
        rows = band[: y1 - y0]
        if y0 <= 1234 < y1:
            rows = rows.copy()
            rows[1234 - y0, 2345] = 1e6
        return rows

    axis = plan_axis(-0.5, side - 0.5, 1000, side)
    found = reduce_rows(read, axis, axis, stored=band.dtype, row_bytes=4 * side, threads=2)
    assert found[123, 234] == pytest.approx(1e4)
    assert found.sum() == pytest.approx(1e4)


@pytest.mark.parametrize("size", [(500, 700), (50, 70), (37, 61), (3, 4)])
def test_scattered_nan_do_not_spread(size):
    rng = np.random.default_rng(3)
    data = rng.normal(10, 1, (500, 700)).astype(np.float32)
    data[rng.random(data.shape) < 0.001] = np.nan
    found = reduce_array(data, Box.whole(data.shape), size)
    assert np.isnan(found).mean() <= 0.0015
    if size != (500, 700):
        assert not np.isnan(found).any()
        assert abs(found.mean() - 10) < 0.05


def test_an_area_of_nan_keeps_its_share_at_every_zoom():
    data = np.ones((400, 600), np.float32)
    data[100:200, 150:300] = np.nan
    for size in ((400, 600), (200, 300), (133, 200), (40, 60)):
        found = reduce_array(data, Box.whole(data.shape), size)
        assert np.isnan(found).mean() == pytest.approx(100 * 150 / (400 * 600), rel=0.25)


@pytest.mark.parametrize("size", [(7, 9), (13, 4), (3, 2)])
def test_cells_of_nothing_but_nan_are_nan(size):
    data = np.full((101, 997), np.nan, np.float32)
    assert np.isnan(reduce_array(data, Box(-0.4, -0.3, 996.1, 100.2), size)).all()
    data[50, 50] = 3.0
    found = reduce_array(data, Box(-0.4, -0.3, 996.1, 100.2), size)
    assert np.isfinite(found).sum() in (1, 2, 4)
    np.testing.assert_allclose(found[np.isfinite(found)], 3.0, rtol=1e-5)


def test_infinities_are_left_out():
    data = np.array([[np.inf, 2.0], [4.0, -np.inf]])
    assert reduce_array(data, Box.whole((2, 2)), (1, 1)) == 3.0


def test_sums_beyond_the_type_are_averaged():
    data = np.full((60, 60), 3e38, np.float32)
    np.testing.assert_allclose(reduce_array(data, Box.whole(data.shape), (3, 3)), 3e38, rtol=1e-5)


@pytest.mark.parametrize("size", [(101, 101), (99, 64), (77, 50), (31, 33)])
def test_a_checkerboard_shows_no_moire(size):
    data = (np.indices((400, 400)).sum(axis=0) % 2 * 100).astype(np.uint8)
    found = reduce_array(data, Box.whole(data.shape), size)
    # What is left is the part of one row of squares at a cell's edges; sampling shows 0 and 100.
    assert np.abs(found - 50).max() < 8


@settings(max_examples=60)
@given(
    x=st.floats(3, 60), y=st.floats(3, 40), zoom=st.floats(0.15, 0.95),
    left=st.floats(-8, 0), low=st.floats(-8, 0),
)  # fmt: skip
def test_the_light_of_a_star_stays_where_it_is(x, y, zoom, left, low):
    """Its centroid in the reduced picture is its position in the image, at every zoom."""
    ny, nx = 44, 64
    ys, xs = np.mgrid[:ny, :nx]
    data = np.clip(1.5 - np.hypot(xs - round(x), ys - round(y)), 0, None)
    size = (int(70 * zoom), int(90 * zoom))
    box = Box(left, low, left + size[1] / zoom, low + size[0] / zoom)
    found = np.nan_to_num(reduce_array(data, box, size))
    rows, columns = np.indices(size)
    centre = (
        box.x0 + ((columns + 0.5) * found).sum() / found.sum() / zoom,
        box.y0 + ((rows + 0.5) * found).sum() / found.sum() / zoom,
    )
    spread = 0.5 / zoom
    assert abs(centre[0] - round(x)) < spread
    assert abs(centre[1] - round(y)) < spread


def test_blank_integers_are_left_out():
    data = np.array([[5, -32768], [7, 9]], ">i2")
    rows, columns = plan_axis(-0.5, 1.5, 1, 2), plan_axis(-0.5, 1.5, 1, 2)
    found = reduce_rows(lambda y0, y1: data[y0:y1], rows, columns, stored=data.dtype, blank=-32768)
    assert found == pytest.approx(7.0)


def test_colours_keep_their_channels():
    data = np.zeros((40, 40, 3), np.uint8)
    data[..., 0], data[..., 2] = 200, 50
    found = reduce_array(data, Box.whole((40, 40)), (7, 9))
    np.testing.assert_allclose(found, np.broadcast_to([200, 0, 50], (7, 9, 3)), rtol=1e-6)


def test_it_stops_between_bands():
    asked = []

    def read(y0, y1):
        asked.append(y0)
        return np.zeros((y1 - y0, 10))

    plan = plan_axis(-0.5, 9999.5, 10, 10000)
    with pytest.raises(Cancelled):
        reduce_rows(
            read, plan, plan_axis(-0.5, 9.5, 5, 10), stored=np.dtype("f8"), row_bytes=80,
            cancelled=lambda: len(asked) >= 2,
        )  # fmt: skip
    assert len(asked) == 2


@pytest.mark.parametrize("threads", [2, 4])
def test_a_failing_read_is_what_is_raised(threads):
    def read(y0, y1):
        if y0 > 500:
            raise RuntimeError("the disk is gone")
        return np.zeros((y1 - y0, 10))

    with pytest.raises(RuntimeError, match="the disk is gone"):
        reduce_rows(
            read, plan_axis(-0.5, 999.5, 10, 1000), plan_axis(-0.5, 9.5, 5, 10),
            stored=np.dtype("f8"), row_bytes=80, threads=threads,
        )  # fmt: skip


def test_nothing_but_the_outside_is_nan():
    assert np.isnan(reduce_array(np.ones((4, 4)), Box(10, 10, 20, 20), (3, 3))).all()
