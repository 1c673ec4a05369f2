"""What the loader says: why something cannot be shown, and how a long read gets on."""

from __future__ import annotations

import logging

from tuiview.errors import TuiviewError, UnreadableError
from tuiview.text import printable

_log = logging.getLogger(__name__)


def failure(error: BaseException, name: str) -> TuiviewError:
    """Whatever a stage raised, as words for the reviewer; what nobody foresaw is logged in full.

    Args:
        error: What was raised.
        name: What it happened to.
    """
    name = printable(name)
    if isinstance(error, TuiviewError):
        error.message, error.hint = printable(error.message), printable(error.hint)
        return error.with_traceback(None)  # which would keep the arrays of its frames
    if isinstance(error, MemoryError):
        return UnreadableError(
            f"{name}: there is not enough memory to show it", "a smaller cache leaves more"
        )
    if isinstance(error, OSError) and error.strerror:
        return UnreadableError(f"{name}: {printable(error.strerror)}", "it is tried again later")
    _log.error("%s cannot be shown", name, exc_info=error)
    said = " ".join(printable(str(error)).split())[:200]
    kind = type(error).__name__
    return UnreadableError(
        f"{name} cannot be shown: {kind}" + (f": {said}" if said else ""),
        "the file may be damaged; if other programs show it, please report it",
    )


def in_words(what: str, fraction: float | None, *, silent: bool) -> str:
    """How a demand gets on.

    Args:
        what: What is being done; empty means that it has not begun.
        fraction: The part done, or None.
        silent: Whether nothing has been heard of it for a while.
    """
    if silent:
        return "still reading; storage does not answer; f5 reads it again"
    if not what:
        return "waiting"
    return what if fraction is None else f"{what}, {fraction:.0%}"
