"""TIFF files of many kinds, made on the spot, held against tifffile's own reading."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile
from whole_arrays import reduce_array

from tuiview.errors import NotAnImageError, UnreadableError
from tuiview.imaging.frame import Box
from tuiview.imaging.readers import open_image
from tuiview.source import BlobSource, FileSource


def opened(path, part=None):
    return open_image(FileSource(Path(path), part))


def whole(frame):
    return frame.read(0, 0, frame.shape[1], frame.shape[0])


def made(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(0, 100, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize(
    ("dtype", "compression", "tile", "byteorder"),
    [
        *itertools.product(
            ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"],
            [None, "lzw", "deflate"],
            [None, (32, 48)],
            ["<", ">"],
        )
    ],
)
def test_gray_pixels_of_every_type(tmp_path, dtype, compression, tile, byteorder):
    data = made((70, 110), dtype)
    path = tmp_path / "gray.tif"
    tifffile.imwrite(
        path, data, compression=compression, tile=tile, byteorder=byteorder,
        predictor=compression is not None and dtype not in ("f4", "f8"),
        rowsperstrip=None if tile else 17,
    )  # fmt: skip
    with opened(path) as image:
        frame = image.frames[0]
        assert (frame.channels, frame.dtype, frame.origin) == (1, data.dtype, "upper")
        np.testing.assert_array_equal(whole(frame), data)
        np.testing.assert_array_equal(frame.read(31, 20, 99, 66), data[20:66, 31:99])
        found = frame.reduce(Box.whole(frame.shape), (13, 17)).data
        expected = reduce_array(data, Box.whole(data.shape), (13, 17))
        limit = 1e-6 * np.abs(data.astype(float)).max()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=limit)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_colours(tmp_path, dtype, planar, tile, compression):
    data = made((70, 50, 3), dtype)
    stored = data if planar == "contig" else np.moveaxis(data, 2, 0)
    path = tmp_path / "color.tif"
    tifffile.imwrite(
        path, stored, photometric="rgb", planarconfig=planar, tile=tile, compression=compression
    )
    with opened(path) as image:
        frame = image.frames[0]
        assert frame.channels == 3
        np.testing.assert_array_equal(whole(frame), data)
        reduced = frame.reduce(Box.whole(frame.shape), (9, 7)).data
        unit = 257 if dtype == "u2" else 1
        expected = reduce_array(data, Box.whole((70, 50)), (9, 7)) / unit
        np.testing.assert_allclose(reduced, expected, atol=0.51)


def test_jpeg_tiles(tmp_path):
    y, x = np.mgrid[:100, :150]
    data = np.stack([x, y, x + y // 2], axis=-1).astype(np.uint8)
    path = tmp_path / "tiles.tif"
    tifffile.imwrite(path, data, photometric="rgb", tile=(64, 64), compression="jpeg")
    with opened(path) as image:
        assert np.abs(whole(image.frames[0]).astype(int) - data).mean() < 3


def test_palettes(tmp_path):
    data = made((20, 30), "u1")
    table = made((3, 256), "u2")
    path = tmp_path / "palette.tif"
    tifffile.imwrite(path, data, photometric="palette", colormap=table)
    with opened(path) as image:
        expected = (table >> 8).astype(np.uint8).T[data]
        np.testing.assert_array_equal(whole(image.frames[0]), expected)


def test_cmyk(tmp_path):
    ink = made((20, 30, 4), "u1")
    path = tmp_path / "cmyk.tif"
    tifffile.imwrite(path, ink, photometric="separated")
    with opened(path) as image:
        light = (255.0 - ink[..., :3]) * (255.0 - ink[..., 3:]) / 255
        np.testing.assert_allclose(whole(image.frames[0]), light, atol=1)


def test_white_is_zero_is_turned_round(tmp_path):
    data = made((20, 30), "u1")
    path = tmp_path / "white.tif"
    tifffile.imwrite(path, data, photometric="miniswhite")
    with opened(path) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), 255 - data)


def test_bits(tmp_path):
    data = made((20, 30), "u1") > 127
    path = tmp_path / "bits.tif"
    tifffile.imwrite(path, data, photometric="minisblack")
    with opened(path) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), data)


def test_pages_are_frames(tmp_path):
    data = made((4, 30, 20), "u2")
    path = tmp_path / "pages.tif"
    with tifffile.TiffWriter(path) as writer:
        for page in data:
            writer.write(page, contiguous=False, compression="deflate")
        writer.write(made((7, 9), "f4"))
    with opened(path) as image:
        assert list(image.names) == [f"page {n}" for n in range(1, 6)]
        for frame, page in zip(image.frames, data, strict=False):
            np.testing.assert_array_equal(whole(frame), page)
        assert image.frames[4].shape == (7, 9)
    with opened(path, 2) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), data[2])
    with pytest.raises(UnreadableError, match="has no page 77"):
        opened(path, 77)


def test_a_stack_behind_one_page(tmp_path):
    data = made((5, 30, 20), "u2")
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, data, imagej=True)
    with opened(path) as image:
        assert len(image.frames) == 5
        for frame, page in zip(image.frames, data, strict=True):
            np.testing.assert_array_equal(whole(frame), page)


def test_colours_in_floats_are_three_frames(tmp_path):
    data = made((30, 20, 3), "f4")
    path = tmp_path / "float.tif"
    tifffile.imwrite(path, data, photometric="rgb")
    with opened(path) as image:
        assert list(image.names) == ["red", "green", "blue"]
        for number, frame in enumerate(image.frames):
            np.testing.assert_array_equal(whole(frame), data[..., number])


def test_nan_is_told_apart(tmp_path):
    data = made((60, 60), "f4")
    data[:20, :20] = np.nan
    path = tmp_path / "nan.tif"
    tifffile.imwrite(path, data)
    with opened(path) as image:
        found = image.frames[0].reduce(Box.whole((60, 60)), (6, 6)).data
        assert np.isnan(found).sum() == 4


def test_the_level_of_a_pyramid_that_suits_is_read(tmp_path):
    y, x = np.mgrid[:2048, :1536]
    base = (np.hypot(x - 700, y - 900) / 10).astype(np.uint8)
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as writer:
        options = {"tile": (256, 256), "photometric": "minisblack", "compression": "deflate"}
        writer.write(base, subifds=3, **options)
        for step in (2, 4, 8):
            small = base.reshape(2048 // step, step, 1536 // step, step).mean(axis=(1, 3))
            writer.write(small.astype(np.uint8), subfiletype=1, **options)
    with opened(path) as image:
        assert len(image.frames) == 1
        frame = image.frames[0]
        for size in ((200, 150), (512, 384), (700, 500)):
            found = frame.reduce(Box.whole(frame.shape), size).data
            expected = reduce_array(base, Box.whole(base.shape), size)
            assert np.abs(found - expected).max() < 2.5
        assert frame.held < base.size / 2
        window = frame.reduce(Box(299.5, 399.5, 399.5, 499.5), (100, 100)).data
        np.testing.assert_array_equal(window, base[400:500, 300:400])


def test_a_truncated_file_is_refused_with_words(tmp_path):
    path = tmp_path / "cut.tif"
    tifffile.imwrite(path, made((100, 100), "u2"))
    path.write_bytes(path.read_bytes()[:-500])
    with opened(path) as image, pytest.raises(UnreadableError, match="truncated: 500 bytes"):
        whole(image.frames[0])
    path.write_bytes(path.read_bytes()[:6])
    with pytest.raises(UnreadableError, match=r"cut\.tif"):
        opened(path)


def test_complex_numbers_are_no_picture(tmp_path):
    path = tmp_path / "complex.tif"
    tifffile.imwrite(path, np.zeros((5, 5), np.complex64))
    with pytest.raises(NotAnImageError, match="without pixels"):
        opened(path)


def test_bytes_from_elsewhere(tmp_path):
    data = made((40, 50), "u2")
    path = tmp_path / "blob.tif"
    tifffile.imwrite(path, data, tile=(16, 16), compression="lzw")
    with open_image(BlobSource("cell", path.read_bytes)) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), data)


def test_the_samples_with_fits_cards(shared_data):
    for path in sorted((shared_data / "imgmarker" / "test_images").glob("*.tif")):
        with opened(path) as image:
            assert list(image.names) == ["page 1", "page 2"]
            frame = image.frames[0]
            np.testing.assert_array_equal(whole(frame), tifffile.imread(path)[0])
            keys = [card.key for card in frame.cards()]
            assert {"CRVAL1", "CTYPE1", "Compression"} <= set(keys)
