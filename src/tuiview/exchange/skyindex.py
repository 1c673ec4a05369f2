"""Positions on the sky, sorted once so that those within a circle are found at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

_SLACK = 1e-9
_FULL = 360.0


class SkyIndex:
    """Rows of a catalogue by zones of declination and, within a zone, by right ascension.

    Args:
        ra: Right ascensions in degrees, 0 to 360.
        dec: Declinations in degrees.
    """

    def __init__(self, ra: Floats, dec: Floats) -> None:
        self._ra, self._dec = ra, dec
        # About as many zones as rows in a zone.
        self._height = 180.0 / float(np.clip(math.sqrt(len(ra)), 1, 2000))
        self._zones = int(180.0 / self._height) + 1
        keys = self._zone(dec) * _FULL + ra
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def __len__(self) -> int:
        return len(self._keys)

    def within(self, ra: float, dec: float, radius: float) -> Rows:
        """The rows within `radius` degrees of a position, in ascending order."""
        if radius >= 180.0:
            return np.arange(len(self), dtype=np.int64)
        near = self._near(ra, dec, radius)
        if not len(near):
            return near
        off = separation(ra, dec, self._ra[near], self._dec[near])
        return np.sort(near[off <= radius + _SLACK])

    def _near(self, ra: float, dec: float, radius: float) -> Rows:
        """Rows of the zones and spans of right ascension that the circle touches."""
        low, high = max(-90.0, dec - radius - _SLACK), min(90.0, dec + radius + _SLACK)
        zones = np.arange(self._zone(np.array([low]))[0], self._zone(np.array([high]))[0] + 1)
        if abs(dec) + radius >= 90.0 - _SLACK:
            half = 180.0  # a pole lies within
        else:
            ratio = math.sin(math.radians(radius)) / math.cos(math.radians(dec))
            half = math.degrees(math.asin(min(1.0, ratio))) + 1e-7
        if half > 179.0:  # two spans would touch
            spans = [(0.0, _FULL)]
        else:
            first, last = (ra - half) % _FULL, (ra + half) % _FULL
            spans = [(first, last)] if first <= last else [(0.0, last), (first, _FULL)]
        pieces = []
        for first, last in spans:
            starts = np.searchsorted(self._keys, zones * _FULL + first - _SLACK, "left")
            ends = np.searchsorted(self._keys, zones * _FULL + min(last, _FULL - 1e-7), "right")
            pieces += [self._order[s:e] for s, e in zip(starts, ends, strict=True) if s < e]
        if not pieces:
            return np.empty(0, np.int64)
        return np.concatenate(pieces)

    def _zone(self, dec: Floats) -> Floats:
        zones = np.floor((dec + 90.0) / self._height)
        return np.asarray(np.clip(zones, 0, self._zones))


def separation(ra: float, dec: float, ras: Floats, decs: Floats) -> Floats:
    """Degrees between one position and many, by the haversine formula."""
    d0, d1 = math.radians(dec), np.radians(decs)
    dra, ddec = np.radians(ras - ra), d1 - d0
    hav = np.sin(ddec / 2) ** 2 + math.cos(d0) * np.cos(d1) * np.sin(dra / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(hav, 0.0, 1.0)))))
