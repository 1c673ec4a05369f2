"""The choice of items: which are reviewed, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.collection.base import Searchable
from tuiview.collection.replicates import AGAIN
from tuiview.collection.selection import parse_order, parse_sample, row_type, select
from tuiview.collection.view import View
from tuiview.errors import Cancelled, Poll, UsageError
from tuiview.review.model import ItemState
from tuiview.review.wanted import Wanted

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.session.whereabouts import Whereabouts

_CHUNK = 4096
_ROWS = 65_536
_SEEDS = 10**6


class Choice(Struct, frozen=True):
    """What is reviewed, and in which order.

    Attributes:
        only: Words of a filter by what was decided, as `parse_filter` takes them; empty for all.
        where: A condition on the columns of a table; empty for all.
        order: `name`, `random[:SEED]`, `COLUMN[:desc]`; empty for the collection's own.
        sample: `N[:SEED]`; empty for all.
        group_by: The column that the tree groups by; empty for the collection's own groups.
        repeats: `SHARE%[:SEED]` or `N[:SEED]` of them come back later; empty for none.
    """

    only: str = ""
    where: str = ""
    order: str = ""
    sample: str = ""
    group_by: str = ""
    repeats: str = ""

    @property
    def everything(self) -> bool:
        """Whether it is the collection as it is."""
        return self == Choice()

    def seeded(self, own: int) -> Choice:
        """The same with a seed for whatever is random, so that it can be had again.

        Where images are to come back it is `own` each time: the next start goes on in the same
        sequence.
        """
        import secrets

        choice = self
        if self.repeats:
            from tuiview.collection.repeats import parse_repeats

            if parse_repeats(self.repeats).seed is None:
                choice = replace(choice, repeats=f"{self.repeats}:{own}")
        if self.order == "random":
            seed = own if self.repeats else secrets.randbelow(_SEEDS)
            choice = replace(choice, order=f"random:{seed}")
        if self.sample and parse_sample(self.sample)[1] is None:
            seed = own if self.repeats else secrets.randbelow(_SEEDS)
            choice = replace(choice, sample=f"{self.sample}:{seed}")
        return choice

    def words(self) -> str:
        """The choice in a few words."""
        parts = [self.only, self.where, self.order and f"by {self.order}"]
        parts += [self.sample and f"sample {self.sample}", self.group_by and f"by {self.group_by}"]
        parts += [self.repeats and f"{self.repeats.partition(':')[0]} repeated"]
        return ", ".join(filter(None, parts))

    def context(self) -> dict[str, Any]:
        """What goes into every event: order and seed among it."""
        names = ("only", "where", "order", "sample", "group_by", "repeats")
        context: dict[str, Any] = {n: v for n in names if (v := getattr(self, n))}
        seed = parse_order(self.order).seed
        return context | ({"seed": seed} if seed is not None else {})


EVERYTHING = Choice()
"""The collection as it is."""


def seed_of(identity: str) -> int:
    """The seed that belongs to a store, by its uuid."""
    return int(identity.replace("-", "") or "0", 16) % _SEEDS


def choose(
    collection: Collection,
    whereabouts: Whereabouts,
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
    only = parse_filter(choice.only, categories)
    view = select(
        collection,
        where=choice.where or None,
        order=choice.order or None,
        sample=choice.sample or None,
        group_by=choice.group_by or None,
        progress=progress,
        cancelled=cancelled,
    )
    if only is None and not choice.repeats:
        return view
    while not collection.wait(0.1):
        if cancelled():
            raise Cancelled
        progress(0, len(collection))
    total = len(collection)

    def kept_of(only: Filter, replicate: int) -> NDArray[np.bool_]:
        if only.wanted is None:
            kept = _named(collection, only.part, total, progress, cancelled)
        else:
            kept = whereabouts.meeting(only.wanted, replicate, total, progress, cancelled)
        kept ^= only.turned
        return kept

    if choice.repeats:
        from tuiview.collection.repeats import RepeatedView, parse_repeats

        wanted = parse_repeats(choice.repeats)
        repeated = RepeatedView.drawn(view, wanted, wanted.seed or 0)
        if only is None:
            return repeated
        first, again = kept_of(only, 1), kept_of(only, AGAIN)
        if not only.pending:
            # An image that has not come back yet is what was said of it first.
            again |= first & ~kept_of(Filter(Wanted(decided=True)), AGAIN)
        return repeated.keeping(first, again)
    assert only is not None
    kept = kept_of(only, 1)
    chunks = (view.rows(first, first + _ROWS) for first in range(0, len(view), _ROWS))
    known = (rows[rows < total] for rows in chunks)
    found = [rows[kept[rows]].astype(row_type(total)) for rows in known]
    return View.of(np.concatenate(found) if found else np.zeros(0, np.int64))


def _named(
    collection: Collection,
    part: str,
    total: int,
    progress: Callable[[int, int], None],
    cancelled: Poll,
) -> NDArray[np.bool_]:
    """Whether each of the first rows has a text in its key, in capitals or not."""
    kept = np.zeros(total, np.bool_)
    if isinstance(collection, Searchable):
        for piece in collection.search(part, folded=True, cancelled=cancelled):
            kept[piece.rows[piece.rows < total]] = True
            progress(piece.end, total)
    else:
        for row in range(total):
            if row % _CHUNK == 0:
                progress(row, total)
                if cancelled():
                    raise Cancelled
            kept[row] = part in collection.item(row).key.lower()
    if cancelled():
        raise Cancelled
    return kept


class Filter(Struct, frozen=True):
    """Which items are kept.

    Attributes:
        wanted: What was decided; None asks only for the key.
        part: What the key has in it, in small letters.
        turned: Whether the others are kept.
    """

    wanted: Wanted | None = None
    part: str = ""
    turned: bool = False

    @property
    def pending(self) -> bool:
        """Whether it asks for what is not said yet, as `unreviewed` does."""
        return self.wanted is not None and self.turned

    def keeps(self, key: str, state: ItemState) -> bool:
        """Whether an item is kept."""
        if self.wanted is None:
            return (self.part in key.lower()) != self.turned
        return self.wanted.fits(state) != self.turned


_FILTERS = {
    "unreviewed": Filter(Wanted(decided=True), turned=True),
    "reviewed": Filter(Wanted(decided=True)),
    "favourite": Filter(Wanted(favourite=True)),
    "unsure": Filter(Wanted(unsure=True)),
    "noted": Filter(Wanted(noted=True)),
    "marked": Filter(Wanted(marked=True)),
    "unclassified": Filter(Wanted(classified=True), turned=True),
}

FILTERS = ("all", *_FILTERS)
"""The words of filters that every review has; its categories are others."""


def parse_filter(words: str, categories: tuple[str, ...]) -> Filter | None:
    """The filter that words stand for; None for `all`.

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
        inner = parse_filter(words[4:], categories)
        return None if inner is None else replace(inner, turned=not inner.turned)
    if words in _FILTERS:
        return _FILTERS[words]
    if words.startswith("name:"):
        return Filter(part=words[5:].lower())
    if words.isdecimal() and 1 <= int(words) <= len(categories):
        words = categories[int(words) - 1]
    if words in categories:
        return Filter(Wanted(category=words))
    raise UsageError(
        f"no filter is called {words}",
        f"all, {', '.join(_FILTERS)}, name:TEXT, a category, or not and one of these",
    )
