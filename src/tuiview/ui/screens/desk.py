"""The desk: the panels of a review, what they show of it, and the verbs that actions call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from tuiview.errors import TuiviewError
from tuiview.graphics.passthrough import to_clipboard, wrap
from tuiview.graphics.tmux import Tmux
from tuiview.session import changes
from tuiview.text import printable
from tuiview.ui import marking
from tuiview.ui.actions import ACTIONS, action, effective_keys
from tuiview.ui.describe import (
    badges,
    decision_words,
    place,
    read_out_words,
    status_left,
    status_right,
)
from tuiview.ui.faults import in_short, write_down
from tuiview.ui.turns import Turns
from tuiview.ui.widgets.command_line import CommandLine
from tuiview.ui.widgets.examine_bar import ExamineBar
from tuiview.ui.widgets.grid_bar import GridBar
from tuiview.ui.widgets.image_pane import ImagePane
from tuiview.ui.widgets.item_tree import Badges, ItemTree
from tuiview.ui.widgets.mark_bar import MarkBar
from tuiview.ui.widgets.mark_table import MarkTable
from tuiview.ui.widgets.metadata_table import MetadataTable
from tuiview.ui.widgets.note_editor import NoteEditor
from tuiview.ui.widgets.notice_line import NoticeLine
from tuiview.ui.widgets.place_bar import PlaceBar
from tuiview.ui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tuiview.graphics.terminal import Terminal
    from tuiview.review.model import Decision, Mark
    from tuiview.session.marking import ReadOut
    from tuiview.session.session import Session

NOTE = "note"
NOTE_KEYS = "ctrl+s keeps it, ctrl+g leaves a draft"


_MOST_SAID = 500


class Desk(Screen[None]):
    """A screen with the panels of a review, and everything that a key may ask of it.

    Args:
        session: The review.
        terminal: What the terminal can do.
        fault_log: Where faults of the program are written down.
    """

    def __init__(self, session: Session, terminal: Terminal, fault_log: Path | None = None) -> None:
        super().__init__()
        self.session: Session = session
        self.terminal: Terminal = terminal
        self.fault_log = fault_log
        self._rest: Timer | None = None
        self._asked_from: Widget | None = None
        self._read: ReadOut | None = None
        self._said: deque[str] = deque(maxlen=_MOST_SAID)
        self._read_out = ""
        self._blink_from: str | int | None = None
        self.plotting = False
        """Whether a plot stands in the picture's place."""
        self.labelled: Mark | None = None
        """The mark whose label is being typed."""
        self.keys = effective_keys(dict(session.settings.keys))
        self.turns = Turns(self)

    # Panels

    @property
    def items(self) -> ItemTree:
        """The tree of items."""
        return self.query_one("#tree", ItemTree)

    @property
    def picture(self) -> ImagePane:
        """The picture."""
        return self.query_one("#picture", ImagePane)

    @property
    def metadata(self) -> MetadataTable:
        """The metadata table."""
        return self.query_one("#metadata", MetadataTable)

    @property
    def note(self) -> NoteEditor:
        """The note editor."""
        return self.query_one("#note", NoteEditor)

    @property
    def mark_table(self) -> MarkTable:
        """The table of marks."""
        return self.query_one("#mark-table", MarkTable)

    @property
    def command(self) -> CommandLine:
        """The command line."""
        return self.query_one("#command", CommandLine)

    @property
    def grid_bar(self) -> GridBar:
        """The keys of a grid."""
        return self.query_one("#grid", GridBar)

    @property
    def notices(self) -> NoticeLine:
        """The line of notices."""
        return self.query_one("#notices", NoticeLine)

    # What is shown

    def _badges(self, position: int) -> Badges | None:
        item = self.session.peek(position)
        state = self.session.store.peek(item.key) if item is not None else None
        return badges(state, self.session.settings.categories)

    def show_status(self) -> None:
        """Show where one is, and what is said of the item and of its display."""
        self.query_one("#place", PlaceBar).show(place(self.session))
        line = self.query_one("#status", StatusLine)
        line.show(status_left(self.session), status_right(self.session, self._read_out))

    def show_read_out(self, read: ReadOut | None) -> None:
        """Show position, value and sky under the crosshair, or that they are not known now."""
        self._read = read
        self._read_out = "" if read is None else read_out_words(self.session, read)
        self.show_status()

    def _show_banner(self) -> None:
        status = self.session.store.status
        banner = self.query_one("#banner", Static)
        if status.error:
            banner.update(
                f"NOT SAVED: {printable(status.reason)}; {status.pending} decisions are kept in"
                " memory and tried again; :save-to PATH writes them elsewhere"
            )
        banner.display = bool(status.error)

    def show_metadata(self) -> None:
        """Have the metadata read, where there is room for them."""
        if self.metadata.display and self.metadata.size.width:
            self.session.viewer.read_metadata()

    def _show_note(self) -> None:
        item = self.session.item
        if not self.note.editing:
            key = item.key if item is not None else None
            self.note.show(key, self.session.decisions.note_to_edit(key) if key else "")
        elif self.note.key and not self.note.whole:
            state = self.session.store.peek(self.note.key)
            if state is not None and self.session.decisions.note_known(self.note.key):
                self.note.complete(state.note)

    def say(self, words: str, severity: changes.Severity = "information") -> None:
        """Tell something in passing."""
        if (veil := self.session.veil) is not None:
            words = veil.said(words, self.session.item)
        words = printable(words, lines=True)
        self._said.append(words)
        self.app.notify(
            words,
            severity=severity,
            timeout=15 if severity == "error" else 4,
            markup=False,
        )

    def report(self, error: Exception) -> None:
        """Tell of a fault of the program that the review outlives."""
        line = write_down(error, "a fault that the review outlived")
        if self.session.veil is not None and self.session.veil.names:
            line = type(error).__name__  # its words may have a name in them
        where = f"; written to {in_short(self.fault_log)}" if self.fault_log is not None else ""
        self.say(f"a bug in tuiview: {line}{where}", "error")

    def _hints(self) -> list[str]:
        hints = [a.hint for a in ACTIONS if a.hint and a.mode == "review"]
        return [*hints[-2:], *hints[:-2]]  # help and quit are never left out

    def focus_mode(self) -> None:
        """Give the keys back to the mode that is on."""
        if self.examines:
            self.set_focus(self.query_one(ExamineBar))
        elif self.session.marking.active:
            listed = self._asked_from is self.mark_table and self.mark_table.display
            self.set_focus(self.mark_table if listed else self.query_one(MarkBar))
        elif self.session.grid.of is not None:
            self.set_focus(self.grid_bar)
        else:
            self.set_focus(self.picture)

    @property
    def examines(self) -> bool:
        """Whether letters measure now."""
        return self.has_class("examining")

    @property
    def busy(self) -> bool:
        """Whether a text is being written, or a plot stands in the picture's place."""
        return self.has_class("asking") or self.has_class("noting") or self.plotting

    def refused_on_grid(self) -> bool:
        """Whether a grid is shown; says then that this is done on one picture."""
        grid = self.session.grid.of is not None
        if grid:
            self.say("this is done on one picture: enter shows the framed tile alone", "warning")
        return grid

    def focus_crosshair(self) -> None:
        """Give the keys to the crosshair."""
        self.set_focus(self.query_one(ExamineBar if self.examines else MarkBar))

    def _try(self, run: Callable[[], object]) -> None:
        try:
            run()
        except TuiviewError as error:
            self.say(str(error), "error")
        except Exception as error:
            self.report(error)

    # Verbs: what the registry of actions calls

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._try(lambda: action(action_id).run(self))

    def toggle_category(self, number: int) -> None:
        """A category on or off, and onward if that is wanted."""
        if self.session.decisions.toggle_category(number) is None:
            self.say(f"there is no category {number + 1}", "warning")
        else:
            self.session.advance()

    def toggle_unsure(self) -> None:
        """Unsure on or off, and onward if that is wanted."""
        self.session.decisions.toggle_unsure()
        self.session.advance()

    def toggle_auto_advance(self) -> None:
        """Move on after a category, or not."""
        self.session.auto_advance = not self.session.auto_advance
        self.show_status()

    def toggle_lock(self) -> None:
        """Hold the display across items, or not."""
        self.session.look.toggle_lock()

    def undo(self) -> None:
        """Take the last decision back and show where it was."""
        self.session.decisions.undo(partial(self._tell_steps, "undone"))

    def redo(self) -> None:
        """Do the last undone decision again."""
        self.session.decisions.redo(partial(self._tell_steps, "redone"))

    def _tell_steps(self, verb: str, steps: list[Decision]) -> None:
        if not steps:
            self.say(f"nothing to be {verb}", "warning")
            return
        item = self.session.item
        if item is None or steps[0].item != item.key:
            self.session.go_to_key(steps[0].item)
        self.items.refresh_items()
        self.say(f"{verb}: " + ", ".join(map(decision_words, steps)))

    def edit_note(self) -> None:
        """Write the note of the current item."""
        item = self.session.item
        if item is not None:
            self.query_one("#note-title", Static).update(f"{NOTE}: {NOTE_KEYS}")
            self.add_class("noting")
            decisions = self.session.decisions
            known = decisions.note_known(item.key)
            text = decisions.note_to_edit(item.key) if known else ""
            self.note.begin(item.key, text, whole=known)

    def copy_words(self, words: str) -> None:
        """Hand words to the terminal's clipboard (OSC 52), and show them."""
        if words:
            words = printable(words, lines=True)
            self.app.copy_to_clipboard(words)
            multiplexer = self.terminal.multiplexer
            if isinstance(multiplexer, Tmux) and multiplexer.passes and self.app._driver:
                # tmux takes no clipboard from programs unless told to, but passes it on.
                self.app._driver.write(wrap(to_clipboard(words)).decode("ascii"))
            self.say(f"copied {words}")

    def ask(self, prompt: str, text: str = "") -> None:
        """Open the command line."""
        self._asked_from = self.focused
        self.query_one("#prompt", Static).update(prompt)
        self.add_class("asking")
        self.command.ask(prompt, text)

    def stop(self) -> None:
        """Give up the search or the view that is being made."""
        found, made = self.session.finding.stop(), self.session.seeking.stop()
        if found or made:
            self.say("stopped")

    def search_again(self, step: int) -> None:
        """Search for what was searched before."""
        self.session.finding.text("", step)

    def cycle_coordinates(self, step: int) -> None:
        """Tell positions in the next or previous form."""
        self.session.coordinates.cycle(step)
        self.coordinates_changed()
        self.say(self.session.coordinates.words)

    def choose_coordinates(self, text: str) -> None:
        """Tell positions in a form by name, or count pixels from 0 or 1."""
        self.session.coordinates.choose(text)
        self.coordinates_changed()
        self.say(self.session.coordinates.words)

    def coordinates_changed(self) -> None:
        """Show positions as they read now."""
        self.show_read_out(self._read)
        marking.show_list(self)

    def zoom(self, factor: float) -> None:
        """Zoom about the crosshair, or the middle of the pane."""
        if (shown := self.session.viewer.shown) is not None:
            self.session.look.zoom(factor, shown.viewport, self.session.marking.position)

    def pan(self, dx: float, dy: float) -> None:
        """Pan by a part of the pane."""
        if (shown := self.session.viewer.shown) is not None:
            self.session.look.pan(dx, dy, shown.viewport)

    def shift_limit(self, which: int, direction: int) -> None:
        """Move a limit by a step of what is shown."""
        shown = self.session.viewer.shown
        self.session.look.shift_limit(which, direction, shown.limits if shown else None)

    def step_frame(self, step: int) -> None:
        """Another frame of the item."""
        viewer = self.session.viewer
        if viewer.shown is None:
            return  # it is not known yet which frames there are
        before = viewer.shown.info.frame
        if viewer.step_frame(step) is None:
            self.say("this item has one frame", "warning")
        else:
            self._blink_from = before

    def frame_menu(self) -> None:
        """Choose a frame by name."""
        from tuiview.ui.screens.choose import ChooseScreen

        if (shown := self.session.viewer.shown) is not None:

            def chosen(name: str | None) -> None:
                if name is not None and name != shown.info.frame:
                    self._blink_from = shown.info.frame
                    self.session.look.show_frame(name)

            menu = ChooseScreen("frames", list(shown.info.frames), shown.info.frame)
            self.app.push_screen(menu, chosen)

    def blink(self) -> None:
        """Between two frames of the item, or between the item and the one before it."""
        shown = self.session.viewer.shown
        if isinstance(self._blink_from, str) and shown is not None:
            frame, self._blink_from = self._blink_from, shown.info.frame
            self.session.look.show_frame(frame)
        else:
            self.session.go_back()

    def next_panel(self, step: int) -> None:
        """Give the keys to another panel."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def toggle_panel(self, name: str) -> None:
        """Show or hide a panel."""
        self.toggle_class(f"no-{name}")
        self.show_metadata()

    def picture_alone(self) -> None:
        """The picture alone, or with its panels."""
        self.toggle_class("alone")

    def read_again(self) -> None:
        """Read the item anew and send everything again."""
        self.session.viewer.retry()
        self.picture.send_everything_again()
        self.refresh(layout=True)

    def show_messages(self) -> None:
        """What was said in passing."""
        from tuiview.ui.screens.messages import MessagesScreen

        self.app.push_screen(MessagesScreen(tuple(self._said)))

    def show_counters(self) -> None:
        """Loader, caches and link in figures."""
        from tuiview.ui.screens.counters import CountersScreen

        self.app.push_screen(CountersScreen(self.session, self.picture))

    def show_help(self) -> None:
        """Keys and commands."""
        from tuiview.ui.screens.help import HelpScreen

        veil = self.session.veil
        self.app.push_screen(HelpScreen(self.keys, veil.words if veil is not None else ""))

    def leave(self) -> None:
        """Quit; decisions that cannot be saved need a second, different key."""
        from tuiview.ui.screens.confirm import ConfirmScreen

        status = self.session.store.status
        if not status.error:
            self.app.exit()
            return
        question = f"{status.pending} decisions are not saved: {printable(status.reason)}"
        self.app.push_screen(
            ConfirmScreen(question, "leave without saving them"),
            lambda yes: self.app.exit() if yes else None,
        )
