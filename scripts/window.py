"""A program in a window on an X server of its own: keys go in, pictures of the window come out.

Needs Xvfb, xdotool and ImageMagick's import.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from PIL import Image, ImageChops

TOOLS = ("Xvfb", "xdotool", "import")
PACKAGES = "xvfb xdotool imagemagick fonts-dejavu-core"
LARGEST = 300_000
"""Bytes of a picture in the documents."""

_SCREEN = (1400, 1000)
# What would tell the program about the terminal that this script runs in.
_HIDDEN = ("TMUX", "TMUX_PANE", "STY", "TERM_PROGRAM", "COLORTERM", "NO_COLOR", "WAYLAND_DISPLAY")


class Window:
    """A program on an X server of its own.

    Args:
        command: The program.
        cwd: Where it runs; its home too. Whatever else runs there at the end is waited for.
        environment: Variables beside the usual ones.
        display: The number of the X server; None takes a free one.
    """

    def __init__(
        self,
        command: list[str],
        *,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        display: int | None = None,
    ) -> None:
        self._place = cwd
        reader, writer = os.pipe()
        number = [] if display is None else [f":{display}"]
        self._server = subprocess.Popen(
            ["Xvfb", *number, "-displayfd", str(writer), "-nolisten", "tcp",
             "-screen", "0", "{}x{}x24".format(*_SCREEN)],
            pass_fds=(writer,), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as pipe:
            found = pipe.readline().strip()
        if not found:
            raise SystemExit("Xvfb did not start")
        self.environment = {k: v for k, v in os.environ.items() if k not in _HIDDEN} | {
            "DISPLAY": f":{found}", "HOME": str(cwd), "XDG_DATA_HOME": str(cwd / "data"),
            "XDG_CONFIG_HOME": str(cwd / "config"), "XDG_CACHE_HOME": str(cwd / "cache"),
            "XDG_STATE_HOME": str(cwd / "state"), "XDG_RUNTIME_DIR": str(cwd),
            "TMUX_TMPDIR": str(cwd), "LC_ALL": "C.UTF-8", **(environment or {}),
        }  # fmt: skip
        self._program = subprocess.Popen(
            command, env=self.environment, cwd=cwd, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The program saves what it has to before it ends, into a folder that is removed next.
        programs = [one for one in psutil.process_iter() if self._runs_here(one)]
        self._program.terminate()
        for server in self._place.glob("tmux-*/*"):
            subprocess.run(["tmux", "-S", server, "kill-server"], check=False, capture_output=True)
        _, left = psutil.wait_procs(programs, timeout=10)
        for one in left:
            one.kill()
        self._program.wait()
        self._server.terminate()
        self._server.wait()

    def _runs_here(self, process: psutil.Process) -> bool:
        """Whether a process works in our folder, seen from whatever root it has."""
        with contextlib.suppress(psutil.Error):
            return process.cwd().endswith(str(self._place))
        return False

    def press(self, keys: Iterable[str]) -> None:
        """Press keys one after the other; `:text` types the text."""
        self.focus()
        for key in keys:
            if key.startswith(":"):
                self.run("xdotool", "type", "--delay", "40", key[1:])
            else:
                self.run("xdotool", "key", key)
            self.picture(quiet=2)

    def focus(self) -> None:
        """Give the keyboard to the window: without a manager it belongs to where the pointer is."""
        self.run("xdotool", "mousemove", *(str(n - 10) for n in _SCREEN))
        self.run("xdotool", "mousemove", "300", "300")

    def picture(self, *, quiet: int = 4) -> Image.Image:
        """The screen, once it has been the same `quiet` looks in a row."""
        same, last = 0, self.look()
        deadline = time.monotonic() + 60
        while same < quiet:
            if time.monotonic() > deadline:
                raise SystemExit("the screen does not stop changing")
            if self._program.poll() is not None:
                raise SystemExit("the program has ended")
            time.sleep(0.15)
            now = self.look()
            drawn = len(now.getcolors(1 << 20) or range(9)) > 8
            same = same + 1 if drawn and not ImageChops.difference(now, last).getbbox() else 0
            last = now
        box = ImageChops.difference(last, Image.new("RGB", last.size)).getbbox()
        return last.crop(box)

    def look(self) -> Image.Image:
        """The screen as it is now."""
        taken = self.run("import", "-silent", "-window", "root", "png:-")
        return Image.open(io.BytesIO(taken)).convert("RGB")

    def run(self, *command: str) -> bytes:
        """What a program says that works on the same screen."""
        return subprocess.run(command, env=self.environment, check=True, capture_output=True).stdout


def missing(tools: Iterable[str]) -> list[str]:
    """The programs that this machine does not have."""
    return [tool for tool in tools if shutil.which(tool) is None]


def save_small(picture: Image.Image, path: Path) -> None:
    """Save as PNG with a palette, of fewer colours until it is small enough."""
    for colors in (256, 128, 64, 32):
        # Means that move: without them the few bright pixels of a faint sky share one colour.
        reduced = picture.quantize(colors, method=Image.Quantize.MAXCOVERAGE, kmeans=4, dither=0)
        reduced.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            break
