"""Undo and redo of steps, beyond the end of a session."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import groupby
from uuid import UUID

from msgspec.structs import replace

from tuiview.review.model import Event, What

DEPTH = 500
"""Events that are looked back at when a store is opened, and steps that are kept."""

Step = tuple[Event, ...]


class History:
    """What can be undone and redone.

    Taking a step back is a step of its own, whose events name those they take back. Redoing takes
    that one back.
    """

    def __init__(self) -> None:
        self.done: deque[Step] = deque(maxlen=DEPTH)
        self.undone: deque[Step] = deque(maxlen=DEPTH)

    def add(self, events: Sequence[Event]) -> None:
        """Note a step that was made, in the order of making."""
        step = tuple(e for e in events if e.decision.what not in (What.SEEN, What.MEASURED))
        if not step:
            return
        targets = {event.undo_of for event in step if event.undo_of is not None}
        if not targets:
            self.done.append(step)
            self.undone.clear()
        elif target := _pulled(self.done, targets):
            self.undone.append(_weighed(step, target))
        elif target := _pulled(self.undone, targets):
            self.done.append(_weighed(step, target))

    def recall(self, events: Iterable[Event]) -> None:
        """Note the steps of earlier sessions, in uuid order."""
        for _, step in groupby(events, key=lambda event: event.step):
            self.add(tuple(step))


def _pulled(steps: deque[Step], targets: set[UUID]) -> Step | None:
    for step in reversed(steps):
        if any(event.uuid in targets for event in step):
            steps.remove(step)
            return step
    return None


def _weighed(step: Step, target: Step) -> Step:
    weights = {event.uuid: event.weight for event in target}
    return tuple(
        replace(event, weight=-weights.get(event.undo_of, 1)) if event.undo_of else event
        for event in step
    )
