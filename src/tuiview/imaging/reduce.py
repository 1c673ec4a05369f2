"""Reduction: a box of an image brought to the size of a pane by exact area averages.

The average is separable: every output cell is a rectangle whose edges may cut pixels, and each
pixel counts with the part of its area that the cell covers. Rows are read band by band, summed to
one row for each output row, and these are summed along x, all by products with small matrices of
such shares. NaN makes the sums of its column NaN; only those columns are then summed again without
it. Where an axis is magnified the nearest pixel is taken instead.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiview.errors import Cancelled, Poll, never
from tuiview.imaging.axis import Axis, Floats
from tuiview.imaging.frame import Pixels, report
from tuiview.imaging.shares import Across, Shares, covered, steps

ReadRows = Callable[[int, int], Pixels]
"""Reads rows y0..y1 (half-open) of the columns wanted: `(h, w)` or `(h, w, channels)`."""

Averages = Shares

BAND_BYTES = 1 << 19
"""Bytes of one band: it stays in the processor's cache between reading and summing."""

_SUM_BYTES = 1 << 21
_MOST_ROWS = 128  # so many 16-bit integers are summed exactly in 32-bit floats
_MANY = 64  # pixels under a cell from which on 32-bit sums along x would lose a digit
_NO_NUMBER = 1e290  # of values beyond, sums have no 64-bit float
_HARDLY = 1e-6  # pixels of a cell that do not count as a value


def _nothing() -> None:
    pass


def reduce_rows(
    read: ReadRows,
    rows: Axis,
    columns: Axis,
    *,
    stored: np.dtype[np.generic],
    channels: tuple[int, ...] = (),
    blank: int | None = None,
    origin: int = 0,
    row_bytes: int = 1,
    threads: int = 1,
    cancelled: Poll = never,
    gaps: Callable[[], None] = _nothing,
) -> Averages:
    """Average what `read` gives over the cells of two axes.

    Args:
        read: Reads rows of the columns `columns.low`..`columns.high`, of any byte order.
        rows: The plan of the y axis.
        columns: The plan of the x axis.
        stored: The type of what `read` returns.
        channels: `(n,)` where `read` returns a third axis of n channels.
        blank: The integer that stands for "no value".
        origin: The integer that stands for 0, from which sums are counted: those of small numbers
            have more digits.
        row_bytes: Bytes of one row as `read` returns it, by which bands are cut.
        threads: Parts read at the same time; 1 where `read` wants rows in order.
        cancelled: Asked before each band, and told which part of the cells is done.
        gaps: Called, by any of the threads, when a value is missing.

    Returns:
        `(rows.cells, columns.cells, *channels)` averages, float32 for small types, else float64;
        NaN where a cell covers no value.

    Raises:
        Cancelled: `cancelled()` became true.
    """
    threads = max(1, min(threads, rows.cells))
    cuts = [rows.cells * part // threads for part in range(threads + 1)]
    failed = threading.Event()
    done = 0

    def advance(cells: int) -> None:
        nonlocal done
        done += cells
        report(cancelled, min(done / rows.cells, 1.0))

    def poll() -> bool:
        return failed.is_set() or cancelled()

    reduction = _Reduction(
        read, rows, columns,
        channels=channels, stored=stored, blank=blank, origin=origin, row_bytes=row_bytes,
        cancelled=poll, advance=advance, gaps=gaps,
    )  # fmt: skip

    out = reduction.room(rows.cells)

    def run(part: int) -> Averages:
        first, last = cuts[part], cuts[part + 1]
        try:
            try:
                return reduction.run(first, out[first:last])
            except OverflowError:
                wide = reduction.wide()
                return wide.run(first, wide.room(last - first))
        except BaseException:
            failed.set()
            raise

    if threads == 1:
        return run(0)
    parts: list[Averages] = []
    errors: list[BaseException] = []
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="reduce") as pool:
        others = [pool.submit(run, part) for part in range(1, threads)]
        for part in range(threads):
            try:
                parts.append(run(0) if part == 0 else others[part - 1].result())
            except BaseException as error:
                errors.append(error)
    if errors:
        # A part that stops because another failed says Cancelled; the failure itself is the news.
        raise next((error for error in errors if not isinstance(error, Cancelled)), errors[0])
    # To put parts together costs memory, which costs time: they lie in one array already.
    return out if all(part.base is out for part in parts) else np.concatenate(parts)


class _Reduction:
    """The arguments of `reduce_rows`, shared by its threads."""

    def __init__(
        self,
        read: ReadRows,
        rows: Axis,
        columns: Axis,
        *,
        channels: tuple[int, ...],
        stored: np.dtype[np.generic],
        blank: int | None,
        origin: int,
        row_bytes: int,
        cancelled: Poll,
        advance: Callable[[int], None],
        gaps: Callable[[], None],
    ) -> None:
        self._read = read
        self._rows = rows
        self._columns = columns
        self._channels = channels
        self._blank = blank if stored.kind in "iu" else None
        self._origin = origin
        self._cancelled = cancelled
        self._advance = advance
        self._gaps = gaps
        self._work = _work_type(stored)
        self._band = max(1, min(BAND_BYTES // max(row_bytes, 1), _MOST_ROWS))
        self._start = columns.start - columns.low
        self._across = self._summing(self._work) if columns.average else None
        self._weighing: Across | None = None

    def wide(self) -> _Reduction:
        """The same, summing in 64 bits."""
        other = copy(self)
        other._work = np.dtype(np.float64)
        if self._across is not None:
            other._across = self._summing(other._work)
        return other

    def room(self, cells: int) -> Averages:
        """An array `(cells, columns.cells, *channels)` for so many rows of averages."""
        return np.empty((cells, self._columns.cells, *self._channels), self._work)

    def run(self, first: int, out: Averages) -> Averages:
        """Average output rows from `first` on into `out`, an array of `room`; returns it.

        Raises:
            OverflowError: A sum is too large for the type that sums are made in.
        """
        last = first + len(out)
        with np.errstate(invalid="ignore", over="ignore"):
            if not self._rows.average and not self._columns.average:
                self._magnify(first, last, out)
                return out
            width = self._columns.high - self._columns.low
            flat = width * math.prod(self._channels)
            batch = max(1, _SUM_BYTES // (self._work.itemsize * flat))
            fill = self._average if self._rows.average else self._pick
            store = np.empty((min(batch, last - first), flat), self._work)
            for cell in range(first, last, batch):
                end = min(cell + batch, last)
                sums, weights = fill(cell, end, store[: end - cell])
                into = out[cell - first : end - first].reshape(end - cell, -1)
                self._along_x(sums, weights, (cell, end), into)
                if self._origin and self._rows.average:
                    into += self._origin
                self._advance(end - cell)
        return out

    def _bands(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, Pixels]]:
        """Read bands of rows; where integers are blank they come as floats with NaN."""
        for y0, y1 in spans:
            if self._cancelled():
                raise Cancelled
            band = self._read(y0, y1)
            if self._blank is not None:
                empty = band == band.dtype.type(self._blank)
                band = band.astype(self._work)
                band[empty] = np.nan
            yield y0, y1, band

    def _steps(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        for y in range(low, high, self._band):
            yield y, min(y + self._band, high)

    def _magnify(self, first: int, last: int, out: Averages) -> None:
        wanted = self._rows.start[first:last]
        steps = self._steps(int(wanted[0]), int(wanted[-1]) + 1)
        for y0, y1, band in self._bands(steps):
            values: Averages = band.astype(self._work)
            if band.dtype.kind == "f":
                bad = ~np.isfinite(values)
                if bad.any():
                    values[bad] = np.nan
                    self._gaps()
            wide = np.take(values, self._start, axis=1, mode="clip")
            cells = slice(*np.searchsorted(wanted, (y0, y1)))
            np.take(wide, wanted[cells] - y0, axis=0, out=out[cells], mode="clip")

    def _pick(self, first: int, last: int, sums: Averages) -> tuple[Averages, Floats | None]:
        """The nearest image row for each output row, and the weights if any."""
        weights: Floats | None = None
        wanted = self._rows.start[first:last]
        spans = (span for run in _runs(wanted) for span in self._steps(*run))
        for y0, y1, band in self._bands(spans):
            cells = slice(*np.searchsorted(wanted, (y0, y1)))
            picked = band.reshape(len(band), -1)[wanted[cells] - y0]
            sums[cells] = picked
            if picked.dtype.kind == "f":
                good = np.isfinite(picked)
                if not good.all():
                    self._gaps()
                    sums[cells][~good] = 0.0
                    weights = np.ones(sums.shape) if weights is None else weights
                    weights[cells] = good
        return sums, weights

    def _average(self, first: int, last: int, sums: Averages) -> tuple[Averages, Floats | None]:
        """The sum over y for each output row, and the rows in it where some are missing."""
        edges = (self._rows.start + self._rows.part)[first : last + 1]
        plan = steps(edges, self._band, self._work)
        tall = any(before[-1].first == after[0].first for before, after in pairwise(plan))
        if tall:
            sums = np.zeros(sums.shape)
        weights: Floats | None = None
        spans = [(step[0].low, step[-1].high) for step in plan]
        native = np.empty((max(y1 - y0 for y0, y1 in spans), sums.shape[1]), self._work)
        for step, (y0, y1, stored) in zip(plan, self._bands(spans), strict=True):
            band = native[: y1 - y0]
            # In the processor's byte order first: the sum is then several times as fast.
            np.copyto(band, stored.reshape(band.shape), casting="unsafe")
            if self._origin:
                band -= self._origin
            cells = slice(step[0].first, step[-1].last)
            found = np.empty(sums[cells].shape, self._work) if tall else sums[cells]
            for block in step:
                into = found[block.first - cells.start : block.last - cells.start]
                np.matmul(block.shares, band[block.low - y0 : block.high - y0], out=into)
            if stored.dtype.kind == "f" and not math.isfinite(np.add.reduce(found, axis=None)):
                for block in step:
                    into = found[block.first - cells.start : block.last - cells.start]
                    exact = covered(edges[block.first : block.last + 1], block.low, block.high)
                    lost = _mend(exact, band[block.low - y0 : block.high - y0], into)
                    if lost is None:
                        continue
                    if weights is None:
                        self._gaps()
                        weights = np.repeat(np.diff(edges)[:, np.newaxis], sums.shape[1], axis=1)
                    columns, heights = lost
                    weights[block.first : block.last, columns] -= heights
            if tall:
                sums[cells] += found
        return sums, weights

    def _along_x(
        self, sums: Averages, weights: Floats | None, cells: tuple[int, int], out: Averages
    ) -> None:
        """Put into `out` the averages over the cells of each row, or the nearest columns."""
        self._cells(sums, self._across, out)
        if not (math.isfinite(np.add.reduce(out, axis=None)) or np.isfinite(out).all()):
            raise OverflowError
        if weights is not None:
            if self._across is not None and self._weighing is None:
                self._weighing = self._summing(np.dtype(np.float64))
            share = np.empty(out.shape)
            self._cells(weights, self._weighing, share)
            share[share < _HARDLY] = np.nan
            np.divide(out, share, out=out, casting="unsafe")
            return
        if self._rows.average:
            heights = np.diff((self._rows.start + self._rows.part)[cells[0] : cells[1] + 1])
            out /= heights[:, np.newaxis].astype(out.dtype)
        if self._columns.average:
            widths = np.diff(self._start + self._columns.part).astype(out.dtype)
            out /= np.repeat(widths, math.prod(self._channels))

    def _cells(self, values: Averages, across: Across | None, out: Averages) -> None:
        if across is not None:
            across.sums(values, out)
            return
        channels = math.prod(self._channels)
        places = self._start[:, np.newaxis] * channels + np.arange(channels)
        out[:] = np.take(values, places.ravel(), axis=1, mode="clip")

    def _summing(self, work: np.dtype[np.floating[Any]]) -> Across:
        """The sums along x; of many pixels in 64 bits."""
        edges = self._start + self._columns.part
        many = np.diff(self._start).max() > _MANY
        return Across(edges, math.prod(self._channels), np.dtype(np.float64) if many else work)


def _mend(
    shares: Floats, pixels: Averages, sums: Averages
) -> tuple[NDArray[np.intp], Floats] | None:
    """Sum again the columns in which a value is missing, without it.

    Args:
        shares: `(cells, rows)` of the rows in the cells.
        pixels: `(rows, width)` values.
        sums: `(cells, width)` the sums, mended in place.

    Returns:
        The columns and `(cells, columns)` rows that are missing there; None if nothing is.

    Raises:
        OverflowError: A sum of finite values is too large for its type.
    """
    columns = np.flatnonzero(~np.isfinite(sums).all(axis=0))
    if columns.size == 0:
        return None
    values = pixels[:, columns].astype(np.float64)
    good = np.abs(values) < _NO_NUMBER
    values[~good] = 0.0
    mended = shares @ values
    if np.abs(mended).max() > np.finfo(sums.dtype).max:
        raise OverflowError
    sums[:, columns] = mended
    return columns, shares @ ~good


def _work_type(stored: np.dtype[np.generic]) -> np.dtype[np.floating[Any]]:
    """The type that sums of stored numbers are made in: exact enough, and fast."""
    small = stored.kind == "b" or stored.itemsize <= (4 if stored.kind == "f" else 2)
    return np.dtype(np.float32 if small else np.float64)


def _runs(wanted: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Cut ascending rows into stretches (half-open) that are read at once."""
    breaks = np.flatnonzero(np.diff(wanted) > 2)
    for part in np.split(wanted, breaks + 1):
        yield int(part[0]), int(part[-1]) + 1
