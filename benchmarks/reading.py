"""From a file to the pixels of a pane, beside the least that the job can cost.

    python benchmarks/reading.py [--quick] [--folder DIR]

Each row opens a file and brings the whole of it to 800 x 1000 values, the file being in the page
cache. The floor reads the same bytes and adds up their rows, and does nothing exactly; the peer
reads the whole image with the library that everybody uses. CPU times are those of all threads;
ratios are of medians in one run. Memory is what the process holds more at its peak, in a process
of its own for each row.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from tuiview.imaging.frame import Box
from tuiview.imaging.readers import open_image
from tuiview.source import FileSource

PANE = (800, 1000)
BAND = 1 << 19


def write_fits(path: Path, shape: tuple[int, int], dtype: str, **cards: float) -> None:
    """A FITS image of noise, written piece by piece."""
    from astropy.io import fits

    bitpix = {"f4": -32, "i2": 16}[dtype]
    header = fits.Header(
        {"SIMPLE": True, "BITPIX": bitpix, "NAXIS": 2, "NAXIS1": shape[1], "NAXIS2": shape[0]}
    )
    header.update(cards)
    noise = np.random.default_rng(0).normal(1000, 30, (min(500, shape[0]), shape[1]))
    piece = noise.astype(f">{dtype}").tobytes()
    with path.open("wb") as file:
        file.write(header.tostring().encode())
        for row in range(0, shape[0], 500):
            file.write(piece[: min(500, shape[0] - row) * shape[1] * int(dtype[1])])
        file.write(bytes(-file.tell() % 2880))


def write_others(folder: Path, side: int) -> None:
    """Compressed FITS, JPEG, PNG and TIFF of about `side` pixels."""
    import gzip

    import tifffile
    from astropy.io import fits
    from PIL import Image

    rng = np.random.default_rng(0)
    data = rng.normal(1000, 30, (side, side)).astype(np.int16)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, compression_type="RICE_1")]).writeto(
        folder / "rice.fits.fz", overwrite=True
    )
    fits.PrimaryHDU(data[: side // 2, : side // 2].astype("f4")).writeto(
        folder / "plain.fits", overwrite=True
    )
    packed = gzip.compress((folder / "plain.fits").read_bytes(), 1)
    (folder / "float.fits.gz").write_bytes(packed)
    y, x = np.mgrid[: side * 3 // 4, :side]
    photo = np.stack([x % 251, y % 241, (x + y) % 239], axis=-1).astype(np.uint8)
    picture = Image.fromarray(photo)
    picture.save(folder / "photo.jpg", quality=90)
    picture.save(folder / "photo.png", compress_level=1)
    Image.fromarray(data.astype(np.uint16)).save(folder / "deep.png", compress_level=1)
    with tifffile.TiffWriter(folder / "pyramid.tif") as writer:
        options = {"tile": (256, 256), "photometric": "rgb", "compression": "deflate"}
        writer.write(photo, subifds=2, **options)
        for step in (2, 4):
            writer.write(photo[::step, ::step], subfiletype=1, **options)


def ours(path: Path) -> None:
    with open_image(FileSource(path)) as image:
        frame = image.frames[0]
        frame.reduce(Box.whole(frame.shape), PANE)


def preview(path: Path) -> None:
    with open_image(FileSource(path)) as image:
        frame = image.frames[0]
        frame.reduce(Box.whole(frame.shape), PANE, preview=True)


def floor(path: Path) -> None:
    """Read every byte in bands and add up the rows of each, as numbers."""
    with open_image(FileSource(path)) as image:
        frame = image.frames[0]
        ny, nx = frame.shape
        step = max(1, BAND // (nx * frame.stored.itemsize))
        store = np.empty((step, nx), np.float32)
        for y in range(0, ny, step):
            band = store[: min(step, ny - y)]
            np.copyto(band, frame.rows(0, nx, y, min(y + step, ny)))
            np.add.reduce(band, axis=0)


def peer(path: Path) -> None:
    """The whole image by astropy, tifffile or Pillow, and a mean of blocks."""
    if ".fit" in path.name:
        from astropy.io import fits

        with fits.open(path) as file:
            data = next(hdu.data for hdu in file if hdu.data is not None)
    elif path.suffix == ".tif":
        import tifffile

        data = tifffile.imread(path)
    else:
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = None
        data = np.asarray(Image.open(path))
    step = [max(1, size // pane) for size, pane in zip(data.shape, PANE, strict=False)]
    cut = data[: data.shape[0] // step[0] * step[0], : data.shape[1] // step[1] * step[1]]
    shape = cut.shape[0] // step[0], step[0], cut.shape[1] // step[1], step[1], *cut.shape[2:]
    cut.reshape(shape).mean(axis=(1, 3))


WORKS: dict[str, Callable[[Path], None]] = {
    "tuiview": ours, "preview": preview, "floor": floor, "peer": peer
}  # fmt: skip


def measure(work: str, path: Path, repeats: int) -> dict[str, float]:
    """Run in a process of its own: median wall and CPU in ms, and MB more at the peak."""
    command = [sys.executable, __file__, "--run", work, str(path), "--repeats", str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def peak() -> int:
    """The most memory that was resident, in kB; exec keeps the parent's in getrusage."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def run(work: str, path: Path, repeats: int) -> None:
    warm = path.parent / "warm.fits"
    if work != "peer":
        WORKS["tuiview"](warm)
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    WORKS[work](path)
    after = peak()
    walls, cpus = [], []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        WORKS[work](path)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    numbers = {
        "wall": median(walls) * 1e3, "best": min(walls) * 1e3,
        "cpu": median(cpus) * 1e3, "memory": (after - before) / 1024,
    }  # fmt: skip
    print(json.dumps(numbers))


def table(folder: Path, quick: bool) -> None:
    big = 4000 if quick else 10_000
    write_fits(folder / "warm.fits", (50, 50), "f4")
    write_fits(folder / "small.fits", (300, 300), "f4")
    write_fits(folder / "middle.fits", (2048, 2048), "f4")
    write_fits(folder / "large.fits", (big, big), "f4")
    write_fits(folder / "scaled.fits", (2 * big, 2 * big), "i2", BSCALE=0.5, BZERO=3.0)
    write_others(folder, 1500 if quick else 4000)
    repeats = 3 if quick else 7
    print(f"{'file':14s} {'work':8s} {'wall ms':>8s} {'best':>8s} {'CPU ms':>8s} {'MB':>6s}  ratio")
    for path in sorted(folder.iterdir()):
        if path.name in ("warm.fits", "plain.fits"):
            continue
        plain = path.suffix == ".fits"
        first = 0.0
        for work in ("tuiview", "preview", "floor", "peer") if plain else ("tuiview", "peer"):
            found = measure(work, path, repeats)
            first = first or found["cpu"]
            print(
                f"{path.name:14s} {work:8s} {found['wall']:8.1f} {found['best']:8.1f}"
                f" {found['cpu']:8.1f} {found['memory']:6.0f}  {found['cpu'] / first:5.2f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller images, fewer repeats")
    parser.add_argument("--folder", type=Path, help="keep the files here")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run(options.run[0], Path(options.run[1]), options.repeats)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        table(folder, options.quick)
    print(f"{os.cpu_count()} cores; ratios of CPU time to tuiview's")


if __name__ == "__main__":
    main()
