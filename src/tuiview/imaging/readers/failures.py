"""Failures of the libraries that decode, put into the reviewer's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tuiview.errors import Cancelled, UnreadableError
from tuiview.text import printable


@contextmanager
def explained(
    name: str, what: str = "is damaged, or of a kind that cannot be read"
) -> Iterator[None]:
    """Turn any failure inside into an `UnreadableError` about `name`.

    Args:
        name: What is being read, safe to print.
        what: What to say of it; the library's own words become the hint.
    """
    try:
        yield
    except (UnreadableError, Cancelled):
        raise
    except MemoryError as error:
        raise UnreadableError(
            f"{name} needs more memory than there is", "close other programs, or tile the image"
        ) from error
    except Exception as error:
        said = printable(" ".join(str(error).split()))
        if isinstance(error, EOFError) or "truncated" in said.lower():
            what = "is truncated"
        raise UnreadableError(f"{name} {what}", said) from error
