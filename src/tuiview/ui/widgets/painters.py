"""How each kind of terminal gets a picture: what is sent, and what stands in the cells."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Protocol as Interface

import numpy as np
from textual.geometry import Region

from tuiview.graphics import blocks, drawing, kitty
from tuiview.graphics.answers import Answer, Kind
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Payload, Protocol
from tuiview.graphics.ring import Ring
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux

Lines = tuple[tuple[tuple[str, int, int], ...], ...]
"""Rows of a picture of blocks, as a payload holds them."""

_END_OF_UPLOAD = b"\x1b_Gm=0,q=2;\x1b\\"


class Painter(Interface):
    """One way of putting pictures on a screen."""

    in_frame: bool
    """The picture is drawn within a frame; otherwise it is sent before, and cells refer to it."""

    fragile: bool
    """Text over the picture destroys it."""

    keeps: bool
    """The terminal keeps pictures that are not shown yet."""

    @property
    def sending(self) -> bool:
        """Whether a picture is being sent ahead."""

    def use(self, terminal: Terminal) -> None:
        """The terminal has another size."""

    def cells(self, row: int, column: int, width: int) -> str:
        """What stands in a run of the picture's cells."""

    def ready(self, name: Hashable, payload: Payload | None = None) -> bool:
        """Whether the terminal has the picture already, whole."""

    def send(self, name: Hashable, payload: Payload) -> str:
        """Make `name` the picture that the cells refer to; return what must be sent before."""

    def draw(self, payload: Payload, place: Region) -> str:
        """What draws the picture at a place of the screen."""

    def erase(self, place: Region, background: tuple[int, int, int]) -> str:
        """What empties the cells under the picture."""

    def start(self, name: Hashable, payload: Payload) -> bool:
        """Begin to send a picture ahead; False when the terminal has it."""

    def piece(self, nbytes: int) -> str:
        """The next piece of the picture that is sent ahead."""

    def room(self, area: Area) -> int:
        """How many pictures the terminal may keep."""

    def lost(self, answer: Answer, shown: Hashable) -> bool:
        """Whether an answer says that the terminal lost the picture that is shown."""

    def forget(self) -> None:
        """The terminal has nothing of ours."""

    def cleanup(self) -> str:
        """What takes all pictures off the terminal."""


def painter_for(terminal: Terminal) -> Painter:
    """The painter for a terminal."""
    match terminal.protocol:
        case Protocol.KITTY:
            return PlaceholderPainter(terminal)
        case Protocol.KITTY_DIRECT:
            return DirectPainter(terminal)
        case Protocol.SIXEL | Protocol.ITERM2:
            return HolePainter(terminal)
        case Protocol.BLOCKS:
            return BlocksPainter(terminal)


class _Forgetful:
    """What all painters do for terminals that keep no pictures."""

    keeps = False

    @property
    def sending(self) -> bool:
        """Nothing is sent ahead."""
        return False

    def use(self, terminal: Terminal) -> None:
        """The size does not matter."""

    def ready(self, name: Hashable, payload: Payload | None = None) -> bool:
        """Never: the terminal keeps nothing."""
        return False

    def send(self, name: Hashable, payload: Payload) -> str:
        """Nothing goes before the frame."""
        return ""

    def draw(self, payload: Payload, place: Region) -> str:
        """Nothing is drawn beside the cells."""
        return ""

    def erase(self, place: Region, background: tuple[int, int, int]) -> str:
        """Nothing: all cells are written."""
        return ""

    def start(self, name: Hashable, payload: Payload) -> bool:
        """Nothing is sent ahead."""
        return False

    def piece(self, nbytes: int) -> str:
        """Nothing is sent ahead."""
        return ""

    def room(self, area: Area) -> int:
        """No room."""
        return 0

    def lost(self, answer: Answer, shown: Hashable) -> bool:
        """Such terminals do not say so."""
        return False

    def forget(self) -> None:
        """Nothing is remembered."""

    def cleanup(self) -> str:
        """The alternate screen takes everything along."""
        return ""


class BlocksPainter(_Forgetful):
    """Blocks: the cells are the picture."""

    in_frame = False
    fragile = False

    def __init__(self, terminal: Terminal) -> None:
        self._true_color = terminal.colors > 256
        self._lines: Lines = ()
        self._rows: dict[int, str] = {}

    def send(self, name: Hashable, payload: Payload) -> str:
        """Make a picture the one that the cells show."""
        self._rows = {}
        self._lines = payload.lines
        if not self._true_color and payload.quality.true_color:
            self._lines = _in_palette(payload.lines)
        return ""

    def cells(self, row: int, column: int, width: int) -> str:
        """The coloured characters of a run of cells."""
        line = self._lines[row]
        if width < len(line):
            return blocks.text(line[column : column + width], self._true_color)
        if row not in self._rows:
            self._rows[row] = blocks.text(line, self._true_color)
        return self._rows[row]


def _in_palette(lines: Lines) -> Lines:
    """The same cells in the colours of xterm's palette."""
    colors = sorted({color for line in lines for cell in line for color in cell[1:]})
    channels = np.array([(c >> 16, c >> 8 & 255, c & 255) for c in colors], np.uint8)
    nearest = blocks.xterm_colors(channels.reshape(-1, 3)).astype(int) @ (1 << 16, 1 << 8, 1)
    of = dict(zip(colors, nearest.tolist(), strict=True))
    return tuple(tuple((text, of[ink], of[paper]) for text, ink, paper in line) for line in lines)


class HolePainter(_Forgetful):
    """Sixel and iTerm2: drawn once, then every frame jumps over its cells."""

    in_frame = True
    fragile = True

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def use(self, terminal: Terminal) -> None:
        """Where the picture is drawn outside of tmux depends on the size."""
        self._terminal = terminal

    def cells(self, row: int, column: int, width: int) -> str:
        """Jump over the cells."""
        return f"\x1b[{width}C" if width > 1 else "\x1b[C"

    def draw(self, payload: Payload, place: Region) -> str:
        """The picture at its place."""
        between = self._terminal.multiplexer
        origin = (between.left, between.top) if isinstance(between, Tmux) else (0, 0)
        return drawing.place(
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
        before = self._ring.drop(self._turn - 1)
        held, _ = self._ring.take(self._turn, payload)
        data = kitty.transmit(payload, held.image_id, placement=kitty.Placement.DIRECT, z=-1)
        if before is not None:
            data.append(kitty.delete(before))
        return drawing.at(place.x, place.y, data)

    def erase(self, place: Region, background: tuple[int, int, int]) -> str:
        """Nothing: the cells are written with every frame."""
        return ""

    def forget(self) -> None:
        """The terminal has nothing of ours."""
        self._ring.clear()

    def cleanup(self) -> str:
        """Delete the picture."""
        return b"".join(map(kitty.delete, self._ring.clear())).decode("latin-1")


class PlaceholderPainter:
    """Kitty's placeholders: a ring of pictures in the terminal, and cells that name one of them."""

    in_frame = False
    fragile = False
    keeps = True

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        between = terminal.multiplexer
        self._small = terminal.passthrough or terminal.colors <= 256
        self._ring = Ring(
            small=self._small, place=between.pane if isinstance(between, Tmux) else None
        )
        self._shown: Hashable = None
        self._image_id = 0
        self._upload: Hashable = None
        self._pieces: deque[bytes] = deque()
        self._sent: set[int] = set()

    @property
    def sending(self) -> bool:
        """A picture is being sent ahead."""
        return bool(self._pieces)

    def use(self, terminal: Terminal) -> None:
        """The terminal has another size."""
        self._terminal = terminal

    def cells(self, row: int, column: int, width: int) -> str:
        """Placeholders in the colour that names the picture."""
        text = kitty.placeholder_row(row, width, column, repeat=self._terminal.repeats)
        if not self._small:
            red, green, blue = kitty.id_color(self._image_id)
            return f"\x1b[38;2;{red};{green};{blue}m{text}\x1b[39m"
        return f"\x1b[38;5;{self._image_id}m{text}\x1b[39m"

    def ready(self, name: Hashable, payload: Payload | None = None) -> bool:
        """Whether the terminal has the whole picture."""
        return name != self._upload and self._ring.find(name, payload) is not None

    def send(self, name: Hashable, payload: Payload) -> str:
        """Send what the terminal lacks of a picture, all of it at once.

        Of one that it should have, only a question goes out whether it still does.
        """
        held = self._ring.find(name, payload)
        data: list[bytes] = []
        if held is not None and name == self._upload:
            data += self._pieces
            self._pieces.clear()
            self._upload = None
        elif held is not None:
            data += self._verify(payload, held.image_id)
        else:
            data += self._abort()
            data += self._begin(name, payload)
            held = self._ring.find(name)
        assert held is not None
        self._ring.touch(name)
        self._shown, self._image_id = name, held.image_id
        return b"".join(data).decode("latin-1")

    def draw(self, payload: Payload, place: Region) -> str:
        """Nothing is drawn in frames."""
        return ""

    def erase(self, place: Region, background: tuple[int, int, int]) -> str:
        """Nothing is drawn in frames."""
        return ""

    def start(self, name: Hashable, payload: Payload) -> bool:
        """Begin to send a picture ahead; False when the terminal has it."""
        if self._ring.find(name, payload) is not None:
            self._ring.touch(name)
            return False
        self._pieces.extend(self._begin(name, payload))
        self._upload = name
        return True

    def piece(self, nbytes: int) -> str:
        """The next sequences of the picture that is sent ahead, one at least."""
        taken = [self._pieces.popleft()]
        size = len(taken[0])
        while self._pieces and size + len(self._pieces[0]) <= nbytes:
            taken.append(self._pieces.popleft())
            size += len(taken[-1])
        if not self._pieces:
            self._upload = None
        return b"".join(taken).decode("latin-1")

    def room(self, area: Area) -> int:
        """How many pictures the terminal may keep beside the one shown."""
        return Ring.size(area) - 2

    def lost(self, answer: Answer, shown: Hashable) -> bool:
        """Whether an answer says that the terminal lost the picture that is shown."""
        if answer.kind is not Kind.GRAPHICS or "ENOENT" not in answer.text:
            return False
        numbers = answer.numbers
        return bool(numbers) and self._ring.drop_id(numbers[0]) == shown

    def forget(self) -> None:
        """The terminal has nothing of ours."""
        self._ring.clear()
        self._pieces.clear()
        self._upload = None

    def cleanup(self) -> str:
        """Delete everything."""
        data = self._abort()
        data += self._wrapped([kitty.delete(image_id) for image_id in sorted(self._sent)])
        self._sent.clear()
        self._ring.clear()
        return b"".join(data).decode("latin-1")

    def _begin(self, name: Hashable, payload: Payload) -> list[bytes]:
        held, freed = self._ring.take(name, payload, keep=frozenset({self._shown}))
        self._sent.add(held.image_id)
        data = [kitty.delete(freed)] if freed is not None else []
        data += kitty.transmit(payload, held.image_id, placement=kitty.Placement.VIRTUAL)
        return self._wrapped(data)

    def _verify(self, payload: Payload, image_id: int) -> list[bytes]:
        """Place a picture again: the terminal answers only if it has lost it."""
        if self._terminal.passthrough or self._pieces:
            return []  # no answer comes through tmux; nothing may go into an upload
        return [kitty.place(payload, image_id).replace(b"q=2", b"q=1")]

    def _abort(self) -> list[bytes]:
        """End an upload that is not finished; the terminal drops what it has of it."""
        if not self._pieces:
            return []
        self._pieces.clear()
        self._ring.drop(self._upload)
        self._upload = None
        return self._wrapped([_END_OF_UPLOAD])

    def _wrapped(self, sequences: list[bytes]) -> list[bytes]:
        return list(map(wrap, sequences)) if self._terminal.passthrough else sequences
