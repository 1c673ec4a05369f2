"""What a session tells its screen: small facts, posted from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tuiview.collection.base import Item
from tuiview.loading.request import Answer, ImageInfo, Progress

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a screen may want to show."""


@dataclass(frozen=True, slots=True)
class CursorMoved(Change):
    """Another item is current."""

    position: int


@dataclass(frozen=True, slots=True)
class DecisionsChanged(Change):
    """What is said of the current item, or of items in sight, has changed or become known."""


@dataclass(frozen=True, slots=True)
class DisplayChanged(Change):
    """How the current item is shown has changed."""


@dataclass(frozen=True, slots=True)
class PictureAnswered(Change):
    """The picture of the current item is there, or cannot be."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Progressed(Change):
    """The picture of the current item takes long."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class MetadataRead(Change):
    """Header and metadata of an item are there; `info` is None if it cannot be opened."""

    item: Item
    info: ImageInfo | None
    more: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NeighbourReady(Change):
    """A neighbour's picture is encoded and may be sent ahead."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class NeighboursChanged(Change):
    """Other pictures are the neighbours now; those that are ready may be sent ahead."""


@dataclass(frozen=True, slots=True)
class CollectionGrew(Change):
    """More rows are known, or the view is another one."""


@dataclass(frozen=True, slots=True)
class RowsLoaded(Change):
    """Items or states that were asked for are in memory now."""


@dataclass(frozen=True, slots=True)
class StoreChanged(Change):
    """Decisions became durable, or could not be written."""


@dataclass(frozen=True, slots=True)
class ToRun(Change):
    """A job that is for the screen's thread."""

    job: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Noticed(Change):
    """Something to tell the reviewer in passing."""

    message: str
    severity: Severity = "information"


@dataclass(frozen=True, slots=True)
class Faulted(Change):
    """A fault of the program: an exception that nobody foresaw, caught on another thread."""

    error: Exception


Notify = Callable[[Change], None]
"""Takes a change; may be called from any thread and returns at once."""
