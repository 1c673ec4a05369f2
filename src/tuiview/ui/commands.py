"""What can be typed after `:`; each command says how it is used."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tuiview.errors import UsageError
from tuiview.imaging.display import COLORMAPS, INTERVALS, RANGES, STRETCHES
from tuiview.session.choice import FILTERS
from tuiview.session.copying import FORMS
from tuiview.settings import COORDINATES
from tuiview.text import printable
from tuiview.ui import composing, gridding, marking, overlays

if TYPE_CHECKING:
    from tuiview.settings import Settings
    from tuiview.ui.screens.desk import Desk

Run = Callable[["Desk", str], object]


class Command(Struct, frozen=True):
    """A command of the command line.

    Attributes:
        name: The word that calls it; a beginning that is unique is enough.
        usage: Its arguments.
        words: What it does.
        run: Does it with the text after the name; raises UsageError if that makes no sense.
    """

    name: str
    usage: str
    words: str
    run: Run


def _limits(desk: Desk, text: str) -> None:
    if text.strip() in ("", "auto"):
        desk.session.look.change(limits=None)
        return
    low, high = _numbers(text, 2, ":limits LOW HIGH")
    if not low < high:
        raise UsageError("the low limit must be below the high one", ":limits LOW HIGH")
    desk.session.look.change(limits=(low, high), scaled_color=True)


def _number_of(name: str) -> Run:
    low, high = RANGES[name]

    def run(desk: Desk, text: str) -> None:
        (value,) = _numbers(text, 1, f":{name} NUMBER")
        if not low <= value <= high:
            raise UsageError(f"{name} goes from {low:g} to {high:g}")
        desk.session.look.change(**{name: value})

    return run


def _choice_of(name: str, choices: tuple[str, ...]) -> Run:
    def run(desk: Desk, text: str) -> None:
        wanted = text.strip()
        if wanted not in choices:
            raise UsageError(f"no {name} is called {wanted or 'nothing'}", ", ".join(choices))
        desk.session.look.check(name)
        freed = {"limits": None} if name == "interval" else {}
        desk.session.look.change(**{name: wanted, "scaled_color": True}, **freed)

    return run


def _zoom(desk: Desk, text: str) -> None:
    if text.strip() == "fit":
        desk.session.look.change(zoom=None, center=None)
        return
    (value,) = _numbers(text, 1, ":zoom FACTOR or :zoom fit")
    low, high = RANGES["zoom"]
    if not low <= value <= high:
        raise UsageError("zoom goes from 1/256 to 256")
    desk.session.look.change(zoom=value)


def _frame(desk: Desk, text: str) -> None:
    shown = desk.session.viewer.shown
    frames = list(shown.info.frames) if shown is not None else []
    wanted = text.strip()
    if wanted.isdecimal() and 1 <= int(wanted) <= len(frames):
        wanted = frames[int(wanted) - 1]
    if wanted not in frames:
        close = get_close_matches(wanted, frames, 3)
        raise UsageError(f"this item has no frame {wanted}", ", ".join(close or frames[:5]))
    desk.session.look.show_frame(wanted)


def _save_to(desk: Desk, text: str) -> None:
    if not text.strip():
        raise UsageError("where to?", ":save-to PATH")
    desk.session.save_to(Path(text.strip()).expanduser())


COMMANDS: tuple[Command, ...] = (
    Command("limits", "LOW HIGH | auto", "set the limits in data units", _limits),
    Command("stretch", "NAME", "set the stretch", _choice_of("stretch", STRETCHES)),
    Command("interval", "NAME", "set the interval", _choice_of("interval", INTERVALS)),
    Command("colormap", "NAME", "set the colour map", _choice_of("colormap", COLORMAPS)),
    Command("grid", "COLUMNS | items | frames | off", "pictures side by side", gridding.command),
    Command("gamma", "NUMBER", "set the gamma", _number_of("gamma")),
    Command("contrast", "NUMBER", "set DS9's contrast", _number_of("contrast")),
    Command("bias", "NUMBER", "set DS9's bias", _number_of("bias")),
    Command("blur", "SIGMA", "blur the data, in image pixels", _number_of("blur")),
    Command("zoom", "FACTOR | fit", "set the zoom", _zoom),
    Command("frame", "NAME | NUMBER", "show a frame", _frame),
    Command("rgb", "[lupton | simple] [RED GREEN BLUE] | off", "three frames as colour",
            composing.rgb),
    Command("lupton", "Q [STRETCH | auto]", "set the scaling of an rgb picture", composing.lupton),
    Command("mix", "[FRAME ...]", "mix frames, red to blue", composing.mix),
    Command("saturation", "NUMBER", "set the saturation of a mix", composing.saturation),
    Command("difference", "FRAME [FRAME] | off", "subtract a frame",
            partial(composing.subtract, "difference")),
    Command("residual", "FRAME [FRAME] | off", "fit a frame and subtract it",
            partial(composing.subtract, "residual")),
    Command("catalog", "FILE[,OPTION=VALUE...] | NUMBER",
            "draw a catalogue or regions; show or hide one", overlays.catalogue),
    Command("find", "TEXT", "go to the next item whose name has TEXT",
            lambda d, text: d.session.finding.text(text)),
    Command("note", "WORDS", "go to the next item whose note has WORDS",
            lambda d, text: d.session.seeking.note(text)),
    Command("filter", "all | unreviewed | favourite | CATEGORY | not ...", "show only some items",
            lambda d, text: d.session.seeking.filter(text)),
    Command("where", "CONDITION", "only rows of a table that fulfil it; empty ends it",
            lambda d, text: d.session.seeking.where(text)),
    Command("order", "name | random[:SEED] | COLUMN[:desc]", "review in another order",
            lambda d, text: d.session.seeking.order(text)),
    Command("coordinates", "sexagesimal | degrees | galactic | ecliptic | 0 | 1",
            "how positions read; the first pixel's number",
            lambda d, text: d.choose_coordinates(text)),
    Command("goto", "X,Y | RA DEC | gal L B | ecl L B", "put the crosshair there", marking.goto),
    Command("group", "NAME", "put a mark of a group at the crosshair", marking.group),
    Command("marks", "[NUMBER]", "list the marks of this frame; go to one", marking.marks),
    Command("copy", "[FORM]", "copy coordinates: " + ", ".join(FORMS), marking.copy),
    Command("delete-marks", "[GROUP]", "delete all marks of this frame, or of a group",
            marking.delete_all),
    Command("save-to", "PATH", "write every decision to another database", _save_to),
    Command("messages", "", "what was said and copied", lambda d, text: d.show_messages()),
    Command("retry", "", "read the item again", lambda d, text: d.read_again()),
    Command("help", "", "keys and commands", lambda d, text: d.show_help()),
    Command("quit", "", "quit", lambda d, text: d.leave()),
)  # fmt: skip


def completions(settings: Settings) -> list[str]:
    """What a line may go on as, for those arguments that are words of a list."""
    filters = (*FILTERS, *(category.name for category in settings.categories), "name:")
    words = {
        "filter": (*filters[1:], *(f"not {name}" for name in filters[1:]), "all"),
        "order": ("name", "random"), "stretch": STRETCHES, "interval": INTERVALS,
        "colormap": COLORMAPS, "coordinates": COORDINATES, "copy": tuple(FORMS),
        "grid": ("items", "frames", "off"), "zoom": ("fit",), "limits": ("auto",),
        "group": tuple(group.name for group in settings.groups),
    }  # fmt: skip
    lines = [f"{name} {word}" for name, those in words.items() for word in those]
    return [*(f"{command.name} " for command in COMMANDS), *map(printable, lines)]


def run_command(desk: Desk, line: str) -> None:
    """Do what was typed after `:`: a number, a percentage, or a command.

    Raises:
        UsageError: It is not understood, or its arguments make no sense.
    """
    line = line.strip()
    if not line:
        return
    if (position := jump(line, desk.session.position, desk.session.count)) is not None:
        desk.session.go_to(position)
        return
    name, _, rest = line.partition(" ")
    found = [c for c in COMMANDS if c.name == name] or [
        c for c in COMMANDS if c.name.startswith(name)
    ]
    if len(found) != 1:
        names = [c.name for c in found] or get_close_matches(name, [c.name for c in COMMANDS], 3)
        hint = f"did you mean {', '.join(names)}?" if names else "? shows all commands"
        raise UsageError(f"no command is called {name}", hint)
    found[0].run(desk, rest)


def jump(line: str, position: int, count: int) -> int | None:
    """The position that `N`, `+N`, `-N`, `N%` or `$` stands for; None if it is none of them."""
    if line == "$":
        return count - 1
    if not (match := re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)(%?)", line)):
        return None
    sign, digits, percent = match.groups()
    if percent:
        return round((count - 1) * min(float(digits), 100.0) / 100)
    if "." in digits:
        return None
    number = int(digits)
    return position + int(sign + "1") * number if sign else number - 1


def _numbers(text: str, count: int, usage: str) -> list[float]:
    try:
        numbers = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise UsageError(f"'{text.strip()}' is not a number", usage) from None
    if len(numbers) != count or any(n != n for n in numbers):
        raise UsageError("the numbers do not fit", usage)
    return numbers
