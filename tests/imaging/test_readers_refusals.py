"""What is no image, or none that can be read, is refused with words that help."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tuiview.errors import NotAnImageError, UnreadableError
from tuiview.imaging.frame import Box
from tuiview.imaging.kinds import HEAD, SUFFIXES, sniff
from tuiview.imaging.readers import open_image
from tuiview.source import BlobSource, FileSource, MissingSource


def refusal(path):
    with pytest.raises(UnreadableError) as caught:
        open_image(FileSource(Path(path)))
    return caught.value


def test_a_missing_file(tmp_path):
    error = refusal(tmp_path / "gone.fits")
    assert error.message == "gone.fits does not exist"
    assert "moved" in error.hint


def test_a_forbidden_file(tmp_path, unprivileged):
    path = tmp_path / "secret.fits"
    path.write_bytes(b"SIMPLE")
    path.chmod(0)
    command = (*unprivileged, sys.executable, "-m", "tuiview", "snapshot")
    done = subprocess.run(
        [*command, path, "-o", tmp_path / "out.png"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "secret.fits may not be read" in done.stderr


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    assert refusal(path).message == "empty.png is empty (0 bytes)"


def test_a_folder_and_a_pipe(tmp_path):
    assert refusal(tmp_path).message.endswith("is a folder")
    os.mkfifo(tmp_path / "pipe.fits")
    assert "not a regular file" in refusal(tmp_path / "pipe.fits").message


def test_a_text_named_fits(tmp_path):
    path = tmp_path / "page.fits"
    path.write_text("<html>\x1b[2J404</html>")
    error = refusal(path)
    assert isinstance(error, NotAnImageError)
    assert error.message == "page.fits is a text file, not FITS"
    assert "<html>" in error.hint
    assert "\x1b" not in error.hint


def test_a_text_in_gzip(tmp_path):
    path = tmp_path / "page.fits.gz"
    path.write_bytes(gzip.compress(b"not found\n"))
    assert refusal(path).message == "page.fits.gz is a text file, not FITS"


def test_zeros(tmp_path):
    path = tmp_path / "zeros.fits"
    path.write_bytes(bytes(28800))
    assert refusal(path).message == "zeros.fits begins with zeros only"


def test_other_kinds(tmp_path):
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["a"] = 1
    assert "is an HDF5 file" in refusal(tmp_path / "stack.h5").message
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    assert "is a zip archive" in refusal(tmp_path / "some.zip").message
    (tmp_path / "noise.jpg").write_bytes(bytes(range(128, 256)) * 10)
    assert "does not begin as JPEG does" in refusal(tmp_path / "noise.jpg").message
    (tmp_path / "noise").write_bytes(bytes(range(128, 256)) * 10)
    assert "no kind that tuiview reads" in refusal(tmp_path / "noise").message


def test_names_with_control_characters_are_made_safe(tmp_path):
    path = tmp_path / "a\x1b]0;b\x07.fits"
    path.touch()
    assert "\x1b" not in refusal(path).message


def test_a_missing_item_says_its_own_words():
    with pytest.raises(UnreadableError) as caught:
        open_image(MissingSource("u1", "the shard is absent", "copy it"))
    assert (caught.value.message, caught.value.hint) == ("the shard is absent", "copy it")


def test_what_an_image_is_does_not_depend_on_its_name(tmp_path):
    path = tmp_path / "picture.fits"
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(path, "PNG")
    with open_image(FileSource(path)) as image:
        assert image.kind == "PNG"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_of_any_kind(tmp_path, pack):
    stream = io.BytesIO()
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(stream, "PNG")
    path = tmp_path / "packed"
    path.write_bytes(pack(stream.getvalue()))
    with open_image(FileSource(path)) as image:
        assert image.kind == "PNG"
        assert image.facts()["compression"] in ("gzip", "bzip2", "xz")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_damaged_stream(tmp_path, pack):
    packed = bytearray(pack(np.random.default_rng(0).bytes(50_000)))
    packed[20:200] = bytes(180)
    path = tmp_path / "bad.fits.gz"
    path.write_bytes(packed)
    assert "bad.fits.gz" in refusal(path).message


def test_endings_of_image_files_are_in_lower_case():
    assert all(suffix == suffix.lower() for suffix in SUFFIXES)


def test_every_sample_is_told_by_its_content(shared_data):
    kinds = {".fits": "FITS", ".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF", ".h5": "HDF5"}
    for path in shared_data.rglob("*"):
        if path.suffix in kinds and path.name != "not_actually_fits.fits":
            with path.open("rb") as file:
                assert sniff(file.read(HEAD)) == kinds[path.suffix], path.name


@settings(max_examples=150)
@given(
    kind=st.sampled_from(["fits", "fits.gz", "mef", "PNG", "JPEG", "TIFF", "GIF", "npy"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=12)), max_size=4),
    end=st.floats(0.02, 1),
)
def test_damage_never_escapes_as_anything_but_words(kind, changes, end):
    """Bytes changed and cut off anywhere: an image, or an `UnreadableError`."""
    data = bytearray(_good(kind))
    for place, value in changes:
        at = int(place * (len(data) - 1))
        data[at : at + len(value)] = value
    data = data[: max(1, int(end * len(data)))]
    try:
        with open_image(BlobSource("damaged", lambda: bytes(data))) as image:
            frame = image.frames[-1]
            if frame.shape[0] * frame.shape[1] < 10**7:
                frame.reduce(Box.whole(frame.shape), (5, 6))
                frame.cards()
                frame.wcs()
    except UnreadableError as error:
        words = error.message
        assert "damaged" in words


_kept: dict[str, bytes] = {}


def _good(kind):
    if kind not in _kept:
        stream = io.BytesIO()
        data = np.arange(600, dtype=np.uint8).reshape(20, 30)
        if kind.startswith("fits"):
            fits.PrimaryHDU(data.astype("f4"), fits.Header({"CTYPE1": "RA---TAN"})).writeto(stream)
        elif kind == "mef":
            fits.HDUList(
                [fits.PrimaryHDU(), fits.ImageHDU(data, name="SCI"), fits.CompImageHDU(data)]
            ).writeto(stream)
        elif kind == "npy":
            np.save(stream, data)
        else:
            Image.fromarray(data).save(stream, kind)
        raw = stream.getvalue()
        _kept[kind] = gzip.compress(raw) if kind.endswith("gz") else raw
    return _kept[kind]
