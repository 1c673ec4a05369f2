"""The store: decisions are taken at once, kept in memory, and durable a moment later."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

import tuiview
from tuiview.review import rows, schema, snapshot
from tuiview.review.backup import Backups
from tuiview.review.batch import Batch, Place, apply, beginning
from tuiview.review.clock import Clock
from tuiview.review.errors import StoreError
from tuiview.review.history import History
from tuiview.review.memory import Memory
from tuiview.review.model import Decision, Event, ItemState, What
from tuiview.review.opening import Opened, opened
from tuiview.review.reading import Reading, named
from tuiview.review.rescue import Farewell, copy_out, rescue, taken_in
from tuiview.review.tally import field_of, grounded, inverse, normal
from tuiview.review.trouble import told
from tuiview.review.wanted import Wanted
from tuiview.review.writer import Status, Writer

_PAGE = 512
_ASKED = 0.5
_CUT_SHORT = 1.2


class Store(Reading):
    """The decisions of one reviewer on one collection.

    `peek`, `record`, `undo`, `redo`, `draft`, `draft_of`, `remember`, `remembered`, `status` and
    `counts` never wait for a disk. Everything else may, and is for other threads than the user
    interface's.

    Attributes:
        path: The database.
        reviewer: Whose decisions these are.
        identity: The uuid that it was given when it was made.
        notices: What the reviewer should be told about the store's file system and its lock.
        mount: The file system that it lies on.
    """

    def __init__(
        self,
        found: Opened,
        reviewer: str,
        *,
        clock: Clock,
        on_change: Callable[[], None] | None,
    ) -> None:
        self.path = found.database.path
        self.reviewer = reviewer
        self.identity = found.database.identity
        self.notices = found.notices
        self.mount = found.mount
        self._database = found.database
        self._lock = found.lock
        self._clock = clock
        self._condition = threading.Condition()
        self._memory = Memory()
        self._history = History()
        self._sequence = 0
        self._totals: Counter[str] = Counter()
        self._drafts: dict[str, str] = {}
        self._place: Place | None = None
        self._session = self._begin()
        self._backups = Backups(self._database)
        self._writer = Writer(
            self._condition,
            self._commit,
            idle=self._database.fill_reserve,
            explain=lambda error: told(error, self.path),
            utc=clock.utc,
            on_change=on_change,
        )
        self._farewell: Farewell | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        reviewer: str,
        *,
        collection: str = "",
        take_over: bool = False,
        on_change: Callable[[], None] | None = None,
        connect: schema.Connect = schema.connect,
        clock: Clock | None = None,
    ) -> Store:
        """Open a store for reviewing, made where it is missing.

        Args:
            path: The database.
            reviewer: Who reviews.
            collection: The collection's title, kept for those who look at the store later.
            take_over: Take it from a holder of which nobody can say whether it lives.
            on_change: Called from the writer's thread when `status` has changed.
            connect: Opens connections.
            clock: Gives time and uuids.

        Raises:
            StoreLockedError: Another program holds it.
            StoreNewerError: A later tuiview wrote it.
            UnreadableStoreError: The file is damaged or no store.
            StoreError: The folder or the file cannot be written.
        """
        clock = clock or Clock()
        with opened(path.absolute(), reviewer, clock.utc(), take_over, connect) as found:
            found.notices.extend(taken_in(found.database))
            store = cls(found, reviewer, clock=clock, on_change=on_change)
            if collection:
                store._name(collection)
        store._backups.start()
        store._writer.start()
        return store

    @staticmethod
    def snapshot(path: Path) -> snapshot.Snapshot:
        """A copy for reading, of a store that somebody may be writing to."""
        return snapshot.take(path.absolute())

    def peek(self, key: str) -> ItemState | None:
        """The state of an item if it is in memory, with decisions that are not durable yet."""
        with self._condition:
            return self._memory.peek(key)

    def load(self, keys: Iterable[str]) -> dict[str, ItemState]:
        """The states of items, read where they are not in memory."""
        states: dict[str, ItemState] = {}
        missing = []
        for key in keys:
            state = self.peek(key)
            if state is None:
                missing.append(key)
            else:
                states[key] = state
        for start in range(0, len(missing), _PAGE):
            page = missing[start : start + _PAGE]
            with self.reading() as connection:
                # While the connection is held nothing is committed: what is read and what is
                # unsaved make up the whole.
                tallies = rows.read_tallies(connection, self._reviewer_id(connection), page)
                with self._condition:
                    self._memory.fill(tallies)
                    for key in page:
                        states[key] = self._memory.state(key)
        return states

    def counts(self) -> dict[str, int]:
        """How many items are `decided`, `seen`, `favourite`, `unsure`, `skipped`, `noted`,
        `marked`, and of each `category:NAME`; and the number of `marks`; `repeated-...` of repeats.
        """
        with self._condition:
            counts = self._totals.copy()
            for (what, name), n in self._memory.difference().items():
                counts[named(what, name)] += n
        return {name: n for name, n in counts.items() if n > 0}

    @property
    def reviewed_count(self) -> int:
        """How many items have any decision."""
        return self.counts().get("decided", 0)

    def unsaved_where(self, wanted: Wanted) -> dict[str, bool]:
        """Whether they meet all conditions, of the items with decisions that are not durable."""
        with self._condition:
            unsaved = tuple(self._memory.unsaved())
        return {key: wanted.fits(state) for key, state in self.load(unsaved).items()}

    def next_undecided(self, keys: Iterable[str]) -> str | None:
        """The first of `keys` without a decision."""
        waiting = iter(keys)
        size = 16
        while page := list(islice(waiting, size)):
            with self.reading() as connection:
                saved = rows.decided(connection, self._reviewer_id(connection), page)
                with self._condition:
                    unsaved = set(self._memory.unsaved()).intersection(page)
            now = self.load(unsaved)
            for key in page:
                if not (now[key].decided if key in now else key in saved):
                    return key
            size = min(8192, size * 4)
        return None

    def record(self, decisions: Sequence[Decision]) -> int:
        """Take decisions that were made with one key: one step to undo.

        Returns:
            A ticket: when `status.durable` has reached it, they are durable.

        Raises:
            ValueError: A decision makes no sense, or its values have no JSON; none is taken.
        """
        with self._condition:
            return self._take([(decision, None, 1) for decision in self._true(decisions)])

    def _true(self, decisions: Sequence[Decision]) -> list[Decision]:
        """The decisions in plain form; where the state is known, with the true old values."""
        found = []
        fresh = set()
        for decision in map(normal, decisions):
            state = self._memory.peek(decision.item)
            subject = (decision.item, field_of(decision.what), decision.name)
            if state is not None and subject not in fresh:
                decision = grounded(decision, state)
            fresh.add(subject)
            found.append(decision)
        return found

    def undo(self) -> list[Decision]:
        """Take the last step back; returns the decisions that no longer stand, empty for none."""
        with self._condition:
            if not self._history.done:
                return []
            step = self._history.done[-1]
            self._reverse(step)
            return [event.decision for event in step]

    def redo(self) -> list[Decision]:
        """Make the step again that was taken back last; returns its decisions, empty for none."""
        with self._condition:
            if not self._history.undone:
                return []
            taken = self._reverse(self._history.undone[-1])
            return [event.decision for event in taken]

    def _reverse(self, step: Sequence[Event]) -> tuple[Event, ...]:
        changes = [(inverse(event.decision), event.uuid, -event.weight) for event in reversed(step)]
        self._take(changes)
        return (self._history.done if step[0].weight < 0 else self._history.undone)[-1]

    def _take(self, changes: Sequence[tuple[Decision, UUID | None, int]]) -> int:
        with self._condition:
            self._require_open()
            entries: list[rows.Entry] = []
            first: UUID | None = None
            utc, monotonic = self._clock.utc(), self._clock.monotonic()
            for number, (decision, undo_of, weight) in enumerate(changes, 1):
                uuid = self._clock.uuid()
                first = first or uuid
                event = Event(
                    uuid=uuid,
                    reviewer=self.reviewer,
                    session=self._session.uuid,
                    sequence=self._sequence + number,
                    step=first,
                    utc=utc,
                    monotonic=monotonic,
                    decision=decision,
                    version=tuiview.__version__,
                    undo_of=undo_of,
                    weight=weight,
                )
                entries.append(rows.Entry.of(event))
            self._sequence += len(entries)
            events = [entry.event for entry in entries]
            self._memory.add(events)
            for event in events:
                if event.decision.what is What.NOTE:
                    self._drafts.pop(event.decision.item, None)
                    self._writer.drop_draft(event.decision.item)
            self._history.add(events)
            return self._writer.hand(tuple(entries))

    def draft(self, key: str, text: str | None) -> None:
        """Keep a note that is being typed; None drops it. Keeping the note drops it too."""
        with self._condition:
            self._require_open()
            if text is None:
                self._drafts.pop(key, None)
            else:
                self._drafts[key] = text
            self._writer.draft(key, text)

    def draft_of(self, key: str) -> str | None:
        """The note that was being typed when the program ended, or is being typed."""
        with self._condition:
            return self._drafts.get(key)

    def remember(self, key: str, position: int, extras: Mapping[str, object] | None = None) -> None:
        """Keep where the reviewer is; written within seconds.

        Args:
            key: The item.
            position: Its position in the view.
            extras: What else the session wants back, plain JSON types.
        """
        with self._condition:
            self._require_open()
            self._place = Place(key, position, dict(extras or {}))
            self._writer.place(self._place)

    def remembered(self) -> Place | None:
        """Where the reviewer was last, None at the first time."""
        with self._condition:
            return self._place

    @property
    def status(self) -> Status:
        """What is durable, what is not and why."""
        return self._writer.status

    def wait(self, ticket: int, timeout: float) -> bool:
        """Wait until a ticket's decisions are durable; false where they are not by then."""
        return self._writer.wait(ticket, timeout)

    def flush(self, patience: float = 2.0) -> bool:
        """Write everything now, however long that takes as long as it goes on.

        Returns:
            False where writing fails, and nothing more became durable for `patience` seconds.
        """
        before = self.status.durable
        while not self._writer.flush(patience):
            status = self.status
            if status.error is not None and status.durable == before:
                return False
            before = status.durable
        return True

    def save_to(self, path: Path) -> int:
        """Write a store with everything that can be read and everything that is unsaved.

        It is a store like any other: it opens, exports, and `tuiview merge` unites it with this
        one without doubling anything. What is unsaved stays so, and is still tried.

        Returns:
            How many decisions it holds that are not in this store's file yet.

        Raises:
            StoreError: It cannot be written there either, or the path is taken.
        """
        unsaved, utc = self._writer.unsaved(), self._clock.utc()
        copy_out(path.absolute(), self._database, self._session, unsaved, utc)
        if unsaved.entries:
            # Where the next start finds them by itself, should the program be killed.
            rescue(self.path, self._database, self._session, unsaved, utc)
        return len(unsaved.entries)

    def close(self, timeout: float = 2.0, wait_on: Callable[[int], bool] | None = None) -> Farewell:
        """Write what is left, make a last backup, give the lock back.

        Decisions that cannot be written go into a store of their own in the user's data folder
        or the system's folder for temporary files.

        Args:
            timeout: Seconds for all of it.
            wait_on: Where longer may be waited for a write that is slow, not for one that fails:
                asked again and again, with the number of unsaved decisions, whether to.
        """
        if self._farewell is not None:
            return self._farewell
        self._backups.stop()
        while wait_on is not None and not self._writer.flush(_ASKED):
            if self.status.error is not None:
                break
            if not wait_on(self.status.pending):
                timeout = min(timeout, _CUT_SHORT)
                break
        deadline = time.monotonic() + timeout
        done = self._writer.flush(timeout * 0.5)
        with self._condition:
            left = self._writer.unsaved()
            self._farewell = Farewell()
        rescued = None
        if not done and (left.entries or left.drafts):
            rescued = rescue(self.path, self._database, self._session, left, self._clock.utc())
        ended = self._writer.stop(max(0.1, deadline - time.monotonic()))
        while wait_on is not None and not ended and wait_on(self.status.pending):
            ended = self._writer.stop(_ASKED)
        backup = None
        if ended and done:
            backup = self._backups.at_exit(max(0.0, deadline - time.monotonic()))
        self._database.close(max(0.1, deadline - time.monotonic()))
        if ended:
            # Else a write still hangs in the system: the lock goes when the process does.
            self._lock.release()
        self._farewell = Farewell(len(left.entries), rescued, backup)
        return self._farewell

    def reading(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """The connection, for this thread alone; nothing is written meanwhile."""
        return self._database.use()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _require_open(self) -> None:
        if self._farewell is not None:
            raise StoreError("the store is closed")

    def _reviewer_id(self, connection: sqlite3.Connection) -> int:
        return rows.known_reviewer(connection, self.reviewer)

    def _begin(self) -> rows.Session:
        """Take up what earlier sessions left, and give this one an identity."""
        with self.reading() as connection:
            found = beginning(connection, self.reviewer)
            self._totals.update(self.totals(self.reviewer))
        if found.parents:
            self._clock.follow(found.parents[-1])
        self._history.recall(found.events)
        self._sequence = max((event.sequence for event in found.events), default=0)
        self._drafts = found.drafts
        self._place = found.place
        holder = self._lock.holder
        assert holder is not None
        return rows.Session(
            uuid=self._clock.uuid(),
            reviewer=self.reviewer,
            origin=found.origin,
            host=holder.host,
            boot=holder.boot,
            pid=holder.pid,
            version=tuiview.__version__,
            started=self._clock.utc(),
            parents=found.parents,
        )

    def _name(self, collection: str) -> None:
        value = rows.stored(collection)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO facts VALUES ('collection', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (value,),
            )

        if self.facts().get("collection") != collection:
            self._database.write(change)

    def _commit(self, batch: Batch) -> None:
        """Make a batch durable, and known as such before anybody reads again."""
        self._lock.keep()
        with self.reading():
            self._database.write(lambda connection: self._apply(connection, batch))
            if batch.entries:
                totals = Counter(self.totals(self.reviewer))
                with self._condition:
                    self._memory.committed(entry.event for entry in batch.entries)
                    self._totals = totals

    def _apply(self, connection: sqlite3.Connection, batch: Batch) -> None:
        apply(connection, self._session, batch, self._clock.utc())
