"""FITS: images in any HDU, plain or tile-compressed, planes of cubes as frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from tuiview.imaging.frame import Frame
from tuiview.imaging.readers.content import Content
from tuiview.imaging.readers.fits_frames import AstropyFrame, FitsFile, frame_of, quiet
from tuiview.imaging.readers.fits_mosaic import mosaic_of
from tuiview.imaging.readers.fits_parts import (
    Part,
    astropy_parts,
    choose,
    in_order,
    names,
    plain_parts,
)
from tuiview.imaging.readers.fits_plain import Unusual, scan
from tuiview.imaging.readers.lazy import ContentImage, LazyFrames


def open_fits(content: Content, part: str | int | None = None) -> FitsImage:
    """Open a FITS content.

    Args:
        content: The bytes, decompressed.
        part: One HDU to show, by number or name; None for all that hold images.

    Raises:
        NotAnImageError: It holds tables or nothing at all.
        UnreadableError: It is damaged or truncated.
    """
    file = FitsFile(content)
    try:
        structure = scan(content)
        parts, skipped = plain_parts(content, structure)
        file.first = structure[0].header
    except Unusual:
        with quiet(content.name):
            parts, skipped = astropy_parts(content.name, file.hdus())
    if part is not None:
        parts = choose(parts, part, content.name)
    return FitsImage(file, in_order(parts), skipped)


class FitsImage(ContentImage):
    """An open FITS content."""

    def __init__(self, file: FitsFile, parts: Sequence[Part], skipped: Sequence[str]) -> None:
        self.file = file
        self.parts = parts

        labels = names(parts)
        ends = list(accumulate(part.count for part in parts))
        mosaic = mosaic_of(file, parts)

        def build(index: int) -> Frame:
            if index == ends[-1]:
                assert mosaic is not None
                return mosaic
            which = bisect_right(ends, index)
            part = parts[which]
            plane = index - (ends[which - 1] if which else 0)
            return frame_of(file, part, plane)

        if mosaic is not None:
            labels = [*labels, "mosaic"]
        self._lazy = LazyFrames(labels, build)
        super().__init__("FITS", file.content, self._lazy, skipped)

    @property
    def held(self) -> int:
        """Bytes of decompressed content and pixels kept in memory."""
        frames = (frame for frame in self._lazy.built if isinstance(frame, AstropyFrame))
        return super().held + sum(frame.held for frame in frames)

    def facts(self) -> Mapping[str, object]:
        """Path, size, compression (of the file or of its tiles) and time."""
        facts = dict(super().facts())
        tiles = sum(part.plain is None for part in self.parts)
        if tiles and "compression" not in facts:
            facts["compression"] = "tiles"
        return facts

    def close(self) -> None:
        """Close the file."""
        self.file.close()
