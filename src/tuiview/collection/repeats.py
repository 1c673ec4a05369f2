"""Blind repeats: some images come back later in the sequence, for the reviewer's self-agreement."""

from __future__ import annotations

import re

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.collection.replicates import AGAIN
from tuiview.collection.shuffle import Permutation, mix
from tuiview.collection.view import Rows, View
from tuiview.errors import UsageError
from tuiview.text import printable

LEAST, MOST = 40, 400
"""How many other items are shown before one comes back: fewer only in a collection of less than
twice as many, and at its end."""

_WANTED = re.compile(r"(\d+(?:\.\d+)?)(%?)(?::(\d+))?", re.ASCII)
_ROWS = 65_536


class Repeats(Struct, frozen=True):
    """How many items come back.

    Attributes:
        share: Which part of them; None if they are counted.
        count: How many, where no share is given.
        seed: Says which; None if it was not given.
    """

    share: float | None = None
    count: int = 0
    seed: int | None = None

    @property
    def any(self) -> bool:
        """Whether there are to be some."""
        return bool(self.share or self.count)

    def of(self, total: int) -> int:
        """How many of so many."""
        return self.count if self.share is None else round(self.share * total)


def parse_repeats(text: str) -> Repeats:
    """Understand `SHARE%[:SEED]` or `N[:SEED]`; raises UsageError."""
    found = _WANTED.fullmatch(text.strip())
    number, percent, seed = found.groups() if found else ("", "", None)
    value = float(number or -1)
    if value < 0 or (percent and value > 100) or not (percent or number.isdecimal()):
        raise UsageError(
            f"{printable(text)!r} says not how many images come back",
            "a share or a number, and a seed if you like: 10%, 25, 10%:7; 0 for none",
        )
    share = value / 100 if percent else None
    return Repeats(share, 0 if percent else int(number), None if seed is None else int(seed))


class RepeatedView(View):
    """A view some of whose rows come back later, as replicate 2.

    It shows no groups: they would say what does not belong.

    Args:
        base: What is shown once.
        before: For each repeat, ascending, how many positions of `base` come before it.
        repeats: The row of each.
    """

    def __init__(self, base: View, before: Rows, repeats: Rows) -> None:
        super().__init__()
        self.ascending = False
        self._base = base
        self._before = before
        self._repeats = repeats
        self._slots: Rows = np.arange(before.size, dtype=before.dtype)
        self._slots += before
        self._by_row: Rows | None = None

    @classmethod
    def drawn(cls, base: View, wanted: Repeats, seed: int) -> RepeatedView:
        """Draw the items that come back and where, the same for the same seed on every machine."""
        total = len(base)
        least = max(1, min(LEAST, total // 2))
        able = max(0, total - least)
        first = Permutation(able, seed).forward(np.arange(min(wanted.of(total), able)))
        room = np.minimum(MOST, total - 1 - first) - least + 1
        # Another seed than that of the drawing, or the two would go together.
        chance = mix(first.astype(np.uint64), seed + 1) % room.astype(np.uint64)
        before = first + least + chance.astype(np.int64) + 1
        order = np.argsort(before, kind="stable")
        kind = np.uint32 if 2 * total < 1 << 32 else np.int64
        rows = base.take(first[order])
        return cls(base, before[order].astype(kind), rows.astype(kind))

    def __len__(self) -> int:
        return len(self._base) + self._slots.size

    def _place(self, position: int) -> tuple[int, bool]:
        """How many repeats come before a position, and whether one is there."""
        at = int(np.searchsorted(self._slots, self._slots.dtype.type(position)))
        return at, at < self._slots.size and int(self._slots[at]) == position

    def row(self, position: int) -> int:
        """The row at a position; IndexError outside 0..len-1."""
        if not 0 <= position < len(self):
            raise IndexError(position)
        at, repeated = self._place(position)
        return int(self._repeats[at]) if repeated else self._base.row(position - at)

    def replicate(self, position: int) -> int:
        """The how many-th time that its row is shown there: 1 or 2."""
        return AGAIN if self._place(position)[1] else 1

    def rows(self, start: int, stop: int) -> Rows:
        """The rows at positions start..stop-1, as far as there are any."""
        start, stop = max(0, start), min(stop, len(self))
        return self.take(np.arange(start, max(start, stop), dtype=np.int64))

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """The rows at these positions."""
        if not self._slots.size:
            return self._base.take(positions)
        at = np.searchsorted(self._slots, positions.astype(self._slots.dtype))
        there = np.minimum(at, self._slots.size - 1)
        repeated = self._slots[there] == positions
        found = np.empty(positions.size, np.int64)
        found[repeated] = self._repeats[there[repeated]]
        found[~repeated] = self._base.take(positions[~repeated] - at[~repeated])
        return found

    def position_of(self, row: int, replicate: int = 1) -> int | None:
        """Where a row is shown for the first or the second time; None if it is not."""
        if replicate == 1:
            position = self._base.position_of(row)
            if position is None:
                return None
            wanted = self._before.dtype.type(position)
            return position + int(np.searchsorted(self._before, wanted, side="right"))
        if replicate != AGAIN or not 0 <= row <= np.iinfo(self._repeats.dtype).max:
            return None
        if self._by_row is None:
            self._by_row = np.argsort(self._repeats, kind="stable")
        wanted = self._repeats.dtype.type(row)
        at = int(np.searchsorted(self._repeats, wanted, sorter=self._by_row))
        found = int(self._by_row[at]) if at < self._by_row.size else -1
        return int(self._slots[found]) if found >= 0 and self._repeats[found] == row else None

    def keeping(self, first: NDArray[np.bool_], again: NDArray[np.bool_]) -> RepeatedView:
        """Only some rows, in the same order; none comes back sooner than it may.

        Args:
            first: Which rows are shown the first time.
            again: Which come back, also where they are not shown the first time.
        """
        total, kind = len(self._base), self._before.dtype
        kept, rows = [np.zeros(0, kind)], [np.zeros(0, kind)]
        for start in range(0, total, _ROWS):
            some = self._base.rows(start, start + _ROWS)
            chosen = first[some]
            kept.append((np.flatnonzero(chosen) + start).astype(kind))
            rows.append(some[chosen].astype(kind))
        stays, shown = again[self._repeats], np.concatenate(rows)
        back = self._repeats[stays]
        before = np.searchsorted(np.concatenate(kept), self._before[stays])
        asked = np.zeros(first.size, np.bool_)
        asked[back] = True
        once = np.flatnonzero(asked[shown])
        if once.size:
            # What stood between the two may be gone.
            once = once[np.argsort(shown[once])]
            at = np.minimum(np.searchsorted(shown[once], back), once.size - 1)
            soonest = once[at] + max(1, min(LEAST, shown.size // 2)) + 1
            soonest[shown[once][at] != back] = 0
            before = np.maximum(before, np.minimum(soonest, shown.size))
        order = np.argsort(before, kind="stable")
        return RepeatedView(View.of(shown), before[order].astype(kind), back[order])
