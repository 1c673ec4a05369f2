"""One background thread for whatever may wait for a disk: rows, states, searches."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from queue import PriorityQueue

Job = Callable[[], None]


class Background:
    """Runs jobs one after another, the urgent ones first.

    The thread is a daemon: a job that hangs on broken storage never holds up the exit. A job given
    with a `name` takes the place of an older one of that name that has not begun.

    Args:
        failed: Told of an exception that a job let through.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._queue: PriorityQueue[tuple[int, int, str, Job | None]] = PriorityQueue()
        self._order = itertools.count()
        self._latest: dict[str, int] = {}
        self._unfinished = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="background", daemon=True).start()

    def run(self, job: Job, *, name: str = "", urgency: int = 1) -> None:
        """Queue a job; lower `urgency` runs earlier."""
        order = next(self._order)
        with self._changed:
            if name:
                self._latest[name] = order
            self._unfinished += 1
        self._queue.put((urgency, order, name, job))

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or running."""
        return self._unfinished == 0

    def superseded(self, name: str) -> Callable[[], bool]:
        """A poll for the job of that name now running: true once it is given up for a newer one."""
        mine = self._latest.get(name)
        return lambda: self._latest.get(name) != mine

    def supersede(self, name: str) -> None:
        """Have the job of that name, queued or running, given up."""
        with self._changed:
            self._latest[name] = next(self._order)

    def settled(self, timeout: float) -> bool:
        """Whether all jobs have ended, or do within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished == 0, timeout)

    def close(self) -> None:
        """Stop after the job that is running; does not wait for it."""
        self._queue.put((-1, next(self._order), "", None))

    def _run(self) -> None:
        while True:
            _, order, name, job = self._queue.get()
            if job is None:
                return
            try:
                if not name or self._latest.get(name) == order:
                    job()
            except Exception as error:
                self._failed(error)
            finally:
                with self._changed:
                    self._unfinished -= 1
                    self._changed.notify_all()
