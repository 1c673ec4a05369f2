"""Catalogues: how fast a million sources open, and what they add to a picture.

Usage: python benchmarks/catalogue.py [--quick]

Opening is what the thread behind does: read, recognise, sort. "Found" is the work of a loader
thread for one frame that is new: its footprint, the sources in it, their pixels; the floor beside
it is astropy's transformation of the same number of positions alone. "Drawn" is what a picture of
1000 x 800 takes longer with them than without.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from astropy.table import Table
from astropy.wcs import WCS

from tuiview.exchange.catalogue import Sources, open_catalogue
from tuiview.exchange.options import CatalogueOptions
from tuiview.exchange.places import Place
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Reduced
from tuiview.imaging.render import render
from tuiview.imaging.viewport import Viewport

SHAPE = (4000, 5000)


def timed(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def written(folder: Path, count: int) -> dict[str, Path]:
    """The same sources, within two degrees, as files of several kinds."""
    rng = np.random.default_rng(1)
    table = Table(
        {
            "id": np.arange(count),
            "ra": rng.uniform(149, 151, count),
            "dec": rng.uniform(1, 3, count),
            "mag": rng.normal(20, 2, count),
        }
    )
    paths = {name: folder / f"c.{name}" for name in ("csv", "fits", "parquet", "ecsv")}
    with paths["csv"].open("w") as stream:
        stream.write("id,ra,dec,mag\n")
        stream.writelines(
            f"{n},{a!r},{d!r},{m:.3f}\n"
            for n, a, d, m in zip(*(table[name].tolist() for name in table.colnames), strict=True)
        )
    table.write(paths["fits"])
    table.write(paths["ecsv"], format="ascii.ecsv")
    import pyarrow
    import pyarrow.parquet as pq

    pq.write_table(
        pyarrow.table({name: np.asarray(table[name]) for name in table.colnames}), paths["parquet"]
    )
    return paths


def tangent(arcsec: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.0]
    wcs.wcs.crpix = [SHAPE[1] / 2, SHAPE[0] / 2]
    wcs.wcs.cdelt = [-arcsec / 3600, arcsec / 3600]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.set()
    return wcs


def pictures(sources: Sources, repeats: int) -> None:
    viewport = Viewport.of(Display(), SHAPE, "lower", 1000, 800)
    size = viewport.box_and_size().size
    reduced = Reduced(np.random.default_rng(0).normal(0, 1, size).astype(np.float32))
    limits = (-3.0, 3.0)
    print(f"\n{'in the frame':>14} {'found':>10} {'floor':>10} {'drawn':>10} {'of a picture':>13}")
    for arcsec in (0.005, 0.05, 0.16, 0.5, 1.4):
        wcs = tangent(arcsec)
        names = ("image.fits",)
        found = timed(lambda: sources.draw(Place(names, "", SHAPE, "lower", wcs)), repeats)  # noqa: B023
        drawn = sources.draw(Place(names, "", SHAPE, "lower", wcs))
        pixels = np.random.default_rng(2).uniform(0, 4000, (max(drawn.found, 1), 2))
        some = wcs.all_pix2world(pixels, 0)
        floor = timed(lambda: wcs.all_world2pix(some, 0), repeats)  # noqa: B023
        bare = timed(lambda: render(reduced, Display(), limits, viewport), repeats)
        full = timed(lambda: render(reduced, Display(), limits, viewport, drawn.marks), repeats)  # noqa: B023
        print(
            f"{drawn.found:>14,} {1e3 * found:>7.2f} ms {1e3 * floor:>7.2f} ms"
            f" {1e3 * (full - bare):>7.2f} ms {full / bare:>12.2f}x"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sources and repeats")
    args = parser.parse_args()
    count, repeats = (100_000, 5) if args.quick else (1_000_000, 15)
    with tempfile.TemporaryDirectory() as folder:
        paths = written(Path(folder), count)
        open_catalogue(CatalogueOptions(paths["csv"]))  # imports
        print(f"{count:,} sources\n{'':>10} {'opened':>10} {'of csv':>8}")
        csv = 0.0
        for name, path in paths.items():
            seconds = timed(lambda: open_catalogue(CatalogueOptions(path)), 3)  # noqa: B023
            csv = csv or seconds
            print(f"{name:>10} {seconds:>8.2f} s {seconds / csv:>7.2f}x")
        pictures(open_catalogue(CatalogueOptions(paths["parquet"])), repeats)


if __name__ == "__main__":
    main()
