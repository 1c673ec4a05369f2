"""FITS files of every kind, held against astropy."""

from __future__ import annotations

import bz2
import gzip
import itertools
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import ZScaleInterval
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole_arrays import reduce_array

from tuiview.errors import Cancelled, NotAnImageError, UnreadableError
from tuiview.imaging.frame import Box
from tuiview.imaging.readers import banded, content, open_image
from tuiview.imaging.readers.fits_plain import Unusual, scan
from tuiview.imaging.scaling import limits
from tuiview.source import BlobSource, FileSource

BITPIX = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}


def opened(path, part=None):
    return open_image(FileSource(Path(path), part))


def made(bitpix, shape, seed=0, *, nan=False):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(BITPIX[bitpix])
    if dtype.kind == "f":
        data = rng.normal(1000, 50, shape).astype(dtype)
        if nan:
            data[rng.random(shape) < 0.1] = np.nan
        return data
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def planes(data):
    """The planes of an array in FITS's order, axes of length 1 dropped."""
    data = np.squeeze(data)
    while data.ndim < 2:
        data = data[np.newaxis]
    return data.reshape(-1, *data.shape[-2:])


def check(path, hdu_data, first=0):
    """All frames from the `first` on read as astropy's planes do, to the bit and the type."""
    with opened(path) as image:
        for number, plane in enumerate(planes(hdu_data)):
            frame = image.frames[first + number]
            found = frame.read(0, 0, frame.shape[1], frame.shape[0])
            assert frame.shape == plane.shape
            assert frame.dtype == found.dtype == plane.dtype.newbyteorder("=")
            np.testing.assert_array_equal(found, plane)
            size = tuple(max(1, n // 3) for n in plane.shape)
            reduced = frame.reduce(Box.whole(frame.shape), size).data
            expected = reduce_array(plane, Box.whole(plane.shape), size)
            limit = 1e-6 * np.nanmax(np.abs(expected), initial=1)
            np.testing.assert_allclose(reduced, expected, rtol=1e-4, atol=limit)


@pytest.mark.parametrize(
    ("bitpix", "shape", "packing"),
    [
        *itertools.product(
            BITPIX, [(11, 13), (3, 7, 5), (2, 1, 6, 5), (2, 2, 1, 4, 5)], ["", ".gz", ".bz2"]
        )
    ],
)  # fmt: skip
def test_every_type_of_pixel_in_every_number_of_axes(tmp_path, bitpix, shape, packing):
    data = made(bitpix, shape, nan=True)
    path = tmp_path / f"image.fits{packing}"
    fits.writeto(path, data)
    check(path, data)


@pytest.mark.parametrize("bitpix", BITPIX)
@pytest.mark.parametrize(
    ("bscale", "bzero", "blank"),
    [(1, 0, None), (0.5, 100.25, None), (1, 0, 7), (2.5, -3, 7), (1, "unsigned", None)],
)
def test_scaled_unsigned_and_blank_integers(tmp_path, bitpix, bscale, bzero, blank):
    if bzero == "unsigned":
        if bitpix < 0:
            pytest.skip("only integers")
        bzero = -128 if bitpix == 8 else 1 << (bitpix - 1)
    raw = made(bitpix, (9, 12))
    if blank is not None:
        raw[2:5, 3:6] = blank
    hdu = fits.PrimaryHDU(raw.copy())
    path = tmp_path / "scaled.fits"
    hdu.writeto(path)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as file:
        header = file[0].header
        header["BSCALE"], header["BZERO"] = bscale, bzero
        if blank is not None and bitpix > 0:
            header["BLANK"] = blank
    check(path, fits.getdata(path))


def test_blank_zero_is_blank(tmp_path):
    """Astropy takes BLANK = 0 for no BLANK at all; the standard does not."""
    path = tmp_path / "zero.fits"
    fits.writeto(path, np.array([[0, 5], [6, 7]], "i2"), fits.Header({"BLANK": 0}))
    with opened(path) as image:
        frame = image.frames[0]
        np.testing.assert_array_equal(frame.read(0, 0, 2, 2), [[np.nan, 5], [6, 7]])
        assert frame.reduce(Box.whole((2, 2)), (1, 1)).data == 6


@pytest.mark.parametrize(
    ("bitpix", "kind"),
    [
        *itertools.product([8, 16, 32, -32, -64], ["RICE_1", "GZIP_1", "GZIP_2"]),
        *itertools.product([16, 32, -32], ["HCOMPRESS_1"]),
        (16, "PLIO_1"),
    ],
)
def test_tile_compressed_images(tmp_path, bitpix, kind):
    data = made(bitpix, (50, 60), nan=kind != "HCOMPRESS_1")
    if kind == "PLIO_1":
        data = np.abs(data // 8)
    if bitpix == 32:
        data //= 1 << 12
    path = tmp_path / "tiles.fits.fz"
    hdu = fits.CompImageHDU(data, compression_type=kind, quantize_level=16, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    check(path, fits.getdata(path, 1))


def test_a_window_of_a_compressed_image(tmp_path):
    data = made(16, (400, 300))
    path = tmp_path / "tiles.fits"
    fits.HDUList(
        [fits.PrimaryHDU(), fits.CompImageHDU(data, tile_shape=(32, 32), compression_type="RICE_1")]
    ).writeto(path)
    with opened(path) as image:
        frame = image.frames[0]
        np.testing.assert_array_equal(frame.read(100, 200, 140, 230), data[200:230, 100:140])
        reduced = frame.reduce(Box(99.5, 199.5, 139.5, 229.5), (60, 80)).data
        np.testing.assert_array_equal(reduced, np.kron(data[200:230, 100:140], np.ones((2, 2))))
        assert image.held <= 64 * 40 * 2


def test_an_integer_of_64_bits_reads_back_exactly(tmp_path):
    data = np.array([[2**62 + 1, -(2**53) - 1]], np.int64)
    path = tmp_path / "wide.fits"
    fits.writeto(path, data)
    with opened(path) as image:
        assert image.frames[0].read(0, 0, 2, 1).tolist() == data.tolist()


def test_science_comes_before_errors_and_the_rest(tmp_path):
    path = tmp_path / "order.fits"
    ext = [
        fits.ImageHDU(np.zeros((4, 4), np.float32), name=name, ver=ver)
        for ver in (1, 2)
        for name in ("DQ", "WHT", "ERR", "SCI")
    ]
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])])
    fits.HDUList([fits.PrimaryHDU(), *ext, table, fits.ImageHDU()]).writeto(path)
    with opened(path) as image:
        assert list(image.names) == ["SCI", "SCI,2", "ERR", "ERR,2", "DQ", "DQ,2", "WHT", "WHT,2"]
        assert list(image.skipped) == ["1 table"]
        assert image.frame("ERR,2").name == "ERR,2"
        assert image.frame("absent").name == "SCI"
    with opened(path, "ERR,2") as image:
        assert list(image.names) == ["ERR,2"]
    with opened(path, 1) as image:
        assert list(image.names) == ["DQ"]
    with pytest.raises(UnreadableError, match="no image in HDU FLAT"):
        opened(path, "FLAT")


def test_names_of_planes(tmp_path):
    path = tmp_path / "cube.fits"
    fits.writeto(path, np.zeros((2, 3, 4, 5), "u1"))
    with opened(path) as image:
        assert list(image.names) == [f"plane {a},{b}" for b in (1, 2) for a in (1, 2, 3)]
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 4, 5), "u1"), name="SCI")]).writeto(
        path, overwrite=True
    )
    with opened(path) as image:
        assert list(image.names) == ["SCI plane 1", "SCI plane 2"]


def test_a_cube_of_thousands_of_planes_builds_only_what_is_shown(tmp_path):
    path = tmp_path / "deep.fits"
    fits.writeto(path, np.zeros((4096, 2, 2), "i2"))
    with opened(path) as image:
        assert len(image.frames) == 4096
        assert image.names[4095] == "plane 4096"
        assert len(image.frames.built) == 0
        assert image.frames[7].name == "plane 8"
        assert len(image.frames.built) == 1


def test_an_image_of_one_axis_is_one_row(tmp_path):
    path = tmp_path / "spectrum.fits"
    fits.writeto(path, np.arange(50, dtype=np.float32))
    with opened(path) as image:
        assert image.frames[0].shape == (1, 50)
        np.testing.assert_array_equal(image.frames[0].read(10, 0, 12, 1), [[10, 11]])


def test_the_header_is_shown_as_it_stands(tmp_path):
    path = tmp_path / "header.fits"
    primary = fits.PrimaryHDU(header=fits.Header({"TELESCOP": "VST"}))
    extension = fits.ImageHDU(np.ones((3, 3)), fits.Header({"BUNIT": "adu", "OBJECT": "a'b"}))
    fits.HDUList([primary, extension]).writeto(path)
    with opened(path) as image:
        frame = image.frames[0]
        cards = {card.key: card.value for card in frame.cards()}
        assert frame.unit == "adu"
        assert cards["OBJECT"] == "a'b"
        assert cards["TELESCOP"] == "VST"
        assert image.facts()["size"] == path.stat().st_size


@pytest.mark.parametrize("flip", [(False, False), (True, False), (False, True), (True, True)])
def test_the_mosaic_of_a_detector(tmp_path, flip):
    whole = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)
    hdus = [fits.PrimaryHDU()]
    for x, y in itertools.product((0, 15), (0, 10)):
        part = whole[y : y + 10, x : x + 15]
        xs, ys = (x + 1, x + 15), (y + 1, y + 10)
        if flip[0]:
            part, xs = part[:, ::-1], xs[::-1]
        if flip[1]:
            part, ys = part[::-1], ys[::-1]
        overscan = np.full((10, 19), -1, np.float32)
        overscan[:, 2:17] = part
        hdu = fits.ImageHDU(overscan, name=f"amp{x}{y}")
        hdu.header["DATASEC"] = "[3:17,1:10]"
        hdu.header["DETSEC"] = f"[{xs[0]}:{xs[1]},{ys[0]}:{ys[1]}]"
        hdus.append(hdu)
    path = tmp_path / "mosaic.fits"
    fits.HDUList(hdus).writeto(path)
    with opened(path) as image:
        assert image.names[-1] == "mosaic"
        frame = image.frame("mosaic")
        np.testing.assert_array_equal(frame.read(0, 0, 30, 20), whole)
        np.testing.assert_array_equal(frame.read(7, 3, 22, 18), whole[3:18, 7:22])
        found = frame.reduce(Box.whole(frame.shape), (7, 9)).data
        np.testing.assert_allclose(found, reduce_array(whole, Box.whole((20, 30)), (7, 9)))


@pytest.mark.parametrize("names", [("SCI", "ERR", "DQ"), ("A", "B", "C")])
def test_extensions_of_one_place_are_no_mosaic(tmp_path, names):
    path = tmp_path / "same.fits"
    hdus = [fits.ImageHDU(np.zeros((5, 5)), name=name) for name in names]
    for hdu in hdus:
        hdu.header["DETSEC"] = "[1:5,1:5]"
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    with opened(path) as image:
        assert list(image.names) == list(names)


def test_cutouts_with_the_section_of_their_detector_are_ordinary_images(tmp_path):
    path = tmp_path / "cutouts.fits"
    hdus = [fits.ImageHDU(np.zeros((5, 5)), name=f"CUT{n}") for n in (1, 2)]
    for number, hdu in enumerate(hdus):
        hdu.header["DETSEC"] = f"[{1 + 2048 * number}:{2048 * (number + 1)},1:4096]"
        hdu.header["DATASEC"] = "[1:2048,1:4096]"
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    with opened(path) as image:
        assert list(image.names) == ["CUT1", "CUT2"]


def test_a_table_alone_is_refused_with_its_reason(tmp_path):
    path = tmp_path / "table.fits"
    columns = [fits.Column("a", "E", array=[1.0])]
    tables = [fits.BinTableHDU.from_columns(columns) for _ in range(2)]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    with pytest.raises(NotAnImageError, match=r"^table.fits holds 2 tables and no image"):
        opened(path)


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_a_truncated_file_says_how_many_bytes_are_missing(tmp_path, packing):
    path = tmp_path / "cut.fits"
    fits.writeto(path, np.zeros((100, 100), np.float32))
    data = path.read_bytes()
    end = 2880 + 100 * 100 * 4
    cut = data[: end - 1234]
    path = tmp_path / f"cut.fits{packing}"
    path.write_bytes(gzip.compress(cut) if packing else cut)
    with pytest.raises(UnreadableError, match="is truncated: 1234 bytes are missing"):
        opened(path)


def test_missing_padding_at_the_end_is_no_harm(tmp_path):
    path = tmp_path / "unpadded.fits"
    fits.writeto(path, np.ones((10, 10), np.float32))
    path.write_bytes(path.read_bytes()[: 2880 + 400])
    with opened(path) as image:
        assert image.frames[0].read(0, 0, 10, 10).sum() == 100


def test_a_truncated_extension_leaves_the_others(tmp_path):
    path = tmp_path / "two.fits"
    hdus = [fits.ImageHDU(np.ones((50, 50)), name=name) for name in ("A", "B")]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    path.write_bytes(path.read_bytes()[:-8000])
    with opened(path) as image:
        assert list(image.names) == ["A"]
        assert "B is truncated" in image.skipped[0]


def test_a_header_without_end_is_truncated(tmp_path):
    path = tmp_path / "head.fits"
    fits.writeto(path, np.ones((10, 10), np.float32))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UnreadableError, match="truncated: its first header has no END"):
        opened(path)


def test_a_large_compressed_file_streams(tmp_path, monkeypatch):
    """What is too large to keep is decompressed in one pass, and again for a window above."""
    monkeypatch.setattr(content, "KEEP_BYTES", 10_000)
    data = made(-32, (200, 300))
    path = tmp_path / "large.fits.gz"
    fits.writeto(path, data)
    with opened(path) as image:
        frame = image.frames[0]
        assert frame.sequential
        assert image.held == 0
        reduced = frame.reduce(Box.whole(frame.shape), (20, 30)).data
        expected = reduce_array(data, Box.whole(data.shape), (20, 30))
        np.testing.assert_allclose(reduced, expected, rtol=1e-5)
        np.testing.assert_array_equal(frame.read(10, 5, 20, 15), data[5:15, 10:20])
        assert frame.sample().size == data.size


def test_a_preview_reads_a_part_of_the_rows_and_says_so(tmp_path):
    data = made(-32, (1000, 200))
    path = tmp_path / "tall.fits"
    fits.writeto(path, data)
    with opened(path) as image:
        frame = image.frames[0]
        seen = []
        rows = frame.rows
        frame.rows = lambda x0, x1, y0, y1: (seen.append(y1 - y0), rows(x0, x1, y0, y1))[1]
        rough = frame.reduce(Box.whole(frame.shape), (50, 20), preview=True)
        assert rough.preview
        assert sum(seen) < 200
        assert not frame.reduce(Box.whole(frame.shape), (50, 20)).preview
        small = frame.reduce(Box(0, 0, 10, 10), (50, 50), preview=True)
        assert not small.preview


def test_samples_do_not_depend_on_what_was_reduced_before(tmp_path):
    data = made(-32, (700, 500), nan=True)
    path = tmp_path / "sampled.fits"
    fits.writeto(path, data)
    with opened(path) as fresh, opened(path) as used:
        used.frames[0].reduce(Box.whole((700, 500)), (70, 50))
        used.frames[0].reduce(Box(0, 0, 20, 20), (70, 50))
        one, other = fresh.frames[0].sample(), used.frames[0].sample()
        np.testing.assert_array_equal(one, other)
        assert 60_000 < one.size <= 100_000
        assert np.isfinite(one).all()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    bitpix=st.sampled_from(list(BITPIX)),
    nan=st.booleans(),
)
def test_samples_for_zscale_are_those_of_astropy(tmp_path_factory, shape, bitpix, nan):
    from astropy.visualization import ZScaleInterval

    path = tmp_path_factory.mktemp("z") / "z.fits"
    data = made(bitpix, shape, seed=shape[0], nan=nan)
    fits.writeto(path, data)
    values = data[np.isfinite(data)]
    with opened(path) as image, pytest.MonkeyPatch.context() as patch:
        patch.setattr(banded, "BAND_BYTES", 997)
        sample = image.frames[0].zscale_sample()
    np.testing.assert_array_equal(sample, values[:: int(max(1.0, values.size / 1000))][:1000])
    if values.size > 5:
        interval = ZScaleInterval()
        assert interval.get_limits(sample) == pytest.approx(interval.get_limits(data), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    bitpix=st.sampled_from(list(BITPIX)),
    nan=st.booleans(),
    large=st.booleans(),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
def test_samples_taken_while_averaging_are_those_that_are_read(
    tmp_path_factory, shape, bitpix, nan, large, size
):
    path = tmp_path_factory.mktemp("taps") / "taps.fits"
    fits.writeto(path, made(bitpix, shape, seed=shape[0], nan=nan))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(banded, "_ZSCALE_PIXELS", 0 if large else 1 << 22)
        with opened(path) as image:
            frame = image.frames[0]
            frame.reduce(Box.whole(frame.shape), size)
            taken = frame.sample(), frame.zscale_sample()
        with opened(path) as image:
            read = image.frames[0].sample(), image.frames[0].zscale_sample()
    for one, other in zip(taken, read, strict=True):
        np.testing.assert_array_equal(one, other)


def test_averages_of_unsigned_integers_have_all_their_digits(tmp_path):
    data = np.random.default_rng(5).poisson(200, (300, 300)).astype(np.uint16)
    fits.writeto(tmp_path / "unsigned.fits", data)
    with opened(tmp_path / "unsigned.fits") as image:
        found = image.frames[0].reduce(Box.whole(data.shape), (20, 30)).data
    expected = data.reshape(20, 15, 30, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(found, expected, atol=0.002)


def test_zscale_samples_of_a_large_image_come_from_all_columns(tmp_path):
    data = np.broadcast_to(np.arange(4096, dtype=np.float32), (1100, 4096))
    path = tmp_path / "wide.fits"
    fits.writeto(path, np.ascontiguousarray(data))
    with opened(path) as image:
        sample = image.frames[0].zscale_sample()
    assert 800 < sample.size <= 1000
    assert np.unique(sample).size > 30


def test_zscale_of_a_large_image_is_astropys_on_the_same_samples(tmp_path):
    dice = np.random.default_rng(2)
    data = dice.normal(100, 5, (2500, 2100)).astype(np.float32)
    data[::50, ::30] += 500
    fits.writeto(tmp_path / "large.fits", data)
    with opened(tmp_path / "large.fits") as image:
        sample = image.frames[0].zscale_sample()
    assert np.isin(sample, data).all()
    assert limits(sample, sample, "zscale") == ZScaleInterval().get_limits(sample)


cards = st.one_of(
    st.tuples(st.just("BSCALE"), st.sampled_from([1, 1.0, 2.5, "1E0"])),
    st.tuples(st.just("BZERO"), st.sampled_from([0, 32768, 2147483648.0, -128, 0.25])),
    st.tuples(st.just("BLANK"), st.sampled_from([0, -1, 255, 3.5, 99999999])),
    st.tuples(st.just("OBJECT"), st.text("abc'/ =", max_size=20)),
    st.tuples(st.just("HIERARCH ESO DET X"), st.integers(0, 9)),
    st.tuples(st.just("EXTNAME"), st.sampled_from(["FLUX", "a/b", "it's"])),
    st.tuples(st.just("COMMENT"), st.sampled_from(["NAXIS1  = 7", "END", "BITPIX"])),
    st.tuples(st.just("BUNIT"), st.sampled_from(["adu", "Jy/beam"])),
)


@settings(max_examples=120)
@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    bitpix=st.sampled_from(list(BITPIX)),
    extra=st.lists(cards, max_size=5),
    extensions=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_the_plain_reader_says_what_astropy_says(
    tmp_path_factory, shape, bitpix, extra, extensions, seed
):
    """Whatever stands in the header: the same planes of the same type, or astropy is asked."""
    folder = tmp_path_factory.getbasetemp()
    path = folder / "plain.fits"
    data = made(bitpix, shape, seed)
    hdus = [fits.PrimaryHDU(data), *(fits.ImageHDU(data) for _ in range(extensions))]
    fits.HDUList(hdus).writeto(path, overwrite=True, output_verify="ignore")
    with fits.open(path, mode="update", do_not_scale_image_data=True) as file:
        for key, value in extra:
            if key == "BLANK" and (bitpix < 0 or value == 0):
                continue
            file[-1].header[key] = value
    try:
        with fits.open(path) as file:
            expected = [hdu.data for hdu in file]
    except (ValueError, TypeError, np.exceptions.DTypePromotionError):
        return
    with opened(path) as image:
        expected = [plane for data in expected for plane in planes(data)]
        assert len(image.frames) == len(expected)
        for frame, plane in zip(image.frames, expected, strict=True):
            ny, nx = frame.shape
            np.testing.assert_array_equal(frame.read(0, 0, nx, ny), plane.reshape(ny, nx))
            if not any(key == "BLANK" for key, _ in extra):
                assert frame.dtype == plane.dtype.newbyteorder("=")


def test_a_plain_image_is_read_without_astropy(tmp_path):
    import subprocess

    path = tmp_path / "plain.fits"
    fits.HDUList(
        [fits.PrimaryHDU(), fits.ImageHDU(made(-32, (30, 40)), fits.Header({"CTYPE1": "RA---TAN"}))]
    ).writeto(path)
    program = f"""
import sys
from collections.abc import Callable
from pathlib import Path
from tuiview.imaging.frame import Box
from tuiview.imaging.readers import open_image
from tuiview.source import FileSource
frame = open_image(FileSource(Path({str(path)!r}))).frames[0]
frame.reduce(Box.whole(frame.shape), (10, 10)); frame.sample(); frame.zscale_sample()
heavy = {{"astropy", "PIL", "tifffile", "scipy", "h5py"}} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_sample_is_read_as_astropy_reads_it_or_refused_with_a_reason(shared_data):
    refusals = {
        "gaia_results.fits": "holds 1 table and no image",
        "usno-A2-result.fits": "holds 1 table and no image",
        "regions_wcs.fits": "holds 1 table and no image",
        "tb.fits": "holds 1 table and no image",
        "not_actually_fits.fits": "is a text file, not FITS",
        "random_groups.fits": "holds random groups",
        "zerowidth.fits": "holds no pixels: the primary is 777777701 x 0, empty",
    }
    read = 0
    for path in sorted(shared_data.rglob("*.fits*")):
        if path.name in refusals:
            with pytest.raises(NotAnImageError, match=refusals[path.name]):
                opened(path)
            continue
        image = opened(path)
        with image, fits.open(path) as file:
            for frame in image.frames[:20]:
                if frame.name == "mosaic":
                    continue
                data = planes(file[frame.part.number].data)[frame.plane]
                found = frame.read(0, 0, frame.shape[1], frame.shape[0])
                np.testing.assert_array_equal(found, data)
                assert found.dtype == data.dtype.newbyteorder("=")
            frame = image.frames[0]
            reduced = frame.reduce(Box.whole(frame.shape), (40, 50)).data
            assert reduced.shape == (40, 50)
            assert np.isfinite(reduced).any() or np.isnan(found).all()
            assert len(frame.cards()) > 3
            read += 1
    assert read > 55


def test_the_structure_of_every_sample_is_astropys(shared_data):
    for path in sorted(shared_data.rglob("*.fits")):
        try:
            found = scan(content.FileContent(path))
        except (Unusual, UnreadableError):
            assert path.parent.name == "edge"
            continue
        with fits.open(path, disable_image_compression=True) as file:
            assert len(found) == len(file)
            for hdu, expected in zip(found, file, strict=True):
                info = expected.fileinfo()
                assert hdu.header[0] == info["hdrLoc"]
                assert hdu.data[0] == info["datLoc"]
                padded = -(-hdu.data[1] // 2880) * 2880
                assert padded == info["datSpan"]


def test_bytes_from_elsewhere_open_as_files_do(shared_data):
    path = shared_data / "optical" / "M51.fits"
    with open_image(BlobSource("a cell", path.read_bytes)) as image, opened(path) as file:
        window = (10, 20, 50, 40)
        np.testing.assert_array_equal(image.frames[0].read(*window), file.frames[0].read(*window))
        assert image.frames[0].wcs() is None
        assert len(image.frames[0].cards()) == len(file.frames[0].cards())


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_decompressing_tells_how_far_it_is_and_stops_when_nobody_wants_it(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"noise.fits{suffix}"
    plain = tmp_path / "noise.fits"
    noise = np.random.default_rng(3).normal(size=(900, 1000)).astype("f4")
    fits.PrimaryHDU(noise).writeto(plain)
    path.write_bytes(compress(plain.read_bytes()))
    poll = Listening(stop_at=math.inf)
    with open_image(FileSource(path), poll) as image:
        whole = image.frames[0].reduce(Box.whole((900, 1000)), (90, 100), cancelled=poll)
    assert np.isfinite(whole.data).all()
    told = [fraction for fraction, what in poll.told if what == "decompressing"]
    assert len(told) >= 3
    assert told == sorted(told)
    assert 0 < told[0] < 0.9
    assert told[-1] == 1
    read = [fraction for fraction, what in poll.told if not what]
    assert read[-1] == pytest.approx(1)
    with pytest.raises(Cancelled):
        open_image(FileSource(path), Listening(stop_at=2))


class Listening:
    """A poll that is told how far a read is, and says no from some question on."""

    def __init__(self, stop_at: float) -> None:
        self.told: list[tuple[float, str]] = []
        self._asked = 0
        self._stop_at = stop_at

    def __call__(self) -> bool:
        self._asked += 1
        return self._asked >= self._stop_at

    def report(self, fraction: float, what: str = "") -> None:
        self.told.append((fraction, what))
