"""A review without a screen: what is shown, what was said, where one is."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiview.collection.view import View
from tuiview.errors import TuiviewError
from tuiview.graphics.payload import FINE, Area, Protocol, Quality
from tuiview.loading.request import Answer, Failed, Request, Shown
from tuiview.session.annotating import Annotating
from tuiview.session.background import Background
from tuiview.session.catalogues import Catalogues
from tuiview.session.changes import (
    CollectionGrew,
    CursorMoved,
    DecisionsChanged,
    DisplayChanged,
    MetadataRead,
    Noticed,
    Notify,
    PictureAnswered,
    RowsLoaded,
    ToRun,
)  # fmt: skip
from tuiview.session.choice import EVERYTHING, Choice
from tuiview.session.decisions import Circumstances, Decisions
from tuiview.session.examining import Examining
from tuiview.session.look import Look
from tuiview.session.marking import Marking
from tuiview.session.seeking import Seeking, Sought

if TYPE_CHECKING:
    from tuiview.collection.base import Collection, Item
    from tuiview.exchange.options import CatalogueOptions
    from tuiview.imaging.display import SkyView
    from tuiview.imaging.viewport import Viewport
    from tuiview.loading.loader import Loader
    from tuiview.loading.request import ImageInfo
    from tuiview.review.model import ItemState
    from tuiview.review.store import Store
    from tuiview.settings import Settings

_SIGHT = 64
"""How many neighbours on each side have their rows and states in memory."""


class Session:
    """One review: a collection seen through a view, a cursor, the display, the store, the loader.

    All methods are for one thread (the screen's) and never wait; what must wait runs behind and
    comes back as a change through `notify`.

    Args:
        collection: What there is to review; `start` has not been called yet.
        store: Where decisions go.
        loader: Makes pictures; its answers are to be handed to `answered`.
        settings: The reviewer's settings.
        notify: Takes changes, from any thread.
        choice: What to begin with; nothing is shown before it has been made.
        catalogues: What to draw over the pictures.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        collection: Collection,
        store: Store,
        loader: Loader,
        settings: Settings,
        *,
        notify: Notify,
        choice: Choice = EVERYTHING,
        catalogues: Sequence[CatalogueOptions] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.collection = collection
        self.store = store
        self.loader = loader
        self.settings = settings
        self.notify = notify
        self._clock = clock
        self.background = Background(self.failed_behind)
        self.view = View.all(collection)
        self.position = 0
        self._before = 0
        self.auto_advance = settings.auto_advance
        self.shown: Shown | None = None
        self.info: ImageInfo | None = None
        self.failed: Failed | None = None
        self.coarse: Callable[[Area, Protocol], Quality | None] = lambda area, protocol: None
        self.holds: Callable[[Hashable], bool] = lambda name: False
        self.fine = FINE
        self._qualities: dict[Quality, None] = {}
        self.context: dict[str, Any] = {}
        self._travel = 1
        self._area: Area | None = None
        self._protocol = Protocol.BLOCKS
        self._painted_at: float | None = None
        self._resume_key: str | None = None
        self._first_choice = choice
        self._choosing_first = not choice.everything
        self._waiting_for_info: list[Callable[[], object]] = []
        self._wanted: Request | None = None
        self._sky_seen: tuple[Shown | None, ImageInfo | None, SkyView | None] = (None, None, None)
        self.look = Look(settings, self._display_changed, self._sky_view)
        self.decisions = Decisions(
            store, settings, self._circumstances, self._want_state, self._decided
        )
        self.seeking = Seeking(self)
        self.marking = Marking(self)
        self.examining = Examining(self)
        self.annotating = Annotating(self)
        self.catalogues = Catalogues(self)
        self._to_open = catalogues

    # Life

    def start(self) -> None:
        """Begin reading the collection; resumes where the reviewer left off."""
        place = self.store.remembered()
        self._resume_key = place.key if place is not None else None
        self.collection.start(lambda: self.notify(CollectionGrew()))
        for options in self._to_open:
            self.catalogues.add(options)
        self.grown()

    def close(self) -> bool:
        """Stop the work behind; the store is closed by its owner.

        Returns:
            Whether everything came to an end; a read that hangs on broken storage does not.
        """
        self.background.close()
        self.seeking.close()
        self.catalogues.close()
        ended = self.loader.close()
        self.collection.close()
        return ended

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for is there: rows, states, metadata, the picture."""
        waiting = self._waiting_for_info or self.decisions.waiting or not self.collection.complete
        if waiting or not (self.background.idle and self.loader.idle and self.catalogues.idle):
            return False
        answer = self.shown or self.failed
        if self._wanted is None or answer is None:
            return self.count == 0
        return _same_picture(answer.request, self._wanted)

    # Where one is

    @property
    def count(self) -> int:
        """Items in the view, known so far."""
        return len(self.view)

    @property
    def item(self) -> Item | None:
        """The current item; None while there is none or its row is being read."""
        return self.peek(self.position)

    @property
    def state(self) -> ItemState | None:
        """What is said of the current item; None while it is not known."""
        item = self.item
        return self.store.peek(item.key) if item is not None else None

    def peek(self, position: int) -> Item | None:
        """The item at a position of the view, if it is in memory."""
        if not 0 <= position < self.count:
            return None
        return self.collection.peek(self.view.row(position))

    def move(self, by: int) -> bool:
        """Go `by` items on; stops at the ends. Returns whether the cursor moved."""
        return self.go_to(self.position + by)

    def go_to(self, position: int) -> bool:
        """Make the item at `position` (0-based, held within the view) current."""
        self._resume_key = None
        position = max(0, min(position, self.count - 1))
        if position == self.position or self.count == 0:
            return False
        self._travel = 1 if position > self.position else -1
        self._before, self.position = self.position, position
        self._arrive()
        return True

    def go_to_key(self, key: str) -> None:
        """Make the item of that key current, once its row is found; `Sought` tells."""
        view = self.view

        def find() -> None:
            row = self.collection.row_of(key)
            self.notify(Sought(None if row is None else view.position_of(row), f"item {key}"))

        self.background.run(find, name="seek", urgency=0)

    def go_back(self) -> bool:
        """Go to the item that was current before this one."""
        return self.go_to(self._before)

    def advance(self) -> None:
        """After a deciding key: the next item, if that is how the reviewer wants it."""
        if self.auto_advance:
            self.move(1)

    def show_view(self, view: View, *, context: dict[str, Any] | None = None) -> None:
        """Review through another order or filter; stays on the item where it is still there."""
        self._choosing_first = False
        row = self.view.row(self.position) if self.count else None
        if row is not None and self.shown is None and self.failed is None:
            row = None
        self.view = view
        self.context = context or {}
        position = view.position_of(row) if row is not None else None
        self.position = position or 0
        self.notify(CollectionGrew())
        self._arrive()

    def grown(self) -> None:
        """Rows were added: show the first one, or the one where the reviewer left off."""
        if self._choosing_first:
            return
        if self._resume_key is not None:
            row = self.collection.row_of(self._resume_key)
            position = self.view.position_of(row) if row is not None else None
            if position is not None:
                self._resume_key = None
                self.position = position
                self._arrive()
                return
            if self.collection.complete:
                self._resume_key = None
        if self._wanted is None and self.count:
            self._arrive()
        else:
            self._look_around()

    def begin(self) -> None:
        """The first choice came to nothing: show the collection as it is."""
        if self._choosing_first:
            self._choosing_first = False
            self.grown()

    # The picture

    def use_pane(self, area: Area, protocol: Protocol) -> None:
        """Show pictures in this area from now on."""
        if (area, protocol) != (self._area, self._protocol):
            self._area, self._protocol = area, protocol
            self.loader.resize()
            self._show()

    def answered(self, answer: Answer) -> bool:
        """Take an answer of the loader; returns whether it is what is wanted now."""
        if self._wanted is None or not _same_picture(answer.request, self._wanted):
            return False
        if isinstance(answer, Failed):
            self.failed, self.shown = answer, None
        else:
            self.failed, self.shown = None, answer
        return True

    def painted(self) -> None:
        """The current picture is on the screen: reaction times count from now."""
        if self._painted_at is None and self.shown is not None:
            self._painted_at = self._clock()
            self.decisions.saw()

    def rested(self) -> None:
        """The reviewer pauses: bring the picture to its full quality."""
        if (shown := self.shown) is None:
            return
        if self.look.locked and self.look.current.zoom is not None:
            self.when_info(lambda: None)  # the next item shows the same part of the sky
        if not self.annotating.rest(shown):
            self.refine()

    def refine(self) -> None:
        """Ask for the finest picture of what is shown, unless it is that."""
        item, shown = self.item, self.shown
        if item is None or shown is None:
            return
        finest = self._request(item, self.fine)
        same = _same_picture(shown.request, finest)
        if same and shown.request.quality == self.fine and not shown.preview:
            return
        self._wanted = finest
        better = self.loader.refine(finest)
        if better is not None:
            self.notify(PictureAnswered(better))
        if not same:
            self.loader.ahead(self._neighbours())

    def retry(self) -> None:
        """Read the current item again."""
        if (item := self.item) is not None:
            self.loader.forget(item.key)
            self.catalogues.forget(item.key)
            self._show()

    def redraw(self) -> None:
        """The overlay may have changed: show the picture anew if it did."""
        item, wanted = self.item, self._wanted
        if item is not None and wanted is not None and self._overlay(item) != wanted.overlay:
            self._show()

    def overlay_changed(self) -> None:
        """Other things are drawn over every item."""
        if self._wanted is not None:
            self._show()

    def overlay_found(self, key: str) -> None:
        """What is drawn over an item is known now."""
        if self.item is not None and key == self.item.key:
            self.redraw()
        elif self._wanted is not None:
            self.loader.ahead(self._neighbours())

    @property
    def viewport(self) -> Viewport | None:
        """The geometry of the picture that is shown."""
        return self.shown.viewport if self.shown is not None else None

    def step_frame(self, step: int) -> str | None:
        """Show the next or previous frame of the item; returns its name."""
        if self.shown is None or len(self.shown.info.frames) < 2:
            return None
        frames = self.shown.info.frames
        if self.look.current.composition is not None:
            step = 0  # from several frames to the one that leads them
        name = frames[(list(frames).index(self.shown.info.frame) + step) % len(frames)]
        self.look.show_frame(name)
        return name

    def read_metadata(self) -> None:
        """Read header and metadata of the current item; `MetadataRead` brings them."""
        item = self.item
        if item is None:
            return
        row = self.view.row(self.position)

        def read(info: ImageInfo | None) -> None:
            self.notify(MetadataRead(item, info, self.collection.metadata(row)))

        def opened(info: ImageInfo | TuiviewError) -> None:
            known = None if isinstance(info, TuiviewError) else info
            self.background.run(lambda: read(known), name="metadata")

        frame = self.shown.info.frame if self.shown is not None else self.look.current.frame
        known = self.loader.info(item, frame, opened)
        if known is not None:
            opened(known)

    def take_info(self, item: Item, info: ImageInfo | None) -> None:
        """Header and world coordinates were read: go on with what waited for them."""
        if self.item is not None and item.key == self.item.key:
            self.info = info
            waiting, self._waiting_for_info = self._waiting_for_info, []
            for go_on in waiting:
                go_on()

    def when_info(self, go_on: Callable[[], object]) -> None:
        """Call `go_on` now if header and world coordinates are known, else once they are."""
        shown = self.shown
        if self.info is not None and shown is not None and self.info.frame == shown.info.frame:
            go_on()
        else:
            self._waiting_for_info.append(go_on)
            self.read_metadata()

    def later(self, job: Callable[[], object]) -> None:
        """Have the screen's thread run a job; called from any thread."""
        self.notify(ToRun(job))

    def save_to(self, path: Path) -> None:
        """Write every decision, the unsaved ones too, to another database; a notice tells."""

        def save() -> None:
            unsaved = self.store.save_to(path)
            self.notify(Noticed(f"{path} has every decision, {unsaved} of them unsaved here"))

        self.background.run(save, urgency=0)

    # What is in sight

    def want(self, positions: Iterable[int]) -> None:
        """Have items and states at these positions in memory soon; `RowsLoaded` tells when."""
        self._load("sight", positions)

    def _load(self, name: str, positions: Iterable[int]) -> None:
        count = self.count
        rows = [self.view.row(p) for p in positions if 0 <= p < count]
        peeked = [self.collection.peek(row) for row in rows]
        if all(i is not None and self.store.peek(i.key) is not None for i in peeked):
            return

        def load() -> None:
            superseded = self.background.superseded(name)
            keys = []
            for row in rows:
                if superseded():
                    break
                keys.append(self.collection.item(row).key)
            self.store.load(keys)
            self.notify(RowsLoaded())

        self.background.run(load, name=name)

    def rows_loaded(self) -> None:
        """Rows or states came into memory: go on with what waited for them."""
        if self._wanted is None and self.item is not None:
            self._show()
        self.decisions.known()

    # Behind

    def _arrive(self) -> None:
        """The cursor is on another item."""
        if self.look.locked:
            self._sky_view()
        self.shown = self.failed = self.info = self._painted_at = None
        self._waiting_for_info.clear()
        self.marking.arrived()
        self._show()
        self.notify(CursorMoved(self.position))
        self._look_around()

    def _look_around(self) -> None:
        """Have the neighbourhood's rows and states loaded before one gets there."""
        if self._missing(range(self.position - 8, self.position + 9)):
            near = range(self.position - _SIGHT, self.position + _SIGHT + 1)
            self._load("near", sorted(near, key=lambda p: abs(p - self.position)))

    def _missing(self, positions: Iterable[int]) -> bool:
        for position in positions:
            if 0 <= position < self.count:
                item = self.peek(position)
                if item is None or self.store.peek(item.key) is None:
                    return True
        return False

    def _show(self) -> None:
        item = self.item
        if item is None or self._area is None:
            self._wanted = None
            return
        if item.key != self.look.key:
            self.look.enter(item.key)
            self.store.remember(item.key, self.position)
        self._wanted = self._best(item)
        answer = self.loader.ask(self._wanted)
        if answer is not None and self.answered(answer):
            self.notify(PictureAnswered(answer))
        self.catalogues.prepare((i, self._frame_of(i)) for i in (item, *self._next_items()))
        self.catalogues.tell((item.key, self._frame_of(item)))
        self.loader.ahead(self._neighbours())

    def _next_items(self) -> list[Item]:
        """The items that are likely to be wanted next, as far as they are known."""
        found = []
        for distance in range(1, self.settings.ahead + 1):
            steps = (distance, -distance) if distance <= 2 else (distance,)
            for step in steps:
                if (item := self.peek(self.position + self._travel * step)) is not None:
                    found.append(item)
        return found

    def _frame_of(self, item: Item) -> str | None:
        return self.look.of(item.key).leading

    def _best(self, item: Item) -> Request:
        """The picture as the terminal has it already, else as finely as the link carries soon."""
        assert self._area is not None
        for quality in self._qualities:
            request = self._request(item, quality)
            if self.holds(request.signature):
                return request
        quality = self.coarse(self._area, self._protocol) or self.fine
        self._qualities[quality] = None
        return self._request(item, quality)

    def _neighbours(self) -> list[Request]:
        """Pictures to make ready; those whose catalogues are not worked out yet come later."""
        return [
            self._best(item)
            for item in self._next_items()
            if self.catalogues.known(item.key, self._frame_of(item))
        ]

    def _request(self, item: Item, quality: Quality) -> Request:
        assert self._area is not None
        return Request(
            item, self.look.of(item.key), self._area, self._protocol, quality, self._overlay(item)
        )

    def _overlay(self, item: Item) -> tuple[object, ...]:
        """What is drawn over an item: its marks, and the crosshair if it is the current one."""
        current = item is self.item or (self.item is not None and item.key == self.item.key)
        frame = self.shown.info.frame if current and self.shown is not None else None
        sources = self.catalogues.shapes(item.key, self._frame_of(item))
        marks = self.marking.shapes(self.store.peek(item.key), frame, current)
        assert self._area is not None
        return (*sources, *marks, *self.annotating.elements(item, self._area))

    def _sky_view(self) -> SkyView | None:
        """What the pane shows of the sky, or showed last, as far as it is known."""
        if self.look.current.sky is not None:
            return self.look.current.sky
        if self.shown is not None and self._sky_seen[:2] != (self.shown, self.info):
            self._sky_seen = (self.shown, self.info, self._sky_of(self.shown))
        return self._sky_seen[2]

    def _sky_of(self, shown: Shown) -> SkyView | None:
        info = self.info or shown.info
        if info.wcs is None or info.frame != shown.info.frame:
            return None
        from tuiview.imaging.matching import sky_view

        return sky_view(shown.viewport, info.wcs)

    def _circumstances(self) -> Circumstances:
        item, shown = self.item, self.shown
        reaction = None if self._painted_at is None else self._clock() - self._painted_at
        return Circumstances(
            item.key if item is not None else None,
            shown.info.frame if shown is not None else "",
            reaction,
            self.look.current,
            shown.limits if shown is not None else None,
            self.context,
        )

    def _want_state(self, key: str) -> None:
        def load() -> None:
            self.store.load([key])
            self.notify(RowsLoaded())

        self.background.run(load, urgency=0)

    def _decided(self) -> None:
        self.notify(DecisionsChanged())

    def _display_changed(self) -> None:
        self._show()
        self.notify(DisplayChanged())

    def failed_behind(self, error: Exception) -> None:
        """A job behind let an exception through: tell it, whatever thread it was."""
        words = (
            error.message if isinstance(error, TuiviewError) else f"{type(error).__name__}: {error}"
        )
        self.notify(Noticed(words, "error"))


def _same_picture(one: Request, other: Request) -> bool:
    """Whether two requests differ at most in how finely they are encoded."""
    return (one.item.key, one.display, one.area, one.protocol, one.overlay) == (
        other.item.key, other.display, other.area, other.protocol, other.overlay
    )  # fmt: skip
