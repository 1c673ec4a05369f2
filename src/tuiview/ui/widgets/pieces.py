"""What goes to the terminal in pieces, so that a key never waits for all of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from msgspec import Struct
from textual.geometry import Region

from tuiview.graphics.payload import Payload
from tuiview.ui.widgets.painter import Painter


class Piece(Struct, frozen=True):
    """Some bytes, and the refinement that is whole with them."""

    data: str
    completes: Hashable = None


class Pieces:
    """A finer form of the picture that is shown, and behind it pictures that are sent ahead."""

    def __init__(self) -> None:
        self._ahead: dict[Hashable, Payload] = {}
        self._uploading: tuple[Hashable, Payload] | None = None
        self.refining: Hashable = None
        """The name of the picture that is being refined."""

    def send_ahead(self, pictures: Iterable[tuple[Hashable, Payload]]) -> None:
        """Note what will probably be shown next, in its order and in place of what was before."""
        self._ahead = dict(pictures)

    def refine(self, name: Hashable, payload: Payload, painter: Painter, place: Region) -> str:
        """Send a finer form of what is shown, before all else; return what must be written now."""
        if painter.sending and self._uploading is not None and self._uploading[0] == name:
            self.refining = name  # it was being sent ahead
            return ""
        data = painter.abort()
        if self._uploading is not None:
            self._ahead = {self._uploading[0]: self._uploading[1]} | self._ahead
            self._uploading = None
        self.refining = name
        painter.start(name, payload, place)
        return data

    def stop_refining(self, painter: Painter) -> str:
        """Give the refinement up; return what must be written now."""
        if self.refining is None:
            return ""
        self.refining = None
        return painter.abort()

    def drop_ahead(self) -> None:
        """Send nothing ahead any more but what is begun."""
        self._ahead.clear()

    def forget(self) -> None:
        """The terminal has nothing of ours, and nothing is on its way."""
        self.refining = self._uploading = None

    def next(self, painter: Painter, room: int) -> Piece | None:
        """The next piece, of about `room` bytes; None if there is none."""
        if self._uploading is not None and not painter.sending:
            # It was given up for something that mattered more.
            self._ahead = {self._uploading[0]: self._uploading[1]} | self._ahead
            self._uploading = None
        while not painter.sending:
            if not self._ahead:
                return None
            name = next(iter(self._ahead))
            payload = self._ahead.pop(name)
            if painter.start(name, payload, Region()):
                self._uploading = (name, payload)
        data = painter.piece(room)
        if painter.sending:
            return Piece(data)
        self._uploading = None
        completed, self.refining = self.refining, None
        return Piece(data, completed)
