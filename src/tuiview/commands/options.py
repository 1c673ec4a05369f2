"""Options that several commands share, and the rooms they open."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tuiview.errors import UsageError
from tuiview.settings import GRAPHICS, Settings, load_settings

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.collection.channels import Channels
    from tuiview.collection.open import CollectionOptions
    from tuiview.exchange.options import CatalogueOptions
    from tuiview.imaging.display import Display
    from tuiview.session.choice import Choice


def add_reviewed(parser: argparse.ArgumentParser) -> None:
    """What was reviewed: the paths that the reviewer was given."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="+",
        help="what was reviewed, named as it was then: a folder, files, a table, HDF5 files",
    )  # fmt: skip


def add_store(parser: argparse.ArgumentParser) -> None:
    """Where decisions are and whose."""
    group = parser.add_argument_group("decisions")
    group.add_argument("--store", metavar="DIR", type=Path, help="folder for decisions")
    group.add_argument("--reviewer", metavar="NAME", help="whose decisions (default: login name)")


def add_collection(parser: argparse.ArgumentParser) -> None:
    """What to review, and in which order."""
    group = parser.add_argument_group("what to review")
    group.add_argument("--order", metavar="NAME", help="name, random[:SEED], or COLUMN[:desc]")
    group.add_argument("--where", metavar="EXPR", help="rows of a table, e.g. 'mag < 20'")
    group.add_argument("--sample", metavar="N[:SEED]", help="as many rows at random")
    group.add_argument("--group-by", metavar="COLUMN", help="the column that the tree groups by")
    group.add_argument(
        "--key", metavar="COLUMN", dest="key_column", help="the column that names an item"
    )
    group.add_argument(
        "--path", metavar="COLUMN", dest="path_column", help="the column with files or prefixes"
    )
    group.add_argument("--image-column", metavar="COLUMN", help="the column that holds images")
    group.add_argument("--part", metavar="COLUMN", help="the column with an HDU, page or dataset")
    group.add_argument(
        "--stacks", choices=("auto", "items", "frames"), default="auto",
        help="pictures of an HDF5 or Zarr stack are items, or frames of one item",
    )  # fmt: skip
    group.add_argument(
        "--prefix-map", metavar="OLD=NEW", action="append", default=[],
        help="paths in tables that begin with OLD begin with NEW here",
    )  # fmt: skip
    group.add_argument(
        "--allow-links", action="store_true", help="follow links in HDF5 files to other files"
    )


def add_terminal(parser: argparse.ArgumentParser) -> None:
    """How pictures reach the terminal."""
    group = parser.add_argument_group("terminal")
    group.add_argument("--graphics", choices=GRAPHICS, help="instead of what is detected")


def add_display(parser: argparse.ArgumentParser) -> None:
    """How images are shown."""
    group = parser.add_argument_group("display")
    group.add_argument("--stretch", metavar="NAME", help="linear, log, sqrt, asinh, ...")
    group.add_argument("--interval", metavar="NAME", help="zscale, minmax, 99.5%%, ...")
    group.add_argument("--limits", metavar="LOW,HIGH", help="limits in data units")
    group.add_argument("--colormap", metavar="NAME", help="gray, viridis, heat, ...")
    group.add_argument("--invert", action="store_true", help="invert the colour map")
    group.add_argument("--gamma", metavar="G", type=float, help="above 1 brightens")
    group.add_argument("--contrast", metavar="C", type=float, help="DS9's, 1 as it is")
    group.add_argument("--bias", metavar="B", type=float, help="DS9's, 0.5 as it is")
    group.add_argument("--blur", metavar="SIGMA", type=float, help="Gaussian, in image pixels")
    group.add_argument("--frame", metavar="NAME", help="the frame to show")
    group.add_argument("--zoom", metavar="FACTOR", type=float, help="screen pixels a pixel")
    group.add_argument("--center", metavar="X,Y", help="image position in the middle, 0-based")
    group.add_argument("--north-up", action="store_true", help="north up, east left")
    group.add_argument(
        "--rotate",
        metavar="DEGREES",
        type=int,
        choices=(0, 90, 180, 270),
        help="anticlockwise: 90, 180 or 270",
    )
    group.add_argument("--flip", action="store_true", help="mirror left and right first")


def add_catalogues(parser: argparse.ArgumentParser) -> None:
    """What is drawn over images from files."""
    group = parser.add_argument_group("catalogues")
    group.add_argument(
        "--catalog", metavar="FILE[,OPTION=VALUE...]", action="append", default=[], dest="catalogs",
        help="draw sources or regions of a file over the images: a table (columns are recognised,"
        " or named by ra=, dec=, x=, y=, label=, size=, group=, image=), DS9 or CASA regions,"
        " GeoJSON; with color=#ff0, shape=square, width=9; may be given several times",
    )  # fmt: skip


def catalogues_of(args: argparse.Namespace) -> list[CatalogueOptions]:
    """The catalogues that the command line names.

    Raises:
        UsageError: An option makes no sense.
    """
    if not args.catalogs:
        return []
    from tuiview.exchange.options import CatalogueOptions

    return [CatalogueOptions.parse(text) for text in args.catalogs]


def beside(paths: Sequence[str]) -> Path:
    """Where a project's settings are looked for: at the first path, else where one stands."""
    return Path.cwd() if list(paths) == ["-"] else Path(paths[0])


def settings_of(args: argparse.Namespace, beside: Path | None) -> Settings:
    """The settings files, with the command line laid over them."""
    settings = load_settings(beside)
    changes: dict[str, Any] = {}
    if getattr(args, "reviewer", None):
        changes["reviewer"] = args.reviewer
    if getattr(args, "store", None):
        changes["store"] = args.store
    if getattr(args, "graphics", None):
        changes["graphics"] = args.graphics
    if getattr(args, "blind", False):
        changes["blind"] = True
    if getattr(args, "hide", None):
        changes["hide"] = tuple(filter(None, (name.strip() for name in args.hide.split(","))))
    if display := display_values(args):
        changes["display"] = {**settings.display, **display}
        changes["display_by_kind"] = {}
    return replace(settings, **changes)


def display_values(args: argparse.Namespace) -> dict[str, Any]:
    """The display's values that the command line names."""
    values: dict[str, Any] = {}
    numbers = ("gamma", "contrast", "bias", "blur", "zoom")
    for name in ("stretch", "interval", "colormap", "frame", *numbers):
        if getattr(args, name, None) is not None:
            values[name] = getattr(args, name)
    for name in ("invert", "north_up", "flip"):
        if getattr(args, name, False):
            values[name] = True
    if getattr(args, "rotate", None):
        values["turns"] = args.rotate // 90
    for name in ("limits", "center"):
        if getattr(args, name, None) is not None:
            values[name] = pair_of(getattr(args, name), f"--{name}")
    if {"stretch", "interval", "limits", "colormap"} & set(values):
        values["scaled_color"] = True
    return values


def display_of(args: argparse.Namespace) -> Display:
    """The display that the command line describes.

    Raises:
        UsageError: A name is unknown.
    """
    from tuiview.imaging.display import Display
    from tuiview.session.look import check_display

    values = display_values(args)
    check_display(values, "the command line")
    return Display(**values)


def collection_options(args: argparse.Namespace) -> CollectionOptions:
    """How to open the collection."""
    from tuiview.collection.open import CollectionOptions
    from tuiview.imaging.kinds import IMAGES, SUFFIXES, sniff

    pairs = []
    for text in getattr(args, "prefix_map", []):
        old, sign, new = text.partition("=")
        if not sign or not old:
            raise UsageError(f"--prefix-map {text} has no '='", "--prefix-map OLD=NEW")
        pairs.append((old, new))
    return CollectionOptions(
        suffixes=SUFFIXES,
        sniff=sniff,
        kinds=IMAGES,
        key=getattr(args, "key_column", None),
        path=getattr(args, "path_column", None),
        part=getattr(args, "part", None),
        image_column=getattr(args, "image_column", None),
        stacks=getattr(args, "stacks", "auto"),
        prefix_map=tuple(pairs),
        allow_links=getattr(args, "allow_links", False),
    )


def choice_of(args: argparse.Namespace, settings: Settings) -> Choice:
    """What to review, and in which order.

    Raises:
        UsageError: It is not understood which items, in which order, or how many are to come back.
    """
    from tuiview.collection.selection import parse_order
    from tuiview.session.choice import Choice, parse_filter

    parse_filter(args.only or "", tuple(category.name for category in settings.categories))
    parse_order(args.order or "")
    names = ("only", "where", "order", "sample", "group_by")
    repeats = settings.repeats if args.repeats is None else args.repeats
    if repeats:
        from tuiview.collection.repeats import parse_repeats

        repeats = repeats if parse_repeats(repeats).any else ""
    return Choice(**{name: getattr(args, name, None) or "" for name in names}, repeats=repeats)


def open_paths(
    paths: list[str], args: argparse.Namespace, channels: Channels | None = None
) -> Collection:
    """The collection of these paths; not started."""
    from tuiview.collection.open import open_collection

    return open_collection(paths, replace(collection_options(args), channels=channels))


def store_path_of(collection: Collection, settings: Settings) -> Path:
    """Where the reviewer's decisions on a collection are."""
    from tuiview.collection.selection import Tabular
    from tuiview.review.locations import store_path

    path = store_path(
        collection.root,
        settings.reviewer,
        store_dir=settings.store,
        images=images_of(collection),
    )
    keyless = isinstance(collection, Tabular) and collection.key_column is None
    if keyless and collection.root.is_file() and not path.exists():
        # Rows by their numbers were once kept together with everything else of their folder.
        former = store_path(collection.root.parent, settings.reviewer, store_dir=settings.store)
        return former if _has_rows(former) else path
    return path


def _has_rows(path: Path) -> bool:
    """Whether a store has decisions on rows by their numbers."""
    from tuiview.collection.pictures import ROW_KEY
    from tuiview.review import snapshot

    if not path.exists():
        return False
    with snapshot.take(path) as store:
        return any(row.key.startswith(ROW_KEY) for row in store.export_rows(seen=True))


def images_of(collection: Collection) -> Sequence[Path]:
    """The folders by which other tables over the same images find its decisions."""
    from tuiview.collection.base import Placed

    return collection.image_folders() if isinstance(collection, Placed) else ()


def size_of(text: str) -> tuple[int, int]:
    """Width and height in pixels from `W,H`."""
    width, height = (int(value) for value in pair_of(text, "--size"))
    if not (1 <= width <= 20_000 and 1 <= height <= 20_000):
        raise UsageError("--size goes from 1,1 to 20000,20000")
    return width, height


def pair_of(text: str, option: str) -> tuple[float, float]:
    """Two numbers from `A,B`.

    Raises:
        UsageError: They are not two numbers.
    """
    try:
        first, second = (float(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise UsageError(f"{option} takes two numbers, not '{text}'", f"{option}=1.5,20") from None
    return first, second
