"""What is drawn over the pictures, shown or hidden by keys: marks, labels, catalogues."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiview.ui.screens.desk import Desk


def toggle_marks(desk: Desk) -> None:
    """Show or hide own marks."""
    marking = desk.session.marking
    marking.marks_shown = not marking.marks_shown
    desk.session.viewer.overlay_changed()
    desk.say(f"marks {'shown' if marking.marks_shown else 'hidden'}")


def toggle_labels(desk: Desk) -> None:
    """Show or hide the words beside marks and sources."""
    marking = desk.session.marking
    marking.labels = not marking.labels
    desk.session.catalogues.show_labels(marking.labels)
    desk.say(f"labels {'shown' if marking.labels else 'hidden'}")


def toggle_catalogues(desk: Desk) -> None:
    """Show or hide all catalogues."""
    desk.say(desk.session.catalogues.toggle())


def catalogue(desk: Desk, text: str) -> None:
    """`:catalog FILE` opens one, `:catalog NUMBER` shows or hides one, `:catalog` tells of all."""
    from tuiview.exchange.options import CatalogueOptions

    catalogues, words = desk.session.catalogues, text.strip()
    if words.isdecimal() and int(words) > 0:
        desk.say(catalogues.toggle(int(words) - 1))
    elif words:
        catalogues.add(CatalogueOptions.parse(words))
    else:
        desk.say(catalogues.words)


def menu(desk: Desk) -> None:
    """Choose one of all that is drawn, to show or hide it."""
    from tuiview.ui.screens.choose import ChooseScreen

    session = desk.session
    catalogues = session.catalogues
    entries: list[tuple[bool, str, Callable[[], object]]] = [
        (session.marking.marks_shown, "own marks", lambda: toggle_marks(desk)),
        (session.marking.labels, "labels", lambda: toggle_labels(desk)),
        (session.annotating.shown, "scale bar, compass, mini-map", session.annotating.toggle),
    ]
    for number, sheet in enumerate(catalogues.sheets):
        entries.append((
            sheet.shown and catalogues.shown,
            f"{number + 1} {sheet.options.title}",
            lambda n=number: desk.say(catalogues.toggle(n)),  # type: ignore[misc]
        ))  # fmt: skip
    lines = [f"[{'x' if shown else ' '}] {name}" for shown, name, _ in entries]

    def chosen(line: str | None) -> None:
        if line is not None:
            entries[lines.index(line)][2]()

    desk.app.push_screen(ChooseScreen("show or hide", lines), chosen)
