"""The review screen: it lays out the panels, hears what changed, and has the desk show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Click, Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tuiview.collection.outline import Outline
from tuiview.errors import TuiviewError
from tuiview.graphics.payload import Quality
from tuiview.loading.request import Failed, Shown
from tuiview.session import changes
from tuiview.session.examining import Examined
from tuiview.session.finding import Sought
from tuiview.session.mark_list import MarkValuesRead
from tuiview.session.marking import CrosshairMoved, ReadOut
from tuiview.session.seeking import ViewMade
from tuiview.ui import examining, marking
from tuiview.ui.actions import bindings
from tuiview.ui.commands import completions, run_command
from tuiview.ui.describe import failure_words, metadata_rows
from tuiview.ui.screens.desk import NOTE, Desk
from tuiview.ui.widgets.command_line import CommandLine
from tuiview.ui.widgets.examine_bar import ExamineBar
from tuiview.ui.widgets.grid_bar import GridBar
from tuiview.ui.widgets.hint_line import HintLine
from tuiview.ui.widgets.image_pane import ImagePane
from tuiview.ui.widgets.item_tree import ItemTree
from tuiview.ui.widgets.mark_bar import MarkBar
from tuiview.ui.widgets.mark_table import MarkTable
from tuiview.ui.widgets.metadata_table import MetadataTable
from tuiview.ui.widgets.note_editor import NoteEditor
from tuiview.ui.widgets.notice_line import NoticeLine
from tuiview.ui.widgets.place_bar import PlaceBar
from tuiview.ui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tuiview.graphics.link import Link
    from tuiview.loading.request import Progress

_REST = 0.15
"""Seconds without a key after which the fine picture and the side panels follow."""
_WIDE = 150
_MEDIUM = 76


class ReviewScreen(Desk):
    """Tree, picture, metadata, note, status and command line around one session.

    Its session has not been started yet; it is when the screen is mounted.
    """

    BINDINGS = bindings("review")
    AUTO_FOCUS = "#picture"

    @dataclass
    class Changed(Message):
        """A change of the session, brought to the screen's thread."""

        change: changes.Change

    # Layout

    _curtain = True
    link: Link | None = None
    """The way to the terminal, also when the review is over."""

    def compose(self) -> ComposeResult:
        """The panels, in the layout for the terminal's size: styled and laid out but once."""
        self._adapt(self.terminal.columns, self.terminal.rows)
        outline = self._outline()
        with Horizontal(id="panels"):
            with Vertical(id="outline"):
                yield PlaceBar(id="place")
                yield ItemTree(outline, self._badges, id="tree")
            yield ImagePane(self.terminal, id="picture")
            with Vertical(id="side"):
                yield MetadataTable(id="metadata")
                yield Static(NOTE, id="note-title", markup=False)
                yield NoteEditor(id="note")
        yield MarkTable(self.action_run, id="mark-table")
        yield Static(id="banner", markup=False)
        yield StatusLine(id="status")
        with Horizontal(id="foot"):
            yield HintLine(self._hints(), id="hints")
            yield Static(":", id="prompt", markup=False)
            yield MarkBar(self.session.settings.groups, self.action_run, id="marks")
            yield ExamineBar(self.action_run, id="examine")
            yield GridBar(self.action_run, id="grid")
            yield CommandLine(commands=completions(self.session.settings), id="command")
        yield NoticeLine(id="notices")

    def on_mount(self) -> None:
        """Begin the review."""
        self.link = self.picture.link
        self.session.viewer.coarse = self.picture.coarse_quality
        self.session.viewer.holds = self.picture.holds
        self.picture.writing = self.session.loader.hold
        self.session.viewer.fine = Quality(true_color=self.terminal.colors > 256)
        self.session.start()
        self.show_status()
        self.call_after_refresh(self._raise_curtain)

    def _extend_compose(self, widgets: list[Widget]) -> None:
        """Add none of Textual's own widgets: notices have their line, and nothing has a tooltip."""

    def _compositor_refresh(self) -> None:
        """Paint; not before the panels have their sizes, as all of it would be painted again."""
        if not self._curtain:
            super()._compositor_refresh()

    def _raise_curtain(self) -> None:
        if self._curtain:
            self._curtain = False
            self._on_timer_update()

    async def _dispatch_message(self, message: Message) -> None:
        """Handle a message; a fault in that is told and written down, and the review goes on."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not self.is_mounted:
                raise
            self.report(error)

    def on_resize(self, event: Resize) -> None:
        """Adapt the layout to the terminal."""
        self._adapt(event.size.width, event.size.height)

    def _adapt(self, width: int, height: int) -> None:
        """Narrow terminals lose the side, then the tree."""
        self.set_class(width < _WIDE, "narrow")
        self.set_class(width < _MEDIUM, "tiny")
        self.set_class(height < 20, "low")

    # Changes of the session

    def on_review_screen_changed(self, message: Changed) -> None:
        """Show what changed, and nothing else."""
        self._show(message.change)
        self.turns.changed()

    def _show(self, change: changes.Change) -> None:
        match change:
            case changes.CursorMoved():
                self._cursor_moved()
            case changes.PictureAnswered(answer):
                self._answered(answer)
            case changes.NeighbourReady() | changes.NeighboursChanged():
                self._send_ahead()
            case changes.DecisionsChanged():
                self.items.refresh_current()
                self.session.viewer.redraw()
                self._show_note()
                self.show_status()
                self._show_banner()
                marking.show_list(self)
            case changes.DisplayChanged() | changes.StoreChanged():
                self.show_status()
                self._show_banner()
            case changes.CollectionGrew():
                self._grown()
            case changes.RowsLoaded():
                self.session.rows_loaded()
                self.items.refresh_items()
                self._show_note()
                self.show_status()
                marking.show_list(self)
            case changes.ToRun(job):
                self._try(job)
            case CrosshairMoved():
                self.show_read_out(None)
                self._start_rest()
                marking.show_list(self)
            case MarkValuesRead():
                marking.show_list(self)
            case ReadOut() as read_out:
                self.show_read_out(read_out)
            case Examined() as examined:
                examining.show(self, examined)
            case changes.MetadataRead(item, info, more):
                self._try(lambda: self.session.viewer.take_info(item, info))
                self.show_read_out(self._read)
                current = self.session.item
                if current is not None and item.key == current.key and not self.examines:
                    self.metadata.show(metadata_rows(item, info, more, self.session.veil))
            case changes.Progressed(progress):
                self._progressed(progress)
            case changes.Faulted(error):
                self.report(error)
            case changes.Noticed(words, severity):
                self.say(words, severity)
            case Sought(position, words):
                if position is None:
                    self.say(f"no {words}", "warning")
                else:
                    self.session.go_to(position)
            case ViewMade() as made:
                self.session.seeking.taken(made)
                self._new_outline()

    def _cursor_moved(self) -> None:
        self._blink_from = None
        self.plotting = False
        self.items.move_to(self.session.position)
        self._show_note()
        self.show_status()
        self._start_rest()
        if self.session.item is None:
            self.picture.say("reading …")

    def _answered(self, answer: Shown | Failed) -> None:
        if not self.session.viewer.answered(answer):
            return
        if isinstance(answer, Failed):
            self.picture.say(*failure_words(self.session, answer))
        elif not self.plotting:
            self.picture.show(answer.payload, answer.name, answer.picture)
        self.show_status()
        self._start_rest()
        marking.show_list(self)

    def _send_ahead(self) -> None:
        """Have the terminal keep the neighbours that are ready, if it can."""
        if self.picture.keeps:
            ready = self.session.viewer.ready_neighbours()
            self.picture.send_ahead([(shown.name, shown.payload) for shown in ready])

    def _progressed(self, progress: Progress) -> None:
        viewer = self.session.viewer
        if not viewer.progressed(progress):
            return
        if viewer.shown is None:
            self.picture.say(progress.what, f"{progress.seconds:.1f} s")
        else:  # the picture of before stays until then
            self.show_status()

    def _start_rest(self) -> None:
        if self._rest is None:
            self._rest = self.set_timer(_REST, lambda: self.call_later(self._rested), name="rest")
        else:
            self._rest.reset()

    def _rested(self) -> None:
        self._rest = None
        self.session.viewer.rested()
        self.session.seeking.rested()
        self.show_metadata()

    def _grown(self) -> None:
        self.session.grown()
        self.items.grown()
        self.items.move_to(self.session.position)
        self.show_status()
        if self.session.collection.complete and not self.session.count:
            self._show_empty()

    def _show_empty(self) -> None:
        collection = self.session.collection
        hint = f"{collection.skipped:,} other files were left out" if collection.skipped else ""
        problems = "; ".join(collection.problems[:3])
        self.picture.say(
            f"no images in {collection.title}", "; ".join(filter(None, [hint, problems]))
        )

    def _outline(self) -> Outline:
        session = self.session
        label = session.veil.label if session.veil is not None else None
        return Outline(session.collection, session.view, label=label)

    def _new_outline(self) -> None:
        self.items.use(self._outline(), self.session.position)
        self.show_status()

    # Messages of the panels

    def on_image_pane_resized(self, message: ImagePane.Resized) -> None:
        """The picture has another size now."""
        self.session.viewer.use_pane(message.area, self.picture.protocol)
        self._raise_curtain()

    def on_image_pane_painted(self, message: ImagePane.Painted) -> None:
        """The picture is on the screen."""
        shown = self.session.viewer.shown
        if shown is not None and message.name == shown.name:
            self.session.viewer.painted()

    def on_image_pane_lost(self) -> None:
        """The terminal has nothing any more."""
        self._send_ahead()

    def on_click(self, event: Click) -> None:
        """The mouse was clicked."""
        marking.clicked(self, event)

    def on_mark_table_chosen(self, message: MarkTable.Chosen) -> None:
        """Another mark is under the list's cursor."""
        self.session.marking.go_to_mark(message.at)

    def on_mark_table_left(self, message: MarkTable.Left) -> None:
        """The keys go back from the list to the crosshair."""
        marking.leave_list(self, close=message.closed)

    def on_item_tree_chosen(self, message: ItemTree.Chosen) -> None:
        """An item was chosen in the tree."""
        self.session.go_to(message.position)

    def on_item_tree_in_sight(self, message: ItemTree.InSight) -> None:
        """Other lines of the tree are in sight."""
        self.session.sight.want(range(message.first, message.last + 1), "tree")

    def on_note_editor_drafted(self, message: NoteEditor.Drafted) -> None:
        """A note is being typed; what comes in after it was kept would be a draft of nothing."""
        if self.note.editing:
            self.session.decisions.draft_note(message.key, message.text, added=not message.whole)

    def on_note_editor_kept(self, message: NoteEditor.Kept) -> None:
        """A note is kept."""
        self.session.decisions.keep_note(message.key, message.text, added=not message.whole)
        self._leave_note()

    def on_note_editor_left(self, message: NoteEditor.Left) -> None:
        """The note editor is left; the draft stays."""
        self._leave_note()

    def _leave_note(self) -> None:
        self.note.stop()
        self.query_one("#note-title", Static).update(NOTE)
        self.remove_class("noting")
        self.focus_mode()
        self._show_note()

    def on_note_editor_external_wanted(self, message: NoteEditor.ExternalWanted) -> None:
        """The note is edited in the reviewer's own editor."""
        from tuiview.ui.external import edit_text

        try:
            with self.app.suspend():
                text = edit_text(message.text)
        except TuiviewError as error:
            self.say(str(error), "error")
        else:
            self.note.replace_text(text)

    def on_command_line_left(self) -> None:
        """The command line is left."""
        self.remove_class("asking")
        self.command.stop()
        self.focus_mode()

    def on_command_line_entered(self, message: CommandLine.Entered) -> None:
        """A command or a search was entered."""
        searching_metadata = self._asked_from is self.metadata
        self.on_command_line_left()
        if message.prompt == "label ":
            if self.labelled is not None:
                self.session.marking.label(self.labelled, message.text)
        elif message.prompt == ":":
            self._try(lambda: run_command(self, message.text))
        elif searching_metadata:
            self.set_focus(self.metadata)
            if not self.metadata.search(message.text):
                self.say(f"no '{message.text}' in the metadata", "warning")
        else:
            self._try(lambda: self.session.finding.text(message.text))
