"""The counters: loader, caches and link in figures, renewed while one looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Static

from tuiview.graphics.link import Link
from tuiview.loading.counters import Counters
from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.session.session import Session
    from tuiview.ui.widgets.image_pane import ImagePane


class CountersScreen(ModalScreen[None]):
    """A box of figures; any leaving key closes it.

    Args:
        session: Whose loader is counted.
        picture: Whose link is measured.
    """

    BINDINGS = [Binding("ctrl+t,q,escape,ctrl+g,enter", "close", "close")]

    DEFAULT_CSS = """
    CountersScreen { align: right top; }
    CountersScreen > Static {
        width: 60; max-width: 96%; height: auto; padding: 0 2; margin: 1 2;
        border: round $primary; background: $surface;
    }
    """

    def __init__(self, session: Session, picture: ImagePane) -> None:
        super().__init__()
        self._session = session
        self._picture = picture

    def compose(self) -> ComposeResult:
        """The box."""
        box = Static(self._words(), markup=False)
        box.border_title = "counters"
        yield box

    def on_mount(self) -> None:
        """Renew the figures twice a second."""
        self.set_interval(0.5, lambda: self.query_one(Static).update(self._words()))

    def _words(self) -> str:
        collection = self._session.collection
        lines = [
            f"items {len(collection):,}, left out as no images {collection.skipped:,}",
            *self._problems(),
            "",
            *counter_lines(self._session.loader.counters()),
            "",
            *link_lines(self._picture.link),
        ]
        return printable("\n".join(lines), lines=True)

    def _problems(self) -> Sequence[str]:
        """What could not be read of the collection; only of how much, where names are hidden."""
        problems, veil = self._session.collection.problems, self._session.veil
        if veil is not None and veil.names and problems:
            return [f"could not be read: {len(problems):,}"]
        return problems[:3]

    def action_close(self) -> None:
        """Close the box."""
        self.dismiss()


def link_lines(link: Link) -> list[str]:
    """What is measured of the link to the terminal."""
    trip = "not measured" if link.round_trip is None else f"{1e3 * link.round_trip:.1f} ms"
    rate = "not measured" if link.rate is None else f"{link.rate / 1e6:.2f} MB/s"
    paced = "" if link.answering else " (by time: the terminal does not acknowledge)"
    return [f"round trip            {trip}", f"to the terminal       {rate}{paced}",
            f"under way             {link.in_flight:,} bytes"]  # fmt: skip


def counter_lines(counters: Counters) -> list[str]:
    """The loader's counters as lines of text."""
    asked = counters.hits + counters.misses
    share = f" ({100 * counters.hits / asked:.0f} %)" if asked else ""
    lines = [
        f"pictures asked for    {asked:,}, ready {counters.hits:,}{share}",
        f"made ahead            {counters.ahead:,}, previews {counters.previews:,}",
        f"given up, failed      {counters.cancelled:,}, {counters.failed:,}",
        f"queue, running, stuck {counters.queued}, {counters.running}, {counters.stuck}"
        f" on {counters.threads} threads",
        "",
        f"{'ms':<22}{'median':>8}{'p90':>8}{'worst':>8}{'n':>8}",
    ]
    for name, t in counters.times.items():
        lines.append(
            f"{name:<22}{1e3 * t.p50:>8.1f}{1e3 * t.p90:>8.1f}{1e3 * t.worst:>8.1f}{t.count:>8,}"
        )
    lines += ["", f"{'MB held':<22}{'held':>8}{'bound':>8}"]
    for name, held in counters.held.items():
        lines.append(f"{name:<22}{held / 1e6:>8.1f}{counters.bounds[name] / 1e6:>8.1f}")
    return lines
