"""Reduction: a box of an image brought to the size of a pane by exact area averages.

The average is separable: every output cell is a rectangle whose edges may cut pixels, and each
pixel counts with the part of its area that the cell covers. Rows are read band by band, summed to
one row for each output row, and these are summed along x. NaN makes the sum of its column NaN;
only those columns are then summed again without it. Where an axis is magnified the nearest pixel
is taken instead.
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
from tuiview.imaging.axis import Axis, Floats, plan_axis
from tuiview.imaging.frame import Box, Pixels, report

ReadRows = Callable[[int, int], Pixels]
"""Reads rows y0..y1 (half-open) of the columns wanted: `(h, w)` or `(h, w, channels)`."""

Averages = NDArray[np.floating[Any]]

BAND_BYTES = 1 << 20
"""Bytes of one band: it stays in the processor's cache between reading and summing."""

_SUM_BYTES = 1 << 19
_FEW = 12  # pixels under a cell that are summed one after the other; faster up to about here
_MOST_ROWS = 128  # so many 16-bit integers are summed exactly in 32-bit floats


def reduce_array(data: Pixels, box: Box, size: tuple[int, int]) -> Floats:
    """Bring a box of an array `(ny, nx)` or `(ny, nx, channels)` to `size` = `(h, w)`.

    Returns:
        `(h, w)` or `(h, w, channels)` averages; NaN outside the array and where all is NaN.
    """
    ny, nx = data.shape[:2]
    rows = plan_axis(box.y0, box.y1, size[0], ny)
    columns = plan_axis(box.x0, box.x1, size[1], nx)
    out = np.full((*size, *data.shape[2:]), np.nan)
    if rows is not None and columns is not None:
        window = data[:, columns.low : columns.high]
        out[rows.first : rows.last, columns.first : columns.last] = reduce_rows(
            lambda y0, y1: window[y0:y1],
            rows,
            columns,
            stored=data.dtype,
            channels=data.shape[2:],
            row_bytes=window[:1].nbytes,
        )
    return out


def reduce_rows(
    read: ReadRows,
    rows: Axis,
    columns: Axis,
    *,
    stored: np.dtype[np.generic],
    channels: tuple[int, ...] = (),
    blank: int | None = None,
    row_bytes: int = 1,
    threads: int = 1,
    cancelled: Poll = never,
) -> Averages:
    """Average what `read` gives over the cells of two axes.

    Args:
        read: Reads rows of the columns `columns.low`..`columns.high`, of any byte order.
        rows: The plan of the y axis.
        columns: The plan of the x axis.
        stored: The type of what `read` returns.
        channels: `(n,)` where `read` returns a third axis of n channels.
        blank: The integer that stands for "no value".
        row_bytes: Bytes of one row as `read` returns it, by which bands are cut.
        threads: Parts read at the same time; 1 where `read` wants rows in order.
        cancelled: Asked before each band, and told which part of the cells is done.

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
        channels=channels, stored=stored, blank=blank, row_bytes=row_bytes, cancelled=poll,
        advance=advance,
    )  # fmt: skip

    def run(part: int) -> Averages:
        try:
            try:
                return reduction.run(cuts[part], cuts[part + 1])
            except OverflowError:
                return reduction.wide().run(cuts[part], cuts[part + 1])
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
    return np.concatenate(parts)


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
        row_bytes: int,
        cancelled: Poll,
        advance: Callable[[int], None],
    ) -> None:
        self._read = read
        self._rows = rows
        self._columns = columns
        self._channels = channels
        self._blank = blank if stored.kind in "iu" else None
        self._cancelled = cancelled
        self._advance = advance
        self._work = _work_type(stored)
        self._along_x = _AlongX(columns, math.prod(channels), self._work)
        self._band = max(1, min(BAND_BYTES // max(row_bytes, 1), _MOST_ROWS))

    def wide(self) -> _Reduction:
        """The same, summing in 64 bits."""
        other = copy(self)
        other._work = np.dtype(np.float64)
        return other

    def run(self, first: int, last: int) -> Averages:
        """Average output rows first..last: `(last - first, columns.cells, *channels)`."""
        out = np.empty((last - first, self._columns.cells, *self._channels), self._work)
        if not self._rows.average and not self._columns.average:
            self._magnify(first, last, out)
            return out
        width = self._columns.high - self._columns.low
        flat = width * math.prod(self._channels)
        batch = max(1, _SUM_BYTES // (4 * flat))
        fill = self._average if self._rows.average else self._pick
        for cell in range(first, last, batch):
            end = min(cell + batch, last)
            sums = np.zeros((end - cell, flat), self._work)
            weights = fill(cell, end, sums)
            averages = self._along_x.averages(sums, weights)
            out[cell - first : end - first] = averages.reshape(-1, *out.shape[1:])
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
        columns = self._columns.start - self._columns.low
        steps = self._steps(int(wanted[0]), int(wanted[-1]) + 1)
        for y0, y1, band in self._bands(steps):
            values: Averages = band.astype(self._work)
            if band.dtype.kind == "f":
                values[~np.isfinite(values)] = np.nan
            wide = np.take(values, columns, axis=1, mode="clip")
            cells = slice(*np.searchsorted(wanted, (y0, y1)))
            np.take(wide, wanted[cells] - y0, axis=0, out=out[cells], mode="clip")

    def _pick(self, first: int, last: int, sums: Averages) -> Floats | None:
        """Put the nearest image row into each output row of `sums`; return the weights if any."""
        weights: Floats | None = None
        wanted = self._rows.start[first:last]
        steps = (step for run in _runs(wanted) for step in self._steps(*run))
        for y0, y1, band in self._bands(steps):
            cells = slice(*np.searchsorted(wanted, (y0, y1)))
            picked = band.reshape(len(band), -1)[wanted[cells] - y0]
            sums[cells] = picked
            if picked.dtype.kind == "f":
                good = np.isfinite(picked)
                if not good.all():
                    sums[cells][~good] = 0.0
                    weights = np.ones(sums.shape) if weights is None else weights
                    weights[cells] = good
        return weights

    def _average(self, first: int, last: int, sums: Averages) -> Floats | None:
        """Put the mean over y into each output row of `sums`; return the weights if any."""
        weights: Floats | None = None
        edges = (self._rows.start + self._rows.part)[first : last + 1]
        scale = 1.0 / np.diff(edges)[:, np.newaxis]
        native = np.empty((self._band, sums.shape[1]), self._work)
        full = np.ones(self._band + 1, self._work)
        for (c0, c1), (y0, y1, whole) in self._groups(edges):
            band = native[: y1 - y0]
            inner = np.clip(edges[c0 : c1 + 1] - y0, 0, y1 - y0)
            begun = sums[c0].copy() if edges[c0] < y0 else None
            with np.errstate(invalid="ignore", over="ignore"):
                # In the processor's byte order first: the sum is then several times as fast.
                np.copyto(band, whole.reshape(band.shape), casting="unsafe")
                for cell, (top, bottom) in enumerate(pairwise(inner.tolist()), c0):
                    y, end = int(top), math.ceil(bottom)
                    share = full[: end - y].copy()
                    share[0] -= top - y
                    share[-1] -= end - bottom
                    np.matmul(share, band[y:end], out=sums[cell])
                if begun is not None:
                    sums[c0] += begun
                clean = whole.dtype.kind != "f" or math.isfinite(
                    np.add.reduce(sums[c0:c1], axis=None)
                )
            if not clean:
                lost = _repair(band, inner, begun, sums[c0:c1])
                if lost is not None:
                    weights = np.ones(sums.shape) if weights is None else weights
                    weights[c0:c1] -= lost * scale[c0:c1]
        sums *= scale.astype(sums.dtype)
        return weights

    def _groups(self, edges: Floats) -> Iterator[tuple[tuple[int, int], tuple[int, int, Pixels]]]:
        """Read the bands between edges: the cells (half-open) that each takes part in, and it."""
        count = len(edges) - 1
        lows, highs = np.floor(edges).astype(int), np.ceil(edges).astype(int)
        most = int((highs[1:] - lows[:-1]).max())
        if most <= self._band:
            cells = []
            c0 = 0
            while c0 < count:
                c1 = max(c0 + 1, int(np.searchsorted(highs, lows[c0] + self._band, "right")) - 1)
                cells.append((c0, min(c1, count)))
                c0 = c1
            spans = [(int(lows[c0]), int(highs[c1])) for c0, c1 in cells]
        else:
            spans = list(self._steps(int(lows[0]), int(highs[-1])))
            begins = np.searchsorted(edges, [y0 for y0, _ in spans], side="right") - 1
            ends = np.searchsorted(edges, [y1 for _, y1 in spans])
            cells = [
                (max(int(c0), 0), min(int(c1), count)) for c0, c1 in zip(begins, ends, strict=True)
            ]
        return zip(cells, self._bands(spans), strict=True)


def _repair(band: Pixels, edges: Floats, begun: Averages | None, sums: Averages) -> Floats | None:
    """Sum again the columns of a band in which a value is missing, without it.

    Args:
        band: `(rows, width)` values.
        edges: `(cells + 1,)` positions of the cells' edges in the band.
        begun: `(width,)` what earlier bands gave to the first cell, or None.
        sums: `(cells, width)` the sums, mended in place.

    Returns:
        `(cells, width)` the weight that is missing, or None if nothing is.

    Raises:
        OverflowError: A sum of finite values is too large for its type.
    """
    columns = np.flatnonzero(~np.isfinite(sums).all(axis=0))
    if columns.size == 0:
        return None
    rows = np.arange(len(band) + 1)
    inside: Floats = np.clip(rows, edges[:-1, np.newaxis], edges[1:, np.newaxis])
    shares: Floats = inside[:, 1:] - inside[:, :-1]
    values = band[:, columns].astype(np.float64)
    good = np.isfinite(values)
    values[~good] = 0.0
    mended = shares @ values
    if begun is not None:
        mended[0] += begun[columns]
    if np.abs(mended).max() > np.finfo(sums.dtype).max:
        raise OverflowError
    sums[:, columns] = mended
    lost = np.zeros(sums.shape)
    lost[:, columns] = shares @ ~good
    return lost


def _work_type(stored: np.dtype[np.generic]) -> np.dtype[np.floating[Any]]:
    """The type that sums of stored numbers are made in: exact enough, and fast."""
    small = stored.kind == "b" or stored.itemsize <= (4 if stored.kind == "f" else 2)
    return np.dtype(np.float32 if small else np.float64)


def _runs(wanted: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Cut ascending rows into stretches (half-open) that are read at once."""
    breaks = np.flatnonzero(np.diff(wanted) > 2)
    for part in np.split(wanted, breaks + 1):
        yield int(part[0]), int(part[-1]) + 1


class _AlongX:
    """Averages rows over the cells of the x axis; what all rows share is worked out once.

    Channels lie side by side in a row, so that numpy's loops run along all of it.

    Args:
        columns: The plan of the axis.
        channels: How many values a pixel has.
        work: The type of the sums.
    """

    def __init__(self, columns: Axis, channels: int, work: np.dtype[np.floating[Any]]) -> None:
        self._columns = columns
        self._channels = channels
        self._start = columns.start - columns.low
        self._taps: list[tuple[NDArray[np.intp], Averages]] = []
        if not columns.average:
            return
        reach = int((self._start[1:] - self._start[:-1]).max()) + 1
        sums = work if reach <= _FEW else np.dtype(np.float64)
        self._widths = self._spread(np.diff(self._start + columns.part)).astype(sums)
        edges, last = self._start + columns.part, columns.high - columns.low - 1
        for offset in range(reach if reach <= _FEW else 0):
            pixel = self._start[:-1] + offset
            inside = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
            share = np.clip(inside, 0, None).astype(work)
            self._taps.append((self._flat(np.minimum(pixel, last)), self._spread(share)))

    def averages(self, sums: Averages, weights: Floats | None) -> Averages:
        """Average `(n, width * channels)` sums; `weights` says how much of each there is."""
        total = self._cells(sums)
        if weights is not None:
            share = self._cells(weights)
            share[share < 1e-6] = np.nan
            return total / share
        if self._columns.average:
            total /= self._widths
        return total

    def _spread(self, cells: Averages) -> Averages:
        """The same for each channel of a cell."""
        return np.repeat(cells, self._channels)

    def _flat(self, pixels: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where the values of pixels lie in a row."""
        return (pixels[:, np.newaxis] * self._channels + np.arange(self._channels)).ravel()

    def _cells(self, values: Averages) -> Averages:
        """Sum over the cells, or take the nearest column."""
        if not self._columns.average:
            return np.take(values, self._flat(self._start), axis=1, mode="clip")
        if not self._taps:
            return self._many(values)
        total: Averages | None = None
        for pixel, share in self._taps:
            part_of = np.take(values, pixel, axis=1, mode="clip")
            part_of *= share
            total = part_of if total is None else np.add(total, part_of, out=total)
        assert total is not None
        return total

    def _many(self, values: Averages) -> Averages:
        """Sum over cells of many pixels each."""
        start, part = self._start, self._columns.part[:, np.newaxis]
        shaped = values.reshape(len(values), -1, self._channels).astype(np.float64, copy=False)
        last = shaped.shape[1] - 1
        body = shaped[:, : max(int(start[-1]), 1)]
        total = np.add.reduceat(body, np.minimum(start[:-1], body.shape[1] - 1), axis=1)
        # reduceat gives the value itself, not nothing, for a cell that begins and ends in a pixel.
        total[:, start[:-1] == start[1:]] = 0.0
        before = np.take(shaped, np.minimum(start, last), axis=1, mode="clip")
        before *= part
        total += before[:, 1:]
        total -= before[:, :-1]
        return total.reshape(len(values), -1)
