"""Acts in turn: what follows a search for a place waits until it has led there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tuiview.errors import TuiviewError
from tuiview.session.changes import Noticed

if TYPE_CHECKING:
    from tuiview.imaging.frame import Frame
    from tuiview.session.session import Session

T = TypeVar("T")


class InTurn:
    """The searches of the frame that is shown, and what waits for them.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._searching: object | None = None
        self._queued: deque[tuple[Callable[[], object], bool]] = deque()

    def then(self, act: Callable[[], object], *, anyway: bool = False) -> None:
        """Act at once, or when the search that is under way has led somewhere.

        Args:
            act: What to do.
            anyway: Whether to do it even if the search fails.
        """
        if self._searching is not None or self._queued:
            self._queued.append((act, anyway))
        else:
            act()

    def forget(self) -> bool:
        """Another item or frame is shown: what was searched for and what waits mean nothing.

        Returns:
            Whether something waited to be done where the search led to.
        """
        waited = any(not anyway for _, anyway in self._queued)
        self._searching = None
        self._queued.clear()
        return waited

    def search(self, find: Callable[[Frame], T], use: Callable[[T], object], kind: str) -> None:
        """Search the frame behind, and use what is found on the screen's thread.

        A search that fails is told of, and drops what waits: it was meant for another place.

        Args:
            find: Searches; runs on a loader thread.
            use: Takes what was found.
            kind: What it is for; the loader drops an older one of the same.
        """
        session, this = self._session, object()

        def ended(found: T | TuiviewError) -> None:
            if self._searching is not this:
                return
            self._searching = None
            if isinstance(found, TuiviewError):
                self._queued = deque(one for one in self._queued if one[1])
                session.notify(Noticed(str(found), "warning"))
                self._go_on()
                return
            try:
                use(found)
            finally:
                self._go_on()

        def done(found: T | TuiviewError) -> None:
            session.later(lambda: ended(found))

        before, self._searching = self._searching, this
        if not session.viewer.inspect(find, done, kind):
            self._searching = before

    def _go_on(self) -> None:
        """Do what waits, in its order; one that fails keeps none of the others."""
        if self._searching is None and self._queued:
            try:
                self._queued.popleft()[0]()
            finally:
                self._go_on()
