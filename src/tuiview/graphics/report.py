"""What was found of the terminal, in words: the finding, and what to do where something lacks."""

from __future__ import annotations

import os
import select
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tuiview.errors import TuiviewError
from tuiview.graphics import drawing, kitty, probe
from tuiview.graphics.answers import Answer, AnswerSplitter, Kind
from tuiview.graphics.brands import BRANDS
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Payload, Protocol
from tuiview.graphics.terminal import DEVICE, Terminal
from tuiview.graphics.tmux import Tmux

Finding = tuple[str, str, str]
"""What was looked at, what was found, what to do about it (empty when all is well)."""

_SLOW_ESCAPE = 50
_FIRST_SAMPLE, _LARGEST_SAMPLE = 16_384, 4_194_304
_LONG_ENOUGH = 0.2
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
    return "round trip", f"{1e3 * terminal.round_trip:.1f} ms", ""


def raw_answers(terminal: Terminal) -> list[str]:
    """What the terminal said, one line for each answer, safe to print."""
    return [f"{answer.kind.value}: {answer.text!r}" for answer in terminal.answers]


def measure_throughput(device: Path = DEVICE, *, limit: float = 5.0) -> tuple[float, float]:
    """Measure how fast the terminal takes output, with blanks on the alternate screen.

    Args:
        device: The terminal device.
        limit: Seconds after which it is given up.

    Returns:
        Bytes a second, and the round trip in seconds. Inside tmux both are tmux's own: it does not
        hand blanks on.

    Raises:
        TuiviewError: If there is no terminal, or it does not answer.
    """
    try:
        fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise TuiviewError("there is no terminal to measure", str(error)) from None
    try:
        with _quiet(fd):
            os.write(fd, b"\x1b[?1049h")
            try:
                deadline = time.monotonic() + limit
                round_trip = min(_timed(fd, b"", deadline) for _ in range(3))
                nbytes, taken = _FIRST_SAMPLE, 0.0
                while taken < _LONG_ENOUGH and nbytes <= _LARGEST_SAMPLE:
                    lines = b"\r" + b" " * 63
                    taken = _timed(fd, lines * (nbytes // len(lines)), deadline)
                    rate = nbytes / max(taken - round_trip, 1e-4)
                    nbytes *= 4
            finally:
                os.write(fd, b"\x1b[?1049l")
    except (OSError, termios.error) as error:
        raise TuiviewError("the terminal cannot be measured", str(error)) from None
    finally:
        os.close(fd)
    return rate, round_trip


def _timed(fd: int, data: bytes, deadline: float) -> float:
    """Seconds until the terminal has taken `data` and answered."""
    heard: list[Answer] = []
    splitter = AnswerSplitter(heard.append)
    started = time.monotonic()
    os.set_blocking(fd, False)
    data += probe.SENTINEL
    while not any(answer.kind is Kind.ATTRIBUTES for answer in heard):
        left = deadline - time.monotonic()
        readable, writable, _ = select.select([fd], [fd] if data else [], [], max(0.0, left))
        if not (readable or writable):
            raise TuiviewError("the terminal does not answer", "is the link very slow?")
        if writable:
            data = data[os.write(fd, data[:65_536]) :]
        if readable:
            splitter.feed(os.read(fd, 4096).decode("utf-8", "replace"))
    return time.monotonic() - started


@contextmanager
def _quiet(fd: int) -> Iterator[None]:
    saved = termios.tcgetattr(fd)
    termios.tcsetattr(fd, termios.TCSADRAIN, probe.without_echo(saved))
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, saved)


def show_test_pictures(
    terminal: Terminal, make: Callable[[Area, Protocol], Payload], write: Callable[[str], None]
) -> None:
    """Clear the screen and draw a test picture in each protocol that the terminal claims.

    Args:
        terminal: What detection found.
        make: Encodes a test picture for an area and a protocol.
        write: Writes to the terminal.
    """
    columns, rows = min(_CARD[0], terminal.columns), _CARD[1]
    write("\x1b[2J\x1b[H")
    top = 0
    for protocol in terminal.claims:
        if top + rows + 1 >= terminal.rows:
            break
        write(f"\x1b[{top + 1};1H{protocol.value}")
        # Blocks have cells of their own; every other protocol counts pixels.
        area = _of_protocol(terminal, protocol).area(columns, rows)
        write(_drawn(make(area, protocol), terminal, top + 1))
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
