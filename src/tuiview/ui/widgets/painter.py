"""What a painter does: one for each way in which terminals take pictures."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol as Interface

from msgspec import Struct
from textual.geometry import Region

from tuiview.graphics.answers import Answer
from tuiview.graphics.damage import Box
from tuiview.graphics.payload import Area, Payload, Quality
from tuiview.graphics.terminal import Terminal
from tuiview.picture import Picture


class Change(Struct, frozen=True):
    """One picture that becomes another in a few places.

    Attributes:
        before: The name of the picture shown.
        name: The name of the new one.
        payload: The new one, whole; its quality is not that of what is shown.
        picture: Its pixels.
        boxes: The cells that differ; none if only the name does.
        quality: Of what is shown.
    """

    before: Hashable
    name: Hashable
    payload: Payload
    picture: Picture
    boxes: tuple[Box, ...]
    quality: Quality


class Painter(Interface):
    """One way of putting pictures on a screen."""

    in_frame: bool
    """The picture is drawn within a frame; otherwise it is sent before, and cells refer to it."""

    fragile: bool
    """Text over the picture destroys it."""

    keeps: bool
    """The terminal keeps pictures that are not shown yet."""

    divides: bool
    """A picture can be sent in pieces, with other output between them."""

    @property
    def sending(self) -> bool:
        """Whether a picture is being sent in pieces."""

    @property
    def patched(self) -> bool:
        """Whether the terminal may lack parts of the picture, as it was not drawn at once."""

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

    def paint(self, payload: Payload, place: Region) -> str:
        """What puts a picture over another one of its area on cells that lie open."""

    def patch(self, change: Change, place: Region) -> str | None:
        """What makes of the picture shown another one; None if it has to be sent whole."""

    def start(self, name: Hashable, payload: Payload, place: Region) -> bool:
        """Begin to send a picture in pieces; False when the terminal has it.

        Where the terminal keeps no pictures, the pieces draw it at `place`.
        """

    def piece(self, nbytes: int) -> str:
        """The next pieces of the picture that is being sent, one at least."""

    def abort(self) -> str:
        """Send no more of what is being sent in pieces; return what the terminal must know."""

    def room(self, area: Area) -> int:
        """How many pictures the terminal may keep."""

    def lost(self, answer: Answer, shown: Hashable) -> bool:
        """Whether an answer says that the terminal lost the picture that is shown."""

    def forget(self) -> None:
        """The terminal has nothing of ours."""

    def cleanup(self) -> str:
        """What takes all pictures off the terminal."""


def rows_of_cells(cells: Callable[[int, int, int], str], place: Region) -> str:
    """Write all cells of a picture at their place."""
    rows = (
        f"\x1b[{place.y + row + 1};{place.x + 1}H{cells(row, 0, place.width)}"
        for row in range(place.height)
    )
    return "\x1b7" + "".join(rows) + "\x1b8"


class Forgetful:
    """What all painters do for terminals that keep no pictures."""

    keeps = False
    divides = False

    @property
    def sending(self) -> bool:
        """Nothing is sent in pieces."""
        return False

    @property
    def patched(self) -> bool:
        """The terminal holds cells, or one picture."""
        return False

    def cells(self, row: int, column: int, width: int) -> str:
        """What stands in a run of the picture's cells."""
        raise NotImplementedError

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

    def paint(self, payload: Payload, place: Region) -> str:
        """The cells are the picture."""
        return rows_of_cells(self.cells, place)

    def patch(self, change: Change, place: Region) -> str | None:
        """Such terminals hold no picture that could be changed."""
        return None

    def start(self, name: Hashable, payload: Payload, place: Region) -> bool:
        """Nothing is sent in pieces."""
        return False

    def piece(self, nbytes: int) -> str:
        """Nothing is sent in pieces."""
        return ""

    def abort(self) -> str:
        """Nothing is sent in pieces."""
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
