"""Mark mode from keys, the mouse and the command line: positions, groups, the list, copies."""

from __future__ import annotations

import math
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tuiview.errors import UsageError
from tuiview.ui.driver import TerminalDriver

if TYPE_CHECKING:
    from textual.events import Click

    from tuiview.ui.screens.desk import Desk


def enter(desk: Desk) -> None:
    """Mark mode on: the crosshair shows, keys put marks."""
    if not desk.refused_on_grid() and not desk.examines and desk.session.marking.enter():
        desk.add_class("marking")
        desk.focus_mode()


def leave(desk: Desk) -> None:
    """Mark mode off."""
    if desk.session.marking.active:
        desk.session.marking.leave()
        desk.remove_class("marking", "listing")
        desk.focus_mode()
        desk.show_status()


def label(desk: Desk) -> None:
    """Type the label of the nearest mark."""
    mark = desk.session.marking.nearest()
    if mark is None:
        desk.say("no mark to label on this frame", "warning")
    else:
        desk.labelled = mark
        desk.ask("label ", mark.label)


def clicked(desk: Desk, event: Click) -> None:
    """Put the crosshair where the picture was clicked; ignored while a text is being written.

    A click elsewhere leaves the mode its keys: else a digit would be a decision.
    """
    if event.button != 1 or desk.busy or event.widget is desk.mark_table:
        return
    if event.widget is not desk.picture:
        if desk.session.marking.active:
            desk.focus_crosshair()
        return
    x, y = event.pointer_screen_x, event.pointer_screen_y
    driver = desk.app._driver
    if isinstance(driver, TerminalDriver) and driver.mouse_in_pixels:
        x, y = x + 0.5 / desk.terminal.cell_width, y + 0.5 / desk.terminal.cell_height
    else:
        x, y = math.floor(x) + 0.5, math.floor(y) + 0.5
    part = desk.picture.part_at(x, y)
    if part is not None and desk.session.marking.go_to_part(*part):
        enter(desk)


def goto(desk: Desk, text: str) -> None:
    """`:goto POSITION`."""
    desk.session.marking.go_to_typed(text, lambda: enter(desk))


def group(desk: Desk, text: str) -> None:
    """`:group NAME` puts a mark of it."""
    marking = desk.session.marking
    groups = {g.name: g for g in marking.groups}
    wanted = text.strip()
    if wanted not in groups:
        close = get_close_matches(wanted, list(groups), 3)
        raise UsageError(f"no group is called {wanted}", ", ".join(close or groups))
    enter(desk)
    marking.then(lambda: marking.put_group(groups[wanted]))


def delete_all(desk: Desk, text: str) -> None:
    """`:delete-marks [GROUP]`."""
    marking = desk.session.marking
    marking.then(lambda: marking.delete_all(text.strip() or None))


# The list


def marks(desk: Desk, text: str) -> None:
    """`:marks` opens the list, `:marks NUMBER` goes to a mark."""
    wanted, count = text.strip(), len(desk.session.marking.marks())
    if wanted and not (wanted.isdecimal() and 1 <= int(wanted) <= count):
        raise UsageError(f"this frame has no mark {wanted}", f"it has {count}")
    if wanted:
        desk.session.marking.go_to_mark(int(wanted) - 1)
        enter(desk)
    else:
        open_list(desk)


def open_list(desk: Desk) -> None:
    """Show the list of marks and give it the keys."""
    enter(desk)
    if desk.has_class("marking"):
        desk.add_class("listing")
        desk.set_focus(desk.mark_table)
        show_list(desk)


def leave_list(desk: Desk, *, close: bool) -> None:
    """Give the keys back to the crosshair."""
    desk.set_class(not close, "listing")
    desk.focus_crosshair()


def show_list(desk: Desk) -> None:
    """Bring the list up to date, if it is shown."""
    if desk.has_class("listing") and desk.has_class("marking"):
        marking, listed = desk.session.marking, desk.session.mark_list
        here = marking.marks()
        desk.mark_table.show(
            lambda first, last: listed.lines(here, first, last), len(here), marking.at
        )


# The clipboard


def copy(desk: Desk, text: str = "") -> None:
    """Copy the crosshair's coordinates, or the item's key."""
    desk.session.copying.copy(text.strip(), desk.copy_words)


def copy_as(desk: Desk) -> None:
    """Choose the form in which coordinates are copied from now on."""
    from tuiview.ui.screens.choose import ChooseScreen

    copying = desk.session.copying

    def choose() -> None:
        choices = copying.choices()
        lines = [f"{form:<12} {words}" for form, words in choices]
        current = [line for line, (form, _) in zip(lines, choices, strict=True)
                   if form == copying.form]  # fmt: skip

        def chosen(line: str | None) -> None:
            if line is not None:
                form, words = choices[lines.index(line)]
                copying.choose(form)
                desk.coordinates_changed()
                desk.copy_words(words)

        menu = ChooseScreen("copy as", lines, current[0] if current else None)
        desk.app.push_screen(menu, chosen)

    desk.session.viewer.when_info(choose)
