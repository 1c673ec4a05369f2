"""Text from files, made safe for a terminal."""

from __future__ import annotations

import re

# C0 and C1 controls, DEL, line and paragraph separators, bidirectional overrides, lone surrogates:
# everything that moves a cursor, starts a sequence or turns the reading order.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str, *, lines: bool = False) -> str:
    """Return `text` with every control character replaced by a visible one.

    Args:
        text: Anything read from a file name, a header, a table or a terminal.
        lines: Keep newlines and turn tabs into spaces, for text shown on several lines.
    """
    if lines:
        return "\n".join(printable(line.expandtabs(4)) for line in text.splitlines())
    return _UNSAFE.sub(_stand_in, text)


def _stand_in(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
