"""The choice of items: which are reviewed, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiview.collection.base import Searchable
from tuiview.collection.selection import parse_order, parse_sample, row_type, select
from tuiview.collection.view import View
from tuiview.errors import Cancelled, Poll, UsageError
from tuiview.review.model import UNTOUCHED, ItemState
from tuiview.review.wanted import Wanted

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.review.store import Store

_CHUNK = 512
_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class ItemTest:
    """A test of an item's key and of what was said of it.

    Attributes:
        state: What must hold of what was said; None asks nothing.
        part: What the key must have in it, lower case; empty asks nothing.
        negated: Whether the test passes what otherwise fails.
    """

    state: Callable[[ItemState], bool] | None = None
    part: str = ""
    negated: bool = False

    def __call__(self, key: str, state: ItemState) -> bool:
        """Whether an item passes."""
        passes = (self.state is None or self.state(state)) and self.part in key.lower()
        return passes is not self.negated


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
    if isinstance(collection, Searchable):
        return _sieved(collection, view, store, test, progress, cancelled)
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


def _sieved(
    collection: Searchable,
    view: View,
    store: Store,
    test: ItemTest,
    progress: Callable[[int, int], None],
    cancelled: Poll,
) -> View:
    """As `choose`, by the key column: only what something was said of has a state to look at."""
    if test.state is None:
        others = test.negated
        pieces = collection.search(test.part, folded=True, cancelled=cancelled)
    else:
        others = test("", UNTOUCHED)
        touched = iter(store.keys_where(Wanted()))
        differing: list[str] = []
        while keys := list(islice(touched, _CHUNK)):
            if cancelled():
                raise Cancelled
            states = store.load(keys)
            differing += [key for key in keys if test(key, states[key]) is not others]
        pieces = collection.rows_of(differing, cancelled)
    total = len(collection)
    passing = np.full(total, others)
    for piece in pieces:
        passing[piece.rows[piece.rows < total]] = not others
        progress(piece.end, total)
    if cancelled():
        raise Cancelled
    chunks = (view.rows(first, first + _ROWS) for first in range(0, len(view), _ROWS))
    known = (rows[rows < total] for rows in chunks)
    kept = [rows[passing[rows]].astype(row_type(total)) for rows in known]
    return View.of(np.concatenate(kept) if kept else np.zeros(0, np.int64))


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
        return None if inner is None else replace(inner, negated=not inner.negated)
    flags: dict[str, Callable[[ItemState], bool]] = {
        "unreviewed": lambda state: not state.decided,
        "reviewed": lambda state: state.decided,
        "favourite": lambda state: state.favourite,
        "unsure": lambda state: state.unsure,
        "noted": lambda state: bool(state.note),
        "marked": lambda state: bool(state.marks),
        "unclassified": lambda state: not state.categories,
    }
    if words in flags:
        return ItemTest(flags[words])
    if words.startswith("name:"):
        return ItemTest(part=words[5:].lower())
    if words.isdecimal() and 1 <= int(words) <= len(categories):
        words = categories[int(words) - 1]
    if words in categories:
        return ItemTest(lambda state: words in state.categories)
    raise UsageError(
        f"no filter is called {words}",
        f"all, {', '.join(flags)}, name:TEXT, a category, or not and one of these",
    )
