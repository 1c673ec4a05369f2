"""Sample data made on the spot: a small sky survey with everything that a reviewer meets.

The galaxies, stars and faults are drawn by formula from a seed, so two machines make the same
files.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tuiview.demo.files import (
    write_composite,
    write_cube,
    write_cutout,
    write_exposure,
    write_mosaic,
    write_tiff,
    write_truncated,
)
from tuiview.demo.sky import Field, draw_field
from tuiview.errors import TuiviewError

# How often each kind occurs: real searches look for the rare ones.
_KINDS = {
    "spiral": 0.28, "elliptical": 0.22, "edge-on": 0.14, "merger": 0.12, "star": 0.10,
    "artifact": 0.09, "lens": 0.05,
}  # fmt: skip

_SETTINGS = """\
# Sample data made by tuiview demo, seed {seed}, {count} items.
# The settings of this review: any of them may be changed or removed.

[review]
categories = [
  {{ name = "spiral", color = "#4fc3f7" }},
  {{ name = "elliptical", color = "#ffb74d" }},
  {{ name = "edge-on", color = "#aed581" }},
  {{ name = "merger", color = "#f06292" }},
  {{ name = "lens", color = "#ffd54f" }},
  {{ name = "star", color = "#eeeeee" }},
  {{ name = "artifact", color = "#e57373" }},
]

[marks]
groups = [
  {{ name = "nucleus", color = "#ff8000", shape = "cross" }},
  {{ name = "knot", color = "#00ffff" }},
  {{ name = "companion", color = "#00ff00", shape = "square" }},
  {{ name = "cosmic ray", color = "#ff00ff", shape = "diamond" }},
]
"""


def make_demo(folder: Path, *, seed: int = 1, count: int = 40) -> Path:
    """Make the sample set, or find it made: the same seed and count give the same files.

    The set holds FITS cutouts with world coordinates in two subfolders, colour composites (PNG and
    JPEG), and in `instruments/` a multi-extension exposure, a cube, a compressed mosaic with empty
    borders, a 16-bit TIFF and a file that was cut off in the middle; beside them a `tuiview.toml`
    and a catalogue of the sources, `catalogue.csv`.

    Args:
        folder: Where to put it; made if it does not exist.
        seed: Of the random numbers.
        count: How many items, 8 to 400.

    Returns:
        The folder.

    Raises:
        TuiviewError: The folder holds something else, or cannot be written.
    """
    settings = _SETTINGS.format(seed=seed, count=count)
    if not 8 <= count <= 400:
        raise TuiviewError(f"the sample set cannot have {count} items", "ask for 8 to 400")
    try:
        if (folder / "tuiview.toml").is_file():
            first = (folder / "tuiview.toml").read_text().partition("\n")[0]
            if first == settings.partition("\n")[0]:
                return folder
        if folder.exists() and any(folder.iterdir()):
            raise TuiviewError(
                f"{folder} exists and holds something else", "name a new or an empty folder"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Built beside and renamed, so that an interrupted run leaves no half of a set behind.
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _fill(building, seed, count)
            (building / "tuiview.toml").write_text(settings)
            building.chmod(0o755)
            building.rename(folder)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    except OSError as error:
        raise TuiviewError(
            f"the sample set cannot be written to {folder}: {error.strerror or error}",
            "name a folder that you may write to",
        ) from error
    return folder


def _fill(folder: Path, seed: int, count: int) -> None:
    """Write all images and the catalogue into an empty folder."""
    for name in ("colour", "instruments", "survey/north", "survey/south"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(seed)
    sources: list[tuple[float, float, float, str]] = []
    special: tuple[Callable[[Path, np.random.Generator, Field], None], ...] = (
        write_exposure, write_cube, write_mosaic, write_tiff, write_truncated,
    )  # fmt: skip
    plain = count - len(special)
    composites = max(2, plain // 4)
    kinds = _deal(rng, plain)
    # From west to east, so that the names sort as they are made: a spiral opens the review. Apart,
    # so that no two have one name.
    positions = 210 + 4 * (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count
    for number in range(count):
        kind = kinds[number] if number < plain else "spiral"
        field = draw_field(rng, kind, ra=float(positions[number]))
        size = float(rng.uniform(6, 20))
        sources.append((field.ra, field.dec, size, field.name))
        if number < composites:
            suffix = "png" if number % 2 == 0 else "jpg"
            write_composite(folder / "colour" / f"{field.name}.{suffix}", rng, field)
        elif number < plain:
            side = "north" if field.dec > 0 else "south"
            path = folder / "survey" / side / f"{field.name}.fits"
            write_cutout(path, rng, field, kind, number)
        else:
            special[number - plain](folder / "instruments", rng, field)
    lines = [f"{ra:.6f},{dec:.6f},{size:.1f},{name}\n" for ra, dec, size, name in sorted(sources)]
    (folder / "catalogue.csv").write_text("ra,dec,size(arcsec),label\n" + "".join(lines))


def _deal(rng: np.random.Generator, count: int) -> list[str]:
    """The kinds of `count` fields: a spiral, then each at least once, the rest by frequency."""
    rest = rng.choice(list(_KINDS), size=max(0, count - len(_KINDS)), p=list(_KINDS.values()))
    kinds = [*_KINDS, *(str(kind) for kind in rest)][:count]
    order = rng.permutation(np.arange(1, count))
    return [kinds[0], *(kinds[i] for i in order)]
