"""The notice line: what is said in passing, over the hints at the foot, not over the picture."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.notifications import Notification
from textual.timer import Timer
from textual.widgets import Static

_LEAST = 0.02
"""Seconds of the shortest timer: with none, or less than none, Textual's would never end."""


class NoticeLine(Static):
    """The newest of the notices that have not expired; gone when there is none.

    It lies on the last row of the screen, so that no notice costs a layout or, in terminals whose
    pictures text destroys, a picture. Only a notice that one row cannot hold lies above the foot
    and the status line.
    """

    DEFAULT_CSS = """
    NoticeLine {
        display: none; layer: notices; dock: bottom; width: 100%; height: auto; max-height: 8;
        padding: 0 1; background: $panel; color: $foreground;
    }
    NoticeLine.-long { margin-bottom: 2; }
    NoticeLine.-warning { color: $text-warning; text-style: bold; }
    NoticeLine.-error { background: $error-muted; color: $text-error; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._next: Timer | None = None

    def show(self, notices: Iterable[Notification]) -> None:
        """Show the newest of these for the time it has left, then the one before it."""
        waiting = [notice for notice in notices if not notice.has_expired]
        if self._next is not None:
            self._next.stop()
            self._next = None
        if self.display != bool(waiting):  # setting what it is costs a layout
            self.display = bool(waiting)
        if waiting:
            newest = waiting[-1]
            long = "\n" in newest.message or cell_len(newest.message) > self.app.size.width - 2
            self.set_classes(f"-{newest.severity}{' -long' if long else ''}")
            self.update(newest.message)
            # A process that was stopped, or a clock that was set, may find none left by now.
            left = max(newest.time_left, _LEAST)
            self._next = self.set_timer(left, lambda: self.show(waiting[:-1]))
