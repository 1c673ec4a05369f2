"""NumPy files and datasets that hold pixels as they are."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from whole_arrays import reduce_array

from tuiview.errors import NotAnImageError, UnreadableError
from tuiview.imaging.frame import Box
from tuiview.imaging.readers import open_image
from tuiview.source import ArraySource, BlobSource, FileSource


def opened(path, part=None):
    return open_image(FileSource(Path(path), part))


def whole(frame):
    return frame.read(0, 0, frame.shape[1], frame.shape[0])


@pytest.mark.parametrize("dtype", ["?", "u1", ">u2", "<i4", ">f4", "f8", "f2", "i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path, dtype, order):
    rng = np.random.default_rng(0)
    data = np.asarray((rng.random((40, 60)) * 100).astype(dtype), order=order)
    path = tmp_path / "image.npy"
    np.save(path, data)
    with opened(path) as image:
        frame = image.frames[0]
        assert list(image.names) == ["image"]
        np.testing.assert_array_equal(whole(frame), data)
        found = frame.reduce(Box.whole(frame.shape), (7, 9)).data
        expected = reduce_array(data.astype(float), Box.whole(data.shape), (7, 9))
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_npy_stacks_and_colours(tmp_path):
    path = tmp_path / "stack.npy"
    stack = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)
    np.save(path, stack)
    with opened(path) as image:
        assert image.names[5] == "plane 2,3"
        np.testing.assert_array_equal(whole(image.frames[5]), stack[1, 2])
    color = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    np.save(path, color)
    with opened(path) as image:
        assert image.frames[0].channels == 3
        np.testing.assert_array_equal(whole(image.frames[0]), color[..., :3])


def test_npz(tmp_path):
    path = tmp_path / "several.npz"
    a, b = np.ones((4, 5)), np.arange(24).reshape(2, 3, 4)
    np.savez_compressed(path, sky=a, cube=b, wavelengths=np.arange(9.0))
    with opened(path) as image:
        assert list(image.names) == ["sky", "cube plane 1", "cube plane 2"]
        np.testing.assert_array_equal(whole(image.frames[2]), b[1])
        assert image.skipped == ("wavelengths holds 9 numbers in a row and no image",)
    with opened(path, "sky") as image:
        assert list(image.names) == ["sky"]


class Exploding:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


@pytest.mark.parametrize("save", [np.save, lambda p, d: np.savez(p.with_suffix(".npz"), d=d)])
def test_pickles_are_never_opened(tmp_path, save):
    data = np.empty((2, 2), object)
    data[0, 0] = Exploding()
    save(tmp_path / "bad.npy", data)
    (path,) = tmp_path.iterdir()
    with pytest.raises(NotAnImageError, match="pickled objects, which are never opened"):
        opened(path)


def test_truncated_npy(tmp_path):
    path = tmp_path / "cut.npy"
    np.save(path, np.zeros((50, 50)))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableError, match="truncated: 100 bytes are missing"):
        opened(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros(7), "holds 7 numbers in a row"),
        (np.float64(3), "holds a single number"),
        (np.zeros((3, 3), complex), "holds complex numbers"),
        (np.array([["a", "b"]]), "holds text"),
        (np.zeros((0, 5)), "is empty: its shape is 0 x 5"),
        (np.zeros((2, 2), [("x", "f4")]), "holds records"),
    ],
)
def test_what_is_no_picture_says_why(tmp_path, data, words):
    path = tmp_path / "other.npy"
    np.save(path, data)
    with pytest.raises(NotAnImageError, match=words):
        opened(path)


def source(data, axes=(), **attributes):
    return ArraySource("stack/images", lambda: data, Path("stack.h5"), attributes, axes)


@pytest.mark.parametrize(
    ("shape", "axes", "frames", "channels", "size"),
    [
        ((9, 64, 48, 3), (), 9, 3, (64, 48)),
        ((9, 3, 64, 48), ("frame", "channel", "y", "x"), 9, 3, (64, 48)),
        ((64, 48, 9), ("y", "x", "frame"), 9, 1, (64, 48)),
        ((48, 64), ("x", "y"), 1, 1, (64, 48)),
        ((5, 64, 48), (), 5, 1, (64, 48)),
        ((64, 48, 5), ("y", "x", "channel"), 5, 1, (64, 48)),
        ((64, 48, 1), (), 64, 1, (48, 1)),
    ],
)
def test_axes(shape, axes, frames, channels, size):
    data = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    with open_image(source(data, axes)) as image:
        assert len(image.frames) == frames
        frame = image.frames[-1]
        assert (frame.channels, frame.shape) == (channels, size)
        shown = whole(frame)
    if axes:
        order = [axes.index(name) for name in ("frame", "y", "x", "channel") if name in axes]
        data = data.transpose(order)
    if axes == ("y", "x", "channel"):
        np.testing.assert_array_equal(shown, data[..., -1])
    elif frames > 1:
        np.testing.assert_array_equal(shown, data[-1])
    else:
        np.testing.assert_array_equal(shown, data)


def test_a_dataset_of_hdf5(tmp_path):
    data = np.random.default_rng(0).normal(5, 1, (12, 30, 40)).astype(np.float32)
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        dataset = file.create_dataset("images", data=data, chunks=(1, 30, 40), compression="gzip")
        with open_image(source(dataset, object="M 31\x07", exposure=30.0)) as image:
            frame = image.frames[7]
            assert frame.name == "plane 8"
            np.testing.assert_array_equal(whole(frame), data[7])
            assert image.held == data[7].nbytes
            found = frame.reduce(Box.whole(frame.shape), (5, 6)).data
            np.testing.assert_allclose(found, reduce_array(data[7], Box.whole((30, 40)), (5, 6)))
            cards = {card.key: card.value for card in frame.cards()}
            assert cards == {"object": "M 31\u2407", "exposure": 30.0}


def test_a_dataset_that_cannot_be_opened_says_so():
    def gone():
        raise KeyError("object 'images' doesn't exist")

    with pytest.raises(UnreadableError, match="stack/images cannot be read"):
        open_image(ArraySource("stack/images", gone))


def test_bytes_of_an_npy(tmp_path):
    path = tmp_path / "cell.npy"
    np.save(path, np.eye(5))
    with open_image(BlobSource("cell", path.read_bytes)) as image:
        np.testing.assert_array_equal(whole(image.frames[0]), np.eye(5))
