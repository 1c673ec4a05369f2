"""The model of decisions: events, and the state of an item that follows from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct, field


class What(StrEnum):
    """What an event says."""

    SEEN = "seen"
    MEASURED = "measured"  # `name` is the measurement; new: its result. Says nothing of the item
    CATEGORY = "category"  # new: True or False; `name` is the category
    FAVOURITE = "favourite"  # new: True or False
    UNSURE = "unsure"  # new: True or False
    SKIP = "skip"  # new: True or False
    NOTE = "note"  # old, new: the text
    MARK_ADDED = "mark-added"  # `name` is the mark's uuid; old, new: a Mark as a mapping
    MARK_MOVED = "mark-moved"
    MARK_LABELLED = "mark-labelled"
    MARK_DELETED = "mark-deleted"


class Mark(Struct, frozen=True):
    """A point in a group on a frame.

    Attributes:
        uuid: Its identity through moves and merges.
        frame: The name of its frame in the item.
        group: The name of its group.
        x, y: 0-based position of native pixel centres.
        label: Text; empty means the group's name.
        ra, dec: ICRS degrees by that frame's world coordinates, or None.
    """

    uuid: str
    frame: str
    group: str
    x: float
    y: float
    label: str = ""
    ra: float | None = None
    dec: float | None = None


class Decision(Struct, frozen=True):
    """What the reviewer did, before the store gives it identity and time.

    Attributes:
        item: The item's key; a repeat's (`collection.replicates`) where it was shown again.
        what: The kind of decision.
        name: The category's name or the mark's uuid; empty otherwise.
        old, new: Values before and after, plain JSON types.
        frame: The frame that was shown.
        reaction: Seconds since the picture was painted, or None.
        display: The display state (frame, interval, stretch, limits, zoom), plain JSON types.
        context: Order and seed, blind flags, replicate number.
    """

    item: str
    what: What
    name: str = ""
    old: Any = None
    new: Any = None
    frame: str = ""
    reaction: float | None = None
    display: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


class ItemState(Struct, frozen=True):
    """What is currently said of an item: the sum of its events.

    Attributes:
        categories: Names of the categories that are on.
        favourite, unsure, skipped: Flags.
        note: The kept note, empty for none.
        marks: Its marks by the order in which they were made.
        seen: Whether its picture was ever painted for this reviewer.
        decided: Whether anything but "seen" was ever said: it counts as reviewed.
        first, last: UTC times (ISO 8601) of the first and last decision; empty for none.
    """

    categories: frozenset[str] = frozenset()
    favourite: bool = False
    unsure: bool = False
    note: str = ""
    marks: tuple[Mark, ...] = ()
    seen: bool = False
    decided: bool = False
    first: str = ""
    last: str = ""
    skipped: bool = False


UNTOUCHED = ItemState()
"""What is said of an item before anything was decided."""


class Event(Struct, frozen=True):
    """A decision with identity and time, as it is kept for good.

    Attributes:
        uuid: Its identity in every copy of the store; sorts in the order of deciding, even where
            the wall clock went back.
        reviewer: Who decided.
        session: The run of the program that it was decided in.
        sequence: Its number in the reviewer's database.
        step: The uuid of the first event of its undo step.
        utc: Wall-clock time, ISO 8601 with milliseconds.
        monotonic: Seconds of the machine's monotonic clock.
        decision: What was decided.
        version: tuiview's version.
        undo_of: The event that it takes back, for undo and redo.
        weight: 1, or -1 where it takes a decision back.
    """

    uuid: UUID
    reviewer: str
    session: UUID
    sequence: int
    step: UUID
    utc: str
    monotonic: float
    decision: Decision
    version: str
    undo_of: UUID | None = None
    weight: int = 1
