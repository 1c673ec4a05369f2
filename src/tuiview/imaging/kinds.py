"""Kinds of image files, told by their first bytes; nothing heavy is imported."""

from __future__ import annotations

_FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fz")
_COMPRESSED = (".gz", ".bz2", ".xz")

SUFFIXES: frozenset[str] = frozenset(
    [
        *_FITS_SUFFIXES,
        *(suffix + packed for suffix in (".fits", ".fit", ".fts") for packed in _COMPRESSED),
        ".fits.fz", ".fit.fz", ".fts.fz",
        ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".gif", ".bmp",
        ".jp2", ".j2k", ".jpx", ".npy", ".npz",
    ]
)  # fmt: skip
"""Endings of the names of image files, lower case, for a folder's scan."""

HEAD = 560
"""Bytes that `sniff` wants to see: a gzip or bzip2 header never hides the kind further down."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"SIMPLE  =", "FITS"),
    (b"XTENSION=", "FITS"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xffO\xffQ", "JPEG 2000"),
    (b"\x93NUMPY", "NPY"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"PAR1", "PARQUET"),
    (b"%PDF", "PDF"),
    (b"SQLite format 3\0", "SQLITE"),
)

IMAGES: frozenset[str] = frozenset(
    ["FITS", "PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "JPEG 2000", "NPY", "NPZ"]
)
"""The kinds that hold one image each and that the readers open."""


def sniff(head: bytes) -> str | None:
    """Tell the kind of a content by its first bytes, at best `HEAD` of them.

    Returns:
        `FITS`, `PNG`, `JPEG`, `TIFF`, `WEBP`, `GIF`, `BMP`, `JPEG 2000`, `NPY`, `NPZ`, `HDF5`,
        `ZIP` (Zarr stores too), `GZIP`, `BZIP2`, `XZ`, `PARQUET`, `PDF`, `SQLITE`, `TEXT`, or
        None for anything else. Compressed content is told by `readers.content` when it is opened.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            if kind == "BMP" and not _is_bitmap(head):
                continue
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"\x1f\x8b":
        return "GZIP"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "BZIP2"
    if head[:6] == b"\xfd7zXZ\0":
        return "XZ"
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        return "NPZ" if name.endswith(b".npy") else "ZIP"
    if head and _is_text(head):
        return "TEXT"
    return None


def _is_bitmap(head: bytes) -> bool:
    # "BM" alone begins many texts; the reserved words are 0 and the header has a known size.
    return head[6:10] == b"\0\0\0\0" and int.from_bytes(head[14:18], "little") in (
        12, 16, 40, 52, 56, 64, 108, 124,
    )  # fmt: skip


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character >= " " or character in "\t\n\r\f\x1b" for character in text)
