"""Natural order: `a2` comes before `a10`."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

_DIGITS = re.compile("[0-9]+")
_RUN = 16_384
_FEW = 64


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

    One long sort of strings would hold the interpreter's lock, and with it the screen, for seconds
    at a million names. Names that differ in nothing but digits, as a program's output does, are
    sorted by numpy, which lets go of it; others in short runs that are then merged.
    """
    listed = list(names)
    ranks = _ranks(listed)
    if ranks is not None:
        return (listed[rank] for rank in ranks)
    source = iter(listed)
    runs: list[list[tuple[str, str]]] = []
    while run := [(natural_key(name), name) for name in islice(source, _RUN)]:
        run.sort()
        runs.append(run)
    if len(runs) == 1:
        return (name for _, name in runs[0])
    return (name for _, name in heapq.merge(*runs))


def _ranks(names: list[str]) -> list[int] | None:
    """Where the first, second, ... name in natural order stands in the list.

    Returns:
        None unless all are equally long with digits at the same places, and differ by more than
        case: then their bytes in lower case stand in natural order.
    """
    text = "".join(names)
    if len(names) < _FEW or not text.isascii() or len(set(map(len, names))) > 1:
        return None
    letters = np.frombuffer(text.lower().encode(), np.uint8).reshape(len(names), -1)
    digits = letters - ord("0") < 10
    if (digits != digits[0]).any():
        return None
    lines = letters.view(f"S{letters.shape[1]}").ravel()
    ranks = np.argsort(lines)
    lines = lines[ranks]
    return None if (lines[1:] == lines[:-1]).any() else ranks.tolist()
