"""Ids of pictures in a terminal, questions behind output, and the words of the report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tuiview.graphics.drawing import Receipts, place
from tuiview.graphics.payload import Area, Payload, Protocol, Quality
from tuiview.graphics.report import describe, show_test_pictures
from tuiview.graphics.ring import Ring
from tuiview.graphics.terminal import Terminal
from tuiview.graphics.tmux import Tmux

AREA = Area(100, 40, 10, 20)
PAYLOAD = Payload(Protocol.KITTY, AREA, chunks=(b"AAAA",))


@given(st.booleans(), st.lists(st.integers(0, 30), max_size=60))
def test_ids_are_unique_bounded_and_freed(small: bool, names: list[int]) -> None:
    ring = Ring(small=small)
    in_terminal: dict[int, int] = {}
    shown = None
    for name in names:
        if ring.find(name, PAYLOAD) is None:
            held, freed = ring.take(name, PAYLOAD, keep=frozenset({shown}))
            if freed is not None:
                gone = in_terminal.pop(freed)
                assert gone != shown
            assert held.image_id not in in_terminal
            in_terminal[held.image_id] = name
            assert 0 < held.image_id < (256 if small else 2**24)
        ring.touch(name)
        shown = name
        assert set(ring.ids) == set(in_terminal)
        assert len(ring) <= Ring.size(AREA)


def test_the_longest_unused_picture_goes() -> None:
    ring = Ring()
    size = Ring.size(AREA)
    for name in range(size):
        ring.take(name, PAYLOAD)
    ring.touch(0)
    ring.take("new", PAYLOAD)
    assert ring.find(0) is not None
    assert ring.find(1) is None


def test_a_finer_picture_of_the_same_name_replaces_the_coarse_one() -> None:
    ring = Ring()
    coarse = replace(PAYLOAD, quality=Quality(levels=16))
    first, _ = ring.take("a", coarse)
    assert ring.find("a", PAYLOAD) is None
    _, freed = ring.take("a", PAYLOAD)
    assert freed == first.image_id
    assert len(ring) == 1


def test_large_pictures_are_fewer() -> None:
    assert Ring.size(Area(400, 150, 20, 40)) < Ring.size(AREA)


def test_programs_in_panes_of_one_tmux_do_not_meet() -> None:
    ids = [Ring(small=True, place=pane).take("a", PAYLOAD)[0].image_id for pane in range(12)]
    assert len(set(ids)) == 12


@given(st.integers(2, 60), st.integers(2, 200), st.integers(1, 10**6))
def test_each_answer_names_its_question(rows: int, columns: int, first: int) -> None:
    receipts = Receipts()
    receipts.resize(columns, rows)
    for token in range(first, first + 20):
        y, x = receipts.question(token).split("\x1b[")[1].rstrip("H").split(";")
        assert 1 < int(y) <= rows  # the first row's answer can look like a key
        assert 0 < int(x) <= columns
        assert receipts.token(int(x) - 1, int(y) - 1) == token
        assert receipts.token(int(x) - 1, int(y) - 1) is None


def test_strips_are_drawn_at_their_rows() -> None:
    payload = Payload(Protocol.SIXEL, AREA, chunks=(b"<a>", b"<b>"), rows=(0, 6))
    assert place(payload, 12, 1, wrapped=False, origin=(0, 0)) == (
        "\x1b7\x1b[2;13H<a>\x1b8\x1b7\x1b[8;13H<b>\x1b8"
    )


def test_inside_tmux_they_are_drawn_where_the_pane_is_outside() -> None:
    payload = Payload(Protocol.SIXEL, AREA, chunks=(b"\x1bPq#\x1b\\",), rows=(2,))
    data = place(payload, 5, 1, wrapped=True, origin=(40, 10))
    assert data.startswith("\x1bPtmux;")
    assert "\x1b\x1b[14;46H" in data
    assert data.count("\x1b\\") == 2  # that of the picture is doubled and one more ends it all


def advice(terminal: Terminal, **environ: str) -> dict[str, str]:
    return {what: todo for what, _, todo in describe(terminal, environ)}


BLOCKS = Terminal(Protocol.BLOCKS, "claims nothing")


def test_the_report_gives_the_line_for_tmux_conf() -> None:
    between = Tmux("3.4", passthrough="off", outer="kitty(0.41.1)", escape_time=500)
    terminal = replace(BLOCKS, multiplexer=between, brand="kitty")
    todo = advice(terminal)
    assert "set -g allow-passthrough on" in todo["tmux allow-passthrough"]
    assert "set -g focus-events on" in todo["tmux focus-events"]
    assert "set -sg escape-time" in todo["tmux escape-time"]
    assert "terminal-features" in todo["tmux colours"]
    good = Tmux("3.5a", passthrough="on", focus_events=True, escape_time=10)
    todo = advice(replace(terminal, multiplexer=good, protocol=Protocol.KITTY, colors=2**24))
    assert not any(text for what, text in todo.items() if what.startswith("tmux"))


@pytest.mark.parametrize(
    ("brand", "word"), [("xterm", "vt340"), ("xterm.js", "enableImages"), ("", "kitty")]
)
def test_the_report_says_how_to_get_pictures(brand: str, word: str) -> None:
    assert word in advice(replace(BLOCKS, brand=brand))["pictures"]


def test_the_report_on_a_good_terminal_asks_for_nothing() -> None:
    good = Terminal(
        Protocol.KITTY, "takes kitty's pictures", brand="kitty", version="0.41.1",
        colors=2**24, cell_known=True, round_trip=0.001, synchronized=True,
    )  # fmt: skip
    assert not any(advice(good, COLORTERM="truecolor").values())


def test_other_limits_are_told() -> None:
    sixel = replace(
        BLOCKS, protocol=Protocol.SIXEL, brand="xterm", sixel_limits=(800, 600), sixel_colors=16
    )
    todo = advice(sixel, SSH_CONNECTION="a")
    assert "maxGraphicSize" in todo["sixel"]
    assert "Compression" in todo["way to the terminal"]
    late = replace(BLOCKS, round_trip=2.0, complete=False)
    assert advice(late)["answers"]
    assert "screen" in str(describe(replace(BLOCKS, multiplexer="screen"), {}))


def test_a_picture_in_each_protocol_that_is_claimed() -> None:
    import numpy as np

    from tuiview.graphics.encode import encode
    from tuiview.picture import Picture

    claims = (Protocol.KITTY, Protocol.SIXEL, Protocol.ITERM2, Protocol.BLOCKS)
    terminal = replace(BLOCKS, claims=claims, rows=60)
    out: list[str] = []

    def make(area: Area, protocol: Protocol, quality: Quality) -> Payload:
        pixels = np.full((area.height, area.width, 3), 11, np.uint8)
        return encode(Picture(pixels), area, protocol, quality)

    show_test_pictures(terminal, make, out.append)
    text = "".join(out)
    for sign in ("\x1b_G", "\U0010eeee", "\x1bP", "\x1b]1337;File=", "▀", "kitty", "blocks"):
        assert sign in text
