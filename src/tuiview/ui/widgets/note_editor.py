"""The note editor: text about the item, saved as a draft while it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea


class NoteEditor(TextArea):
    """A text area bound to one item at a time.

    It only takes keys while it is being edited, so that no decision ends up in a note and no note
    ends up in a decision.
    """

    BINDINGS = [
        Binding("ctrl+s", "keep", "keep the note", id="note-keep", priority=True),
        Binding("ctrl+g,escape", "leave", "leave; the draft stays", id="note-leave", priority=True),
        Binding("ctrl+e", "external", "edit in $EDITOR", id="note-external", priority=True),
    ]

    DEFAULT_CSS = """
    NoteEditor { border: none; padding: 0 1; scrollbar-size: 1 1; background: $surface; }
    NoteEditor:focus { border: none; background: $boost; }
    """

    @dataclass
    class Kept(Message):
        """The reviewer keeps the note; if it is not whole, the text goes after what there was."""

        key: str
        text: str
        whole: bool

    @dataclass
    class Left(Message):
        """The reviewer leaves without keeping; the draft stays."""

        key: str

    @dataclass
    class Drafted(Message):
        """The text has changed while it was being edited; `whole` as in `Kept`."""

        key: str
        text: str
        whole: bool

    @dataclass
    class ExternalWanted(Message):
        """The reviewer wants to go on in an editor of their own."""

        key: str
        text: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, id=id, tab_behavior="focus")
        self.key: str | None = None
        self.whole = True
        self.can_focus = False
        self.cursor_blink = False
        self.highlight_cursor_line = False

    @property
    def editing(self) -> bool:
        """Whether keys go into the note."""
        return self.can_focus

    def show(self, key: str | None, text: str) -> None:
        """Show the note of an item; does nothing while one is being edited."""
        if not self.editing:
            self.key = key
            if text != self.text:
                self.load_text(text)

    def begin(self, key: str, text: str, *, whole: bool = True) -> None:
        """Take keys for the note of `key`, beginning with `text`.

        Where the kept note is not known yet, the text is not `whole` before `complete`.
        """
        self.show(key, text)
        self.whole = whole
        self.can_focus = True
        self.screen.set_focus(self)
        self.move_cursor(self.document.end)

    def complete(self, text: str) -> None:
        """Put the kept note, now that it is known, before what is being typed."""
        self.whole = True
        if text:
            self.insert(text, (0, 0))

    def replace_text(self, text: str) -> None:
        """Go on editing with another text."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    def stop(self) -> None:
        """Take no more keys."""
        self.can_focus = False

    def on_text_area_changed(self) -> None:
        """Pass what is typed on as a draft."""
        if self.editing and self.key is not None:
            self.post_message(self.Drafted(self.key, self.text, self.whole))

    def action_keep(self) -> None:
        """Keep the note and leave."""
        if self.key is not None:
            self.post_message(self.Kept(self.key, self.text, self.whole))

    def action_leave(self) -> None:
        """Leave without keeping."""
        if self.key is not None:
            self.post_message(self.Left(self.key))

    def action_external(self) -> None:
        """Go on in the reviewer's own editor."""
        if self.key is not None:
            self.post_message(self.ExternalWanted(self.key, self.text))
