"""What was found of the terminal, in words: the finding, and what to do where something lacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from tuiview.errors import TuiviewError
from tuiview.graphics import drawing, kitty
from tuiview.graphics.brands import BRANDS
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Payload, Protocol, Quality
from tuiview.graphics.speed import Speed
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux

Finding = tuple[str, str, str]
"""What was looked at, what was found, what to do about it (empty when all is well)."""

_SLOW_ESCAPE = 50
_CARD = (24, 6)


def describe(terminal: Terminal, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """All that is known of the terminal and the way to it.

    Args:
        terminal: What detection found.
        environ: The environment.
    """
    name = f"{terminal.brand} {terminal.version}".strip() or "unknown"
    findings: list[Finding] = [("terminal", name, "")]
    findings += _between(terminal, environ)
    findings.append(("pictures", f"{terminal.protocol.value}: {terminal.why}", _better(terminal)))
    findings.append(("also possible", ", ".join(one.value for one in terminal.claims), ""))
    findings.append(_cells(terminal))
    findings.append(_colors(terminal, environ))
    if terminal.protocol is Protocol.SIXEL:
        findings.append(_sixel(terminal))
    findings.append(_answers(terminal))
    findings.append(
        (
            "updates in one piece",
            "yes" if terminal.synchronized else "no",
            "" if terminal.synchronized else "pictures may be seen growing; nothing to be done",
        )
    )
    if environ.get("SSH_CONNECTION"):
        advice = ""
        if terminal.protocol is Protocol.SIXEL:
            advice = "'Compression yes' in ~/.ssh/config saves a third to a half of sixel"
        findings.append(("way to the terminal", "ssh", advice))
    return findings


def _between(terminal: Terminal, environ: Mapping[str, str]) -> Iterator[Finding]:
    between = terminal.multiplexer
    if _under_mosh():
        yield (
            "mosh",
            "this session runs over mosh, which lets no pictures through",
            "use ssh in its place, with tmux for sessions that survive",
        )
    if between == "screen":
        yield "GNU screen", "lets no pictures through", "use tmux 3.3 or later in its place"
    elif isinstance(between, Tmux):
        yield from _tmux(between, terminal)
    else:
        yield "between", "nothing", ""


def _tmux(between: Tmux, terminal: Terminal) -> Iterator[Finding]:
    old = between.release < (3, 3) and bool(between.release[0])
    advice = "tmux 3.4 or later knows sixel and better keys" if between.release < (3, 4) else ""
    yield "tmux", between.version or "of unknown version", advice
    if not between.passthrough:
        if not old:
            yield "tmux options", "cannot be asked: tmux runs on another host", ""
        return
    yield (
        "tmux allow-passthrough",
        "on" if between.passes else "off",
        "" if between.passes else "~/.tmux.conf: set -g allow-passthrough on",
    )
    yield (
        "tmux focus-events",
        "on" if between.focus_events else "off",
        ""
        if between.focus_events
        else "~/.tmux.conf: set -g focus-events on (pictures come back at once after re-attaching)",
    )
    if between.escape_time > _SLOW_ESCAPE:
        advice = "~/.tmux.conf: set -sg escape-time 10"
        yield "tmux escape-time", f"{between.escape_time} ms for each Escape", advice
    if terminal.colors <= 256 and any(b.name == terminal.brand and b.true_color for b in BRANDS):
        advice = f"~/.tmux.conf: set -as terminal-features ',{between.outer_term}:RGB'"
        yield "tmux colours", "256, though the terminal outside shows 24 bits", advice
    if between.discarded:
        found = f"{between.discarded:,} bytes thrown away because the link was behind"
        yield "tmux output", found, ""


def _better(terminal: Terminal) -> str:
    if terminal.protocol is not Protocol.BLOCKS:
        return ""
    between = terminal.multiplexer
    if isinstance(between, Tmux) and between.passthrough and not between.passes:
        return "allow-passthrough, see above"
    if terminal.brand == "xterm":
        return "xterm -ti vt340, or XTerm*decTerminalID: vt340 in ~/.Xresources"
    if terminal.brand == "xterm.js":
        return "set terminal.integrated.enableImages in the editor's settings"
    if not terminal.complete:
        return "--graphics overrides what is found"
    return "kitty, Ghostty, WezTerm, iTerm2, foot, Konsole or xterm show real pictures"


def _cells(terminal: Terminal) -> Finding:
    size = f"{terminal.columns} x {terminal.rows} cells of"
    pixels = f"{terminal.cell_width} x {terminal.cell_height} pixels"
    if terminal.cell_known:
        return "window", f"{size} {pixels}", ""
    return "window", f"{size} unknown size, taken as {pixels}", "pictures may look stretched"


def _colors(terminal: Terminal, environ: Mapping[str, str]) -> Finding:
    if terminal.multiplexer == "screen":
        return "colours", "256", ""
    if terminal.colors <= 256:
        advice = "export COLORTERM=truecolor, if the terminal shows 24-bit colours"
        return "colours", "256", advice
    if not environ.get("COLORTERM"):
        return "colours", "24 bits (COLORTERM is unset, which does not matter here)", ""
    return "colours", "24 bits", ""


def _sixel(terminal: Terminal) -> Finding:
    registers = f"{terminal.sixel_colors or 'unknown number of'} colours"
    if terminal.sixel_limits is None:
        size, advice = "no limit of size", ""
    else:
        size = f"at most {terminal.sixel_limits[0]} x {terminal.sixel_limits[1]} pixels"
        advice = "xterm -xrm 'XTerm*maxGraphicSize: 4000x4000'" if terminal.brand == "xterm" else ""
    if terminal.sixel_colors is not None and terminal.sixel_colors < 256:
        advice = advice or "xterm -xrm 'XTerm*numColorRegisters: 256'"
    return "sixel", f"{registers}, {size}", advice


def _answers(terminal: Terminal) -> Finding:
    if terminal.round_trip is None:
        return "answers", "none asked for", ""
    if not terminal.complete:
        return (
            "answers",
            f"not complete within {terminal.round_trip:.1f} s",
            "the link is slow, or something between swallows the answers",
        )
    who = ""
    if terminal.multiplexer is not None:
        who = " to GNU screen" if terminal.multiplexer == "screen" else " to tmux, not beyond"
    return "answers", f"complete after {1e3 * terminal.round_trip:.1f} ms{who}", ""


def raw_answers(terminal: Terminal) -> list[str]:
    """What the terminal said, one line for each answer, safe to print."""
    return [f"{answer.kind.value}: {answer.text!r}" for answer in terminal.answers]


def link(terminal: Terminal, measure: Callable[[bool], Speed]) -> Iterator[Finding]:
    """How fast the way to the terminal is; what cannot be measured is said.

    Args:
        terminal: What detection found.
        measure: Measures, through tmux or not; raises `TuiviewError`.
    """
    between = terminal.multiplexer
    outside = isinstance(between, Tmux) and between.passes
    name = f"{terminal.brand or 'the terminal'} outside"
    if outside:
        try:
            yield _speed("link", measure(True), f" up to {name}")
            return
        except TuiviewError:
            yield "link", f"{name} gave no answer through tmux", "try again with the pane in focus"
    try:
        if between is None:
            mosh = " up to the mosh server only" if _under_mosh() else ""
            yield _speed("link", measure(False), mosh)
        else:
            inner = "GNU screen" if between == "screen" else "tmux"
            advice = "" if outside or between == "screen" else "allow-passthrough lets it be known"
            found = _speed(f"link to {inner}", measure(False), "; it answers itself")
            yield (*found[:2], advice)
    except TuiviewError as error:
        yield "link", error.message, error.hint


def _speed(what: str, speed: Speed, where: str) -> Finding:
    words = f"{speed.rate / 1e6:.2f} MB/s, round trip {1e3 * speed.round_trip:.1f} ms{where}"
    return what, words, ""


def show_test_pictures(
    terminal: Terminal,
    make: Callable[[Area, Protocol, Quality], Payload],
    write: Callable[[str], None],
) -> None:
    """Draw a test picture in each protocol that the terminal claims, at the top of the screen.

    What stood there is scrolled up, and the cursor left below.

    Args:
        terminal: What detection found.
        make: Encodes a test picture for an area and a protocol, in a quality.
        write: Writes to the terminal.
    """
    columns, rows = min(_CARD[0], terminal.columns), _CARD[1]
    quality = Quality(true_color=terminal.colors > 256)
    write("\r\n" * terminal.rows + "\x1b[H\x1b[J")
    top = 0
    for protocol in terminal.claims:
        if top + rows + 1 >= terminal.rows:
            break
        write(f"\x1b[{top + 1};1H{protocol.value}")
        # Blocks have cells of their own; every other protocol counts pixels.
        area = _of_protocol(terminal, protocol).area(columns, rows)
        write(_drawn(make(area, protocol, quality), terminal, top + 1))
        top += rows + 1
    write(f"\x1b[{top + 1};1H")


def _of_protocol(terminal: Terminal, protocol: Protocol) -> Terminal:
    return replace(terminal, protocol=protocol)


def _drawn(payload: Payload, terminal: Terminal, y: int) -> str:
    """A payload drawn at row `y`, counted from 0."""
    between = terminal.multiplexer
    match payload.protocol:
        case Protocol.BLOCKS:
            from tuiview.graphics import blocks

            lines = (blocks.text(line, terminal.colors > 256) for line in payload.lines)
            return "".join(f"\x1b[{y + n + 1};1H{line}" for n, line in enumerate(lines))
        case Protocol.KITTY | Protocol.KITTY_DIRECT:
            image_id = 2**16 + y
            virtual = payload.protocol is Protocol.KITTY
            placement = kitty.Placement.VIRTUAL if virtual else kitty.Placement.DIRECT
            data = kitty.transmit(payload, image_id, placement=placement)
            if terminal.passthrough:
                data = [wrap(one) for one in data]
            sent = drawing.at(0, y, data)
            if not virtual:
                return sent
            red, green, blue = kitty.id_color(image_id)
            rows = "".join(
                f"\x1b[{y + row + 1};1H{kitty.placeholder_row(row, payload.area.columns)}"
                for row in range(payload.area.rows)
            )
            return f"{sent}\x1b[38;2;{red};{green};{blue}m{rows}\x1b[m"
        case _:
            origin = (between.left, between.top) if isinstance(between, Tmux) else (0, 0)
            wrapped = terminal.passthrough
            return drawing.place(payload, 0, y, wrapped=wrapped, origin=origin)


def _under_mosh() -> bool:
    """Whether a parent of this process is a mosh server."""
    pid = os.getppid()
    for _ in range(20):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        name = stat[stat.find("(") + 1 : stat.rfind(")")]
        if name == "mosh-server":
            return True
        pid = int(stat[stat.rfind(")") + 2 :].split()[1])
        if pid <= 1:
            return False
    return False
