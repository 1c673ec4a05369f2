"""Terminals by name: which picture protocol each is best at."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from tuiview.graphics.payload import Protocol


class Brand(Struct, frozen=True):
    """What is known of a terminal by its name.

    Attributes:
        name: How its makers write it.
        protocols: The protocols it is good at, best first.
        answers: What begins its XTVERSION answer, in lower case.
        true_color: Whether it shows 24-bit colours.
        since: The first version `(major, minor)` that has the first protocol.
        animation: Whether it changes pictures that it holds, as frames of a kitty animation.
        needs_claim: Whether the first protocol counts only when DA1 claims sixel (pictures are an
            add-on that may be switched off).
    """

    name: str
    protocols: tuple[Protocol, ...]
    answers: tuple[str, ...] = ()
    true_color: bool = True
    since: tuple[int, int] = (0, 0)
    animation: bool = False
    needs_claim: bool = False


_KITTY, _DIRECT = Protocol.KITTY, Protocol.KITTY_DIRECT
_SIXEL, _ITERM2 = Protocol.SIXEL, Protocol.ITERM2

BRANDS = (
    Brand("kitty", (_KITTY, _DIRECT), ("kitty",), since=(0, 28), animation=True),
    Brand("Ghostty", (_KITTY,), ("ghostty",)),
    Brand("Rio", (_KITTY, _SIXEL, _ITERM2), ("rio",)),
    Brand("Konsole", (_DIRECT, _SIXEL), ("konsole",)),
    Brand("WezTerm", (_ITERM2, _SIXEL), ("wezterm",)),
    Brand("iTerm2", (_ITERM2, _SIXEL), ("iterm2",)),
    Brand("xterm.js", (_ITERM2, _SIXEL), ("xterm.js", "vscode"), needs_claim=True),
    Brand("mintty", (_ITERM2, _SIXEL), ("mintty",)),
    Brand("Warp", (_ITERM2,), ("warp",)),
    Brand("foot", (_SIXEL,), ("foot",)),
    Brand("mlterm", (_SIXEL,), ("mlterm",)),
    Brand("Windows Terminal", (_SIXEL,), ("windows terminal", "windowsterminal")),
    Brand("contour", (_SIXEL,), ("contour",)),
    Brand("xterm", (_SIXEL,), ("xterm(",)),
    Brand("VTE", (_SIXEL,), ("vte",)),
    Brand("Alacritty", (), ("alacritty",)),
    Brand("Apple Terminal", (), ("apple_terminal",), true_color=False),
)
"""The table; a terminal that is not in it is judged by what it claims."""

FEW_NUMBERS = frozenset({"mlterm"})
"""Names of terminals that read ten numbers of a control sequence and forget the rest."""

WHOLE_BANDS = frozenset({"Konsole"})
"""Names of terminals that round the height of a sixel picture up to bands of six rows."""

PARTIAL_PIXELS = frozenset({"", "xterm.js"})
"""Names of terminals whose cells may not be whole pixels wide: browsers', and the unknown ones."""

_BY_NAME = {brand.name: brand for brand in BRANDS}

# What a terminal puts into the environment of the programs that it starts.
_VARIABLES = (
    ("KITTY_WINDOW_ID", "kitty"),
    ("GHOSTTY_RESOURCES_DIR", "Ghostty"),
    ("KONSOLE_VERSION", "Konsole"),
    ("WEZTERM_EXECUTABLE", "WezTerm"),
    ("WT_SESSION", "Windows Terminal"),
    ("MLTERM", "mlterm"),
)
_PROGRAMS = {
    "kitty": "kitty",
    "ghostty": "Ghostty",
    "rio": "Rio",
    "wezterm": "WezTerm",
    "iterm.app": "iTerm2",
    "iterm2": "iTerm2",
    "vscode": "xterm.js",
    "mintty": "mintty",
    "warpterminal": "Warp",
    "apple_terminal": "Apple Terminal",
}
_TERMS = (
    ("xterm-kitty", "kitty"),
    ("xterm-ghostty", "Ghostty"),
    ("rio", "Rio"),
    ("wezterm", "WezTerm"),
    ("foot", "foot"),
    ("mlterm", "mlterm"),
    ("alacritty", "Alacritty"),
    ("contour", "contour"),
)


def by_version(answer: str) -> tuple[Brand | None, str]:
    """The brand and the version in an XTVERSION answer such as `kitty(0.41.1)`, if it is known."""
    lowered = answer.lower()
    version = re.search(r"\d[\w.]*", answer)
    for brand in BRANDS:
        if lowered.startswith(brand.answers):
            return brand, version.group() if version else ""
    return None, ""


def by_term(term: str) -> Brand | None:
    """The brand that a terminal description's name gives away."""
    return next((_BY_NAME[name] for start, name in _TERMS if term.startswith(start)), None)


def by_environment(environ: Mapping[str, str]) -> tuple[Brand | None, str]:
    """The brand and version that the environment names; right only where no ssh lies between."""
    for variable in ("TERM_PROGRAM", "LC_TERMINAL"):
        if name := _PROGRAMS.get(environ.get(variable, "").lower()):
            return _BY_NAME[name], environ.get(f"{variable}_VERSION", "")
    for variable, name in _VARIABLES:
        if environ.get(variable):
            return _BY_NAME[name], ""
    return by_term(environ.get("TERM", "")), ""


def at_least(version: str, since: tuple[int, int]) -> bool:
    """Whether a version such as `0.41.1` is `since` or later; an unknown one counts as later."""
    numbers = re.findall(r"\d+", version)
    return len(numbers) < 2 or (int(numbers[0]), int(numbers[1])) >= since
