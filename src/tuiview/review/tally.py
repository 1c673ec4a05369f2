"""The sum of an item's events, as the store keeps it and as memory shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from tuiview.collection.replicates import split_key
from tuiview.review.model import UNTOUCHED, Decision, Event, ItemState, Mark, What

REPEATED = "repeated-"
"""What the names of totals of repeats begin with."""

MARKING = frozenset(
    {What.MARK_ADDED, What.MARK_MOVED, What.MARK_LABELLED, What.MARK_DELETED},
)


class Tally(Struct, frozen=True):
    """An item's state with what is needed to carry it on.

    Attributes:
        state: What the reviewer sees.
        said: Decisions that stand: made and not taken back.
        ranks: Rank of every mark that was ever made, so that a mark whose deletion is undone takes
            its old place.
    """

    state: ItemState = UNTOUCHED
    said: int = 0
    ranks: dict[str, int] = field(default_factory=dict)

    def after(self, *events: Event) -> Tally:
        """The tally with more events; takes in many at hardly more cost than one."""
        state, said, ranks = self.state, self.said, self.ranks
        change: dict[str, Any] = {}
        marks: dict[str, Mark] | None = None
        for event in events:
            decision = event.decision
            if decision.what is What.MEASURED:
                continue
            if decision.what is What.SEEN:
                change["seen"] = True
                continue
            said += event.weight
            match decision.what:
                case What.CATEGORY:
                    named = frozenset((decision.name,))
                    there = change.get("categories", state.categories)
                    change["categories"] = there | named if decision.new else there - named
                case What.FAVOURITE:
                    change["favourite"] = bool(decision.new)
                case What.UNSURE:
                    change["unsure"] = bool(decision.new)
                case What.SKIP:
                    change["skipped"] = bool(decision.new)
                case What.NOTE:
                    change["note"] = str(decision.new or "")
                case _:
                    if marks is None:
                        marks, ranks = {mark.uuid: mark for mark in state.marks}, dict(ranks)
                    marks.pop(decision.name, None)
                    if decision.new is not None:
                        mark = replace(mark_from(decision.new), uuid=decision.name)
                        marks[mark.uuid] = mark
                        ranks.setdefault(mark.uuid, len(ranks))
            if said > 0:
                first = change.get("first", state.first) or event.utc
                change |= {"decided": True, "first": first, "last": event.utc}
            else:
                change |= {"decided": False, "first": "", "last": ""}
        if marks is not None:
            order = sorted(marks.values(), key=lambda mark: ranks[mark.uuid])
            change["marks"] = tuple(order)
        return Tally(replace(state, **change), said, ranks) if change else self

    def counted(self, key: str) -> Counter[tuple[str, str]]:
        """What the item of that key adds to the totals, by (what, category's name).

        Repeats are counted apart: they are no more items.
        """
        state = self.state
        counts: Counter[tuple[str, str]] = Counter()
        flags = {
            "decided": state.decided,
            "seen": state.seen,
            "favourite": state.favourite,
            "unsure": state.unsure,
            "skipped": state.skipped,
            "noted": bool(state.note),
            "marked": bool(state.marks),
        }
        counts.update((name, "") for name, on in flags.items() if on)
        counts.update(("category", name) for name in state.categories)
        if state.marks:
            counts["marks", ""] = len(state.marks)
        if split_key(key)[1] > 1:
            return Counter({(REPEATED + what, name): n for (what, name), n in counts.items()})
        return counts


BLANK = Tally()
"""The tally of an item without events."""


def replay(events: Iterable[Event]) -> Tally:
    """The tally that follows from all events of one item by one reviewer, in uuid order.

    Two copies of a store that went on apart may each have taken the same decision back: only the
    first of them counts.
    """
    standing: dict[UUID, int] = {}
    weighed = []
    for event in events:
        weight = 1 if event.undo_of is None else -standing.pop(event.undo_of, 0)
        standing[event.uuid] = weight
        weighed.append(event if event.weight == weight else replace(event, weight=weight))
    return BLANK.after(*weighed)


def inverse(decision: Decision) -> Decision:
    """The decision that takes this one back."""
    what = {What.MARK_ADDED: What.MARK_DELETED, What.MARK_DELETED: What.MARK_ADDED}
    return replace(
        decision,
        what=what.get(decision.what, decision.what),
        old=decision.new,
        new=decision.old,
        reaction=None,
        display={},
    )


def field_of(what: What) -> str:
    """What a kind of decision is about: two of the same field are two words on one matter."""
    return "mark" if what in MARKING else what.value


def grounded(decision: Decision, state: ItemState) -> Decision:
    """The decision with the old value that the item really has, so that undoing restores it."""
    match decision.what:
        case What.CATEGORY:
            return replace(decision, old=decision.name in state.categories)
        case What.FAVOURITE:
            return replace(decision, old=state.favourite)
        case What.UNSURE:
            return replace(decision, old=state.unsure)
        case What.SKIP:
            return replace(decision, old=state.skipped)
        case What.SEEN:
            return replace(decision, old=state.seen)
        case What.NOTE:
            return replace(decision, old=state.note)
        case _:
            there = next((mark for mark in state.marks if mark.uuid == decision.name), None)
            return replace(decision, old=_mapping(there))


def normal(decision: Decision) -> Decision:
    """The decision in its plain form; raises ValueError where it makes no sense."""
    if decision.what is What.MEASURED:
        return decision
    if decision.what in MARKING:
        return _normal_mark(decision)
    if decision.what is What.CATEGORY and not decision.name:
        raise ValueError("a category's decision needs the category's name")
    if decision.what is What.NOTE:
        return replace(decision, old=str(decision.old or ""), new=str(decision.new or ""))
    new = True if decision.new is None else bool(decision.new)
    return replace(decision, old=bool(decision.old), new=new)


def _normal_mark(decision: Decision) -> Decision:
    if not decision.name:
        raise ValueError("a mark's decision needs the mark's uuid as its name")
    old = None if decision.what is What.MARK_ADDED else _mapping(decision.old)
    new = None if decision.what is What.MARK_DELETED else _mapping(decision.new)
    if decision.what is not What.MARK_DELETED:
        mark_from(new or {})
    if decision.what is not What.MARK_ADDED:
        mark_from(old or {})
    return replace(decision, old=old, new=new)


def mark_from(mapping: Mapping[str, Any]) -> Mark:
    """The mark that a mapping describes; raises ValueError where it does not."""
    try:
        return Mark(
            uuid=str(mapping["uuid"]),
            frame=str(mapping["frame"]),
            group=str(mapping["group"]),
            x=float(mapping["x"]),
            y=float(mapping["y"]),
            label=str(mapping.get("label") or ""),
            ra=_number(mapping.get("ra")),
            dec=_number(mapping.get("dec")),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a mark: {mapping!r}") from error


def _mapping(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    return asdict(value) if isinstance(value, Mark) else dict(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def differing(key: str, before: Tally, after: Tally) -> Iterator[tuple[tuple[str, str], int]]:
    """How the totals change from one tally of a key to the next: (what, name), the difference."""
    change = after.counted(key)
    change.subtract(before.counted(key))
    return ((name, n) for name, n in change.items() if n)
