"""The order of work: demand, then questions, then refinements, then neighbours by distance.

A state machine without threads and without input or output; the loader holds its lock around every
call. There is at most one job for each key, whoever wants it, and a job that nobody wants any more
is dropped, or told so through its `wanted` if it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from enum import IntEnum
from typing import Generic, TypeVar

from msgspec import Struct

W = TypeVar("W")
Order = tuple[int, int]


class Rank(IntEnum):
    """Why a job is wanted; the lower goes first."""

    DEMAND = 0
    ASIDE = 1
    REFINE = 2
    AHEAD = 3


class Job(Struct, Generic[W], eq=False):
    """One piece of work.

    Attributes:
        key: What it is known by; one job for each.
        item: The key of the item that it reads.
        work: What to do, for whoever does it.
        queued: When it was first asked for.
        started: When it was taken, or None.
        order: Rank and place among its equals; None means that nobody wants it any more.
        abandoned: Whether its result must not be kept either.
    """

    key: Hashable
    item: str
    work: W
    queued: float
    started: float | None = None
    order: Order | None = None
    abandoned: bool = False

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for it."""
        return self.order is not None

    @property
    def rank(self) -> Rank | None:
        """The best reason for which it is wanted."""
        return None if self.order is None else Rank(self.order[0])


class Scheduler(Generic[W]):
    """Which job is next.

    Args:
        clock: Tells the time.
        ahead_limit: How many neighbours may be worked at once.
        rest_limit: How many jobs other than demands may be worked at once.
    """

    def __init__(self, clock: Callable[[], float], ahead_limit: int, rest_limit: int) -> None:
        self._clock = clock
        self._ahead_limit = ahead_limit
        self._rest_limit = rest_limit
        self._current: Hashable = None
        self._open = False  # whether the present demand still waits for its first answer
        self._refining: Hashable = None
        self._wishes: dict[Hashable, int] = {}
        self._asides: dict[Hashable, Hashable] = {}
        self._serial = 0
        self._queued: dict[Hashable, Job[W]] = {}
        self._running: dict[Hashable, Job[W]] = {}
        self._strays: list[Job[W]] = []

    @property
    def queued(self) -> int:
        """Jobs that wait."""
        return len(self._queued)

    @property
    def running(self) -> int:
        """Jobs that are being worked and wanted."""
        return sum(job.wanted for job in self._running.values())

    @property
    def stuck(self) -> int:
        """Jobs that are being worked though nobody wants them any more."""
        return len(self._strays) + len(self._running) - self.running

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or being worked."""
        return not (self._queued or self._running or self._strays)

    def demand(self, key: Hashable, item: str, work: W, *, needed: bool = True) -> None:
        """Make `key` the present demand; the last one and its refinement are given up.

        Args:
            key: What it is known by.
            item: The key of the item that it reads.
            work: What to do.
            needed: False if its answer is known already and there is nothing to work.
        """
        self._current, self._open, self._refining = key, needed, None
        self._want(key, item, work, needed)

    def refine(self, key: Hashable, item: str, work: W, *, needed: bool = True) -> None:
        """Make `key` the present refinement; the last one is given up."""
        self._refining = key
        self._want(key, item, work, needed)

    def wish(self, wishes: Iterable[tuple[Hashable, str, W]]) -> None:
        """Replace the neighbours, nearest first; what is no longer among them is given up."""
        listed = list(wishes)
        self._wishes = {}
        for place, (key, _, _) in enumerate(listed):
            self._wishes.setdefault(key, place)
        for key, item, work in listed:
            self._want(key, item, work, True)
        self._settle()

    def aside(self, kind: Hashable, item: str, work: W) -> None:
        """Add a question; an older one of the same kind is given up."""
        self._serial += 1
        key = ("aside", self._serial)
        self._asides[kind] = key
        self._want(key, item, work, True)

    def waiting(self) -> tuple[int, int]:
        """How many jobs are queued that are no neighbours, and how many that are."""
        ahead = sum(job.rank is Rank.AHEAD for job in self._queued.values())
        return len(self._queued) - ahead, ahead

    def unwanted_since(self, start: float) -> int:
        """How many jobs are being worked that began before `start` and that nobody wants."""
        working = [*self._running.values(), *self._strays]
        return sum(
            not job.wanted and job.started is not None and job.started < start for job in working
        )

    def take(self, *, ahead: bool = True) -> Job[W] | None:
        """Take the best job that may be worked now, or None.

        Args:
            ahead: Whether it may be a neighbour.
        """
        working = [job for job in self._running.values() if job.wanted]
        neighbours = sum(job.rank is Rank.AHEAD for job in working)
        rest = sum(job.rank is not Rank.DEMAND for job in working)
        busy = {job.item for job in working}
        for job in sorted(self._queued.values(), key=_order):
            if job.rank is not Rank.DEMAND and rest >= self._rest_limit:
                continue
            # A neighbour waits for another job on its item: both would want the open image.
            if job.rank is Rank.AHEAD and (
                not ahead or neighbours >= self._ahead_limit or job.item in busy
            ):
                continue
            del self._queued[job.key]
            self._running[job.key] = job
            job.started = self._clock()
            return job
        return None

    def done(self, job: Job[W], *, finished: bool) -> Rank | None:
        """Note that a job came back, and say what it was wanted for.

        Args:
            job: The job that `take` gave.
            finished: Whether there is a result. A job that was given up half-way and is wanted
                again by now is queued anew.

        Returns:
            The rank of its result, or None if nobody waits for it.
        """
        if job.abandoned:
            self._strays.remove(job)
            return None
        del self._running[job.key]
        rank = job.rank
        if not finished:
            if rank is not None:
                job.started = None
                self._queued[job.key] = job
            return None
        if job.key == self._current:
            self._open = False
        for kind in [kind for kind, key in self._asides.items() if key == job.key]:
            del self._asides[kind]
        self._wishes.pop(job.key, None)
        return rank

    def abandon(self, reads: Callable[[W], bool]) -> None:
        """Start afresh with what was read: such jobs are left to themselves and queued anew.

        Args:
            reads: Whether the work of a job reads what is to be read again.
        """
        for job in [job for job in self._running.values() if reads(job.work)]:
            del self._running[job.key]
            self._strays.append(job)
            again = Job(job.key, job.item, job.work, self._clock())
            job.abandoned, job.order = True, None
            self._queued[again.key] = again
        self._settle()

    def drop_ahead(self) -> None:
        """Give up neighbours and the refinement."""
        self._wishes, self._refining = {}, None
        self._settle()

    def clear(self) -> None:
        """Give everything up."""
        self._current, self._open, self._refining = None, False, None
        self._wishes, self._asides = {}, {}
        self._settle()

    def looked_at(self, job: Job[W]) -> bool:
        """Whether a job is that of the present demand or its refinement, answered or not."""
        return job.key in (self._current, self._refining)

    def outstanding(self) -> Job[W] | None:
        """The present demand's job if it has not been answered."""
        if not self._open:
            return None
        return self._queued.get(self._current) or self._running.get(self._current)

    def _want(self, key: Hashable, item: str, work: W, needed: bool) -> None:
        if needed and key not in self._queued and key not in self._running:
            self._queued[key] = Job(key, item, work, self._clock())
        self._settle()

    def _settle(self) -> None:
        """Work out again why each job is wanted, and drop what is not."""
        asides = {key: place for place, key in enumerate(self._asides.values())}
        for job in (*self._queued.values(), *self._running.values()):
            job.order = self._order(job.key, asides)
        for job in [job for job in self._queued.values() if not job.wanted]:
            del self._queued[job.key]

    def _order(self, key: Hashable, asides: dict[Hashable, int]) -> Order | None:
        if self._open and key == self._current:
            return (Rank.DEMAND, 0)
        if key in asides:
            return (Rank.ASIDE, asides[key])
        if key == self._refining:
            return (Rank.REFINE, 0)
        if key in self._wishes:
            return (Rank.AHEAD, self._wishes[key])
        return None


def _order(job: Job[W]) -> Order:
    assert job.order is not None
    return job.order
