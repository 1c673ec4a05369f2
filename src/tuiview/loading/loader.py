"""The loader: asked from the screen's thread, answering from its own, keeping nobody waiting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from tuiview.collection.base import Item
from tuiview.errors import Cancelled, TuiviewError
from tuiview.imaging.frame import Frame, Image
from tuiview.loading.answers import Answers
from tuiview.loading.budget import default_cache_bytes
from tuiview.loading.counters import Counters, Meter
from tuiview.loading.crew import Crew
from tuiview.loading.kept import Caches
from tuiview.loading.pipeline import Pipeline
from tuiview.loading.request import Answer, Failed, ImageInfo, Progress, Request, Shown
from tuiview.loading.scheduler import Job, Rank, Scheduler
from tuiview.loading.stages import REAL, Stages
from tuiview.loading.watch import Watch
from tuiview.loading.words import failure, in_words

T = TypeVar("T")

SLOW = 0.3
"""Seconds after which a demand has progress to show."""
SILENT = 2.0
"""Seconds without a sign of life after which the storage is said not to answer."""

_LOST = 1.0  # seconds in a read that nobody wants after which a thread is made up for
_log = logging.getLogger(__name__)


class LoaderSettings(Struct, frozen=True):
    """What can be set.

    Attributes:
        cache_bytes: Bound of all caches together; 0 means an eighth of the memory or of the limit
            of the control group or Slurm job.
        threads: How many neighbours are made ready at a time; two more threads serve demands,
            questions and refinements. 0 means no threads: `Loader.run_until_idle` does the work.
        ahead: The most neighbours to make ready.
        open_images: The most images that are kept open though nobody reads them.
        failed_seconds: How long a failure counts before the item is read again by itself.
        previews: Whether sampled rows are shown first where the exact picture takes long.
    """

    cache_bytes: int = 0
    threads: int = 2
    ahead: int = 16
    open_images: int = 16
    failed_seconds: float = 10.0
    previews: bool = True


DEFAULTS = LoaderSettings()
"""Everything as it comes."""


class _Task(Struct):
    """The work of one job: a request for a picture, or a question with its own way to answer."""

    items: frozenset[str]
    request: Request | None = None
    question: Callable[[Watch], Any] | None = None
    done: Callable[[Any], None] | None = None
    name: str = ""
    watch: Watch | None = None


class Loader:
    """Makes pictures ready: the one asked for at once, its neighbours ahead of time.

    Every method may be called from the screen's thread and returns at once. The callbacks are
    called on loader threads; a result may cross a newer demand on its way, so that the receiver
    compares `answer.request.signature` with what it shows.

    Args:
        answer: Takes the answer to the present demand, and then its refinements.
        settings: Sizes and numbers.
        ready: Takes neighbours that were made ready.
        progress: Told of a demand that takes long, from `SLOW` seconds on.
        failed: Told of an exception that one of the others, or a `done`, let through.
        stages: The rooms below.
        clock: Tells the time in seconds.
    """

    def __init__(
        self,
        *,
        answer: Callable[[Answer], None],
        settings: LoaderSettings = DEFAULTS,
        ready: Callable[[Answer], None] | None = None,
        progress: Callable[[Progress], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        stages: Stages = REAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer = answer
        self._ready = ready
        self._progress = progress
        self._failed = failed
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._meter = Meter(clock)
        nbytes = settings.cache_bytes or default_cache_bytes()
        self._caches = Caches.of(nbytes * 6 // 10, settings.open_images)
        self._kept = Answers(nbytes * 4 // 10, settings.failed_seconds, clock)
        self._pipeline = Pipeline(stages, self._caches, self._meter, clock)
        ahead = max(1, settings.threads)
        self._scheduler: Scheduler[_Task] = Scheduler(clock, ahead, ahead + 1)
        self._info_wanted = False
        self._held = False
        self._closed = False
        self._crew = Crew(
            self._lock, self._take, self._run, self._tick, self._lost,
            back=settings.threads, front=2,
        )  # fmt: skip

    def ask(self, request: Request) -> Answer | None:
        """Demand a picture; whatever was demanded before is given up.

        Returns:
            The answer if it is known, which may be a preview; else None, and `answer` is called
            with it later. A preview is always followed by the exact picture through `answer`.
        """
        key, item, task = request.signature, request.item.key, self._task(request)
        with self._lock:
            known = self._kept.known(key)
            self._scheduler.demand(key, item, task, needed=known is None)
            self._meter.count("misses" if known is None else "hits")
            if known is None:
                self._crew.watch()
            elif _is_preview(known):
                self._scheduler.refine(key, item, task)
            self._call()
        return known

    def refine(self, request: Request) -> Answer | None:
        """Ask for a better picture of what is shown; given up with the next demand.

        Returns:
            The answer if it is known; else None, and `answer` is called with it later.
        """
        key = request.signature
        with self._lock:
            known = self._kept.known(key)
            needed = known is None or _is_preview(known)
            self._scheduler.refine(key, request.item.key, self._task(request), needed=needed)
            self._call()
        return None if needed else known

    def ahead(self, requests: Sequence[Request]) -> None:
        """Replace the neighbours that will be wanted next, nearest first.

        What is no longer among them is dropped. No more are made ready than `LoaderSettings.ahead`
        and than the cache can hold beside each other.
        """
        with self._lock:
            room = self._kept.room(self._settings.ahead)
            wishes = []
            # From the farthest to the nearest, so that the nearest count as used last.
            for request in reversed(requests[:room]):
                key = request.signature
                known = self._kept.known(key)
                if known is None or _is_preview(known):
                    wishes.append((key, request.item.key, self._task(request)))
            self._scheduler.wish(reversed(wishes))
            self._call()

    def known(self, requests: Sequence[Request]) -> list[Shown]:
        """The pictures of these requests that are ready and exact, in their order."""
        with self._lock:
            answers = [self._kept.known(request.signature) for request in requests]
        return [one for one in answers if isinstance(one, Shown) and not one.preview]

    def hold(self, on: bool) -> None:
        """Begin with no neighbour while something else needs the processor, or go on with them."""
        with self._lock:
            self._held = on
            self._call()

    def info(
        self, item: Item, frame: str | None, done: Callable[[ImageInfo | TuiviewError], None]
    ) -> ImageInfo | None:
        """Ask what is known of an item's frame, header and world coordinates included.

        Args:
            item: The item.
            frame: The name of a frame; None or an unknown name is the first.
            done: Takes the answer, on a loader thread. A newer question takes the place of an
                older one, whose `done` is then never called.

        Returns:
            The answer if it is known already (`done` is not called); else None.
        """
        self._info_wanted = True
        known = self._caches.infos.get((item.key, frame))
        if known is None:
            self._ask_aside(
                "info", item, lambda watch: self._pipeline.info(item, frame, watch), done
            )
        return known

    def inspect(
        self,
        item: Item,
        frame: str | None,
        job: Callable[[Frame], T],
        done: Callable[[T | TuiviewError], None],
        kind: Hashable = None,
    ) -> None:
        """Run a small job with an open frame on a loader thread, before refinements.

        Args:
            item: The item.
            frame: The name of a frame; None or an unknown name is the first.
            job: What to do; may raise `TuiviewError`.
            done: Takes the result or the error, on a loader thread.
            kind: If given, a newer job of one kind takes the place of an older one, whose `done`
                is then never called.
        """
        self.study(item, frame, lambda image, frame: job(frame), done, kind)

    def study(
        self,
        item: Item,
        frame: str | None,
        job: Callable[[Image, Frame], T],
        done: Callable[[T | TuiviewError], None],
        kind: Hashable = None,
    ) -> None:
        """As `inspect`, for a job that needs other frames of the image too."""
        self._ask_aside(
            object() if kind is None else ("inspect", kind),
            item,
            lambda watch: self._pipeline.inspect(item, frame, job, watch),
            done,
        )

    def forget(self, item: str) -> None:
        """Start afresh with an item: its file changed, or its reading failed or hangs.

        A demand that is being read is read anew by another thread.
        """
        with self._lock:
            closing = self._caches.forget(item)
            self._kept.forget(item)
            self._scheduler.abandon(lambda task: item in task.items)
            # Closing may wait for storage.
            task = _Task(
                frozenset(), question=lambda watch: closing(), done=lambda result: None, name=item
            )
            self._scheduler.aside(object(), "", task)
            self._call()

    def resize(self) -> None:
        """Drop what was made for panes of another size: payloads, neighbours, the refinement."""
        with self._lock:
            self._scheduler.drop_ahead()
            self._kept.cache.clear()

    def slow(self) -> Progress | None:
        """How the present demand is getting on, if it takes longer than `SLOW` seconds."""
        with self._lock:
            job = self._scheduler.outstanding()
            now = self._clock()
            if job is None or job.work.request is None or now - job.queued < SLOW:
                return None
            watch = None if job.started is None else job.work.watch
            heard = job.queued if watch is None else watch.heard
            what, fraction = ("", None) if watch is None else (watch.what, watch.fraction)
            words = in_words(what, fraction, silent=now - heard >= SILENT)
            return Progress(job.work.request, now - job.queued, fraction, words)

    def counters(self) -> Counters:
        """What was counted since the start, and what is held now."""
        count = self._meter.counted
        caches = {"payloads": self._kept.cache, **self._caches.each()}
        with self._lock:
            return Counters(
                hits=count("hits"),
                misses=count("misses"),
                ahead=count("ahead"),
                previews=count("previews"),
                cancelled=count("cancelled"),
                failed=count("failed"),
                queued=self._scheduler.queued,
                running=self._scheduler.running,
                stuck=self._scheduler.stuck,
                threads=self._crew.size,
                times=self._meter.times(),
                held={name: cache.held for name, cache in caches.items()},
                bounds={name: cache.bound for name, cache in caches.items()},
            )

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or being worked."""
        with self._lock:
            return self._scheduler.idle

    def close(self, timeout: float = 1.0) -> bool:
        """Give everything up and end the threads.

        Args:
            timeout: Seconds to wait for them. A thread that hangs in a read is left; it does not
                hold up the exit.

        Returns:
            Whether all threads have ended and all files are closed.
        """
        with self._lock:
            self._closed = True
            self._scheduler.clear()
        return self._crew.close(timeout, finally_do=self._caches.images.close)

    def run_until_idle(self) -> None:
        """Do all the work here and now; for a loader without threads."""
        while True:
            with self._lock:
                job = self._take(True)
            if job is None:
                return
            self._run(job)

    def _call(self) -> None:
        """Call a thread if there is work; the lock is held."""
        rest, ahead = self._scheduler.waiting()
        self._crew.call(front=rest > 0, back=ahead > 0 and not self._held)

    def _task(self, request: Request) -> _Task:
        return _Task(request.items, request=request, name=request.item.name)

    def _ask_aside(
        self,
        kind: Hashable,
        item: Item,
        question: Callable[[Watch], T],
        done: Callable[[T | TuiviewError], None],
    ) -> None:
        with self._lock:
            task = _Task(frozenset([item.key]), question=question, done=done, name=item.name)
            self._scheduler.aside(kind, item.key, task)
            self._call()

    def _take(self, ahead: bool) -> Job[_Task] | None:
        """The next job for a thread, which begins now; the lock is held."""
        if self._closed:
            return None
        job = self._scheduler.take(ahead=ahead and not self._held)
        if job is not None:
            job.work.watch = Watch(
                lambda: job.wanted,
                lambda: not job.abandoned and not self._closed,
                self._clock,
            )
            self._meter.add("wait", self._clock() - job.queued)
            self._call()
        return job

    def _run(self, job: Job[_Task]) -> None:
        """Work one job and hand out its result; nothing that it raises gets any further."""
        task, watch = job.work, job.work.watch
        assert watch is not None
        result: Any = None
        try:
            if task.request is not None:
                result = self._pipeline.picture(
                    task.request,
                    watch,
                    hurry=lambda: self._settings.previews and job.rank is Rank.DEMAND,
                    with_info=job.rank is Rank.AHEAD and self._info_wanted,
                    partial=lambda shown: self._hand_partial(job, shown),
                )
            elif task.question is not None:
                result = task.question(watch)
            finished = True
        except Cancelled:
            finished = False
            self._meter.count("cancelled")
        except BaseException as error:
            finished = True
            self._meter.count("failed")
            result = failure(error, task.name)
            if task.request is not None:
                result = Failed(task.request, result.message, result.hint)
        self._finish(job, result, finished)

    def _hand_partial(self, job: Job[_Task], shown: Shown) -> None:
        """Hand out what there is of a picture that somebody looks at."""
        with self._lock:
            looked_at = job.wanted and self._scheduler.looked_at(job)
        if looked_at and not self._closed:
            self._hand(self._answer, shown)

    def _finish(self, job: Job[_Task], result: Any, finished: bool) -> None:
        task = job.work
        with self._lock:
            keep = finished and not job.abandoned and not self._closed
            if keep and task.request is not None:
                self._kept.keep(result)
            rank = self._scheduler.done(job, finished=finished)
            shown = rank is not None and self._scheduler.looked_at(job)
            if shown and _is_preview(result):
                self._scheduler.refine(job.key, job.item, task)
            self._call()
        if rank is None or self._closed:
            return
        if task.request is None:
            self._hand(task.done, result)
        elif shown:
            self._hand(self._answer, result)
        elif rank is Rank.AHEAD:
            self._meter.count("ahead")
            self._hand(self._ready, result)

    def _hand(self, receiver: Callable[[Any], None] | None, result: Any) -> None:
        """Call a receiver; what it lets through is told, and never ends a thread."""
        if receiver is None:
            return
        try:
            receiver(result)
        except Exception as error:
            if self._failed is None or receiver is self._failed:
                _log.exception("a receiver of pictures failed")
            else:
                self._hand(self._failed, error)

    def _tick(self) -> bool | None:
        """Tell of a demand that takes long.

        Returns:
            Whether a thread is missing; None if nothing waits any more.
        """
        progress = self.slow()
        if progress is not None:
            self._hand(self._progress, progress)
        with self._lock:
            job = self._scheduler.outstanding()
            if job is not None and job.started is None:
                return True
            if self._scheduler.queued:
                return self._lost() > 0
            return None if job is None else False

    def _lost(self) -> int:
        """How many threads hang in reads that nobody wants any more; the lock is held."""
        return self._scheduler.unwanted_since(self._clock() - _LOST)


def _is_preview(answer: object) -> bool:
    return isinstance(answer, Shown) and answer.preview
