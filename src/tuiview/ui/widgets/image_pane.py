"""The pane that shows a picture, whatever the terminal's way of showing one is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tuiview.graphics.answers import Answer
from tuiview.graphics.payload import Area, Payload, Protocol, Quality
from tuiview.graphics.terminal import Terminal, reattached
from tuiview.graphics.tmux import Tmux
from tuiview.picture import Picture
from tuiview.ui.driver import TerminalDriver
from tuiview.ui.widgets.canvas import Canvas, NamedPicture
from tuiview.ui.widgets.painters import painter_for
from tuiview.ui.widgets.picture_strips import picture_strip
from tuiview.ui.widgets.text_strips import block_strips, word_strips
from tuiview.ui.widgets.tmux_watch import TmuxWatch

_SETTLED = 0.3


class ImagePane(Canvas, can_focus=True):
    """Shows one picture at a time, and words in its place when there is none.

    It has no border and no padding of its own. The application's driver must be a `TerminalDriver`;
    with any other (tests without a terminal) pictures count as painted and stay invisible.

    Args:
        terminal: What is known of the terminal.
    """

    FOCUS_ON_CLICK = False  # a mode, or a text that is being written, keeps its keys
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
        super().__init__(terminal, id=id)
        self._strips: list[Strip] | None = None
        self._area: Area | None = None
        self._words = ("", "")

    # What others ask

    @property
    def protocol(self) -> Protocol:
        """How pictures must be encoded."""
        return self.terminal.protocol

    @property
    def area(self) -> Area:
        """The area that pictures must fill now."""
        return self.terminal.area(self.size.width, self.size.height)

    def part_at(self, x: float, y: float) -> tuple[float, float] | None:
        """The parts of the picture's width and height at which a position of the screen lies.

        Args:
            x: In cells from the screen's left edge.
            y: In cells from its upper edge.
        """
        if self._shown is None:
            return None
        place = self._picture_region(self._shown.payload.area)
        across, down = (x - place.x) / place.width, (y - place.y) / place.height
        return (across, down) if 0 <= across < 1 and 0 <= down < 1 else None

    def coarse_quality(self, area: Area, protocol: Protocol) -> Quality | None:
        """How finely a first picture may be encoded on this link; None is finely."""
        return self.link.coarse_quality(area, protocol)

    def holds(self, name: Hashable) -> bool:
        """Whether the terminal has the picture of that name, so that showing it costs nothing."""
        return self._painter.ready(name)

    def show(self, payload: Payload, name: Hashable, pixels: Picture | None = None) -> None:
        """Show a picture; of several that wait for the link, the latest wins.

        Args:
            payload: The picture, encoded for `protocol` and `area`.
            name: What it is called in `Painted`, and in what was sent ahead.
            pixels: What was encoded. If it is known of two pictures in a row, only what differs is
                sent, and the finer form of one and the same picture gives way to keys.
        """
        self.link.encoded(payload)
        if name == self._pieces.refining:
            self._want(None)
            return
        self._want(NamedPicture(name, payload, pixels, payload.quality))
        if self._tmux is not None:
            self._tmux.look()
        before = self._demand
        self._advance()
        if self._demand != before:  # one that had to wait for another holds nobody up
            self._tell_begun()

    @property
    def keeps(self) -> bool:
        """Whether the terminal can keep pictures that are not shown."""
        return self._painter.keeps

    def send_ahead(self, pictures: Iterable[tuple[Hashable, Payload]]) -> None:
        """Send pictures that will probably be shown next, as many as the terminal keeps.

        They go out while nothing else does, and no key press waits for more than a few of them.

        Args:
            pictures: Nearest first, in place of those before.
        """
        painter = self._painter
        if not painter.keeps:
            return
        near = list(pictures)[: painter.room(self.area)]
        # What is there already comes first, and counts as used: so it makes no room for the others.
        near.sort(key=lambda picture: not painter.ready(*picture))
        self._pieces.send_ahead(near)
        self._pump()

    def say(self, message: str, hint: str = "") -> None:
        """Show words in the picture's place."""
        self._stop_refining()
        self._want(None)
        self._shown = None
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
            # Something may have begun to go ahead since the terminal is ours again.
            driver.send(self._painter.abort())
        self._painter.forget()
        self._pieces.forget()
        self._deliveries.forget()
        self._demand = 0
        self._tell_through()
        if self._wanted is None:
            self._wanted = self._whole_again()
        self._finer = None
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
            message, hint = self._words if shown is None else ("", "")
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

    def _repaint(self) -> None:
        """Have every cell of the pane written, even where it looks the same to Textual."""
        self._strips = None
        if (driver := self._driver) is not None:
            driver.shadow.forget(self.region)
        self.refresh()

    # The driver's listener

    def answered(self, answer: Answer) -> None:
        """The terminal says something of its own, such as that it lost a picture."""
        shown = self._shown.name if self._shown is not None else None
        if self._painter.lost(answer, shown):
            self._lay_again()

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
        if self._painter.fragile and (self.terminal.passthrough or self._painter.patched):
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
            self._pieces.forget()
        self._painter.use(terminal)

    def _tell_area(self) -> None:
        if self.size and (area := self.area) != self._area:
            self._area = area
            self._pieces.drop_ahead()
            self.post_message(self.Resized(area))

    def _tell_painted(self, names: Iterable[Hashable]) -> None:
        for name in names:
            self.post_message(self.Painted(name))
