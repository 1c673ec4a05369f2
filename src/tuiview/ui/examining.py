"""Examining from keys: letters that measure at the crosshair, and the plots they draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiview.graphics.encode import encode
from tuiview.ui.describe import measured_rows, result_words

if TYPE_CHECKING:
    from tuiview.session.examining import Examination, Examined
    from tuiview.ui.screens.desk import Desk


def enter(desk: Desk) -> None:
    """Take letters that measure at the crosshair; it starts in the middle of the view."""
    if not desk.refused_on_grid() and desk.session.examining.enter():
        desk.add_class("examining")
        desk.focus_mode()


def leave(desk: Desk) -> None:
    """Show the picture again."""
    desk.remove_class("examining")
    _end_plot(desk)
    desk.session.examining.leave()
    desk.focus_mode()
    desk.show_status()
    desk.show_metadata()


def examine(desk: Desk, examination: Examination) -> None:
    """Measure where the crosshair will be once it has come to rest."""
    session = desk.session
    session.marking.then(lambda: session.examining.examine(examination))


def step(desk: Desk, dx: int, dy: int) -> None:
    """Move the crosshair over the picture by screen pixels."""
    _end_plot(desk)
    marking = desk.session.marking
    marking.then(lambda: marking.step(dx, dy))


def show(desk: Desk, examined: Examined) -> None:
    """Show what was measured: a plot in the picture's place, and the lines beside it."""
    if examined.plot is None:
        _end_plot(desk)
    else:
        area = desk.picture.area
        if (examined.plot.width, examined.plot.height) == (area.width, area.height):
            payload = encode(examined.plot, area, desk.picture.protocol)
            desk.plotting = True
            desk.picture.show(payload, ("plot", examined.name))
    desk.metadata.show(measured_rows(examined, desk.metadata.size.width - 2))
    if not desk.metadata.size.width or not desk.metadata.display:
        desk.say(result_words(examined, desk.size.width - 2))


def _end_plot(desk: Desk) -> None:
    """Show the picture in place of a plot."""
    shown = desk.session.viewer.shown
    if desk.plotting and shown is not None:
        desk.picture.show(shown.payload, shown.name, shown.picture)
    desk.plotting = False
