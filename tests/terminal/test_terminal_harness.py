"""The terminal that the other tests rely on: it answers, shows and waits as real ones do."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from decoders import decode_sixel
from emulator import Emulator, Tokens
from harness import Link, Terminal
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sixels import read_sixel

from tuiview.graphics.encode import encode
from tuiview.graphics.payload import Area, Protocol
from tuiview.picture import Picture

pytestmark = pytest.mark.pty

PREAMBLE = """
import os, sys, termios, tty, select, time, struct, fcntl
tty.setraw(0)
def out(data): os.write(1, data if isinstance(data, bytes) else data.encode())
def ask(question, until):
    out(question)
    got = b""
    while until not in got:
        got += os.read(0, 1024)
    return got
"""


def child(body: str, **options: object) -> Terminal:
    return Terminal(command=(sys.executable, "-c", PREAMBLE + body), **options)  # type: ignore[arg-type]


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return base64.b64encode(file.getvalue())


def random_pixels(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


BATCH = (
    r"\x1b[>0q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[14t\x1b[16t\x1b[?2;1;0S"
    r"\x1b[?2026$p\x1b[?u\x1b[2;5H\x1b[6n\x1b[c"
)


@pytest.mark.parametrize(
    ("kind", "said", "unsaid"),
    [
        ("kitty", ["kitty(0.41.0)", "_Gi=31;OK", "[4;480;800t", "[6;20;10t", "[?0u"], ["S"]),
        ("sixel", ["XTerm(379)", "[?2;0;2000;2000S", "[?2026;0$y", ";4;"], ["_G"]),
        ("iterm2", ["iTerm2 3.5.4", "[?62;4c"], ["_G"]),
        ("none", ["[?1;2c"], ["_G", "t", ">|"]),
    ],
)
def test_each_kind_answers_as_its_model_does(kind: str, said: list[str], unsaid: list[str]) -> None:
    program = f"answers = ask(b'{BATCH}', b'c'); out(repr(answers).replace(chr(92), '/'))"
    with child(program, kind=kind, size=(80, 24)) as terminal:
        terminal.wait_exit()
        text = terminal.screen_text().replace("\n", "")
        assert "[2;5R" in text
        for part in said:
            assert part in text
        for part in unsaid:
            assert part not in text.split("R", 1)[0].replace("x1b", "")


def test_a_slow_terminal_answers_late_but_in_order() -> None:
    program = r"""
answers = ask(b"\x1b[16t\x1b[c", b"c")
out("got " + repr(answers).replace(chr(92), "/"))
"""
    with child(program, kind="kitty", delay=0.2) as terminal:
        terminal.wait_for("got")
        asked, answered = terminal.log[0][0], terminal.first_byte_after(terminal.log[0][1])
        assert answered - asked >= 0.2
        assert "[6;20;10t/x1b[?62;c" in terminal.screen_text()


def test_a_silent_terminal_says_nothing() -> None:
    program = r"""
out(b"\x1b[c\x1b[6n")
out("nothing" if not select.select([0], [], [], 0.3)[0] else "something")
"""
    with child(program, kind="silent") as terminal:
        terminal.wait_for("nothing")
        assert len(terminal.emulator.questions) == 2


def test_the_device_tells_cells_and_pixels_and_a_resize() -> None:
    program = """
import signal
def tell(*_):
    out("%d %d %d %d. " % struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"0" * 8)))
signal.signal(signal.SIGWINCH, tell)
tell()
while True: signal.pause()
"""
    with child(program, size=(100, 30), cell=(9, 18)) as terminal:
        terminal.wait_for("30 100 900 540.")
        terminal.resize((120, 40))
        terminal.wait_for("40 120 1080 720.")


def test_the_home_is_not_the_users_and_goes_away() -> None:
    program = (
        "out(os.environ['HOME'] + ' ' + os.environ['TERM'] + ' ' + os.environ.get('TMUX', 'no'))"
    )
    with child(program, kind="kitty", size=(200, 10)) as terminal:
        terminal.wait_exit()
        home, term, tmux = terminal.screen_text().split()
        assert Path(home) == terminal.home
        assert home.startswith("/tmp") or "tuiview-home-" in home
        assert (term, tmux) == ("xterm-kitty", "no")
    assert not terminal.home.exists()


def test_held_keys_arrive_one_by_one() -> None:
    program = """
count = 0
out("ready ")
while True:
    for byte in os.read(0, 100):
        if byte == ord("q"): sys.exit(3)
        count += byte == ord("j")
    out("\\r%d presses " % count)
"""
    with child(program) as terminal:
        terminal.wait_for("ready")
        terminal.press_at_rate("j", 20, 0.01)
        terminal.wait_for("20 presses")
        terminal.press("q")
        assert terminal.wait_exit() == 3


def test_words_of_a_time_out_show_the_screen() -> None:
    with child("out('here we are'); time.sleep(60)") as terminal:
        with pytest.raises(TimeoutError, match="here we are"):
            terminal.wait_for("there", timeout=0.5)
        terminal.kill9()
        assert terminal.process.returncode == -9


def test_the_end_of_the_program_ends_the_waiting() -> None:
    with (
        child("out('bye'); sys.exit(2)") as terminal,
        pytest.raises(EOFError, match="bye"),
    ):
        terminal.wait_for("never")
    assert terminal.process.returncode == 2


def test_a_device_left_raw_is_noticed() -> None:
    with child("out('done')") as terminal:
        terminal.wait_exit()
        assert not terminal.device_restored()
    with Terminal(command=("/bin/echo", "hello")) as terminal:
        terminal.wait_exit()
        assert terminal.device_restored()


def test_a_slow_link_carries_its_rate_and_no_more() -> None:
    link = Link(bits_per_second=8e6, round_trip=0.1, buffer=65536)
    program = 'out(b"x" * 200_000); ask(b"\\x1b[6n", b"R"); out("\\r\\nend")'
    with child(program, link=link, size=(80, 24)) as terminal:
        terminal.wait_for("end")
        first = terminal.first_byte_after(0)
        whole = terminal.first_byte_after(199_999)
        assert whole - first >= 0.19
        assert terminal.last_byte() - whole >= 0.1


# --- pictures ------------------------------------------------------------------------------


def test_sixels_are_seen_where_the_cursor_was_until_text_covers_them() -> None:
    terminal = Emulator("sixel", (20, 10), (10, 20))
    terminal.feed(b'\x1b[3;5H\x1bP0;0;0q"1;1;40;60#1;2;100;0;0#1' + b"!40~-" * 10 + b"\x1b\\")
    pixels, mask = terminal.canvas()
    assert np.argwhere(mask).min(axis=0).tolist() == [2, 4]
    assert mask.sum() == 4 * 3
    assert (pixels[40:100, 40:80] == (255, 0, 0)).all()
    assert not pixels[100:].any()
    terminal.feed(b"\x1b[4;6Hxy")
    pixels, mask = terminal.canvas()
    assert not mask[3, 5:7].any()
    assert mask.sum() == 10
    terminal.feed(b"\x1b[3;5H\x1b[4C")
    assert terminal.canvas()[1].sum() == 10
    terminal.feed(b"\x1b[2J")
    assert not terminal.canvas()[1].any()


def _placeholders(number: int, rows: int, columns: int) -> str:
    marks = "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f"
    color = f"\x1b[38;2;{number >> 16};{number >> 8 & 255};{number & 255}m"
    return color + "".join(
        f"\x1b[{row + 2};3H\U0010eeee{marks[row]}\U0010eeee\x1b[{columns - 2}b"
        for row in range(rows)
    )


def test_placeholders_show_kittys_picture() -> None:
    terminal = Emulator("kitty", (20, 10), (10, 20))
    pixels = random_pixels(60, 60)
    assert not terminal.feed(b"\x1b_Ga=T,U=1,q=2,f=100,i=70000,c=6,r=3;" + png(pixels) + b"\x1b\\")
    assert not terminal.canvas()[1].any()
    terminal.feed(_placeholders(70000, 3, 6).encode())
    canvas, mask = terminal.canvas()
    assert mask[1:4, 2:8].all()
    assert mask.sum() == 18
    assert (canvas[20:80, 20:80] == pixels).all()
    other = random_pixels(60, 60, seed=1)
    terminal.feed(b"\x1b_Ga=T,U=1,q=2,f=100,i=70000,c=6,r=3;" + png(other) + b"\x1b\\")
    assert (terminal.canvas()[0][20:80, 20:80] == other).all()
    terminal.feed(b"\x1b[2;3Hover")
    assert not terminal.canvas()[1][1, 2:6].any()
    terminal.feed(b"\x1b_Ga=d,d=I,i=70000,q=2\x1b\\")
    assert not terminal.canvas()[1].any()


def test_kitty_says_what_it_took_and_what_it_lost() -> None:
    terminal = Emulator("kitty", (20, 10), (10, 20))
    picture = b"\x1b_Ga=t,f=100,i=5;" + png(random_pixels(4, 4)) + b"\x1b\\"
    assert terminal.feed(picture) == [b"\x1b_Gi=5;OK\x1b\\"]
    assert terminal.feed(b"\x1b_Ga=p,U=1,i=5,c=1,r=1,q=1\x1b\\") == []
    terminal.forget_images()
    (answer,) = terminal.feed(b"\x1b_Ga=p,U=1,i=5,c=1,r=1,q=1\x1b\\")
    assert b"ENOENT" in answer
    assert terminal.feed(b"\x1b_Ga=p,U=1,i=5,c=1,r=1,q=2\x1b\\") == []


def test_iterm2_pictures_fill_the_cells_that_they_name() -> None:
    terminal = Emulator("iterm2", (20, 10), (10, 20))
    pixels = random_pixels(30, 40)
    data = png(pixels)
    size = len(base64.b64decode(data))
    head = f"\x1b[2;2H\x1b]1337;File=inline=1;size={size};width=3;height=2:".encode()
    terminal.feed(head + data + b"\x07")
    canvas, mask = terminal.canvas()
    assert mask.sum() == 6
    assert (canvas[20:60, 10:40] == pixels).all()


def test_a_picture_of_a_program_arrives_whole() -> None:
    program = r"""
out(b"\x1b[2J\x1b[2;2H\x1bPq\"1;1;30;60#0;2;0;100;0#0" + b"!30~-" * 10 + b"\x1b\\")
out(b"\x1b[10;1Hthere"); time.sleep(60)
"""
    with child(program, kind="sixel", size=(40, 12)) as terminal:
        terminal.wait_for("there")
        assert terminal.picture_box() == (1, 1, 3, 3)
        assert terminal.picture_is_whole()
        assert terminal.picture().shape == (60, 30, 3)
        assert (terminal.picture() == (0, 255, 0)).all()


def test_it_settles_when_what_runs_behind_and_what_is_due_soon_has_come() -> None:
    program = """
from threading import Thread
from textual.app import App
from textual.widgets import Label
class Slow(App):
    def compose(self): yield Label("nothing yet", id="l")
    def on_key(self, event): Thread(target=self.work).start()
    def work(self):
        sum(range(3_000_000))
        self.call_from_thread(self.set_timer, 0.4, self.tell)
    def tell(self): self.query_one("#l").update("at last")
Slow().run()
"""
    with Terminal(command=(sys.executable, "-c", program), kind="none") as terminal:
        terminal.wait_for("nothing yet")
        terminal.press("x")
        terminal.settle(5)
        assert "at last" in terminal.screen_text()


def test_a_textual_program_runs_and_leaves_the_device_as_it_was() -> None:
    program = """
from textual.app import App
from textual.widgets import Label
class Small(App):
    BINDINGS = [("q", "quit")]
    def compose(self): yield Label("pressed: none", id="l")
    def on_key(self, event): self.query_one("#l").update("pressed: " + event.key)
Small().run()
print("left")
"""
    with Terminal(command=(sys.executable, "-c", program), kind="kitty", delay=0.1) as terminal:
        terminal.wait_for("pressed: none")
        terminal.press("shift+left")
        terminal.wait_for("pressed: shift+left")
        terminal.press("ctrl+r")
        terminal.wait_for("pressed: ctrl+r")
        terminal.settle()
        assert "pressed: ctrl+r" in terminal.screen_text()
        assert terminal.emulator.modes["1049"]
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert not terminal.emulator.modes["1049"]
        assert terminal.emulator.modes["25"]
        assert terminal.device_restored()


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 30), st.integers(2, 40), st.integers(0, 999))
def test_the_quick_sixel_decoder_agrees_with_the_reference(
    width: int, height: int, levels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, levels, (height, width), dtype=np.uint8)
    palette = rng.integers(0, 256, (levels, 3), dtype=np.uint8)
    area = Area(1, 1, width, height)
    payload = encode(Picture(pixels, palette), area, Protocol.SIXEL)
    (sequence,) = payload.chunks
    assert (read_sixel(sequence) == decode_sixel(sequence)).all()


PARTS = [
    b"plain", "\u2592\u00e9".encode(), b"\x1b[12;5H", b"\x1b[38;2;1;2;3m", b"\x1b7", b"\x1b[?2026h",
    b"\x1bPq#0~\x07~-\x1b\\", b"\x1b_Ga=T;AAAA\x1b\\", b"\x1b]52;c;QQ==\x07", b"\x1b]0;t\x1b\\",
]  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PARTS), max_size=12), st.lists(st.integers(0, 200)))
def test_output_is_taken_apart_alike_over_any_splitting(
    parts: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(parts)
    tokens, at = Tokens(), 0
    found = []
    for cut in [*sorted(cuts), len(stream)]:
        found += tokens.feed(stream[at:cut])
        at = max(at, cut)
    assert b"".join(token.data for token in found) == stream
    sequences = [token.data for token in found if token.kind != "text"]
    assert sequences == [part for part in parts if part.startswith(b"\x1b")]
