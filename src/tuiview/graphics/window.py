"""The window's size in cells and pixels, as the kernel and the terminal tell it."""

from __future__ import annotations

import fcntl
import struct
import termios

from tuiview.graphics.probe import Probe


def window_size(fd: int) -> tuple[int, int, int, int]:
    """Columns, rows, width and height in pixels as the kernel has them; 0 where unknown."""
    try:
        packed = fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError:
        return 0, 0, 0, 0
    rows, columns, width, height = struct.unpack("4H", packed)
    return columns, rows, width, height


def cell_size(fd: int, asked: Probe | None = None) -> tuple[int, int] | None:
    """`(width, height)` of a cell in pixels, None when nobody knows.

    The kernel's and the terminal's word are both taken; the smaller one keeps a picture inside its
    cells where one of them counts the window's border in.

    Args:
        fd: The terminal device.
        asked: What the terminal said of its own.
    """
    columns, rows, width, height = window_size(fd)
    sizes = [by_cells((width, height), columns, rows)]
    if asked is not None:
        sizes.append(by_cells(asked.text_area, columns, rows))
    known = [size for size in sizes if size is not None]
    if not known and asked is not None and asked.cell is not None:
        known = [asked.cell]
    if not known:
        return None
    return min(size[0] for size in known), min(size[1] for size in known)


def by_cells(size: tuple[int, int] | None, columns: int, rows: int) -> tuple[int, int] | None:
    """The size of a cell in a window of `size` pixels; None where that makes no sense."""
    if size is None or columns <= 0 or rows <= 0:
        return None
    width, height = size[0] // columns, size[1] // rows
    return (width, height) if width > 1 and height > 1 else None
