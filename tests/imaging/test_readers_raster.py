"""PNG, JPEG, WebP, GIF, BMP and JPEG 2000, made on the spot, held against Pillow."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin
from whole_arrays import reduce_array

from tuiview.errors import UnreadableError
from tuiview.imaging.frame import Box
from tuiview.imaging.readers import open_image
from tuiview.source import BlobSource, FileSource


def opened(picture, kind="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return open_image(BlobSource("made", stream.getvalue))


def whole(frame):
    return frame.read(0, 0, frame.shape[1], frame.shape[0])


def gray(shape=(30, 40), seed=0, top=256, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, top, shape, dtype)


def color(shape=(30, 40), seed=0):
    return gray((*shape, 3), seed)


def smooth(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    parts = [x * 255 // shape[1], y * 255 // shape[0], (x + y) * 255 // sum(shape)]
    return np.stack(parts, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG2000"])
def test_gray_pixels(kind):
    data = gray()
    with opened(Image.fromarray(data), kind) as image:
        frame = image.frames[0]
        assert (frame.channels, frame.dtype, frame.origin) == (1, np.uint8, "upper")
        np.testing.assert_array_equal(whole(frame), data)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": 1})])
def test_colour_pixels(kind, options):
    data = color()
    with opened(Image.fromarray(data), kind, **options) as image:
        frame = image.frames[0]
        assert (frame.channels, frame.dtype) == (3, np.uint8)
        np.testing.assert_array_equal(whole(frame), data)
        reduced = frame.reduce(Box.whole(frame.shape), (7, 9))
        expected = reduce_array(data, Box.whole(data.shape[:2]), (7, 9))
        np.testing.assert_allclose(reduced.data, expected, atol=0.51)
        assert reduced.valid is None


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_png_of_few_bits(bits):
    data = gray(top=1 << bits)
    if bits == 1:
        picture = Image.fromarray(data.astype(bool))
        expected = data
    else:
        picture = Image.fromarray(data * (255 // ((1 << bits) - 1)))
        expected = np.asarray(picture)
    with opened(picture, bits=bits) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), expected)


def test_png_of_16_bits():
    data = gray(top=65536, dtype=np.uint16)
    with opened(Image.fromarray(data)) as image:
        frame = image.frames[0]
        assert frame.dtype == np.uint16
        np.testing.assert_array_equal(whole(frame), data)
        np.testing.assert_allclose(
            frame.reduce(Box.whole(frame.shape), (5, 5)).data,
            reduce_array(data, Box.whole(data.shape), (5, 5)),
            rtol=1e-5,
        )


@pytest.mark.parametrize("channels", [3, 4])
def test_png_of_16_bits_in_colour_keeps_them(channels):
    data = gray((20, 30, channels), top=65536, dtype=np.uint16)
    if channels == 4:
        data[..., 3] = 65535
    png = imagecodecs.png_encode(data)
    with open_image(BlobSource("deep", lambda: png)) as image:
        frame = image.frames[0]
        assert (frame.channels, frame.dtype) == (3, np.uint16)
        np.testing.assert_array_equal(whole(frame), data[..., :3])
        reduced = frame.reduce(Box.whole(frame.shape), (20, 30)).data
        np.testing.assert_allclose(reduced, data[..., :3] / 257, atol=0.51)


def test_palettes():
    picture = Image.fromarray(smooth((30, 40))).quantize(32)
    with opened(picture) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), np.asarray(picture.convert("RGB")))


def test_a_palette_of_grays_is_gray():
    picture = Image.fromarray(gray()).convert("P")
    with opened(picture) as image:
        assert image.frames[0].channels == 1


def test_opaque_alpha_is_no_alpha():
    data = np.dstack([color(), np.full((30, 40), 255, np.uint8)])
    with opened(Image.fromarray(data)) as image:
        reduced = image.frames[0].reduce(Box.whole((30, 40)), (30, 40))
        assert reduced.valid is None
        np.testing.assert_array_equal(reduced.data, data[..., :3])


def test_alpha_lies_on_a_neutral_checker():
    data = np.zeros((40, 40, 4), np.uint8)
    data[..., 0] = 200
    data[:20, :, 3] = 255
    data[20:30, :, 3] = 128
    with opened(Image.fromarray(data)) as image:
        frame = image.frames[0]
        np.testing.assert_array_equal(whole(frame), data[..., :3])
        reduced = frame.reduce(Box.whole((40, 40)), (40, 40))
    assert reduced.valid[:30].all()
    assert not reduced.valid[30:].any()
    np.testing.assert_array_equal(reduced.data[:20], data[:20, :, :3])
    half = reduced.data[20:30].astype(int)
    assert set(np.unique(half[..., 1])) == {51, 76}
    np.testing.assert_array_equal(half[..., 1], half[..., 2])
    np.testing.assert_allclose(half[..., 0] - half[..., 1], 100, atol=1)


def test_colours_under_full_transparency_do_not_bleed():
    data = np.zeros((40, 40, 4), np.uint8)
    data[..., :3] = 255
    data[:, ::2] = (10, 20, 30, 255)
    with opened(Image.fromarray(data)) as image:
        reduced = image.frames[0].reduce(Box.whole((40, 40)), (10, 10)).data.astype(int)
    checker = np.unique(reduced[..., 0] - 5)
    assert set(checker) <= {51, 76, 77}


def test_transparent_gray_is_nan():
    data = np.dstack([gray(), np.full((30, 40), 255, np.uint8)])
    data[3, 4, 1] = 0
    with opened(Image.fromarray(data)) as image:
        frame = image.frames[0]
        found = whole(frame)
        assert np.isnan(found[3, 4])
        assert np.isnan(found).sum() == 1
        assert found[5, 5] == data[5, 5, 0]


def test_cmyk_jpeg():
    picture = Image.fromarray(smooth((64, 64))).convert("CMYK")
    with opened(picture, "JPEG", quality=95) as image:
        frame = image.frames[0]
        assert frame.channels == 3
        np.testing.assert_allclose(
            whole(frame).astype(int), np.asarray(picture.convert("RGB")).astype(int), atol=12
        )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_at_every_scale(orientation):
    stored = Image.fromarray(smooth((90, 131)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    stored.save(stream, "JPEG", quality=97, subsampling=0, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(stream)))
    for shrink in (1, 2.3, 4.6, 8.7):
        with open_image(BlobSource("turned", stream.getvalue)) as image:
            frame = image.frames[0]
            assert frame.shape == upright.shape[:2]
            size = tuple(int(n / shrink) for n in frame.shape)
            box = Box(-0.5, -0.5, size[1] * shrink - 0.5, size[0] * shrink - 0.5)
            reduced = frame.reduce(box, size).data
            expected = reduce_array(upright, box, size)
            assert np.abs(reduced - expected).mean() < 1.5
            assert np.abs(reduced[1:-1, 1:-1] - expected[1:-1, 1:-1]).max() < 8


def test_a_large_jpeg_is_decoded_at_the_scale_of_the_pane():
    data = smooth((1600, 2400))
    with opened(Image.fromarray(data), "JPEG", quality=95) as image:
        frame = image.frames[0]
        reduced = frame.reduce(Box.whole(frame.shape), (200, 300)).data
        assert frame.held == 200 * 300 * 3
        expected = reduce_array(data, Box.whole(frame.shape), (200, 300))
        assert np.abs(reduced - expected).max() < 6
        before = frame.sample()
        frame.reduce(Box(100, 100, 300, 200), (100, 200))
        assert frame.held == data.nbytes
        np.testing.assert_array_equal(frame.sample(), before)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_part_of_a_large_jpeg_is_at_hand_roughly(orientation, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = orientation
    with opened(Image.fromarray(smooth((800, 1200))), "JPEG", quality=95, exif=exif) as image:
        frame = image.frames[0]
        box, size = Box(99.5, 199.5, 499.5, 499.5), (300, 400)
        assert frame.at_hand(box, size) is None
        frame.reduce(Box.whole(frame.shape), (100, 100))
        assert frame.at_hand(box, size) is None  # it does not take long
        monkeypatch.setattr("tuiview.imaging.readers.raster._LONG", 1)
        assert frame.at_hand(Box.whole(frame.shape), (100, 100)) is None
        rough = frame.at_hand(box, size)
        assert rough.preview
        exact = frame.reduce(box, size)
        assert not exact.preview
        assert np.abs(rough.data.astype(int) - exact.data).mean() < 12
        assert frame.at_hand(box, size) is None


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("damage", ["none", "flipped", "cut", "trailing"])
def test_a_jpeg_at_full_size_is_pillows(mode, options, damage):
    stream = io.BytesIO()
    Image.fromarray(smooth((120, 160))).convert(mode).save(stream, "JPEG", **options)
    data = bytearray(stream.getvalue())
    if damage == "flipped":
        data[len(data) // 2] ^= 0x10
    elif damage == "cut":
        data = data[: len(data) * 2 // 3]
    elif damage == "trailing":
        data += b"\0\0 of a camera"
    with open_image(BlobSource("made", lambda: bytes(data))) as image:
        try:
            expected = np.asarray(Image.open(io.BytesIO(data)))
        except OSError:
            with pytest.raises(UnreadableError):
                whole(image.frames[0])
        else:
            np.testing.assert_array_equal(whole(image.frames[0]), expected)


def test_frames_of_an_animation():
    pictures = [Image.fromarray(gray(seed=number)) for number in range(3)]
    with opened(pictures[0], "GIF", save_all=True, append_images=pictures[1:]) as image:
        assert list(image.names) == ["frame 1", "frame 2", "frame 3"]
        for frame, picture in zip(image.frames, pictures, strict=True):
            shown = whole(frame)
            shown = shown if shown.ndim == 2 else shown[..., 0]
            np.testing.assert_array_equal(shown, np.asarray(picture))


def test_the_texts_of_a_file_are_its_cards():
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "M 51\x1b[31m")
    with opened(Image.fromarray(gray()), pnginfo=info) as image:
        cards = {card.key: card.value for card in image.frames[0].cards()}
    assert cards["Title"].startswith("M 51")
    assert "\x1b" not in cards["Title"]


def test_a_truncated_png_says_how_many_bytes_are_missing(tmp_path):
    path = tmp_path / "cut.png"
    Image.fromarray(gray((100, 100))).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:-1000])
    with pytest.raises(UnreadableError, match=r"^cut.png is truncated: at least 9\d\d bytes are"):
        open_image(FileSource(path))


def test_bytes_after_the_end_of_a_png_are_no_harm(tmp_path):
    path = tmp_path / "long.png"
    Image.fromarray(gray()).save(path)
    path.write_bytes(path.read_bytes() + b"trailing")
    with open_image(FileSource(path)) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), gray())


def test_a_truncated_jpeg_is_refused_with_words(tmp_path):
    path = tmp_path / "cut.jpg"
    Image.fromarray(color((200, 200))).save(path)
    path.write_bytes(path.read_bytes()[:4000])
    with open_image(FileSource(path)) as image, pytest.raises(UnreadableError, match="truncated"):
        image.frames[0].reduce(Box.whole((200, 200)), (50, 50))


def test_a_picture_of_too_many_pixels_is_refused(tmp_path):
    import struct
    import zlib

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    with pytest.raises(UnreadableError, match="60000 x 60000 pixels, too many"):
        open_image(FileSource(path))


def test_every_sample_picture_opens(shared_data):
    count = 0
    for suffix in ("png", "jpg", "jpeg"):
        for path in sorted(Path(shared_data).rglob(f"*.{suffix}")):
            with open_image(FileSource(path)) as image, Image.open(path) as picture:
                frame = image.frames[0]
                assert frame.shape == picture.size[::-1]
                assert frame.reduce(Box.whole(frame.shape), (30, 40)).data.shape[:2] == (30, 40)
                count += 1
    assert count > 25
