"""What can go wrong, said so that the reviewer knows what to do next."""

from __future__ import annotations

from collections.abc import Callable

Poll = Callable[[], bool]
"""Asked between the steps of a long read: true when nobody wants the result any more."""


def never() -> bool:
    """The poll of a read that nobody withdraws."""
    return False


class TuiviewError(Exception):
    """An error with words for the reviewer.

    Args:
        message: What happened, in one line, naming the thing it happened to.
        hint: What to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(TuiviewError):
    """The command line or a typed command cannot be understood: exit status 2."""


class UnreadableError(TuiviewError):
    """An item that cannot be shown: damaged, vanished, forbidden, empty."""


class NotAnImageError(UnreadableError):
    """The content is of a kind that holds no picture."""


class Cancelled(Exception):
    """Raised inside a long read when its request has been superseded."""
