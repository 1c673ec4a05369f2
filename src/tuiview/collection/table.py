"""Lookup tables as collections: each row is an item, read by its number when it is wanted."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiview.collection.base import Branch, Item, Scanned, each_row
from tuiview.collection.facts import row_facts
from tuiview.collection.pictures import ROW_KEY, RowPictures
from tuiview.collection.roles import HDF5_SUFFIXES, Roles
from tuiview.collection.rows import OneOf, RowSource, Sifter, Wanted
from tuiview.collection.texts import Texts
from tuiview.errors import Poll, never
from tuiview.source import BlobSource
from tuiview.text import printable

if TYPE_CHECKING:
    import pyarrow as pa

    from tuiview.collection.shards import Shards

PAGE = 256
"""Rows read at once."""

FACTS = 64
"""Columns that are shown at once; more of a row come with its metadata."""

_PAGES = 64
_ITEMS = 4096
_POLL_SECONDS = 2.0
_GRACE_SECONDS = 0.5
_MOST_FILES = 1_000_000
_ROWS_OF_FOLDERS = 64


class TableCollection:
    """The rows of a table, each an item. Two rows of one key are two items with one decision.

    Args:
        rows: The table, read by number.
        roles: What its columns mean.
        shards: Finds and reads the files that it names.
        suffixes: Endings of image files, which tell files from prefixes of shards.
    """

    def __init__(
        self, rows: RowSource, roles: Roles, shards: Shards, suffixes: frozenset[str]
    ) -> None:
        self._rows = rows
        self.roles = roles
        self._shards = shards
        self._pictures = RowPictures(rows, roles, shards, suffixes)
        names = list(rows.schema.names)
        needed = roles.columns()
        others = [n for n in names if n not in needed and _is_light(rows.schema.field(n).type)]
        shown = {*needed, *others[: max(0, FACTS - len(needed))]}
        self._shown = [name for name in names if name in shown]
        self._rest = [name for name in names if name not in shown]
        self._pages: OrderedDict[int, pa.Table] = OrderedDict()
        self._items: OrderedDict[int, Item] = OrderedDict()
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._problems: list[str] = []
        self._branches: list[Branch] = [Branch(self.title, 0, 0, len(rows))]
        self._folders: list[Path] = []
        self.unique_files: int | None = None

    @property
    def root(self) -> Path:
        """The table's folder: decisions belong to keys, whichever table of it named them.

        Of a table without keys it is the table itself: its rows' numbers mean nothing beyond it.
        """
        path = self._rows.path.absolute()
        return path if path.is_dir() or self.key_column is None else path.parent

    def image_folders(self) -> Sequence[Path]:
        """Folders of shards, whose images have their uuids for names; none for other tables."""
        if self.roles.key is None or self.roles.path is None:
            return ()
        first = self._rows.read(0, _ROWS_OF_FOLDERS, [self.roles.path]).column(0).to_pylist()
        return list(dict.fromkeys([*self._folders_of(first), *self._folders]))

    def _folders_of(self, paths: Iterable[str | None]) -> Iterator[Path]:
        """The folders of shards by these prefixes; asks the disk once for each that is named."""
        named = {path.rpartition("/")[0]: path for path in paths if path}
        for path in named.values():
            if self._stop.is_set():
                return
            if (found := self._pictures.folder(path)) is not None:
                yield found

    @property
    def title(self) -> str:
        """The table's name."""
        return printable(self._rows.path.name)

    @property
    def kind(self) -> str:
        """What the table is: `Parquet`, `CSV`, `FITS table`."""
        return self._rows.kind

    @property
    def complete(self) -> bool:
        """Whether all rows are counted."""
        return self._done.is_set()

    @property
    def skipped(self) -> int:
        """None: every row is an item."""
        return 0

    @property
    def problems(self) -> Sequence[str]:
        """What happened to the table while it was open."""
        return tuple(self._problems)

    def __len__(self) -> int:
        return len(self._rows)

    def start(self, grown: Callable[[], None]) -> None:
        """Count the rows, then the files and groups, then watch the table."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._read, args=(grown,), name="table-scan", daemon=True
            )
            self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the rows are counted; True if they are."""
        return self._done.wait(timeout)

    def close(self) -> None:
        """Stop reading and release files."""
        self._stop.set()
        self._rows.close()
        self._shards.close()

    def _read(self, grown: Callable[[], None]) -> None:
        try:
            self._rows.load(partial(self._grew, grown), self._stop.is_set)
        except Exception as error:  # of a thread of its own it would be written over the screen
            self._problems.append(printable(str(error)))
        finally:
            self._done.set()
            self._grew(grown)
        try:
            # The first pictures have the disk to themselves.
            if self.roles.path is not None and not self._stop.wait(_GRACE_SECONDS):
                self._find_groups(self.roles.path)
                grown()
        except Exception as error:  # as above
            self._problems.append(printable(str(error)))
        while not self._stop.wait(_POLL_SECONDS):
            if self.refresh():
                grown()

    def _grew(self, grown: Callable[[], None]) -> None:
        last = self._branches[-1]
        more = len(self._rows) - last.first
        self._branches[-1] = Branch(last.label, last.depth, last.first, more)
        grown()

    def refresh(self) -> bool:
        """Look whether the table has grown or was replaced; True if there is news."""
        changed = self._rows.changed()
        if changed:
            if changed in self._problems:
                return False
            self._problems.append(changed)
            return True
        before = len(self._rows)
        if not self._rows.refresh():
            return False
        with self._lock:
            # The last row may have been half written when its page was read.
            self._pages.pop((before - 1) // PAGE, None)
            self._items.pop(before - 1, None)
        self._grew(_nothing)
        return True

    def _find_groups(self, path: str) -> None:
        """Count the files and group rows that follow each other by the folder or shard."""
        labels: list[str] = []
        firsts: list[int] = []
        files: set[str] = set()
        total, first = len(self._rows), 0
        flat = False
        for batch in self.batches([path], encoded=True):
            if self._stop.is_set():
                return
            column = batch.column(0)
            encoded = column if hasattr(column, "dictionary") else column.dictionary_encode()
            if len(files) < _MOST_FILES:
                files.update(value for value in encoded.dictionary.to_pylist() if value)
            if not flat:
                _runs(encoded, self._pictures.group, first, labels, firsts)
                flat = len(firsts) > max(1000, total // 8)
            first += batch.num_rows
        self.unique_files = len(files) if len(files) < _MOST_FILES else None
        self._folders = list(self._folders_of(files))
        if not flat and firsts:
            ends = [*firsts[1:], first]
            self._branches = [
                Branch(label, 0, start, end - start)
                for label, start, end in zip(labels, firsts, ends, strict=True)
            ]

    def peek(self, row: int) -> Item | None:
        """The item, if its page has been read."""
        with self._lock:
            return self._items.get(row)

    def item(self, row: int) -> Item:
        """The item; reads its page if need be. Raises IndexError or UnreadableError."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        with self._lock:
            item = self._items.get(row)
            if item is not None:
                self._items.move_to_end(row)
                return item
        item = self._build(row, self._page(row // PAGE))
        with self._lock:
            self._items[row] = item
            self._numbers.setdefault(item.key, row)
            while len(self._items) > _ITEMS:
                number, old = self._items.popitem(last=False)
                if self._numbers.get(old.key) == number:
                    del self._numbers[old.key]
        return item

    def _page(self, number: int) -> pa.Table:
        with self._lock:
            page = self._pages.get(number)
            if page is not None:
                self._pages.move_to_end(number)
                return page
        from tuiview.collection.arrow import integers

        read = self._rows.read(number * PAGE, PAGE, self._shown)
        # A copy: a slice would keep the whole decoded run in memory.
        page = read.take(integers(0, read.num_rows))
        with self._lock:
            self._pages[number] = page
            while len(self._pages) > _PAGES:
                self._pages.popitem(last=False)
        return page

    def _build(self, row: int, page: pa.Table) -> Item:
        at = row % PAGE
        if at >= page.num_rows:
            page = self._rows.read(row, 1, self._shown)
            at = 0
        facts = row_facts(page, at)
        key, name = self._pictures.key(row, facts)
        return Item(key, printable(name), self._pictures.source(row, name, facts), facts)

    def row_of(self, key: str) -> int | None:
        """A row of a key: one seen lately, else the first; that reads the key column."""
        return self.find(key)

    def find(self, key: str, cancelled: Poll = never, near: int | None = None) -> int | None:
        """As `row_of`, and gives up when it is cancelled; `near` is where it is likely to be."""
        with self._lock:
            known = self._numbers.get(key)
        if known is not None:
            return known
        if near is not None and 0 <= near < len(self) and self.item(near).key == key:
            return near
        if (row := self._row_of_number(key)) is not None:
            return row
        try:
            return self._search(key, cancelled)
        finally:
            _give_back()

    def search(
        self, text: str, *, folded: bool, cancelled: Poll = never, start: int = 0
    ) -> Iterator[Scanned]:
        """The rows from `start` on whose key has a text in it; reads the key column."""
        whole, path = self._path_in(text)
        wanted = Wanted(path, part=True, folded=folded)
        for scanned in self._scan(wanted, cancelled, start):
            if not whole:
                keys = (self.item(int(row)).key for row in scanned.rows)
                fits = [text in (key.lower() if folded else key) for key in keys]
                scanned = scanned.only(np.array(fits, np.bool_))
            yield scanned

    def rows_of(self, keys: Sequence[str], cancelled: Poll = never) -> Iterator[Scanned]:
        """The rows of these keys; reads the key column once."""
        keys = Texts.of(keys)
        if keys.may_hold(ROW_KEY):
            numbered = {key: n for n, key in enumerate(keys) if key.startswith(ROW_KEY)}
            scanned = each_row(0, self._row_of_number, numbered)
            yield scanned._replace(which=np.array([*numbered.values()], np.int64)[scanned.which])
        if self._whole or not keys.may_hold("#"):
            yield from self._scan(OneOf(keys), cancelled)
            return
        numbers = {key: number for number, key in enumerate(keys)}
        paths = {self._path_in(key)[1] for key in keys}.difference(keys)
        for scanned in self._scan(OneOf([*keys, *paths]), cancelled):
            known = [numbers.get(self.item(int(row)).key, -1) for row in scanned.rows]
            which = np.array(known, np.int64)
            yield scanned._replace(which=which).only(which >= 0)

    def _scan(self, wanted: Sifter, cancelled: Poll, start: int = 0) -> Iterator[Scanned]:
        """What is wanted in the column of keys."""
        if self.key_column is not None:
            try:
                yield from self._rows.scan(self.key_column, wanted, cancelled, start)
            finally:
                _give_back()

    @property
    def _whole(self) -> bool:
        """Whether the column of keys has all keys as they are: none names a part of a file."""
        return self.roles.key is not None or not self._pictures.parts

    def _path_in(self, text: str) -> tuple[bool, str]:
        """Whether the column of keys has a text as it is, and what it has of it: no part."""
        if "#" not in text or self._whole:
            return True, text
        return False, text.rpartition("#")[0]

    def _row_of_number(self, key: str) -> int | None:
        """The row of a key that is a row's number, as rows have without a key of their own."""
        number = key.removeprefix(ROW_KEY)
        if number != key and number.isascii() and number.isdigit() and int(number) < len(self):
            return int(number) if self.item(int(number)).key == key else None
        return None

    def _search(self, key: str, cancelled: Poll) -> int | None:
        if self.roles.key is not None:
            return self._rows.find(self.roles.key, key, cancelled)
        if self.roles.path is None:
            return None
        found = self._rows.find(self.roles.path, key, cancelled)
        path, part_follows, _ = key.rpartition("#")
        if found is not None and self.item(found).key == key:
            return found
        found = self._rows.find(self.roles.path, path, cancelled) if part_follows else None
        while found is not None and self.item(found).key != key:
            found = self._rows.find(self.roles.path, path, cancelled, found + 1)
        return found

    def branches(self) -> Sequence[Branch]:
        """Rows that follow each other by file or shard; one group until that is known."""
        return self._branches

    def metadata(self, row: int) -> Mapping[str, object]:
        """The columns that `Item.facts` has no room for, and the shard's metadata of its uuid."""
        found: dict[str, object] = {}
        rest = [name for name in self._rest if name != self.roles.image]
        if rest:
            found.update(row_facts(self._rows.read(row, 1, rest), 0))
        item = self.item(row)
        roles = self.roles
        if roles.key and roles.path and isinstance(item.source, BlobSource):
            path = str(item.facts[roles.path])
            if not path.lower().endswith(HDF5_SUFFIXES):
                found.update(self._shards.metadata(path, str(item.facts[roles.key])))
        return found

    @property
    def key_column(self) -> str | None:
        """The column that holds the keys."""
        return self.roles.key or self.roles.path

    def columns(self) -> Sequence[str]:
        """All columns of the table."""
        return list(self._rows.schema.names)

    def batches(self, columns: Sequence[str], *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """These columns of all rows."""
        try:
            yield from self._rows.batches(columns, encoded=encoded)
        finally:
            _give_back()


def _nothing() -> None:
    """Nobody is told."""


def _give_back() -> None:
    """Return what arrow has read and let go of; it would keep tens of megabytes for later."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _is_light(kind: Any) -> bool:
    import pyarrow as pa

    return not (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_nested(kind)
    )


def _runs(
    encoded: pa.DictionaryArray,
    group: Callable[[str | None], str],
    first: int,
    labels: list[str],
    firsts: list[int],
) -> None:
    """Append the runs of equal groups in a piece of a column that begins at row `first`."""
    import numpy as np

    from tuiview.collection.arrow import codes

    names = [group(value) for value in encoded.dictionary.to_pylist()]
    names.append(group(None))
    numbers: dict[str, int] = {}
    merged = np.array([numbers.setdefault(name, len(numbers)) for name in names])
    if not len(encoded):
        return
    groups = merged[codes(encoded, len(names) - 1)]
    distinct = list(numbers)
    for at in np.concatenate([[0], np.flatnonzero(np.diff(groups)) + 1]).tolist():
        label = distinct[int(groups[at])]
        if not labels or labels[-1] != label:
            labels.append(label)
            firsts.append(first + at)
