"""The sample set: the same for everyone, realistic in what it holds, and never half made."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from tuiview.demo import make_demo
from tuiview.errors import TuiviewError
from tuiview.settings import load_settings


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("sample") / "demo")


def _images(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix not in {".toml", ".csv", ""})


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_holds_as_many_images_as_asked_for(demo: Path) -> None:
    assert len(_images(demo)) == 40
    kinds = {"".join(path.suffixes[-1:]) for path in _images(demo)}
    assert kinds == {".fits", ".fz", ".png", ".jpg", ".tif"}


@pytest.mark.parametrize("count", [8, 13])
def test_a_small_set_still_has_every_instrument(tmp_path: Path, count: int) -> None:
    folder = make_demo(tmp_path / "demo", count=count)
    assert len(_images(folder)) == count
    assert len(_images(folder / "instruments")) == 5


def test_one_seed_one_set(tmp_path: Path) -> None:
    first = _digest(make_demo(tmp_path / "a", seed=3, count=10))
    assert _digest(make_demo(tmp_path / "b", seed=3, count=10)) == first
    other = _digest(make_demo(tmp_path / "c", seed=4, count=10))
    assert not set(other.values()) & set(first.values())


def test_cutouts_have_world_coordinates_of_their_catalogue_entry(demo: Path) -> None:
    from astropy.io import fits
    from astropy.wcs import WCS

    with (demo / "catalogue.csv").open() as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    cutouts = sorted(demo.glob("survey/*/*.fits"))
    assert len(cutouts) > 20
    for path in cutouts:
        header = fits.getheader(path)
        ny, nx = header["NAXIS2"], header["NAXIS1"]
        ra, dec = WCS(header).pixel_to_world_values((nx - 1) / 2, (ny - 1) / 2)
        row = rows[header["OBJECT"]]
        assert abs(float(ra) - float(row["ra"])) < 1e-5
        assert abs(float(dec) - float(row["dec"])) < 1e-5
        assert (path.parent.name == "north") == (dec > 0)


def test_some_cutouts_have_empty_borders_and_some_are_integers(demo: Path) -> None:
    from astropy.io import fits

    images = [fits.getdata(path) for path in sorted(demo.glob("survey/*/*.fits"))]
    empty = [np.isnan(image).mean() for image in images if image.dtype.kind == "f"]
    assert 2 <= sum(share > 0.03 for share in empty) < len(images) / 2
    assert any(image.dtype.kind == "u" for image in images)


def test_the_object_stands_out_of_the_noise(demo: Path) -> None:
    from astropy.io import fits

    for path in sorted(demo.glob("survey/*/*.fits")):
        image = fits.getdata(path).astype(float)
        noise = 1.4826 * np.nanmedian(np.abs(image - np.nanmedian(image)))
        middle = np.nanmean(image[118:138, 118:138]) - np.nanmedian(image)
        assert 8 < noise < 40, path
        assert middle > 2 * noise, path


def test_the_exposure_has_science_errors_and_quality_for_each_chip(demo: Path) -> None:
    from astropy.io import fits

    (path,) = demo.glob("instruments/exposure.fits")
    with fits.open(path) as hdus:
        names = [(hdu.name, hdu.ver) for hdu in hdus[1:]]
        assert names == [(name, chip) for chip in (1, 2) for name in ("SCI", "ERR", "DQ")]
        assert hdus["DQ", 1].data.dtype.kind == "i"
        hit = hdus["DQ", 1].data & 4096 > 0
        significance = hdus["SCI", 1].data / hdus["ERR", 1].data
        assert np.median(significance[hit]) > 10


def test_the_cube_shows_a_rotating_disc(demo: Path) -> None:
    from astropy.io import fits
    from astropy.wcs import WCS

    (path,) = demo.glob("instruments/cube.fits")
    with fits.open(path) as hdus:
        cube, header = hdus[0].data, hdus[0].header
    assert WCS(header).naxis == 3
    y, x = np.mgrid[:96, :96] - 47.5
    along = (x * np.cos(0.6) + y * np.sin(0.6)) * (np.hypot(x, y) < 25)
    receding, approaching = (cube[:, side].mean(axis=1) for side in (along > 8, along < -8))
    assert receding.argmax() - approaching.argmax() > 8
    assert receding.max() > 5 * np.std(receding[:8])


def test_the_mosaic_is_compressed_and_has_empty_corners(demo: Path) -> None:
    from astropy.io import fits

    (path,) = demo.glob("instruments/mosaic.fits.fz")
    with fits.open(path) as hdus:
        assert isinstance(hdus[1], fits.CompImageHDU)
        image = hdus[1].data
    assert image.shape == (1024, 1024)
    assert 0.05 < np.isnan(image).mean() < 0.4


def test_colour_composites_and_sixteen_bits(demo: Path) -> None:
    import tifffile
    from PIL import Image

    for path in (demo / "colour").iterdir():
        with Image.open(path) as picture:
            assert picture.mode == "RGB"
            assert np.ptp(np.asarray(picture)) > 200
    (path,) = demo.glob("instruments/*.tif")
    deep = tifffile.imread(path)
    assert deep.dtype == np.uint16
    assert len(np.unique(deep)) > 5000


def test_one_file_was_cut_off(demo: Path) -> None:
    from astropy.io import fits

    (path,) = demo.glob("instruments/truncated.fits")
    header = fits.getheader(path)
    whole = header["NAXIS1"] * header["NAXIS2"] * abs(header["BITPIX"]) // 8
    assert path.stat().st_size < whole
    with (
        pytest.warns(UserWarning, match="truncated"),
        pytest.raises((TypeError, OSError, ValueError)),
    ):
        fits.getdata(path)


def test_settings_beside_the_data_are_understood(demo: Path) -> None:
    settings = load_settings(demo, user_file=demo / "none.toml")
    assert settings.notices == ()
    assert [category.name for category in settings.categories] == [
        "spiral", "elliptical", "edge-on", "merger", "lens", "star", "artifact",
    ]  # fmt: skip
    assert settings.groups[0].name == "nucleus"


def test_a_set_that_is_there_is_used_again(tmp_path: Path) -> None:
    folder = make_demo(tmp_path / "demo", count=8)
    note = folder / "colour" / "mine.txt"
    note.write_text("kept")
    assert make_demo(folder, count=8) == folder
    assert note.read_text() == "kept"


def test_another_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("words")
    with pytest.raises(TuiviewError, match="something else") as caught:
        make_demo(tmp_path, count=8)
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    folder = make_demo(tmp_path / "demo", count=8)
    with pytest.raises(TuiviewError, match="something else"):
        make_demo(folder, count=9)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert len(_images(make_demo(tmp_path / "empty", count=8))) == 8


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tuiview.demo.write_composite", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_demo(tmp_path / "demo", count=8)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TuiviewError, match="cannot be written") as caught:
        make_demo(tmp_path / "file" / "demo", count=8)
    assert caught.value.hint


@pytest.mark.parametrize("count", [3, 1000])
def test_too_few_and_too_many_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(TuiviewError, match=f"cannot have {count}"):
        make_demo(tmp_path / "demo", count=count)
