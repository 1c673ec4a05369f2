"""A mode's bar: it has the focus, and with it the keys, exactly while its mode is on."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Static


class ModeBar(Static, can_focus=True):
    """One line at the foot of the screen; the bars of modes bring its keys and its words.

    Args:
        run: Does the action of an id.
    """

    DEFAULT_CSS = """
    ModeBar { height: 1; width: 1fr; background: $boost; display: none; }
    """

    def __init__(self, run: Callable[[str], object], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._run = run

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._run(action_id)
