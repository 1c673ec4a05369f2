"""What the tests of all rooms share: paths, sample images, SVG snapshots."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = ROOT / "snapshots"

# Decoders and the terminal are used by tests of several rooms.
for _room in ("graphics", "terminal"):
    sys.path.insert(0, str(ROOT / "tests" / _room))

# Time tells nothing on a machine that is shared: neither that of an example nor of making one.
settings.register_profile("tuiview", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tuiview")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--snapshot-update", action="store_true", help="write the SVG snapshots anew")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "soak" in (config.getoption("markexpr") or ""):
        return
    skip = pytest.mark.skip(reason="a long trial: make soak")
    for item in items:
        if "soak" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project, where it is present."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not here")
    return folder


@pytest.fixture(scope="session")
def unprivileged() -> tuple[str, ...]:
    """What stands before a command so that permissions hold for it, also where root runs it."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to give that up")
    return ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


@pytest.fixture
def small_image() -> Callable[..., NDArray[Any]]:
    """Makes a small image `(ny, nx)`: sky, noise and a few stars, from a seed."""

    def make(shape: tuple[int, int] = (48, 64), *, seed: int = 0, dtype: Any = np.float32) -> Any:
        rng = np.random.default_rng(seed)
        ny, nx = shape
        y, x = np.mgrid[:ny, :nx]
        image = rng.normal(100, 3, shape)
        for _ in range(5):
            cy, cx, peak = rng.uniform(0, ny), rng.uniform(0, nx), rng.uniform(50, 800)
            image += peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 5)
        return np.clip(image, 0, None).astype(dtype)

    return make


@pytest.fixture
def small_fits(tmp_path: Path, small_image: Callable[..., NDArray[Any]]) -> Callable[..., Path]:
    """Writes a small FITS image with world coordinates and returns its path."""

    def make(name: str = "image.fits", *, folder: Path | None = None, **kwargs: Any) -> Path:
        from astropy.io import fits

        data = small_image(**kwargs)
        header = fits.Header()
        for axis, (kind, value) in enumerate((("RA---TAN", 150.1), ("DEC--TAN", 2.2)), start=1):
            header[f"CTYPE{axis}"], header[f"CUNIT{axis}"] = kind, "deg"
            header[f"CRVAL{axis}"], header[f"CRPIX{axis}"] = value, (data.shape[2 - axis] + 1) / 2
            header[f"CDELT{axis}"] = (-1 if axis == 1 else 1) * 0.2 / 3600
        path = (folder or tmp_path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fits.PrimaryHDU(data, header).writeto(path)
        return path

    return make


@pytest.fixture
def small_png(tmp_path: Path, small_image: Callable[..., NDArray[Any]]) -> Callable[..., Path]:
    """Writes a small colour picture (PNG, or what the name says) and returns its path."""

    def make(name: str = "image.png", *, folder: Path | None = None, **kwargs: Any) -> Path:
        from PIL import Image

        seed = int(kwargs.pop("seed", 0))
        bands = [small_image(seed=seed + band, **kwargs) for band in range(3)]
        path = (folder or tmp_path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(np.stack(bands, axis=-1) / 4, 0, 255).astype(np.uint8)).save(path)
        return path

    return make


@pytest.fixture
def svg_snapshot(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Any, str], None]:
    """Compares what a Textual app shows with `snapshots/NAME.svg`.

    `pytest --snapshot-update` writes the snapshot anew; look at it before it is committed.
    """

    def compare(app: Any, name: str) -> None:
        shown = _with_plain_ids(app.export_screenshot(title="tuiview", simplify=True))
        path = SNAPSHOTS / f"{name}.svg"
        if request.config.getoption("--snapshot-update"):
            path.write_text(shown, encoding="utf-8")
            return
        if not path.is_file():
            pytest.fail(f"there is no snapshot {path.name} yet: run pytest --snapshot-update")
        if path.read_text(encoding="utf-8") != shown:
            new = tmp_path_factory.mktemp("snapshots") / path.name
            new.write_text(shown, encoding="utf-8")
            pytest.fail(f"the screen differs from snapshots/{path.name}; it is now as in {new}")

    return compare


def _with_plain_ids(svg: str) -> str:
    """An SVG picture without the numbers that differ from run to run."""
    return re.sub(r"terminal-[0-9a-z]+-", "terminal-", svg)
