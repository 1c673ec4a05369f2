"""What the stages of the pipeline leave for the next time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from tuiview.imaging.frame import Box, Reduced
from tuiview.loading.cache import Lru, OpenImages
from tuiview.loading.request import ImageInfo, Rendered
from tuiview.loading.samples import Samples


class Caches(Struct, frozen=True):
    """What the stages leave for the next time; all but the payloads, which the loader keeps.

    Attributes:
        images: Open images.
        sketches: What is known of an item's frame without its header, by item and frame asked for.
        infos: The same with header and world coordinates.
        samples: By item and frame.
        reduced: By item, frame, box and size.
        tiles: The small pictures of sheets, by the signatures of their requests.
    """

    images: OpenImages
    sketches: Lru[tuple[str, str | None], ImageInfo]
    infos: Lru[tuple[str, str | None], ImageInfo]
    samples: Lru[tuple[str, str], Samples]
    reduced: Lru[tuple[str, str, Box, tuple[int, int]], Reduced]
    tiles: Lru[tuple[object, ...], Rendered]

    @classmethod
    def of(cls, nbytes: int, images: int) -> Caches:
        """Caches that share `nbytes`, with at most so many open images that nobody uses."""
        return cls(
            OpenImages(images, nbytes * 40 // 100),
            Lru(nbytes * 1 // 100),
            Lru(nbytes * 4 // 100),
            Lru(nbytes * 5 // 100),
            Lru(nbytes * 40 // 100),
            Lru(nbytes * 10 // 100),
        )

    def forget(self, item: str) -> Callable[[], None]:
        """Drop everything of an item; returns what closes its images, for a worker to call."""
        for cache in (self.sketches, self.infos, self.samples, self.reduced, self.tiles):
            cache.discard(lambda key, value: key[0] == item)
        return self.images.forget(item)

    def each(self) -> Mapping[str, Lru[object, object] | OpenImages]:
        """The caches by name."""
        return {name: getattr(self, name) for name in self.__struct_fields__}
