"""The choice of items: which are reviewed, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiview.collection.selection import parse_order, parse_sample, select
from tuiview.collection.view import View
from tuiview.errors import Cancelled, Poll, UsageError
from tuiview.review.model import ItemState

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.review.store import Store

ItemTest = Callable[[str, ItemState], bool]
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Choice:
    """What is reviewed, and in which order.

    Attributes:
        only: Words of a filter by what was decided, as `item_test` takes them; empty for all.
        where: A condition on the columns of a table; empty for all.
        order: `name`, `random[:SEED]`, `COLUMN[:desc]`; empty for the collection's own.
        sample: `N[:SEED]`; empty for all.
        group_by: The column that the tree groups by; empty for the collection's own groups.
    """

    only: str = ""
    where: str = ""
    order: str = ""
    sample: str = ""
    group_by: str = ""

    @property
    def everything(self) -> bool:
        """Whether it is the collection as it is."""
        return self == Choice()

    def seeded(self) -> Choice:
        """The same with a seed for whatever is random, so that it can be had again."""
        import secrets

        choice = self
        if self.order == "random":
            choice = replace(choice, order=f"random:{secrets.randbelow(10**6)}")
        if self.sample and parse_sample(self.sample)[1] is None:
            choice = replace(choice, sample=f"{self.sample}:{secrets.randbelow(10**6)}")
        return choice

    def words(self) -> str:
        """The choice in a few words."""
        parts = [self.only, self.where, self.order and f"by {self.order}"]
        parts += [self.sample and f"sample {self.sample}", self.group_by and f"by {self.group_by}"]
        return ", ".join(filter(None, parts))

    def context(self) -> dict[str, Any]:
        """What goes into every event: order and seed among it."""
        names = ("only", "where", "order", "sample", "group_by")
        context: dict[str, Any] = {n: v for n in names if (v := getattr(self, n))}
        seed = parse_order(self.order).seed
        return context | ({"seed": seed} if seed is not None else {})


EVERYTHING = Choice()
"""The collection as it is."""


def choose(
    collection: Collection,
    store: Store,
    choice: Choice,
    categories: tuple[str, ...],
    *,
    progress: Callable[[int, int], None],
    cancelled: Poll,
) -> View:
    """Make the view of a choice; reads columns and states, so it belongs in the background.

    Raises:
        UsageError: The choice is not understood or names what is not there.
        Cancelled: `cancelled()` became true.
    """
    test = item_test(choice.only, categories)
    view = select(
        collection,
        where=choice.where or None,
        order=choice.order or None,
        sample=choice.sample or None,
        group_by=choice.group_by or None,
        progress=progress,
        cancelled=cancelled,
    )
    if test is None:
        return view
    while not collection.wait(0.1):
        if cancelled():
            raise Cancelled
        progress(0, len(collection))
    kept: list[int] = []
    for first in range(0, len(view), _CHUNK):
        if cancelled():
            raise Cancelled
        progress(first, len(view))
        rows = [int(row) for row in view.rows(first, first + _CHUNK)]
        keys = [collection.item(row).key for row in rows]
        states = store.load(keys)
        kept += [row for row, key in zip(rows, keys, strict=True) if test(key, states[key])]
    return View.of(np.asarray(kept, dtype=np.int64))


def item_test(words: str, categories: tuple[str, ...]) -> ItemTest | None:
    """The test that words of a filter stand for; None for `all`.

    Known are `all`, `unreviewed`, `reviewed`, `favourite`, `unsure`, `noted`, `marked`,
    `unclassified`, the name or number of a category, and `name:TEXT`; `not` before any of them
    turns it round.

    Raises:
        UsageError: The words are none of these.
    """
    words = words.strip()
    if words in ("", "all"):
        return None
    if words.startswith("not "):
        inner = item_test(words[4:], categories)
        return None if inner is None else lambda key, state: not inner(key, state)
    flags: dict[str, ItemTest] = {
        "unreviewed": lambda key, state: not state.decided,
        "reviewed": lambda key, state: state.decided,
        "favourite": lambda key, state: state.favourite,
        "unsure": lambda key, state: state.unsure,
        "noted": lambda key, state: bool(state.note),
        "marked": lambda key, state: bool(state.marks),
        "unclassified": lambda key, state: not state.categories,
    }
    if words in flags:
        return flags[words]
    if words.startswith("name:"):
        part = words[5:].lower()
        return lambda key, state: part in key.lower()
    if words.isdecimal() and 1 <= int(words) <= len(categories):
        words = categories[int(words) - 1]
    if words in categories:
        return lambda key, state: words in state.categories
    raise UsageError(
        f"no filter is called {words}",
        f"all, {', '.join(flags)}, name:TEXT, a category, or not and one of these",
    )
