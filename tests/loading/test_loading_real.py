"""The loader over the real rooms: real files in, payloads out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from queue import Queue

import numpy as np
import pytest

from tuiview.collection.base import Item
from tuiview.graphics.payload import Area, Protocol, Quality
from tuiview.imaging.display import Display
from tuiview.loading.loader import Loader, LoaderSettings
from tuiview.loading.request import Failed, Request, Shown
from tuiview.loading.synchronous import SynchronousLoader
from tuiview.source import FileSource, MissingSource

AREA = Area(20, 10, 5, 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from astropy.io import fits
    from astropy.wcs import WCS
    from PIL import Image

    dice = np.random.default_rng(3)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [50.5, 40.5]
    turn = np.radians(30.0)
    wcs.wcs.pc = [[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    wcs.wcs.cdelt = [1e-4, 1e-4]
    science = fits.ImageHDU(dice.normal(100, 5, (80, 100)).astype("f4"), wcs.to_header(), "SCI")
    error = fits.ImageHDU(np.full((80, 100), 5, "i2"), name="ERR")
    fits.HDUList([fits.PrimaryHDU(), science, error]).writeto(tmp_path / "image.fits")
    fits.writeto(tmp_path / "plain.fits", dice.normal(100, 5, (80, 100)).astype("f4"))
    gray = np.tile(np.arange(100, dtype=np.uint8), (50, 1))
    Image.fromarray(gray).save(tmp_path / "gray.png")
    Image.fromarray(np.stack([gray, gray * 2, gray // 2], axis=2)).save(tmp_path / "color.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "color.png").read_bytes()[:60])
    return tmp_path


@pytest.fixture
def loader() -> SynchronousLoader:
    return SynchronousLoader(settings=LoaderSettings(cache_bytes=1 << 24))


def item(path: Path) -> Item:
    return Item(path.name, path.name, FileSource(path))


def request(path: Path, protocol: Protocol = Protocol.KITTY, **display) -> Request:
    return Request(item(path), Display(**display), AREA, protocol)


def test_a_fits_image_with_its_frames_and_header(folder, loader):
    shown = loader.ask(request(folder / "image.fits"))
    assert isinstance(shown, Shown)
    assert tuple(shown.info.frames) == ("SCI", "ERR")
    low, high = shown.limits
    assert 80 < low < 100 < high < 120
    assert (shown.picture.width, shown.picture.height) == (100, 100)
    assert shown.payload.chunks
    infos: list = []
    loader.info(item(folder / "image.fits"), "ERR", infos.append)
    assert infos[0].frame == "ERR"
    assert next(card.value for card in infos[0].cards if card.key == "BITPIX") == 16
    other = loader.ask(request(folder / "image.fits", frame="ERR"))
    assert other.info.frame == "ERR"


def test_north_up_turns_by_the_world_coordinates(folder, loader):
    shown = loader.ask(request(folder / "image.fits", north_up=True))
    assert shown.info.wcs is not None
    x, y = shown.viewport.to_screen([50.0, 50.0], [40.0, 40.0])
    ra, dec = shown.info.wcs.wcs_pix2world([[50.0, 40.0]], 0)[0]
    ((px, py),) = shown.info.wcs.wcs_world2pix([[ra, dec + 1e-3]], 0)
    sx, sy = shown.viewport.to_screen(px, py)
    assert abs(sx - x[0]) < 0.05 * abs(sy - y[0])
    assert sy < y[0]


def test_pictures_are_shown_as_they_are(folder, loader):
    gray = loader.ask(request(folder / "gray.png", zoom=1.0))
    assert gray.limits is None
    row = gray.picture.rgb()[50, :, 0].astype(int)
    assert np.abs(row - np.arange(100)).max() <= 1
    color = loader.ask(request(folder / "color.png", zoom=1.0))
    assert color.limits is None
    assert list(color.picture.rgb()[50, 40]) == [40, 80, 20]
    stretched = loader.ask(
        request(folder / "gray.png", zoom=1.0, interval="minmax", scaled_color=True)
    )
    assert stretched.limits == (0.0, 99.0)
    assert stretched.picture.rgb()[50, 99, 0] == 255


@pytest.mark.parametrize("protocol", list(Protocol))
def test_every_protocol_and_quality(folder, loader, protocol):
    for quality in (Quality(), Quality(levels=16, scale=2)):
        area = Area(20, 10, 1, 2) if protocol is Protocol.BLOCKS else AREA
        asked = Request(item(folder / "image.fits"), Display(), area, protocol, quality)
        shown = loader.ask(asked)
        assert shown.payload.protocol is protocol
        assert shown.payload.chunks or shown.payload.lines


def test_what_cannot_be_shown_is_said(folder, loader):
    broken = loader.ask(request(folder / "broken.png"))
    assert isinstance(broken, Failed)
    gone = loader.ask(request(folder / "gone.fits"))
    assert isinstance(gone, Failed)
    missing = Item("7", "row 7", MissingSource("row 7", "no such shard", "look for it"))
    answer = loader.ask(Request(missing, Display(), AREA, Protocol.KITTY))
    assert isinstance(answer, Failed)
    assert "no such shard" in answer.message
    assert answer.hint == "look for it"


def test_threads_make_all_of_it(folder):
    answers: Queue = Queue()
    loader = Loader(
        answer=answers.put, ready=answers.put, settings=LoaderSettings(cache_bytes=1 << 24)
    )
    names = ["image.fits", "plain.fits", "gray.png", "color.png", "broken.png"]
    loader.ask(request(folder / names[0]))
    loader.ahead([request(folder / name) for name in names[1:]])
    got = [answers.get(timeout=60) for _ in names]
    assert {a.request.item.key for a in got} == set(names)
    assert [a.request.item.key for a in got if isinstance(a, Failed)] == ["broken.png"]
    assert loader.close(10.0)


def test_the_first_picture_of_a_plain_fits_image_needs_no_astropy(folder):
    code = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_loading_real import request
from tuiview.loading.request import Shown
from tuiview.loading.synchronous import SynchronousLoader
assert isinstance(SynchronousLoader().ask(request(Path(sys.argv[1]))), Shown)
heavy = {"astropy", "scipy", "h5py", "pandas", "tifffile", "textual"} & set(sys.modules)
assert not heavy, heavy
"""
    command = [sys.executable, "-c", code, str(folder / "plain.fits"), str(Path(__file__).parent)]
    subprocess.run(command, check=True, timeout=60)
