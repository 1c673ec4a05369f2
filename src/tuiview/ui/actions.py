"""The one registry of actions: what keys, the palette, the help and the docs all refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.binding import Binding, BindingType

from tuiview.session.examining import EXAMINATIONS
from tuiview.ui import composing, examining, gridding, marking, overlays

if TYPE_CHECKING:
    from tuiview.session.marking import Marking
    from tuiview.ui.screens.desk import Desk

Run = Callable[["Desk"], object]


class Action(Struct, frozen=True):
    """Something that one key does.

    Attributes:
        id: What a keymap in the settings calls it.
        keys: Textual's key names, separated by commas.
        words: What it does, in a few words.
        group: Under which heading the help shows it.
        run: Does it.
        mode: `review`, or the mode in which it is alive.
        hint: A very short name if the hint line shows it.
    """

    id: str
    keys: str
    words: str
    group: str
    run: Run
    mode: str = "review"
    hint: str = ""


def _categories() -> Iterator[Action]:
    for n in range(1, 10):
        yield Action(
            f"category-{n}", str(n), f"category {n} on or off", "Review",
            lambda desk, n=n: desk.toggle_category(n - 1),  # type: ignore[misc]
            hint="1-9 category" if n == 1 else "",
        )  # fmt: skip


def _marking(verb: Callable[[Marking], object]) -> Run:
    """Run a verb of mark mode where the crosshair will be once it has come to rest."""
    return lambda desk: desk.session.marking.then(lambda: verb(desk.session.marking))


def _groups() -> Iterator[Action]:
    for n in range(1, 10):
        yield Action(
            f"mark-{n}", str(n), f"put a mark of group {n}", "Mark mode",
            _marking(lambda m, n=n: m.put(n - 1)),  # type: ignore[misc]
            mode="mark",
        )  # fmt: skip


def _letters() -> Iterator[Action]:
    for one in EXAMINATIONS:
        yield Action(
            f"examine-{one.key}", one.key, one.name, "After x",
            lambda desk, one=one: examining.examine(desk, one),  # type: ignore[misc]
            mode="examine", hint=f"{one.key} {one.short}",
        )  # fmt: skip


def _steps() -> Iterator[Action]:
    """The crosshair's steps among the letters, of which IRAF has all that vim moves with."""
    for name, dx, dy in (("left", -1, 0), ("down", 0, 1), ("up", 0, -1), ("right", 1, 0)):
        for far, key, words in ((1, name, "a screen pixel"), (10, f"shift+{name}", "ten")):
            yield Action(
                f"examine-{'far-' if far > 1 else ''}{name}", key, f"crosshair {name} by {words}",
                "After x",
                lambda desk, x=far * dx, y=far * dy: examining.step(desk, x, y),  # type: ignore[misc]
                mode="examine",
            )  # fmt: skip


ACTIONS: tuple[Action, ...] = (
    # Review
    Action("next-item", "j,down,space", "next item", "Review",
           lambda d: d.session.move(1), hint="j next"),
    Action("previous-item", "k,up", "previous item", "Review",
           lambda d: d.session.move(-1), hint="k back"),
    Action("first-item", "g,home", "first item", "Review", lambda d: d.session.go_to(0)),
    Action("last-item", "G,end", "last item", "Review",
           lambda d: d.session.go_to(d.session.count - 1)),
    Action("page-down", "pagedown,ctrl+f", "ten items on", "Review", lambda d: d.session.move(10)),
    Action("page-up", "pageup,ctrl+b", "ten items back", "Review", lambda d: d.session.move(-10)),
    Action("next-unreviewed", "right_square_bracket", "next unreviewed item", "Review",
           lambda d: d.session.seeking.unreviewed(1), hint="] unreviewed"),
    Action("previous-unreviewed", "left_square_bracket", "previous unreviewed item", "Review",
           lambda d: d.session.seeking.unreviewed(-1)),
    *_categories(),
    Action("unsure", "0", "unsure on or off", "Review", lambda d: d.toggle_unsure(),
           hint="0 unsure"),
    Action("favourite", "f", "favourite on or off", "Review",
           lambda d: d.session.decisions.toggle_favourite(), hint="f favourite"),
    Action("auto-advance", "a", "move on after a category: on or off", "Review",
           lambda d: d.toggle_auto_advance()),
    Action("note", "enter", "write a note; ctrl+s keeps it, ctrl+g leaves", "Review",
           lambda d: d.edit_note(), hint="enter note"),
    Action("undo", "u", "undo the last decision", "Review", lambda d: d.undo(), hint="u undo"),
    Action("redo", "ctrl+r", "redo what was undone", "Review", lambda d: d.redo()),
    Action("copy", "y", "copy coordinates, or the item's key", "Review", marking.copy),
    Action("copy-as", "Y", "copy coordinates in another form", "Review", marking.copy_as),
    # Finding
    Action("search", "slash", "search names", "Finding", lambda d: d.ask("/")),
    Action("search-next", "n", "search again", "Finding", lambda d: d.search_again(1)),
    Action("search-previous", "N", "search again, backwards", "Finding",
           lambda d: d.search_again(-1)),
    Action("stop", "escape,ctrl+g", "give up a search, or the view that is being made", "Finding",
           lambda d: d.stop()),
    Action("filter", "F", "filter: unreviewed, a category, ...", "Finding",
           lambda d: d.ask(":", "filter ")),
    Action("order", "O", "order: name or random[:SEED]", "Finding", lambda d: d.ask(":", "order ")),
    Action("command", "colon", "command line: a number goes to that item", "Finding",
           lambda d: d.ask(":"), hint=": command"),
    # View
    Action("zoom-in", "plus,equals_sign", "zoom in", "View", lambda d: d.zoom(2.0)),
    Action("zoom-out", "minus", "zoom out", "View", lambda d: d.zoom(0.5)),
    Action("zoom-in-little", "ctrl+up", "zoom in by 1.2", "View", lambda d: d.zoom(1.2)),
    Action("zoom-out-little", "ctrl+down", "zoom out by 1.2", "View", lambda d: d.zoom(1 / 1.2)),
    Action("fit", "z", "fit to the pane, or one to one", "View",
           lambda d: d.session.look.fit_or_one(), hint="z fit"),
    Action("pan-left", "H,shift+left", "pan left", "View", lambda d: d.pan(-0.25, 0)),
    Action("pan-down", "J,shift+down", "pan down", "View", lambda d: d.pan(0, 0.25)),
    Action("pan-up", "K,shift+up", "pan up", "View", lambda d: d.pan(0, -0.25)),
    Action("pan-right", "L,shift+right", "pan right", "View", lambda d: d.pan(0.25, 0)),
    Action("rotate", "r", "rotate by 90 degrees", "View", lambda d: d.session.look.turn(1)),
    Action("flip", "vertical_line", "mirror left and right", "View",
           lambda d: d.session.look.change(flip=not d.session.look.current.flip)),
    Action("north-up", "circumflex_accent", "north up, east left", "View",
           lambda d: d.session.look.change(north_up=not d.session.look.current.north_up)),
    Action("previous-frame", "comma", "previous frame", "View", lambda d: d.step_frame(-1)),
    Action("next-frame", "full_stop", "next frame", "View", lambda d: d.step_frame(1)),
    Action("frame-menu", "semicolon", "choose a frame by name", "View", lambda d: d.frame_menu()),
    Action("compose", "p", "three frames as colour, or one alone", "View", composing.toggle),
    Action("next-coordinates", "right_curly_bracket",
           "next coordinates: sexagesimal, degrees, galactic, ecliptic", "View",
           lambda d: d.cycle_coordinates(1)),
    Action("previous-coordinates", "left_curly_bracket", "previous coordinates", "View",
           lambda d: d.cycle_coordinates(-1)),
    Action("annotations", "I", "scale bar, compass, mini-map on or off", "View",
           lambda d: d.session.annotating.toggle()),
    Action("blink", "b", "blink with the previous frame or item", "View", lambda d: d.blink()),
    # Grid
    Action("grid", "o", "a grid of items, or one picture", "Grid",
           lambda d: gridding.toggle(d, "items"), hint="o grid"),
    Action("grid-of-frames", "ctrl+o", "a grid of the item's frames in step", "Grid",
           lambda d: gridding.toggle(d, "frames")),
    Action("grid-left", "h,left", "the tile to the left", "Grid",
           lambda d: gridding.across(d, -1), mode="grid"),
    Action("grid-down", "j,down", "the tile below", "Grid",
           lambda d: gridding.down(d, 1), mode="grid"),
    Action("grid-up", "k,up", "the tile above", "Grid",
           lambda d: gridding.down(d, -1), mode="grid"),
    Action("grid-right", "l,right", "the tile to the right", "Grid",
           lambda d: gridding.across(d, 1), mode="grid"),
    Action("grid-page-down", "pagedown,ctrl+f", "next page", "Grid",
           lambda d: d.session.grid.move_pages(1), mode="grid"),
    Action("grid-page-up", "pageup,ctrl+b", "previous page", "Grid",
           lambda d: d.session.grid.move_pages(-1), mode="grid"),
    Action("grid-larger", "plus,equals_sign", "fewer and larger tiles", "Grid",
           lambda d: gridding.resize(d, -1), mode="grid"),
    Action("grid-smaller", "minus", "more and smaller tiles", "Grid",
           lambda d: gridding.resize(d, 1), mode="grid"),
    Action("grid-open", "enter", "the framed tile alone", "Grid",
           lambda d: gridding.show(d, None), mode="grid"),
    Action("leave-grid", "q,escape", "leave the grid", "Grid",
           lambda d: gridding.show(d, None), mode="grid"),
    # Display
    Action("next-stretch", "t", "next stretch", "Display",
           lambda d: d.session.look.cycle("stretch", 1), hint="t stretch"),
    Action("previous-stretch", "T", "previous stretch", "Display",
           lambda d: d.session.look.cycle("stretch", -1)),
    Action("next-interval", "v", "next interval", "Display",
           lambda d: d.session.look.cycle("interval", 1), hint="v interval"),
    Action("previous-interval", "V", "previous interval", "Display",
           lambda d: d.session.look.cycle("interval", -1)),
    Action("next-colormap", "c", "next colour map", "Display",
           lambda d: d.session.look.cycle("colormap", 1)),
    Action("previous-colormap", "C", "previous colour map", "Display",
           lambda d: d.session.look.cycle("colormap", -1)),
    Action("low-limit-down", "left_parenthesis", "low limit down", "Display",
           lambda d: d.shift_limit(0, -1)),
    Action("low-limit-up", "right_parenthesis", "low limit up", "Display",
           lambda d: d.shift_limit(0, 1)),
    Action("high-limit-down", "less_than_sign", "high limit down", "Display",
           lambda d: d.shift_limit(1, -1)),
    Action("high-limit-up", "greater_than_sign", "high limit up", "Display",
           lambda d: d.shift_limit(1, 1)),
    Action("invert", "i", "invert the colour map", "Display",
           lambda d: d.session.look.change(invert=not d.session.look.current.invert)),
    Action("toggle-marks", "S", "show or hide own marks", "Display", overlays.toggle_marks),
    Action("toggle-labels", "A", "show or hide labels of marks and sources", "Display",
           overlays.toggle_labels),
    Action("toggle-catalogues", "D", "show or hide catalogues", "Display",
           overlays.toggle_catalogues),
    Action("overlay-menu", "M", "show or hide marks, labels, one of the catalogues", "Display",
           overlays.menu),
    Action("lock-display", "w", "lock the display across items", "Display",
           lambda d: d.toggle_lock()),
    Action("reset-display", "R", "reset the display", "Display", lambda d: d.session.look.reset()),
    # Mark mode
    Action("mark-mode", "m", "mark mode: a crosshair to put marks with", "Mark mode",
           marking.enter, hint="m mark"),
    Action("crosshair-left", "h,left", "crosshair left by a screen pixel", "Mark mode",
           _marking(lambda m: m.step(-1, 0)), mode="mark"),
    Action("crosshair-down", "j,down", "crosshair down", "Mark mode",
           _marking(lambda m: m.step(0, 1)), mode="mark"),
    Action("crosshair-up", "k,up", "crosshair up", "Mark mode",
           _marking(lambda m: m.step(0, -1)), mode="mark"),
    Action("crosshair-right", "l,right", "crosshair right", "Mark mode",
           _marking(lambda m: m.step(1, 0)), mode="mark"),
    Action("crosshair-far-left", "H,shift+left", "crosshair left by ten", "Mark mode",
           _marking(lambda m: m.step(-10, 0)), mode="mark"),
    Action("crosshair-far-down", "J,shift+down", "crosshair down by ten", "Mark mode",
           _marking(lambda m: m.step(0, 10)), mode="mark"),
    Action("crosshair-far-up", "K,shift+up", "crosshair up by ten", "Mark mode",
           _marking(lambda m: m.step(0, -10)), mode="mark"),
    Action("crosshair-far-right", "L,shift+right", "crosshair right by ten", "Mark mode",
           _marking(lambda m: m.step(10, 0)), mode="mark"),
    *_groups(),
    Action("snap", "s", "snap to the centroid within the circle", "Mark mode",
           _marking(lambda m: m.snap()), mode="mark"),
    Action("next-peak", "apostrophe", "to the next local peak, brightest first", "Mark mode",
           _marking(lambda m: m.next_peak(1)), mode="mark"),
    Action("previous-peak", "quotation_mark", "to the peak before", "Mark mode",
           _marking(lambda m: m.next_peak(-1)), mode="mark"),
    Action("next-mark", "tab", "to the next mark", "Mark mode",
           _marking(lambda m: m.next_mark(1)), mode="mark"),
    Action("previous-mark", "shift+tab", "to the mark before", "Mark mode",
           _marking(lambda m: m.next_mark(-1)), mode="mark"),
    Action("move-mark", "M", "take the nearest mark along; again puts it down", "Mark mode",
           _marking(lambda m: m.grab()), mode="mark"),
    Action("label-mark", "e", "label the nearest mark", "Mark mode", marking.label, mode="mark"),
    Action("mark-list", "p", "list of marks: j and k go through it", "Mark mode",
           marking.open_list, mode="mark"),
    Action("delete-mark", "d", "delete the nearest mark", "Mark mode",
           _marking(lambda m: m.delete_nearest()), mode="mark"),
    Action("leave-marking", "m,q,escape", "leave mark mode", "Mark mode", marking.leave,
           mode="mark"),
    # Examine
    Action("examine", "x", "examine: then a letter, as in IRAF's imexamine", "Examine",
           examining.enter, hint="x examine"),
    *_letters(),
    *_steps(),
    Action("examine-copy", "y", "copy the result", "After x",
           lambda d: d.copy_words("\n".join(d.session.examining.last)), mode="examine",
           hint="y copy"),
    Action("leave-examining", "q,escape,ctrl+g,enter", "back to the picture", "After x",
           examining.leave, mode="examine", hint="q leave"),
    # Panels and program
    Action("next-panel", "tab", "next panel", "Program", lambda d: d.next_panel(1)),
    Action("previous-panel", "shift+tab", "previous panel", "Program", lambda d: d.next_panel(-1)),
    Action("toggle-tree", "f2", "show or hide the tree", "Program",
           lambda d: d.toggle_panel("tree")),
    Action("toggle-metadata", "f3", "show or hide the metadata", "Program",
           lambda d: d.toggle_panel("metadata")),
    Action("toggle-note", "f4", "show or hide the note", "Program",
           lambda d: d.toggle_panel("note")),
    Action("picture-alone", "backslash", "the picture alone, or with its panels", "Program",
           lambda d: d.picture_alone()),
    Action("read-again", "f5,ctrl+l", "read the item again and redraw", "Program",
           lambda d: d.read_again()),
    Action("messages", "f6", "what was said and copied", "Program", lambda d: d.show_messages()),
    Action("counters", "ctrl+t", "loader, caches and link in figures", "Program",
           lambda d: d.show_counters()),
    Action("palette", "ctrl+p", "all actions by name", "Program",
           lambda d: d.app.action_command_palette()),
    Action("suspend", "ctrl+z", "suspend; fg brings it back", "Program",
           lambda d: d.app.action_suspend_process()),
    Action("help", "question_mark,f1", "keys and what they do", "Program",
           lambda d: d.show_help(), hint="? help"),
    Action("quit", "q", "quit; everything is saved", "Program", lambda d: d.leave(),
           hint="q quit"),
)  # fmt: skip

_BY_ID = {action.id: action for action in ACTIONS}


def action(action_id: str) -> Action:
    """The action of that id; KeyError if there is none."""
    return _BY_ID[action_id]


def bindings(mode: str) -> list[BindingType]:
    """The bindings of a mode, for the `BINDINGS` of the widget that is alive in it."""
    return [
        Binding(a.keys, f"run('{a.id}')", a.words, id=a.id, show=bool(a.hint), tooltip=a.words)
        for a in ACTIONS
        if a.mode == mode
    ]


_KEY_NAMES = {
    "question_mark": "?", "slash": "/", "colon": ":", "semicolon": ";", "comma": ",",
    "full_stop": ".", "plus": "+", "minus": "-", "equals_sign": "=", "backslash": "\\",
    "left_parenthesis": "(", "right_parenthesis": ")", "less_than_sign": "<",
    "greater_than_sign": ">", "left_square_bracket": "[", "right_square_bracket": "]",
    "left_curly_bracket": "{", "right_curly_bracket": "}",
    "vertical_line": "|", "circumflex_accent": "^", "apostrophe": "'",
    "quotation_mark": '"',
}  # fmt: skip


def key_names(keys: str) -> str:
    """Textual's key names as people write them: `question_mark,f1` is `? f1`."""
    return " ".join(_KEY_NAMES.get(key, key) for key in keys.split(","))


def effective_keys(keymap: dict[str, str]) -> dict[str, str]:
    """Key lists by action id with the user's keymap laid over the built-in ones."""
    return {a.id: keymap.get(a.id, a.keys) for a in ACTIONS}
