"""Measurements of the examine mode, without a terminal."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tuiview.errors import UsageError

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.loading.request import Shown
    from tuiview.picture import Picture


def add_examine(parser: argparse.ArgumentParser) -> None:
    """What to measure."""
    group = parser.add_argument_group("examine")
    group.add_argument(
        "--examine", metavar="LETTER",
        help="measure at --center (default: the middle) as after x in the reviewer; the result"
        " goes to stdout, a plot in place of the picture",
    )  # fmt: skip
    group.add_argument("--to", metavar="X,Y", help="the end of the line of --examine v")


def measured(
    letter: str, item: Item, shown: Shown, to: tuple[float, float] | None
) -> tuple[list[str], Picture]:
    """The result of a letter for reading, and its plot, or the picture shown if it has none.

    Args:
        letter: One of those after `x`.
        item: What to measure on.
        shown: Its picture; the middle of it is measured.
        to: The other end of a line.

    Raises:
        UsageError: There is no such letter, or a line has no end.
        TuiviewError: There is nothing to measure.
    """
    from tuiview.imaging.plots import plot
    from tuiview.imaging.readers import open_image
    from tuiview.session.examining import EXAMINATIONS, Place

    found = {one.key: one for one in EXAMINATIONS}.get(letter)
    if found is None:
        letters = ", ".join(f"{one.key} {one.short}" for one in EXAMINATIONS)
        raise UsageError(f"--examine knows no {letter}", letters)
    if found.between != (to is not None):
        raise UsageError("--to X,Y is the end of the line of --examine v")
    x, y = shown.viewport.center
    place = Place(x, y, shown.limits)
    if to is not None:
        place = Place(*to, shown.limits, start=(x, y))
    with open_image(item.source) as image:
        result = found.measure(image, image.frame(shown.info.frame), place)
    area = shown.request.area
    picture = shown.picture
    if found.plotted:
        picture = plot(result, area.width, area.height)  # type: ignore[arg-type]
    return result.lines(), picture
