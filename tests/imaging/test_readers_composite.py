"""Several files as one image."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from tuiview.errors import UnreadableError
from tuiview.imaging.frame import Box
from tuiview.imaging.readers import open_image
from tuiview.source import CompositeSource, FileSource, MissingSource


@pytest.fixture
def source(tmp_path):
    """Bands i (one frame), r (three frames) and a g that is missing."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "BUNIT": "Jy"})
    header.update({"CRVAL1": 10.0, "CRVAL2": 5.0, "CDELT1": -1e-4, "CDELT2": 1e-4})
    fits.writeto(tmp_path / "a_i.fits", np.full((4, 6), 7, ">i2"), header)
    parts = [fits.ImageHDU(np.full((4, 6), n, "f4"), name=name)
             for n, name in enumerate(("SCI", "ERR", "DQ"))]  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), *parts]).writeto(tmp_path / "a_r.fits")
    return CompositeSource(
        "a",
        (
            ("i", FileSource(tmp_path / "a_i.fits")),
            ("r", FileSource(tmp_path / "a_r.fits")),
            ("g", MissingSource("a_g.fits", "a_g.fits is missing")),
        ),
    )


def test_the_first_frames_bear_the_labels_and_come_first(source):
    with open_image(source) as image:
        assert list(image.names) == ["i", "r", "r ERR", "r DQ"]
        assert [frame.name for frame in image.frames] == ["i", "r", "r ERR", "r DQ"]
        assert image.frame("r ERR").read(0, 0, 1, 1)[0, 0] == 1
        assert image.kind == "FITS"


def test_a_frame_is_what_its_part_has(source):
    with open_image(source) as image:
        frame = image.frame("i")
        assert (frame.shape, frame.dtype.kind, frame.unit, frame.origin) == (
            (4, 6), "i", "Jy", "lower"
        )  # fmt: skip
        assert frame.wcs() is not None
        assert any(card.key == "BUNIT" for card in frame.cards())
        assert (frame.reduce(Box.whole((4, 6)), (2, 3)).data == 7).all()
        assert (frame.sample() == 7).all()
        assert len(frame.zscale_sample()) == 24


def test_a_part_that_is_missing_is_left_out_and_told(source):
    with open_image(source) as image:
        assert "g: a_g.fits is missing" in image.skipped


def test_without_any_part_the_first_reason_is_given():
    missing = MissingSource("a_i.fits", "a_i.fits is missing", "look for it")
    with pytest.raises(UnreadableError, match=r"a_i\.fits is missing"):
        open_image(CompositeSource("a", (("i", missing), ("r", missing))))


def test_a_damaged_part_stops_nothing(source, tmp_path):
    (tmp_path / "a_r.fits").write_bytes(b"SIMPLE")
    with open_image(source) as image:
        assert list(image.names) == ["i"]
        assert any(words.startswith("r: ") for words in image.skipped)


def test_closing_closes_all_parts(source):
    image = open_image(source)
    frames = [image.frame("i"), image.frame("r")]
    image.close()
    for frame in frames:
        with pytest.raises((UnreadableError, ValueError, OSError)):
            frame.read(0, 0, 6, 4)
