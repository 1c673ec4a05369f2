"""Tables read by row number: what every kind of table file offers to a collection."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tuiview.collection.base import Scanned
from tuiview.collection.texts import Lookup, Texts
from tuiview.errors import Poll, never

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 65_536
"""Rows that are read at once when a whole column is wanted."""

_FEW = 1024


class RowSource(ABC):
    """A table whose rows are read by number and whose columns are read only when asked for.

    Every method may be called from any thread.

    Attributes:
        path: The file or folder.
        schema: Names and types of the columns.
        kind: What the file is, in words.
    """

    path: Path
    schema: pa.Schema
    kind: str

    @abstractmethod
    def __len__(self) -> int:
        """Rows known so far; they only grow."""

    @abstractmethod
    def read(self, first: int, count: int, columns: Sequence[str]) -> pa.Table:
        """Rows first..first+count-1, as far as there are any, of these columns.

        Raises:
            UnreadableError: The file is damaged, was replaced or is gone.
        """

    @abstractmethod
    def batches(self, columns: Sequence[str], *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """These columns of all rows known at the start, in order; raises like `read`.

        Args:
            columns: Their names.
            encoded: Whether text may come dictionary-encoded, where that is how it is kept.
        """

    @abstractmethod
    def load(self, grown: Callable[[], None], stopped: Poll) -> None:
        """Find out about the rows that are not known yet; runs in the background."""

    def scan(
        self, column: str, wanted: Sifter, cancelled: Poll = never, start: int = 0
    ) -> Iterator[Scanned]:
        """Which rows from `start` on are wanted for their value in a column, in order.

        Reads piece by piece and ends early when it is cancelled; raises like `read`.
        """
        first = 0
        for batch in self.batches([column]):
            if cancelled():
                return
            end = first + batch.num_rows
            if end > start:
                positions, which = wanted.of(batch.column(0))
                found = Scanned(end, first + positions, which)
                yield found.only(found.rows >= start)
            first = end

    def find(self, column: str, value: str, cancelled: Poll = never, start: int = 0) -> int | None:
        """The first row from `start` on whose column says `value`; None if it is cancelled."""
        for found in self.scan(column, Wanted(value), cancelled, start):
            if found.rows.size:
                return int(found.rows[0])
        return None

    def refresh(self) -> bool:
        """Take in rows that were appended since; True if there are any."""
        return False

    def changed(self) -> str:
        """What happened to the file since it was opened, in words; empty if nothing did."""
        return ""

    def keep_text(self, columns: Sequence[str]) -> None:
        """Take the values of these columns for text, whatever they look like (keys, paths)."""
        return

    @abstractmethod
    def close(self) -> None:
        """Release files."""


Found = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Positions in a piece of a column, and which of the texts that are looked for is at each."""


class Sifter(Protocol):
    """What is looked for in a column."""

    def of(self, values: pa.Array) -> Found:
        """The positions at which a piece of a column has it, and which of the texts."""
        ...

    def may_lie(self, low: str, high: str) -> bool:
        """Whether values between these, both included, may have it."""
        ...


class Wanted(Struct, frozen=True):
    """A text that is looked for in a column.

    Attributes:
        text: The whole value, or a part of it.
        part: Whether a part will do.
        folded: Whether capitals make no difference to a part.
    """

    text: str
    part: bool = False
    folded: bool = False

    def of(self, values: pa.Array) -> Found:
        """The positions at which a piece of a column has it, and 0 for each: there is one text."""
        import pyarrow.compute as pc

        from tuiview.collection.arrow import as_text, text, true_at

        values = as_text(values)
        if self.part:
            there = pc.match_substring(values, self.text, ignore_case=self.folded)
        else:
            there = pc.equal(values, text(self.text, values.type))
        positions = true_at(there)
        return positions, np.zeros_like(positions)

    def may_lie(self, low: str, high: str) -> bool:
        """Whether values between these may have it."""
        return self.part or low <= self.text <= high


class OneOf:
    """Several texts, any of which is looked for in a column.

    Args:
        values: The texts, each once.
    """

    def __init__(self, values: Sequence[str]) -> None:
        self._lookup = Lookup(Texts.of(values))
        # Many lie nearly everywhere, and sorting them takes longer than it saves.
        self._sorted = sorted(values) if len(values) <= _FEW else None

    def of(self, values: pa.Array) -> Found:
        """The positions at which a piece of a column has one of them, and which."""
        from tuiview.collection.arrow import as_text, block, present

        values = as_text(values)
        positions, which = self._lookup.of(block(values))
        if values.null_count:
            there = present(values)[positions]
            return positions[there], which[there]
        return positions, which

    def may_lie(self, low: str, high: str) -> bool:
        """Whether values between these may be one of them."""
        if self._sorted is None:
            return True
        at = bisect_left(self._sorted, low)
        return at < len(self._sorted) and self._sorted[at] <= high


class Slabs:
    """Decoded runs of rows, kept up to a number of bytes; the oldest go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[tuple[object, ...], pa.Table] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> pa.Table | None:
        """The run of this key, if it is still held."""
        with self._lock:
            table = self._held.get(key)
            if table is not None:
                self._held.move_to_end(key)
            return table

    def put(self, key: tuple[object, ...], table: pa.Table) -> None:
        """Hold a run; one that is larger than all may be is not held."""
        size = table.nbytes
        if size > self._limit:
            return
        with self._lock:
            if (old := self._held.pop(key, None)) is not None:
                self._bytes -= old.nbytes
            self._held[key] = table
            self._bytes += size
            while self._bytes > self._limit:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= dropped.nbytes

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()
            self._bytes = 0
