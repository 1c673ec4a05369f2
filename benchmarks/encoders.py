"""Encoders side by side: CPU time, bytes on the wire, and how well the decoded picture matches.

Usage: python benchmarks/encoders.py [--quick]

All encoders get the same pixels in memory; programs get a PPM file, and their CPU time is that of
the whole process. textual-image's encoders are called below its widgets, since importing those
asks the terminal. Its PNG for kitty and iTerm2 is Pillow's.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "graphics"))

import decoders  # noqa: E402
import kitty_screen  # noqa: E402
import pictures  # noqa: E402

from tuiview.graphics import blocks, iterm2, kitty, sixel  # noqa: E402
from tuiview.graphics.payload import Area, Quality  # noqa: E402
from tuiview.picture import Picture  # noqa: E402

PHOTOS = ("photos/apod1.jpg", "optical/ngc6976.jpeg")
SIZES = ((60, 30), (100, 40), (160, 60))
CELL = (10, 20)
CELLS_OF_BLOCKS = (100, 40)

Made = tuple[float, int, float]
"""CPU seconds, bytes, PSNR."""


def photo(width: int, height: int) -> Picture:
    for name in PHOTOS:
        file = ROOT.parent / "shared" / "data" / name
        if file.exists():
            image = Image.open(file).convert("RGB").resize((width, height))
            return Picture(np.asarray(image))
    return pictures.photo(width, height)


def cpu(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)


def own_sixel(picture: Picture, area: Area, quality: Quality, repeats: int) -> Made:
    payload = sixel.encode(picture, area, quality)
    seen = np.concatenate([decoders.decode_sixel(chunk) for chunk in payload.chunks])
    seconds = cpu(lambda: sixel.encode(picture, area, quality), repeats)
    return seconds, payload.nbytes, pictures.psnr(picture.rgb(), seen)


def own_kitty(picture: Picture, area: Area, quality: Quality, repeats: int) -> Made:
    def work() -> bytes:
        return b"".join(kitty.transmit(kitty.encode(picture, area, quality), 1))

    screen = kitty_screen.KittyScreen()
    screen.feed(work())
    seen = enlarge(screen.picture(1), area)
    return cpu(work, repeats), len(work()), pictures.psnr(picture.rgb(), seen)


def own_iterm2(picture: Picture, area: Area, quality: Quality, repeats: int) -> Made:
    payload = iterm2.encode(picture, area, quality)
    strips = [decoders.decode_iterm2(chunk)[0] for chunk in payload.chunks]
    seen = enlarge(np.concatenate(strips), area)
    seconds = cpu(lambda: iterm2.encode(picture, area, quality), repeats)
    return seconds, payload.nbytes, pictures.psnr(picture.rgb(), seen)


def enlarge(seen: NDArray[np.uint8], area: Area) -> NDArray[np.uint8]:
    """As a terminal does it."""
    size = (area.width, area.height)
    return np.asarray(Image.fromarray(seen).resize(size, Image.Resampling.BILINEAR))


def image_of(picture: Picture) -> Image.Image:
    """Gray pictures as Pillow's gray, which is the best that the others can get."""
    rgb = picture.rgb()
    gray = (rgb == rgb[..., :1]).all()
    return Image.fromarray(np.ascontiguousarray(rgb[..., 0] if gray else rgb))


def their_sixel(picture: Picture, area: Area, repeats: int) -> Made | None:
    try:
        from textual_image._sixel import image_to_sixels
    except ImportError:
        return None
    image = image_of(picture)
    text = image_to_sixels(image).encode()
    seconds = cpu(lambda: image_to_sixels(image), max(1, repeats // 3))
    return seconds, len(text), pictures.psnr(picture.rgb(), their_colors(text))


def their_colors(text: bytes) -> NDArray[np.uint8]:
    """Decode a stream that does not select a colour after defining it, as it was meant."""
    repaired = re.sub(rb"#(\d+)(;2;\d+;\d+;\d+)", rb"#\1\2#\1", text)
    return decoders.decode_sixel(repaired)


def pillow_png(picture: Picture, level: int, repeats: int) -> Made:
    image = image_of(picture)

    def work() -> bytes:
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=level)
        return base64.b64encode(file.getvalue())

    return cpu(work, repeats), len(work()), float("inf")


def program(command: list[str], picture: Picture, repeats: int) -> Made | None:
    if shutil.which(command[0]) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture.ppm"
        Image.fromarray(np.ascontiguousarray(picture.rgb())).save(file)
        times = []
        for _ in range(max(1, repeats // 3)):
            before = os.times()
            done = subprocess.run([*command, str(file)], capture_output=True, check=False)
            after = os.times()
            used = after.children_user + after.children_system
            times.append(used - before.children_user - before.children_system)
    if done.returncode:
        return None
    seen = decoders.decode_sixel(done.stdout)
    seen, wanted = seen[: picture.height], picture.rgb()[: len(seen)]
    same = seen.shape == wanted.shape
    quality = pictures.psnr(wanted, seen) if same else float("nan")
    return median(times), len(done.stdout), quality


def report(name: str, made: Made | None, reference: Made | None = None) -> None:
    if made is None:
        print(f"  {name:34s} not installed")
        return
    seconds, size, quality = made
    ratio = f"  {reference[0] / seconds:6.1f} x" if reference else ""
    match = "exact" if quality == float("inf") else f"{quality:5.1f}"
    print(f"  {name:34s} {seconds * 1e3:8.1f} {size / 1e3:9.0f} {match:>8s}{ratio}")


def compare(kind: str, picture: Picture, area: Area, repeats: int) -> None:
    print(f"\n{kind}, {area.width} x {area.height}")
    print(f"  {'':34s} {'CPU ms':>8s} {'kB':>9s} {'PSNR dB':>8s}   faster than textual-image")
    theirs = their_sixel(picture, area, repeats)
    report("sixel, textual-image", theirs)
    for levels in (256, 64, 32, 16):
        made = own_sixel(picture, area, Quality(levels=levels), repeats)
        report(f"sixel, {levels} levels", made, theirs)
    report("sixel, half resolution", own_sixel(picture, area, Quality(scale=2), repeats), theirs)
    report("sixel, img2sixel", program(["img2sixel"], picture, repeats), theirs)
    # Where its output is no terminal it takes cells for 8 x 8 pixels; it makes whole bands.
    cells = f"{area.width // 8}x{area.height // 8}"
    chafa = ["chafa", "-f", "sixels", "--stretch", "--size", cells]
    report("sixel, chafa", program(chafa, picture, repeats), theirs)
    png = pillow_png(picture, 2, repeats)
    report("kitty, textual-image (PNG level 2)", png)
    report("kitty, Pillow's PNG level 1", pillow_png(picture, 1, repeats), png)
    for name, quality in (
        ("full", Quality()),
        ("64 levels", Quality(levels=64)),
        ("16 levels", Quality(levels=16)),
        ("half resolution", Quality(scale=2)),
    ):
        report(f"kitty, {name}", own_kitty(picture, area, quality, repeats), png)
    lossy = Quality(lossy=True)
    half = Quality(lossy=True, scale=2)
    report("iTerm2, JPEG", own_iterm2(picture, area, lossy, repeats), png)
    report("iTerm2, JPEG half resolution", own_iterm2(picture, area, half, repeats), png)


def compare_blocks(make: Callable[[int, int], Picture], kind: str, repeats: int) -> None:
    columns, rows = CELLS_OF_BLOCKS
    print(f"\n{kind}, blocks of {columns} x {rows} cells")
    print(f"  {'':34s} {'CPU ms':>8s} {'kB':>9s}")
    for name, across, down in (
        ("half blocks", 1, 2),
        ("quadrants", 2, 2),
        ("sextants", 2, 3),
        ("octants", 2, 4),
    ):
        area = Area(columns, rows, across, down)
        picture = make(area.width, area.height)
        for true_color in (True, False):
            quality = Quality(true_color=true_color)
            payload = blocks.encode(picture, area, quality)
            size = sum(len(blocks.text(line, true_color).encode()) for line in payload.lines)
            seconds = cpu(lambda p=picture, a=area, q=quality: blocks.encode(p, a, q), repeats)
            colors = "24 bits" if true_color else "256 colours"
            print(f"  {name + ', ' + colors:34s} {seconds * 1e3:8.1f} {size / 1e3:9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one size, few repeats")
    quick = parser.parse_args().quick
    repeats = 5 if quick else 15
    makers = (("noisy gray field", pictures.noisy_field), ("photo", photo))
    for columns, rows in SIZES[1:2] if quick else SIZES:
        area = Area(columns, rows, *CELL)
        for kind, make in makers:
            compare(kind, make(area.width, area.height), area, repeats)
    for kind, make in makers:
        compare_blocks(make, kind, repeats)


if __name__ == "__main__":
    main()
