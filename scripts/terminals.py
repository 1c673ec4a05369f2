"""Look at the program in real terminals: one picture of each for docs/terminals.md.

    python scripts/terminals.py [NAME...] [--output DIR] [--root DIR] [--modules DIR]

Terminals that this machine does not have are left out. `--root` takes some of them, and the tmux
around the program, from another root, such as a newer Debian made by debootstrap: it must have this
machine's /tmp, /proc, /dev and /dev/pts, and this Python at its place. `--modules` is the
`node_modules` with @xterm/xterm, @xterm/addon-image and @xterm/addon-fit.

Prints what `tuiview doctor` says in each.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from window import PACKAGES, TOOLS, Window, missing, save_small

from tuiview.demo import make_demo

ROOT = Path(__file__).resolve().parent.parent
FONT, SIZE = "DejaVu Sans Mono", "10"
COLUMNS, ROWS = 104, 32
BACKGROUND, FOREGROUND = "#101014", "#e0e0e0"
KEYS = ("::11", "Return", "t", "t", "1")
"""An exposure in a stretch that shows its faint sources, and a decision."""

TMUX = """\
set -g default-terminal tmux-256color
set -g allow-passthrough on
set -g focus-events on
set -sg escape-time 10
set -as terminal-features ',xterm*:RGB'
"""
WORDS = ("terminal", "tmux", "pictures", "window", "round trip")
"""What is printed of the doctor's report."""

Start = Callable[[list[str], Path], list[str]]
"""Makes a terminal's command line of a program's and of the folder that it runs in."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One terminal.

    Attributes:
        name: Of the picture.
        start: How it is started.
        tools: What it needs.
        tmux: Whether the program runs in tmux.
        rooted: Whether it may come from the other root.
        arguments: For tuiview.
        environment: Variables that it needs.
    """

    name: str
    start: Start
    tools: tuple[str, ...]
    tmux: bool = False
    rooted: bool = False
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def xterm(program: list[str], place: Path, columns: int = COLUMNS, rows: int = ROWS) -> list[str]:
    """An xterm that draws sixels."""
    resources = (
        "decTerminalID: vt340", "numColorRegisters: 256", "maxGraphicSize: 4000x4000",
        "scrollBar: false", f"background: {BACKGROUND}", f"foreground: {FOREGROUND}",
        f"cursorColor: {BACKGROUND}",
    )  # fmt: skip
    options = [part for one in resources for part in ("-xrm", f"XTerm*{one}")]
    # xterm takes COLORTERM away from its own environment.
    return ["xterm", "-ti", "vt340", *options, "-fa", FONT, "-fs", SIZE, "-b", "0", "-bw", "0",
            "-geometry", f"{columns}x{rows}+0+0", "-e", "env", "COLORTERM=truecolor",
            *program]  # fmt: skip


def kitty(program: list[str], place: Path) -> list[str]:
    """kitty without a configuration of the user's."""
    options = (
        f"font_family={FONT}", f"font_size={SIZE}", f"background={BACKGROUND}",
        f"foreground={FOREGROUND}", "remember_window_size=no", f"initial_window_width={COLUMNS}c",
        f"initial_window_height={ROWS}c", "update_check_interval=0", "hide_window_decorations=yes",
    )  # fmt: skip
    return ["kitty", "--config", "NONE", *(part for one in options for part in ("-o", one)),
            *program]  # fmt: skip


def mlterm(program: list[str], place: Path) -> list[str]:
    """mlterm with fonts of Xft."""
    (place / ".mlterm").mkdir()
    (place / ".mlterm" / "aafont").write_text(f"DEFAULT = {FONT}\n")
    return ["mlterm", "--type=xft", "-w", "14", "-g", f"{COLUMNS}x{ROWS}", "-O", "none",
            "-b", BACKGROUND, "-f", FOREGROUND, "--depth", "24", "-T", "mlterm",
            "-e", *program]  # fmt: skip


def foot(program: list[str], place: Path) -> list[str]:
    """foot, which needs Wayland: weston in a window of the X server, filled by it."""
    weston = ["weston", "--backend=x11-backend.so", "--shell=kiosk-shell.so", "--use-pixman",
              "--socket=wayland-1", "--width=850", "--height=560"]  # fmt: skip
    inner = ["env", "WAYLAND_DISPLAY=wayland-1", "foot", "-f", f"{FONT}:size={SIZE}",
             "-o", f"colors.background={BACKGROUND[1:]}",
             "-o", f"colors.foreground={FOREGROUND[1:]}", *program]  # fmt: skip
    wait = f"until [ -S {shlex.quote(str(place / 'wayland-1'))} ]; do sleep 0.1; done"
    return ["sh", "-c", f"{shlex.join(weston)} & {wait}; exec {shlex.join(inner)}"]


def konsole(program: list[str], place: Path) -> list[str]:
    """Konsole without its bars."""
    properties = (f"Font={FONT},{SIZE}", f"TerminalColumns={COLUMNS}", f"TerminalRows={ROWS}")
    return ["dbus-run-session", "--", "konsole", "--nofork", "--hide-menubar", "--hide-tabbar",
            "--notransparency", *(part for one in properties for part in ("-p", one)),
            "-e", *program]  # fmt: skip


def xterm_js(modules: Path) -> Start:
    """xterm.js with its image addon, in a browser."""
    script = str(Path(__file__).with_name("xterm_js.py"))

    def start(program: list[str], place: Path) -> list[str]:
        return [sys.executable, script, str(modules), "chromium", *program]

    return start


def shots(modules: Path) -> tuple[Shot, ...]:
    """All terminals."""
    software = {"LIBGL_ALWAYS_SOFTWARE": "1"}
    browser = ("chromium",)
    return (
        Shot("xterm", xterm, ("xterm",)),
        Shot("xterm-tmux", xterm, ("xterm", "tmux"), tmux=True),
        Shot("xterm-tmux-sixel", xterm, ("xterm", "tmux"), tmux=True, rooted=True),
        Shot("kitty", kitty, ("kitty",), rooted=True, environment=software),
        Shot("kitty-tmux", kitty, ("kitty", "tmux"), True, True, environment=software),
        Shot("konsole", konsole, ("konsole", "dbus-run-session"),
             environment={"QT_QPA_PLATFORM": "xcb"}),
        Shot("foot", foot, ("foot", "weston")),
        Shot("mlterm", mlterm, ("mlterm",)),
        Shot("xterm-js-sixel", xterm_js(modules), browser),
        Shot("xterm-js-iterm2", xterm_js(modules), browser, arguments=("--graphics", "iterm2")),
    )  # fmt: skip


def take(shot: Shot, output: Path, root: Path | None) -> None:
    """Take one picture."""
    with tempfile.TemporaryDirectory(prefix="tuiview-terminal-") as folder:
        place = Path(folder)
        demo = make_demo(place / "demo")
        tuiview = [sys.executable, "-m", "tuiview"]
        doctor = shlex.join([*tuiview, "doctor", *shot.arguments])
        review = shlex.join([*tuiview, "--reviewer", "ada", *shot.arguments, demo.name])
        program = ["sh", "-c", f"{doctor} > seen; exec {review}"]
        if shot.tmux:
            (place / "tmux.conf").write_text(TMUX)
            program = ["tmux", "-f", str(place / "tmux.conf"), "new-session", *program]
        command = shot.start(program, place)
        if shot.rooted and root is not None:
            inside = f"cd {shlex.quote(folder)} && exec {shlex.join(command)}"
            command = ["chroot", str(root), "sh", "-c", inside]
        with Window(command, cwd=place, environment=shot.environment) as window:
            window.picture()
            window.press(KEYS)
            path = output / f"{shot.name}.png"
            save_small(window.picture(), path)
            seen = (place / "seen").read_text().splitlines()
    print(f"{path}  {path.stat().st_size // 1000} kB")
    print("\n".join(f"    {line}" for line in seen if line.startswith(WORDS)), flush=True)


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Look at the program in real terminals.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "terminals")
    parser.add_argument("--root", type=Path, help="another root, for kitty and a newer tmux")
    parser.add_argument("--modules", type=Path, default=Path("node_modules"))
    args = parser.parse_args()
    if lacking := missing(TOOLS):
        print(f"missing: {', '.join(lacking)}; apt-get install {PACKAGES}", file=sys.stderr)
        return 1
    args.output.mkdir(parents=True, exist_ok=True)
    for shot in shots(args.modules):
        if args.names and shot.name not in args.names:
            continue
        where = f"{args.root}/usr/bin" if shot.rooted and args.root else None
        lacking = [tool for tool in shot.tools if shutil.which(tool, path=where) is None]
        if shot.name.startswith("xterm-js") and not (args.modules / "@xterm").is_dir():
            lacking.append("@xterm/xterm")
        if lacking:
            print(f"{shot.name}: left out, {', '.join(lacking)} missing")
            continue
        take(shot, args.output, args.root)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
