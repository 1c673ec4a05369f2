"""The threads of the loader."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

J = TypeVar("J")

_FRONT_NICE, _BACK_NICE = 4, 10
_MOST_RESCUERS = 16
_TICK = 0.3


class Crew(Generic[J]):
    """Few threads, all daemons and niced, so that the screen's thread comes first.

    Those at the back take any job; those at the front, less niced, leave neighbours alone, so that
    a demand does not wait for one. They start when there is work. A watcher ticks while there is
    work that nobody takes or a demand that is not answered, and if that is because reads hang, it
    has one more thread at the back.

    Args:
        lock: Held around `take` and by whoever calls `call`.
        take: The next job for a thread, neighbours included or not, or None.
        run: Works it.
        tick: Called while there is something to watch; returns whether a thread is missing, or
            None when there is nothing to watch any more.
        lost: How many threads hang in reads that nobody wants any more; the lock is held.
        back: How many threads at the back; 0 means that there are no threads at all.
        front: How many at the front.
    """

    def __init__(
        self,
        lock: threading.Lock,
        take: Callable[[bool], J | None],
        run: Callable[[J], None],
        tick: Callable[[], bool | None],
        lost: Callable[[], int],
        *,
        back: int,
        front: int,
    ) -> None:
        self._take = take
        self._run = run
        self._tick = tick
        self._lost = lost
        self._most = {False: front if back else 0, True: back}
        self._changed = {False: threading.Condition(lock), True: threading.Condition(lock)}
        self._lock = lock
        self._threads: dict[bool, list[threading.Thread]] = {False: [], True: []}
        self._free = {False: 0, True: 0}
        self._watcher: threading.Thread | None = None
        self._watch = threading.Event()
        self._closed = False
        self._nice = _niceness()

    @property
    def size(self) -> int:
        """Worker threads."""
        return len(self._threads[False]) + len(self._threads[True])

    def call(self, *, front: bool, back: bool) -> None:
        """Have a thread look for work; the lock is held.

        Whoever takes a job calls again if there are more, so that one thread at a time wakes up.

        Args:
            front: Whether there is work for those at the front.
            back: Whether there is work for those at the back alone.
        """
        if self._closed or not self._most[True]:
            return
        if front and not self._wake(False):
            back = True
        if back and not self._wake(True):
            self.watch()

    def watch(self) -> None:
        """There is something to watch; the lock is held."""
        if self._closed or not self._most[True]:
            return
        if self._watcher is None:
            self._watcher = threading.Thread(
                target=self._watching, name="loader-watch", daemon=True
            )
            self._watcher.start()
        self._watch.set()

    def close(self, timeout: float, finally_do: Callable[[], None]) -> bool:
        """End all threads.

        Args:
            timeout: Seconds to wait for them.
            finally_do: Done by one more thread when no new job can start; may wait for storage.

        Returns:
            Whether all have ended.
        """
        with self._lock:
            self._closed = True
            for changed in self._changed.values():
                changed.notify_all()
            threads = [*self._threads[False], *self._threads[True]]
        self._watch.set()
        if not self._most[True]:
            finally_do()
            return True
        last = threading.Thread(target=finally_do, name="loader-last", daemon=True)
        last.start()
        threads.append(last)
        if self._watcher is not None:
            threads.append(self._watcher)
        deadline = time.monotonic() + timeout
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _wake(self, back: bool) -> bool:
        if self._free[back]:
            self._free[back] -= 1
            self._changed[back].notify()
            return True
        if len(self._threads[back]) < self._enough(back):
            self._start(back)
            return True
        return False

    def _enough(self, back: bool) -> int:
        return self._most[back] + (min(self._lost(), _MOST_RESCUERS) if back else 0)

    def _start(self, back: bool) -> None:
        name = f"loader-{'back' if back else 'front'}-{len(self._threads[back])}"
        thread = threading.Thread(target=self._work, args=(back,), name=name, daemon=True)
        self._threads[back].append(thread)
        thread.start()

    def _work(self, back: bool) -> None:
        if self._nice is not None:
            _be_nice(self._nice + (_BACK_NICE if back else _FRONT_NICE))
        while True:
            with self._lock:
                job = self._wait(back)
            if job is None:
                return
            self._run(job)
            del job  # or the last answer would live until the next job

    def _wait(self, back: bool) -> J | None:
        """The next job, or None when the thread is to end; the lock is held."""
        while not self._closed:
            job = self._take(back)
            if job is not None:
                return job
            if len(self._threads[back]) > self._enough(back):  # came to the rescue, and is free
                break
            self._free[back] += 1  # whoever wakes it takes that back
            self._changed[back].wait()
        self._threads[back].remove(threading.current_thread())
        return None

    def _watching(self) -> None:
        while True:
            self._watch.wait()
            self._watch.clear()
            if self._closed:
                return
            time.sleep(_TICK)
            while not self._closed and (state := self._tick()) is not None:
                if state:
                    self._rescue()
                time.sleep(_TICK)

    def _rescue(self) -> None:
        """Start a thread for what nobody takes."""
        with self._lock:
            most = self._most[True] + _MOST_RESCUERS
            if not (self._free[True] or self._closed) and len(self._threads[True]) < most:
                self._start(True)


def _niceness() -> int | None:
    """How nice this thread is; None where threads have no niceness of their own."""
    if not sys.platform.startswith("linux"):
        return None
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def _be_nice(to: int) -> None:
    with contextlib.suppress(OSError):  # nobody may become less nice than whoever started it
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(to, 19))
