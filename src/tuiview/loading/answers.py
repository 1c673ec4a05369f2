"""Answers that are kept: pictures as long as there is room, failures for a while."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from tuiview.loading.cache import Lru
from tuiview.loading.request import Answer, Failed, Shown

_FAILED_BYTES = 500


class _Held(Struct, frozen=True):
    answer: Answer
    since: float


class Answers:
    """The answers to requests, by signature.

    Args:
        bound: The most bytes of pictures and payloads.
        failed_seconds: How long a failure counts before the item is worth another try.
        clock: Tells the time in seconds.
    """

    def __init__(self, bound: int, failed_seconds: float, clock: Callable[[], float]) -> None:
        self.cache: Lru[tuple[object, ...], _Held] = Lru(bound)
        self._failed_seconds = failed_seconds
        self._clock = clock

    def known(self, signature: tuple[object, ...]) -> Answer | None:
        """The answer, but for a failure that is worth another try."""
        held = self.cache.get(signature)
        if held is None:
            return None
        expired = self._clock() - held.since > self._failed_seconds
        return None if isinstance(held.answer, Failed) and expired else held.answer

    def keep(self, answer: Answer) -> None:
        """Keep an answer in place of the one with its signature."""
        nbytes = _FAILED_BYTES
        if isinstance(answer, Shown):
            nbytes = answer.picture.nbytes + answer.payload.nbytes
        self.cache.put(answer.request.signature, _Held(answer, self._clock()), nbytes)

    def room(self, most: int) -> int:
        """How many answers can be held beside the one that is shown, at least 1 and at most so."""
        typical = self.cache.typical
        return min(most, max(1, self.cache.bound // typical - 1)) if typical else most

    def forget(self, item: str) -> None:
        """Drop all that show anything of an item."""
        self.cache.discard(lambda signature, held: item in held.answer.request.items)
