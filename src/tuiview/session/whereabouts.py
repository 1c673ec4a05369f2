"""Where in a collection the items stand of which the store knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.replicates import AGAIN, by_replicate
from tuiview.collection.texts import Texts
from tuiview.errors import Cancelled, Poll
from tuiview.review.wanted import Wanted

if TYPE_CHECKING:
    from tuiview.collection.base import Collection
    from tuiview.review.store import Store

_KEYS = 1 << 20
"""Keys that are looked for in one reading of the collection."""

_UNASKED = 1_000_000
"""Rows that are gone through before anybody asks: half a second, and 25 MB that stay."""

Progress = Callable[[int, int], None]


class Whereabouts:
    """The rows at which the store's items stand, found by their keys once and kept as numbers.

    What was decided is asked of the store by number, which is much quicker than by key. For one
    thread, in the background.

    Args:
        collection: Where to look for them; all its rows are known when it is asked.
        store: The store.
    """

    def __init__(self, collection: Collection, store: Store) -> None:
        self._collection = collection
        self._store = store
        self._forget(0)

    def _forget(self, count: int) -> None:
        self._count = count
        self._known = np.zeros(0, np.bool_)
        self._rows = self._numbers = self._showings = np.zeros(0, np.int64)

    def meeting(
        self, wanted: Wanted, replicate: int, count: int, progress: Progress, cancelled: Poll
    ) -> NDArray[np.bool_]:
        """Whether each of the first `count` rows is a touched item that meets some conditions.

        What counts is what was said when it was shown the `replicate`-th time.

        Raises:
            Cancelled: `cancelled()` became true.
        """
        self._know(count)
        unsaved = self._store.unsaved_where(wanted)
        numbers = self._numbers_where(wanted, cancelled)
        self._look_for(numbers, progress, cancelled)
        kept = self._at(numbers, replicate)
        fits = np.array(tuple(unsaved.values()), np.bool_)
        for shown, (keys, places) in by_replicate(Texts.of(tuple(unsaved))).items():
            if shown == replicate and keys:
                for rows, which in self._found(keys, progress, cancelled):
                    kept[rows] = fits[places[which]]
        return kept

    def noted(self, text: str, count: int, cancelled: Poll) -> Sequence[NDArray[np.bool_]]:
        """Whether each of the first `count` rows has a note with all words of a text.

        Returns:
            What was noted when they were shown first, and when they had come back.

        Raises:
            Cancelled: `cancelled()` became true.
        """
        self._know(count)
        numbers = self._store.numbers_noted(text, self._store.reviewer)
        self._look_for(numbers, _untold, cancelled)
        return [self._at(numbers, replicate) for replicate in (1, AGAIN)]

    def _know(self, count: int) -> None:
        """Forget what is known of another number of rows."""
        if count != self._count:
            self._forget(count)

    def _at(self, numbers: NDArray[np.int64], replicate: int) -> NDArray[np.bool_]:
        """Whether each row has one of these items, shown the `replicate`-th time."""
        met = np.zeros(self._known.size, np.bool_)
        met[numbers] = True
        kept = np.zeros(self._count, np.bool_)
        kept[self._rows[met[self._numbers] & (self._showings == replicate)]] = True
        return kept

    def prepare(self, cancelled: Poll) -> None:
        """Find all touched items, so that the first question takes no longer than later ones.

        Nothing is done where they, or the rows, are too many to do so unasked.

        Raises:
            Cancelled: `cancelled()` became true.
        """
        count = len(self._collection)
        if max(count, self._store.reviewed_count) > _UNASKED:
            return
        self._know(count)
        self._look_for(self._numbers_where(Wanted(), cancelled), _untold, cancelled)

    def _numbers_where(self, wanted: Wanted, cancelled: Poll) -> NDArray[np.int64]:
        found = [np.zeros(0, np.int64)]
        for some in self._store.numbers_where(wanted, self._store.reviewer):
            if cancelled():
                raise Cancelled
            found.append(some)
        return np.concatenate(found)

    def _look_for(self, numbers: NDArray[np.int64], progress: Progress, cancelled: Poll) -> None:
        """Look for those of the items whose rows are not known yet."""
        missing = int(numbers.max(initial=0)) + 1 - self._known.size
        if missing > 0:
            self._known = np.append(self._known, np.zeros(missing, np.bool_))
        unknown = np.sort(numbers[~self._known[numbers]])
        for first in range(0, unknown.size, _KEYS):
            some = unknown[first : first + _KEYS]
            rows, held, showings = [self._rows], [self._numbers], [self._showings]
            for shown, (keys, places) in by_replicate(self._store.keys_of(some)).items():
                for found, which in self._found(keys, progress, cancelled):
                    rows.append(found)
                    held.append(some[places[which]])
                    showings.append(np.full(found.size, shown))
            self._rows, self._numbers = np.concatenate(rows), np.concatenate(held)
            self._showings = np.concatenate(showings)
            self._known[some] = True

    def _found(
        self, keys: Sequence[str], progress: Progress, cancelled: Poll
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """The rows of keys, piece by piece, and which of the keys each has."""
        for piece in self._collection.rows_of(keys, cancelled):
            known = piece.only(piece.rows < self._count)
            yield known.rows, known.which
            progress(piece.end, self._count)
        if cancelled():
            raise Cancelled


def _untold(done: int, total: int) -> None:
    """Nobody watches."""
