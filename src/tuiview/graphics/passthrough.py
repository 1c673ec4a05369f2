"""Sequences wrapped so that tmux hands them on to the outer terminal unread."""

from __future__ import annotations

import base64

MAX_SEQUENCE = 900_000
"""Bytes that one control sequence may have: tmux drops those over 1 MB (2**20) without a word."""

_ESC = b"\x1b"


def wrap(data: bytes) -> bytes:
    """Wrap one or more whole control sequences in tmux's passthrough.

    tmux needs `allow-passthrough on`; it unwraps and writes `data` as it is, at the cursor position
    that it last gave to the outer terminal.
    """
    return b"\x1bPtmux;" + data.replace(_ESC, _ESC + _ESC) + b"\x1b\\"


def to_clipboard(text: str) -> bytes:
    """The sequence that hands text to the terminal's clipboard (OSC 52)."""
    return b"\x1b]52;c;" + base64.b64encode(text.encode()) + b"\a"
