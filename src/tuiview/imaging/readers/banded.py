"""Frames that are read band by band: what the frames of all readers have in common."""

from __future__ import annotations

import math
import os
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import Poll, never
from tuiview.imaging.axis import Axis, picked, plan_axis
from tuiview.imaging.frame import Box, Frame, Pixels, Reduced
from tuiview.imaging.readers.taps import Grid, Stride
from tuiview.imaging.reduce import BAND_BYTES, Averages, reduce_rows

ReadWindow = Callable[[int, int, int, int], Pixels]
"""Reads columns x0..x1 of rows y0..y1 (half-open), as stored."""

SAMPLES = 100_000
"""Values that scaling limits are taken from."""

_PREVIEW_THREADS = 8
_ZSCALE_PIXELS = 2048 * 2048
_ZSCALE_SAMPLES = 1000


class BandedFrame(Frame):
    """A frame over stored rows, with the scaling that makes values of them.

    Subclasses set the attributes of `Frame` and give `rows`.

    Attributes:
        stored: The type of the stored values, of any byte order.
        scale, zero: A value is `zero + scale * stored`.
        blank: The stored integer that stands for "no value".
        sequential: Bands are best read in order, by one thread.
        apart: Single rows are read for less than all between them; previews pay.
        worth_two: Bytes from which on two threads are faster than one.
    """

    stored: np.dtype[np.generic]
    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None
    sequential: bool = False
    apart: bool = False
    worth_two: int = 8 << 20
    _grids: Mapping[int, Pixels] = MappingProxyType({})
    _strided: Pixels | None = None

    @abstractmethod
    def rows(self, x0: int, x1: int, y0: int, y1: int) -> Pixels:
        """Stored values of columns x0..x1 and rows y0..y1 (half-open): `(h, w)` or `(h, w, 3)`."""

    def read(self, x0: int, y0: int, x1: int, y1: int) -> Pixels:
        """Native pixels of a window; see `Frame.read`.

        Raises:
            ValueError: The window is empty or not inside the frame.
        """
        ny, nx = self.shape
        if not (0 <= x0 < x1 <= nx and 0 <= y0 < y1 <= ny):
            raise ValueError(f"window {x0}:{x1}, {y0}:{y1} is not inside {nx} x {ny} pixels")
        return self.values(self.rows(x0, x1, y0, y1))

    def values(self, stored: Pixels) -> Pixels:
        """Turn stored values into values of the frame's native type."""
        if self.scale == 1.0 and self.zero == 0.0 and self.blank is None:
            return stored.astype(self.dtype, copy=False)
        if self.dtype.kind in "iu":
            # The unsigned conventions only turn the sign bit; a sum in floats would not be exact.
            bits = 8 * self.dtype.itemsize
            native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
            unsigned: NDArray[np.unsignedinteger[Any]] = native.view(f"u{self.dtype.itemsize}")
            flipped: Pixels = (unsigned ^ unsigned.dtype.type(1 << (bits - 1))).view(self.dtype)
            return flipped
        result = stored.astype(self.dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            if self.scale != 1.0:
                result *= self.scale
            if self.zero != 0.0:
                result += self.zero
        if self.blank is not None:
            result[stored == self.blank] = np.nan
        return result

    def reduce(
        self,
        box: Box,
        size: tuple[int, int],
        *,
        cancelled: Poll = never,
        preview: bool = False,
    ) -> Reduced:
        """Bring a box to the size of a pane; see `Frame.reduce`."""
        ny, nx = self.shape
        rows = plan_axis(box.y0, box.y1, size[0], ny)
        columns = plan_axis(box.x0, box.x1, size[1], nx)
        if rows is None or columns is None:
            return _nothing(size, self.channels)
        preview = preview and rows.average and self.apart
        if preview:
            rows = rows.nearest()
        where = slice(rows.first, rows.last), slice(columns.first, columns.last)
        if self.channels == 3 and self.stored == np.uint8 and not (rows.average or columns.average):
            window = self.rows(columns.low, columns.high, rows.low, rows.high)
            return placed_color(picked(window, rows, columns), None, where, size, preview)
        averages = self.averages(self.rows, rows, columns, cancelled=cancelled, sparse=preview)
        if self.channels == 3:
            if self.color_unit != 1.0:
                averages /= self.color_unit
            averages += 0.5
            return placed_color(averages, None, where, size, preview)
        with np.errstate(over="ignore"):
            values = averages if self._plain else averages * self.scale + self.zero
            if averages.shape == size:
                return Reduced(values.astype(np.float32, copy=False), preview=preview)
            data = np.full(size, np.nan, np.float32)
            data[where] = values
        return Reduced(data, preview=preview)

    @property
    def color_unit(self) -> float:
        """The stored difference that is one step of an 8-bit colour channel."""
        return 257.0 if self.dtype.itemsize == 2 else 1.0

    @property
    def _origin(self) -> int:
        """The stored integer that stands for 0 where that is far from 0, as FITS has unsigned."""
        stands = -self.zero / self.scale if self.scale else 0.0
        return int(stands) if self.stored.kind == "i" and stands.is_integer() else 0

    @property
    def _plain(self) -> bool:
        return self.scale == 1.0 and self.zero == 0.0

    def averages(
        self,
        read: ReadWindow,
        rows: Axis,
        columns: Axis,
        *,
        cancelled: Poll = never,
        sparse: bool = False,
    ) -> Averages:
        """Average stored values over the cells of two axes, before scaling.

        Args:
            read: `rows`, or a variant of it.
            rows: The cells along y.
            columns: The cells along x.
            cancelled: Asked before each band.
            sparse: The rows lie apart; many small reads at a time hide the storage's latency.
        """
        low, high = columns.low, columns.high
        channels = (self.channels,) if self.channels > 1 else ()
        row_bytes = (high - low) * self.stored.itemsize * self.channels
        threads = 1
        if not self.sequential and row_bytes * (rows.high - rows.low) > self.worth_two:
            threads = _PREVIEW_THREADS if sparse else min(2, len(os.sched_getaffinity(0)))

        whole = (low, high, rows.low, rows.high) == (0, self.shape[1], 0, self.shape[0])
        taps = self._taps() if whole and not sparse and read == self.rows else []
        gaps = threading.Event()

        def read_rows(y0: int, y1: int) -> Pixels:
            stored = read(low, high, y0, y1)
            for tap in taps:
                tap.take(y0, stored)
            return stored

        averages = reduce_rows(
            read_rows,
            rows,
            columns,
            stored=self.stored if read == self.rows else np.dtype("f4"),
            channels=channels,
            blank=self.blank,
            origin=self._origin if read == self.rows else 0,
            row_bytes=row_bytes,
            threads=threads,
            cancelled=cancelled,
            gaps=gaps.set,
        )
        self._remember(taps, whole=not gaps.is_set())
        return averages

    def _taps(self) -> list[Grid | Stride]:
        """What takes out of a read of the whole frame the values that limits come from."""
        large = self.shape[0] * self.shape[1] > _ZSCALE_PIXELS
        gray = self.channels == 1
        counts = [SAMPLES, _ZSCALE_SAMPLES] if gray and large else [SAMPLES]
        taps: list[Grid | Stride] = [self._grid(n) for n in counts if n not in self._grids]
        if gray and not large and self._strided is None:
            taps.append(Stride(self.shape, self.stored, _ZSCALE_SAMPLES))
        return taps

    def _remember(self, taps: Sequence[Grid | Stride], *, whole: bool) -> None:
        """Keep what was taken; a stride that gaps displace is of no use."""
        self._grids = {
            **self._grids, **{tap.count: tap.kept for tap in taps if isinstance(tap, Grid)}
        }  # fmt: skip
        for tap in taps:
            if isinstance(tap, Stride) and whole:
                self._strided = tap.kept

    def _grid(self, count: int) -> Grid:
        channels = (self.channels,) if self.channels > 1 else ()
        return Grid(self.shape, channels, self.stored, count)

    def sample(self, count: int = SAMPLES) -> NDArray[np.float64]:
        """Finite values on a grid; free after the whole frame has been reduced."""
        stored = self._grids.get(count)
        if stored is None:
            grid = self._grid(count)
            grid.walk(
                lambda y0, y1: self.rows(0, self.shape[1], y0, y1),
                self.shape[1] * self.stored.itemsize * self.channels,
            )
            stored = grid.kept
            if count == SAMPLES:
                self._remember([grid], whole=False)
        with np.errstate(invalid="ignore"):  # a signalling NaN is still a NaN
            values = self.values(stored).ravel().astype(np.float64)
        return values[np.isfinite(values)]

    def zscale_sample(self, count: int = _ZSCALE_SAMPLES) -> Pixels:
        """The values that zscale takes its limits from; see `Frame.zscale_sample`."""
        ny, nx = self.shape
        if self.channels != 1 or ny * nx > _ZSCALE_PIXELS:
            return self.sample(count)[:count]
        if count != _ZSCALE_SAMPLES or self._strided is None:
            stride = Stride(self.shape, self.stored, count)
            step = max(1, BAND_BYTES // (nx * self.stored.itemsize))
            gaps = self.dtype.kind == "f"
            for y in range(0, ny, step):
                stored = self.rows(0, nx, y, min(y + step, ny))
                if gaps and not _all_finite(stored, self.blank):
                    return super().zscale_sample(count)
                stride.take(y, stored)
            return self.values(stride.kept)
        return self.values(self._strided)

    def cost(self, box: Box) -> int:
        """About how many bytes are read to reduce a box; see `Frame.cost`."""
        ny, nx = self.shape
        rows = max(0.0, min(box.y1, ny - 0.5) - max(box.y0, -0.5))
        columns = max(0.0, min(box.x1, nx - 0.5) - max(box.x0, -0.5))
        return math.ceil(rows * columns) * self.stored.itemsize * self.channels


def _all_finite(stored: Pixels, blank: int | None) -> bool:
    if stored.dtype.kind == "f":
        return bool(np.isfinite(stored).all())
    return blank is None or not bool((stored == stored.dtype.type(blank)).any())


def _nothing(size: tuple[int, int], channels: int) -> Reduced:
    if channels == 3:
        return Reduced(np.zeros((*size, 3), np.uint8), np.zeros(size, np.bool_))
    return Reduced(np.full(size, np.nan, np.float32))


def placed_color(
    colors: Pixels,
    valid: NDArray[np.bool_] | None,
    where: tuple[slice, slice],
    size: tuple[int, int],
    preview: bool,
) -> Reduced:
    """Put colours `(h, w, 3)`, 0 to 255, to their place in a pane.

    Args:
        colors: The colours of the cells that touch the image; fractions are cut off.
        valid: Which of them hide nothing; None for all.
        where: The rows and columns of the pane that they fill.
        size: `(h, w)` of the pane.
        preview: For `Reduced.preview`.
    """
    data = np.zeros((*size, 3), np.uint8)
    np.copyto(data[where], colors, casting="unsafe")
    if valid is None and data[where].shape == data.shape:
        return Reduced(data, preview=preview)
    inside = np.zeros(size, np.bool_)
    inside[where] = True if valid is None else valid
    return Reduced(data, inside, preview)
