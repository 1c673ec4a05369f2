"""Seeded permutations that are the same on every machine and with every version of numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MASK = 0xFFFFFFFFFFFFFFFF
_ROUNDS = 6
_LISTED = 1 << 20


def mix(values: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Hash 64-bit values with a seed: splitmix64 (Steele, Lea and Flood 2014), vectorised."""
    # A seed that were only added would give the next seed the same order, moved by one.
    start = np.uint64(_scramble(seed + 1))
    with np.errstate(over="ignore"):
        z = values * np.uint64(0x9E3779B97F4A7C15) + start
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def _scramble(seed: int) -> int:
    z = (seed * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class Permutation:
    """A seeded permutation of 0..n-1.

    Up to a million rows it is the order of their hashes. Beyond, it is a Feistel network over the
    next power of four with cycle walking: it needs no memory, however many rows there are.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n = n
        self.seed = seed
        self._listed: NDArray[np.int64] | None = None
        self._inverse: NDArray[np.int64] | None = None
        if n <= _LISTED:
            hashes = mix(np.arange(n, dtype=np.uint64), seed)
            self._listed = np.argsort(hashes, kind="stable")
            self._inverse = np.empty(n, np.int64)
            self._inverse[self._listed] = np.arange(n)
        self._half = np.uint64(max(1, ((max(n, 2) - 1).bit_length() + 1) // 2))

    def forward(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows at these positions."""
        if self._listed is not None:
            return self._listed[positions]
        return self._walk(positions, backwards=False)

    def backward(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The positions of these rows."""
        if self._inverse is not None:
            return self._inverse[rows]
        return self._walk(rows, backwards=True)

    def _walk(self, values: NDArray[np.int64], *, backwards: bool) -> NDArray[np.int64]:
        order = list(range(_ROUNDS))[:: -1 if backwards else 1]
        result = values.astype(np.uint64)
        pending = np.arange(result.size)
        while pending.size:
            moved = self._network(result[pending], order, backwards)
            result[pending] = moved
            pending = pending[moved >= np.uint64(self.n)]
        return result.astype(np.int64)

    def _network(
        self, values: NDArray[np.uint64], order: list[int], backwards: bool
    ) -> NDArray[np.uint64]:
        low_bits = (np.uint64(1) << self._half) - np.uint64(1)
        left, right = values >> self._half, values & low_bits
        for number in order:
            seed = self.seed * _ROUNDS + number
            if backwards:
                left, right = right ^ (mix(left, seed) & low_bits), left
            else:
                left, right = right, left ^ (mix(right, seed) & low_bits)
        return np.asarray((left << self._half) | right)
