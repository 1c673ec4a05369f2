"""What is known of items without asking the disk: loaded states and unsaved events on top."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from tuiview.review.model import Event, ItemState
from tuiview.review.tally import Tally, differing

CAPACITY = 50_000
"""Items kept; those with unsaved events stay beyond it."""


class _Known(Struct):
    saved: Tally | None = None
    current: Tally | None = None
    unsaved: list[Event] = field(default_factory=list)


class Memory:
    """States by key. The caller holds a lock around every call.

    Args:
        capacity: How many items to keep.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._unsaved: dict[str, None] = {}

    def peek(self, key: str) -> ItemState | None:
        """The present state, None where the saved one was not loaded."""
        known = self._known.get(key)
        if known is None or known.current is None:
            return None
        self._known.move_to_end(key)
        return known.current.state

    def state(self, key: str) -> ItemState:
        """The present state of an item that was just filled."""
        current = self._known[key].current
        assert current is not None
        return current.state

    def add(self, events: Iterable[Event]) -> None:
        """Take events that are not saved yet."""
        for key, added in _by_item(events).items():
            known = self._known.setdefault(key, _Known())
            known.unsaved += added
            self._unsaved[key] = None
            if known.current is not None:
                known.current = known.current.after(*added)
        self._trim()

    def fill(self, tallies: Mapping[str, Tally]) -> None:
        """Take saved states, read while nothing was being committed."""
        for key, tally in tallies.items():
            known = self._known.setdefault(key, _Known())
            known.saved, known.current = tally, tally.after(*known.unsaved)
            self._known.move_to_end(key)
        self._trim()

    def committed(self, events: Iterable[Event]) -> None:
        """Note that events, the oldest of their items, are saved."""
        for key, saved in _by_item(events).items():
            known = self._known[key]
            del known.unsaved[: len(saved)]
            if known.saved is not None:
                known.saved = known.saved.after(*saved)
            if not known.unsaved:
                known.current = known.saved
                self._unsaved.pop(key, None)

    def unsaved(self) -> Iterator[str]:
        """Keys with unsaved events."""
        return iter(tuple(self._unsaved))

    def difference(self) -> Counter[tuple[str, str]]:
        """What unsaved events of loaded items change in the saved totals."""
        total: Counter[tuple[str, str]] = Counter()
        for key in self._unsaved:
            known = self._known[key]
            if known.saved is not None and known.current is not None:
                for name, n in differing(key, known.saved, known.current):
                    total[name] += n
        return total

    def _trim(self) -> None:
        if len(self._known) <= self._capacity + len(self._unsaved):
            return
        # In one go, with room for many more, so that the walk over all is rare.
        surplus = len(self._known) - self._capacity * 9 // 10
        for key in [key for key in self._known if key not in self._unsaved][:surplus]:
            del self._known[key]


def _by_item(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.decision.item, []).append(event)
    return found
