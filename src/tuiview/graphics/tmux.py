"""tmux: what it knows of the terminal outside, and how it lets pictures through."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping

from msgspec import Struct

_FORMATS = (
    "#{version}",
    "#{client_termtype}",
    "#{client_termname}",
    "#{client_termfeatures}",
    "#{client_cell_width}",
    "#{client_cell_height}",
    "#{allow-passthrough}",
    "#{focus-events}",
    "#{client_discarded}",
    "#{status}",
    "#{status-position}",
    "#{pane_top}",
    "#{pane_left}",
    "#{escape-time}",
    "#{pane_id}",
    "#{client_created}",
)
_SEPARATOR = "\x1f"
_YOUNG = 2.0
_AGAIN = 0.05


class Tmux(Struct, frozen=True):
    """What tmux says of itself and of the terminal that it runs in.

    Attributes:
        version: tmux's own version, such as `3.5a`; empty when it cannot be known.
        passthrough: `allow-passthrough`: `on`, `all`, `off`; empty when tmux runs on another host.
        outer: The outer terminal's XTVERSION answer, such as `kitty(0.41.1)`.
        outer_term: The outer terminal's TERM.
        features: What tmux believes that the outer terminal can do.
        cell_width, cell_height: Pixels of a cell of the outer terminal, 0 when unknown.
        focus_events: Whether tmux tells programs that their pane has the focus.
        discarded: Bytes that tmux threw away because the link was behind.
        top, left: Where the pane begins in the outer terminal, in cells.
        escape_time: Milliseconds that tmux holds an escape back.
        pane: The number of our pane, None when unknown.
        attached: When the terminal was attached, in seconds of the clock, 0 when unknown.
    """

    version: str
    passthrough: str = ""
    outer: str = ""
    outer_term: str = ""
    features: tuple[str, ...] = ()
    cell_width: int = 0
    cell_height: int = 0
    focus_events: bool = False
    discarded: int = 0
    top: int = 0
    left: int = 0
    escape_time: int = 0
    pane: int | None = None
    attached: int = 0

    @property
    def passes(self) -> bool:
        """Whether wrapped sequences reach the outer terminal."""
        return self.passthrough in ("on", "all", "1")

    @property
    def release(self) -> tuple[int, int]:
        """The version as numbers, (0, 0) when unknown."""
        found = re.search(r"(\d+)\.(\d+)", self.version)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def ask(environ: Mapping[str, str], timeout: float = 2.0, *, wait: bool = False) -> Tmux | None:
    """Ask the tmux that this process runs in; None when there is none on this host.

    Args:
        environ: The environment.
        timeout: Seconds for each question.
        wait: Let a terminal that was attached a moment ago tell tmux its name first. Until then
            tmux knows neither that nor what the terminal can do.
    """
    while values := _display(_FORMATS, environ, timeout):
        found = _read(values)
        if found.outer or not wait or not 0 <= time.time() - found.attached < _YOUNG:
            return found
        time.sleep(_AGAIN)
    return None


def client(environ: Mapping[str, str], timeout: float = 2.0) -> tuple[int, str, int] | None:
    """The terminal that shows our session: its process, since when, and bytes thrown away."""
    formats = ("#{client_pid}", "#{session_last_attached}", "#{client_discarded}")
    values = _display(formats, environ, timeout)
    return (_number(values[0]), values[1], _number(values[2])) if values else None


def _display(formats: tuple[str, ...], environ: Mapping[str, str], timeout: float) -> list[str]:
    """The values of tmux's format variables, none when there is no tmux to ask."""
    if not environ.get("TMUX"):
        return []
    command = ["tmux", "display-message", "-p"]
    if pane := environ.get("TMUX_PANE"):
        command += ["-t", pane]
    command.append(_SEPARATOR.join(formats))
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, env=dict(environ), check=False
        )
    except (OSError, subprocess.SubprocessError):
        return []
    # Some versions write control characters of a format as octal escapes.
    values = done.stdout.rstrip("\n").replace("\\037", _SEPARATOR).split(_SEPARATOR)
    return values if done.returncode == 0 and len(values) == len(formats) else []


def _read(values: list[str]) -> Tmux:
    (version, outer, outer_term, features, width, height, passthrough, focus, discarded,
     status, position, top, left, escape, pane, attached) = values  # fmt: skip
    above = 0
    if position == "top":
        above = {"off": 0, "on": 1}.get(status, _number(status))
    return Tmux(
        version=version,
        passthrough=passthrough,
        outer=outer,
        outer_term=outer_term,
        features=tuple(filter(None, features.split(","))),
        cell_width=_number(width),
        cell_height=_number(height),
        focus_events=focus in ("1", "on"),
        discarded=_number(discarded),
        top=_number(top) + above,
        left=_number(left),
        escape_time=_number(escape),
        pane=_number(pane.lstrip("%")),
        attached=_number(attached),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
