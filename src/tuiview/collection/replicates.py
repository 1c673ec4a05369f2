"""Keys of images that come back: what is said of them then is kept apart from what was said first.

A repeat has the key of its item behind its replicate number, between two characters that no name
begins with. So it is another thing for all that knows things by their keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuiview.collection.texts import Texts

AGAIN = 2
"""The replicate number of an image that comes back; the first showing is 1."""

_BOUND = "\x1f"  # ASCII's unit separator


def repeat_key(key: str, replicate: int) -> str:
    """The key under which a replicate of an item is known; the item's own for the first."""
    return key if replicate == 1 else f"{_BOUND}{replicate}{_BOUND}{key}"


def split_key(key: str) -> tuple[str, int]:
    """The item's own key and the replicate's number, of the key of either."""
    if key.startswith(_BOUND):
        number, bound, own = key[1:].partition(_BOUND)
        if bound and number.isdecimal():
            return own, int(number)
    return key, 1


def by_replicate(keys: Texts) -> dict[int, tuple[Sequence[str], NDArray[np.int64]]]:
    """The items' own keys among these by the replicate's number, and their places."""
    if not keys.may_hold(_BOUND):
        return {1: (keys, np.arange(len(keys)))}
    found: dict[int, dict[str, int]] = {}
    for place, (own, replicate) in enumerate(map(split_key, keys)):
        found.setdefault(replicate, {})[own] = place
    return {
        replicate: (tuple(places), np.array(tuple(places.values()), np.int64))
        for replicate, places in found.items()
    }


def told_key(key: str) -> str:
    """A key for reading."""
    own, replicate = split_key(key)
    return own if replicate == 1 else f"{own} (repeat)"
