"""The terminal: what it is, how it takes pictures, how large its cells are."""

from __future__ import annotations

import os
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from tuiview.errors import UsageError
from tuiview.graphics import brands, probe, tmux
from tuiview.graphics.answers import Answer
from tuiview.graphics.brands import PARTIAL_PIXELS, WHOLE_BANDS, Brand
from tuiview.graphics.payload import Area, Protocol
from tuiview.graphics.probe import Probe
from tuiview.graphics.tmux import Tmux
from tuiview.graphics.window import by_cells, cell_size, window_size

CHOICES = ("auto", "kitty", "kitty-direct", "sixel", "iterm2", "blocks")
"""What `--graphics` takes."""

DEVICE = Path("/dev/tty")
TIMEOUT = 2.0
"""Seconds that the terminal has for its answers: several round trips of a slow link."""

FALLBACK_CELL = (8, 16)
# What kitty's placeholders can number; no other protocol counts cells at all.
_MOST_CELLS = (297, 220)
# What an xterm draws unless told otherwise; behind tmux it cannot be asked.
_XTERM_LIMITS = (1000, 1000)
_BAND = 6
_PLAIN_TERMS = ("", "dumb", "linux", "cons25", "vt52")


class Terminal(Struct, frozen=True):
    """What is known of the terminal that this process runs in.

    Attributes:
        protocol: How pictures are sent to it.
        why: A sentence that gives the reason.
        brand: Its name, empty when unknown; under tmux that of the outer terminal.
        version: Its version, empty when unknown.
        multiplexer: The tmux between, `"screen"` for GNU screen, else None.
        columns, rows: Its size in cells.
        cell_width, cell_height: The size of a cell in pixels.
        cell_known: Whether that size was measured rather than assumed.
        colors: 2**24 or 256.
        sixel_limits: `(width, height)` of the largest sixel picture in pixels, None when unsaid.
        sixel_colors: How many colours a sixel picture may have, None when unsaid.
        repeats: Whether `CSI n b` repeats the last character.
        animation: Whether a picture that it holds can be changed, as the frame of an animation.
        synchronized: Whether an update can be shown in one piece.
        passthrough: Whether picture sequences must be wrapped for tmux.
        claims: All protocols that the terminal seems to take, best first.
        answers: What it said, as it said it.
        round_trip: Seconds from question to answer, None when nothing was asked.
        complete: Whether all answers came in time.
        typed_ahead: What was typed during detection; it goes to the application's input.
        grid: For blocks: sub-cells across and down in one cell, (1, 2) for half-blocks, (1, 1) for
            shades of gray.
        choice: The protocol that the reviewer asked for, or `auto`.
    """

    protocol: Protocol
    why: str
    brand: str = ""
    version: str = ""
    multiplexer: Tmux | Literal["screen"] | None = None
    columns: int = 80
    rows: int = 24
    cell_width: int = FALLBACK_CELL[0]
    cell_height: int = FALLBACK_CELL[1]
    cell_known: bool = False
    colors: int = 256
    sixel_limits: tuple[int, int] | None = None
    sixel_colors: int | None = None
    repeats: bool = False
    animation: bool = False
    synchronized: bool = False
    passthrough: bool = False
    claims: tuple[Protocol, ...] = (Protocol.BLOCKS,)
    answers: tuple[Answer, ...] = ()
    round_trip: float | None = None
    complete: bool = True
    typed_ahead: str = ""
    choice: str = "auto"
    grid: tuple[int, int] = (1, 2)

    def area(self, columns: int, rows: int, *, grid: tuple[int, int] | None = None) -> Area:
        """The area of a picture in a pane of so many cells: all of them, if the protocol can.

        Args:
            columns: Cells across.
            rows: Cells down.
            grid: For blocks: sub-cells across and down in one cell; None takes the terminal's.
        """
        if self.protocol is not Protocol.BLOCKS:
            most = self._most_cells()
            columns, rows = min(columns, most[0]), min(rows, most[1])
            spare = 0
            if self.whole_bands:
                spare = rows * self.cell_height % _BAND % self.cell_height
            return Area(columns, rows, self.cell_width, self.cell_height, spare=spare)
        across, down = grid or self.grid
        aspect = (self.cell_height / down) / (self.cell_width / across)
        return Area(columns, rows, across, down, aspect)

    @property
    def whole_bands(self) -> bool:
        """Whether the height of a picture is rounded up to whole bands of sixels.

        In the row of cells below it, tmux then lets text destroy the picture, and Konsole the
        picture hide text.
        """
        return self.protocol is Protocol.SIXEL and (self.redrawn or self.brand in WHOLE_BANDS)

    @property
    def divides(self) -> bool:
        """Whether parts of a picture, each drawn at its cell, come to lie beside each other."""
        if self.protocol is Protocol.SIXEL:
            return self.redrawn or self.brand not in PARTIAL_PIXELS
        return self.protocol is Protocol.ITERM2

    @property
    def redrawn(self) -> bool:
        """Whether what lies between keeps pictures, few of them, and draws them anew itself."""
        return self.multiplexer is not None and not self.passthrough

    def _most_cells(self) -> tuple[int, int]:
        """The most columns and rows that one picture may fill."""
        if self.protocol is Protocol.SIXEL and self.sixel_limits is not None:
            width, height = self.sixel_limits
            return max(1, width // self.cell_width), max(1, height // self.cell_height)
        return _MOST_CELLS

    def resized(self, fd: int) -> Self:
        """The same terminal with its size read again from the device."""
        columns, rows, width, height = window_size(fd)
        if columns <= 0 or rows <= 0:
            return self
        if isinstance(self.multiplexer, Tmux) and self.multiplexer.cell_width:
            # tmux makes up a pixel size; its own word on the outer terminal's cells is better.
            now = tmux.ask(os.environ) or self.multiplexer
            cell = (now.cell_width, now.cell_height) if now.cell_width else None
            changed = replace(self, columns=columns, rows=rows, multiplexer=now)
        else:
            cell = by_cells((width, height), columns, rows)
            changed = replace(self, columns=columns, rows=rows)
        if cell is None:
            return changed
        return replace(changed, cell_width=cell[0], cell_height=cell[1], cell_known=True)


def detect(
    choice: str = "auto",
    *,
    timeout: float = TIMEOUT,
    environ: Mapping[str, str] = os.environ,
    device: Path = DEVICE,
) -> Terminal:
    """Find out what the terminal is and how it takes pictures.

    Call it before the application takes the terminal over. It never fails because of the terminal:
    where there is none, or where it does not answer, pictures are drawn with blocks.

    Args:
        choice: `auto`, or the protocol that the reviewer insists on.
        timeout: Seconds to wait for answers.
        environ: The environment.
        device: The terminal device; standard input may well be a pipe.

    Raises:
        UsageError: If `choice` is not one of `CHOICES`.
    """
    if choice not in CHOICES:
        raise UsageError(
            f"unknown graphics protocol {choice!r}", f"choose one of {', '.join(CHOICES)}"
        )
    try:
        fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return _chosen(Terminal(Protocol.BLOCKS, "there is no terminal"), choice)
    try:
        return _chosen(_detect(fd, timeout, environ), choice)
    finally:
        os.close(fd)


def _detect(fd: int, timeout: float, environ: Mapping[str, str]) -> Terminal:
    term = environ.get("TERM", "")
    columns, rows, _, _ = window_size(fd)
    bare = Terminal(
        Protocol.BLOCKS, "", columns=columns or 80, rows=rows or 24, colors=_colors(environ, None)
    )
    if not os.isatty(fd):
        return replace(bare, why="the device is no terminal")
    if term in _PLAIN_TERMS:
        return replace(bare, why=f"a terminal of the kind {term or 'unset'!r} shows text only")
    # COLORTERM comes from the terminal outside; GNU screen makes garbage of 24-bit colours.
    in_screen = replace(bare, multiplexer="screen", colors=256)
    if environ.get("STY"):
        return replace(in_screen, why="GNU screen lets no pictures through")
    if environ.get("TERM_PROGRAM") == "Apple_Terminal" and not environ.get("TMUX"):
        return replace(bare, brand="Apple Terminal", why="Apple Terminal shows no pictures")
    between = tmux.ask(environ, timeout, wait=True)
    maybe_tmux = between is not None or term.startswith(("tmux", "screen"))
    try:
        asked = probe.ask(fd, kitty=not maybe_tmux, timeout=timeout)
    except (OSError, termios.error):
        return replace(bare, why="the terminal cannot be asked")
    if between is None and asked.version.lower().startswith("tmux"):
        between = Tmux(asked.version[4:].strip())  # tmux on the other side of an ssh
    elif between is None and maybe_tmux and not asked.version:
        return replace(
            _with_answers(in_screen, asked, fd),
            why="GNU screen, or a tmux too old to say its name, lets no pictures through",
        )
    found = _with_answers(bare, asked, fd)
    if between is not None:
        return _inside_tmux(found, between, environ)
    return _direct(found, asked, environ)


def _with_answers(terminal: Terminal, asked: Probe, fd: int) -> Terminal:
    cell = cell_size(fd, asked)
    return replace(
        terminal,
        cell_width=(cell or FALLBACK_CELL)[0],
        cell_height=(cell or FALLBACK_CELL)[1],
        cell_known=cell is not None,
        sixel_limits=_narrower(asked.sixel_limits, terminal, cell),
        sixel_colors=asked.sixel_colors,
        repeats=asked.repeats,
        synchronized=asked.synchronized,
        answers=asked.answers,
        round_trip=asked.round_trip,
        complete=asked.complete,
        typed_ahead=asked.typed_ahead,
    )


def _direct(found: Terminal, asked: Probe, environ: Mapping[str, str]) -> Terminal:
    """The protocol of a terminal with nothing between."""
    brand, version = brands.by_version(asked.version)
    if brand is None and not asked.version:
        brand, version = brands.by_environment(environ)
    name = brand.name if brand else ""
    found = replace(
        found,
        brand=name or _unknown_name(asked.version),
        version=version,
        colors=_colors(environ, brand),
    )
    claims = _claims(brand, version, asked.kitty, 4 in asked.attributes)
    found = replace(found, claims=(*claims, Protocol.BLOCKS))
    if not claims:
        return replace(found, why=_nothing(found, asked))
    protocol = claims[0]
    return replace(
        found,
        protocol=protocol,
        animation=bool(brand and brand.animation and protocol is Protocol.KITTY),
        why=_reason(brand, protocol, found),
    )


def _claims(brand: Brand | None, version: str, kitty: bool, sixel: bool) -> tuple[Protocol, ...]:
    """The protocols that a terminal takes, best first: what it answers, seen by what it is."""
    if brand is None:
        claims = [Protocol.KITTY_DIRECT] if kitty else []
        return (*claims, *([Protocol.SIXEL] if sixel else []))
    known = list(brand.protocols)
    if known and not brands.at_least(version, brand.since):
        known.pop(0)
    if brand.needs_claim and not sixel:
        return ()
    if not sixel and Protocol.SIXEL in known:
        known.remove(Protocol.SIXEL)
    if not kitty:
        known = [one for one in known if one not in (Protocol.KITTY, Protocol.KITTY_DIRECT)]
    if kitty and Protocol.KITTY in known and Protocol.KITTY_DIRECT not in known:
        known.insert(1, Protocol.KITTY_DIRECT)
    return tuple(known)


def _reason(brand: Brand | None, protocol: Protocol, found: Terminal) -> str:
    name = f"{found.brand} {found.version}".strip()
    match protocol:
        case Protocol.KITTY:
            return f"{name} takes kitty's pictures and places them by characters"
        case Protocol.KITTY_DIRECT if brand is not None and brand.name == "kitty":
            return f"{name} is older than 0.28 and places pictures at the cursor only"
        case Protocol.KITTY_DIRECT:
            return f"{name or 'the terminal'} takes kitty's pictures at the cursor"
        case Protocol.ITERM2:
            return f"{name} shows iTerm2's inline images"
        case _:
            return f"{name or 'the terminal'} says that it shows sixel"


def _nothing(found: Terminal, asked: Probe) -> str:
    if not asked.complete:
        return f"the terminal did not answer within {asked.round_trip:.1f} s"
    if found.brand == "xterm":
        return "this xterm has sixel switched off (start it with -ti vt340)"
    if found.brand == "xterm.js":
        return "pictures are switched off in this terminal (terminal.integrated.enableImages)"
    return f"{found.brand or 'the terminal'} claims no picture protocol"


def reattached(
    terminal: Terminal, between: Tmux, environ: Mapping[str, str] = os.environ
) -> Terminal:
    """The same session of tmux in another terminal.

    Args:
        terminal: What was detected in the terminal before.
        between: What tmux says now.
        environ: The environment.
    """
    found = replace(
        terminal,
        protocol=Protocol.BLOCKS,
        passthrough=False,
        animation=False,
        claims=(Protocol.BLOCKS,),
    )
    return _chosen(_inside_tmux(found, between, environ), terminal.choice)


def _inside_tmux(found: Terminal, between: Tmux, environ: Mapping[str, str]) -> Terminal:
    """The protocol inside tmux, which decides what gets through to the terminal outside."""
    brand, version = brands.by_version(between.outer)
    brand = brand or brands.by_term(between.outer_term)
    true_color = bool({"RGB", "Tc"} & set(between.features)) or _named_true_color(environ)
    found = replace(
        found,
        multiplexer=between,
        brand=brand.name if brand else _unknown_name(between.outer),
        version=version,
        colors=2**24 if true_color else 256,
        sixel_limits=_XTERM_LIMITS if brand is not None and brand.name == "xterm" else None,
    )
    if between.cell_width and between.cell_height:
        found = replace(
            found,
            cell_width=between.cell_width,
            cell_height=between.cell_height,
            cell_known=True,
        )
    elif between.version:
        found = replace(found, cell_known=False)  # tmux makes the size up
    return _through_tmux(found, brand, between, sixel=4 in Probe(found.answers).attributes)


def _through_tmux(found: Terminal, brand: Brand | None, between: Tmux, *, sixel: bool) -> Terminal:
    # tmux built with sixel claims it whatever is outside; what counts is the terminal outside.
    outer_sixel = "sixel" in between.features
    outer: list[Protocol] = []
    if brand is not None:
        outer += (one for one in brand.protocols if one is not Protocol.KITTY_DIRECT)
        if Protocol.KITTY in outer and not brands.at_least(found.version, brand.since):
            outer.remove(Protocol.KITTY)
    if outer_sixel and Protocol.SIXEL not in outer:
        outer.append(Protocol.SIXEL)
    native = sixel and (outer_sixel or (not between.passthrough and not brand))
    name = f"{found.brand} {found.version}".strip() or "the terminal outside"
    host = f"tmux {between.version}"
    claims: list[tuple[Protocol, bool, str]] = []
    for protocol in outer:
        if protocol is Protocol.SIXEL and native:
            claims.append((protocol, False, f"{host} knows sixel and so does {name}"))
        elif between.passes:
            claims.append((protocol, True, f"{host} passes {protocol.value} on to {name}"))
    if native and not any(one[0] is Protocol.SIXEL for one in claims):
        claims.append((Protocol.SIXEL, False, f"{host} says that it shows sixel"))
    if claims:
        protocol, wrapped, why = claims[0]
        return replace(
            found,
            protocol=protocol,
            passthrough=wrapped,
            animation=bool(brand and brand.animation and protocol is Protocol.KITTY),
            why=why,
            claims=(*(one[0] for one in claims), Protocol.BLOCKS),
        )
    if not between.passthrough and not between.outer:
        return replace(found, why=f"{host} runs on another host and claims no pictures")
    if outer:
        return replace(
            found, why=f"{host} passes no pictures on to {name}: allow-passthrough is off"
        )
    return replace(found, why=f"{name}, outside {host}, claims no picture protocol")


def _chosen(found: Terminal, choice: str) -> Terminal:
    """The terminal with the protocol that the reviewer insists on."""
    if choice == "auto":
        return found
    if choice == found.protocol:
        return replace(found, choice=choice)
    protocol = Protocol(choice)
    between = found.multiplexer
    wrapped = isinstance(between, Tmux) and protocol is not Protocol.BLOCKS
    if protocol is Protocol.SIXEL and any(
        answer.kind == "attributes" and 4 in answer.numbers[1:] for answer in found.answers
    ):
        wrapped = False
    return replace(
        found,
        protocol=protocol,
        why=f"{choice} was asked for",
        choice=choice,
        passthrough=wrapped,
        animation=found.animation and protocol is Protocol.KITTY,
    )


def _narrower(
    limits: tuple[int, int] | None, terminal: Terminal, cell: tuple[int, int] | None
) -> tuple[int, int] | None:
    """The sixel limits, unless they are only the size of the window, which may grow."""
    if limits is None or cell is None:
        return limits
    window = terminal.columns * cell[0], terminal.rows * cell[1]
    return limits if limits[0] < window[0] or limits[1] < window[1] else None


def _named_true_color(environ: Mapping[str, str]) -> bool:
    return environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or environ.get(
        "TERM", ""
    ).endswith("-direct")


def _colors(environ: Mapping[str, str], brand: Brand | None) -> int:
    return 2**24 if _named_true_color(environ) or (brand and brand.true_color) else 256


def _unknown_name(answer: str) -> str:
    """The printable beginning of an XTVERSION answer of a terminal that is not in the table."""
    return "".join(letter for letter in answer if letter.isprintable())[:40]
