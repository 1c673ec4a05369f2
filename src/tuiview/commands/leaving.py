"""The end of a review waits for what is still being written, until the reviewer cuts it short."""

from __future__ import annotations

import signal
import sys

_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_STOPS = (signal.SIGTSTP, signal.SIGCONT)


class Leaving:
    """From here on no signal ends the program; the first one ends the waiting. ctrl+z stops it.

    Args:
        hurried: Whether a signal has ended the review: nothing is waited for.

    Attributes:
        cut_short: Whether to wait no more.
    """

    def __init__(self, hurried: bool) -> None:
        self.cut_short = hurried
        self._said = ""
        for number in _SIGNALS:
            signal.signal(number, lambda *_: self._cut())
        for number in _STOPS:
            # The application that would give the terminal away and take it again has ended.
            signal.signal(number, signal.SIG_DFL)

    def wait_on(self, unsaved: int) -> bool:
        """Say what is waited for, once; returns whether to go on waiting.

        Args:
            unsaved: Decisions that are not durable yet.
        """
        what = f"writing {unsaved} decision{'s' if unsaved > 1 else ''}" if unsaved else "writing"
        if what != self._said and not self.cut_short:
            self._said = what
            print(f"{what} ... (ctrl+c puts them elsewhere and leaves)", file=sys.stderr)
        return not self.cut_short

    def _cut(self) -> None:
        self.cut_short = True
