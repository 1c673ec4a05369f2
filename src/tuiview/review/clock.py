"""Time and identity of events."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID


class Clock:
    """Gives uuids that sort in the order in which they were given.

    The uuids are of version 7 with microseconds in the bits that the version leaves free. They
    never go back: where the wall clock does, they go on by one microsecond each.

    Args:
        wall: Nanoseconds since 1970.
        monotonic: Seconds of the monotonic clock.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self.monotonic = monotonic
        self._last = 0

    def follow(self, uuid: UUID) -> None:
        """Give only uuids beyond this one from now on."""
        milliseconds, rest = uuid.int >> 80, uuid.int >> 64 & 0xFFF
        self._last = max(self._last, milliseconds * 1000 + min(rest, 999))

    def uuid(self) -> UUID:
        """A new uuid."""
        self._last = max(self._last + 1, self._wall() // 1000)
        milliseconds, microseconds = divmod(self._last, 1000)
        random = int.from_bytes(os.urandom(8)) >> 2
        bits = milliseconds << 80 | 7 << 76 | microseconds << 64 | 2 << 62 | random
        return UUID(int=bits)

    def utc(self) -> str:
        """The wall clock's time, ISO 8601 with milliseconds."""
        moment = datetime.fromtimestamp(self._wall() / 1e9, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
