"""Readers: from a source to an open image, by what the content is and not by its name."""

from __future__ import annotations

from tuiview.errors import Poll, never
from tuiview.imaging.frame import Image
from tuiview.imaging.kinds import SUFFIXES, sniff
from tuiview.source import Source

__all__ = ["SUFFIXES", "open_image", "sniff"]


def open_image(source: Source, cancelled: Poll = never) -> Image:
    """Open the image that `source` names; its pixels are read when asked for.

    Args:
        source: What to open.
        cancelled: Asked while a compressed file is decompressed, and told how far that is.

    Raises:
        Cancelled: `cancelled()` became true.
        UnreadableError: It is missing, forbidden, empty, truncated or damaged.
        NotAnImageError: Its content is of a kind that holds no picture.
    """
    from tuiview.imaging.readers.dispatch import dispatch

    return dispatch(source, cancelled)
