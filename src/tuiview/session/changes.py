"""What a session tells its screen: small facts, posted from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from tuiview.collection.base import Item
from tuiview.loading.request import Answer, ImageInfo, Progress

Severity = Literal["information", "warning", "error"]


class Change(Struct, frozen=True):
    """Something that a screen may want to show."""


class CursorMoved(Change, frozen=True):
    """Another item is current."""

    position: int


class DecisionsChanged(Change, frozen=True):
    """What is said of the current item, or of items in sight, has changed or become known."""


class DisplayChanged(Change, frozen=True):
    """How the current item is shown has changed."""


class PictureAnswered(Change, frozen=True):
    """The picture of the current item is there, or cannot be."""

    answer: Answer


class Progressed(Change, frozen=True):
    """The picture of the current item takes long."""

    progress: Progress


class MetadataRead(Change, frozen=True):
    """Header and metadata of an item are there; `info` is None if it cannot be opened."""

    item: Item
    info: ImageInfo | None
    more: Mapping[str, object]


class NeighbourReady(Change, frozen=True):
    """A neighbour's picture is encoded and may be sent ahead."""

    answer: Answer


class NeighboursChanged(Change, frozen=True):
    """Other pictures are the neighbours now; those that are ready may be sent ahead."""


class CollectionGrew(Change, frozen=True):
    """More rows are known, or the view is another one."""


class RowsLoaded(Change, frozen=True):
    """Items or states that were asked for are in memory now."""


class StoreChanged(Change, frozen=True):
    """Decisions became durable, or could not be written."""


class ToRun(Change, frozen=True):
    """A job that is for the screen's thread."""

    job: Callable[[], object]


class Noticed(Change, frozen=True):
    """Something to tell the reviewer in passing."""

    message: str
    severity: Severity = "information"


class Faulted(Change, frozen=True):
    """A fault of the program: an exception that nobody foresaw, caught on another thread."""

    error: Exception


Notify = Callable[[Change], None]
"""Takes a change; may be called from any thread and returns at once."""
