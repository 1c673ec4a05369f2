"""The world values of the planes of a cube: frequencies, velocities, wavelengths."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from astropy.io.fits import Header

_CODED = re.compile(r".{4}-(LOG|TAB|GRI|GRA|[A-Z]2[A-Z])$")
"""FITS types whose values do not run evenly (Greisen et al. 2006)."""


class StackAxis(Struct, frozen=True):
    """What the planes of a cube stand for.

    Attributes:
        values: One for each plane.
        label: Their kind and unit.
    """

    values: Sequence[float]
    label: str


def stack_axis(
    header: Header, axis: int, count: int, tables: Callable[[], Any] | None = None
) -> StackAxis | None:
    """The values of a FITS axis.

    Args:
        header: Of the cube.
        axis: From 1.
        count: Its length.
        tables: Returns the file's HDUList, for axes by a table.

    Returns:
        None where the header gives no numbers.
    """
    kind = str(header.get(f"CTYPE{axis}", "")).strip()
    unit = str(header.get(f"CUNIT{axis}", "")).strip()
    if _CODED.match(kind):
        coded = _coded(header, axis, count, tables)
        if coded is None:
            return None
        values, unit = coded
    else:
        linear = _linear(header, axis, count)
        if linear is None:
            return None
        values = linear
    name = kind.split("-")[0] or f"axis {axis}"
    return StackAxis(values, f"{name} / {unit}" if unit else name)


def _linear(header: Header, axis: int, count: int) -> list[float] | None:
    """Even steps, in the header's own unit."""
    start, pixel = header.get(f"CRVAL{axis}"), header.get(f"CRPIX{axis}", 1.0)
    step = header.get(f"CDELT{axis}")
    turn = header.get(f"PC{axis}_{axis}", 1.0)
    if step is None:
        step, turn = header.get(f"CD{axis}_{axis}"), 1.0
    numbers = (start, pixel, step, turn)
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        return None
    return [start + (n + 1 - pixel) * step * turn for n in range(count)]


def _coded(
    header: Header, axis: int, count: int, tables: Callable[[], Any] | None
) -> tuple[list[float], str] | None:
    """Values by wcslib, in its unit, at the reference pixel of the other axes."""
    import numpy as np
    from astropy import wcs

    from tuiview.imaging.wcs import hush

    hush()
    try:
        found = wcs.WCS(header, fobj=tables() if tables is not None else None)
        pixels = np.tile(np.asarray(found.wcs.crpix, float), (count, 1))
        pixels[:, axis - 1] = np.arange(1, count + 1)
        values = found.all_pix2world(pixels, 1)[:, axis - 1]
    except Exception:  # astropy and wcslib have many classes for a header that makes no sense
        return None
    return values.tolist(), str(found.wcs.cunit[axis - 1])
