"""From a source to its reader."""

from __future__ import annotations

from pathlib import PurePath

from tuiview.errors import NotAnImageError, Poll, UnreadableError, never
from tuiview.imaging.frame import Image
from tuiview.imaging.kinds import HEAD, sniff
from tuiview.imaging.readers.content import Content, FileContent, MemoryContent, unpack
from tuiview.imaging.readers.failures import explained
from tuiview.source import ArraySource, BlobSource, CompositeSource, MissingSource, Source
from tuiview.text import printable

_RASTER = frozenset(["PNG", "JPEG", "WEBP", "GIF", "BMP", "JPEG 2000"])
_PACKED = frozenset(["GZIP", "BZIP2", "XZ"])
_OTHER = {
    "HDF5": ("an HDF5 file, which holds many images", "give its path to tuiview to review them"),
    "ZIP": ("a zip archive", "a .datastack is reviewed by giving its path to tuiview"),
    "PARQUET": ("a Parquet table", "a lookup table is reviewed by giving its path to tuiview"),
    "PDF": ("a PDF document", ""),
    "SQLITE": ("an SQLite database", ""),
}


def dispatch(source: Source, cancelled: Poll = never) -> Image:
    """Open what a source names; see `open_image`."""
    if isinstance(source, MissingSource):
        raise UnreadableError(source.message, source.hint)
    if isinstance(source, ArraySource):
        from tuiview.imaging.readers.array import open_array

        return open_array(source)
    if isinstance(source, CompositeSource):
        from tuiview.imaging.readers.composite import open_composite

        return open_composite(source, lambda part: dispatch(part, cancelled))
    content: Content
    if isinstance(source, BlobSource):
        content, part, file_name = MemoryContent(source.fetch(), source.name), None, source.name
    else:
        content, part, file_name = FileContent(source.path), source.part, source.path.name
    try:
        with explained(content.name):
            return _open(content, part, file_name, cancelled)
    except BaseException:
        content.close()
        raise


def _open(content: Content, part: str | int | None, file_name: str, cancelled: Poll) -> Image:
    head = content.read(0, HEAD)
    if not head:
        raise UnreadableError(f"{content.name} is empty (0 bytes)", "it was never written, or lost")
    kind = sniff(head)
    if kind in _PACKED:
        inner = unpack(content, kind, cancelled)
        head = inner.read(0, HEAD)
        kind = sniff(head)
        if isinstance(inner, MemoryContent):
            content.close()
        content = inner
        if not head:
            raise UnreadableError(f"{content.name} is empty inside its {content.compression}")
    if kind == "FITS":
        from tuiview.imaging.readers.fits import open_fits

        return open_fits(content, part)
    if kind in _RASTER:
        from tuiview.imaging.readers.raster import open_raster

        return open_raster(content, kind)
    if kind == "TIFF":
        from tuiview.imaging.readers.tiff import open_tiff

        return open_tiff(content, part)
    if kind in ("NPY", "NPZ"):
        from tuiview.imaging.readers.npy import open_npy

        return open_npy(content, kind, part)
    raise _refusal(content.name, head, kind, file_name)


def _refusal(name: str, head: bytes, kind: str | None, file_name: str) -> UnreadableError:
    claimed = _claimed(file_name)
    if kind == "TEXT":
        line = head.decode("utf-8", "replace").strip().splitlines()
        begins = f"it begins with {printable(line[0][:40])!r}" if line else ""
        other = f", not {claimed}" if claimed else " and no image"
        return NotAnImageError(f"{name} is a text file{other}", begins)
    if kind in _OTHER:
        what, hint = _OTHER[kind]
        return NotAnImageError(f"{name} is {what}", hint)
    if not head.strip(b"\0"):
        return UnreadableError(
            f"{name} begins with zeros only", "its content was lost, perhaps by a full disk"
        )
    if claimed:
        return UnreadableError(
            f"{name} does not begin as {claimed} does", "it is damaged, or of another kind"
        )
    return NotAnImageError(f"{name} is of no kind that tuiview reads")


def _claimed(file_name: str) -> str:
    """The kind that a name promises, or nothing."""
    suffixes = [suffix.lower() for suffix in PurePath(file_name).suffixes[-2:]]
    names = {
        ".fits": "FITS", ".fit": "FITS", ".fts": "FITS", ".fz": "FITS", ".png": "PNG",
        ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WebP",
        ".gif": "GIF", ".bmp": "BMP", ".jp2": "JPEG 2000", ".npy": "NPY", ".npz": "NPZ",
    }  # fmt: skip
    return next((names[suffix] for suffix in reversed(suffixes) if suffix in names), "")
