"""Painters that draw a picture once, after which every frame leaves its cells alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from textual.geometry import Region

from tuiview.graphics import drawing, kitty, sixel
from tuiview.graphics.damage import part
from tuiview.graphics.encode import encode
from tuiview.graphics.passthrough import MAX_SEQUENCE, wrap
from tuiview.graphics.payload import Payload, Protocol
from tuiview.graphics.ring import Ring
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux
from tuiview.ui.widgets.painter import Change, Forgetful

_MOST_LAYERS = 16
"""Images that may lie over each other: tmux keeps 19 in all and drops the oldest."""


class HolePainter(Forgetful):
    """Sixel and iTerm2: drawn once, then every frame jumps over its cells."""

    in_frame = True
    fragile = True

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.divides = terminal.divides
        self._layers = 0
        self._pieces: deque[str] = deque()

    @property
    def sending(self) -> bool:
        """A picture is being drawn strip by strip."""
        return bool(self._pieces)

    @property
    def patched(self) -> bool:
        """Whether images lie over each other in xterm, which keeps 16 and forgets any of them."""
        return self._terminal.brand == "xterm" and self._layers > 1

    def use(self, terminal: Terminal) -> None:
        """Where the picture is drawn outside of tmux depends on the size."""
        self._terminal = terminal
        self.divides = terminal.divides

    def cells(self, row: int, column: int, width: int) -> str:
        """Jump over the cells."""
        return f"\x1b[{width}C" if width > 1 else "\x1b[C"

    def draw(self, payload: Payload, place: Region) -> str:
        """The picture at its place, in as few images as will do."""
        if payload.protocol is Protocol.SIXEL:
            in_tmux = self._terminal.multiplexer is not None
            payload = sixel.merged(payload, MAX_SEQUENCE if in_tmux else None)
        self._layers = len(payload.chunks)
        return "".join(self._strips(payload, place))

    def paint(self, payload: Payload, place: Region) -> str:
        """The picture at its place."""
        return self.draw(payload, place)

    def patch(self, change: Change, place: Region) -> str | None:
        """The changed cells as small pictures of their own."""
        if not self.divides:
            return None
        self._layers += len(change.boxes)
        if self._layers > _MOST_LAYERS and self._terminal.redrawn:
            return None
        data: list[str] = []
        boxes = change.boxes
        if self._terminal.whole_bands:
            # What fills up the last band would hide what is below.
            boxes = tuple(sixel.banded(box, change.payload.area) for box in boxes)
        for box in boxes:
            picture, area = part(change.picture, change.payload.area, box)
            payload = encode(picture, area, change.payload.protocol)
            at = place.translate((box.column, box.row))
            data += self._strips(payload, at)
        return "".join(data)

    def start(self, name: Hashable, payload: Payload, place: Region) -> bool:
        """Draw the picture over the one that is there, strip by strip."""
        self._layers += len(payload.chunks)
        self._pieces = deque(self._strips(payload, place))
        return True

    def piece(self, nbytes: int) -> str:
        """The next strip."""
        return self._pieces.popleft()

    def abort(self) -> str:
        """Draw no more strips."""
        self._pieces.clear()
        return ""

    def forget(self) -> None:
        """Nothing is on its way."""
        self._pieces.clear()

    def cleanup(self) -> str:
        """Past tmux there is no alternate screen; what Konsole drew there outlives its cells."""
        if not (self._terminal.passthrough and self._terminal.brand == "Konsole"):
            return ""
        return wrap(kitty.delete_all()).decode("latin-1")

    def _strips(self, payload: Payload, place: Region) -> list[str]:
        between = self._terminal.multiplexer
        origin = (between.left, between.top) if isinstance(between, Tmux) else (0, 0)
        return drawing.strips(
            payload, place.x, place.y, wrapped=self._terminal.passthrough, origin=origin
        )

    def erase(self, place: Region, background: tuple[int, int, int]) -> str:
        """Empty cells, so that no old text lies under the picture."""
        return drawing.erase(place.x, place.y, place.width, place.height, background)


class DirectPainter(HolePainter):
    """Kitty's protocol without placeholders: the picture lies under cells without a background."""

    fragile = False

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._ring = Ring()
        self._turn = 0

    def cells(self, row: int, column: int, width: int) -> str:
        """Cells that let the picture through."""
        return f"\x1b[m{' ' * width}"

    def draw(self, payload: Payload, place: Region) -> str:
        """The picture at its place; the one before it goes when this one is there."""
        self._turn += 1
        held, _ = self._ring.take(self._turn, payload)
        before = self._ring.drop(self._turn - 1)
        data = kitty.transmit(payload, held.image_id, placement=kitty.Placement.DIRECT, z=-1)
        if before is not None:
            data.append(kitty.delete(before))
        return drawing.at(place.x, place.y, data)

    def erase(self, place: Region, background: tuple[int, int, int]) -> str:
        """Nothing: the cells are written with every frame."""
        return ""

    def patch(self, change: Change, place: Region) -> str | None:
        """A picture is replaced whole."""
        return None if change.boxes else ""

    def forget(self) -> None:
        """The terminal has nothing of ours."""
        super().forget()
        self._ring.clear()

    def cleanup(self) -> str:
        """Delete the picture."""
        return b"".join(map(kitty.delete, self._ring.clear())).decode("latin-1")
