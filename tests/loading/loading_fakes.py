"""A clock, images and stages that do what a test says."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tuiview.collection.base import Item
from tuiview.errors import Poll, UnreadableError, never
from tuiview.graphics.payload import FINE, Area, Payload, Protocol, Quality
from tuiview.imaging.display import Display
from tuiview.imaging.frame import Box, Card, Frame, Image, Reduced
from tuiview.loading.loader import LoaderSettings
from tuiview.loading.request import Request
from tuiview.loading.stages import Stages
from tuiview.picture import Picture
from tuiview.source import FileSource, Source

AREA = Area(10, 5, 2, 4)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeFrame(Frame):
    def __init__(self, image: FakeImage, name: str) -> None:
        self.image = image
        self.name = name
        self.shape = (40, 50)
        self.dtype = np.dtype(">f4")
        self.origin = "lower"

    def cost(self, box: Box) -> int:
        return self.image.world.cost

    def read(self, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
        return np.full((y1 - y0, x1 - x0), self.image.value, np.float32)

    def reduce(
        self,
        box: Box,
        size: tuple[int, int],
        *,
        cancelled: Poll = never,
        preview: bool = False,
    ) -> Reduced:
        world = self.image.world
        with self.image.in_use():
            world.reads[self.image.key] += 1
            world.in_reduce(self.image, cancelled, preview)
        return Reduced(np.full(size, self.image.value, np.float32), preview=preview)

    def sample(self, count: int = 100_000) -> np.ndarray:
        self.image.world.samples[self.image.key] += 1
        self.image.world.in_sample()
        return np.full(10, self.image.value, np.float64)

    def cards(self) -> tuple[Card, ...]:
        self.image.world.in_cards()
        return (Card("VALUE", self.image.value),)


class FakeImage(Image):
    kind = "FITS"

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key
        self.value = float(key)
        self.frames = [FakeFrame(self, "SCI"), FakeFrame(self, "ERR")]
        self.closed = False
        self._lock = threading.Lock()

    @property
    def skipped(self) -> tuple[str, ...]:
        return (f"what is beside {self.value}",)

    def in_use(self) -> threading.Lock:
        assert not self.closed, "read after close"
        assert not self._lock.locked(), "two threads read one image"
        return self._lock

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True
        self.world.open -= 1


class World:
    """Everything that the fakes share.

    Attributes:
        in_open, in_reduce, in_sample, in_cards, in_render, in_encode: What happens inside the
            stages, for a test to set.
        cost: What a frame says that its reduction costs.
        reads, samples, opens, renders: Counts by item.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.cost = 1000
        self.in_open: Callable[[str], None] = lambda key: None
        self.in_reduce: Callable[[FakeImage, Poll, bool], None] = lambda image, poll, preview: None
        self.in_sample: Callable[[], None] = lambda: None
        self.in_cards: Callable[[], None] = lambda: None
        self.in_render: Callable[[], None] = lambda: None
        self.in_encode: Callable[[], None] = lambda: None
        self.reads: Counter[str] = Counter()
        self.samples: Counter[str] = Counter()
        self.opens: Counter[str] = Counter()
        self.renders = 0
        self.open = 0
        self.revision: Counter[str] = Counter()

    def stages(self) -> Stages:
        return Stages(
            open_image=self._open,
            limits=lambda frame, sample, interval: (0.0, float(sample.max())),
            exact=lambda frame, sample, interval, cancelled: (-1.0, 99.0),
            north=lambda info: None,
            render=self._render,
            encode=self._encode,
        )

    def _open(self, source: Source, cancelled: Poll) -> Image:
        key = source.name
        self.opens[key] += 1
        self.in_open(key)
        self.open += 1
        image = FakeImage(self, key)
        image.value += self.revision[key] / 1000
        return image

    def _render(self, reduced, viewport, display, limits, sample, overlay, overview) -> Picture:
        self.renders += 1
        self.in_render()
        assert np.isfinite(reduced.data).any()
        value = float(np.nanmax(reduced.data))
        shape = (viewport.height, viewport.width)
        palette = np.array([[value % 251, len(display.stretch), len(display.colormap)]], np.uint8)
        return Picture(np.zeros(shape, np.uint8), palette)

    def _encode(
        self, picture: Picture, area: Area, protocol: Protocol, quality: Quality
    ) -> Payload:
        self.in_encode()
        colors = b"" if picture.palette is None else picture.palette.tobytes()
        return Payload(protocol, area, (colors, b"x" * 500), quality=quality)


def item(number: int) -> Item:
    return Item(str(number), str(number), FileSource(Path(f"/nowhere/{number}")))


def request(
    number: int, area: Area = AREA, quality: Quality = FINE, overlay: tuple = (), **display
) -> Request:
    return Request(item(number), Display(**display), area, Protocol.KITTY, quality, overlay)


def settings(threads: int = 0, cache_bytes: int = 1 << 20, **others) -> LoaderSettings:
    return LoaderSettings(cache_bytes=cache_bytes, threads=threads, **others)


def value(answer) -> float:
    """The pixel value that a picture was made of, to a whole number."""
    return float(answer.picture.palette[0, 0])


def failing(words: str) -> Callable[[str], None]:
    def fail(key: str) -> None:
        raise UnreadableError(f"{key}: {words}")

    return fail
