"""Many texts in one block of UTF-8, and which of them are among others: a join by key.

Keys come as blocks: from SQLite as one long text, from arrow as a buffer, from a folder as its
names. Here they are compared without a Python object for each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_WORD = 8
_PIECE = 1 << 14
"""Texts that are hashed at once: what fits into a processor's cache."""
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], np.uint64)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_SEED = np.uint64(int.from_bytes(os.urandom(8), "little"))
_FACTORS = np.frombuffer(os.urandom(512 * _WORD), np.uint64) | np.uint64(1)


class Texts(Sequence[str]):
    """Texts that lie in one block; each may begin anywhere in it.

    A sequence like another, only that taking many at once from it costs next to nothing.

    Args:
        content: The block, in UTF-8.
        starts: Where each begins, in bytes.
        lengths: How long each is, in bytes.
    """

    def __init__(self, content: bytes, starts: Numbers, lengths: Numbers) -> None:
        self._content: Final = content
        self._starts: Final = starts
        self._lengths: Final = lengths

    @classmethod
    def of(cls, values: Sequence[str]) -> Texts:
        """These texts in one block."""
        if isinstance(values, cls):
            return values
        content = "".join(values)
        if content.isascii():
            lengths = np.fromiter(map(len, values), np.int64, len(values))
            return cls(content.encode(), np.cumsum(lengths) - lengths, lengths)
        encoded = [value.encode("utf-8", "surrogatepass") for value in values]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(b"".join(encoded), np.cumsum(lengths) - lengths, lengths)

    @classmethod
    def parted(cls, content: bytes, separator: bytes) -> Texts:
        """What lies between separators of one byte: one text more than there are of them."""
        ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord(separator))
        starts = np.append(0, ends + 1)
        return cls(content, starts, np.append(ends, len(content)) - starts)

    @classmethod
    def joined(cls, blocks: Sequence[Texts]) -> Texts:
        """The texts of some blocks, one block's after the other's."""
        if len(blocks) == 1:
            return blocks[0]
        sizes = np.array([len(block._content) for block in blocks], np.int64)
        firsts = np.cumsum(sizes) - sizes
        starts = [block._starts + first for block, first in zip(blocks, firsts, strict=True)]
        none = [np.zeros(0, np.int64)]
        return cls(
            b"".join(block._content for block in blocks),
            np.concatenate(none + starts),
            np.concatenate(none + [block._lengths for block in blocks]),
        )

    def __len__(self) -> int:
        return self._starts.size

    def __iter__(self) -> Iterator[str]:
        content = self._content
        for start, length in zip(self._starts.tolist(), self._lengths.tolist(), strict=True):
            yield content[start : start + length].decode("utf-8", "surrogatepass")

    @overload
    def __getitem__(self, number: int) -> str: ...

    @overload
    def __getitem__(self, number: slice) -> Texts: ...

    def __getitem__(self, number: int | slice) -> str | Texts:
        if isinstance(number, slice):
            return self._some(number)
        start = self._starts[number]
        content = self._content[start : start + self._lengths[number]]
        return content.decode("utf-8", "surrogatepass")

    def take(self, numbers: Numbers) -> Texts:
        """Those of these numbers, in their order."""
        return self._some(numbers)

    def _some(self, which: Numbers | slice) -> Texts:
        some = object.__new__(Texts)
        some.__dict__.update(
            _content=self._content, _starts=self._starts[which], _lengths=self._lengths[which]
        )
        return some

    def may_hold(self, part: str | bytes) -> bool:
        """Whether a text may have a part; quicker than looking into each."""
        return (part.encode() if isinstance(part, str) else part) in self._content

    def hashes(self) -> tuple[Hashes, Hashes]:
        """Two hashes of each, of 64 bits, that are others in each run of the program."""
        mixed = self._lengths.astype(np.uint64) ^ _SEED
        summed = mixed.copy()
        for first in range(0, len(self), _PIECE):
            piece = slice(first, first + _PIECE)
            here, there = mixed[piece], summed[piece]
            for number, (which, words) in enumerate(self._words(piece)):
                some = here[which] ^ words
                some *= _MULTIPLIER
                some ^= some >> _SHIFT
                here[which] = some
                words *= _FACTORS[number % _FACTORS.size]
                there[which] += words
        return mixed, summed

    def _words(self, piece: slice) -> Iterator[tuple[slice | Numbers, Hashes]]:
        """The first eight bytes of those that have any, the next eight, and so on.

        Behind a text's end there are zeros.
        """
        starts, lengths = self._starts[piece], self._lengths[piece]
        shortest, longest = int(lengths.min()), int(lengths.max())
        content = self._content if len(self._content) >= _WORD else self._content.ljust(_WORD)
        # Words begin at any byte.
        last = len(content) - _WORD
        every: Hashes = np.ndarray((last + 1,), np.dtype("<u8"), content, 0, (1,))
        step = int(starts[1] - starts[0]) if starts.size > 1 else 0
        even = shortest == longest and step > 0 and bool((np.diff(starts) == step).all())
        for at in range(0, longest, _WORD):
            which: slice | Numbers = slice(None)
            if at >= shortest:
                which = np.flatnonzero(lengths > at)
            begins, left = starts[which] + at, lengths[which] - at
            end = int(begins.max())
            if end > last:
                known = np.minimum(begins, last)
                words = every[known] >> (8 * (begins - known)).astype(np.uint64)
            elif even:
                words = every[begins[0] : end + 1 : step].copy()
            else:
                words = every[begins]
            if at + _WORD > shortest:
                words &= _MASKS[np.minimum(left, _WORD)]
            yield which, words


class Lookup:
    """Finds which of some texts are among others.

    They are taken for the same where two hashes of 64 bits agree.

    Args:
        texts: What is looked for.
    """

    def __init__(self, texts: Texts) -> None:
        self._hashes = texts.hashes()
        self._levels: list[tuple[np.uint64, NDArray[np.int32]]] = []
        slots = self._hashes[0]
        waiting = np.arange(len(texts), dtype=np.int32)
        while waiting.size:
            # Four times as many slots as texts. Of those that share one the last stays; the
            # others go to the next level.
            bits = min(31, int(waiting.size).bit_length() + 1)
            shift = np.uint64(64 - bits)
            level = np.full(1 << bits, -1, np.int32)
            at = slots[waiting] >> shift
            level[at] = waiting
            self._levels.append((shift, level))
            waiting = waiting[level[at] != waiting]

    def of(self, values: Texts) -> tuple[Numbers, Numbers]:
        """The positions of the values that are looked for, ascending, and which each is."""
        mixed, summed = values.hashes()
        which = np.full(len(values), -1, np.int64)
        waiting = np.arange(len(values))
        for shift, level in self._levels:
            found = level[mixed[waiting] >> shift]
            there = found >= 0
            waiting, found = waiting[there], found[there]
            same = self._hashes[0][found] == mixed[waiting]
            same &= self._hashes[1][found] == summed[waiting]
            which[waiting[same]] = found[same]
            waiting = waiting[~same]
        positions = np.flatnonzero(which >= 0)
        return positions, which[positions]
