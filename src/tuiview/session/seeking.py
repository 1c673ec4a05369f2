"""Seeking: the next item that is unreviewed or has a note, and views by order and filter."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from tuiview.collection.selection import parse_order
from tuiview.collection.view import View, item_at
from tuiview.errors import Cancelled, Poll, TuiviewError
from tuiview.session.background import Background
from tuiview.session.changes import Change, Noticed, RowsLoaded
from tuiview.session.choice import Choice, choose, parse_filter, seed_of
from tuiview.session.finding import Sought, once_round
from tuiview.session.whereabouts import Whereabouts

if TYPE_CHECKING:
    from tuiview.session.session import Session


class ViewMade(Change, frozen=True):
    """The view of a choice is ready; None tells that it could not be made."""

    view: View | None
    choice: Choice


class Seeking:
    """Searches over the session's view; each runs behind and comes back as a change.

    Args:
        session: The session whose view is searched.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._choosing = Background(session.failed_behind)
        self._whereabouts = Whereabouts(session.collection, session.store)
        self._making: object = None
        self._prepared = False
        self.choice = Choice()
        self.progress = ""

    def unreviewed(self, step: int) -> None:
        """Seek the next (1) or previous (-1) item of which nothing was said, going round."""
        session = self._session
        start, count = session.position, session.count

        def find(superseded: Poll) -> int | None:
            for positions in once_round(start, count, step):
                if superseded():
                    return None
                keys = [item_at(session.collection, session.view, p).key for p in positions]
                if (found := session.store.next_undecided(keys)) is not None:
                    return positions[keys.index(found)]
            return None

        self._seek(find, "unreviewed item", session.background)

    def note(self, text: str, step: int = 1) -> None:
        """Seek the next item whose note has all the words."""
        session = self._session
        start, count, view = session.position, session.count, session.view

        def find(superseded: Poll) -> int | None:
            noted = self._whereabouts.noted(text, len(session.collection), superseded)
            either = noted[0] | noted[1]
            for positions in once_round(start, count, step):
                if superseded():
                    return None
                rows = view.take(np.array(positions, np.int64))
                for at in np.flatnonzero(either[rows]).tolist():
                    position = positions[at]
                    if noted[view.replicate(position) - 1][rows[at]]:
                        return position
            return None

        self._choosing.supersede("prepare")
        self._seek(find, f"note with '{text}'", self._choosing)

    def filter(self, words: str) -> None:
        """Show only some items: see `parse_filter` for the words; `all` ends the filter.

        Raises:
            UsageError: The words are not understood.
        """
        names = tuple(c.name for c in self._session.settings.categories)
        asked = parse_filter(words, names)
        if asked is not None and asked.part and self._session.veil is not None:
            self._session.veil.refuse_names()
        only = "" if asked is None else words.strip()
        self.choose(replace(self.choice, only=only))

    def where(self, condition: str) -> None:
        """Show only rows of which a condition on columns holds; an empty one ends it."""
        self.choose(replace(self.choice, where=condition.strip()))

    def order(self, words: str) -> None:
        """Take another order: `name`, `random[:SEED]` or `COLUMN[:desc]`; empty for the own.

        Raises:
            UsageError: The order is not understood.
        """
        parse_order(words.strip())
        self.choose(replace(self.choice, order=words.strip()))

    def choose(self, choice: Choice) -> None:
        """Make the view of a choice behind; `ViewMade` brings it, a notice why there is none."""
        session = self._session
        choice = choice.seeded(seed_of(session.store.identity))
        names = tuple(c.name for c in session.settings.categories)
        ended = session.finding.lead()
        self._choosing.supersede("prepare")
        this = self._making = object()

        def make() -> None:
            superseded = self._choosing.superseded("view")
            try:
                view = choose(
                    session.collection, self._whereabouts, choice, names,
                    progress=self._tell_progress, cancelled=superseded,
                )  # fmt: skip
            except Cancelled:
                made: Change = RowsLoaded()
            except TuiviewError as error:
                session.notify(Noticed(str(error), "error"))
                made = ViewMade(None, choice)
            else:
                made = ViewMade(view, choice)
            finally:
                self.progress = ""
                if self._making is this:
                    self._making = None
            session.notify(made)
            ended()

        self._choosing.run(make, name="view")

    def rested(self) -> None:
        """The reviewer pauses: find out where the touched items stand, before a filter asks."""
        if self._prepared or not self._session.collection.complete:
            return
        self._prepared = True

        def prepare() -> None:
            # What goes wrong is told to who asks for a filter.
            with contextlib.suppress(Cancelled, TuiviewError, sqlite3.Error):
                self._whereabouts.prepare(self._choosing.superseded("prepare"))

        self._choosing.run(prepare, name="prepare", urgency=2)

    @property
    def idle(self) -> bool:
        """Whether no view is being made or prepared for."""
        return self._choosing.idle

    def taken(self, made: ViewMade) -> None:
        """Show the view that was made, unless it is empty."""
        session = self._session
        if made.view is None:
            session.begin()
        elif not len(made.view) and not made.choice.everything and session.collection.complete:
            if len(session.collection):
                session.notify(Noticed(f"no item is {made.choice.words()}", "warning"))
            session.begin()
        else:
            self.choice = made.choice
            session.show_view(made.view, context=made.choice.context())
            if not made.choice.everything:
                words = f"{made.choice.words()}: {len(made.view):,} items"
                session.notify(Noticed(words))

    def stop(self) -> bool:
        """Give up the view that is being made; returns whether there was one."""
        busy = self._making is not None
        if busy:
            self._making = None
            self._choosing.supersede("view")
            self._session.begin()
        return busy

    def close(self) -> None:
        """Stop for good."""
        self._choosing.supersede("view")
        self._choosing.supersede("prepare")
        self._choosing.supersede("seek")
        self._choosing.close()

    def _tell_progress(self, done: int, total: int) -> None:
        self.progress = f"choosing, {done:,} of {total:,}" if done else f"reading, {total:,}"
        self._session.notify(RowsLoaded())

    def _seek(self, find: Callable[[Poll], int | None], words: str, behind: Background) -> None:
        """Have the position of an item found; `Sought` tells."""
        session = self._session
        ended = session.finding.lead()

        def seek() -> None:
            superseded = behind.superseded("seek")
            try:
                position = find(superseded)
                if not superseded():
                    session.notify(Sought(position, words))
            except Cancelled:
                pass
            finally:
                ended()

        behind.run(seek, name="seek", urgency=0)
