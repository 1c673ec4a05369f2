"""The grid from keys and from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiview.errors import UsageError
from tuiview.session.grid import FEWEST, MOST
from tuiview.ui import marking

if TYPE_CHECKING:
    from tuiview.session.grid import Of
    from tuiview.ui.screens.desk import Desk

_USAGE = f":grid {FEWEST}..{MOST} | items | frames | off"


def toggle(desk: Desk, of: Of) -> None:
    """A grid of items or of frames, or one picture."""
    show(desk, None if desk.session.grid.of == of else of)


def show(desk: Desk, of: Of | None) -> None:
    """A grid of items or of frames, or one picture (None)."""
    marking.leave(desk)
    desk.session.grid.show(of)
    desk.set_class(of is not None, "gridding")
    desk.grid_bar.say(desk.session.grid)
    desk.focus_mode()


def across(desk: Desk, by: int) -> None:
    """The tile to the left or right: an item, or a frame of the item."""
    if desk.session.grid.of == "frames":
        desk.step_frame(by)
    else:
        desk.session.move(by)


def down(desk: Desk, by: int) -> None:
    """The tile below or above; among frames the next or previous item."""
    if desk.session.grid.of == "frames":
        desk.session.move(by)
    elif not desk.session.grid.move_rows(by):
        desk.session.go_to(desk.session.count - 1 if by > 0 else 0)


def resize(desk: Desk, step: int) -> None:
    """More and smaller tiles, or fewer and larger ones."""
    desk.session.grid.resize(step)
    desk.grid_bar.say(desk.session.grid)


def command(desk: Desk, text: str) -> None:
    """`:grid 6`, `:grid items`, `:grid frames`, `:grid off`."""
    grid, word = desk.session.grid, text.strip()
    if word == "off":
        show(desk, None)
    elif word in ("", "items"):
        show(desk, "items")
    elif word == "frames":
        show(desk, "frames")
    elif word.isdecimal() and FEWEST <= int(word) <= MOST:
        grid.resize(int(word) - grid.columns)
        show(desk, grid.of or "items")
    else:
        raise UsageError(f"no grid is {word}", _USAGE)
