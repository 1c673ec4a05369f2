"""Several frames as one picture, annotations, and the same part of the sky in another image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import ZScaleInterval, make_lupton_rgb
from astropy.wcs import WCS

from tuiview.collection.base import Item
from tuiview.graphics.payload import Area, Protocol
from tuiview.imaging.annotate import Annotations
from tuiview.imaging.compose import lupton_parameters
from tuiview.imaging.display import Composition, Display
from tuiview.imaging.matching import sky_view
from tuiview.imaging.wcs import pixel_scale, sky
from tuiview.loading import annotating
from tuiview.loading.loader import LoaderSettings
from tuiview.loading.request import Failed, Request, Shown
from tuiview.loading.synchronous import SynchronousLoader
from tuiview.source import CompositeSource, FileSource, MissingSource

SHAPE = (200, 300)
DATA = Path(__file__).parents[3] / "shared" / "data"
AREA = Area(300, 200, 1, 1)
RESTED = (Annotations(sky=True, whole=True),)


def wcs_of(scale=0.5, angle=0.0, center=(150.0, 2.0), at=(150.5, 100.5)):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = center, at
    turn = np.radians(angle)
    wcs.wcs.pc = [[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    wcs.wcs.cdelt = [scale / 3600] * 2
    return wcs


@pytest.fixture
def bands():
    dice = np.random.default_rng(1)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    star = 500 * np.exp(-((x - 90) ** 2 + (y - 60) ** 2) / 30)
    return {
        name: (dice.normal(10 * n, 2, SHAPE) + n * star).astype("f4")
        for n, name in enumerate(("G", "R", "I"), start=1)
    }


@pytest.fixture
def item(tmp_path, bands):
    path = tmp_path / "bands.fits"
    parts = [fits.ImageHDU(data, wcs_of().to_header(), name) for name, data in bands.items()]
    fits.HDUList([fits.PrimaryHDU(), *parts]).writeto(path)
    return Item("bands.fits", "bands.fits", FileSource(path))


@pytest.fixture
def shoot():
    loader = SynchronousLoader(settings=LoaderSettings(cache_bytes=1 << 26))

    def make(item, overlay=(), area=AREA, **display):
        return loader.ask(Request(item, Display(**display), area, Protocol.KITTY, overlay=overlay))

    yield make
    loader.close()


def test_lupton_is_astropys_with_limits_from_the_data(shoot, item, bands):
    composition = Composition(("I", "R", "G"), q=6.0)
    shown = shoot(item, composition=composition)
    channels = [bands[name] for name in "IRG"]
    black, stretch = lupton_parameters([c.ravel().astype(float)[::3] for c in channels])
    expected = make_lupton_rgb(*channels, minimum=black, stretch=stretch, Q=6.0)
    assert np.abs(shown.picture.rgb()[::-1].astype(int) - expected).max() <= 2
    assert shown.limits == pytest.approx((np.mean(black), np.mean(black) + stretch))
    assert shown.info.frame == "I"


def test_limits_move_the_black_and_the_range_of_lupton(shoot, item, bands):
    composition = Composition(("I", "R", "G"))
    black, stretch = lupton_parameters([bands[n].ravel().astype(float)[::3] for n in "IRG"])
    low = float(np.mean(black))
    shown = shoot(item, composition=composition, limits=(low + 3.0, low + 3.0 + 2 * stretch))
    expected = make_lupton_rgb(
        *(bands[n] for n in "IRG"), minimum=[b + 3.0 for b in black], stretch=2 * stretch, Q=8.0
    )
    assert np.abs(shown.picture.rgb()[::-1].astype(int) - expected).max() <= 2


@pytest.mark.parametrize("how", ["simple", "mix"])
def test_limits_of_colour_are_told_as_the_mean_of_its_channels(shoot, item, bands, how):
    shown = shoot(item, composition=Composition(("I", "R", "G"), how), interval="minmax")
    mean = [np.mean([edge(b) for b in bands.values()]) for edge in (np.min, np.max)]
    assert shown.limits == pytest.approx(mean)


@pytest.mark.skipif(not DATA.is_dir(), reason="real data absent")
def test_three_sdss_bands_look_like_their_reference_without_a_touch(shoot):
    from PIL import Image

    paths = [DATA / "optical" / f"reprojected_sdss_{band}.fits.bz2" for band in "irg"]
    parts = tuple(zip("irg", map(FileSource, paths), strict=True))
    item = Item("ngc6976", "ngc6976", CompositeSource("ngc6976", parts))
    frames = shoot(item, interval="minmax").info.frames
    shown = shoot(item, area=Area(682, 496, 1, 1), composition=Composition(tuple(frames[:3])))
    with Image.open(DATA / "optical" / "ngc6976.jpeg") as whole:
        reference = np.asarray(whole.resize((682, 496), Image.Resampling.BOX), float)
    ours = shown.picture.rgb().astype(float)
    # The reference was made from bands of three times the resolution, so that no two pixels are
    # equal: astropy's picture of these bands with its parameters (0, 0.5, Q 10) reaches 27.9 dB.
    assert 10 * np.log10(255**2 / np.mean((ours - reference) ** 2)) > 27.5
    for band in range(3):
        one, two = (np.sort(picture[..., band].ravel()) for picture in (ours, reference))
        assert np.abs(one - two).mean() < 4.0


def test_a_given_stretch_is_used(shoot, item):
    soft = shoot(item, composition=Composition(("I", "R", "G"), stretch=1000.0)).picture.rgb()
    hard = shoot(item, composition=Composition(("I", "R", "G"), stretch=10.0)).picture.rgb()
    assert hard.mean() > 2 * soft.mean()


def test_simple_scales_each_channel_and_obeys_the_stretch(shoot, item):
    composition = Composition(("I", "R", "G"), "simple")
    linear = shoot(item, composition=composition, interval="minmax").picture.rgb()
    curved = shoot(item, composition=composition, interval="minmax", stretch="asinh").picture.rgb()
    star = linear[SHAPE[0] - 1 - 60, 90]
    assert star.min() >= 250
    assert curved.mean() > linear.mean() + 5


def test_a_mix_takes_any_number_of_channels(shoot, item):
    two = shoot(item, composition=Composition(("I", "G"), "mix"), interval="minmax")
    assert two.picture.rgb()[SHAPE[0] - 1 - 60, 90, 1] < 100  # red and blue, no green
    gray = Composition(("I", "R", "G"), "mix", saturation=0.0)
    rgb = shoot(item, composition=gray, interval="minmax").picture.rgb().astype(int)
    assert np.ptp(rgb, axis=2).max() <= 1


def test_a_difference_has_values_and_limits_of_its_own(shoot, item, bands):
    shown = shoot(item, composition=Composition(("I", "R"), "difference"), interval="minmax")
    left = bands["I"].astype(float) - bands["R"]
    assert shown.limits == pytest.approx((left.min(), left.max()), rel=1e-5)
    zoomed = shoot(
        item, composition=Composition(("I", "R"), "difference"), interval="minmax", zoom=4.0
    )
    assert zoomed.limits == shown.limits


def test_a_residual_leaves_what_changed(shoot, tmp_path):
    dice = np.random.default_rng(0)
    before = dice.normal(100, 20, SHAPE).astype("f4")
    after = 2 * before + 30
    after[100:103, 50:53] += 400
    path = tmp_path / "pair.fits"
    parts = [fits.ImageHDU(after, name="AFTER"), fits.ImageHDU(before, name="BEFORE")]
    fits.HDUList([fits.PrimaryHDU(), *parts]).writeto(path)
    item = Item("pair.fits", "pair.fits", FileSource(path))
    composition = Composition(("AFTER", "BEFORE"), "residual")
    rgb = shoot(item, composition=composition, limits=(0.0, 400.0)).picture.rgb()[::-1]
    assert rgb[101, 51].min() > 250
    rgb[100:103, 50:53] = 0
    assert rgb.max() < 10


def test_a_frame_that_is_missing_is_told_and_left_out(shoot, item):
    shown = shoot(item, composition=Composition(("I", "Z", "G")))
    whole = shoot(item, composition=Composition(("I", "R", "G"))).picture.rgb().astype(int)
    rgb = shown.picture.rgb().astype(int)
    star = SHAPE[0] - 1 - 60, 90
    assert rgb[star][1] < 10 < whole[star][1]
    assert written(rgb)


def test_without_any_of_the_frames_one_is_shown_alone(shoot, item):
    alone = shoot(item, frame="R").picture.rgb()
    for composition in (Composition(("U", "Z", "Y")), Composition(("R", "Z"), "difference")):
        shown = shoot(item, frame="R", composition=composition)
        assert shown.info.frame == "R"
        rgb = shown.picture.rgb()
        assert written(rgb)
        assert (rgb[80:] == alone[80:]).all()


def test_a_wrong_number_of_frames_is_refused_in_words(shoot, item):
    answer = shoot(item, composition=Composition(("I", "R")))
    assert isinstance(answer, Failed)
    assert "three frames, not 2" in answer.message


def test_frames_of_different_size_are_aligned_by_pixel_and_it_is_said(shoot, tmp_path, bands):
    for name, data in bands.items():
        fits.writeto(tmp_path / f"{name}.fits", data[:150] if name == "R" else data)
    parts = tuple((name, FileSource(tmp_path / f"{name}.fits")) for name in "IRG")
    item = Item("x", "x", CompositeSource("x", parts))
    rgb = shoot(item, composition=Composition(("I", "R", "G"))).picture.rgb().astype(int)
    assert written(rgb)
    assert rgb[SHAPE[0] - 1 - 60, 90].min() > 50  # the star has all three
    zoomed = shoot(item, composition=Composition(("I", "R", "G")), zoom=8.0, center=(150, 190))
    assert isinstance(zoomed, Shown)  # where R has no pixel at all


def test_a_file_that_is_missing_is_named_in_the_picture(shoot, tmp_path, bands, monkeypatch):
    fits.writeto(tmp_path / "a_i.fits", bands["I"])
    missing = MissingSource("a_r.fits", "a_r.fits is missing")
    item = Item("a", "a", CompositeSource("a", (("i", FileSource(tmp_path / "a_i.fits")),
                                                ("r", missing), ("g", missing))))  # fmt: skip
    told = []
    draw = annotating.remarks
    monkeypatch.setattr(annotating, "remarks", lambda lines: told.extend(lines) or draw(lines))
    assert isinstance(shoot(item, composition=Composition(("i", "r", "g"))), Shown)
    assert "no r: a_r.fits is missing" in told


def test_a_blur_blurs_the_channels(shoot, item):
    sharp = shoot(item, composition=Composition(("I", "R", "G"), stretch=20.0)).picture.rgb()
    soft = shoot(
        item, composition=Composition(("I", "R", "G"), stretch=20.0), blur=3.0
    ).picture.rgb()
    assert soft.astype(int).std() < 0.9 * sharp.astype(int).std()


# Annotations


def test_the_first_picture_imports_no_astropy(item):
    program = f"""
import sys
from pathlib import Path
from tuiview.collection.base import Item
from tuiview.graphics.payload import Area, Protocol
from tuiview.imaging.annotate import Annotations
from tuiview.imaging.display import Display
from tuiview.loading.request import Request
from tuiview.loading.synchronous import SynchronousLoader
from tuiview.source import FileSource
item = Item("a", "a", FileSource(Path({str(item.source.path)!r})))
loader = SynchronousLoader()
for overlay in ((Annotations(),), (Annotations(sky=True),)):
    area = Area(600, 400, 1, 1)
    request = Request(item, Display(zoom=2.0), area, Protocol.KITTY, overlay=overlay)
    print("sky" in loader.ask(request).lacks, "astropy" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.split("\n")[:2] == ["True False", "False True"], said.stderr


def test_sky_annotations_come_when_one_rests_or_the_header_is_known(shoot, item):
    first = shoot(item, (Annotations(),))
    assert first.lacks == ("sky",)
    plain = shoot(item).picture.rgb()
    assert (first.picture.rgb() == plain).all()  # a bar of pixels would turn into arcseconds
    rested = shoot(item, RESTED)
    assert rested.lacks == ()
    assert rested.info.wcs is not None
    assert (rested.picture.rgb() != plain).any()
    other = shoot(item, (Annotations(),), stretch="asinh")
    assert other.lacks == ()


def test_a_picture_without_a_sky_has_its_bar_at_once(shoot, tmp_path):
    from PIL import Image

    Image.fromarray(np.zeros((*SHAPE, 3), np.uint8)).save(tmp_path / "a.png")
    item = Item("a", "a", FileSource(tmp_path / "a.png"))
    first = shoot(item, (Annotations(),)).picture.rgb()
    assert first[-30:].max() == 255
    assert (shoot(item, RESTED).picture.rgb() == first).all()


def test_each_annotation_can_be_had_alone(shoot, item):
    plain = shoot(item, zoom=2.0).picture.rgb()

    def changed(**names):
        wanted = {"scale_bar": False, "compass": False, "minimap": False} | names
        overlay = (Annotations(**wanted, sky=True),)
        rgb = shoot(item, overlay, zoom=2.0).picture.rgb()
        rows, columns = np.nonzero((rgb != plain).any(axis=2))
        return rows.mean() > SHAPE[0] / 2, columns.mean() > SHAPE[1] / 2

    assert changed(scale_bar=True) == (True, False)
    assert changed(compass=True) == (True, True)
    assert changed(minimap=True) == (False, True)


def test_the_map_of_a_large_image_waits_until_one_rests(shoot, item, monkeypatch):
    monkeypatch.setattr(annotating, "_LARGE", 0)
    quick = shoot(item, (Annotations(),), zoom=2.0)
    assert "map" in quick.lacks
    assert shoot(item, RESTED, zoom=2.0).lacks == ()
    assert shoot(item, (Annotations(),), zoom=3.0).lacks == ()  # it is at hand now
    assert shoot(item, (Annotations(),)).lacks == ()  # all of it is visible


def test_a_composition_has_a_map_of_its_own_colours(shoot, item):
    composition = Composition(("I", "R", "G"))
    rgb = shoot(item, RESTED, zoom=3.0, composition=composition).picture.rgb()
    corner = rgb[10:40, -60:-10].reshape(-1, 3).astype(int)
    assert (np.ptp(corner, axis=1) > 20).any()


# The sky


@pytest.mark.parametrize("angle", [0.0, 33.0, 200.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_north_up_brings_north_up_and_east_left(shoot, tmp_path, angle, mirrored):
    wcs = wcs_of(angle=angle)
    if mirrored:
        wcs.wcs.pc = np.array(wcs.wcs.pc) @ np.diag([-1, 1])
    path = tmp_path / "turned.fits"
    fits.writeto(path, np.zeros(SHAPE, "f4"), wcs.to_header())
    view = shoot(Item("t", "t", FileSource(path)), north_up=True).viewport
    ra, dec = (float(v) for v in sky(wcs, 149.5, 99.5))
    here = np.array(view.to_screen(149.5, 99.5))
    for dra, ddec, way in ((0, 10, (0, -1)), (10, 0, (-1, 0))):
        there = wcs.all_world2pix([[ra + dra / 3600, dec + ddec / 3600]], 0)[0]
        moved = np.array(view.to_screen(*there)) - here
        assert moved / np.hypot(*moved) == pytest.approx(np.array(way), abs=1e-3)


def test_the_same_part_of_the_sky_is_shown_in_another_image(shoot, tmp_path):
    one, other = wcs_of(), wcs_of(0.2, 40.0, (150.005, 2.003), (20.0, 80.0))
    for name, wcs in (("one", one), ("other", other)):
        fits.writeto(tmp_path / f"{name}.fits", np.zeros((400, 400), "f4"), wcs.to_header())
    items = [Item(n, n, FileSource(tmp_path / f"{n}.fits")) for n in ("one", "other")]
    first = shoot(items[0], zoom=3.0, center=(140.0, 110.0)).viewport
    view = sky_view(first, one)
    second = shoot(items[1], zoom=3.0, center=(140.0, 110.0), sky=view).viewport
    assert sky(other, *second.center) == pytest.approx(sky(one, *first.center), abs=1e-8)
    scales = [pixel_scale(w, *v.center) / v.zoom for w, v in ((one, first), (other, second))]
    assert scales[0] == pytest.approx(scales[1], rel=1e-6)


def test_without_a_sky_zoom_and_centre_count_in_pixels(shoot, tmp_path):
    fits.writeto(tmp_path / "plain.fits", np.zeros((400, 400), "f4"))
    item = Item("plain", "plain", FileSource(tmp_path / "plain.fits"))
    shown = shoot(item, zoom=3.0, center=(140.0, 110.0), sky=(150.0, 2.0, 0.1)).viewport
    assert (shown.zoom, shown.center) == (3.0, (140.0, 110.0))


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", ">i4", "u1"])
def test_zscale_is_astropys_to_the_last_digit_in_the_native_type(shoot, tmp_path, dtype):
    data = np.random.default_rng(5).gamma(2, 20.03, (331, 257)).astype(dtype)
    fits.writeto(tmp_path / "z.fits", data)
    shown = shoot(Item("z", "z", FileSource(tmp_path / "z.fits")), interval="zscale")
    assert shown.limits == tuple(map(float, ZScaleInterval().get_limits(data)))


def written(rgb):
    """Whether something is written at the top left."""
    top = np.asarray(rgb, int)[5:60, 10:150].reshape(-1, 3)
    return ((top - (255, 208, 0)).__abs__().max(axis=1) < 3).sum() > 20
