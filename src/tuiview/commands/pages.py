"""The pictures of a page: which items, how they are shown, made by the reviewer's own loader."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tuiview.commands.options import add_display, display_of, size_of
from tuiview.commands.rendering import render
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.collection.base import Collection, Item
    from tuiview.exchange.page import Card
    from tuiview.imaging.display import Display
    from tuiview.loading.request import Answer
    from tuiview.review.model import ItemState
    from tuiview.review.snapshot import Snapshot
    from tuiview.settings import Settings


def add_page(parser: argparse.ArgumentParser) -> None:
    """The options of `--format html`."""
    group = parser.add_argument_group("page (--format html)")
    group.add_argument("--all", action="store_true", help="every item, not the decided ones alone")
    group.add_argument("--frames", action="store_true", help="a picture of each frame of an item")
    group.add_argument(
        "--in-step", action="store_true", help="zoom and move all pictures of the page together"
    )
    group.add_argument("--size", metavar="W,H", default="320,320", help="of a picture (320,320)")
    add_display(parser)


def write(
    args: argparse.Namespace,
    store: Snapshot | None,
    settings: Settings,
    collection: Collection,
    output: Path,
) -> int:
    """Write the page; returns how many pictures it has.

    Raises:
        TuiviewError: It cannot be written.
    """
    from tuiview.exchange.page import Heading, write_page
    from tuiview.exchange.tables import replaced
    from tuiview.ui.faults import log_path, written_down

    display = display_of(args)
    width, height = size_of(args.size)
    states = {} if store is None else _states(store, settings.reviewer)
    colors = {category.name: category.color for category in settings.categories}
    used = {name for state in states.values() for name in state.categories}
    heading = Heading(
        collection.title, width, height,
        {name: colors.get(name, "#bcbcbc") for name in sorted(used)}, in_step=args.in_step,
    )  # fmt: skip
    collection.start(lambda: None)
    collection.wait()
    rows = range(len(collection)) if args.all else sorted(_rows(collection, states))
    items = (collection.item(row) for row in rows)
    with written_down(log_path()), replaced(output) as stream:
        return write_page(
            heading, _cards(items, states, display, (width, height), frames=args.frames), stream
        )


def _states(store: Snapshot, reviewer: str) -> dict[str, ItemState]:
    """What a reviewer says of items; what the only one says if there is no such reviewer."""
    names = store.reviewers()
    who = names[0] if len(names) == 1 else reviewer
    return {row.key: row.state for row in store.export_rows() if row.reviewer == who}


def _rows(collection: Collection, states: dict[str, ItemState]) -> Iterator[int]:
    for key in states:
        if (row := collection.row_of(key)) is not None:
            yield row


def _cards(
    items: Iterator[Item],
    states: dict[str, ItemState],
    display: Display,
    size: tuple[int, int],
    *,
    frames: bool,
) -> Iterator[Card]:
    from tuiview.exchange.page import Card
    from tuiview.loading.request import Failed
    from tuiview.loading.synchronous import SynchronousLoader

    loader = SynchronousLoader()
    try:
        for item in items:
            first = render(loader, item, display, size)
            state = states.get(item.key)
            if isinstance(first, Failed):
                yield Card(item.name, None, printable(first.message), state)
                continue
            names = first.info.frames if frames else (first.info.frame,)
            for name in names:
                answer: Answer = first
                if name != first.info.frame:
                    answer = render(loader, item, display.but(frame=name), size)
                title = f"{item.name}  {name}" if len(names) > 1 else item.name
                if isinstance(answer, Failed):
                    yield Card(title, None, printable(answer.message), state)
                else:
                    yield Card(title, answer.picture, "", state)
    finally:
        loader.close()
