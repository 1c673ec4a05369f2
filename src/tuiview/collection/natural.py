"""Natural order: `a2` comes before `a10`."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from itertools import islice

_DIGITS = re.compile("[0-9]+")
_RUN = 16_384


def natural_key(name: str) -> str:
    """A string that sorts names as people do: by letters without case, digits by their value.

    A run of digits becomes `0`, its length without leading zeros and the digits, so that runs
    compare by value and still stand where digits stand among other characters. The name itself
    follows, so that no two names are equal.
    """
    return _DIGITS.sub(_run, name.lower()) + "\0" + name


def _run(found: re.Match[str]) -> str:
    digits = found.group().lstrip("0")
    return f"0{chr(len(digits))}{digits}"


def natural_order(names: Iterable[str]) -> Iterator[str]:
    """The names in natural order.

    They are sorted in short runs that are then merged: one long sort would hold the interpreter's
    lock, and with it the screen, for seconds at a million names.
    """
    source = iter(names)
    runs: list[list[tuple[str, str]]] = []
    while run := [(natural_key(name), name) for name in islice(source, _RUN)]:
        run.sort()
        runs.append(run)
    if len(runs) == 1:
        return (name for _, name in runs[0])
    return (name for _, name in heapq.merge(*runs))
