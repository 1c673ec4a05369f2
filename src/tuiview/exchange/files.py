"""Files that are read as text, whatever bytes they hold."""

from __future__ import annotations

from pathlib import Path

from tuiview.errors import UnreadableError
from tuiview.text import printable


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UnreadableError: It cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        words = error.strerror or error
        raise UnreadableError(f"{printable(str(path))} cannot be read: {words}") from None
