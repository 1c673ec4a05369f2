"""A review without a screen: what is shown, what was said, where one is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiview.collection.view import View, peek_at
from tuiview.errors import TuiviewError
from tuiview.session.annotating import Annotating
from tuiview.session.background import Background
from tuiview.session.catalogues import Catalogues
from tuiview.session.changes import (
    CollectionGrew,
    CursorMoved,
    DecisionsChanged,
    DisplayChanged,
    Faulted,
    Noticed,
    Notify,
    ToRun,
)
from tuiview.session.choice import EVERYTHING, Choice
from tuiview.session.coordinates import Coordinates
from tuiview.session.copying import Copying
from tuiview.session.decisions import Circumstances, Decisions
from tuiview.session.examining import Examining
from tuiview.session.finding import Finding
from tuiview.session.grid import Grid
from tuiview.session.look import Look
from tuiview.session.mark_list import MarkList
from tuiview.session.marking import Marking
from tuiview.session.seeking import Seeking
from tuiview.session.sight import Sight
from tuiview.session.viewer import Viewer

if TYPE_CHECKING:
    from tuiview.collection.base import Collection, Item
    from tuiview.exchange.options import CatalogueOptions
    from tuiview.loading.loader import Loader
    from tuiview.review.batch import Place
    from tuiview.review.model import ItemState
    from tuiview.review.store import Store
    from tuiview.session.veil import Veil
    from tuiview.settings import Settings

_LAST_LOADS = 0.5
"""Seconds that reading images may still take at the end."""


class Session:
    """One review: a collection seen through a view, a cursor, the display, the store, the loader.

    All methods are for one thread (the screen's) and never wait; what must wait runs behind and
    comes back as a change through `notify`.

    Args:
        collection: What there is to review; `start` has not been called yet.
        store: Where decisions go.
        loader: Makes pictures; its answers are to be handed to `answered`.
        settings: The reviewer's settings.
        notify: Takes changes, from any thread.
        choice: What to begin with; nothing is shown before it has been made.
        catalogues: What to draw over the pictures.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        collection: Collection,
        store: Store,
        loader: Loader,
        settings: Settings,
        *,
        notify: Notify,
        choice: Choice = EVERYTHING,
        catalogues: Sequence[CatalogueOptions] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.collection = collection
        self.store = store
        self.loader = loader
        self.settings = settings
        self.notify = notify
        self.background = Background(self.failed_behind)
        self.view = View.all(collection)
        self.position = 0
        self._before = 0
        self.auto_advance = settings.auto_advance
        self.context: dict[str, Any] = {}
        self.veil: Veil | None = None
        if settings.blind or settings.hide:
            from tuiview.session.veil import Veil

            self.veil = Veil.of(settings)
        self._travel = 1
        self._left_off: Place | None = None
        self._first_choice = choice
        self._choosing_first = not choice.everything
        self.sight = Sight(self)
        self.viewer = Viewer(self, clock)
        self.look = Look(settings, self._display_changed, self.viewer.sky_view)
        self.decisions = Decisions(
            store, settings, self._circumstances, self.sight.want_state, self._decided
        )
        self.finding = Finding(self)
        self.seeking = Seeking(self)
        self.marking = Marking(self)
        self.mark_list = MarkList(self)
        self.copying = Copying(self)
        self.examining = Examining(self)
        self.coordinates = Coordinates(settings)
        self.annotating = Annotating(self)
        self.catalogues = Catalogues(self)
        self.grid = Grid(self)
        self._to_open = catalogues

    # Life

    def start(self) -> None:
        """Begin reading the collection; resumes where the reviewer left off."""
        self._left_off = self.store.remembered()
        self.collection.start(lambda: self.notify(CollectionGrew()))
        for options in self._to_open:
            self.catalogues.add(options)
        if self._choosing_first:
            self.seeking.choose(self._first_choice)
        self.grown()

    def close(self) -> bool:
        """Stop the work behind; the store is closed by its owner.

        Returns:
            Whether everything came to an end; a read that hangs on broken storage does not.
        """
        self.background.close()
        self.seeking.close()
        self.catalogues.close()
        found, loaded = self.finding.close(), self.loader.close(_LAST_LOADS)
        self.collection.close()
        return found and loaded

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for is there: rows, states, metadata, the picture."""
        known = self.collection.complete and not self.decisions.waiting
        found = self.finding.idle and self.seeking.idle
        return (
            known and found and self.background.idle and self.catalogues.idle and self.viewer.idle
        )

    # Where one is

    @property
    def count(self) -> int:
        """Items in the view, known so far."""
        return len(self.view)

    @property
    def item(self) -> Item | None:
        """The current item; None while there is none, it is being read, or the view is made."""
        return None if self._choosing_first else self.peek(self.position)

    @property
    def state(self) -> ItemState | None:
        """What is said of the current item; None while it is not known."""
        item = self.item
        return self.store.peek(item.key) if item is not None else None

    def peek(self, position: int) -> Item | None:
        """The item at a position of the view, if it is in memory."""
        if not 0 <= position < self.count:
            return None
        item = peek_at(self.collection, self.view, position)
        return item if item is None or self.veil is None else self.veil.over(item, position)

    def move(self, by: int) -> bool:
        """Go `by` items on; stops at the ends. Returns whether the cursor moved."""
        return self.go_to(self.position + by)

    def go_to(self, position: int) -> bool:
        """Make the item at `position` (0-based, held within the view) current."""
        self._left_off = None
        self.finding.leave_resuming()
        position = max(0, min(position, self.count - 1))
        if position == self.position or self.count == 0:
            return False
        self.viewer.leave()
        self._travel = 1 if position > self.position else -1
        self._before, self.position = self.position, position
        self._arrive()
        return True

    def go_to_key(self, key: str) -> None:
        """Make the item of that key current, once its row is found; `Sought` tells."""
        self.finding.key(key)

    def go_back(self) -> bool:
        """Go to the item that was current before this one."""
        return self.go_to(self._before)

    def advance(self) -> None:
        """After a deciding key: the next item, if that is how the reviewer wants it."""
        if self.auto_advance:
            self.move(1)

    def show_view(self, view: View, *, context: dict[str, Any] | None = None) -> None:
        """Review through another order or filter; stays on the item where it is still there."""
        self.viewer.leave()
        self._choosing_first = False
        self.finding.leave_resuming()
        before, at = self.view, self.position
        self.view = view
        self.context = context or {}
        self.position = 0
        if len(before) and (self.viewer.shown is not None or self.viewer.failed is not None):
            self.position = view.position_of(before.row(at), before.replicate(at)) or 0
        self.notify(CollectionGrew())
        self._arrive()

    def grown(self) -> None:
        """Rows were added: show the first one, or the one where the reviewer left off."""
        if self._choosing_first:
            return
        if self._left_off is not None:
            place, self._left_off = self._left_off, None
            self.finding.resume(place)
        if self.finding.resuming:
            return
        if self.count and not self.viewer.wants:
            self._arrive()
        else:
            self.sight.look_around()

    def resumed(self, position: int | None) -> None:
        """Where the reviewer left off is at `position`; None while or if it is nowhere."""
        self.finding.resuming = False
        if position is None:
            self.grown()
        else:
            self.viewer.leave()
            self.position = position
            self._arrive()

    def begin(self) -> None:
        """The first choice came to nothing: show the collection as it is."""
        if self._choosing_first:
            self._choosing_first = False
            self.grown()

    # Behind

    def later(self, job: Callable[[], object]) -> None:
        """Have the screen's thread run a job; called from any thread."""
        self.notify(ToRun(job))

    def save_to(self, path: Path) -> None:
        """Write every decision, the unsaved ones too, to another database; a notice tells."""

        def save() -> None:
            unsaved = self.store.save_to(path)
            self.notify(Noticed(f"{path} has every decision, {unsaved} of them unsaved here"))

        self.background.run(save, urgency=0)

    def rows_loaded(self) -> None:
        """Rows or states came into memory: go on with what waited for them."""
        if self.item is not None and not self.viewer.wants:
            self.viewer.show()
        elif self.grid.of is not None:
            self.viewer.redraw()
        self.decisions.known()

    def next_items(self) -> list[Item]:
        """The items that are likely to be wanted next, as far as they are known."""
        found = []
        for distance in range(1, self.settings.ahead + 1):
            steps = (distance, -distance) if distance <= 2 else (distance,)
            for step in steps:
                if (item := self.peek(self.position + self._travel * step)) is not None:
                    found.append(item)
        return found

    def failed_behind(self, error: Exception) -> None:
        """A job behind let an exception through: tell it, whatever thread it was."""
        if isinstance(error, TuiviewError):
            words = error.message
            if self.veil is not None:
                words = self.veil.reason(words, None)
            self.notify(Noticed(words, "error"))
        else:
            self.notify(Faulted(error))

    def _arrive(self) -> None:
        """The cursor is on another item."""
        if self.look.locked:
            self.viewer.sky_view()
        self.viewer.forget()
        self.marking.arrived()
        self.viewer.show()
        self.notify(CursorMoved(self.position))
        self.sight.look_around()

    def _circumstances(self) -> Circumstances:
        item, shown = self.item, self.viewer.shown
        return Circumstances(
            item.key if item is not None else None,
            shown.info.frame if shown is not None else "",
            self.viewer.reaction,
            self.look.current,
            shown.limits if shown is not None else None,
            self.context if self.veil is None else self.context | self.veil.context,
        )

    def _decided(self) -> None:
        self.notify(DecisionsChanged())

    def _display_changed(self) -> None:
        self.viewer.show()
        self.notify(DisplayChanged())
