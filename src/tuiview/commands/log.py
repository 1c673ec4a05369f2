"""Show the history of an item or of all: who decided what, when, how fast, how it was shown."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from tuiview.collection.replicates import split_key, told_key
from tuiview.commands.options import add_store, open_paths, settings_of, store_path_of
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.review.model import Event

EPILOG = """\
examples:
  tuiview log data/ m51/r.fits
  tuiview log data/ --json | jq 'select(.what == "category")'
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("path", metavar="PATH", help="folder, file or table that was reviewed")
    parser.add_argument("item", metavar="ITEM", nargs="?", help="an item's key (default: all)")
    parser.add_argument("--json", action="store_true", help="JSON lines with every field")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print events in the order of deciding."""
    from tuiview.review import snapshot

    settings = settings_of(args, Path(args.path))
    collection = open_paths([args.path], args)
    with snapshot.take(store_path_of(collection, settings)) as store:
        for event in store.history(args.item):
            print(json.dumps(_fields(event)) if args.json else _line(event))
    return 0


def _fields(event: Event) -> dict[str, Any]:
    fields = asdict(event)
    fields |= asdict(fields.pop("decision"))
    fields["item"], fields["replicate"] = split_key(fields["item"])
    return {k: str(v) if k in ("uuid", "session", "step", "undo_of") and v is not None else v
            for k, v in fields.items()}  # fmt: skip


def _line(event: Event) -> str:
    d = event.decision
    what = d.what.value + (f" {d.name}" if d.name else "")
    took = f"  {d.reaction:.2f} s" if d.reaction is not None else ""
    undo = "  (taken back)" if event.undo_of is not None and event.weight < 0 else ""
    who = f"{event.utc}  {event.reviewer}  {told_key(d.item)}"
    words = f"{who}  {what}: {d.old!r} -> {d.new!r}{took}{undo}"
    return printable(words)
