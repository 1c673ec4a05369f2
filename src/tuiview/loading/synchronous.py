"""The loader without threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from tuiview.collection.base import Item
from tuiview.errors import TuiviewError
from tuiview.loading.loader import DEFAULTS, Loader, LoaderSettings
from tuiview.loading.request import Answer, Request
from tuiview.loading.watch import Watch

T = TypeVar("T")


class SynchronousLoader(Loader):
    """A loader that does everything in the call, in the caller's thread, for tests of a screen.

    `ask` and `refine` return the answer, never a preview, and do not call `answer`; `ahead` calls
    `ready`, `info` and `inspect` call `done` before they return.
    """

    def __init__(
        self,
        *,
        answer: Callable[[Answer], None] = lambda answer: None,
        settings: LoaderSettings = DEFAULTS,
        **others: Any,
    ) -> None:
        settings = replace(settings, threads=0, previews=False)
        super().__init__(answer=self._note, settings=settings, **others)
        self._noted: Answer | None = None

    def ask(self, request: Request) -> Answer | None:
        """Demand a picture and get it."""
        return self._now(super().ask(request))

    def refine(self, request: Request) -> Answer | None:
        """Ask for a better picture and get it."""
        return self._now(super().refine(request))

    def ahead(self, requests: Sequence[Request]) -> None:
        """Make the neighbours ready."""
        super().ahead(requests)
        self.run_until_idle()

    def forget(self, item: str) -> None:
        """Start afresh with an item."""
        super().forget(item)
        self.run_until_idle()

    def _ask_aside(
        self,
        kind: Hashable,
        item: Item,
        question: Callable[[Watch], T],
        done: Callable[[T | TuiviewError], None],
    ) -> None:
        super()._ask_aside(kind, item, question, done)
        self.run_until_idle()

    def _note(self, answer: Answer) -> None:
        self._noted = answer

    def _now(self, known: Answer | None) -> Answer | None:
        self._noted = known
        self.run_until_idle()
        return self._noted
