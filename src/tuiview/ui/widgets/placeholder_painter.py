"""The painter for kitty's placeholders: the terminal keeps pictures, and cells name one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from textual.geometry import Region

from tuiview.graphics import kitty
from tuiview.graphics.answers import Answer, Kind
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Payload
from tuiview.graphics.ring import Ring
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux
from tuiview.ui.widgets.painter import Change, rows_of_cells

_END_OF_UPLOAD = b"\x1b_Gm=0,q=2;\x1b\\"


class PlaceholderPainter:
    """Kitty's placeholders: a ring of pictures in the terminal, and cells that name one of them."""

    in_frame = False
    fragile = False
    keeps = True
    divides = True

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
        self._refused = False

    @property
    def sending(self) -> bool:
        """A picture is being sent in pieces."""
        return bool(self._pieces)

    @property
    def patched(self) -> bool:
        """The picture was changed in place, and nothing tells whether that came about."""
        held = self._ring.find(self._shown)
        return held is not None and not held.sure

    def use(self, terminal: Terminal) -> None:
        """The terminal has another size."""
        self._terminal = terminal

    def cells(self, row: int, column: int, width: int) -> str:
        """Placeholders in the colour that names the picture."""
        text = kitty.placeholder_row(row, width, column, repeat=self._terminal.repeats)
        return f"{self._ink()}{text}\x1b[39m"

    def _ink(self) -> str:
        """The colour that names the picture."""
        if self._small:
            return f"\x1b[38;5;{self._image_id}m"
        return "\x1b[38;2;{};{};{}m".format(*kitty.id_color(self._image_id))

    def ready(self, name: Hashable, payload: Payload | None = None) -> bool:
        """Whether the terminal has the whole picture."""
        held = self._ring.find(name, payload)
        return name != self._upload and held is not None and held.sure

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
        elif held is not None and held.sure:
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

    def paint(self, payload: Payload, place: Region) -> str:
        """The cells that name the picture, its colour said once."""

        def cells(row: int, column: int, width: int) -> str:
            return kitty.placeholder_row(row, width, column, repeat=self._terminal.repeats)

        return f"\x1b7{self._ink()}{rows_of_cells(cells, place)}\x1b8"

    def patch(self, change: Change, place: Region) -> str | None:
        """The changed cells, drawn over the image that the terminal holds.

        kitty reads the image from its cache file for that, which fails where the disk is full. It
        says so, but not through tmux.
        """
        held = self._ring.find(change.before)
        if held is None or change.before == self._upload:
            return None
        edits = self._terminal.animation and not self._refused
        if change.boxes and (change.quality.scale > 1 or not edits):
            return None
        silent = self._terminal.passthrough
        # The picture wanted may be on its way already.
        data = self._abort() if change.boxes or change.name == self._upload else []
        freed = self._ring.rename(
            change.before, change.name, change.payload.quality, sure=not (change.boxes and silent)
        )
        self._shown = change.name
        area = change.payload.area
        sequences = [kitty.delete(freed)] if freed is not None else []
        for column, row, columns, rows in change.boxes:
            x, y = column * area.cell_width, row * area.cell_height
            size = columns * area.cell_width, rows * area.cell_height
            sequences += kitty.patch(change.picture, held.image_id, x, y, *size, tell=not silent)
        return b"".join([*data, *self._wrapped(sequences)]).decode("latin-1")

    def abort(self) -> str:
        """End an upload that is not finished."""
        return b"".join(self._abort()).decode("latin-1")

    def start(self, name: Hashable, payload: Payload, place: Region) -> bool:
        """Begin to send a picture in pieces; False when the terminal has it."""
        if self._ring.find(name, payload) is not None:
            self._ring.touch(name)
            return False
        self._pieces.extend(self._begin(name, payload))
        self._upload = name
        return True

    def piece(self, nbytes: int) -> str:
        """The next sequences of the picture that is being sent, one at least."""
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
        """Whether an answer says that the terminal lost, or did not change, the picture shown."""
        if answer.kind is not Kind.GRAPHICS or answer.text.endswith(";OK"):
            return False
        self._refused |= "ENOENT" not in answer.text
        numbers = answer.numbers
        return bool(numbers) and self._ring.drop_id(numbers[0]) == shown

    def forget(self) -> None:
        """The terminal has nothing of ours."""
        self._refused = False
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
        data = kitty.transmit(payload, held.image_id, placement=kitty.Placement.VIRTUAL)
        if freed is not None:
            # What is on the screen stays there until the new one has come.
            data.insert(len(data) if freed == self._image_id else 0, kitty.delete(freed))
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
