"""Snapshots of colour and annotations, through the command line."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tuiview.cli import main
from tuiview.review.locations import store_path
from tuiview.review.model import Decision, Mark, What
from tuiview.review.store import Store


@pytest.fixture
def bands(tmp_path, small_fits):
    """A folder with `m51_i.fits`, `m51_r.fits`, `m51_g.fits`."""
    folder = tmp_path / "bands"
    for seed, band in enumerate("irg"):
        small_fits(f"m51_{band}.fits", folder=folder, seed=seed)
    return folder


@pytest.fixture
def shoot(tmp_path):
    def make(*words):
        out = tmp_path / "out.png"
        bare = () if "--overlay" in words else ("--overlay", "none")
        status = main(["snapshot", *map(str, words), *bare, "-o", str(out), "--size", "300,200"])
        return np.asarray(Image.open(out).convert("RGB")).astype(int) if status == 0 else status

    return make


def test_three_files_of_a_folder_three_files_and_a_pattern_are_one_picture(bands, shoot):
    folder = shoot("--rgb", "_i", "_r", "_g", bands)
    assert np.ptp(folder, axis=2).max() > 30
    assert (shoot(bands, "m51", "--rgb", "_i", "_r", "_g") == folder).all()
    files = [bands / f"m51_{band}.fits" for band in "irg"]
    assert (shoot("--rgb", *files) == folder).all()
    assert (shoot(bands, "--channels", "{id}_{i,r,g}.fits") == folder).all()
    turned = shoot("--rgb", *files[::-1])
    assert np.abs(turned[..., ::-1] - folder).max() <= 3  # the background is not quite gray


def test_the_composition_can_be_chosen(bands, shoot):
    lupton = shoot("--rgb", "_i", "_r", "_g", bands)
    rgb = ("--rgb", "_i", "_r", "_g", bands)
    assert (shoot(*rgb, "--q", "2", "--linear-range", "20") != lupton).any()
    for how in ("simple", "mix"):
        assert (shoot(*rgb, "--composition", how) != lupton).any()
    two = shoot(bands, "--channels", "*_{r,g}.fits", "--composition", "difference")
    assert np.ptp(two, axis=2).max() < 3
    gray = shoot(*rgb, "--composition", "mix", "--saturation", "0")
    assert np.ptp(gray, axis=2).max() < 3


def test_frames_of_one_file(shoot, tmp_path):
    from astropy.io import fits

    data = np.random.default_rng(0).normal(9, 1, (3, 20, 30)).astype("f4")
    fits.writeto(tmp_path / "cube.fits", data)
    rgb = shoot(tmp_path / "cube.fits", "--rgb", "plane 1", "plane 2", "plane 3")
    assert np.ptp(rgb, axis=2).max() > 20
    assert shoot(tmp_path / "cube.fits", "--rgb", "plane 1", "plane 2", "plane 9") == 2


@pytest.mark.parametrize("command", ["snapshot", "export"])
def test_a_bug_in_a_reader_is_written_down_and_told_in_a_line(
    bands, tmp_path, monkeypatch, capfd, command
):
    def fail(*_):
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr("tuiview.imaging.readers.banded.plan_axis", fail)
    snapshot = ["snapshot", str(bands), "-o", str(tmp_path / "out.png")]
    page = ["export", str(bands), "--format", "html", "--all", "-o", str(tmp_path / "out.html")]
    main(snapshot if command == "snapshot" else page)
    assert "Traceback" not in capfd.readouterr().err
    log = (tmp_path / "XDG_STATE_HOME" / "tuiview" / "faults.log").read_text()
    assert "ZeroDivisionError: nobody thought of it" in log
    assert "in fail" in log


def test_a_file_that_is_missing_is_named(bands, shoot, capsys):
    (bands / "m51_r.fits").unlink()
    assert shoot("--rgb", "_i", "_r", "_g", bands) == 2
    assert "m51_r.fits is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--rgb", "_i", "_i", "_g"],
        ["--channels", "{id}.fits"],
        ["--rgb", "_i", "_r", "_g", "--channels", "{id}_{a,b}.fits"],
        ["--rgb", "_i", "_r", "_g", "--composition", "sepia"],
        ["--rgb", "_i", "_r", "_g", "--composition", "difference"],
        ["--rgb", "_i", "_r", "_g", "--q", "0"],
        ["--overlay", "glitter"],
    ],
)
def test_options_that_make_no_sense(bands, shoot, words):
    assert shoot(bands, *words) == 2


def test_nothing_to_open(shoot):
    assert shoot() == 2


def test_annotations_are_drawn_where_they_are_named(bands, shoot):
    image = bands / "m51_i.fits"
    plain = shoot(image, "--zoom", "8")

    def changed(names):
        rows, columns = np.nonzero((shoot(image, "--zoom", "8", "--overlay", names) != plain)
                                   .any(axis=2))  # fmt: skip
        return rows, columns

    rows, columns = changed("scale-bar")
    assert rows.min() > 150
    assert columns.max() < 150
    rows, columns = changed("mini-map")
    assert rows.max() < 60
    assert columns.min() > 200
    rows, columns = changed("annotations")
    assert rows.min() < 60
    assert rows.max() > 180


def test_marks_are_drawn(bands, shoot):
    plain = shoot(bands / "m51_i.fits")
    with Store.open(store_path(bands, "alice"), "alice") as store:
        mark = Mark("0" * 32, "PRIMARY", "a", 32.0, 24.0)
        store.record([Decision("m51_i.fits", What.MARK_ADDED, mark.uuid, None, mark)])
    drawn = shoot(bands / "m51_i.fits", "--overlay", "marks")
    rows, columns = np.nonzero((drawn != plain).any(axis=2))
    assert abs(np.mean([rows.min(), rows.max()]) - 100) < 5
    assert abs(np.mean([columns.min(), columns.max()]) - 150) < 60


def test_each_option_of_the_display_does_what_it_says(bands, shoot):
    image = bands / "m51_i.fits"
    scaled = (image, "--interval", "minmax")
    plain = shoot(*scaled)
    assert (shoot(*scaled, "--flip") == plain[:, ::-1]).mean() > 0.95
    assert (shoot(*scaled, "--rotate", "180") == plain[::-1, ::-1]).mean() > 0.95
    assert np.abs(shoot(*scaled, "--invert")[100, 150] - (255 - plain[100, 150])).max() <= 2
    assert shoot(*scaled, "--gamma", "2.2").mean() > plain.mean()
    assert shoot(*scaled, "--contrast", "3").std() != plain.std()
    assert shoot(*scaled, "--bias", "0.9").mean() < plain.mean()
    assert shoot(*scaled, "--blur", "3").std() < plain.std()
    assert np.ptp(shoot(*scaled, "--colormap", "viridis"), axis=2).max() > 50
    for words in (["--stretch", "asinh"], ["--limits", "0,50"], ["--zoom", "2"],
                  ["--zoom", "2", "--center", "3,4"]):  # fmt: skip
        assert (shoot(*scaled, *words) != plain).any(), words
    for words in (["--gamma", "0"], ["--zoom", "1000"], ["--rotate", "45"], ["--stretch", "no"]):
        assert shoot(*scaled, *words) == 2


def test_measurements_go_to_stdout_and_plots_to_the_file(bands, shoot, capsys):
    image = bands / "m51_i.fits"
    plain = shoot(image)
    assert (shoot(image, "--examine", "m", "--center", "20,20") == shoot(image, "--center", "20,20")
            ).all()  # fmt: skip
    assert "clipped: mean" in capsys.readouterr().out
    assert (shoot(image, "--examine", "h") != plain).any()
    assert "limits" in capsys.readouterr().out
    shoot(image, "--examine", "v", "--center", "5,5", "--to", "20,5")
    assert "profile from 5.0 5.0 to 20.0 5.0, 15.0 px" in capsys.readouterr().out
    for words in (["--examine", "q"], ["--examine", "v"], ["--to", "3,3"]):
        assert shoot(image, *words) == 2
    assert shoot(image, "--examine", "t") == 2
