"""Watching a job: whether its result is still wanted, and how its reading gets on."""

from __future__ import annotations

from collections.abc import Callable

from tuiview.errors import Cancelled, Poll

QUICK = 0.2
"""Seconds that an exact reduction may take before sampled rows are shown first."""


class Watch:
    """The poll of one run of a job, and what the reader says of its progress.

    Args:
        wanted: Whether the result is still wanted.
        kept: Whether what was read may be kept for the next time, wanted or not.
        clock: Tells the time.
    """

    def __init__(
        self,
        wanted: Callable[[], bool],
        kept: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._wanted = wanted
        self.kept = kept
        self._clock = clock
        self.started = self.heard = clock()
        self.fraction: float | None = None
        self.what = ""

    def __call__(self) -> bool:
        """Whether nobody wants the result any more."""
        self.heard = self._clock()
        return not self._wanted()

    def report(self, fraction: float, what: str = "") -> None:
        """Take down how far the reader has come."""
        self.heard = self._clock()
        self.fraction, self.what = fraction, what or self.what

    def check(self) -> None:
        """Stop here if nobody wants the result.

        Raises:
            Cancelled: Nobody does.
        """
        if self():
            raise Cancelled


class Impatient:
    """A poll that also ends a read that somebody waits for and that will not be done soon."""

    def __init__(self, watch: Watch, hurry: Poll, clock: Callable[[], float]) -> None:
        self._watch = watch
        self._hurry = hurry
        self._clock = clock
        self._start = clock()
        self.tripped = False

    def __call__(self) -> bool:
        """Whether nobody wants the result any more, or wants to wait for it."""
        spent = self._clock() - self._start
        if spent > QUICK and self._hurry():
            done = self._watch.fraction
            self.tripped = not done or spent * (1 - done) / done > QUICK
        return self._watch() or self.tripped

    def report(self, fraction: float, what: str = "") -> None:
        """Take down how far the reader has come."""
        self._watch.report(fraction, what)
