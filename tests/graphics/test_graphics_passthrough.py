from tuiview.graphics.passthrough import to_clipboard, wrap


def test_a_clipboard_reaches_the_terminal_around_tmux():
    wrapped = wrap(to_clipboard("10.5 +41.2 ü"))
    assert wrapped == b"\x1bPtmux;\x1b\x1b]52;c;MTAuNSArNDEuMiDDvA==\x07\x1b\\"
