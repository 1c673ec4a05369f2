"""Measurements, held against photutils, astropy and made stars."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.stats import sigma_clip, sigma_clipped_stats
from hypothesis import given, settings
from hypothesis import strategies as st
from photutils.aperture import ApertureStats, CircularAnnulus, CircularAperture

from tuiview.imaging.cuts import (
    column_cut,
    contours,
    histogram,
    line_cut,
    profile,
    spectrum,
)
from tuiview.imaging.frame import Frame
from tuiview.imaging.linefit import column_fit, line_fit
from tuiview.imaging.measure import (
    MeasureError,
    aperture_photometry,
    centroid,
    circle_overlap,
    peaks,
    pixel_table,
    stamp,
    statistics,
)
from tuiview.imaging.starfit import radial_profile
from tuiview.imaging.surface import surface


class ArrayFrame(Frame):
    """A frame over an array."""

    def __init__(self, data, origin="lower"):
        self.data = np.asarray(data)
        self.name, self.shape, self.dtype = "image", self.data.shape[:2], self.data.dtype
        self.channels = 3 if self.data.ndim == 3 else 1
        self.unit, self.origin = "adu", origin

    def read(self, x0, y0, x1, y1):
        return self.data[y0:y1, x0:x1]

    def reduce(self, box, size, *, cancelled=None, preview=False):
        raise NotImplementedError

    def sample(self, count=100_000):
        return self.data.ravel().astype(float)


def moffat(shape, x, y, fwhm, beta=3.0, amplitude=1000.0, background=50.0):
    alpha = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    yy, xx = np.indices(shape)
    return background + amplitude * (1 + ((xx - x) ** 2 + (yy - y) ** 2) / alpha**2) ** -beta


def gaussian(shape, x, y, fwhm, amplitude=1000.0, background=50.0, ratio=1.0, angle=0.0):
    yy, xx = np.indices(shape)
    dx, dy, turn = xx - x, yy - y, np.radians(angle)
    u, v = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)
    return background + amplitude * np.exp(-4 * np.log(2) * (u**2 + (v / ratio) ** 2) / fwhm**2)


def noisy(image, sigma=3.0, seed=0):
    return image + np.random.default_rng(seed).normal(0, sigma, image.shape)


@settings(max_examples=60)
@given(st.floats(10, 50), st.floats(10, 40), st.floats(0.2, 9))
def test_apertures_are_photutils_exactly(x, y, radius):
    image = np.random.default_rng(1).normal(100, 20, (51, 61))
    found = aperture_photometry(ArrayFrame(image), x, y, radius, 12, 16)
    expected = CircularAperture((x, y), radius).do_photometry(image, method="exact")[0][0]
    assert found.total == pytest.approx(expected, rel=1e-6)
    assert found.area == pytest.approx(np.pi * radius**2, rel=1e-6)


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (-2.0, 20.0), (60.3, 50.4), (30, 52)])
def test_apertures_over_the_edge_are_photutils(x, y):
    image = np.random.default_rng(1).normal(100, 20, (51, 61))
    found = aperture_photometry(ArrayFrame(image), x, y, 6.0, 8, 12)
    aperture = CircularAperture((x, y), 6.0)
    assert found.total == pytest.approx(aperture.do_photometry(image, method="exact")[0][0])
    assert found.missing == pytest.approx(np.pi * 36 - aperture.area_overlap(image), rel=1e-6)


def test_the_background_is_the_annulus_clipped_median():
    image = noisy(moffat((81, 81), 40.2, 39.7, 4.0))
    image[40, 52] += 5000  # a cosmic in the annulus
    found = aperture_photometry(ArrayFrame(image), 40.2, 39.7, 6, 10, 16)
    annulus = CircularAnnulus((40.2, 39.7), 10, 16)
    yy, xx = np.indices(image.shape)
    r = np.hypot(xx - 40.2, yy - 39.7)
    ring = image[(r >= 10) & (r < 16)]
    assert found.background == pytest.approx(
        np.median(sigma_clip(ring, 3, maxiters=5).compressed())
    )
    assert found.background == pytest.approx(ApertureStats(image, annulus).median, abs=1)
    assert found.flux == pytest.approx(found.total - found.area * found.background)
    assert found.magnitude == pytest.approx(25 - 2.5 * np.log10(found.flux))


def test_pixels_without_a_value_are_left_out_and_told():
    image = np.ones((31, 31))
    image[15, 16] = np.nan
    found = aperture_photometry(ArrayFrame(image), 15, 15, 4, 6, 9)
    assert found.total == pytest.approx(np.pi * 16 - 1)
    assert found.missing == pytest.approx(1)
    assert any("no value" in line for line in found.lines())


@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(0.05, 5))
def test_overlaps_are_within_a_pixel_and_sum_to_the_circle(x, y, radius):
    at = np.arange(-12.0, 13.0)
    area = circle_overlap(at[None] - x, at[:, None] - y, radius)
    assert ((area >= 0) & (area <= 1)).all()
    assert area.sum() == pytest.approx(np.pi * radius**2, rel=1e-6)


@pytest.mark.parametrize("fwhm", [2.0, 3.3, 5.0, 12.0])
@pytest.mark.parametrize("beta", [2.0, 3.0, 4.5])
def test_the_fwhm_of_a_made_moffat_is_found_within_a_hundredth(fwhm, beta):
    image = noisy(moffat((121, 121), 60.37, 58.81, fwhm, beta), 1.0)
    found = radial_profile(ArrayFrame(image), 61, 59)
    assert found.moffat.fwhm == pytest.approx(fwhm, rel=0.01)
    assert (found.x, found.y) == pytest.approx((60.37, 58.81), abs=0.02)


@pytest.mark.parametrize("fwhm", [2.0, 4.0, 9.0])
def test_the_fwhm_of_a_made_gaussian_is_found_within_a_hundredth(fwhm):
    image = noisy(gaussian((101, 101), 50.2, 49.6, fwhm), 1.0)
    found = radial_profile(ArrayFrame(image), 50, 50)
    assert found.gaussian.fwhm == pytest.approx(fwhm, rel=0.01)
    assert found.gaussian.background == pytest.approx(50, abs=1)
    assert found.gaussian.amplitude == pytest.approx(1000, rel=0.01)
    assert found.ellipticity < 0.02


def test_a_long_star_has_its_ellipticity_and_angle():
    found = radial_profile(
        ArrayFrame(gaussian((81, 81), 40, 40, 8, ratio=0.6, angle=30)), 40, 40, radius=20
    )
    assert found.ellipticity == pytest.approx(0.35, abs=0.08)
    assert found.angle == pytest.approx(30, abs=1)


def test_the_centroid_is_between_pixels():
    image = noisy(gaussian((61, 61), 30.4, 28.7, 4.0), 2.0)
    assert centroid(ArrayFrame(image), 32, 30) == pytest.approx((30.4, 28.7), abs=0.05)


@pytest.mark.parametrize(
    "image", [np.zeros((30, 30)), np.full((30, 30), np.nan), np.full((30, 30), 7.0)]
)
def test_where_nothing_is_it_says_so(image):
    with pytest.raises(MeasureError):
        centroid(ArrayFrame(image), 15, 15)
    with pytest.raises(MeasureError):
        radial_profile(ArrayFrame(image), 15, 15)


@pytest.mark.parametrize("work", [
    lambda f: stamp(f, 500, 5, 3), lambda f: pixel_table(f, -500, 5), lambda f: line_cut(f, 1, 99),
    lambda f: aperture_photometry(f, 5, -400), lambda f: contours(f, 999, 999),
])  # fmt: skip
def test_off_the_image_it_says_so(work):
    with pytest.raises(MeasureError, match="no image"):
        work(ArrayFrame(np.ones((30, 30))))


def test_statistics_are_numpys_and_clip_as_astropy():
    values = np.random.default_rng(0).normal(10, 2, (40, 40))
    values[0, :5] = 1e4
    values[1, 1] = np.nan
    found = statistics(values)
    good = values[np.isfinite(values)]
    assert (found.n, found.missing) == (1599, 1)
    assert (found.mean, found.median) == pytest.approx((good.mean(), np.median(good)))
    assert (found.minimum, found.maximum) == (good.min(), 1e4)
    assert (found.clipped_mean, found.clipped_median, found.clipped_std) == pytest.approx(
        sigma_clipped_stats(good, sigma=3, maxiters=5)
    )
    assert found.lines()
    with pytest.raises(MeasureError):
        statistics(np.full(4, np.nan))


def test_pixel_table_shows_native_values_in_screen_order():
    image = np.arange(400, dtype=np.int64).reshape(20, 20) + 2**60
    table = pixel_table(ArrayFrame(image), 10, 10, 4).lines()
    assert table[0].split() == ["8", "9", "10", "11"]
    assert table[1].split() == ["11", *(str(2**60 + 11 * 20 + i) for i in range(8, 12))]
    assert pixel_table(ArrayFrame(image, "upper"), 10, 10, 4).lines()[1].split()[0] == "8"
    color = pixel_table(ArrayFrame(np.full((5, 5, 3), 7, np.uint8)), 2, 2, 2).lines()
    assert color[1].split()[1] == "7/7/7"


def test_peaks_are_the_stars_brightest_first():
    image = noisy(np.zeros((100, 120)), 1.0)
    for x, y, height in ((20.3, 30.2, 100), (80.4, 60.1, 400), (101, 11, 200)):
        image += gaussian(image.shape, x, y, 3.0, height, 0)
    found = peaks(stamp(ArrayFrame(image), 60, 50, 200))
    assert [(p.x, p.y) for p in found] == [(80, 60), (101, 11), (20, 30)]
    assert found[0].center == pytest.approx((80.4, 60.1), abs=0.25)


def test_line_and_column_cuts_are_rows_and_columns():
    image = np.arange(600.0).reshape(20, 30)
    frame = ArrayFrame(image)
    assert np.array_equal(line_cut(frame, 4.4, 7.2).y, image[7])
    assert np.array_equal(column_cut(frame, 4.4, 7.2).y, image[:, 4])
    near = line_cut(frame, 4.4, 7.2, half=6)
    assert near.x.tolist() == list(range(11))
    assert near.mark == 4.4
    assert "line 7" in near.lines()[0]


@given(st.floats(-5, 40), st.floats(-5, 30), st.floats(-5, 40), st.floats(-5, 30))
def test_a_profile_of_a_plane_is_the_plane(x0, y0, x1, y1):
    yy, xx = np.indices((25, 35))
    found = profile(ArrayFrame(3.0 * xx - 2.0 * yy + 5), x0, y0, x1, y1)
    share = found.x / max(found.x[-1], 1e-9)
    x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
    inside = (x > 0.01) & (x < 33.9) & (y > 0.01) & (y < 23.9)
    assert found.y[inside] == pytest.approx((3.0 * x - 2.0 * y + 5)[inside], abs=1e-3)
    assert np.isnan(found.y[(x < -0.51) | (x > 34.51) | (y < -0.51) | (y > 24.51)]).all()


def test_a_spectrum_runs_through_the_planes():
    planes = [ArrayFrame(np.full((9, 9), float(i * i))) for i in range(6)]
    found = spectrum(planes, 4, 4, axis=[500, 510, 520, 530, 540, 550], label="nm", current=2)
    assert found.y.tolist() == [0, 1, 4, 9, 16, 25]
    assert found.mark == 520
    assert found.lines()[1].startswith("n 6")


def test_histograms_count_everything_once():
    values = np.r_[np.random.default_rng(0).normal(0, 1, 1000), np.nan, 1e9]
    found = histogram(values, (-2, 2), bins=50)
    assert found.counts.sum() + sum(found.outside) == 1001
    assert found.outside == (0, 1)
    assert histogram(np.full(10, 3.0)).counts.sum() == 10


def test_contours_of_a_cone_are_circles():
    yy, xx = np.indices((41, 41))
    cone = -np.hypot(xx - 20, yy - 20)
    found = contours(ArrayFrame(cone), 20, 20, 18, count=5)
    for level, pieces in zip(found.levels, found.pieces, strict=True):
        ends = pieces.reshape(-1, 2)
        radius = np.hypot(ends[:, 0] - 20, ends[:, 1] - 20)
        assert radius[radius < 17.9] == pytest.approx(-level, abs=0.1)


@given(
    st.floats(20.0, 30.0), st.floats(20.0, 30.0), st.floats(2.5, 7.0), st.floats(-1e5, 1e5)
)  # fmt: skip
@settings(max_examples=25)
def test_lines_and_columns_are_fitted_by_their_gaussian(x, y, fwhm, background):
    image = gaussian((50, 50), x, y, fwhm, background=background)
    image[3, 3:6] = np.nan
    frame = ArrayFrame(image)
    for found, center in (
        (line_fit(frame, x + 1.5, y), x), (column_fit(frame, x, y - 1.5), y),
    ):  # fmt: skip
        assert found.center == pytest.approx(center, abs=1e-3)
        assert found.fwhm == pytest.approx(fwhm, rel=1e-3)
        assert found.background == pytest.approx(background, abs=1e-3 * 1000)
    assert line_fit(frame, x, y).curve.title.startswith("Gaussian through lines")


def test_a_line_fit_averages_five_lines():
    image = np.zeros((40, 40))
    image[18:23] = 100.0 * np.exp(-((np.arange(40) - 20.0) ** 2) / 8.0)
    assert line_fit(ArrayFrame(image), 20, 20).peak == pytest.approx(100.0, rel=1e-3)
    assert line_fit(ArrayFrame(image), 20, 22).peak == pytest.approx(60.0, rel=1e-3)


@pytest.mark.parametrize("fit", [line_fit, column_fit])
def test_where_no_gaussian_is_a_fit_says_so(fit):
    with pytest.raises(MeasureError):
        fit(ArrayFrame(np.full((30, 30), np.nan)), 15, 15)
    with pytest.raises(MeasureError):
        fit(ArrayFrame(np.full((30, 30), 3.0)), 15, 15)


def test_pixel_tables_of_tiny_and_huge_values_have_a_common_exponent():
    found = pixel_table(ArrayFrame(np.array([[1.25e-7, np.nan], [3e-8, -2e-7]])), 0, 0)
    assert found.exponent == -7
    assert found.cells(short=True)[1:] == [["1", "0.3", "-2"], ["0", "1.25", "nan"]]
    assert found.cells()[2][1] == "1.25e-07"
    whole = pixel_table(ArrayFrame(np.array([[2**60 + 1]])), 0, 0)
    assert (whole.exponent, whole.cells(short=True)[1][1]) == (0, str(2**60 + 1))


def test_a_surface_holds_the_pixels_about_a_position():
    image = np.arange(40 * 40.0).reshape(40, 40)
    image[12, 12] = np.nan
    found = surface(ArrayFrame(image, "upper"), 15.2, 20.9)
    assert found.piece.data.shape == (21, 21)
    assert (found.piece.x0, found.piece.y0) == (5, 11)
    assert not found.up
    assert found.span == (image[11, 5], image[31, 25])
    assert "highest at 25 31" in found.lines()
