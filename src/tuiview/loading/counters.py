"""What the loader counts of itself: hits, times and bytes."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct, field

STAGES = ("wait", "open", "reduce", "sample", "limits", "render", "encode", "info", "inspect")
"""The stages that are timed, in the order in which a picture passes them."""

_KEPT = 512


class Spread(Struct, frozen=True):
    """How long a stage took, over the last runs.

    Attributes:
        count: Runs since the start.
        p50, p90, worst: In seconds, of the last 512 runs.
        total: Seconds since the start.
    """

    count: int
    p50: float
    p90: float
    worst: float
    total: float


class Counters(Struct, frozen=True):
    """The state of the loader at one moment.

    Attributes:
        hits, misses: Demands answered from the cache, and not.
        ahead: Neighbours made ready.
        previews: Pictures made from sampled rows first.
        cancelled: Jobs given up because nobody wanted them any more.
        failed: Requests answered with words.
        queued, running: Jobs at this moment.
        stuck: Running jobs that nobody wants any more and that have not come back.
        threads: Worker threads.
        times: By stage.
        held: Bytes in each cache.
        bounds: The bound of each cache in bytes.
    """

    hits: int = 0
    misses: int = 0
    ahead: int = 0
    previews: int = 0
    cancelled: int = 0
    failed: int = 0
    queued: int = 0
    running: int = 0
    stuck: int = 0
    threads: int = 0
    times: Mapping[str, Spread] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)


class Meter:
    """Collects counts and times from all threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()
        self._totals: dict[str, float] = {}
        self._recent: dict[str, deque[float]] = {}

    def count(self, what: str) -> None:
        """Count one more of something."""
        with self._lock:
            self._counts[what] += 1

    def counted(self, what: str) -> int:
        """How many there were."""
        with self._lock:
            return self._counts[what]

    def add(self, stage: str, seconds: float) -> None:
        """Note how long one run of a stage took."""
        with self._lock:
            self._runs[stage] += 1
            self._totals[stage] = self._totals.get(stage, 0.0) + seconds
            self._recent.setdefault(stage, deque(maxlen=_KEPT)).append(seconds)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Time the block as one run of a stage, if it ends well."""
        start = self._clock()
        yield
        self.add(stage, self._clock() - start)

    def times(self) -> dict[str, Spread]:
        """How long each stage took."""
        with self._lock:
            recent = {stage: sorted(values) for stage, values in self._recent.items()}
            return {
                stage: Spread(
                    self._runs[stage],
                    values[len(values) // 2],
                    values[len(values) * 9 // 10],
                    values[-1],
                    self._totals[stage],
                )
                for stage in STAGES
                if (values := recent.get(stage))
            }
