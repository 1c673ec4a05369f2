"""Render the picture as the reviewer would show it, to a PNG file, without a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.commands.channels import add_channels, chosen
from tuiview.commands.measuring import add_examine, measured
from tuiview.commands.options import (
    add_catalogues,
    add_collection,
    add_display,
    catalogues_of,
    display_of,
    open_paths,
    pair_of,
    settings_of,
    size_of,
    store_path_of,
)
from tuiview.commands.rendering import render
from tuiview.errors import TuiviewError, UsageError

if TYPE_CHECKING:
    from tuiview.collection.base import Collection, Item
    from tuiview.exchange.options import CatalogueOptions
    from tuiview.imaging.display import Composition, Display
    from tuiview.imaging.overlay import Shape
    from tuiview.loading.request import Shown
    from tuiview.settings import Settings

EPILOG = """\
examples:
  tuiview snapshot galaxy.fits -o galaxy.png --stretch asinh --size 800,600
  tuiview snapshot data/ m51/r.fits -o r.png --interval 99.5% --colormap viridis
  tuiview snapshot cube.fits -o plane.png --frame 'plane 12' --zoom 4
  tuiview snapshot --rgb _i _r _g bands/ m31 -o m31.png --overlay annotations
  tuiview snapshot field.fits -o profile.png --examine r --center 420.5,311
  tuiview snapshot field.fits -o field.png --catalog gaia.fits,color=#0ff --catalog ds9.reg
"""

_ANNOTATIONS = {"scale-bar": "scale_bar", "compass": "compass", "mini-map": "minimap"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("path", metavar="PATH", nargs="?", help="file, folder or table")
    parser.add_argument("item", metavar="ITEM", nargs="?", help="key or number (default: first)")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="PNG file")
    parser.add_argument("--size", metavar="W,H", default="1000,800", help="in pixels (1000,800)")
    add_display(parser)
    add_channels(parser)
    parser.add_argument(
        "--overlay", metavar="NAMES", default="annotations",
        help="what to draw, by commas: annotations (the default; or some of scale-bar, compass,"
        " mini-map), marks, none",
    )  # fmt: skip
    add_catalogues(parser)
    add_examine(parser)
    add_collection(parser)


def run(args: argparse.Namespace) -> int:
    """Render one item."""
    width, height = size_of(args.size)
    names = overlay_names(args.overlay)
    paths, channels, composition = chosen(args, [args.path] if args.path else [])
    display = display_of(args).but(composition=composition)
    collection = open_paths(paths, args, channels)
    item = find_item(collection, args.item)
    overlay: list[object] = [*overlay_of(catalogues_of(args), item, display.leading)]
    if "marks" in names:
        settings = settings_of(args, Path(paths[0]))
        overlay += marks_of(item, collection, settings, display.leading)
    overlay += annotations_of(names)
    shown = render_item(item, display, width, height, tuple(overlay))
    if composition is not None:
        require_frames(item, composition, shown)
    picture = shown.picture
    if args.examine is not None or args.to is not None:
        to = None if args.to is None else pair_of(args.to, "--to")
        lines, picture = measured(args.examine or "", item, shown, to)
        print("\n".join(lines))
    from PIL import Image

    image = Image.fromarray(picture.rgb())
    try:
        image.save(args.output, format="PNG")
    except OSError as error:
        raise TuiviewError(f"{args.output} cannot be written: {error.strerror}") from error
    return 0


def find_item(collection: Collection, wanted: str | None) -> Item:
    """The item of that key or number (from 1); the first if none is named.

    Raises:
        TuiviewError: There is no such item.
    """
    import threading

    grown = threading.Event()
    collection.start(grown.set)
    while True:
        complete = collection.complete
        if wanted is None and len(collection):
            return collection.item(0)
        if wanted is not None and (row := collection.row_of(wanted)) is not None:
            return collection.item(row)
        if complete:
            break
        grown.wait(0.05)
        grown.clear()
    if wanted is not None and wanted.isdecimal() and 1 <= int(wanted) <= len(collection):
        return collection.item(int(wanted) - 1)
    if wanted is None:
        raise TuiviewError(f"{collection.title} holds no image")
    raise TuiviewError(
        f"{collection.title} has no item {wanted}", f"it has {len(collection):,}; name a key"
    )


def overlay_of(
    catalogues: Sequence[CatalogueOptions], item: Item, frame: str | None
) -> tuple[Shape, ...]:
    """What catalogues draw over an item; words about them go to stderr.

    Raises:
        TuiviewError: A catalogue or the item cannot be read.
    """
    if not catalogues:
        return ()
    from tuiview.exchange.layers import open_layer
    from tuiview.exchange.marks import opened_place

    place = opened_place(item, frame)
    marks: list[Shape] = []
    labels: list[Shape] = []
    for number, options in enumerate(catalogues):
        layer = open_layer(options, number)
        drawn = layer.draw(place)
        marks += drawn.marks
        labels += drawn.labels
        odd = "; ".join(
            filter(None, [*layer.problems, drawn.note.removeprefix(layer.title + ": ")])
        )
        words = f"{drawn.found:,} of {layer.count:,} in the image" + (f"; {odd}" if odd else "")
        print(f"{layer.title}: {words}", file=sys.stderr)
    return (*marks, *labels)


def overlay_names(text: str) -> frozenset[str]:
    """What is to be drawn, from the words of `--overlay`.

    Raises:
        UsageError: Something has no such name.
    """
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    if unknown := names - {*_ANNOTATIONS, "annotations", "marks", "none"}:
        raise UsageError(
            f"--overlay knows no {', '.join(sorted(unknown))}",
            f"annotations, {', '.join(_ANNOTATIONS)}, marks, none; --catalog FILE draws sources",
        )
    return names | frozenset(_ANNOTATIONS) if "annotations" in names else names


def annotations_of(names: frozenset[str]) -> list[object]:
    """Scale bar, compass and mini-map, those that are named."""
    from tuiview.imaging.annotate import Annotations

    wanted = {field: name in names for name, field in _ANNOTATIONS.items()}
    return [Annotations(**wanted, sky=True, whole=True)] if any(wanted.values()) else []


def marks_of(
    item: Item, collection: Collection, settings: Settings, frame: str | None
) -> list[Shape]:
    """The marks of an item as the store has them, as shapes."""
    from tuiview.review import snapshot
    from tuiview.session.mark_shapes import mark_shapes

    groups = {group.name: group for group in settings.groups}
    with snapshot.take(store_path_of(collection, settings)) as store:
        marks = [row.mark for row in store.export_marks() if row.key == item.key]
    return mark_shapes([m for m in marks if frame in (None, m.frame)], groups, labels=True)


def require_frames(item: Item, composition: Composition, shown: Shown) -> None:
    """Refuse a picture that is not of the frames that were named.

    Raises:
        UsageError: The item lacks one.
    """
    missing = [name for name in composition.frames if name not in shown.info.frames]
    if missing:
        told = [words for words in shown.info.skipped if words.split(":")[0] in missing]
        frames = ", ".join(shown.info.frames[:9])
        raise UsageError(
            f"{item.name} has no frame {', '.join(missing)}",
            "; ".join(told) or f"it has {frames}",
        )


def render_item(
    item: Item, display: Display, width: int, height: int, overlay: tuple[object, ...] = ()
) -> Shown:
    """The picture of an item, by the reviewer's own loader.

    Raises:
        UsageError: The frame does not exist.
        TuiviewError: The item cannot be shown.
    """
    from tuiview.loading.request import Failed
    from tuiview.loading.synchronous import SynchronousLoader
    from tuiview.ui.faults import log_path, written_down

    loader = SynchronousLoader()
    try:
        with written_down(log_path()):
            answer = render(loader, item, display, (width, height), overlay)
    finally:
        loader.close()
    if isinstance(answer, Failed):
        raise TuiviewError(f"{item.name}: {answer.message}", answer.hint)
    if display.frame is not None and answer.info.frame != display.frame:
        raise UsageError(
            f"{item.name} has no frame {display.frame}",
            f"it has {', '.join(answer.info.frames[:9])}",
        )
    return answer
