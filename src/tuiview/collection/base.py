"""Items and collections: what there is to review, by row and by key, never as a list of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from tuiview.collection.replicates import repeat_key, split_key
from tuiview.errors import Poll, never
from tuiview.source import Source


class Item(Struct, frozen=True, eq=False):
    """One thing to review: a file, a table's row, a dataset.

    Attributes:
        key: Stable and unique in its collection: the path relative to the collection's root (POSIX
            separators), or the uuid or id of its row. Decisions belong to it. A repeat has one of
            its own, so that nothing that is known of the first showing is known of it.
        name: The short name that the tree shows.
        source: Where its pixels come from.
        facts: What the collection knows of it without opening it (the row of a lookup table).
    """

    key: str
    name: str
    source: Source
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def own_key(self) -> str:
        """The key by which the collection knows it, also where it is shown again."""
        return split_key(self.key)[0]

    def again(self, replicate: int) -> Item:
        """The same thing as it is shown the how many-th time."""
        if replicate == 1:
            return self
        return replace(self, key=repeat_key(self.key, replicate))


class Branch(Struct, frozen=True):
    """A group of rows that follow each other: a folder's own files, a group of a table.

    Attributes:
        label: What the tree shows; for a folder its name.
        depth: How deep it is indented; 0 is a root.
        first: The first row.
        count: How many rows are its own (subfolders have branches of their own, after it).
    """

    label: str
    depth: int
    first: int
    count: int


class Collection(Protocol):
    """What there is to review.

    Rows are numbered from 0 in the collection's own order; they may grow at the end while it is
    being read, and a row never changes its number. Every method may be called from any thread.
    """

    @property
    def root(self) -> Path:
        """The folder or file that it stands for; the store is named after it."""
        ...

    @property
    def title(self) -> str:
        """What the screen's title says."""
        ...

    @property
    def complete(self) -> bool:
        """Whether all rows are known."""
        ...

    @property
    def skipped(self) -> int:
        """How many things were left out because they are no images."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What could not be read (folders without permission), in words."""
        ...

    def __len__(self) -> int:
        """Rows known so far."""
        ...

    def start(self, grown: Callable[[], None]) -> None:
        """Begin reading in the background; `grown` is called from that thread, not too often."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the background reading to end; True if it has. For commands without a screen."""
        ...

    def close(self) -> None:
        """Stop reading and release files."""
        ...

    def peek(self, row: int) -> Item | None:
        """The item if it is in memory; never waits for a disk."""
        ...

    def item(self, row: int) -> Item:
        """The item; may read. Raises IndexError beyond the end."""
        ...

    def row_of(self, key: str) -> int | None:
        """The row of a key, if it is known; may read."""
        ...

    def rows_of(self, keys: Sequence[str], cancelled: Poll = never) -> Iterator[Scanned]:
        """All rows of these keys, piece by piece; may read, and ends early when cancelled.

        Each key is given once.
        """
        ...

    def branches(self) -> Sequence[Branch]:
        """The groups in row order, known so far; cheap to call again.

        The same object again means that groups were only appended and the last one may have
        grown; another object means that the grouping is a new one.
        """
        ...

    def metadata(self, row: int) -> Mapping[str, object]:
        """More about an item than `Item.facts`, if its collection has it elsewhere; may read."""
        ...


class Scanned(NamedTuple):
    """What was found in a piece of a collection.

    Attributes:
        end: The row after the piece.
        rows: Those that are wanted, ascending.
        which: Of several keys that were looked for, the number of the one that each row has.
    """

    end: int
    rows: NDArray[np.int64]
    which: NDArray[np.int64]

    def only(self, kept: NDArray[np.bool_]) -> Scanned:
        """Those of the rows that are kept."""
        return Scanned(self.end, self.rows[kept], self.which[kept])


def each_row(end: int, row_of: Callable[[str], int | None], keys: Iterable[str]) -> Scanned:
    """The rows of keys that are found one by one, in a piece up to row `end`."""
    found = ((row_of(key), number) for number, key in enumerate(keys))
    known = sorted((row, number) for row, number in found if row is not None)
    rows, which = np.array(known, np.int64).reshape(-1, 2).T
    return Scanned(end, rows, which)


@runtime_checkable
class Searchable(Protocol):
    """A collection whose keys are too many to look through item by item."""

    def find(self, key: str, cancelled: Poll = never, near: int | None = None) -> int | None:
        """As `row_of`, and gives up when it is cancelled; `near` is where it is likely to be."""
        ...

    def search(
        self, text: str, *, folded: bool, cancelled: Poll = never, start: int = 0
    ) -> Iterator[Scanned]:
        """The rows from `start` on whose key has a text in it, in order, piece by piece.

        Capitals make no difference if it is `folded`; ends early when it is cancelled.
        """
        ...


@runtime_checkable
class Filed(Protocol):
    """A collection whose items are in files that it does not name after them.

    Attributes:
        unique_files: How many files there are; None while they are being counted, and where
            there are too many to tell.
    """

    unique_files: int | None


@runtime_checkable
class Placed(Protocol):
    """A collection that names images which other collections may name by the same keys."""

    def image_folders(self) -> Sequence[Path]:
        """Resolved folders, known so far, in which its keys mean the same whatever names them.

        May read. Empty if its keys mean something only below its root.
        """
        ...
