"""Sight: the rows and states around the cursor and on the screen, brought into memory behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tuiview.collection.view import item_at
from tuiview.session.changes import RowsLoaded

if TYPE_CHECKING:
    from tuiview.session.session import Session

_FAR = 64
"""How many neighbours on each side have their rows and states in memory."""
_NEAR = 8
"""How many of them must be missing from it before it is looked after."""


class Sight:
    """Items and what is said of them, in memory before one gets there.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def want(self, positions: Iterable[int], panel: str) -> None:
        """Have items and states in memory soon that a panel shows; `RowsLoaded` tells when.

        A newer wish of a panel takes the place of an older one.
        """
        self._load(panel, positions)

    def want_state(self, key: str) -> None:
        """Have the state of one item in memory soon; `RowsLoaded` tells when."""
        session = self._session

        def load() -> None:
            session.store.load([key])
            session.notify(RowsLoaded())

        session.background.run(load, urgency=0)

    def look_around(self) -> None:
        """Have the neighbourhood of the cursor in memory before one gets there."""
        at = self._session.position
        if self._missing(range(at - _NEAR, at + _NEAR + 1)):
            far = range(at - _FAR, at + _FAR + 1)
            self._load("near", sorted(far, key=lambda p: abs(p - at)))

    def _missing(self, positions: Iterable[int]) -> bool:
        session = self._session
        for position in positions:
            if 0 <= position < session.count:
                item = session.peek(position)
                if item is None or session.store.peek(item.key) is None:
                    return True
        return False

    def _load(self, name: str, positions: Iterable[int]) -> None:
        session = self._session
        count = session.count
        wanted, view = [p for p in positions if 0 <= p < count], session.view
        peeked = [session.peek(position) for position in wanted]
        if all(i is not None and session.store.peek(i.key) is not None for i in peeked):
            return

        def load() -> None:
            superseded = session.background.superseded(name)
            keys = []
            for position in wanted:
                if superseded():
                    break
                keys.append(item_at(session.collection, view, position).key)
            session.store.load(keys)
            session.notify(RowsLoaded())

        session.background.run(load, name=name)
