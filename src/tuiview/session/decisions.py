"""Deciding: the verbs that turn a key into events of the store."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, to_builtins

from tuiview.collection.replicates import split_key
from tuiview.errors import Poll, TuiviewError, UsageError, never
from tuiview.review.model import Decision, ItemState, What

if TYPE_CHECKING:
    from tuiview.imaging.display import Display
    from tuiview.review.store import Store
    from tuiview.settings import Category, Settings

_ASKED = 0.1


class Circumstances(Struct, frozen=True):
    """What is true while one decides; it goes into every event.

    Attributes:
        key: The current item's key; None while there is none.
        frame: The frame that is shown.
        reaction: Seconds since the picture was painted, or None.
        display: How the item is shown.
        limits: The limits in data units that were used, or None.
        context: Order, seed, blind flags.
    """

    key: str | None
    frame: str
    reaction: float | None
    display: Display
    limits: tuple[float, float] | None
    context: dict[str, Any]


Said = tuple[What, str, Any, Any]
"""What is said, of what (the name of a category, the UUID of a mark), old and new."""
Decide = Callable[[Circumstances, ItemState], object]
"""Decides, once it is known what was said of the item before."""


class Decisions:
    """What is said of the current item.

    A decision on an item whose state is not in memory yet is made as soon as it is, and those after
    it follow in their order; the reviewer never waits.

    Args:
        store: Keeps them.
        settings: For the categories.
        circumstances: Asked at each decision.
        want: Asks for the states of keys to be loaded; then `known` is to be called.
        changed: Called after each change.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        circumstances: Callable[[], Circumstances],
        want: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._settings = settings
        self._circumstances = circumstances
        self._want = want
        self._changed = changed
        self._waiting: deque[tuple[Circumstances, Decide]] = deque()

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories, in the order of their keys."""
        return self._settings.categories

    def toggle_category(self, number: int) -> str | None:
        """Put category `number` (0-based) on or off; returns its name, or None if there is none."""
        if number >= len(self.categories):
            return None
        name = self.categories[number].name

        def decide(now: Circumstances, state: ItemState) -> None:
            on = name not in state.categories
            others = sorted(state.categories - {name}) if on and self._settings.exclusive else ()
            self._record(
                now,
                *((What.CATEGORY, other, True, False) for other in others),
                (What.CATEGORY, name, not on, on),
            )

        self._decide(decide)
        return name

    def toggle_favourite(self) -> None:
        """Make the item a favourite, or not."""
        self._decide(
            lambda now, state: self._record(
                now, (What.FAVOURITE, "", state.favourite, not state.favourite)
            )
        )

    def toggle_unsure(self) -> None:
        """Say that one cannot tell, or take it back."""
        self._decide(
            lambda now, state: self._record(now, (What.UNSURE, "", state.unsure, not state.unsure))
        )

    def keep_note(self, key: str, text: str, *, added: bool = False) -> None:
        """Keep the note of an item, if it differs from the kept one.

        Args:
            key: The item.
            text: The note, or what is added to a note that was not known yet.
            added: Which of them it is.
        """

        def decide(now: Circumstances, state: ItemState) -> None:
            new = state.note + text if added else text
            if new != state.note:
                self._record(now, (What.NOTE, "", state.note, new))

        self._decide(decide, key)

    def draft_note(self, key: str, text: str, *, added: bool = False) -> None:
        """Save a note that is being typed, or what is added to one that is not known yet."""
        if added:
            self._decide(lambda now, state: self._store.draft(key, state.note + text), key)
        else:
            self._store.draft(key, text)

    def note_known(self, key: str) -> bool:
        """Whether `note_to_edit` knows the note, and nothing that waits may still change it."""
        waits = any(now.key == key for now, _ in self._waiting)
        known = self._store.peek(key) is not None and not waits
        return known or self._store.draft_of(key) is not None

    def note_to_edit(self, key: str) -> str:
        """The draft if one was left behind, else the kept note."""
        state = self._store.peek(key)
        draft = self._store.draft_of(key)
        return draft if draft is not None else (state.note if state else "")

    def saw(self) -> None:
        """The picture of the current item was painted: say so once."""

        def decide(now: Circumstances, state: ItemState) -> None:
            if not state.seen:
                self._record(now, (What.SEEN, "", False, True))

        self._decide(decide)

    def say_of_mark(self, what: What, mark: str, old: Any, new: Any) -> None:
        """Record what was done to one mark."""
        self.say_of_marks([(what, mark, old, new)])

    def say_of_marks(self, said: Sequence[Said]) -> None:
        """Record what was done to several marks, as one step."""
        self._decide(lambda now, state: self._record(now, *said))

    def measured(self, key: str, name: str, result: dict[str, Any]) -> None:
        """Keep a measurement in the log; it is no decision and no step of undo."""
        self._decide(lambda now, state: self._record(now, (What.MEASURED, name, None, result)), key)

    def say_once_known(self, said: Callable[[ItemState], Sequence[Said]]) -> None:
        """Record of the current item, in one step, what is to be said in view of its state."""
        self._decide(lambda now, state: self._record(now, *said(state)))

    def undo(self, told: Callable[[list[Decision]], object]) -> None:
        """Take back the last step, one that waits included; `told` hears what it was."""
        self._in_turn(lambda: told(self._stepped(self._store.undo)))

    def redo(self, told: Callable[[list[Decision]], object]) -> None:
        """Do again what was taken back last; `told` hears what it was."""
        self._in_turn(lambda: told(self._stepped(self._store.redo)))

    @property
    def waiting(self) -> int:
        """How many decisions wait for states to be loaded."""
        return len(self._waiting)

    def finish(self, timeout: float, given_up: Poll = never) -> int:
        """Make the decisions that wait, at the end of the program.

        Args:
            timeout: Seconds to wait for a disk that does not answer.
            given_up: Asked now and then: whether to wait no more.

        Returns:
            How many could not be made.
        """
        keys = [now.key for now, _ in self._waiting if now.key is not None]

        def load() -> None:
            with contextlib.suppress(TuiviewError, sqlite3.Error, OSError):
                self._store.load(keys)

        if keys:
            reading = threading.Thread(target=load, name="last-states", daemon=True)
            reading.start()
            deadline = time.monotonic() + timeout
            while reading.is_alive() and time.monotonic() < deadline and not given_up():
                reading.join(min(timeout, _ASKED))
            self.known()
        return self.waiting

    def known(self) -> None:
        """States were loaded: make the decisions that waited for them, in their order."""
        while self._waiting:
            now, decide = self._waiting[0]
            assert now.key is not None
            state = self._store.peek(now.key)
            if state is None:
                self._want(now.key)
                return
            self._waiting.popleft()
            decide(now, state)

    def _decide(self, decide: Decide, key: str | None = None) -> None:
        now = self._circumstances()
        if key is not None and key != now.key:
            now = Circumstances(key, "", None, now.display, None, now.context)
        if now.key is None:
            raise UsageError("no item is shown yet, so nothing was decided")
        state = self._store.peek(now.key)
        if self._waiting or state is None:
            self._waiting.append((now, decide))
            self._want(now.key)
            self._changed()
        else:
            decide(now, state)

    def _in_turn(self, act: Callable[[], object]) -> None:
        """Act after the decisions that wait."""
        if self._waiting:
            self._waiting.append((self._waiting[-1][0], lambda now, state: act()))
        else:
            act()

    def _stepped(self, step: Callable[[], list[Decision]]) -> list[Decision]:
        found = step()
        self._changed()
        return found

    def _record(self, now: Circumstances, *said: Said) -> None:
        assert now.key is not None
        display = {k: v for k, v in to_builtins(now.display).items() if v is not None}
        display["limits"] = now.limits
        replicate = split_key(now.key)[1]
        context = now.context if replicate == 1 else now.context | {"replicate": replicate}
        self._store.record(
            [
                Decision(
                    now.key, what, name, old, new,
                    frame=now.frame, reaction=now.reaction, display=display, context=context,
                )
                for what, name, old, new in said
            ]
        )  # fmt: skip
        self._changed()
