"""The pane that shows a picture, whatever the terminal's way of showing one is."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tuiview.graphics.answers import Answer
from tuiview.graphics.link import Link
from tuiview.graphics.payload import Area, Payload, Protocol, Quality
from tuiview.graphics.terminal import Terminal, reattached
from tuiview.graphics.tmux import Tmux
from tuiview.ui.driver import TerminalDriver
from tuiview.ui.widgets.covering import Cover, Mask
from tuiview.ui.widgets.deliveries import Deliveries
from tuiview.ui.widgets.painters import Painter, painter_for
from tuiview.ui.widgets.picture_strips import has_cells, picture_strip, translate
from tuiview.ui.widgets.text_strips import block_strips, word_strips
from tuiview.ui.widgets.tmux_watch import TmuxWatch

_SOON = 0.02
_SETTLED = 0.3
_SHORTEST_FRAME = 16


@dataclass(frozen=True, slots=True)
class _Picture:
    name: Hashable
    payload: Payload


class ImagePane(Widget, can_focus=True):
    """Shows one picture at a time, and words in its place when there is none.

    It has no border and no padding of its own. The application's driver must be a `TerminalDriver`;
    with any other (tests without a terminal) pictures count as painted and stay invisible.

    Args:
        terminal: What is known of the terminal.
    """

    DEFAULT_CSS = "ImagePane { width: 1fr; height: 1fr; background: $background; }"

    class Painted(Message):
        """A picture is on the screen: the terminal said so, or has been given the time.

        Attributes:
            name: The name that it was shown under.
        """

        def __init__(self, name: Hashable) -> None:
            super().__init__()
            self.name = name

    class Resized(Message):
        """Pictures must have another size now.

        Attributes:
            area: What they have to fill.
        """

        def __init__(self, area: Area) -> None:
            super().__init__()
            self.area = area

    class Lost(Message):
        """The terminal lost the pictures that were sent ahead; the one shown comes back itself."""

    def __init__(self, terminal: Terminal, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.terminal = terminal
        self.link = Link(
            time.monotonic,
            round_trip=terminal.round_trip if terminal.complete else None,
            answers=terminal.complete and terminal.round_trip is not None,
        )
        self._painter: Painter = painter_for(terminal)
        self._painted_for = terminal.protocol
        self._deliveries = Deliveries(self.link)
        self._wanted: _Picture | None = None
        self._shown: _Picture | None = None
        self._demand = 0
        self._due = False
        self._erase = True
        self._asked_whole = False
        self._drawn = 0
        self._strips: list[Strip] | None = None
        self._painted_at = Region()
        self._covering = Cover(self)
        self._announced: _Picture | None = None
        self._ahead: dict[Hashable, Payload] = {}
        self._area: Area | None = None
        self._watch: Timer | None = None
        self._words: tuple[str, str] | None = ("", "")
        self._tmux: TmuxWatch | None = None

    # What others ask

    @property
    def protocol(self) -> Protocol:
        """How pictures must be encoded."""
        return self.terminal.protocol

    @property
    def area(self) -> Area:
        """The area that pictures must fill now."""
        return self.terminal.area(self.size.width, self.size.height)

    def coarse_quality(self, area: Area, protocol: Protocol) -> Quality | None:
        """How finely a first picture may be encoded on this link; None is finely."""
        return self.link.coarse_quality(area, protocol)

    def holds(self, name: Hashable) -> bool:
        """Whether the terminal has the picture of that name, so that showing it costs nothing."""
        return self._painter is not None and self._painter.ready(name)

    def show(self, payload: Payload, name: Hashable) -> None:
        """Show a picture; of several that wait for the link, the latest wins.

        Args:
            payload: The picture, encoded for `protocol` and `area`.
            name: What it is called in `Painted`, and in what was sent ahead.
        """
        self._wanted = _Picture(name, payload)
        if self._tmux is not None:
            self._tmux.look()
        self._advance()

    def send_ahead(self, pictures: Iterable[tuple[Hashable, Payload]]) -> None:
        """Send pictures that will probably be shown next; only some terminals can keep them.

        They go out while nothing else does, and no key press waits for more than a few of them.
        """
        if not self._painter.keeps:
            return
        for name, payload in pictures:
            self._ahead.pop(name, None)
            self._ahead[name] = payload
        while len(self._ahead) > self._painter.room(self.area):
            self._ahead.pop(next(iter(self._ahead)))
        self._pump()

    def say(self, message: str, hint: str = "") -> None:
        """Show words in the picture's place."""
        self._wanted = self._shown = None
        self._due = False
        self._words = (message, hint)
        self._repaint()

    def clear(self) -> None:
        """Show nothing."""
        self.say("")

    def send_everything_again(self) -> None:
        """Send the picture again, and believe that the terminal has no other and no text."""
        if (driver := self._driver) is not None:
            driver.shadow.forget()
        self._painter.forget()
        self._deliveries.forget()
        self._demand = 0
        if self._wanted is None:
            self._wanted = self._shown
        self._erase = True
        self.post_message(self.Lost())
        self._advance()

    # Rendering

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of the pane: cells of the picture, blocks, or words."""
        if self._strips is None:
            self._strips = self._make_strips()
        strips = self._strips[crop.y : crop.bottom]
        if crop.column_span == (0, self.size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def _make_strips(self) -> list[Strip]:
        width, height = self.size
        style = self.visual_style.rich_style
        shown = self._shown
        if shown is None or not self._fits(shown.payload.area):
            message, hint = self._words or ("", "")
            return word_strips(message, hint, width, height, style)
        area = shown.payload.area
        if shown.payload.protocol is Protocol.BLOCKS and self._driver is None:
            rows = block_strips(shown.payload)
        else:
            rows = [picture_strip(row, area.columns) for row in range(area.rows)]
        left, top = self._offset(area)
        if area.columns < width:
            before, behind = (Strip.blank(n, style) for n in (left, width - left - area.columns))
            rows = [Strip.join([before, row, behind]) for row in rows]
        blank = Strip.blank(width, style)
        return [blank] * top + rows + [blank] * (height - top - area.rows)

    def _fits(self, area: Area) -> bool:
        return area.columns <= self.size.width and area.rows <= self.size.height

    def _offset(self, area: Area) -> tuple[int, int]:
        return (self.size.width - area.columns) // 2, (self.size.height - area.rows) // 2

    def _repaint(self) -> None:
        """Have every cell of the pane written, even where it looks the same to Textual."""
        self._strips = None
        if (driver := self._driver) is not None:
            driver.shadow.forget(self.region)
        self.refresh()

    # The way of a picture to the screen

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self.app._driver if self.is_attached else None
        return driver if isinstance(driver, TerminalDriver) and driver.active else None

    def _advance(self) -> None:
        """Begin the picture that is wanted, if the link lets it."""
        wanted = self._wanted
        if wanted is None or not self.is_attached:
            return
        driver, painter = self._driver, self._painter
        if driver is None:
            self._begin(wanted)
            self.call_after_refresh(self._tell_painted, [wanted.name])
        elif painter.ready(wanted.name, wanted.payload) or not self.link.under_way(self._demand):
            self._begin(wanted)
            if painter.in_frame:
                self._due = True
            else:
                self._announced = wanted
                if data := painter.send(wanted.name, wanted.payload):
                    self._demand, question = self._deliveries.send(len(data))
                    driver.send(data + question)
                    self._watch_link()
            self._pump()

    def _begin(self, picture: _Picture) -> None:
        """Let the strips show `picture` from the next frame on."""
        self._wanted = None
        previous = self._shown
        self._shown, self._words = picture, None
        self._erase |= previous is None or previous.payload.area != picture.payload.area
        self._repaint()

    def _pump(self) -> None:
        """Send a piece of what goes ahead."""
        driver, painter = self._driver, self._painter
        if driver is None or self._wanted is not None:
            return
        while (room := self.link.room_ahead()) > 0:
            if not painter.sending:
                if not self._ahead:
                    return
                name = next(iter(self._ahead))
                if not painter.start(name, self._ahead.pop(name)):
                    continue
            data = painter.piece(room if self.link.in_flight else max(room, 1))
            if not data:
                return
            driver.send(data + self._deliveries.send(len(data))[1])
            self._watch_link()

    # The driver's listener

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
        if not painter.in_frame:
            return self._with_question(data) if count else data
        place = self._picture_region(area)
        covered = self._covering.over(place)
        if place != self._painted_at:
            self._due, self._erase = True, True
            self._painted_at = place
        elif painter.fragile:
            self._watch_cover(covered)
        if not self._due:
            return data
        if count < place.area - len(covered) and not self._asked_whole:
            # What lies over the picture must be drawn after it: all of it has to be in the frame.
            self._asked_whole = True
            self.call_later(self._repaint)
            return data
        return self._with_picture(data, shown, place, covered)

    def _with_picture(self, data: str, shown: _Picture, place: Region, covered: Mask) -> str:
        before = ""
        if self._erase:
            before = self._painter.erase(place, self._background())
        picture = self._painter.draw(shown.payload, place)
        self._due = self._erase = self._asked_whole = False
        self._covering.drawn(covered)
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

    def answered(self, answer: Answer) -> None:
        """The terminal says something of its own, such as that it lost a picture."""
        shown = self._shown.name if self._shown is not None else None
        if self._painter.lost(answer, shown):
            self._lay_again()

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
        self._advance()
        self._pump()

    def window_changed(self) -> None:
        """The window or its font has another size; Textual tells only of the former."""
        if (driver := self._driver) is None:
            return
        self._set_terminal(self.terminal.resized(driver.fileno))
        self._tell_area()
        if self._painter.in_frame:
            # A terminal may drop its pictures; where the pane keeps its size, nobody else asks.
            drawn = self._drawn
            self.set_timer(_SETTLED, lambda: self._lay_again() if self._drawn == drawn else None)

    def leaving(self) -> str:
        """What takes all pictures off the terminal."""
        return self.cleanup().decode("latin-1")

    def cleanup(self) -> bytes:
        """What takes all pictures off the terminal, for ends that the driver does not see."""
        return self._painter.cleanup().encode("latin-1")

    def focused(self) -> None:
        """The terminal has the focus (again): under tmux perhaps another one, or a redrawn one."""
        if self._painter.fragile and self.terminal.passthrough:
            self._lay_again()
        if self._tmux is not None:
            self._tmux.look(at_once=True)

    def entered(self) -> None:
        """The terminal was given to someone else and came back empty."""
        self.call_later(self.send_everything_again)

    # Housekeeping

    def on_mount(self) -> None:
        """Take part in what the driver writes and hears."""
        driver = self.app._driver
        if isinstance(driver, TerminalDriver):
            driver.listen(self)
        self._deliveries.resize(self.terminal.columns, self.terminal.rows)
        if isinstance(self.terminal.multiplexer, Tmux):
            self._tmux = TmuxWatch(self._moved, self.send_everything_again)
            self._tmux.look()

    def on_unmount(self) -> None:
        """Leave the terminal clean and the driver alone."""
        driver = self.app._driver
        if isinstance(driver, TerminalDriver) and driver.listener is self:
            driver.send(self.leaving())
            driver.listen(None)

    def on_resize(self, event: events.Resize) -> None:
        """Ask for pictures of the new size."""
        if (driver := self._driver) is not None:
            self._set_terminal(self.terminal.resized(driver.fileno))
        self._repaint()
        self._tell_area()

    def _moved(self, between: Tmux) -> None:
        """Another terminal shows the session now, perhaps of another kind."""
        self._set_terminal(reattached(self.terminal, between))
        if self._shown is None or self._shown.payload.protocol is self.protocol:
            self.send_everything_again()
        else:
            self.say("")
            self._area = None
        self._tell_area()

    def _set_terminal(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._deliveries.resize(terminal.columns, terminal.rows)
        if terminal.protocol is not self._painted_for:
            self._painter, self._painted_for = painter_for(terminal), terminal.protocol
        self._painter.use(terminal)

    def _tell_area(self) -> None:
        if self.size and (area := self.area) != self._area:
            self._area = area
            self._ahead.clear()
            self.post_message(self.Resized(area))

    def _lay_again(self) -> None:
        """Draw the picture again: its cells were overwritten."""
        if self._wanted is None and self._shown is not None and not self._due:
            self._wanted = self._shown
            self._erase = True
            self._advance()

    def _tell_painted(self, names: Iterable[Hashable]) -> None:
        for name in names:
            self.post_message(self.Painted(name))

    def _watch_link(self) -> None:
        """Take for painted what is through; look at the link again when an answer is overdue."""
        self._tell_painted(self._deliveries.overdue())
        if self._watch is None and (wait := self.link.timeout()) < math.inf:
            self._watch = self.set_timer(max(wait, _SOON), self._overdue)

    def _overdue(self) -> None:
        self._watch = None
        self._watch_link()
        self._advance()
        self._pump()

    def _picture_region(self, area: Area) -> Region:
        left, top = self._offset(area)
        return Region(self.region.x + left, self.region.y + top, area.columns, area.rows)

    def _watch_cover(self, covered: Mask) -> None:
        if self._covering.bare(covered):
            self.call_later(self._lay_again)

    def _background(self) -> tuple[int, int, int]:
        red, green, blue = self.background_colors[1].rgb
        return red, green, blue
