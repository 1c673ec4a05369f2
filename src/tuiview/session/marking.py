"""Marking: a crosshair moved by keys, and the marks that are put where it stands."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from tuiview.errors import TuiviewError, UsageError
from tuiview.imaging.overlay import Circle, Crosshair, Shape
from tuiview.review.model import ItemState, Mark, What
from tuiview.session.changes import Change, Noticed
from tuiview.session.in_turn import InTurn
from tuiview.session.mark_list import value_at
from tuiview.session.mark_shapes import MarkShapes
from tuiview.session.peaks import Peaks
from tuiview.session.positions import PixelPosition, SkyPosition, parse_position

if TYPE_CHECKING:
    from tuiview.imaging.frame import Frame
    from tuiview.imaging.viewport import Viewport
    from tuiview.session.decisions import Said
    from tuiview.session.session import Session
    from tuiview.settings import Group

SNAP_RADIUS = 12.0
"""Screen pixels within which the centroid is sought."""


class CrosshairMoved(Change, frozen=True):
    """The crosshair is somewhere else, or gone."""


class ReadOut(Change, frozen=True):
    """The value under the crosshair was read."""

    x: float
    y: float
    value: str


class Marking:
    """The crosshair and the marks of the current item.

    Positions are 0-based pixel centres of the frame that is shown.

    Args:
        session: The review.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._entered = False
        self._turn = InTurn(session)
        self._peaks = Peaks(self._turn, self.go_to)
        self._shapes = MarkShapes(session.settings.groups)
        self._gone_to: int | None = None
        self._here: tuple[tuple[Mark, ...], str, list[Mark]] = ((), "", [])
        self.active = False
        self.position: tuple[float, float] | None = None
        self.grabbed: str | None = None
        self.labels = True
        self.marks_shown = True

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups in the order of their keys."""
        return self._session.settings.groups

    # The crosshair

    def enter(self) -> bool:
        """Show the crosshair in the middle of the view; False while there is no picture."""
        viewport = self._session.viewer.viewport
        if viewport is None:
            return False
        self.active = self._entered = True
        if self.position is None:
            self.position = viewport.center
        self._moved()
        return True

    def leave(self) -> None:
        """Hide the crosshair; first it does what still waits for a search."""
        self.active = self._entered = False
        self._turn.then(self._hide, anyway=True)

    def _hide(self) -> None:
        if not self._entered:
            self.active, self.grabbed, self.position = False, None, None
            self._moved()

    def arrived(self) -> None:
        """The cursor is on another item: the crosshair starts anew when that is shown."""
        self.grabbed = None
        if self._turn.forget():
            words = "left before the crosshair had found its place: nothing was done there"
            self._session.notify(Noticed(words, "warning"))
        self._peaks.forget()
        self.position = None

    def shown(self) -> None:
        """A picture is there: a crosshair that has no place yet stands in the middle of it."""
        viewport = self._session.viewer.viewport
        if self.active and self.position is None and viewport is not None:
            self.position = viewport.center
            self._session.later(self._moved)

    def then(self, act: Callable[[], object]) -> None:
        """Act where the crosshair will be: at once, or when a snap or a search has ended."""
        self._turn.then(act)

    def step(self, dx: int, dy: int) -> None:
        """Move by screen pixels."""
        viewport = self._session.viewer.viewport
        if viewport is None or self.position is None:
            return
        sx, sy = viewport.to_screen(*self.position)
        x, y = viewport.to_image(float(sx) + dx, float(sy) + dy)
        self.go_to(float(x), float(y))

    def go_to(self, x: float, y: float) -> None:
        """Put the crosshair on an image position, held within the frame; pans if it must."""
        session = self._session
        if session.viewer.shown is None or session.viewer.viewport is None:
            return
        ny, nx = session.viewer.shown.info.shape
        x, y = min(max(x, -0.5), nx - 0.5), min(max(y, -0.5), ny - 0.5)
        self.active, self._gone_to = True, None
        self.position = (x, y)
        viewport = session.viewer.viewport
        sx, sy = (float(v) for v in viewport.to_screen(x, y))
        if not (0 <= sx < viewport.width and 0 <= sy < viewport.height):
            session.look.change(zoom=viewport.zoom, center=(x, y))
        self._moved()

    def go_to_part(self, across: float, down: float) -> bool:
        """Put the crosshair where the picture is pointed at; False off the image.

        Args:
            across: Part of the picture's width, from its left edge.
            down: Part of its height, from its upper edge.
        """
        viewport = self._session.viewer.viewport
        if viewport is None:
            return False
        x, y = viewport.to_image(across * viewport.width, down * viewport.height)
        ny, nx = viewport.shape
        if not (-0.5 <= x <= nx - 0.5 and -0.5 <= y <= ny - 0.5):
            return False
        self.go_to(float(x), float(y))
        return True

    def go_to_typed(self, text: str, there: Callable[[], object]) -> None:
        """Put the crosshair on a typed position: pixels, or the sky once its header is read.

        Args:
            text: The position.
            there: Called when the crosshair stands there.

        Raises:
            UsageError: It is no position, or the image has no world coordinates.
        """
        typed = parse_position(text)
        if isinstance(typed, PixelPosition):
            first = self._session.coordinates.first
            self.go_to(typed.x - first, typed.y - first)
            there()
        else:
            if self._session.veil is not None:
                self._session.veil.refuse_sky()
            self._session.viewer.when_info(lambda: self._go_to_sky(typed, there))

    def _go_to_sky(self, typed: SkyPosition, there: Callable[[], object]) -> None:
        from tuiview.imaging.wcs import pixel, to_icrs

        info = self._session.viewer.info
        wcs = info.wcs if info is not None else None
        if wcs is None:
            raise UsageError("this image has no world coordinates", ":goto X,Y in pixels")
        ra, dec = to_icrs(typed.lon, typed.lat, typed.system)
        x, y = pixel(wcs, ra, dec)
        ny, nx = info.shape if info is not None else (0, 0)
        if not (-0.5 <= x < nx - 0.5 and -0.5 <= y < ny - 0.5):
            raise UsageError("that position is not on this image")
        self.go_to(x, y)
        there()

    def snap(self) -> None:
        """Move to the centroid of what is within the radius that shows."""
        session = self._session
        if self.position is None or session.viewer.shown is None or session.viewer.viewport is None:
            return
        x, y = self.position
        radius = self._reach(session.viewer.viewport)

        def find(frame: Frame) -> tuple[float, float]:
            from tuiview.imaging.measure import centroid

            return centroid(frame, x, y, radius)

        self._turn.search(find, lambda found: self.go_to(*found), "snap")

    def next_peak(self, step: int) -> None:
        """Move to the next local peak in the view, the brightest first."""
        viewport = self._session.viewer.viewport
        if viewport is not None:
            self._peaks.step(step, viewport.visible(), self._reach(viewport))

    @staticmethod
    def _reach(viewport: Viewport) -> float:
        """Image pixels within which the circle of the crosshair takes in what there is."""
        return max(2.0, SNAP_RADIUS / viewport.zoom)

    def next_mark(self, step: int) -> None:
        """Move to the next mark of this frame, in the order of making."""
        marks = self.marks()
        if not marks:
            self._session.notify(Noticed("no marks on this frame", "warning"))
            return
        at = self.at
        self.go_to_mark(
            (0 if step > 0 else len(marks) - 1) if at is None else (at + step) % len(marks)
        )

    # The marks

    def marks(self) -> list[Mark]:
        """The marks of the frame that is shown."""
        state, shown = self._session.state, self._session.viewer.shown
        if state is None or shown is None:
            return []
        frame = shown.info.frame
        if self._here[0] is not state.marks or self._here[1] != frame:
            self._here = (state.marks, frame, [m for m in state.marks if m.frame == frame])
        return self._here[2]

    @property
    def at(self) -> int | None:
        """The how many-th mark of this frame, from 0, the crosshair stands on."""
        position, marks = self.position, self.marks()
        # Of several at one place, the one that was gone to, else the newest.
        last = self._gone_to
        if last is not None and last < len(marks) and (marks[last].x, marks[last].y) == position:
            return last
        numbers = range(len(marks) - 1, -1, -1)
        return next((n for n in numbers if (marks[n].x, marks[n].y) == position), None)

    def go_to_mark(self, at: int) -> None:
        """Put the crosshair on the how many-th mark of this frame, from 0."""
        marks = self.marks()
        if at < len(marks):
            self.go_to(marks[at].x, marks[at].y)
            self._gone_to = at

    def nearest(self) -> Mark | None:
        """The mark of this frame that is nearest to the crosshair; of equal ones the newest.

        Where `next_mark` or the list brought the crosshair to one of them, it is that one.
        """
        if self.position is None:
            return None
        return self._chosen() or _nearest(self.marks(), self.position)

    def _chosen(self) -> Mark | None:
        """The mark that the crosshair was brought to, while it stands there."""
        at = self.at
        return self.marks()[at] if at is not None and at == self._gone_to else None

    def put(self, number: int) -> None:
        """Put a mark of group `number` (0-based) at the crosshair, or the grabbed one down there.

        A group with a maximum of one moves its mark; a fuller one says so.

        Raises:
            UsageError: There is no such group, or it is full.
        """
        if number >= len(self.groups):
            raise UsageError(f"there is no group {number + 1}")
        self.put_group(self.groups[number])

    def put_group(self, group: Group) -> None:
        """Put a mark of `group` at the crosshair."""
        session, position, shown = self._session, self.position, self._session.viewer.shown
        if position is None or shown is None:
            return
        frame = shown.info.frame

        def put() -> None:
            mark = Mark(str(uuid.uuid4()), frame, group.name, *position, "", *self._sky(*position))
            session.decisions.say_once_known(lambda state: self._put(group, mark, state))

        session.viewer.when_info(put, decides=True)

    def _say(self, said: Callable[[ItemState], list[Said]]) -> None:
        """Say something of marks in view of those that there are, after what was said before."""
        session = self._session
        session.viewer.when_info(lambda: session.decisions.say_once_known(said), decides=True)

    def _put(self, group: Group, mark: Mark, state: ItemState) -> list[Said]:
        """What is said to put a mark, in view of those that there are."""
        own = [m for m in state.marks if m.group == group.name]
        if group.maximum == 1 and own:
            moved = replace(mark, uuid=own[0].uuid, label=own[0].label)
            if moved == own[0]:
                return []
            return [(What.MARK_MOVED, moved.uuid, asdict(own[0]), asdict(moved))]
        if group.maximum is not None and len(own) >= group.maximum:
            raise UsageError(f"group {group.name} has its {group.maximum} marks on this image")
        self._gone_to = None
        return [(What.MARK_ADDED, mark.uuid, None, asdict(mark))]

    def grab(self) -> None:
        """Take the nearest mark along with the crosshair, or put the taken one down.

        Raises:
            UsageError: There is no mark to take.
        """
        if self.grabbed is not None:
            taken, position = self._by_uuid(self.grabbed), self.position
            self.grabbed = None
            if taken is not None and position is not None:
                self._session.viewer.when_info(lambda: self._move(taken, *position), decides=True)
            return
        mark = self.nearest()
        if mark is None:
            raise UsageError("no mark to move on this frame")
        self.grabbed = mark.uuid
        self.go_to(mark.x, mark.y)

    def delete_nearest(self) -> None:
        """Delete the mark that is nearest to the crosshair.

        Raises:
            UsageError: There is none.
        """
        position, shown = self.position, self._session.viewer.shown
        if position is None or shown is None:
            raise UsageError("no mark to delete on this frame")
        frame, chosen = shown.info.frame, self._chosen()

        def delete(state: ItemState) -> list[Said]:
            marks = [mark for mark in state.marks if mark.frame == frame]
            mark = chosen if chosen in marks else _nearest(marks, position)
            if mark is None:
                raise UsageError("no mark to delete on this frame")
            return [(What.MARK_DELETED, mark.uuid, asdict(mark), None)]

        self._say(delete)

    def delete_all(self, group: str | None = None) -> None:
        """Delete all marks of this frame, or those of one group, in one step.

        Raises:
            UsageError: There are none.
        """
        shown = self._session.viewer.shown
        frame = shown.info.frame if shown is not None else None

        def delete(state: ItemState) -> list[Said]:
            gone = [m for m in state.marks if m.frame == frame and group in (None, m.group)]
            if not gone:
                raise UsageError("no such marks on this frame")
            self._session.notify(Noticed(f"{len(gone)} marks deleted; u brings them back"))
            return [(What.MARK_DELETED, mark.uuid, asdict(mark), None) for mark in gone]

        self._say(delete)

    def label(self, mark: Mark, text: str) -> None:
        """Give a mark a label."""
        if text != mark.label:
            self._session.decisions.say_of_mark(
                What.MARK_LABELLED, mark.uuid, asdict(mark), asdict(replace(mark, label=text))
            )

    def _move(self, mark: Mark, x: float, y: float) -> None:
        ra, dec = self._sky(x, y)
        moved = replace(mark, x=x, y=y, ra=ra, dec=dec)
        if self._session.viewer.shown is not None:
            moved = replace(moved, frame=self._session.viewer.shown.info.frame)
        if moved != mark:
            self._session.decisions.say_of_mark(
                What.MARK_MOVED, mark.uuid, asdict(mark), asdict(moved)
            )

    def _by_uuid(self, wanted: str) -> Mark | None:
        return next((m for m in self.marks() if m.uuid == wanted), None)

    def _sky(self, x: float, y: float) -> tuple[float | None, float | None]:
        info, shown = self._session.viewer.info, self._session.viewer.shown
        if info is None or info.wcs is None or shown is None or shown.info.frame != info.frame:
            return None, None
        from tuiview.imaging.wcs import sky

        ra, dec = sky(info.wcs, x, y)
        return (ra, dec) if math.isfinite(ra) and math.isfinite(dec) else (None, None)

    # What is drawn and read

    def shapes(
        self, state: ItemState | None, frame: str | None, current: bool
    ) -> tuple[Shape, ...]:
        """The marks of a frame, and the crosshair on the current item."""
        shapes: list[Shape] = []
        if state is not None and self.marks_shown:
            shapes += self._shapes.of(state.marks, frame, self.labels)
        if current and self.active and self.position is not None:
            x, y = self.position
            color = 0xFFD700 if self.grabbed else 0x00FF00
            shapes.append(Crosshair(x, y, color=color))
            if self.at is None:  # else it would hide the colour of the mark below
                shapes.append(Circle(x, y, SNAP_RADIUS, color=color, unit="screen", edge=False))
        return tuple(shapes)

    def read(self) -> None:
        """Read the value under the crosshair; `ReadOut` brings it."""
        if self.position is None:
            return
        x, y = self.position
        column, row = math.floor(x + 0.5), math.floor(y + 0.5)
        session = self._session

        def value(frame: Frame) -> str:
            found = value_at(frame, column, row)
            return f"{found} {frame.unit}".rstrip() if found else "outside"

        def done(found: str | TuiviewError) -> None:
            if isinstance(found, TuiviewError):
                session.notify(Noticed(str(found), "warning"))
            else:
                session.notify(ReadOut(x, y, found))

        session.viewer.inspect(value, done, "value")

    def _moved(self) -> None:
        self._session.viewer.redraw()
        self._session.notify(CrosshairMoved())
        self.read()


def _nearest(marks: Sequence[Mark], position: tuple[float, float]) -> Mark | None:
    """The mark that is nearest to a position; of equally near ones the newest."""
    x, y = position
    return min(reversed(marks), key=lambda m: math.hypot(m.x - x, m.y - y), default=None)
