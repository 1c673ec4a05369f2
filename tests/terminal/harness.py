"""The real program on a pseudo-terminal, with a terminal at the other end that answers.

    with Terminal([str(folder)], kind="kitty", delay=0.2) as t:
        t.wait_for("item 1 of 40")
        t.press("j")
        t.wait_for("item 2 of 40")
        assert t.picture().shape == (800, 1000, 3)

Nothing sleeps: everything waits for output, with a limit after which the screen is shown.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import io
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from unittest import mock

import numpy as np
from emulator import Emulator
from numpy.typing import NDArray
from stillness import rests

from tuiview.cli import main

KEYS = {
    "enter": b"\r", "tab": b"\t", "space": b" ", "escape": b"\x1b", "backspace": b"\x7f",
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D",
    "shift+up": b"\x1b[1;2A", "shift+down": b"\x1b[1;2B",
    "shift+right": b"\x1b[1;2C", "shift+left": b"\x1b[1;2D",
    "home": b"\x1b[H", "end": b"\x1b[F", "pageup": b"\x1b[5~", "pagedown": b"\x1b[6~",
    "delete": b"\x1b[3~", "f1": b"\x1bOP", "shift+tab": b"\x1b[Z",
    "focus-in": b"\x1b[I", "focus-out": b"\x1b[O",
}  # fmt: skip

# What would tell the program about the terminal that the tests themselves run in.
_HIDDEN = (
    "TMUX", "TMUX_PANE", "STY", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "KITTY_WINDOW_ID",
    "WEZTERM_PANE", "KONSOLE_VERSION", "VTE_VERSION", "WT_SESSION", "LC_TERMINAL",
    "LC_TERMINAL_VERSION", "COLORTERM", "SSH_TTY", "SSH_CONNECTION", "NO_COLOR", "COLUMNS", "LINES",
    "DISPLAY", "EDITOR", "VISUAL",
)  # fmt: skip
_LULL = 0.002
"""Seconds without output after which what came is drawn."""
_GLANCE = 0.01
"""Seconds between two looks at what the program does."""
_CALM, _CALM_ESCAPED = 0.05, 0.3
"""Seconds for which a program is seen at rest: a key may still be on its way through the device."""
_TERMS = {"kitty": "xterm-kitty", "none": "vt220"}


@dataclass(frozen=True, slots=True)
class Link:
    """A slow way between program and terminal.

    Attributes:
        bits_per_second: How fast it carries output.
        round_trip: Seconds from one end to the other and back.
        buffer: Bytes that it takes in before the program has to wait, as sockets on the way do.
    """

    bits_per_second: float = 10e6
    round_trip: float = 0.05
    buffer: int = 262_144


class Terminal:
    """A program on a pseudo-terminal of its own.

    Args:
        args: Arguments of tuiview, or of `command`.
        kind: How the terminal answers: `kitty`, `sixel`, `iterm2`, `none` or `silent`.
        size: `(columns, rows)`.
        cell: `(width, height)` of a cell in pixels; the device tells it too unless `kind` is none.
        delay: Seconds that the terminal takes for each answer.
        link: A slow link between, instead of none.
        env: Environment variables to set; None removes one.
        command: Runs instead of `python -m tuiview`.
        home: The home folder, to share one between runs; a temporary one by default.
        cwd: The working folder.
    """

    def __init__(
        self,
        args: Sequence[str | Path] = (),
        *,
        kind: str = "kitty",
        size: tuple[int, int] = (130, 45),
        cell: tuple[int, int] = (10, 20),
        delay: float = 0.0,
        link: Link | None = None,
        env: Mapping[str, str | None] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "tuiview"),
        home: Path | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.emulator = Emulator(kind, size, cell)
        self.delay = delay
        self.link = link
        self.started = time.monotonic()
        self.log: list[tuple[float, int]] = []
        """When output arrived at the terminal, and how many bytes had arrived then."""
        self.taken: list[tuple[float, int]] = []
        """When the link took output in, and how many bytes it had taken then."""
        self.output = bytearray()
        """All that ever arrived."""
        self.pressed: list[tuple[float, bytes]] = []
        self.ended = False
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._under_way = 0
        self._link_free = 0.0
        self._outgoing: list[tuple[float, int, bytes]] = []
        self._count = 0
        self._unsent = b""
        self._own_home = None if home else tempfile.mkdtemp(prefix="tuiview-home-")
        self.home = home or Path(str(self._own_home))
        master, slave = os.openpty()
        self._master = master
        self._tell_size(size, cell, kind)
        before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [*command, *map(str, args)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environment(kind, env or {}),
            cwd=cwd,
            close_fds=True,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        # Kept open, so that the state in which the program left the device can be looked at.
        self._slave, self._modes_before = slave, before
        os.set_blocking(master, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program if it still runs, and clean up."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for descriptor in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        if self._own_home:
            shutil.rmtree(self._own_home, ignore_errors=True)

    # --- what the reviewer does -----------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys: single characters, names of `KEYS`, `ctrl+x`."""
        for key in keys:
            self.write(_bytes_of(key))

    def type(self, text: str) -> None:
        """Type a text."""
        self.write(text.encode())

    def press_at_rate(self, key: str, count: int, interval: float) -> None:
        """Press a key `count` times, one each `interval` seconds, as a held key does."""
        start = time.monotonic()
        for number in range(count):
            self.pump(until=start + number * interval)
            self.press(key)

    def write(self, data: bytes) -> None:
        """Send bytes as the terminal would."""
        now = time.monotonic()
        self.pressed.append((now, data))
        self._send(data, now)
        self._flush(now)

    def resize(self, size: tuple[int, int], cell: tuple[int, int] | None = None) -> None:
        """Give the window another size."""
        cell = cell or self.emulator.cell
        self.emulator.resize(size, cell)
        self._tell_size(size, cell, self.emulator.kind)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGWINCH)

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def kill9(self) -> None:
        """Kill the program without warning."""
        self.process.kill()
        self.wait_exit()

    # --- waiting --------------------------------------------------------------------------

    def wait_for(
        self, what: str | Callable[[Self], object], timeout: float = 15.0, *, wanted: str = ""
    ) -> object:
        """Wait until a text stands on the screen or a condition holds.

        Args:
            what: The text, or the condition.
            timeout: Seconds.
            wanted: What the condition is, in words.

        Returns:
            What the condition returned, or True.

        Raises:
            TimeoutError: It did not happen in time; the words show the screen.
            EOFError: The program ended before it happened.
        """
        check: Callable[[Self], object] = (
            (lambda t: what in t.screen_text()) if isinstance(what, str) else what
        )
        deadline = time.monotonic() + timeout
        while True:
            if result := check(self):
                return result
            words = wanted or (repr(what) if isinstance(what, str) else "the condition")
            if self.ended:
                raise EOFError(f"the program ended before {words}:\n{self.dump()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words} did not come in {timeout} s:\n{self.dump()}")
            self._step(deadline)

    def settle(self, quiet: float = 0.3, timeout: float = 15.0) -> None:
        """Wait until nothing will arrive for `quiet` seconds.

        Where the system tells that the program rests, that is known at once; elsewhere nothing
        has to arrive for so long.
        """
        deadline = time.monotonic() + timeout
        known, silent, calm = (-1, -1), 0.0, 0.0
        while not self.ended:
            now = time.monotonic()
            state = (len(self.output), self._count)
            if state != known or self._arriving or self._outgoing or self._unsent:
                known, silent, calm = state, now, now
            elif not rests(self.process.pid, quiet):
                calm = now
            # An escape is a key only when nothing has followed it for a while.
            escaped = bool(self.pressed) and self.pressed[-1][1].endswith(b"\x1b")
            if now - silent >= quiet or now - calm >= (_CALM_ESCAPED if escaped else _CALM):
                return
            if now > deadline:
                raise TimeoutError(f"output did not stop in {timeout} s:\n{self.dump()}")
            self.pump(until=min(deadline, now + _GLANCE))

    def wait_exit(self, timeout: float = 15.0) -> int:
        """Wait for the program's end; returns its exit status."""
        deadline = time.monotonic() + timeout
        while not self.ended:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the program did not end in {timeout} s:\n{self.dump()}")
            self._step(deadline)
        return self.process.wait()

    def pump(self, *, until: float) -> None:
        """Pass output and input on until a moment of `time.monotonic`."""
        while True:
            self._step(until)
            if time.monotonic() >= until:
                return

    # --- what the terminal shows ----------------------------------------------------------

    def screen_lines(self) -> list[str]:
        """The rows of the screen as text."""
        return list(self.emulator.cells.display)

    def screen_text(self) -> str:
        """The whole screen as text, without blanks at the ends of the rows."""
        return "\n".join(line.rstrip() for line in self.screen_lines())

    def position(self) -> tuple[int, int] | None:
        """Which item of how many the status line names, None while it names none."""
        for line in reversed(self.screen_lines()):
            if found := re.match(r" ([\d,]+)/([\d,]+) ", line):
                return int(found[1].replace(",", "")), int(found[2].replace(",", ""))
        return None

    def wait_for_item(self, number: int, timeout: float = 15.0) -> None:
        """Wait until the status line names this item, from 1."""
        self.wait_for(
            lambda t: (t.position() or (0, 0))[0] == number, timeout, wanted=f"item {number}"
        )

    def picture_box(self) -> tuple[int, int, int, int] | None:
        """`(column, row, columns, rows)` of the cells that show a picture, None without one."""
        _, mask = self.emulator.canvas()
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return None
        width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
        return int(columns[0]), int(rows[0]), int(width), int(height)

    def picture(self) -> NDArray[np.uint8]:
        """The pixels of the picture on the screen, `(h, w, 3)`; empty without one."""
        box = self.picture_box()
        if box is None:
            return np.zeros((0, 0, 3), np.uint8)
        column, row, columns, rows = box
        width, height = self.emulator.cell
        pixels, _ = self.emulator.canvas()
        return pixels[row * height : (row + rows) * height, column * width :][:, : columns * width]

    def picture_is_whole(self) -> bool:
        """Whether no cell within the picture's rectangle shows anything else."""
        box = self.picture_box()
        if box is None:
            return False
        column, row, columns, rows = box
        _, mask = self.emulator.canvas()
        return bool(mask[row : row + rows, column : column + columns].all())

    def mark(self) -> int:
        """The place in the output that is reached now."""
        return len(self.output)

    def bytes_since(self, mark: int) -> bytes:
        """What arrived since."""
        return bytes(self.output[mark:])

    def first_byte_after(self, mark: int) -> float:
        """When the first byte after a mark arrived."""
        return next(at for at, total in self.log if total > mark)

    def last_byte(self) -> float:
        """When the last byte arrived."""
        return self.log[-1][0] if self.log else self.started

    def device_restored(self) -> bool:
        """Whether the device's modes (echo, whole lines) are what they were before the program."""
        return termios.tcgetattr(self._slave)[:4] == self._modes_before[:4]

    def unread(self) -> bytes:
        """What came from the terminal and nobody has read, when nothing is on its way any more."""
        while self._arriving or self._outgoing or self._unsent:
            self.pump(until=time.monotonic() + 0.01)
        modes = termios.tcgetattr(self._slave)
        raw = [*modes[:3], modes[3] & ~termios.ICANON, *modes[4:6], [*modes[6]]]
        raw[6][termios.VMIN] = raw[6][termios.VTIME] = 0
        termios.tcsetattr(self._slave, termios.TCSANOW, raw)
        data = os.read(self._slave, 65536)
        termios.tcsetattr(self._slave, termios.TCSANOW, modes)
        return data

    def dump(self) -> str:
        """The screen in a frame, without empty rows at its end, for messages."""
        lines = self.screen_lines()
        while lines and not lines[-1].strip():
            lines.pop()
        # Pictures in characters are of no use in a message.
        lines = [re.sub("[\u2580-\u259f]", "#", line) for line in lines]
        rule = "+" + "-" * self.emulator.cells.columns + "+"
        return "\n".join([rule, *(f"|{line}|" for line in lines), rule])

    # --- the device -----------------------------------------------------------------------

    def _environment(self, kind: str, changes: Mapping[str, str | None]) -> dict[str, str]:
        environment = environment_of(self.home)
        environment["TERM"] = _TERMS.get(kind, "xterm-256color")
        if kind in ("kitty", "iterm2"):
            environment["COLORTERM"] = "truecolor"
        for name, value in changes.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        return environment

    def _tell_size(self, size: tuple[int, int], cell: tuple[int, int], kind: str) -> None:
        columns, rows = size
        width, height = (0, 0) if kind == "none" else (columns * cell[0], rows * cell[1])
        fcntl.ioctl(
            self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height)
        )

    def _step(self, deadline: float) -> None:
        """Wait for whatever comes first: output, the end of a delay, the deadline."""
        now = time.monotonic()
        moments = [deadline]
        if self._arriving:
            moments.append(self._arriving[0][0])
        if self._outgoing:
            moments.append(self._outgoing[0][0])
        # The end of the program shows in no descriptor, as this side keeps the device open too.
        wait = min(max(0.0, min(moments) - now), 0.05)
        room = self.link is None or self._under_way < self.link.buffer
        readers = [self._master] if room and not self.ended else []
        writers = [self._master] if self._unsent else []
        readable, _, _ = select.select(readers, writers, [], wait)
        now = time.monotonic()
        if readable:
            self._read(now)
        elif self.process.poll() is not None and not self._arriving and not self._readable():
            self.ended = True
        self._deliver(now)
        self._flush(now)

    def _read(self, now: float) -> None:
        data = os.read(self._master, 65536)
        if self.link is None:
            # A device hands out 4 kB at a time: the program must not wait while they are drawn.
            with contextlib.suppress(OSError):
                while data:
                    self._arriving.append((time.monotonic(), data))
                    self._under_way += len(data)
                    more, _, _ = select.select([self._master], [], [], _LULL)
                    data = os.read(self._master, 65536) if more else b""
            return
        self.taken.append((now, (self.taken[-1][1] if self.taken else 0) + len(data)))
        for start in range(0, len(data), 1460):
            packet = data[start : start + 1460]
            self._link_free = (
                max(now, self._link_free) + len(packet) * 8 / self.link.bits_per_second
            )
            self._arriving.append((self._link_free + self.link.round_trip / 2, packet))
            self._under_way += len(packet)

    def _readable(self) -> bool:
        return bool(select.select([self._master], [], [], 0)[0])

    def _deliver(self, now: float) -> None:
        """Hand what has arrived by now to the terminal."""
        while self._arriving and self._arriving[0][0] <= now:
            at, data = self._arriving.popleft()
            self._under_way -= len(data)
            self.output += data
            self.log.append((at, len(self.output)))
            for answer in self.emulator.feed(data):
                self._send(answer, at + self.delay)

    def _send(self, data: bytes, at: float) -> None:
        if self.link is not None:
            at += self.link.round_trip / 2
        self._count += 1
        heapq.heappush(self._outgoing, (at, self._count, data))

    def _flush(self, now: float) -> None:
        while self._outgoing and self._outgoing[0][0] <= now:
            self._unsent += heapq.heappop(self._outgoing)[2]
        if self._unsent:
            with contextlib.suppress(BlockingIOError, OSError):
                self._unsent = self._unsent[os.write(self._master, self._unsent) :]


def environment_of(home: Path) -> dict[str, str]:
    """The environment of a program whose home is a folder of the tests."""
    environment = {k: v for k, v in os.environ.items() if k not in _HIDDEN}
    return environment | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "USER": "reviewer",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }


def tuiview(*args: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of tuiview that needs no terminal, in this process."""
    words = list(map(str, args))
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment_of(home), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = main(words)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def _bytes_of(key: str) -> bytes:
    if key in KEYS:
        return KEYS[key]
    if key.startswith("ctrl+") and len(key) == 6:
        return bytes([ord(key[5].upper()) & 0x1F])
    if len(key) == 1:
        return key.encode()
    raise ValueError(f"no key is called {key!r}")
