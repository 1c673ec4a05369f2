"""Pictures without colours, by textual-image."""

import subprocess
import sys

import numpy as np
import pytest

from tuiview.graphics.encode import encode
from tuiview.graphics.payload import Area, Protocol
from tuiview.picture import Picture


def test_a_ramp_goes_from_blank_to_full():
    ramp = np.repeat(np.linspace(0, 255, 20).astype(np.uint8)[None, :, None], 3, axis=2)
    picture = Picture(np.repeat(ramp, 4, axis=0))
    payload = encode(picture, Area(20, 4, 1, 1, 2.0), Protocol.BLOCKS)
    assert len(payload.lines) == 4
    first = "".join(character for character, _, _ in payload.lines[0])
    assert len(first) == 20
    assert list(dict.fromkeys(first)) == [" ", "░", "▒", "▓", "█"]


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ValueError, match="3"):
        encode(Picture(np.zeros((3, 3, 3), np.uint8)), Area(20, 4, 1, 1), Protocol.BLOCKS)


def test_nothing_is_asked_of_the_terminal():
    import os
    import pty

    code = (
        "import numpy as np\n"
        "from tuiview.graphics.encode import encode\n"
        "from tuiview.graphics.payload import Area, Protocol\n"
        "from tuiview.picture import Picture\n"
        "encode(Picture(np.zeros((4, 9, 3), np.uint8)), Area(9, 4, 1, 1), Protocol.BLOCKS)\n"
    )
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs)
    os.set_blocking(ours, False)
    try:
        said = os.read(ours, 10_000)
    except BlockingIOError:
        said = b""
    os.close(theirs)
    os.close(ours)
    assert (done.returncode, said) == (0, b"")
