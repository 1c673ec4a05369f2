"""Options for colour from several files or frames: `--rgb`, `--channels`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tuiview.errors import UsageError

if TYPE_CHECKING:
    from tuiview.collection.channels import Channels
    from tuiview.imaging.display import Composition


class Chosen(NamedTuple):
    """What the options come to.

    Attributes:
        paths: What to open.
        channels: Which files belong together; None if the channels are frames of each item.
        composition: How they are shown.
    """

    paths: list[str]
    channels: Channels | None = None
    composition: Composition | None = None


def add_channels(parser: argparse.ArgumentParser) -> None:
    """Colour from several files or frames."""
    group = parser.add_argument_group("colour")
    group.add_argument(
        "--rgb", nargs=3, metavar=("RED", "GREEN", "BLUE"),
        help="endings of files in a folder (_i _r _g), three files, or three frames of a file",
    )  # fmt: skip
    group.add_argument(
        "--channels", metavar="PATTERN",
        help="files that belong together: '{id}_{i,r,g}.fits', red first; more than three are "
        "mixed",
    )  # fmt: skip
    group.add_argument(
        "--composition", metavar="NAME", help="lupton, simple, mix, difference, residual"
    )
    group.add_argument("--q", metavar="Q", type=float, help="Lupton's softening (8)")
    group.add_argument(
        "--linear-range", metavar="RANGE", type=float,
        help="Lupton's stretch in data units (default: from the data)",
    )  # fmt: skip
    group.add_argument("--saturation", metavar="S", type=float, help="of a mix (1)")


def chosen(args: argparse.Namespace, paths: list[str]) -> Chosen:
    """What to open, which files belong together, and how they are shown.

    Raises:
        UsageError: The options do not go together, or nothing is named.
    """
    rgb, pattern = args.rgb, args.channels
    if rgb and pattern:
        raise UsageError("--rgb and --channels say the same thing", "take one of them")
    channels: Channels | None = None
    labels: tuple[str, ...] = ()
    if rgb or pattern:
        from tuiview.collection.channels import Channels

        if pattern:
            channels = Channels.of_pattern(pattern)
        elif not paths:
            channels, paths = Channels.of_files([Path(name) for name in rgb]), list(rgb)
        elif len(paths) > 1 or paths == ["-"] or Path(paths[0]).is_dir():
            channels = Channels.of_endings(rgb)
        labels = channels.labels if channels is not None else tuple(rgb)
    if not paths:
        raise UsageError("no path is given", "name a folder, files, a table or an HDF5 file")
    return Chosen(paths, channels, _composition(args, labels) if labels else None)


def _composition(args: argparse.Namespace, labels: tuple[str, ...]) -> Composition:
    from tuiview.imaging.display import COMPOSITIONS, Composition
    from tuiview.loading.composition import check

    how = args.composition or ("lupton" if len(labels) == 3 else "mix")
    if how not in COMPOSITIONS:
        raise UsageError(f"no composition is called {how}", f"one of {', '.join(COMPOSITIONS)}")
    for name in ("q", "linear_range"):
        value = getattr(args, name)
        if value is not None and not value > 0:
            raise UsageError(f"--{name.replace('_', '-')} must be above 0")
    composition = Composition(
        labels,
        how,
        q=args.q or 8.0,
        stretch=args.linear_range,
        saturation=1.0 if args.saturation is None else args.saturation,
    )
    check(composition)
    return composition
