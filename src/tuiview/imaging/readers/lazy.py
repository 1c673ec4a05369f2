"""Frames that are built when they are asked for: a cube of thousands of planes costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import overload

from tuiview.imaging.frame import Frame, Image
from tuiview.imaging.readers.content import Content


class LazyFrames(Sequence[Frame]):
    """A sequence of named frames, each built once, on its first use.

    Args:
        names: The frames' names, unique.
        build: Makes the frame of an index.
    """

    def __init__(self, names: Sequence[str], build: Callable[[int], Frame]) -> None:
        self.names = names
        self._build = build
        self._built: dict[int, Frame] = {}

    @property
    def built(self) -> list[Frame]:
        """The frames that exist."""
        return list(self._built.values())

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> list[Frame]: ...
    def __getitem__(self, index: int | slice) -> Frame | list[Frame]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(index)
        if number not in self._built:
            frame = self._build(number)
            frame.name = self.names[number]
            self._built[number] = frame
        return self._built[number]


class ContentImage(Image):
    """An image whose frames lie in one content.

    Args:
        kind: What the content is.
        content: The bytes; closed with the image.
        frames: The frames.
        skipped: Parts left out, in words.
    """

    def __init__(
        self, kind: str, content: Content, frames: Sequence[Frame], skipped: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.content = content
        self.frames = frames
        self.skipped = skipped

    @property
    def names(self) -> Sequence[str]:
        """The names of the frames in order."""
        if isinstance(self.frames, LazyFrames):
            return self.frames.names
        return super().names

    @property
    def held(self) -> int:
        """Bytes of decoded content kept in memory."""
        return self.content.held

    def facts(self) -> Mapping[str, object]:
        """Path, size, compression and time of the file."""
        return self.content.facts()

    def close(self) -> None:
        """Close the content."""
        self.content.close()


def unique(names: Sequence[str]) -> list[str]:
    """Number the names that occur more than once: `SCI`, `SCI,2`, `SCI,3`."""
    taken: set[str] = set()
    result: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name},{number}"
        taken.add(candidate)
        result.append(candidate)
    return result
