"""Views: filtered, ordered row numbers over a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.base import Branch, Collection, Item
from tuiview.collection.shuffle import Permutation

Rows = NDArray[np.integer]


class View:
    """Which rows are shown and in which order: position k of N shows `row(k)`.

    Made by `all`, `shuffled` or `of`; every method may be called from any thread.

    Attributes:
        ascending: Whether positions follow row numbers, so that the collection's groups hold.
        branches: Groups over *positions*, where the view itself groups (`--group-by`).
    """

    def __init__(
        self,
        collection: Collection | None = None,
        rows: Rows | None = None,
        permutation: Permutation | None = None,
        branches: Sequence[Branch] = (),
    ) -> None:
        self._collection: Final = collection
        self._rows: Final = rows
        self._permutation: Final = permutation
        self._sorted: tuple[Rows, Rows] | None = None
        self.branches: Final = branches
        self.ascending = permutation is None and (
            rows is None or rows.size < 2 or bool((rows[1:] > rows[:-1]).all())
        )

    @classmethod
    def all(cls, collection: Collection) -> View:
        """Every row in the collection's own order; grows with it."""
        return cls(collection=collection)

    @classmethod
    def shuffled(cls, n: int, seed: int) -> View:
        """The rows 0..n-1 in a random order, the same for the same seed on every machine."""
        return cls(permutation=Permutation(n, seed))

    @classmethod
    def of(cls, rows: Rows | Sequence[int], branches: Sequence[Branch] = ()) -> View:
        """Just these rows in this order, each at most once; an array is kept as it is."""
        listed = rows if isinstance(rows, np.ndarray) else np.array(rows, np.int64)
        return cls(rows=np.ascontiguousarray(listed), branches=branches)

    @property
    def whole(self) -> bool:
        """Whether it is the collection as it is, and grows with it."""
        return self._collection is not None

    def __len__(self) -> int:
        if self._collection is not None:
            return len(self._collection)
        if self._permutation is not None:
            return self._permutation.n
        return 0 if self._rows is None else self._rows.size

    def row(self, position: int) -> int:
        """The row at a position; IndexError outside 0..len-1."""
        if not 0 <= position < len(self):
            raise IndexError(position)
        if self._rows is not None:
            return int(self._rows[position])
        if self._permutation is not None:
            return int(self._permutation.forward(np.array([position]))[0])
        return position

    def rows(self, start: int, stop: int) -> Rows:
        """The rows at positions start..stop-1, as far as there are any."""
        start, stop = max(0, start), min(stop, len(self))
        if self._rows is not None:
            return self._rows[start:stop]
        return self.take(np.arange(start, max(start, stop), dtype=np.int64))

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """The rows at these positions."""
        if self._rows is not None:
            return self._rows[positions]
        return positions if self._permutation is None else self._permutation.forward(positions)

    def replicate(self, position: int) -> int:
        """The how many-th time that its row is shown at a position."""
        return 1

    def position_of(self, row: int, replicate: int = 1) -> int | None:
        """Where a row is shown the how many-th time, or None if it is not in the view."""
        if replicate != 1:
            return None
        if self._rows is None:
            if not 0 <= row < len(self):
                return None
            if self._permutation is None:
                return row
            return int(self._permutation.backward(np.array([row]))[0])
        if not 0 <= row <= np.iinfo(self._rows.dtype).max:
            return None
        # Of the array's own type, or searchsorted would copy the array into a wider one.
        wanted = self._rows.dtype.type(row)
        if self.ascending:
            at = int(np.searchsorted(self._rows, wanted))
            return at if at < self._rows.size and self._rows[at] == row else None
        if self._sorted is None:
            ranks: Rows = np.argsort(self._rows, kind="stable")
            self._sorted = (ranks, self._rows[ranks])
        order, rows = self._sorted
        at = int(np.searchsorted(rows, wanted))
        return int(order[at]) if at < rows.size and rows[at] == row else None

    def positions_before(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """For an ascending view, how many positions show a row below each of `rows`."""
        if self._rows is None:
            return np.minimum(rows, len(self))
        return np.searchsorted(self._rows, rows.astype(self._rows.dtype)).astype(np.int64)


def peek_at(collection: Collection, view: View, position: int) -> Item | None:
    """The item at a position of a view, if it is in memory."""
    item = collection.peek(view.row(position))
    return item if item is None else item.again(view.replicate(position))


def item_at(collection: Collection, view: View, position: int) -> Item:
    """The item at a position of a view; may read."""
    return collection.item(view.row(position)).again(view.replicate(position))
