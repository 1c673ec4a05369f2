"""Answers of a terminal are told apart from keys, however the stream is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tuiview.graphics.answers import Answer, AnswerSplitter, Kind

ANSWERS = {
    "\x1b[?62;4;22c": Answer(Kind.ATTRIBUTES, "62;4;22"),
    "\x1b[>41;379;0c": Answer(Kind.SECONDARY, "41;379;0"),
    "\x1bP>|kitty(0.41.1)\x1b\\": Answer(Kind.VERSION, "kitty(0.41.1)"),
    "\x1b_Gi=31;OK\x1b\\": Answer(Kind.GRAPHICS, "i=31;OK"),
    "\x1b[4;900;1300t": Answer(Kind.WINDOW, "4;900;1300"),
    "\x1b[6;20;10t": Answer(Kind.WINDOW, "6;20;10"),
    "\x1b[?2;0;1000;1000S": Answer(Kind.SIXEL, "2;0;1000;1000"),
    "\x1b[?2026;2$y": Answer(Kind.MODE, "2026;2"),
    "\x1b[12;34R": Answer(Kind.CURSOR, "12;34"),
    "\x1b[0n": Answer(Kind.STATUS, "0"),
    "\x1b[?0u": Answer(Kind.OTHER, "?0u"),
    "\x1b]11;rgb:0000/0000/0000\x07": Answer(Kind.OTHER, "]11;rgb:0000/0000/0000"),
    "\x1bP1+r524742=38\x1b\\": Answer(Kind.OTHER, "P1+r524742=38"),
}
KEYS = (
    "j", "\x1b[A", "\x1b[1;5C", "\x1bOP", "\x1b[5~", "\x1b[106;1;106u", "\x1b[<0;10;20M", "\x1b[I",
    "\x1b[200~", "é", "\x1bj", "\r", "\x1b[Z", "\x1b[48;45;130;900;1300t", "\x1bx",
)  # fmt: skip

piece = st.sampled_from([*ANSWERS, *KEYS])


@given(st.lists(piece, max_size=12), st.data())
def test_answers_and_keys_come_apart_over_any_cutting(
    pieces: list[str], data: st.DataObject
) -> None:
    stream = "".join(pieces)
    heard: list[Answer] = []
    splitter = AnswerSplitter(heard.append)
    keys = ""
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        keys += splitter.feed(stream[:cut])
        stream = stream[cut:]
    keys += splitter.flush()
    assert heard == [ANSWERS[one] for one in pieces if one in ANSWERS]
    assert keys == "".join(one for one in pieces if one not in ANSWERS)


def test_kinds_that_others_understand_stay() -> None:
    heard: list[Answer] = []
    splitter = AnswerSplitter(heard.append, keep=frozenset({Kind.CURSOR}))
    assert splitter.feed("\x1b[3;4R\x1b[?1;2c") == "\x1b[3;4R"
    assert heard == [Answer(Kind.ATTRIBUTES, "1;2")]


def test_half_an_answer_is_dropped_and_half_a_key_goes_on() -> None:
    splitter = AnswerSplitter(lambda answer: None)
    assert splitter.feed("a\x1b[?62;") == "a"
    assert splitter.certain
    assert splitter.flush() == ""
    assert splitter.feed("\x1b") == ""
    assert not splitter.certain
    assert splitter.flush() == "\x1b"
    assert splitter.feed("j") == "j"


def test_alt_with_a_letter_that_begins_strings_is_a_key() -> None:
    splitter = AnswerSplitter(lambda answer: None)
    assert splitter.feed("\x1bP") == ""
    assert splitter.flush() == "\x1bP"
    assert splitter.feed("\x1b_x") == "\x1b_x"


def test_a_string_that_never_ends_does_not_grow_for_ever() -> None:
    splitter = AnswerSplitter(lambda answer: None)
    splitter.feed("\x1b_G" + "a" * 20_000)
    assert splitter.feed("j") == "j"
