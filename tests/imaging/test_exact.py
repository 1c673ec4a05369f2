"""Extremes and percentiles over all pixels of a frame, held against numpy and astropy."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import MinMaxInterval, PercentileInterval
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tuiview.errors import Cancelled
from tuiview.imaging import exact
from tuiview.imaging.display import INTERVALS, Display
from tuiview.imaging.exact import exact_limits
from tuiview.imaging.frame import Frame
from tuiview.imaging.readers import open_image
from tuiview.imaging.scaling import LEVELS, tone
from tuiview.source import FileSource

RANKED = [i for i in INTERVALS if i == "minmax" or i.endswith("%")]


class Plain(Frame):
    """A frame over an array."""

    def __init__(self, data):
        self.name, self.data, self.shape, self.dtype = "image", data, data.shape, data.dtype

    def read(self, x0, y0, x1, y1):
        return self.data[y0:y1, x0:x1]

    def reduce(self, box, size, *, cancelled=None, preview=False):
        raise NotImplementedError

    def sample(self, count=100_000):
        raise NotImplementedError


def reference(interval, data):
    if interval == "minmax":
        return MinMaxInterval().get_limits(data)
    return PercentileInterval(float(interval[:-1])).get_limits(data)


@pytest.fixture(scope="module", params=[">f4", ">i2", "u2", ">f8"])
def large(request, tmp_path_factory):
    """A crowded field of 1500 x 2100 with one hot pixel, gaps if it is of floats."""
    dice = np.random.default_rng(5)
    data = dice.normal(300, 10, (1500, 2100))
    data.flat[::23] += dice.pareto(1.1, data.flat[::23].shape) * 50
    data = np.clip(data, 0, 30000)
    data[777, 1313] = 32000
    if "f" in request.param:
        data[40:60, 900:] = np.nan
        data[3, 3] = np.inf
    path = tmp_path_factory.mktemp("large") / "field.fits"
    fits.writeto(path, data.astype(request.param))
    with open_image(FileSource(path)) as image:
        yield image.frames[0], fits.getdata(path)


@pytest.mark.parametrize("interval", RANKED)
def test_large_images_have_astropys_intervals_to_one_gray_level(large, interval):
    frame, data = large
    low, high = reference(interval, data)
    found = exact_limits(frame, frame.sample(), interval)
    assert found == pytest.approx((low, high), rel=1e-6)
    some = data[::7, ::5].astype(np.float32)
    some = some[np.isfinite(some)]
    grays = tone(Display(), found).levels(some) * (255 / (LEVELS - 1))
    assert np.abs(grays - 255 * np.clip((some - low) / (high - low), 0, 1)).max() <= 1.0


def test_a_sample_alone_would_not_do(large):
    frame, data = large
    sample = frame.sample()
    assert sample.max() < np.nanmax(data[np.isfinite(data)]) == 32000


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=60),
    st.sampled_from(RANKED),
    st.sampled_from(["f4", "i2", "u1", "i8"]),
    st.integers(1, 20),
)
@example([-3], "99.5%", "u1", 1)
@example([252, 0, 5], "99.5%", "u1", 9)
@settings(max_examples=150)
def test_ties_small_samples_and_bands_do_not_matter(values, interval, dtype, count):
    data = np.array(values, float).reshape(1, -1).repeat(3, 0)
    data = (data + 3 if dtype == "u1" else data).astype(dtype)
    if np.ptp(data) == 0:
        data[0, 0] += 1
    sample = data.ravel()[:count].astype(float)
    found = exact_limits(Plain(data), sample, interval)
    low, high = reference(interval, data)
    if found is None:
        return  # the sample says too little; the caller keeps what it says
    assert found == pytest.approx((low, high) if low < high else (data.min(), data.max()))


def test_a_pass_is_cancelled_between_two_reads(large, monkeypatch):
    frame, _ = large
    monkeypatch.setattr(exact, "_READ_BYTES", 1 << 20)
    asked = []
    with pytest.raises(Cancelled):
        exact_limits(
            frame, frame.sample(), "99%", cancelled=lambda: len(asked) > 1 or asked.append(1)
        )
    assert len(asked) == 2


@pytest.mark.parametrize("interval", ["zscale", "visiomatic"])
def test_what_is_of_a_sample_stays_so(large, interval):
    frame, _ = large
    assert exact_limits(frame, frame.sample(), interval) is None
