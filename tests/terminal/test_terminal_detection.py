"""Detection: the protocol that each terminal gets, and what happens to answers and keys."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tuiview.errors import UsageError
from tuiview.graphics import probe
from tuiview.graphics.payload import Protocol
from tuiview.graphics.terminal import Terminal, detect
from tuiview.graphics.tmux import Tmux

KITTY = "\x1bP>|kitty(0.41.1)\x1b\\"
OK = "\x1b_Gi=31;OK\x1b\\"
XTERM = "\x1bP>|XTerm(379)\x1b\\"
SIXEL = "\x1b[?63;1;2;4;22c"
PLAIN = "\x1b[?62;22c"


class Device:
    """A pseudo-terminal whose other end says fixed answers to the sentinel."""

    def __init__(self, answers: str, size: tuple[int, int, int, int], typed: str) -> None:
        self.master, self.slave = os.openpty()
        columns, rows, width, height = size
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, width, height))
        self.path = Path(os.ttyname(self.slave))
        self.asked = b""
        self.modes = termios.tcgetattr(self.slave)
        self._answers, self._typed = answers, typed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        if self._typed:
            os.write(self.master, self._typed.encode())
        answered = False
        while not self._stop.is_set():
            if select.select([self.master], [], [], 0.01)[0]:
                self.asked += os.read(self.master, 4096)
            if not answered and probe.SENTINEL in self.asked:
                os.write(self.master, self._answers.encode())
                answered = True

    def left(self) -> bytes:
        """What nobody has read."""
        os.set_blocking(self.slave, False)
        try:
            return os.read(self.slave, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self.master)
        os.close(self.slave)


@contextmanager
def device(
    answers: str, *, size: tuple[int, int, int, int] = (100, 40, 1000, 800), typed: str = ""
) -> Iterator[Device]:
    one = Device(answers, size, typed)
    try:
        yield one
    finally:
        one.close()


def found(answers: str, choice: str = "auto", **environ: str) -> Terminal:
    with device(answers) as one:
        return detect(choice, environ={"TERM": "xterm-256color"} | environ, device=one.path)


@pytest.mark.parametrize(
    ("answers", "environ", "protocol", "brand"),
    [
        (KITTY + OK + PLAIN, {}, Protocol.KITTY, "kitty"),
        ("\x1bP>|kitty(0.26.5)\x1b\\" + OK + PLAIN, {}, Protocol.KITTY_DIRECT, "kitty"),
        ("\x1bP>|ghostty 1.1.3\x1b\\" + OK + PLAIN, {}, Protocol.KITTY, "Ghostty"),
        ("\x1bP>|Konsole 23.08.1\x1b\\" + OK + SIXEL, {}, Protocol.KITTY_DIRECT, "Konsole"),
        ("\x1bP>|WezTerm 20240203\x1b\\" + OK + SIXEL, {}, Protocol.ITERM2, "WezTerm"),
        ("\x1bP>|iTerm2 3.5.4\x1b\\" + PLAIN, {}, Protocol.ITERM2, "iTerm2"),
        ("\x1bP>|xterm.js(5.6.0)\x1b\\" + SIXEL, {}, Protocol.ITERM2, "xterm.js"),
        ("\x1bP>|xterm.js(5.6.0)\x1b\\" + PLAIN, {}, Protocol.BLOCKS, "xterm.js"),
        ("\x1bP>|mintty 3.7.0\x1b\\" + SIXEL, {}, Protocol.ITERM2, "mintty"),
        ("\x1bP>|foot(1.16.2)\x1b\\" + SIXEL, {}, Protocol.SIXEL, "foot"),
        (XTERM + SIXEL, {}, Protocol.SIXEL, "xterm"),
        (XTERM + PLAIN, {}, Protocol.BLOCKS, "xterm"),
        ("\x1b[?61;4;6;7;14;21;22;23;24;28;32;42c", {"WT_SESSION": "1"}, Protocol.SIXEL,
         "Windows Terminal"),
        (SIXEL, {}, Protocol.SIXEL, ""),
        (OK + PLAIN, {}, Protocol.KITTY_DIRECT, ""),
        (PLAIN, {}, Protocol.BLOCKS, ""),
        ("\x1bP>|NewTerm 1\x1b\\" + PLAIN, {}, Protocol.BLOCKS, "NewTerm 1"),
    ],
)  # fmt: skip
def test_each_terminal_gets_what_it_is_best_at(
    answers: str, environ: dict[str, str], protocol: Protocol, brand: str
) -> None:
    terminal = found(answers, **environ)
    assert terminal.protocol is protocol
    assert terminal.brand == brand
    assert terminal.why
    assert terminal.complete
    assert terminal.multiplexer is None


@pytest.mark.parametrize("term", ["dumb", "linux", ""])
def test_terminals_that_show_text_only_are_not_asked(term: str) -> None:
    with device(PLAIN) as one:
        terminal = detect(environ={"TERM": term}, device=one.path)
        assert one.asked == b""
    assert terminal.protocol is Protocol.BLOCKS


def test_no_terminal_at_all(tmp_path: Path) -> None:
    for path in (tmp_path / "none", Path(os.devnull)):
        terminal = detect(environ={"TERM": "xterm"}, device=path)
        assert terminal.protocol is Protocol.BLOCKS
        assert (terminal.columns, terminal.rows) == (80, 24)


def test_a_closed_other_end_is_no_error() -> None:
    master, slave = os.openpty()
    path = Path(os.ttyname(slave))
    os.close(master)
    assert detect(environ={"TERM": "xterm"}, device=path, timeout=0.2).protocol is Protocol.BLOCKS
    os.close(slave)


def test_the_reviewer_decides() -> None:
    assert found(KITTY + OK + PLAIN, "sixel").protocol is Protocol.SIXEL
    assert found(PLAIN, "blocks").protocol is Protocol.BLOCKS
    with pytest.raises(UsageError):
        detect("paint")


def test_keys_pressed_meanwhile_are_kept_and_the_modes_come_back() -> None:
    with device("\x1b[?62;4c" + "k", typed="jj\x1b[B") as one:
        terminal = detect(environ={"TERM": "xterm"}, device=one.path)
        assert terminal.typed_ahead + one.left().decode() == "jj\x1b[Bk"
        assert termios.tcgetattr(one.slave) == one.modes


def test_a_terminal_that_does_not_answer_in_time() -> None:
    with device("") as one:
        terminal = detect(environ={"TERM": "xterm"}, device=one.path, timeout=0.1)
        assert terminal.protocol is Protocol.BLOCKS
        assert not terminal.complete
        assert not termios.tcgetattr(one.slave)[3] & termios.ECHO  # late answers stay invisible
        probe.restore(str(one.path))
        assert termios.tcgetattr(one.slave) == one.modes


def test_half_an_answer_is_handed_on_so_that_its_rest_is_no_key() -> None:
    with device(KITTY + "\x1b[?62;4") as one:
        terminal = detect(environ={"TERM": "xterm"}, device=one.path, timeout=0.2)
        probe.restore(str(one.path))
    assert terminal.typed_ahead == "\x1b[?62;4"


def test_cell_size_is_the_smaller_of_two_opinions() -> None:
    answers = "\x1b[4;760;990t\x1b[6;20;10t" + PLAIN
    with device(answers) as one:
        terminal = detect(environ={"TERM": "xterm"}, device=one.path)
    assert (terminal.cell_width, terminal.cell_height) == (9, 19)
    assert terminal.cell_known


@pytest.mark.parametrize(
    ("answers", "cell", "known"),
    [("\x1b[6;20;10t" + PLAIN, (10, 20), True), (PLAIN, (8, 16), False)],
)
def test_cell_size_without_pixels_from_the_kernel(
    answers: str, cell: tuple[int, int], known: bool
) -> None:
    with device(answers, size=(80, 24, 0, 0)) as one:
        terminal = detect(environ={"TERM": "xterm"}, device=one.path)
    assert (terminal.cell_width, terminal.cell_height) == cell
    assert terminal.cell_known is known


def test_size_is_read_again() -> None:
    with device(PLAIN) as one:
        terminal = detect(environ={"TERM": "xterm"}, device=one.path)
        assert (terminal.cell_width, terminal.cell_height) == (10, 20)
        fcntl.ioctl(one.slave, termios.TIOCSWINSZ, struct.pack("4H", 50, 120, 1440, 1200))
        again = terminal.resized(one.slave)
    assert (again.columns, again.rows, again.cell_width, again.cell_height) == (120, 50, 12, 24)


def test_what_else_the_answers_tell() -> None:
    answers = XTERM + "\x1b[?2;0;800;600S\x1b[?1;0;256S\x1b[?2026;2$y\x1b[7;5R" + SIXEL
    terminal = found(answers)
    assert terminal.sixel_limits == (800, 600)
    assert terminal.sixel_colors == 256
    assert terminal.synchronized
    assert terminal.repeats
    assert terminal.area(90, 39).width <= 800
    assert terminal.area(90, 39).height <= 600
    without = found(XTERM + "\x1b[?2026;0$y\x1b[7;2R" + SIXEL)
    assert not without.synchronized
    assert not without.repeats


def test_a_sixel_limit_that_is_only_the_window_is_none() -> None:
    assert found(XTERM + "\x1b[?2;0;1000;800S" + SIXEL).sixel_limits is None


def test_colors() -> None:
    assert found(PLAIN).colors == 256
    assert found(PLAIN, COLORTERM="truecolor").colors == 2**24
    assert found(KITTY + OK + PLAIN).colors == 2**24


def test_blocks_have_sub_cells_of_the_right_shape() -> None:
    area = found(PLAIN).area(50, 20)
    assert (area.width, area.height) == (50, 40)
    assert area.pixel_aspect == pytest.approx(1.0)
    fine = found(PLAIN).area(50, 20, grid=(2, 4))
    assert (fine.width, fine.height) == (100, 80)
    assert fine.pixel_aspect == pytest.approx(1.0)


# tmux


def in_tmux(
    tmp_path: Path, answers: str, values: dict[str, str], later: dict[str, str] | None = None
) -> Terminal:
    """Detection inside a tmux that says `values`, and `later` when it is asked again."""
    known = {
        "version": "3.5a", "client_termtype": "kitty(0.41.1)", "client_termname": "xterm-kitty",
        "client_termfeatures": "256,RGB,focus", "client_cell_width": "9",
        "client_cell_height": "18", "allow-passthrough": "on", "focus-events": "1",
        "client_discarded": "0", "status": "on", "status-position": "bottom",
        "pane_top": "0", "pane_left": "0", "escape-time": "500", "pane_id": "%3",
    } | values  # fmt: skip
    for name, said in (("now", known), ("later", known | (later or {}))):
        lines = (f"s@#{{{format}}}@{value}@\n" for format, value in said.items())
        (tmp_path / name).write_text("".join(lines))
    script = tmp_path / "tmux"
    script.write_text(
        f"#!/bin/sh\ncd {tmp_path}\nfor last; do :; done\n"
        'printf "%s\\n" "$last" | sed -f now\ncp later now\n'
    )
    script.chmod(0o755)
    where = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMUX": "/tmp/t,1,0", "TMUX_PANE": "%0"}
    with device(answers) as one:
        terminal = detect(environ={"TERM": "tmux-256color"} | where, device=one.path, timeout=2)
        assert b"_G" not in one.asked  # tmux would make it a title
    return terminal


TMUX_PLAIN = "\x1bP>|tmux 3.5a\x1b\\\x1b[?1;2c"
TMUX_SIXEL = "\x1bP>|tmux 3.5a\x1b\\\x1b[?1;2;4c"


@pytest.mark.parametrize(
    ("answers", "values", "protocol", "wrapped"),
    [
        (TMUX_SIXEL, {}, Protocol.KITTY, True),
        (TMUX_PLAIN, {"allow-passthrough": "all"}, Protocol.KITTY, True),
        (TMUX_PLAIN, {"allow-passthrough": "off"}, Protocol.BLOCKS, False),
        # tmux claims sixel, but the terminal outside would show a box of text.
        (TMUX_SIXEL, {"allow-passthrough": "off"}, Protocol.BLOCKS, False),
        (TMUX_SIXEL, {"client_termtype": "foot(1.16)", "client_termfeatures": "256,RGB,sixel"},
         Protocol.SIXEL, False),
        (TMUX_PLAIN, {"client_termtype": "XTerm(379)", "client_termname": "xterm"},
         Protocol.SIXEL, True),
        (TMUX_PLAIN, {"client_termtype": "iTerm2 3.5.4", "client_termname": "xterm-256color"},
         Protocol.ITERM2, True),
        (TMUX_PLAIN, {"client_termtype": "kitty(0.26.5)"}, Protocol.BLOCKS, False),
        (TMUX_PLAIN, {"client_termtype": "", "client_termname": "xterm-ghostty"},
         Protocol.KITTY, True),
        (TMUX_SIXEL, {"client_termtype": "NewTerm 1", "client_termname": "new",
                      "client_termfeatures": "RGB,sixel"}, Protocol.SIXEL, False),
        (TMUX_PLAIN, {"client_termtype": "", "client_termname": "xterm"}, Protocol.BLOCKS, False),
    ],
)  # fmt: skip
def test_inside_tmux_the_terminal_outside_counts(
    tmp_path: Path, answers: str, values: dict[str, str], protocol: Protocol, wrapped: bool
) -> None:
    terminal = in_tmux(tmp_path, answers, values)
    assert terminal.protocol is protocol, terminal.why
    assert terminal.passthrough is wrapped
    assert isinstance(terminal.multiplexer, Tmux)
    assert (terminal.cell_width, terminal.cell_height) == (9, 18)
    assert terminal.colors == 2**24


@pytest.mark.parametrize(("age", "protocol"), [(0, Protocol.SIXEL), (60, Protocol.BLOCKS)])
def test_a_terminal_attached_just_now_may_say_its_name_late(
    tmp_path: Path, age: int, protocol: Protocol
) -> None:
    values = {"client_termtype": "", "client_termname": "xterm-256color",
              "client_created": str(int(time.time()) - age)}  # fmt: skip
    terminal = in_tmux(tmp_path, TMUX_PLAIN, values, {"client_termtype": "XTerm(379)"})
    assert terminal.protocol is protocol


@pytest.mark.parametrize("height", ["17", "18", "20", "15"])
@pytest.mark.parametrize(
    ("says", "outer"), [(TMUX_SIXEL, "foot(1.16)"), (TMUX_PLAIN, "Konsole 22.12.3")]
)
def test_sixel_in_tmux_has_whole_bands(tmp_path: Path, says: str, outer: str, height: str) -> None:
    values = {
        "client_termtype": outer, "client_termfeatures": "sixel", "client_cell_height": height
    }  # fmt: skip
    terminal = in_tmux(tmp_path, says, values)
    assert terminal.protocol is Protocol.SIXEL
    area = terminal.area(80, 43)
    assert area.rows == 43
    assert area.height % 6 == 0
    assert 43 * int(height) - 6 < area.height <= 43 * int(height)


def test_where_the_pane_lies_in_the_terminal_outside(tmp_path: Path) -> None:
    values = {"status": "2", "status-position": "top", "pane_top": "5", "pane_left": "41"}
    between = in_tmux(tmp_path, TMUX_PLAIN, values).multiplexer
    assert isinstance(between, Tmux)
    assert (between.top, between.left) == (7, 41)


def test_a_tmux_on_another_host() -> None:
    with device(TMUX_SIXEL) as one:
        terminal = detect(environ={"TERM": "tmux-256color"}, device=one.path)
    assert terminal.protocol is Protocol.SIXEL
    assert isinstance(terminal.multiplexer, Tmux)
    assert terminal.multiplexer.version == "3.5a"
    with device(TMUX_PLAIN) as one:
        terminal = detect(environ={"TERM": "tmux-256color"}, device=one.path)
    assert terminal.protocol is Protocol.BLOCKS


def test_a_tmux_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    script = tmp_path / "tmux"
    script.write_text("#!/bin/sh\necho no server >&2; exit 1\n")
    script.chmod(0o755)
    terminal = found(KITTY + OK + PLAIN, TMUX="/tmp/t,1,0", PATH=str(tmp_path))
    assert terminal.protocol is Protocol.KITTY


@pytest.mark.parametrize("environ", [{"STY": "1.pts-0"}, {"TERM": "screen.xterm-256color"}])
def test_gnu_screen_gets_blocks(environ: dict[str, str]) -> None:
    terminal = found(PLAIN, COLORTERM="truecolor", **environ)
    assert terminal.protocol is Protocol.BLOCKS
    assert terminal.multiplexer == "screen"
    assert terminal.colors == 256  # it makes garbage of others
