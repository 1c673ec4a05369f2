"""The thread that writes: decisions at once, drafts and the place a little later."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from tuiview.review.batch import Batch, Place
from tuiview.review.errors import StoreError
from tuiview.review.rows import Entry

BATCH = 512
"""Events in one transaction at most (a step is never divided)."""

_DRAFT_DELAY = 0.3
_PLACE_DELAY = 0.3
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Status(Struct, frozen=True):
    """How it stands with what was decided.

    Attributes:
        pending: Decisions that are not durable yet.
        saved: Whether everything is durable.
        error: Why the last attempt to write failed; None where it did not.
        hint: What to do about it.
        since: UTC time of the first of the failed attempts; empty without an error.
        durable: The highest ticket up to which every decision is durable.
    """

    pending: int = 0
    saved: bool = True
    error: str | None = None
    hint: str = ""
    since: str = ""
    durable: int = 0

    @property
    def reason(self) -> str:
        """The error without the words that nothing was saved."""
        return (self.error or "").removeprefix("not saved: ")


class Writer:
    """Writes in the order of handing over, and again until it works.

    Args:
        condition: Guards everything here and the store's memory; held only for moments.
        write: Makes a batch durable or raises.
        idle: Called when there is nothing to write, with what tells whether there is again.
        explain: Puts an error into words.
        utc: The time for `Status.since`.
        on_change: Called without any lock when the status has changed.
    """

    def __init__(
        self,
        condition: threading.Condition,
        write: Callable[[Batch], None],
        *,
        idle: Callable[[Callable[[], bool]], None],
        explain: Callable[[BaseException], StoreError],
        utc: Callable[[], str],
        on_change: Callable[[], None] | None,
    ) -> None:
        self._condition = condition
        self._write = write
        self._idle = idle
        self._explain = explain
        self._utc = utc
        self._on_change = on_change
        self._steps: deque[tuple[int, tuple[Entry, ...]]] = deque()
        self._pending = 0
        self._handed = 0
        self._durable = 0
        self._drafts: dict[str, str | None] = {}
        self._drafts_due = 0.0
        self._place: Place | None = None
        self._place_due = 0.0
        self._error: StoreError | None = None
        self._since = ""
        self._pause = 0.0
        self._again = 0.0
        self._limit = BATCH
        self._hurry = False
        self._stopping = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="tuiview-store", daemon=True)

    def start(self) -> None:
        """Begin writing."""
        self._thread.start()

    @property
    def status(self) -> Status:
        """How it stands."""
        with self._condition:
            return Status(
                pending=self._pending,
                saved=not self._pending and self._error is None,
                error=self._error.message if self._error else None,
                hint=self._error.hint if self._error else "",
                since=self._since,
                durable=self._durable,
            )

    def hand(self, entries: tuple[Entry, ...]) -> int:
        """Hand over the events of one step; returns their ticket."""
        with self._condition:
            self._handed += 1
            self._steps.append((self._handed, entries))
            self._pending += len(entries)
            self._condition.notify_all()
            return self._handed

    def draft(self, key: str, text: str | None) -> None:
        """Hand over a draft, which replaces an earlier one that is not written yet."""
        with self._condition:
            if not self._drafts:
                self._drafts_due = time.monotonic() + _DRAFT_DELAY
                self._condition.notify_all()
            self._drafts[key] = text

    def drop_draft(self, key: str) -> None:
        """Forget an unwritten draft: the note that is kept takes its place."""
        with self._condition:
            self._drafts.pop(key, None)

    def place(self, place: Place) -> None:
        """Hand over where the reviewer is."""
        with self._condition:
            if self._place is None:
                self._place_due = time.monotonic() + _PLACE_DELAY
                self._condition.notify_all()
            self._place = place

    def unsaved(self) -> Batch:
        """Everything that is not durable yet."""
        with self._condition:
            entries = tuple(entry for _, step in self._steps for entry in step)
            return Batch(entries, dict(self._drafts), self._place)

    def wait(self, ticket: int, timeout: float) -> bool:
        """Wait until everything up to a ticket is durable; false where it is not by then."""
        with self._condition:
            return self._condition.wait_for(lambda: self._durable >= ticket, timeout)

    def flush(self, timeout: float) -> bool:
        """Write everything now; false where something is left at the end of the time."""
        with self._condition:
            self._hurry = True
            self._pause = self._again = 0.0
            self._condition.notify_all()
            try:
                return self._condition.wait_for(
                    lambda: not (self._steps or self._drafts or self._place or self._busy), timeout
                )
            finally:
                self._hurry = False

    def stop(self, timeout: float) -> bool:
        """End the thread; false where it hangs in a write."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        before = self.status
        while True:
            with self._condition:
                batch, tickets = self._next()
                while batch is None and not self._stopping:
                    self._condition.wait(self._until_due())
                    batch, tickets = self._next()
                if self._stopping or batch is None:
                    return
                self._busy = True
            try:
                self._write(batch)
            except Exception as error:
                self._failed(error)
            else:
                self._succeeded(batch, tickets)
            with self._condition:
                self._busy = False
                idle = not self._steps and self._error is None and not self._stopping
                self._condition.notify_all()
            after = self.status
            if after != before:
                before = after
                self._tell()
            if idle:
                with contextlib.suppress(Exception):
                    self._idle(self._wanted)

    def _wanted(self) -> bool:
        """Whether there is something to do."""
        return bool(self._steps) or self._stopping

    def _next(self) -> tuple[Batch | None, int]:
        """What to write now, and how many steps it takes."""
        now = time.monotonic()
        if self._error is not None and now < self._again:
            return None, 0
        entries: list[Entry] = []
        steps = 0
        for _, step in self._steps:
            if entries and len(entries) + len(step) > self._limit:
                break
            entries.extend(step)
            steps += 1
        hurry = self._hurry or bool(entries)
        drafts = self._drafts if self._drafts and (hurry or now >= self._drafts_due) else {}
        place = self._place if self._place and (hurry or now >= self._place_due) else None
        if not (entries or drafts or place):
            return None, 0
        return Batch(tuple(entries), dict(drafts), place), steps

    def _until_due(self) -> float | None:
        due = []
        if self._drafts:
            due.append(self._drafts_due)
        if self._place is not None:
            due.append(self._place_due)
        if self._error is not None and (due or self._steps):
            due = [self._again]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _succeeded(self, batch: Batch, steps: int) -> None:
        with self._condition:
            for _ in range(steps):
                self._durable, _entries = self._steps.popleft()
            self._pending -= len(batch.entries)
            for key, text in batch.drafts.items():
                if self._drafts.get(key, "") == text:
                    self._drafts.pop(key, None)
            if self._place is batch.place:
                self._place = None
            self._error, self._since, self._pause = None, "", 0.0
            self._limit = min(BATCH, self._limit * 2)

    def _failed(self, error: Exception) -> None:
        told = self._explain(error)
        with self._condition:
            if self._error is None:
                self._since = self._utc()
            self._error = told
            # On a full disk a small transaction may still go where a large one does not.
            self._limit = 1
            self._pause = min(_LONGEST_PAUSE, self._pause * 2 or _FIRST_PAUSE)
            if self._hurry:
                self._pause = _FIRST_PAUSE
            self._again = time.monotonic() + self._pause

    def _tell(self) -> None:
        if self._on_change is not None:
            with contextlib.suppress(Exception):
                self._on_change()
