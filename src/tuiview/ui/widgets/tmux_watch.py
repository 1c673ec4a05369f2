"""Under tmux: which terminal shows us now, and what of our output has not reached it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import os
import threading
import time
from collections.abc import Callable

from msgspec import Struct

from tuiview.graphics import tmux
from tuiview.graphics.tmux import Tmux
from tuiview.graphics.wire import DRAINED, Wire

_AGE = 3.0
_POLL = 0.01


class Attachment(Struct, frozen=True):
    """The terminal that shows a session of tmux.

    Attributes:
        client: Something that changes when another terminal takes over.
        discarded: Bytes that tmux threw away because the terminal was behind.
        between: All that tmux says.
        wire: The ssh connection to the terminal, if there is one.
    """

    client: str
    discarded: int
    between: Tmux
    wire: Wire | None


class TmuxWatch:
    """Looks at tmux now and then, in threads of its own.

    Args:
        moved: Called when another terminal shows the session, or the same one anew.
        discarded: Called when tmux threw output away.
    """

    def __init__(self, moved: Callable[[Tmux], None], discarded: Callable[[], None]) -> None:
        self._moved, self._discarded = moved, discarded
        self._attachment: Attachment | None = None
        self._looked = -math.inf
        self._looking = False
        # Outcomes are told in the context in which this was made, as Textual's messages need it.
        self._context = contextvars.copy_context()

    def look(self, *, at_once: bool = False) -> None:
        """Look, unless that was done a moment ago; the outcome comes on the event loop."""
        now = time.monotonic()
        if self._looking or (now - self._looked < _AGE and not at_once):
            return
        self._looked, self._looking = now, True
        loop, before = asyncio.get_running_loop(), self._attachment

        def work() -> None:
            seen = look(before)
            with contextlib.suppress(RuntimeError):  # the application may have ended meanwhile
                loop.call_soon_threadsafe(self._seen, seen, context=self._context)

        threading.Thread(target=work, name="tuiview-tmux", daemon=True).start()

    def when_through(self, call: Callable[[], None]) -> None:
        """Call once the link has taken all that was written: at once where it cannot be known."""
        wire = self._attachment.wire if self._attachment is not None else None
        if wire is None:
            call()
        else:
            self._wait(wire, call, 0)

    def _wait(self, wire: Wire, call: Callable[[], None], empty: int) -> None:
        # tmux and sshd take a moment to hand output on, so one empty queue proves nothing.
        empty = empty + 1 if (wire.queued() or 0) <= DRAINED else 0
        if empty >= 2:
            call()
        else:
            asyncio.get_running_loop().call_later(_POLL, self._wait, wire, call, empty)

    def _seen(self, now: Attachment | None) -> None:
        self._looking = False
        before, self._attachment = self._attachment, now or self._attachment
        if now is None or before is None:
            return
        if now.client != before.client:
            self._moved(now.between)
        elif now.discarded > before.discarded:
            self._discarded()


def look(before: Attachment | None = None) -> Attachment | None:
    """Ask tmux which terminal shows our session; None without tmux.

    Args:
        before: What was seen last; what does not change with the terminal is taken from there.
    """
    values = tmux.client(os.environ)
    if values is None:
        return None
    pid, attached, discarded = values
    client = f"{pid}:{attached}"
    if before is not None and before.client == client:
        return Attachment(client, discarded, before.between, before.wire)
    between = tmux.ask(os.environ, wait=True)
    return Attachment(client, discarded, between, Wire.of_process(pid)) if between else None
