"""The turn of a key: it waits for what it is meant for, and what has become meaningless is void."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.events import Key
from textual.widgets import Input, TextArea

from tuiview.ui.actions import ACTIONS, action, key_names

if TYPE_CHECKING:
    from tuiview.ui.screens.desk import Desk

_PATIENCE = 3.0
"""Seconds that a key waits at most for a picture, as for a search."""

MODES = ("examine", "mark-mode")
"""Actions after which keys mean something else, and that only on a picture."""
LEAVES = ("leave-examining", "leave-marking")
ON_PICTURE = (
    *MODES,
    "zoom-in", "zoom-out", "zoom-in-little", "zoom-out-little",
    "pan-left", "pan-down", "pan-up", "pan-right",
    "previous-frame", "next-frame", "frame-menu",
    "low-limit-down", "low-limit-up", "high-limit-down", "high-limit-up",
    *(one.id for one in ACTIONS if one.mode in ("mark", "examine") and one.id not in LEAVES),
)  # fmt: skip
"""Actions that are done on the picture that is shown."""
AT_ONCE = ("stop", "quit", "suspend", *LEAVES)
"""Actions that wait for nothing."""


class Turns:
    """Lets keys act one after the other, each where it is meant to.

    A key behind a search acts where that leads; one that is typed before anything is shown, on the
    item that is shown first; one that works on a picture, when there is one. None waits for more
    than three seconds.

    Args:
        desk: Where keys act.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._changed = asyncio.Event()
        self._started = time.monotonic()
        self._begun = False
        self._void_before = -math.inf

    def changed(self) -> None:
        """Something may have come that a key waits for."""
        self._changed.set()

    async def come(self, key: Key) -> bool:
        """Wait until it is a key's turn; False if it means nothing any more."""
        if key.time < self._void_before:
            return False
        # To leave a screen that is still being put together would be a fault.
        await self._until(lambda: self._desk.is_mounted, self._started + _PATIENCE)
        wanted = self._wanted(key)
        if wanted in AT_ONCE:
            return True
        finding = self._desk.session.finding
        await self._until(lambda: not finding.leading, time.monotonic() + finding.leading)
        if not self._begun:
            await self._until(self._begins, self._started + _PATIENCE)
            self._begun = True
        if wanted is None:
            return True
        viewer = self._desk.session.viewer
        await self._until(lambda: not viewer.awaited, key.time + _PATIENCE)
        if viewer.shown is None:
            self._refuse(key, wanted)
        return viewer.shown is not None

    def _refuse(self, key: Key, wanted: str) -> None:
        """Tell that there is no picture; what was typed for a mode is no decision."""
        words = f"{key_names(key.key)} works on a picture, and none is shown"
        if wanted in MODES:
            self._void_before = time.monotonic()
            words += "; what was typed behind it did nothing either"
        self._desk.say(words, "warning")

    def _begins(self) -> bool:
        """Whether the first item is shown, or why it is not, or that there is none."""
        session = self._desk.session
        empty = session.collection.complete and not session.count
        return session.viewer.shown is not None or session.viewer.failed is not None or empty

    def _wanted(self, key: Key) -> str | None:
        """The action of this key, if it is one of those above and stands for that now."""
        desk = self._desk

        def means(action: str) -> bool:
            return key.key in desk.keys[action].split(",")

        if means("stop"):
            return "stop"
        if desk.app.screen is not desk or isinstance(desk.app.focused, Input | TextArea):
            return None
        mode = "examine" if desk.examines else "mark" if desk.session.marking.active else "review"
        here = (one for one in (*AT_ONCE, *ON_PICTURE) if action(one).mode in (mode, "review"))
        # A key of the mode goes before the one of review.
        return next(filter(means, sorted(here, key=lambda one: action(one).mode == "review")), None)

    async def _until(self, done: Callable[[], bool], deadline: float) -> None:
        while not done() and (left := deadline - time.monotonic()) > 0:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
