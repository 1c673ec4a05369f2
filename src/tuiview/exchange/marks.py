"""Decisions that come in from files: matched with items, and only what is new of them recorded."""

from __future__ import annotations

import json
import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import asdict

from tuiview.collection.replicates import repeat_key, split_key
from tuiview.errors import TuiviewError
from tuiview.exchange.names import Names
from tuiview.review.model import UNTOUCHED, Decision, ItemState, Mark, What

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.exchange.places import Place
    from tuiview.review.store import Store

_NAMESPACE = uuid.UUID("6f0a6c0e-6b6e-5d0c-9b5e-1f2d7a9c4b11")
_PAGE = 500


class GivenMark(Struct, frozen=True):
    """A mark as a file has it; what it does not say is empty or None.

    Attributes:
        image: The item's key, path or name.
        frame: The frame's name.
        group, label: As they stand there.
        x, y: 0-based pixel centres of the native image; from the top of the displayed picture if
            `from_top`.
        ra, dec: ICRS degrees.
        uuid: Its identity.
        reviewer: Whose it is.
        made: When it was made, in the file's words.
        from_top: Whether y counts from the top row as displayed.
        replicate: 2 where the image had come back.
    """

    image: str
    frame: str = ""
    group: str = ""
    label: str = ""
    x: float | None = None
    y: float | None = None
    ra: float | None = None
    dec: float | None = None
    uuid: str = ""
    reviewer: str = ""
    made: str = ""
    from_top: bool = False
    replicate: int = 1


class GivenItem(Struct, frozen=True):
    """What a file says of an item, or of its repeat; None is what it does not speak of."""

    image: str
    categories: tuple[str, ...] = ()
    favourite: bool = False
    unsure: bool = False
    note: str | None = None
    seen: bool = False
    reviewer: str = ""
    replicate: int = 1


Given = GivenMark | GivenItem


class Imported(Struct):
    """What became of an import.

    Attributes:
        marks, decisions: How many were recorded: marks, and everything else.
        known: Entries that said nothing new.
        unknown: Names that no item has; what is said of them is kept under these names.
        ambiguous: Names that several items have; left out.
        unplaced: Marks without a position that could be worked out; left out.
        others: Entries by other reviewers, left out: how many of each.
        problems: Images that could not be opened to place marks, in words.
    """

    marks: int = 0
    decisions: int = 0
    known: int = 0
    unknown: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    unplaced: int = 0
    others: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Importer:
    """Records what files say.

    Args:
        store: Takes the decisions, all of one item in one step.
        names: Finds items by what files call them.
        group: The group of marks that name none.
        origin: Where the decisions come from; it is kept with each of them.
    """

    def __init__(self, store: Store, names: Names, group: str, origin: dict[str, Any]) -> None:
        self._store = store
        self._names = names
        self._group = group
        self._origin = origin
        self._places: dict[tuple[str, str], Place | None] = {}
        self._same: Counter[str] = Counter()
        self.result = Imported()

    def take(self, given: Iterable[Given]) -> Imported:
        """Record what is new in these entries; may be called again."""
        by_key: defaultdict[str, list[Given]] = defaultdict(list)
        for entry in given:
            if entry.reviewer not in ("", self._store.reviewer):
                self.result.others[entry.reviewer] += 1
                continue
            key = self._names.key_of(entry.image)
            if key is None:
                if entry.image not in self.result.ambiguous:
                    self.result.ambiguous.append(entry.image)
                continue
            if not self._names.has(key) and key not in self.result.unknown:
                self.result.unknown.append(key)
            by_key[repeat_key(key, entry.replicate)].append(entry)
        for start in range(0, len(by_key), _PAGE):
            keys = list(by_key)[start : start + _PAGE]
            states = self._store.load(keys)
            for key in keys:
                decisions = list(self._new(key, by_key[key], states.get(key, UNTOUCHED)))
                if decisions:
                    self._store.record(decisions)
        return self.result

    def _new(self, key: str, given: Sequence[Given], state: ItemState) -> Iterator[Decision]:
        there = {mark.uuid for mark in state.marks}
        said: set[object] = set()
        for entry in given:
            if isinstance(entry, GivenItem):
                wanted = [d for d in self._of_item(key, entry, state) if _what(d) not in said]
                said |= {_what(decision) for decision in wanted}
                self.result.decisions += len(wanted)
                self.result.known += not wanted
                yield from wanted
                continue
            mark = self._mark(key, entry)
            if mark is None:
                self.result.unplaced += 1
            elif mark.uuid in there:
                self.result.known += 1
            else:
                there.add(mark.uuid)
                self.result.marks += 1
                context = self._context(key) | ({"made": entry.made} if entry.made else {})
                yield Decision(
                    key, What.MARK_ADDED, mark.uuid, None, asdict(mark),
                    frame=mark.frame, context=context,
                )  # fmt: skip

    def _of_item(self, key: str, given: GivenItem, state: ItemState) -> Iterator[Decision]:
        def say(what: What, name: str, old: object, new: object) -> Decision:
            return Decision(key, what, name, old, new, context=self._context(key))

        if given.seen and not state.seen:
            yield say(What.SEEN, "", False, True)
        for name in given.categories:
            if name not in state.categories:
                yield say(What.CATEGORY, name, False, True)
        if given.favourite and not state.favourite:
            yield say(What.FAVOURITE, "", False, True)
        if given.unsure and not state.unsure:
            yield say(What.UNSURE, "", False, True)
        # An empty note on an item of which nothing is said yet makes it a reviewed one.
        empty = given.note == "" and not (state.decided or given.categories or given.favourite)
        if given.note is not None and (given.note not in ("", state.note) or empty):
            yield say(What.NOTE, "", state.note, given.note)

    def _context(self, key: str) -> dict[str, Any]:
        replicate = split_key(key)[1]
        return self._origin if replicate == 1 else self._origin | {"replicate": replicate}

    # Marks

    def _mark(self, key: str, given: GivenMark) -> Mark | None:
        """The mark with everything that its image says of it; None if it has no position."""
        x, y, ra, dec, frame = given.x, given.y, given.ra, given.dec, given.frame
        complete = frame and x is not None and y is not None and given.uuid and not given.from_top
        if not complete:
            place = self._place(key, frame)
            if place is not None:
                frame = place.frame
                if x is None or y is None:
                    x, y = _to_pixel(place, ra, dec)
                elif given.from_top and place.origin == "lower":
                    y = place.shape[0] - 1 - y
                if (
                    x is not None
                    and y is not None
                    and (ra is None or dec is None or given.from_top)
                ):
                    ra, dec = to_sky(place, x, y)
        if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
            return None
        group = given.group or self._group
        identity = given.uuid or self._identity(key, frame, group, given.label, x, y)
        return Mark(identity, frame, group, x, y, given.label, ra, dec)

    def _identity(self, *said: object) -> str:
        """The same uuid for the same mark whenever it comes, another for its equal twin."""
        words = json.dumps(said)
        self._same[words] += 1
        return str(uuid.uuid5(_NAMESPACE, f"{words} {self._same[words]}"))

    def _place(self, key: str, frame: str) -> Place | None:
        if (key, frame) not in self._places:
            if len(self._places) > 1000:
                self._places.clear()
            self._places[key, frame] = self._opened(key, frame)
        return self._places[key, frame]

    def _opened(self, key: str, frame: str) -> Place | None:
        item = self._names.item(split_key(key)[0])
        if item is None:
            return None
        try:
            return opened_place(item, frame or None)
        except TuiviewError as error:
            self.result.problems.append(f"{item.name}: {error.message}")
            return None


def _what(decision: Decision) -> object:
    return decision.what, decision.name, decision.new


def opened_place(item: Item, frame: str | None) -> Place:
    """Open an item's image and read what is needed to place things on a frame of it.

    Raises:
        TuiviewError: It cannot be opened.
    """
    from tuiview.exchange.places import Place
    from tuiview.imaging.readers import open_image

    with open_image(item.source) as image:
        return Place.of(item, image.frame(frame))


def _to_pixel(
    place: Place, ra: float | None, dec: float | None
) -> tuple[float | None, float | None]:
    if place.wcs is None or ra is None or dec is None:
        return None, None
    from tuiview.imaging.wcs import pixel

    x, y = pixel(place.wcs, ra, dec)
    return (x, y) if math.isfinite(x) and math.isfinite(y) else (None, None)


def to_sky(place: Place, x: float, y: float) -> tuple[float | None, float | None]:
    """ICRS degrees of a pixel position, None where there are none."""
    if place.wcs is None:
        return None, None
    from tuiview.imaging.wcs import sky

    ra, dec = sky(place.wcs, x, y)
    return (ra, dec) if math.isfinite(ra) and math.isfinite(dec) else (None, None)


def split_categories(text: str, known: Iterable[str], separator: str = "+") -> tuple[str, ...]:
    """The names in a joined list; a known name may hold the separator itself."""
    names = set(known)
    parts = text.split(separator) if text else []
    found = []
    start = 0
    while start < len(parts):
        ends = range(len(parts), start, -1)
        joined = ((end, separator.join(parts[start:end])) for end in ends)
        end, name = next(
            ((end, name) for end, name in joined if name.strip() in names),
            (start + 1, parts[start]),
        )
        if name.strip():
            found.append(name.strip())
        start = end
    return tuple(dict.fromkeys(found))
