"""Catalogues over the pictures: read behind, worked out once for each frame, shown or hidden."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from tuiview.errors import TuiviewError, UsageError
from tuiview.imaging.frame import Box
from tuiview.imaging.overlay import Points, Segments, Shape
from tuiview.session.background import Background
from tuiview.session.changes import Change, Noticed

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.exchange.layers import Layer
    from tuiview.exchange.options import CatalogueOptions
    from tuiview.exchange.places import Drawn
    from tuiview.imaging.frame import Frame
    from tuiview.session.session import Session

HELD_BYTES = 64_000_000
"""Bound of the overlays that are kept."""
_MARGIN = 1.5
"""How much more than what is in sight is found at once, along each side."""
Key = tuple[str, str | None]


class CataloguesChanged(Change, frozen=True):
    """A catalogue was read, shown or hidden."""


class Sheet(Struct, eq=False):
    """One catalogue of the review.

    Attributes:
        options: The file and how to draw it.
        layer: What it holds, once it is read.
        shown: Whether it is drawn.
        failed: Why it could not be read.
    """

    options: CatalogueOptions
    layer: Layer | None = None
    shown: bool = True
    failed: str = ""


class _Overlay(Struct, frozen=True):
    """What all catalogues draw over one frame."""

    drawn: dict[int, Drawn] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether anything is left out because there is so much."""
        return any(drawn.partial for drawn in self.drawn.values())

    @property
    def nbytes(self) -> int:
        total = 200
        for drawn in self.drawn.values():
            for shape in drawn.marks:
                bulk = isinstance(shape, Points | Segments)
                total += len(getattr(shape, "positions", getattr(shape, "ends", b""))) + 200
                total += 0 if bulk else 200
            total += 300 * len(drawn.labels)
        return total


class _Closeup(Struct, frozen=True):
    """What all catalogues draw over a part of a frame.

    Attributes:
        key: The item and its frame.
        box: The part, in image pixels.
        overlay: What is drawn; None while it is being found.
    """

    key: Key
    box: Box
    overlay: _Overlay | None = None

    def serves(self, key: Key, window: Box) -> bool:
        """Whether it holds all that can be drawn of what is in sight."""
        box = self.box
        within = box.x0 <= window.x0 and box.y0 <= window.y0
        within &= window.x1 <= box.x1 and window.y1 <= box.y1
        close = box.x1 - box.x0 < 1.1 * _MARGIN * (window.x1 - window.x0)
        complete = self.overlay is not None and not self.overlay.partial
        return self.key == key and within and (close or complete)


class Catalogues:
    """The catalogues of a review.

    All methods are for the screen's thread and never wait. Files are read on a thread of their
    own; the sources of a frame are found on the loader's threads, for the current item and for
    those that come next, so that prefetched pictures already have them. Where a frame has too many
    for all of them, those in sight are found for themselves when one zooms in.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._background: Background | None = None
        self._held: OrderedDict[Key, _Overlay] = OrderedDict()
        self._bytes = 0
        self._wanted: dict[int, tuple[Key, int]] = {}
        self._current = 0
        self._closeup: _Closeup | None = None
        self._told: set[str] = set()
        self.sheets: list[Sheet] = []
        self.shown = True
        self.labels = True

    @property
    def idle(self) -> bool:
        """Whether everything is read and worked out."""
        if self._wanted or (self._closeup is not None and self._closeup.overlay is None):
            return False
        return self._background is None or self._background.idle

    def add(self, options: CatalogueOptions) -> None:
        """Read a catalogue behind; a notice tells when it is there."""
        sheet = Sheet(options)
        number = len(self.sheets)
        self.sheets.append(sheet)
        groups = {g.name: int(g.color[1:], 16) for g in self._session.settings.groups}

        def read() -> None:
            from tuiview.exchange.layers import open_layer

            try:
                layer = open_layer(options, number, groups)
            except TuiviewError as error:
                failure = error
                self._session.later(lambda: self._failed(sheet, failure))
            else:
                self._session.later(lambda: self._ready(sheet, layer))

        if self._background is None:
            self._background = Background(self._broke)
        self._background.run(read)

    def close(self) -> None:
        """Stop reading."""
        if self._background is not None:
            self._background.close()

    def toggle(self, number: int | None = None) -> str:
        """Show or hide all catalogues, or one of them (0-based); returns what is the case now.

        Raises:
            UsageError: There is no such catalogue.
        """
        if not self.sheets:
            raise UsageError("no catalogue is open", ":catalog FILE or --catalog FILE")
        if number is None:
            self.shown = not self.shown
            words = f"catalogues {'shown' if self.shown else 'hidden'}"
        elif not 0 <= number < len(self.sheets):
            raise UsageError(f"there are {len(self.sheets)} catalogues")
        else:
            sheet = self.sheets[number]
            if not self.shown:  # then this one alone
                self.shown = True
                for each in self.sheets:
                    each.shown = False
            sheet.shown = not sheet.shown
            words = f"{sheet.options.title} {'shown' if sheet.shown else 'hidden'}"
        self._changed()
        return words

    def show_labels(self, shown: bool) -> None:
        """Show or hide the words beside sources."""
        self.labels = shown
        self._changed()

    @property
    def words(self) -> str:
        """All catalogues with their numbers, in words."""
        found = []
        for number, sheet in enumerate(self.sheets, start=1):
            count = "reading" if sheet.layer is None else f"{sheet.layer.count:,}"
            state = sheet.failed or count + ("" if sheet.shown and self.shown else ", hidden")
            found.append(f"{number} {sheet.options.title} ({state})")
        return "; ".join(found) or "no catalogue is open; :catalog FILE opens one"

    def forget(self, key: str) -> None:
        """Work out anew what lies over an item: its file may be another one."""
        for held in [held for held in self._held if held[0] == key]:
            self._bytes -= self._held.pop(held).nbytes
        self._closeup = None
        self._wanted = {s: wanted for s, wanted in self._wanted.items() if wanted[0][0] != key}

    # What is drawn

    def shapes(self, key: str, frame: str | None) -> tuple[Shape, ...]:
        """What is drawn over a frame, as far as it is known; see `prepare`."""
        if not self.shown or (overlay := self._held.get((key, frame))) is None:
            return ()
        self._held.move_to_end((key, frame))
        closeup, window = self._closeup, self._window(key)
        if closeup is not None and window is not None and closeup.overlay is not None:
            overlay = closeup.overlay if closeup.serves((key, frame), window) else overlay
        shapes: list[Shape] = []
        words: list[Shape] = []
        for number, drawn in overlay.drawn.items():
            if self.sheets[number].shown:
                shapes += drawn.marks
                words += drawn.labels
        named = self.labels and self._session.coordinates.on_sky  # a label may name the item
        return (*shapes, *(words if named else ()))

    def counts(self, key: str, frame: str | None) -> list[tuple[str, int]]:
        """How many entries of each catalogue that is shown lie in a frame."""
        overlay = self._held.get((key, frame))
        if overlay is None or not self.shown:
            return []
        sheets = self.sheets
        return [
            (sheets[n].options.title, drawn.found)
            for n, drawn in overlay.drawn.items()
            if sheets[n].shown
        ]

    def known(self, key: str, frame: str | None) -> bool:
        """Whether it is known what lies over a frame; true while there is no catalogue."""
        return not self._layers() or (key, frame) in self._held

    def prepare(self, items: Iterable[tuple[Item, str | None]]) -> None:
        """Find the sources of frames that are not known yet, the first ones first.

        Replaces the wish before it: what is no longer among the items may be given up.
        """
        layers = self._layers()
        if not layers:
            return
        wished = {(item.key, frame): item for item, frame in items}
        waiting = {key for key, generation in self._wanted.values() if generation == self._current}
        # A slot is a kind of question to the loader: a newer one takes the place of an older one.
        taken = {slot for slot, (key, _) in self._wanted.items() if key in wished}
        free = (slot for slot in itertools.count() if slot not in taken)
        for key, item in wished.items():
            if key not in self._held and key not in waiting:
                self._ask(next(free), item, key, layers)

    def look_closer(self, item: Item, frame: str | None) -> None:
        """Find what lies in the part of a frame that is in sight, if not all of it is drawn."""
        key, window = (item.key, frame), self._window(item.key)
        held = self._held.get(key)
        if window is None or held is None or not held.partial:
            self._closeup = None
            return
        if self._closeup is not None and self._closeup.serves(key, window):
            return
        # With a margin, so that a small step of panning asks nothing.
        wide, high = ((_MARGIN - 1) / 2 * n for n in (window.x1 - window.x0, window.y1 - window.y0))
        box = Box(window.x0 - wide, window.y0 - high, window.x1 + wide, window.y1 + high)
        closeup = self._closeup = _Closeup(key, box)
        layers = self._layers()

        def find(opened: Frame) -> _Overlay:
            return _found_in(item, opened, layers, box)

        def done(result: _Overlay | TuiviewError) -> None:
            overlay = held if isinstance(result, TuiviewError) else result
            self._session.later(lambda: found(overlay))

        def found(overlay: _Overlay) -> None:
            if self._closeup is closeup:
                self._closeup = replace(closeup, overlay=overlay)
                self._session.viewer.overlay_found(item.key)

        self._session.loader.inspect(item, frame, find, done, "catalogue closeup")

    def _window(self, key: str) -> Box | None:
        """The image pixels about the middle of the view that may be in sight; None for all."""
        session = self._session
        shown, display = session.viewer.shown, session.look.current
        one = session.viewer.viewport is not None  # and not a grid of many
        if shown is None or not one or session.look.key != key or display.zoom is None:
            return None
        view = shown.viewport
        # Whichever way the picture is turned.
        reach = math.hypot(view.width, view.height * view.pixel_aspect) / 2 / display.zoom
        x, y = display.center or view.center
        ny, nx = view.shape
        if reach >= math.hypot(nx, ny) / 2:
            return None
        return Box(x - reach, y - reach, x + reach, y + reach)

    def _ask(self, slot: int, item: Item, key: Key, layers: dict[int, Layer]) -> None:
        generation = self._current
        self._wanted[slot] = (key, generation)

        def find(opened: Frame) -> _Overlay:
            return _found_in(item, opened, layers)

        def done(result: _Overlay | TuiviewError) -> None:
            # An item that cannot be opened says so in its picture's place.
            overlay = _Overlay() if isinstance(result, TuiviewError) else result
            self._session.later(lambda: self._found(slot, key, generation, overlay))

        self._session.loader.inspect(item, key[1], find, done, ("catalogue", slot))

    def _found(self, slot: int, key: Key, generation: int, overlay: _Overlay) -> None:
        if self._wanted.get(slot) == (key, generation):
            del self._wanted[slot]
        if generation != self._current:
            return
        if (old := self._held.pop(key, None)) is not None:
            self._bytes -= old.nbytes
        self._held[key] = overlay
        self._bytes += overlay.nbytes
        while self._bytes > HELD_BYTES and len(self._held) > 1:
            self._bytes -= self._held.popitem(last=False)[1].nbytes
        self._session.viewer.overlay_found(key[0])
        self.tell(key)

    def tell(self, key: Key) -> None:
        """Say what is odd about the catalogues over the current item, each thing once."""
        item = self._session.item
        overlay = self._held.get(key)
        if overlay is None or item is None or item.key != key[0]:
            return
        for number, drawn in overlay.drawn.items():
            if not drawn.note or not self.sheets[number].shown:
                continue
            # That a picture has no sky is said once, the rest for every item.
            once = drawn.note if drawn.found == 0 else f"{key} {drawn.note}"
            if once not in self._told:
                self._told.add(once)
                self._session.notify(Noticed(drawn.note, "warning"))

    # Behind

    def _layers(self) -> dict[int, Layer]:
        return {n: s.layer for n, s in enumerate(self.sheets) if s.layer is not None}

    def _ready(self, sheet: Sheet, layer: Layer) -> None:
        sheet.layer = layer
        odd = "; ".join(layer.problems)
        words = f"{layer.title}: {layer.count:,} entries" + (f"; {odd}" if odd else "")
        self._session.notify(Noticed(words, "warning" if odd else "information"))
        self._start_anew()

    def _failed(self, sheet: Sheet, error: TuiviewError) -> None:
        sheet.failed = str(error)
        self._session.notify(Noticed(str(error), "error"))
        self._session.notify(CataloguesChanged())

    def _broke(self, error: Exception) -> None:
        self._session.notify(Noticed(f"a catalogue: {type(error).__name__}: {error}", "error"))

    def _start_anew(self) -> None:
        self._current += 1
        self._held.clear()
        self._closeup = None
        self._bytes = 0
        self._changed()

    def _changed(self) -> None:
        self._session.viewer.overlay_changed()
        self._session.notify(CataloguesChanged())


def _found_in(
    item: Item, opened: Frame, layers: dict[int, Layer], window: Box | None = None
) -> _Overlay:
    """What layers draw over an open frame, or over a part of it; runs on a loader's thread."""
    from tuiview.exchange.places import Drawn, Place

    place = replace(Place.of(item, opened), window=window)
    found = {}
    for number, layer in layers.items():
        try:
            found[number] = layer.draw(place)
        except TuiviewError as error:
            found[number] = Drawn(note=f"{layer.title}: {error.message}")
    return _Overlay(found)
