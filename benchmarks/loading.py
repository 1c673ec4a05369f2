"""How long an image takes from the key to the payload, and what that costs everything else.

Each kind of file is measured in a process of its own, beside the floor of the same job (the bytes
read and averaged by numpy, or Pillow's draft mode) round by round; ratios are medians over rounds.
The data are made on the spot. On a machine with other work, look at the CPU times.

    python benchmarks/loading.py [--quick] [--pane WIDTHxHEIGHT] [--only NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from operator import truediv
from pathlib import Path
from queue import Queue
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does, before numpy comes

import numpy as np

from tuiview.collection.base import Item
from tuiview.graphics.payload import Area, Protocol
from tuiview.imaging.display import Display
from tuiview.loading.loader import Loader, LoaderSettings
from tuiview.loading.request import Answer, Failed, Request
from tuiview.source import FileSource

CASES = {
    "FITS 300 x 300 float32": ("small.fits", True),
    "FITS 2048 x 2048 float32": ("middle.fits", True),
    "FITS.gz 2048 x 2048 float32": ("middle.fits.gz", True),
    "JPEG 4000 x 3000": ("photo.jpg", True),
    "PNG 2000 x 1500 16-bit": ("deep.png", True),
    "FITS 10,000 x 10,000 float32": ("large.fits", False),
    "FITS.fz 8,000 x 8,000 RICE": ("large.fits.fz", False),
    "JPEG 12,000 x 9,000": ("large.jpg", False),
    "TIFF 12,000 x 9,000 pyramidal": ("pyramid.tif", False),
}


def make(folder: Path, name: str) -> Path:
    """Make one of the files, noise with sources on it, the same every time."""
    path = folder / name
    if path.exists():
        return path
    dice = np.random.default_rng(1)
    if name in ("small.fits", "middle.fits", "large.fits"):
        side = {"small.fits": 300, "middle.fits": 2048, "large.fits": 10_000}[name]
        cards = [
            "SIMPLE  =                    T", "BITPIX  =                  -32",
            "NAXIS   =                    2", f"NAXIS1  = {side:20d}", f"NAXIS2  = {side:20d}",
            "END",
        ]  # fmt: skip
        with path.open("wb") as file:
            file.write("".join(card.ljust(80) for card in cards).ljust(2880).encode())
            for _ in range(0, side, 100):
                rows = sky(dice, min(100, side), side)
                file.write(rows.astype(">f4").tobytes())
            file.write(bytes(-file.tell() % 2880))
    elif name == "middle.fits.gz":
        import gzip

        path.write_bytes(gzip.compress(make(folder, "middle.fits").read_bytes(), 1))
    elif name == "large.fits.fz":
        from astropy.io import fits

        data = np.concatenate([sky(dice, 100, 8000) for _ in range(80)])
        hdu = fits.CompImageHDU((data * 10).astype(np.int16), compression_type="RICE_1")
        hdu.writeto(path)
    elif name == "pyramid.tif":
        import tifffile

        pixels = np.tile(decoded(make(folder, "photo.jpg")), (3, 3, 1))
        options = {"tile": (256, 256), "photometric": "rgb", "compression": "deflate"}
        with tifffile.TiffWriter(path) as writer:
            writer.write(pixels, subifds=4, **options)
            for step in (2, 4, 8, 16):
                writer.write(pixels[::step, ::step], subfiletype=1, **options)
    else:
        from PIL import Image

        if name == "large.jpg":
            pixels = np.tile(decoded(make(folder, "photo.jpg")), (3, 3, 1))
            Image.fromarray(pixels).save(path, quality=90)
        elif name == "photo.jpg":
            small = (dice.random((60, 80, 3)) * 255).astype(np.uint8)
            photo = Image.fromarray(small).resize((4000, 3000), Image.Resampling.BICUBIC)
            grain = dice.normal(0, 4, (3000, 4000, 3))
            pixels = np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(path, quality=90)
        else:
            data = np.clip(sky(dice, 1500, 2000) * 50, 0, 65535).astype(np.uint16)
            Image.fromarray(data).save(path, compress_level=1)
    return path


def decoded(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image)


def sky(dice: np.random.Generator, ny: int, nx: int) -> np.ndarray:
    data = dice.normal(100, 5, (ny, nx)).astype(np.float32)
    spots = dice.integers(0, ny * nx, ny * nx // 5000)
    data.ravel()[spots] += dice.exponential(2000, len(spots)).astype(np.float32)
    return data


def floor_of(path: Path, pane: tuple[int, int]) -> Callable[[], object]:
    """The least that has to be done for a picture of a pane, by numpy or Pillow alone."""
    name = path.name
    if name.endswith(".fits"):
        side = {"small.fits": 300, "middle.fits": 2048, "large.fits": 10_000}[name]

        def mean() -> object:
            band = np.empty((min(side, max(1, (1 << 18) // side)), side), ">f4")
            means = []
            with path.open("rb", buffering=0) as file:
                file.seek(2880)
                for y in range(0, side, len(band)):
                    rows = band[: side - y]
                    file.readinto(memoryview(rows).cast("B"))
                    means.append(rows.astype(np.float32).mean(axis=0))
            return means

        return mean
    if name.endswith(".gz"):
        from isal import igzip

        return lambda: np.frombuffer(
            igzip.decompress(path.read_bytes()), ">f4", 2048**2, 2880
        ).mean()
    if name.endswith(".fz"):
        from astropy.io import fits

        return lambda: fits.getdata(path, 1).mean()
    if name.endswith(".tif"):
        import tifffile

        def level() -> object:
            with tifffile.TiffFile(path) as file:
                pages = file.series[0].levels
                fine = [page for page in pages if page.shape[1] >= pane[0]]
                return fine[-1].asarray().mean()

        return level
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None

    def draft() -> object:
        with Image.open(path) as image:
            image.draft(image.mode, pane)
            return np.asarray(image).mean()

    return draft


class Desk:
    """A loader and the wait for its answers."""

    def __init__(self, pane: tuple[int, int], threads: int = 2) -> None:
        self.answers: Queue[Answer] = Queue()
        self.ready: Queue[Answer] = Queue()
        self.area = Area(pane[0] // 10, pane[1] // 20, 10, 20)
        self.loader = Loader(
            answer=self.answers.put,
            ready=self.ready.put,
            settings=LoaderSettings(threads=threads, cache_bytes=1 << 30),
        )

    def request(self, path: Path, key: str = "", **display: object) -> Request:
        item = Item(key or path.name, path.name, FileSource(path))
        return Request(item, Display(**display), self.area, Protocol.KITTY)

    def wait(self, request: Request) -> tuple[float, float, Answer]:
        """Seconds from the key to the first answer and to the exact one, and that."""
        start = time.perf_counter()
        first = 0.0
        answer = self.loader.ask(request)
        while answer is None or getattr(answer, "preview", False):
            if answer is not None and not first:
                first = time.perf_counter() - start
            answer = self.answers.get(timeout=120)
        if isinstance(answer, Failed):
            raise SystemExit(f"{answer.message} {answer.hint}")
        exact = time.perf_counter() - start
        return first or exact, exact, answer


def drop_from_memory(path: Path) -> None:
    """Have the system forget the file's pages."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(path: Path, pane: tuple[int, int], rounds: int) -> dict[str, float]:
    """All times of one kind of file in ms, and MB of resident memory."""
    desk = Desk(pane)
    small = make(path.parent, "small.fits")
    desk.wait(desk.request(small, "warm-up"))
    if path.suffix not in (".fits", ".gz"):
        desk.wait(desk.request(path, "warm-up too"))
    desk.loader.forget("warm-up too")
    before = resident()
    columns = (
        "cold first", "cold", "warm first", "warm", "cpu", "ahead", "stretch", "pan", "pan again",
    )  # fmt: skip
    result: dict[str, list[float]] = {name: [] for name in (*columns, "floor", "floor cpu")}
    stretches = ("asinh", "log", "sqrt", "linear", "squared")
    floor, peak = floor_of(path, pane), 0.0
    for n in range(rounds):
        drop_from_memory(path)
        first, exact, _ = desk.wait(desk.request(path, f"cold {n}"))
        result["cold first"].append(first)
        result["cold"].append(exact)
        peak = peak or resident("VmHWM") - before
        cpu = time.process_time()
        first, exact, _ = desk.wait(desk.request(path, f"warm {n}"))
        result["cpu"].append(time.process_time() - cpu)
        result["warm first"].append(first)
        result["warm"].append(exact)
        desk.loader.ahead([desk.request(path, f"ahead {n}")])
        desk.ready.get(timeout=120)
        result["ahead"].append(desk.wait(desk.request(path, f"ahead {n}"))[1])
        again = desk.request(path, f"ahead {n}", stretch=stretches[n % 5], bias=0.4)
        _, exact, shown = desk.wait(again)
        result["stretch"].append(exact)
        ny, nx = shown.viewport.shape
        place = (nx * (0.3 + 0.05 * n), ny * 0.6)
        moved = desk.request(path, f"ahead {n}", zoom=1.0, center=place)
        result["pan"].append(desk.wait(moved)[1])
        place = (place[0] + 100, place[1])
        moved = desk.request(path, f"ahead {n}", zoom=1.0, center=place)
        result["pan again"].append(desk.wait(moved)[1])
        for kind in ("cold", "warm", "ahead"):
            desk.loader.forget(f"{kind} {n}")
        start, cpu = time.perf_counter(), time.process_time()
        floor()
        result["floor"].append(time.perf_counter() - start)
        result["floor cpu"].append(time.process_time() - cpu)
    desk.loader.close()
    found = {name: 1e3 * median(values) for name, values in result.items()} | {"peak": peak}
    return found | {
        "ratio": median(map(truediv, result["warm"], result["floor"])),
        "cpu ratio": median(map(truediv, result["cpu"], result["floor cpu"])),
    }


def resident(field: str = "VmRSS") -> float:
    """MB of resident memory, now or (VmHWM) at the most so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


async def loop_delay(seconds: float, pause: float) -> list[float]:
    """How much later than asked the event loop comes back, in ms."""
    delays = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await asyncio.sleep(pause)
        delays.append(1e3 * (time.perf_counter() - start - pause))
    return delays


def delays(path: Path, pane: tuple[int, int], seconds: float) -> list[tuple[str, list[float]]]:
    """The event loop's delay, idle and while neighbours are made ready without a pause."""
    sys.setswitchinterval(0.0005)

    async def both() -> list[tuple[str, list[float]]]:
        desk = Desk(pane)
        await asyncio.to_thread(desk.wait, desk.request(path, "warm-up"))
        found = []
        for pause, name in ((0.002, "timer of 2 ms"), (0.0, "sleep(0)")):
            found.append((f"idle, {name}", await loop_delay(seconds, pause)))
            resting = asyncio.Event()

            async def feed(resting: asyncio.Event = resting) -> None:
                count = 0
                while not resting.is_set():
                    count += 8
                    desk.loader.ahead([desk.request(path, str(count + n)) for n in range(8)])
                    while not (desk.loader.idle or resting.is_set()):
                        await asyncio.sleep(0.01)

            feeding = asyncio.create_task(feed())
            found.append((f"prefetching, {name}", await loop_delay(seconds, pause)))
            resting.set()
            await feeding
        desk.loader.close()
        return found

    return asyncio.run(both())


def held_key(path: Path, pane: tuple[int, int], hertz: float, presses: int) -> tuple[int, float]:
    """How many of the pictures were there when a held key asked, and the worst call in ms."""
    desk = Desk(pane)
    desk.wait(desk.request(path, "0"))
    desk.loader.ahead([desk.request(path, str(n)) for n in range(1, 9)])
    while not desk.loader.idle:
        time.sleep(0.01)
    there, worst = 0, 0.0
    for number in range(1, presses + 1):
        start = time.perf_counter()
        there += desk.loader.ask(desk.request(path, str(number))) is not None
        desk.loader.ahead([desk.request(path, str(number + n)) for n in range(1, 9)])
        spent = time.perf_counter() - start
        worst = max(worst, spent)
        time.sleep(max(0.0, 1 / hertz - spent))
    desk.loader.close()
    return there, 1e3 * worst


def review_speed(path: Path, pane: tuple[int, int], count: int) -> float:
    """Images a second if the next is asked for as soon as one is there."""
    desk = Desk(pane)
    desk.wait(desk.request(path, "warm-up"))
    start = time.perf_counter()
    for number in range(count):
        desk.loader.ahead([desk.request(path, str(number + n)) for n in range(1, 9)])
        desk.wait(desk.request(path, str(number)))
    spent = time.perf_counter() - start
    desk.loader.close()
    return count / spent


def in_child(name: str, args: argparse.Namespace, folder: Path) -> dict[str, float]:
    command = [
        sys.executable,
        __file__,
        "--child",
        name,
        "--folder",
        str(folder),
        "--pane",
        args.pane,
    ]
    if args.quick:
        command.append("--quick")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small files and few rounds")
    parser.add_argument("--pane", default="1000x800", help="pixels of the pane")
    parser.add_argument("--only", default="", help="these kinds of files alone")
    parser.add_argument("--folder", type=Path, help="keep the data here")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    width, height = map(int, args.pane.split("x"))
    pane, rounds = (width, height), 3 if args.quick else 7
    if args.child:
        print(json.dumps(measure(args.folder / args.child, pane, rounds)))
        return
    with tempfile.TemporaryDirectory(prefix="tuiview-bench-") as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Key to payload (kitty, {args.pane}), median of {rounds}, ms\n")
        heads = {
            "cold first": "cold, first", "cold": "cold, exact", "warm first": "warm, first",
            "warm": "warm, exact", "floor": "floor", "ratio": "ratio",
            "cpu": "CPU, warm", "floor cpu": "CPU, floor", "cpu ratio": "ratio",
            "ahead": "ahead", "stretch": "restretch", "pan": "pan 1:1", "pan again": "pan again",
            "peak": "MB, first",
        }  # fmt: skip
        print(f"{'':30}" + "".join(f"{head:>12}" for head in heads.values()))
        for name, (file, quick) in CASES.items():
            if (args.quick and not quick) or args.only not in name:
                continue
            make(folder, "small.fits")
            make(folder, file)
            row = in_child(file, args, folder)
            print(f"{name:30}" + "".join(f"{row[head]:12.2f}" for head in heads), flush=True)
        if args.only:
            return
        print("\nEvent loop's delay, ms" + f"{'p50':>38}{'p99':>12}{'max':>12}")
        for file in ("small.fits", "middle.fits", "photo.jpg"):
            path = make(folder, file)
            for name, values in delays(path, pane, 1.0 if args.quick else 4.0):
                p50, p99, worst = np.percentile(values, (50, 99, 100))
                print(f"  {file:16}{name:30}{p50:12.3f}{p99:12.3f}{worst:12.3f}", flush=True)
        print("\nA key held at 30 Hz, 8 images ahead, and images a second with each one shown")
        for file in ("small.fits", "middle.fits", "photo.jpg"):
            path = make(folder, file)
            presses = 30 if args.quick else 90
            there, worst = held_key(path, pane, 30, presses)
            speed = review_speed(path, pane, presses)
            print(
                f"  {file:16}{there} of {presses} were there, longest call {worst:.2f} ms;"
                f" {speed:.0f} images/s",
                flush=True,
            )


if __name__ == "__main__":
    main()
