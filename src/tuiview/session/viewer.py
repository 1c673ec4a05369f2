"""The viewer: has the current item's picture made, and knows what of it is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from tuiview.errors import TuiviewError
from tuiview.graphics.payload import FINE, Area, Protocol, Quality
from tuiview.loading.request import Answer, Failed, Progress, Request, Sheet, Shown
from tuiview.session.changes import MetadataRead, NeighboursChanged, PictureAnswered

if TYPE_CHECKING:
    from tuiview.collection.base import Item
    from tuiview.imaging.display import SkyView
    from tuiview.imaging.frame import Frame
    from tuiview.imaging.viewport import Viewport
    from tuiview.loading.request import ImageInfo
    from tuiview.session.session import Session

T = TypeVar("T")


class Viewer:
    """The pane's side of a review: what is wanted there, what is shown, and what comes next.

    Args:
        session: The review.
        clock: Monotonic seconds.

    Attributes:
        shown: The picture that is shown; None while there is none.
        failed: Why there is none, if it cannot be made.
        info: Header and world coordinates of the current item, once they were read.
        progress: How the picture that is wanted gets on, while that takes long.
        coarse: How finely a picture can be sent soon; None for as finely as it can be.
        holds: Whether the terminal has the picture of that signature already.
        fine: The finest quality.
    """

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self.shown: Shown | None = None
        self.failed: Failed | None = None
        self.info: ImageInfo | None = None
        self.progress: Progress | None = None
        self.coarse: Callable[[Area, Protocol], Quality | None] = lambda area, protocol: None
        self.holds: Callable[[Hashable], bool] = lambda name: False
        self.fine = FINE
        self._qualities: dict[Quality, None] = {}
        self._area: Area | None = None
        self._protocol = Protocol.BLOCKS
        self._painted_at: float | None = None
        self._wanted: Request | None = None
        self._begun = False
        self._following = False
        self._around: list[Request] = []
        self._waiting_for_info: list[tuple[Callable[[], object], bool]] = []
        self._sky_seen: tuple[Shown | None, ImageInfo | None, SkyView | None] = (None, None, None)

    @property
    def wants(self) -> bool:
        """Whether a picture has been asked for."""
        return self._wanted is not None

    @property
    def awaited(self) -> bool:
        """Whether a picture of the current item is still to come, and none is shown."""
        return self.wants and self.shown is None and self.failed is None

    @property
    def idle(self) -> bool:
        """Whether what was asked for is there, the picture and the header."""
        answer = self.shown or self.failed
        if self._waiting_for_info or not self._session.loader.idle:
            return False
        if self._wanted is None or answer is None:
            return self._session.count == 0
        return _same_picture(answer.request, self._wanted)

    @property
    def viewport(self) -> Viewport | None:
        """The geometry of the picture that is shown; None while it is one of many."""
        shown = self.shown
        return shown.viewport if shown is not None and shown.request.sheet is None else None

    @property
    def reaction(self) -> float | None:
        """Seconds since the current picture was painted."""
        return None if self._painted_at is None else self._clock() - self._painted_at

    # What is shown

    def use_pane(self, area: Area, protocol: Protocol) -> None:
        """Show pictures in this area from now on."""
        if (area, protocol) != (self._area, self._protocol):
            self._area, self._protocol = area, protocol
            self._session.loader.resize()
            self.show()

    def leave(self) -> None:
        """The cursor is to leave the item: its decisions wait for the header no longer."""
        waiting, self._waiting_for_info = self._waiting_for_info, []
        for go_on, decides in waiting:
            try:
                if decides:
                    go_on()
            except Exception as error:  # neither the cursor nor the end may be held up
                self._session.failed_behind(error)

    def forget(self) -> None:
        """The cursor left the item that was shown."""
        self.shown = self.failed = self.info = self.progress = self._painted_at = None
        self._waiting_for_info.clear()

    def show(self) -> None:
        """Ask for the picture of the current item, and for its neighbours' behind it."""
        session, item = self._session, self._session.item
        self.progress = None
        if item is None or self._area is None:
            self._wanted = None
            return
        if item.key != session.look.key:
            session.look.enter(item.key)
            session.store.remember(item.key, session.position)
        self._wanted = self._best(item)
        answer = session.loader.ask(self._wanted)
        if answer is not None and self.answered(answer):
            session.notify(PictureAnswered(answer))
            self._follow_later()
        else:
            self._follow()

    def answered(self, answer: Answer) -> bool:
        """Take an answer of the loader; returns whether it is what is wanted now."""
        if not self._is_wanted(answer.request):
            return False
        self.progress = None
        if isinstance(answer, Failed):
            self.failed, self.shown = answer, None
        else:
            self.failed, self.shown = None, answer
            self._session.marking.shown()
        if not self._begun:
            self._begun = True
            self._follow_later()
        return True

    def progressed(self, progress: Progress) -> bool:
        """Take how a demand gets on; returns whether it is what is wanted now."""
        if not self._is_wanted(progress.request):
            return False
        self.progress = progress
        return True

    def painted(self) -> None:
        """The current picture is on the screen: reaction times count from now."""
        if self._painted_at is None and self.shown is not None:
            self._painted_at = self._clock()
            self._session.decisions.saw()

    def rested(self) -> None:
        """The reviewer pauses: bring the picture to its full quality."""
        if (shown := self.shown) is None:
            return
        look = self._session.look
        if look.locked and look.current.zoom is not None:
            self.when_info(lambda: None)  # the next item shows the same part of the sky
        if (item := self._session.item) is not None:
            self._session.catalogues.look_closer(item, self._frame_of(item))
        if not self._session.annotating.rest(shown):
            self.refine()

    def refine(self) -> None:
        """Ask for the finest picture of what is shown, unless it is that."""
        session, shown = self._session, self.shown
        item = session.item
        if item is None or shown is None:
            return
        finest = self._request(item, self.fine)
        same = _same_picture(shown.request, finest)
        if same and shown.request.quality == self.fine and not shown.preview:
            return
        self._wanted = finest
        better = session.loader.refine(finest)
        if better is not None:
            session.notify(PictureAnswered(better))
        if not same:
            self._look_ahead()

    def ready_neighbours(self) -> list[Shown]:
        """The pictures that are ready of those that may be wanted next, nearest first."""
        return self._session.loader.known(self._around)

    def retry(self) -> None:
        """Read the current item again."""
        session = self._session
        if (item := session.item) is not None:
            session.loader.forget(item.key)
            session.catalogues.forget(item.key)
            session.mark_list.forget()
            self.show()

    def redraw(self) -> None:
        """The overlay may have changed: show the picture anew if it did."""
        item, wanted = self._session.item, self._wanted
        if item is None or wanted is None:
            return
        sheet = self._sheet(item)
        if sheet is None or wanted.sheet is None:
            changed = self._overlay(item) != wanted.overlay
        else:
            changed = sheet.signature != wanted.sheet.signature
        if changed:
            self.show()

    def laid_anew(self) -> None:
        """The pane shows many pictures in the place of one, or one in the place of many."""
        self.shown = None
        self.show()

    def overlay_changed(self) -> None:
        """Other things are drawn over every item."""
        if self._wanted is not None:
            self.show()

    def overlay_found(self, key: str) -> None:
        """What is drawn over an item is known now."""
        item = self._session.item
        if item is not None and key == item.key:
            self.redraw()
        elif self._wanted is not None:
            self._look_ahead()

    def step_frame(self, step: int) -> str | None:
        """Show the next or previous frame of the item; returns its name."""
        if self.shown is None or len(self.shown.info.frames) < 2:
            return None
        look, frames = self._session.look, self.shown.info.frames
        if look.current.composition is not None:
            step = 0  # from several frames to the one that leads them
        name = frames[(list(frames).index(self.shown.info.frame) + step) % len(frames)]
        look.show_frame(name)
        return name

    # What is known of it

    def read_metadata(self) -> None:
        """Read header and metadata of the current item; `MetadataRead` brings them."""
        session, item = self._session, self._session.item
        if item is None:
            return
        row = session.view.row(session.position)

        def read(info: ImageInfo | None) -> None:
            session.notify(MetadataRead(item, info, session.collection.metadata(row)))

        def opened(info: ImageInfo | TuiviewError) -> None:
            known = None if isinstance(info, TuiviewError) else info
            session.background.run(lambda: read(known), name="metadata")

        frame = self.shown.info.frame if self.shown is not None else session.look.current.frame
        known = session.loader.info(item, frame, opened)
        if known is not None:
            opened(known)

    def take_info(self, item: Item, info: ImageInfo | None) -> None:
        """Header and world coordinates were read: go on with what waited for them."""
        current = self._session.item
        if current is not None and item.key == current.key:
            self.info = info
            waiting, self._waiting_for_info = self._waiting_for_info, []
            with ExitStack() as each:  # one that fails keeps none of the others
                for go_on, _ in reversed(waiting):
                    each.callback(go_on)

    def when_info(self, go_on: Callable[[], object], *, decides: bool = False) -> None:
        """Call `go_on` now if header and world coordinates are known, else once they are.

        What `decides` is called without them if the cursor leaves the item before.
        """
        shown = self.shown
        if self.info is not None and shown is not None and self.info.frame == shown.info.frame:
            go_on()
        else:
            self._waiting_for_info.append((go_on, decides))
            self.read_metadata()

    def inspect(
        self, job: Callable[[Frame], T], done: Callable[[T | TuiviewError], object], kind: Hashable
    ) -> bool:
        """Have a job look into the frame that is shown, behind; False while there is none.

        Args:
            job: Looks; runs on a loader thread.
            done: Takes what it found, or why it could not, on a loader thread.
            kind: What it is for; the loader drops an older one of the same.
        """
        session, shown, item = self._session, self.shown, self._session.item
        if item is None or shown is None:
            return False

        def told(found: T | TuiviewError) -> None:
            if isinstance(found, TuiviewError) and session.veil is not None:
                found = session.veil.failure(found, item)
            done(found)

        session.loader.inspect(item, shown.info.frame, job, told, kind)
        return True

    def sky_view(self) -> SkyView | None:
        """What the pane shows of the sky, or showed last, as far as it is known."""
        current = self._session.look.current
        if current.sky is not None:
            return current.sky
        if self.shown is not None and self._sky_seen[:2] != (self.shown, self.info):
            self._sky_seen = (self.shown, self.info, self._sky_of(self.shown))
        return self._sky_seen[2]

    def _sky_of(self, shown: Shown) -> SkyView | None:
        info = self.info or shown.info
        if info.wcs is None or info.frame != shown.info.frame:
            return None
        from tuiview.imaging.matching import sky_view

        return sky_view(shown.viewport, info.wcs)

    # What is asked for

    def _is_wanted(self, request: Request) -> bool:
        return self._wanted is not None and _same_picture(request, self._wanted)

    def _follow_later(self) -> None:
        """Ask for what follows the picture when the screen has been given it, which goes first."""
        self._following = True
        self._session.later(lambda: self._follow() if self._following else None)

    def _follow(self) -> None:
        """Ask for what lies over the current item, and for its neighbours."""
        self._following = False
        session, item = self._session, self._session.item
        if item is None or self._area is None:
            return
        session.catalogues.prepare((i, self._frame_of(i)) for i in (item, *session.next_items()))
        session.catalogues.tell((item.key, self._frame_of(item)))
        session.catalogues.look_closer(item, self._frame_of(item))
        if self._begun:  # the first picture has the processor to itself
            self._look_ahead()

    def _look_ahead(self) -> None:
        self._around = self._neighbours()
        self._session.loader.ahead(self._around)
        self._session.notify(NeighboursChanged())

    def _frame_of(self, item: Item) -> str | None:
        return self._session.look.of(item.key).leading

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
        assert self._area is not None
        grid = self._session.grid
        if grid.of == "items":
            return [self._of_sheet(*page) for page in grid.ahead(self._area)]
        return [
            self._best(item)
            for item in self._session.next_items()
            if self._session.catalogues.known(item.key, self._frame_of(item))
        ]

    def _request(self, item: Item, quality: Quality) -> Request:
        assert self._area is not None
        sheet = self._sheet(item)
        if sheet is not None:
            return self._of_sheet(item, sheet, quality)
        display = self._session.look.of(item.key)
        return Request(item, display, self._area, self._protocol, quality, self._overlay(item))

    def _sheet(self, item: Item) -> Sheet | None:
        assert self._area is not None
        return self._session.grid.sheet(item, self._area)

    def _of_sheet(self, item: Item, sheet: Sheet, quality: Quality | None = None) -> Request:
        assert self._area is not None
        display = self._session.look.of(item.key)
        quality = quality or self.coarse(self._area, self._protocol) or self.fine
        return Request(item, display, self._area, self._protocol, quality, sheet=sheet)

    def _overlay(self, item: Item) -> tuple[object, ...]:
        """What is drawn over an item: its marks, and the crosshair if it is the current one."""
        assert self._area is not None
        session, now = self._session, self._session.item
        current = now is not None and item.key == now.key
        frame = self.shown.info.frame if current and self.shown is not None else None
        sources = session.catalogues.shapes(item.key, self._frame_of(item))
        marks = session.marking.shapes(session.store.peek(item.key), frame, current)
        measured = session.examining.shapes(current)
        return (*sources, *marks, *measured, *session.annotating.elements(item, self._area))


def _same_picture(one: Request, other: Request) -> bool:
    """Whether two requests differ at most in how finely they are encoded."""
    return one.signature_but_quality == other.signature_but_quality
