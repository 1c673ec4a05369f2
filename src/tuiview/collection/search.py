"""Searching the keys of a view for a text, in tables too long to be looked through item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tuiview.collection.base import Scanned, Searchable
from tuiview.collection.view import View
from tuiview.errors import Poll

_WALKED = 65_536


def next_with(
    collection: Searchable,
    view: View,
    text: str,
    position: int,
    step: int,
    *,
    folded: bool,
    cancelled: Poll,
    told: Callable[[int], None],
) -> int | None:
    """The next position of a view whose key has a text in it, going round; reads the keys.

    Args:
        collection: What the view is of.
        view: Where to search.
        text: What to search for.
        position: Where to begin; it comes last.
        step: 1 for onward, -1 for backward.
        folded: Whether capitals make no difference.
        cancelled: Asked now and then; true ends the search.
        told: Told now and then how many rows have been looked through.

    Returns:
        The position; None if there is none, or it was cancelled.

    Raises:
        UnreadableError: The table cannot be read.
    """

    def scan(start: int = 0) -> Iterator[Scanned]:
        for piece in collection.search(text, folded=folded, cancelled=cancelled, start=start):
            told(piece.end)
            yield piece

    if not view.whole:
        return _in_order(view, scan(), position, step)
    if step > 0:
        after = _first(scan(position + 1))
        return _first(_until(scan(), position + 1)) if after is None else after
    before = _last(_until(scan(), position))
    return _last(scan(position)) if before is None else before


def _until(pieces: Iterator[Scanned], stop: int) -> Iterator[Scanned]:
    """What is found before row `stop`."""
    for piece in pieces:
        yield piece.only(piece.rows < stop)
        if piece.end >= stop:
            return


def _first(pieces: Iterator[Scanned]) -> int | None:
    return next((int(piece.rows[0]) for piece in pieces if piece.rows.size), None)


def _last(pieces: Iterator[Scanned]) -> int | None:
    last = None
    for piece in pieces:
        last = int(piece.rows[-1]) if piece.rows.size else last
    return last


def _in_order(view: View, pieces: Iterator[Scanned], position: int, step: int) -> int | None:
    """The next position whose row is among what is found, in a view of any order."""
    found = np.zeros(0, np.bool_)
    for piece in pieces:
        if piece.end > found.size:
            # No copy for each piece: twice as many as there are rows so far.
            found = np.concatenate([found, np.zeros(2 * piece.end - found.size, np.bool_)])
        found[piece.rows] = True
    count = len(view)
    ahead = [(position + 1, count), (0, position + 1)]
    behind = [(0, position), (position, count)]
    for start, stop in ahead if step > 0 else behind:
        for low in range(start, stop, _WALKED)[::step]:
            hits = np.flatnonzero(found[view.rows(low, min(low + _WALKED, stop))])
            if hits.size:
                return low + int(hits[0 if step > 0 else -1])
    return None
