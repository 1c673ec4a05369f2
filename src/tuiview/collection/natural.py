"""Natural order: `a2` comes before `a10`."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DIGITS = re.compile("[0-9]+")
_RUN = 16_384
_FEW = 64
_LONG = 255  # bytes, as long as a file's name can be; the length of a run of digits is a byte
_ZERO = ord("0")


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


def natural_order(names: Sequence[str]) -> list[str]:
    """The names in natural order."""
    return [names[rank] for rank in natural_ranks(names).tolist()]


def natural_ranks(names: Sequence[str]) -> NDArray[np.int64]:
    """Where the first, second, ... name in natural order stands; equal names keep their order.

    One long sort of strings would hold the interpreter's lock, and with it the screen, for seconds
    at a million names. Those of ASCII are sorted by numpy, which lets go of it; others in short
    runs that are then merged.
    """
    lines = _lines(names) if len(names) >= _FEW else None
    if lines is None:
        return _merged(names)
    words = _words(lines)
    ranks = np.argsort(words[0]) if len(words) == 1 else np.lexsort(words[::-1])
    twins = np.ones(len(names) - 1, np.bool_)
    for word in words:
        ordered = word[ranks]
        twins &= ordered[1:] == ordered[:-1]
    if twins.any():  # they differ by case or leading zeros, or not at all
        ranks = np.lexsort((np.array(names, np.bytes_), *words[::-1]))
    return ranks.astype(np.int64, copy=False)


def _merged(names: Sequence[str]) -> NDArray[np.int64]:
    runs = [
        sorted((natural_key(names[at]), at) for at in range(start, min(start + _RUN, len(names))))
        for start in range(0, len(names), _RUN)
    ]
    return np.fromiter((at for _, at in heapq.merge(*runs)), np.int64, len(names))


def _words(lines: NDArray[np.uint8]) -> list[NDArray[np.uint64]]:
    """Numbers that compare as lines of bytes do, eight bytes in each, the first counts most."""
    lines = lines[:, (lines != lines[0]).any(axis=0)]  # in most folders few columns differ
    width = max(8, -(-lines.shape[1] // 8) * 8)
    padded = np.zeros((len(lines), width), np.uint8)
    padded[:, : lines.shape[1]] = lines
    return list(np.ascontiguousarray(padded.view(">u8").T, np.uint64))


def _lines(names: Sequence[str]) -> NDArray[np.uint8] | None:
    """A line of bytes for each name, as long as the longest; they stand in order as names do.

    Returns:
        None where some are not of ASCII, or no names of files: empty, endless, with a NUL.
    """
    text = "".join(names)
    sizes = np.fromiter(map(len, names), np.int64, len(names))
    if not text.isascii() or "\0" in text or sizes.min() == 0 or sizes.max() > _LONG:
        return None
    letters = np.frombuffer(text.lower().encode(), np.uint8)
    if sizes.min() == sizes.max():
        lines = letters.reshape(len(names), -1)
        digits = lines - _ZERO < 10
        if (digits == digits[0]).all():  # then digits compare by their values as they are
            return lines
    ends = np.cumsum(sizes)
    pieces: list[NDArray[np.uint8]] = []
    for first in range(0, len(names), _RUN):
        some = slice(first, first + _RUN)
        begin = int(ends[first] - sizes[first])
        end = int(ends[some][-1])
        pieces.append(_keys(letters[begin:end], sizes[some]))
    width = max(piece.shape[1] for piece in pieces)
    return np.concatenate([np.pad(p, ((0, 0), (0, width - p.shape[1]))) for p in pieces])


def _keys(letters: NDArray[np.uint8], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """What `natural_key` puts before each name.

    Args:
        letters: `(sum(sizes),)`, the names one after the other in lower case.
        sizes: How long each is.

    Returns:
        `(len(sizes), n)` with zeros behind.
    """
    starts = np.cumsum(sizes) - sizes
    digit = letters - _ZERO < 10
    begins = digit.copy()
    begins[1:] &= ~digit[:-1]
    begins[starts] = digit[starts]
    run = np.cumsum(begins) - 1
    value = np.cumsum(digit & (letters != _ZERO))
    # Of a run, the digits count from the first on that is no zero.
    before = value[begins] - (letters[begins] != _ZERO)
    counts = ~digit
    counts[digit] = value[digit] > before[run[digit]]
    length = np.bincount(run[digit & counts], minlength=before.size)
    places = np.cumsum(counts + 2 * begins.astype(np.int64)) - counts
    at = places - np.repeat(places[starts] - 2 * begins[starts], sizes)
    width = int(at[starts + sizes - 1].max()) + 1
    keys = np.zeros((sizes.size, width), np.uint8)
    rows = np.repeat(np.arange(sizes.size), sizes)
    keys[rows[counts], at[counts]] = letters[counts]
    keys[rows[begins], at[begins] - 2] = _ZERO
    keys[rows[begins], at[begins] - 1] = length
    return keys
