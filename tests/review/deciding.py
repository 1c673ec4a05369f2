"""Decisions to test with, and children that make them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tuiview.review.model import Decision, Mark, What
from tuiview.review.reading import Reading
from tuiview.review.store import Store
from tuiview.review.wanted import Wanted

QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where tests that open hundreds of stores keep them: nothing waits for a disk there."""


def category(item: str, name: str = "spiral", on: bool = True) -> Decision:
    return Decision(item, What.CATEGORY, name, not on, on)


def note(item: str, text: str, old: str = "") -> Decision:
    return Decision(item, What.NOTE, old=old, new=text)


def mark(item: str, uuid: str, x: float = 1.0, **more: Any) -> Decision:
    return Decision(item, What.MARK_ADDED, uuid, None, Mark(uuid, "SCI", "star", x, 2.0, **more))


def favourite(item: str, on: bool = True) -> Decision:
    return Decision(item, What.FAVOURITE, old=not on, new=on)


def keys_where(store: Store, wanted: Wanted) -> list[str]:
    """Keys of the touched items that meet conditions; those with unsaved decisions at the end."""
    unsaved = store.unsaved_where(wanted)
    found = [
        int(number) for numbers in store.numbers_where(wanted, store.reviewer) for number in numbers
    ]
    saved = [key for key in store.keys_of(np.array(found, np.int64)) if key not in unsaved]
    return saved + [key for key, fits in unsaved.items() if fits]


def noted(store: Reading, text: str, reviewer: str = "alice") -> list[str]:
    """Keys of the items whose notes have all words of a text."""
    return list(store.keys_of(store.numbers_noted(text, reviewer)))


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs `code` with the store's names at hand."""
    prologue = (
        "import sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from tuiview.review.store import Store\n"
        "from deciding import *\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", prologue + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


STREAM = """
store = Store.open(Path(sys.argv[1]), "alice")
number = store.reviewed_count
print("open", flush=True)
while True:
    number += 1
    store.draft(f"item {number}", f"draft {number}")
    ticket = store.record([category(f"item {number}"), note(f"item {number}", "word " * 20)])
    store.remember(f"item {number}", number)
    if store.wait(ticket, 30):
        print("saved", number, flush=True)
"""
"""Decides on one item after the other, and says which are saved."""
