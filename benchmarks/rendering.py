"""A pane from reduced data to picture: `python benchmarks/rendering.py [--quick]`."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from tuiview.imaging.display import Display
from tuiview.imaging.frame import Reduced
from tuiview.imaging.overlay import Circle, Points
from tuiview.imaging.render import render
from tuiview.imaging.scaling import limits, tone
from tuiview.imaging.viewport import Viewport

PANE = (1000, 800)


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the middle one of `rounds` runs, after one to warm up."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def case(name: str, display: Display, shape: tuple[int, int], shapes=(), color=False, nan=0.0):
    """A row of the table: a pane of an image of `shape`, from reduced data to picture."""
    rng = np.random.default_rng(0)
    view = Viewport.of(display, shape, "lower", *PANE, north=30.0)
    size = view.box_and_size().size
    data = rng.normal(100, 10, size).astype(np.float32)
    data[rng.random(size) < nan] = np.nan
    if color:
        data = rng.integers(0, 255, (*size, 3), np.uint8)
    sample = rng.normal(100, 10, 100_000)
    reduced = Reduced(data)
    return name, lambda: render(reduced, display, (60.0, 140.0), view, shapes, sample)


def main() -> None:
    rounds = 5 if "--quick" in sys.argv else 40
    rng = np.random.default_rng(1)
    spots = Points.at(rng.uniform(0, 4000, 10_000), rng.uniform(0, 4000, 10_000))
    circles = tuple(Circle(x, y, 5.0) for x, y in rng.uniform(0, 4000, (200, 2)).tolist())
    large = (4000, 4000)
    cases = [
        case("gray, linear", Display(), large),
        case("viridis, asinh", Display(colormap="viridis", stretch="asinh"), large),
        case("with 0.1 % NaN", Display(), large, nan=0.001),
        case("histogram equalised", Display(stretch="histeq"), large),
        case("turned by 90 degrees", Display(turns=1), large),
        case("north up, 30 degrees", Display(north_up=True), large),
        case("cutout of 63 x 63, fit", Display(), (63, 63)),
        case("zoom 8", Display(zoom=8.0), large),
        case("blur of 2 screen pixels", Display(blur=10.0), large),
        case("10,000 points over it", Display(), large, (spots,)),
        case("200 circles over it", Display(), large, circles),
        case("colour", Display(), large, color=True),
        case("colour, scaled", Display(scaled_color=True, stretch="log"), large, color=True),
    ]
    sample = rng.normal(100, 10, 100_000)
    cases += [
        ("zscale limits of 1000 values", lambda: limits(sample, sample[:1000], "zscale")),
        ("99.5% limits of 100,000 values", lambda: limits(sample, sample, "99.5%")),
        (
            "equalisation of 100,000 values",
            lambda: tone(Display(stretch="histeq"), (60, 140), sample),
        ),
        (
            "a viewport and its cutout",
            lambda: Viewport.of(Display(), large, "lower", *PANE).box_and_size(),
        ),
    ]
    print(f"pane {PANE[0]} x {PANE[1]}, medians of {rounds}\n\n{'what':<34}{'ms':>8}{'ratio':>8}")
    floor = None
    for name, work in cases:
        took = median_ms(work, rounds)
        floor = floor or took
        print(f"{name:<34}{took:>8.2f}{took / floor:>8.1f}")


if __name__ == "__main__":
    main()
