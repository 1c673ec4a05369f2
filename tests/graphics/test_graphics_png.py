from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import RAMP, noisy_field, photo
from PIL import Image

from tuiview.graphics import png
from tuiview.picture import Picture


@settings(max_examples=80)
@given(
    st.integers(1, 70),
    st.integers(1, 200),
    st.sampled_from([0, 1, 2, 3, 4, 5, 16, 17, 256]),
    st.integers(0, 2**32),
)
def test_what_is_written_is_read(width: int, height: int, colors: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    if colors:
        indices = rng.integers(0, colors, (height, width)).astype(np.uint8)
        picture = Picture(indices, rng.integers(0, 256, (colors, 3)).astype(np.uint8))
    else:
        steps = rng.integers(-3, 4, (height, width, 3)).cumsum(axis=0).cumsum(axis=1)
        picture = Picture(steps.astype(np.uint8))
    read = Image.open(io.BytesIO(png.write(picture)))
    assert read.mode == ("P" if colors else "RGB") or colors <= 2
    assert np.array_equal(np.asarray(read.convert("RGB")), picture.rgb())


def test_smooth_pictures_are_filtered_and_smaller() -> None:
    y, x = np.mgrid[:256, :256]
    rng = np.random.default_rng(3)
    planes = [x * x // 300 + y, y * y // 300 + x, x * y // 300]
    smooth = np.stack(planes, axis=-1) + rng.integers(0, 3, (256, 256, 3))
    picture = Picture(smooth.astype(np.uint8))
    assert len(png.write(picture)) < 0.5 * len(zlib.compress(picture.pixels.tobytes(), 1))


@pytest.mark.parametrize("kind", range(4))
def test_each_filter_is_undone_by_readers(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "_best_filter", lambda *_: kind)
    monkeypatch.setattr(png, "_PIECE", 400)
    for picture in (photo(50, 40), noisy_field(50, 40)):
        read = Image.open(io.BytesIO(png.write(picture)))
        assert np.array_equal(np.asarray(read.convert("RGB")), picture.rgb())


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("height", [1, 2, 3, 40])
def test_halves_made_by_two_threads_are_one_stream(
    height: int, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo(50, height)
    monkeypatch.setattr(png, "_best_filter", lambda *_: kind)
    whole = unpacked(png.write(picture))
    monkeypatch.setattr(png, "_LONG", 1)
    assert unpacked(png.write(picture)) == whole


def unpacked(file: bytes) -> bytes:
    """The filtered rows; a wrong checksum is an error, which readers of pictures let pass."""
    start = file.index(b"IDAT")
    length = int.from_bytes(file[start - 4 : start], "big")
    return zlib.decompress(file[start + 4 : start + 4 + length])


def test_few_colours_take_fewer_bits() -> None:
    noise = np.random.default_rng(2).integers(0, 4, (200, 200)).astype(np.uint8)
    assert len(png.write(Picture(noise, RAMP[:4]))) < 200 * 200 / 4 * 1.1


@pytest.mark.parametrize("make", [noisy_field, photo])
def test_it_reads_the_same_without_isal(make, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = make(300, 100)
    monkeypatch.setattr(png, "zlib", zlib)
    monkeypatch.setattr(png, "_LONG", 10_000)
    read = Image.open(io.BytesIO(png.write(picture)))
    assert np.array_equal(np.asarray(read.convert("RGB")), picture.rgb())
