"""What the tests of this room share."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from msgspec.structs import replace

from tuiview.collection.base import Branch, Collection, Item
from tuiview.collection.open import CollectionOptions, open_collection
from tuiview.source import MissingSource

C = TypeVar("C", bound=Collection)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR42mNg+AcAAQMBALHNBzAAAAAASUVORK5CYII="
)
SUFFIXES = frozenset([".fits", ".fits.gz", ".png", ".jpg"])


def sniff(head: bytes) -> str | None:
    if head.startswith(b"SIMPLE  ="):
        return "FITS"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    return None


def read(collection: C) -> C:
    """The collection, read to its end."""
    collection.start(lambda: None)
    assert collection.wait(20)
    return collection


def keys(collection: Collection) -> list[str]:
    """Every key in row order."""
    return [collection.item(row).key for row in range(len(collection))]


def assert_rows_are_found_together(collection: Collection) -> None:
    """`rows_of` finds all rows of keys, of many and of few, and none for others."""
    every = keys(collection)
    for step in (1, 2, max(1, len(every) - 1)):
        wanted = list({*every[::step], "nowhere/absent.fits", "absent"})
        expected = [row for row, key in enumerate(every) if key in wanted]
        pieces = list(collection.rows_of(wanted))
        assert sorted(np.concatenate([piece.rows for piece in pieces]).tolist()) == expected
        for _, rows, which in pieces:
            assert [wanted[n] for n in which] == [every[row] for row in rows]
    assert not any(piece.rows.size for piece in collection.rows_of(()))


def shared_data(*parts: str) -> Path:
    """A file of the shared sample data; the test is skipped where it is absent."""
    path = Path(__file__).parents[3].joinpath("shared", "data", *parts)
    if not path.exists():
        pytest.skip(f"no sample data: {path.name}")
    return path


class Rows:
    """A collection of numbered items without pictures."""

    complete = True
    skipped = 0
    problems = ()
    root = Path("/rows")
    title = "rows"

    def __init__(self, count: int, groups: Sequence[Branch] = ()) -> None:
        self.count = count
        self.groups = groups

    def __len__(self) -> int:
        return self.count

    def start(self, grown: Callable[[], None]) -> None:
        grown()

    def wait(self, timeout: float | None = None) -> bool:
        return True

    def close(self) -> None: ...

    def peek(self, row: int) -> Item | None:
        return self.item(row)

    def item(self, row: int) -> Item:
        if not 0 <= row < self.count:
            raise IndexError(row)
        return Item(str(row), f"item {row}", MissingSource(str(row), "a number has no picture"))

    def row_of(self, key: str) -> int | None:
        return int(key)

    def branches(self) -> Sequence[Branch]:
        return self.groups

    def metadata(self, row: int) -> Mapping[str, object]:
        return {}


OPENED: list[Collection] = []
OPTIONS = CollectionOptions(suffixes=SUFFIXES, sniff=sniff)


def opened(*paths: Path | str, **options: object) -> Collection:
    """What these paths hold, read to its end."""
    collection = open_collection(paths, replace(OPTIONS, **options))
    OPENED.append(collection)
    return read(collection)
