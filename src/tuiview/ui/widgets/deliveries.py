"""What is under way to the terminal, and which pictures have arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from tuiview.graphics.drawing import Receipts
from tuiview.graphics.link import Link


class Deliveries:
    """Pieces of output, each followed by a question whose answer says that it has arrived.

    Args:
        link: What measures the way and says how much may be on it.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._receipts = Receipts()
        self._pictures: deque[tuple[int, Hashable]] = deque()

    def resize(self, columns: int, rows: int) -> None:
        """Use a screen of that size for the questions."""
        self._receipts.resize(columns, rows)

    def send(self, nbytes: int) -> tuple[int, str]:
        """Note that so many bytes go out; return their token, and the question to write behind."""
        token = self.link.sent(nbytes)
        return token, self._receipts.question(token)

    def complete(self, token: int, name: Hashable) -> None:
        """Note that a picture is on the screen as soon as `token` has arrived."""
        self._pictures.append((token, name))

    def token(self, x: int, y: int) -> int | None:
        """The token that a report of the cursor's place answers; None for any other report."""
        return self._receipts.token(x, y)

    def arrived(self, token: int) -> list[Hashable]:
        """Note an answer; return the pictures that are on the screen now."""
        return self._until(token) if self.link.acknowledged(token) else []

    def overdue(self) -> list[Hashable]:
        """The pictures whose answer is not waited for any more: they count as shown."""
        names = []
        while self._pictures and not self.link.under_way(self._pictures[0][0]):
            names.append(self._pictures.popleft()[1])
        return names

    def forget(self) -> None:
        """Forget what is under way."""
        self.link.forget()
        self._pictures.clear()

    def _until(self, token: int) -> list[Hashable]:
        names = []
        while self._pictures and self._pictures[0][0] <= token:
            names.append(self._pictures.popleft()[1])
        return names
