"""Caches bounded in bytes, and the images that are kept open."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from tuiview.errors import Cancelled, Poll, never
from tuiview.imaging.frame import Image

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Keeps what was used last, up to a number of bytes, for all threads.

    The newest entry always stays, so the bound is exceeded by no more than one entry.

    Args:
        bound: The most bytes to hold.
    """

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._held = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held(self) -> int:
        """Bytes held."""
        return self._held

    @property
    def typical(self) -> int:
        """Bytes of an entry on the average, 0 if there is none."""
        with self._lock:
            return self._held // len(self._entries) if self._entries else 0

    def get(self, key: K) -> V | None:
        """The entry, which counts as used now."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, nbytes: int) -> None:
        """Keep an entry in place of the one with its key; the oldest make room."""
        with self._lock:
            self._remove(key)
            self._entries[key] = (value, nbytes)
            self._held += nbytes
            while self._held > self.bound and len(self._entries) > 1:
                self._remove(next(iter(self._entries)))

    def discard(self, unwanted: Callable[[K, V], bool]) -> None:
        """Drop the entries that are unwanted by their key or value."""
        with self._lock:
            for key in [key for key, (value, _) in self._entries.items() if unwanted(key, value)]:
                self._remove(key)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()
            self._held = 0

    def _remove(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._held -= entry[1]


class OpenImages:
    """Images kept open for the next job on the same item; each is lent to one thread at a time.

    A thread that finds an item's image lent out waits for it for a while and then opens the item
    once more, so that one hanging read does not hold up the next.

    Args:
        count: The most images to keep that nobody uses.
        bound: The most bytes that these may hold by `Image.held`; the newest always stays.
    """

    def __init__(self, count: int, bound: int) -> None:
        self.bound = bound
        self._count = count
        self._free: OrderedDict[int, tuple[str, Image, int]] = OrderedDict()
        self._lent: Counter[str] = Counter()
        self._age: Counter[str] = Counter()  # grows when the images of an item became worthless
        self._serial = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def held(self) -> int:
        """Bytes held by images that nobody uses."""
        with self._changed:
            return sum(nbytes for _, _, nbytes in self._free.values())

    def __len__(self) -> int:
        return len(self._free)

    @contextmanager
    def borrow(
        self, key: str, open_image: Callable[[], Image], *, patience: float, cancelled: Poll = never
    ) -> Iterator[Image]:
        """Lend the open image of an item, opened if need be.

        Args:
            key: The item's key.
            open_image: Opens it.
            patience: Seconds to wait for an image that another thread uses.
            cancelled: Polled while waiting.

        Raises:
            Cancelled: `cancelled()` became true while waiting.
            UnreadableError: It cannot be opened.
        """
        image, age = self._claim(key, patience, cancelled)
        try:
            if image is None:
                image = open_image()
            yield image
        finally:
            self._give_back(key, image, age)

    def _claim(self, key: str, patience: float, cancelled: Poll) -> tuple[Image | None, int]:
        step, waited = 0.02, 0.0
        with self._changed:
            while True:
                for serial in reversed(self._free):
                    if self._free[serial][0] == key:
                        image = self._free.pop(serial)[1]
                        self._lent[key] += 1
                        return image, self._age[key]
                if not self._lent[key] or waited >= patience:
                    self._lent[key] += 1
                    return None, self._age[key]
                if cancelled():
                    raise Cancelled
                self._changed.wait(step)
                waited += step

    def _give_back(self, key: str, image: Image | None, age: int) -> None:
        nbytes = 0 if image is None else image.held
        with self._changed:
            surplus: list[Image] = []
            if age == self._age[key]:
                self._lent[key] -= 1
                if not self._lent[key]:
                    del self._lent[key]
            if image is not None:
                if age == self._age[key] and not self._closed:
                    self._serial += 1
                    self._free[self._serial] = (key, image, nbytes)
                    surplus = self._surplus()
                else:
                    surplus = [image]
            self._changed.notify_all()
        _close(surplus)

    def _surplus(self) -> list[Image]:
        """Take out the oldest until the bounds hold."""
        taken = []
        held = sum(nbytes for _, _, nbytes in self._free.values())
        while len(self._free) > self._count or (held > self.bound and len(self._free) > 1):
            _, (_, image, nbytes) = self._free.popitem(last=False)
            held -= nbytes
            taken.append(image)
        return taken

    def forget(self, key: str) -> Callable[[], None]:
        """Have an item opened anew the next time.

        Returns:
            What closes its images; that may wait for storage, so it is for a worker to call.
        """
        with self._changed:
            self._age[key] += 1
            self._lent.pop(key, None)
            serials = [serial for serial, entry in self._free.items() if entry[0] == key]
            images = [self._free.pop(serial)[1] for serial in serials]
            self._changed.notify_all()
        return lambda: _close(images)

    def close(self) -> None:
        """Close what nobody uses, and the rest when it comes back."""
        with self._changed:
            self._closed = True
            images = [image for _, image, _ in self._free.values()]
            self._free.clear()
            self._changed.notify_all()
        _close(images)


def _close(images: list[Image]) -> None:
    for image in images:
        with suppress(Exception):  # a file that vanished; nobody can do anything about it
            image.close()
