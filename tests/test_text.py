from hypothesis import given
from hypothesis import strategies as st

from tuiview.text import printable


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_control_character_survives(text):
    shown = printable(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not any(0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069 for c in shown)
    shown.encode("utf-8")


def test_plain_text_is_untouched():
    assert printable("NGC 6976 α=20ʰ") == "NGC 6976 α=20ʰ"


def test_an_escape_sequence_becomes_visible():
    assert printable("\x1b[2J") == "␛[2J"


def test_lines_are_kept_when_asked_for():
    assert printable("a\tb\nc\r", lines=True).split("\n")[0] == "a   b"
