"""Finding: an item by its key or by a part of it, in collections of any size."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tuiview.collection.base import Searchable
from tuiview.collection.replicates import split_key
from tuiview.collection.view import item_at
from tuiview.errors import Poll, TuiviewError, UsageError
from tuiview.session.background import Background
from tuiview.session.changes import Change, RowsLoaded

if TYPE_CHECKING:
    from tuiview.collection.view import View
    from tuiview.review.batch import Place
    from tuiview.session.session import Session

_CHUNK = 512
_TELL_SECONDS = 0.1
_POLL_SECONDS = 0.02
_HOLD_SECONDS = 0.3
_PATIENCE_SECONDS = 2.0
_LEAD_SECONDS = 3.0


class Sought(Change, frozen=True):
    """What was sought is at `position`; None tells that there is none."""

    position: int | None
    words: str


class Finding:
    """Finds items behind, on a thread of its own: a table may have to be read to its end.

    Args:
        session: The session whose view is searched.

    Attributes:
        progress: How far a search is, in words; empty while there is none.
        resuming: Whether the first picture waits for the place where the reviewer left off.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._text = ""
        self._behind = Background(session.failed_behind)
        self._told = 0.0
        self._leads_until: float | None = None
        self.progress = ""
        self.resuming = False

    def lead(self) -> Callable[[], None]:
        """A search begins that leads to another item; the newest counts.

        Returns:
            What ends it, to be called from any thread when its change has been notified.
        """
        this = self._leads_until = time.monotonic() + _LEAD_SECONDS

        def ended() -> None:
            if self._leads_until == this:
                self._leads_until = None

        return lambda: self._session.later(ended)

    @property
    def leading(self) -> float:
        """Seconds in which a key should wait for a search to lead where it was meant for."""
        return 0.0 if self._leads_until is None else max(0.0, self._leads_until - time.monotonic())

    @property
    def idle(self) -> bool:
        """Whether nothing is being looked for."""
        return self._behind.idle

    def stop(self) -> bool:
        """Give up what is being looked for; returns whether there was something."""
        busy = not self.idle
        self._leads_until = None
        self.leave_resuming()
        self._behind.supersede("find")
        return busy

    def leave_resuming(self) -> None:
        """The reviewer goes elsewhere than where the last review was left."""
        self.resuming = False
        self._behind.supersede("resume")

    def close(self) -> bool:
        """Stop for good; returns whether what ran has ended: a read that hangs does not."""
        self.stop()
        ended = self._behind.settled(_PATIENCE_SECONDS)
        self._behind.close()
        return ended

    def key(self, key: str) -> None:
        """Find the item of that key; `Sought` tells."""
        view = self._session.view

        def find(cancelled: Poll) -> int | None:
            return self._position_of(key, view, cancelled)

        hidden = self._session.veil is not None and self._session.veil.names
        self._find(find, "such item here" if hidden else f"item {split_key(key)[0]}")

    def text(self, text: str, step: int = 1) -> None:
        """Find the next item whose key contains `text`; capitals matter only if it has some.

        Raises:
            UsageError: There is nothing to search for, or names are hidden.
        """
        if self._session.veil is not None:
            self._session.veil.refuse_names()
        self._text = text = text or self._text
        if not text:
            raise UsageError("nothing to search for", "type / and a part of a name")
        collection, view = self._session.collection, self._session.view
        start, folded = self._session.position, text == text.lower()

        def walk(cancelled: Poll) -> int | None:
            for positions in once_round(start, len(view), step):
                if cancelled():
                    return None
                for position in positions:
                    key = collection.item(view.row(position)).key
                    if text in (key.lower() if folded else key):
                        return position
            return None

        def scan(cancelled: Poll) -> int | None:
            from tuiview.collection.search import next_with

            assert isinstance(collection, Searchable)
            if len(view) and len(collection.item(view.row(start)).key) == len(text):
                # As long as a whole key: that passes over most of a table that is sorted by it.
                row = collection.find(text, cancelled)
                if row is not None and (position := view.position_of(row)) is not None:
                    return position
            return next_with(
                collection, view, text, start, step,
                folded=folded, cancelled=cancelled, told=self._tell,
            )  # fmt: skip

        self._find(scan if isinstance(collection, Searchable) else walk, f"'{text}'")

    def resume(self, place: Place) -> None:
        """Find where the reviewer left off, and tell the session's `resumed`.

        The first picture waits for it a moment, not longer.
        """
        session, view = self._session, self._session.view
        self.resuming = True

        def find() -> None:
            cancelled = self._behind.superseded("resume")

            def tell(position: int | None) -> None:
                session.later(lambda: None if cancelled() else session.resumed(position))

            patience, complete, row = time.monotonic() + _HOLD_SECONDS, False, None
            while row is None and not complete:
                complete = session.collection.wait(_POLL_SECONDS)
                row = self._soon(view, place)
                if cancelled():
                    return
                if row is None and (complete or time.monotonic() > patience):
                    tell(None)
                    patience = math.inf
            if row is not None:
                tell(view.position_of(row, split_key(place.key)[1]))
            else:
                tell(self._position_of(place.key, view, cancelled))

        self._behind.run(find, name="resume")

    def _soon(self, view: View, place: Place) -> int | None:
        """The row where the reviewer left off, as far as that is known without a search."""
        collection = self._session.collection
        if not isinstance(collection, Searchable):
            return collection.row_of(split_key(place.key)[0])
        near = view.row(place.position) if place.position < len(view) else None
        try:
            here = near is not None and item_at(collection, view, place.position).key == place.key
        except TuiviewError:
            return None  # the picture says why, when it is looked at
        return near if here else None

    def _find(self, find: Callable[[Poll], int | None], words: str) -> None:
        self.leave_resuming()
        ended = self.lead()

        def job() -> None:
            cancelled = self._behind.superseded("find")
            try:
                position = find(cancelled)
                self._session.notify(RowsLoaded() if cancelled() else Sought(position, words))
            finally:
                self.progress = ""
                ended()

        self._behind.run(job, name="find")

    def _position_of(self, key: str, view: View, cancelled: Poll) -> int | None:
        collection = self._session.collection
        own, replicate = split_key(key)
        while not collection.wait(_POLL_SECONDS):
            if cancelled():
                return None
        if isinstance(collection, Searchable):
            row = collection.find(own, cancelled)
        else:
            row = collection.row_of(own)
        return None if row is None else view.position_of(row, replicate)

    def _tell(self, done: int) -> None:
        if (now := time.monotonic()) - self._told > _TELL_SECONDS:
            self._told = now
            self.progress = f"searching, {done:,} of {len(self._session.collection):,}"
            self._session.notify(RowsLoaded())


def once_round(start: int, count: int, step: int) -> Iterator[list[int]]:
    """Positions after `start` in the direction of `step`, once round, in chunks."""
    for done in range(0, count, _CHUNK):
        numbers = range(done + 1, min(count, done + _CHUNK) + 1)
        yield [(start + step * n) % count for n in numbers]
