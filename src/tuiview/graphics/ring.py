"""The pictures that a kitty-like terminal holds: a ring of ids, each with a name."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Hashable

from msgspec import Struct
from msgspec.structs import replace

from tuiview.graphics.payload import Area, Payload, Quality

_MEMORY = 64 * 2**20
_FEWEST, _MOST = 4, 16
_SMALL_IDS = range(32, 240)


class Held(Struct, frozen=True):
    """One picture in the terminal.

    Attributes:
        image_id: Its id.
        area: The cells that it fills.
        quality: What it was encoded with.
        sure: False if it was changed in place and nothing tells whether that came about.
    """

    image_id: int
    area: Area
    quality: Quality
    sure: bool = True


class Ring:
    """Which pictures the terminal holds under which ids; the longest unused one makes room.

    Args:
        small: Use ids below 256, the numbers of palette colours: whatever lies between changes
            24-bit colours more often than these.
        place: A number that differs between programs in the same window, such as tmux's pane; None
            takes a random place.
    """

    def __init__(self, *, small: bool = False, place: int | None = None) -> None:
        place = random.randrange(2**16) if place is None else place
        if small:
            first = _SMALL_IDS[place * _MOST % len(_SMALL_IDS)]
        else:
            first = (place % (2**16 - 1) + 1) << 8 | 1
        self._ids = range(first, first + _MOST)
        self._held: OrderedDict[Hashable, Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids in use."""
        return tuple(held.image_id for held in self._held.values())

    def find(self, name: Hashable, payload: Payload | None = None) -> Held | None:
        """The picture of that name, and of that payload's area and quality if one is given."""
        held = self._held.get(name)
        if held is None or payload is None:
            return held
        return held if (held.area, held.quality) == (payload.area, payload.quality) else None

    def touch(self, name: Hashable) -> None:
        """Note that a picture was used."""
        self._held.move_to_end(name)

    def take(
        self, name: Hashable, payload: Payload, keep: frozenset[Hashable] = frozenset()
    ) -> tuple[Held, int | None]:
        """Give a picture an id.

        Args:
            name: Its name; an older picture of that name gives way.
            payload: What is to be sent.
            keep: Names that must not give way: what is on the screen.

        Returns:
            The picture, and the id that has to be deleted before, if any.
        """
        freed: int | None = None
        if name in self._held:
            freed = self._held.pop(name).image_id
        elif len(self._held) >= self.size(payload.area):
            oldest = next((one for one in self._held if one not in keep), None)
            if oldest is not None:
                freed = self._held.pop(oldest).image_id
        used = set(self.ids)
        image_id = next(one for one in self._ids if one not in used and one != freed)
        held = Held(image_id, payload.area, payload.quality)
        self._held[name] = held
        return held, freed

    def rename(
        self, name: Hashable, new: Hashable, quality: Quality, *, sure: bool = True
    ) -> int | None:
        """Note that a picture was changed in place into another one.

        Args:
            name: The name that it had; it must be held.
            new: Its name now; an older picture of that name gives way.
            quality: What `find` compares.
            sure: Whether the terminal tells if that fails.

        Returns:
            The id that has to be deleted, if any.
        """
        held = self._held.pop(name)
        older = self._held.pop(new, None)
        self._held[new] = replace(held, quality=quality, sure=held.sure and sure)
        return older.image_id if older else None

    def drop(self, name: Hashable) -> int | None:
        """Forget a picture; return its id."""
        held = self._held.pop(name, None)
        return held.image_id if held else None

    def drop_id(self, image_id: int) -> Hashable | None:
        """Forget the picture of that id, which the terminal lost; return its name."""
        for name, held in self._held.items():
            if held.image_id == image_id:
                del self._held[name]
                return name
        return None

    def clear(self) -> tuple[int, ...]:
        """Forget everything; return the ids that were in use."""
        ids = self.ids
        self._held.clear()
        return ids

    @staticmethod
    def size(area: Area) -> int:
        """How many pictures of that area the terminal may hold: bounded in its memory."""
        each = max(1, area.width * area.height * 4)
        return max(_FEWEST, min(_MOST - 1, _MEMORY // each))
