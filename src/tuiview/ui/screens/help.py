"""The help screen: made from the registry of actions and the table of commands."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tuiview.ui.actions import ACTIONS, key_names
from tuiview.ui.commands import COMMANDS


class HelpScreen(ModalScreen[None]):
    """All keys and commands, with the user's keymap applied; any leaving key closes it.

    Args:
        keys: Key lists by action id, as they are in force.
        remark: What is to be known besides.
    """

    BINDINGS = [
        Binding("question_mark,q,escape,ctrl+g,enter,f1", "close", "close"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("space,pagedown", "scroll(15)", "page down", show=False),
        Binding("b,pageup", "scroll(-15)", "page up", show=False),
    ]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 76; max-width: 96%; height: 92%; overflow-y: scroll;
        padding: 0 2; border: round $primary; background: $surface;
    }
    """

    def __init__(self, keys: dict[str, str], remark: str = "") -> None:
        super().__init__()
        self._keys = keys
        self._remark = remark

    def compose(self) -> ComposeResult:
        """One scrolling box."""
        with VerticalScroll() as box:
            box.border_title = "keys: j k scroll, q closes"
            box.can_focus = False
            if self._remark:
                yield Static(self._remark, markup=False)
            yield Static(help_text(self._keys), markup=False)

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def help_text(keys: dict[str, str]) -> Content:
    """The help as text: actions by group, then commands."""
    lines: list[Content] = []
    group = ""
    for action in ACTIONS:
        if action.group != group:
            group = action.group
            lines += [Content(""), Content.styled(group, "bold $text-accent")]
        shown, words = key_names(keys[action.id]), action.words
        kind, _, number = action.id.partition("-")
        if kind in ("category", "mark") and number.isdigit():
            if number != "9":
                continue
            first = key_names(keys[f"{kind}-1"])
            shown, words = f"{first} to {shown}", words.replace("9", "1 to 9")
        lines.append(Content.assemble((f"  {shown:<22}", "$text-secondary"), words))
    lines += [Content(""), Content.styled("Commands after :", "bold $text-accent")]
    lines.append(Content.assemble(("  N  +N  -N  N%  $      ", "$text-secondary"), "go to an item"))
    for command in COMMANDS:
        lines.append(
            Content.assemble(
                (f"  {command.name} {command.usage}".ljust(24) + " ", "$text-secondary"),
                command.words,
            )
        )
    lines.append(Content(""))
    return Content("\n").join(lines[1:])
