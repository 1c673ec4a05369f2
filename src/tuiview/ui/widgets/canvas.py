"""The canvas of a pane: which picture is on the screen, and how the next one gets there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable

from msgspec import Struct
from msgspec.structs import replace
from textual.geometry import Region
from textual.timer import Timer
from textual.widget import Widget

from tuiview.graphics.damage import Box, changed
from tuiview.graphics.link import AHEAD_WINDOW, SOON, Link
from tuiview.graphics.payload import Area, Payload, Protocol, Quality
from tuiview.graphics.terminal import Terminal
from tuiview.picture import Picture
from tuiview.ui.driver import TerminalDriver
from tuiview.ui.widgets.covering import Cover, Mask
from tuiview.ui.widgets.deliveries import Deliveries
from tuiview.ui.widgets.painter import Change, Painter
from tuiview.ui.widgets.painters import painter_for
from tuiview.ui.widgets.picture_strips import has_cells, translate
from tuiview.ui.widgets.pieces import Pieces
from tuiview.ui.widgets.tmux_watch import TmuxWatch

_SOON = 0.02
_MENDED = 1.5
_QUICK = 0.6
_MOMENT = 0.25
_SHORTEST_FRAME = 16


class NamedPicture(Struct, frozen=True):
    """A picture with its name.

    Attributes:
        name: What it is called.
        payload: How it can be sent whole.
        pixels: What was encoded, if that is known.
        quality: Of what is on the screen, which may be finer than the payload.
    """

    name: Hashable
    payload: Payload
    pixels: Picture | None
    quality: Quality


def _finer(one: Quality, other: Quality) -> bool:
    """Whether a picture of quality `one` shows more than one of `other`."""

    def fineness(quality: Quality) -> tuple[bool, int, int]:
        return not quality.lossy, -quality.scale, quality.levels

    return fineness(one) > fineness(other)


def _difference(one: NamedPicture, other: NamedPicture) -> tuple[Box, ...] | None:
    """The cells in which two pictures differ; None if in most, or if they cannot be compared."""
    area = other.payload.area
    if one.payload.area != area or other.payload.protocol is Protocol.BLOCKS:
        return None
    if one.pixels is None or other.pixels is None:
        return None
    return changed(one.pixels, other.pixels, area)


class Canvas(Widget):
    """Brings pictures to the screen, at the pace of the link.

    Three ways lead there. Where another picture lies open, the new one is drawn over it at once;
    if they have most in common, only the cells that differ. Else the picture goes with the next
    frame, under all that lies over it. A finer form of what is shown goes in pieces.

    Args:
        terminal: What is known of the terminal.

    Attributes:
        writing: Called, not sent a message, as it would come too late: with True when a long
            picture has begun to go where it will be in a moment, if nobody holds the processor up;
            with False when it is through.
    """

    def __init__(self, terminal: Terminal, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.terminal = terminal
        self.writing: Callable[[bool], None] = lambda on: None
        self._writes = False
        self.link = Link(
            time.monotonic,
            round_trip=terminal.round_trip if terminal.complete else None,
            answers=terminal.complete and terminal.round_trip is not None,
        )
        self._painter: Painter = painter_for(terminal)
        self._painted_for = terminal.protocol
        self._deliveries = Deliveries(self.link)
        self._pieces = Pieces()
        self._wanted: NamedPicture | None = None
        self._behind: NamedPicture | None = None
        self._finer: NamedPicture | None = None
        self._shown: NamedPicture | None = None
        self._announced: NamedPicture | None = None
        self._demand = 0
        self._due = False
        self._erase = True
        self._asked_whole = False
        self._drawn = 0
        self._painted_at = Region()
        self._covering = Cover(self)
        self._watch: Timer | None = None
        self._mending: Timer | None = None
        self._tmux: TmuxWatch | None = None

    def _repaint(self) -> None:
        """Have the next frame show other cells."""
        self.refresh()

    def _tell_painted(self, names: Iterable[Hashable]) -> None:
        """Tell whoever wants to know that pictures are on the screen."""

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self.app._driver if self.is_attached else None
        return driver if isinstance(driver, TerminalDriver) and driver.active else None

    def _want(self, picture: NamedPicture | None) -> None:
        """Make a picture the next one; the finer form of one that still waits comes after that.

        Else one who rests before the link is free would look at the picture of before until all of
        the finer one is there.
        """
        waiting = self._wanted
        if waiting is not None and picture is not None and self._refines(waiting, picture):
            self._behind = picture
        else:
            self._wanted, self._behind = picture, None

    def _refines(self, picture: NamedPicture, finer: NamedPicture) -> bool:
        """Whether a picture becomes a finer one in pieces."""
        better = _finer(finer.quality, picture.quality)
        return better and self._in_pieces(finer.payload) and _difference(picture, finer) == ()

    def _in_pieces(self, payload: Payload) -> bool:
        """Whether a finer picture takes so long that it goes in pieces, where it can."""
        return self._painter.divides and self.link.seconds_for(payload.nbytes) >= SOON

    def _advance(self) -> None:
        """Begin the picture that is wanted, if the link lets it."""
        if self._wanted is None:
            self._wanted, self._behind = self._behind, None
        wanted = self._wanted
        if wanted is None or not self.is_attached:
            return
        driver, painter = self._driver, self._painter
        if driver is None:
            self._begin(wanted)
            self.call_after_refresh(self._tell_painted, [wanted.name])
            return
        self._stop_refining()
        ready = painter.ready(wanted.name, wanted.payload)
        if ready or not self.link.under_way(self._demand):
            place = self._open_place(wanted.payload.area)
            if ready or place is None or not self._amend(driver, wanted, place):
                self._draw(driver, wanted, place)
            self._pump()

    def _draw(self, driver: TerminalDriver, wanted: NamedPicture, place: Region | None) -> None:
        """Show a whole picture: at once if its cells lie open at `place`, else with a frame."""
        painter = self._painter
        if place is None:
            self._begin(wanted)
            if painter.in_frame:
                self._due = True
            else:
                self._announced = wanted
                if data := painter.send(wanted.name, wanted.payload):
                    self._demand, question = self._deliveries.send(len(data))
                    driver.send(data + question)
                    self._watch_link()
            return
        self._wanted, self._shown = None, wanted
        self._covering.drawn(Mask())
        self._drawn += 1
        sent = painter.send(wanted.name, wanted.payload)
        token = self._deliver(driver, sent + painter.paint(wanted.payload, place), wanted.name)
        if sent or not painter.keeps:
            self._demand = token

    def _amend(self, driver: TerminalDriver, wanted: NamedPicture, place: Region) -> bool:
        """Make of the picture shown the one wanted, if they have most in common."""
        if (shown := self._shown) is None or (boxes := _difference(shown, wanted)) is None:
            return False
        painter = self._painter
        if not boxes and _finer(wanted.quality, shown.quality):
            if not self._in_pieces(wanted.payload):
                return False
            self._wanted, self._finer = None, wanted
            if data := self._pieces.refine(wanted.name, wanted.payload, painter, place):
                driver.send(data)
            return True
        assert wanted.pixels is not None
        change = Change(
            shown.name, wanted.name, wanted.payload, wanted.pixels, boxes, shown.quality
        )
        patch = painter.patch(change, place) if shown.name != wanted.name else ""
        if patch is None:
            return False
        self._wanted, self._shown = None, replace(wanted, quality=shown.quality)
        if patch:
            self._deliver(driver, patch, wanted.name)
            self._mend_later()
        else:
            self._tell_painted([wanted.name])
        return True

    def _mend_later(self) -> None:
        """Have a patched picture drawn whole when nothing changes for a while, if that is quick.

        Some terminals forget parts of it, which shows when a window has lain over theirs.
        """
        if self._mending is not None:
            self._mending.reset()
        elif self._painter.patched:
            self._mending = self.set_timer(_MENDED, self._mend)

    def _mend(self) -> None:
        self._mending = None
        driver, shown = self._driver, self._whole_again()
        if driver is None or shown is None or not self._painter.patched:
            return
        if not self.link.idle:
            self._mend_later()
            return
        place = self._open_place(shown.payload.area)
        if place is not None and self.link.seconds_for(shown.payload.nbytes) < _QUICK:
            self._draw(driver, shown, place)

    def _deliver(self, driver: TerminalDriver, data: str, name: Hashable) -> int:
        """Write what brings a picture to the screen, and ask when it is there."""
        token, question = self._deliveries.send(len(data))
        self._deliveries.complete(token, name)
        driver.send(data + question)
        self._watch_link()
        return token

    def _tell_begun(self) -> None:
        """Tell that a picture goes out, if it is long and soon there."""
        nbytes = self.link.size_of(self._demand)
        soon = self.link.rate is not None and self.link.seconds_for(nbytes) < _MOMENT
        if nbytes > AHEAD_WINDOW and soon and not self._writes:
            self._writes = True
            self.writing(True)

    def _tell_through(self) -> None:
        """Tell that the picture is through, once it is."""
        if self._writes and not self.link.under_way(self._demand):
            self._writes = False
            self.writing(False)

    def _begin(self, picture: NamedPicture) -> None:
        """Let the strips show `picture` from the next frame on."""
        self._wanted = None
        previous = self._shown
        self._shown = picture
        self._erase |= previous is None or previous.payload.area != picture.payload.area
        self._repaint()

    def _open_place(self, area: Area) -> Region | None:
        """Where a picture's cells are, if another picture has them now and nothing lies over it."""
        shown = self._shown
        if shown is None or shown.payload.area != area or self._erase or self._due:
            return None
        place = self._picture_region(area)
        covered = place != self._painted_at or len(self._covering.over(place))
        return None if covered else place

    def _stop_refining(self) -> None:
        """Give way to what matters more than a finer picture."""
        self._finer = None
        data = self._pieces.stop_refining(self._painter)
        if data and (driver := self._driver) is not None:
            driver.send(data)

    def _pump(self) -> None:
        """Send a few of the pieces that go out while nothing else does."""
        driver, painter = self._driver, self._painter
        if driver is None or self._wanted is not None:
            return
        while (room := self.link.room_ahead()) > 0:
            piece = self._pieces.next(painter, room)
            if piece is None:
                return
            finer = self._finer
            if piece.completes is None or finer is None:
                driver.send(piece.data + self._deliveries.send(len(piece.data))[1])
                self._watch_link()
                continue
            self._finer = None
            if painter.keeps:
                driver.send(piece.data)
                self._draw(driver, finer, self._open_place(finer.payload.area))
            else:
                self._shown = finer
                self._deliver(driver, piece.data, finer.name)

    def frame(self, data: str) -> str:
        """Put the picture into a frame that Textual writes."""
        painter, shown = self._painter, self._shown
        if not has_cells(data):
            if shown is not None and painter.fragile and len(data) > _SHORTEST_FRAME:
                self._watch_cover(self._covering.over(self._painted_at))
            return data
        if shown is None:
            return translate(data, 1, 0, lambda row, column, width: "")[0]
        area = shown.payload.area
        data, count = translate(data, area.columns, area.rows, painter.cells)
        place = self._picture_region(area)
        covered = self._covering.over(place)
        if not painter.in_frame:
            if count >= place.area - len(covered):
                self._painted_at, self._erase = place, False
            return self._with_question(data) if count else data
        if place != self._painted_at:
            self._due, self._erase = True, True
            self._painted_at = place
            if self._finer is not None:
                self._pieces.stop_refining(painter)
                self.call_later(self._lay_again)
        elif painter.fragile:
            self._watch_cover(covered)
        if not self._due or not (self._driver and self._driver.holds(place)):
            return data
        if count < place.area - len(covered) and not self._asked_whole:
            # What lies over the picture must be drawn after it: all of it has to be in the frame.
            self._asked_whole = True
            self.call_later(self._repaint)
            return data
        return self._with_picture(data, shown, place, covered)

    def _with_picture(self, data: str, shown: NamedPicture, place: Region, covered: Mask) -> str:
        before = ""
        if self._erase:
            before = self._painter.erase(place, self._background())
        picture = self._painter.draw(shown.payload, place)
        self._due = self._erase = self._asked_whole = False
        self._covering.drawn(covered)
        if len(covered):
            # Frames since it was asked for may have had parts of what lies over it, which this one
            # lacks, as they stood on the screen.
            self.call_later(self._repaint)
        self._drawn += 1
        self._announced = shown
        return self._with_question(before + picture + data)

    def _with_question(self, data: str) -> str:
        """A frame with a new picture, and the question whose answer says that it is there."""
        announced, self._announced = self._announced, None
        if announced is None:
            return data
        token, question = self._deliveries.send(len(data))
        self._deliveries.complete(token, announced.name)
        if not self._painter.keeps:
            self._demand = token
        self.call_later(self._watch_link)
        return data + question

    def cursor_reported(self, x: int, y: int) -> None:
        """The terminal acknowledges what was sent."""
        token = self._deliveries.token(x, y)
        if token is None:
            return
        if self._tmux is None:
            self._arrived(token)
        else:
            # tmux answers at once; what counts is the way from there to the terminal.
            self._tmux.when_through(lambda: self._arrived(token))

    def _arrived(self, token: int) -> None:
        self._tell_painted(self._deliveries.arrived(token))
        self._tell_through()
        self._advance()
        self._pump()

    def _lay_again(self) -> None:
        """Draw the picture again: its cells were overwritten."""
        if self._wanted is None and self._shown is not None and not self._due:
            self._wanted = self._whole_again()
            self._erase = True
            self._advance()

    def _whole_again(self) -> NamedPicture | None:
        """The picture shown, or the finer one that is on its way, as its payload has it."""
        shown = self._finer or self._shown
        return replace(shown, quality=shown.payload.quality) if shown is not None else None

    def _offset(self, area: Area) -> tuple[int, int]:
        return (self.size.width - area.columns) // 2, (self.size.height - area.rows) // 2

    def _watch_link(self) -> None:
        """Take for painted what is through; look at the link again when an answer is overdue."""
        self._tell_painted(self._deliveries.overdue())
        if self._watch is None and (wait := self.link.timeout()) < math.inf:
            self._watch = self.set_timer(max(wait, _SOON), self._overdue)

    def _overdue(self) -> None:
        self._watch = None
        self._watch_link()
        self._tell_through()
        self._advance()
        self._pump()

    def _picture_region(self, area: Area) -> Region:
        left, top = self._offset(area)
        return Region(self.region.x + left, self.region.y + top, area.columns, area.rows)

    def _watch_cover(self, covered: Mask) -> None:
        if self._covering.bare(covered) or (self._finer is not None and len(covered)):
            self._pieces.stop_refining(self._painter)
            self.call_later(self._lay_again)

    def _background(self) -> tuple[int, int, int]:
        red, green, blue = self.background_colors[1].rgb
        return red, green, blue
