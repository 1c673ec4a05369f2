"""All protocols through the one entrance, and the exact bytes of each."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from decoders import decode_iterm2, decode_sixel
from kitty_screen import KittyScreen
from pictures import RAMP, noisy_field, photo

from tuiview.graphics import blocks, iterm2, kitty, png, probe, sixel
from tuiview.graphics.encode import encode
from tuiview.graphics.kitty import Placement
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.payload import Area, Protocol, Quality
from tuiview.picture import Picture

GOLDEN = Path(__file__).parent / "golden"
AREA = Area(3, 2, 4, 7)

GRAY = Picture((np.arange(14)[:, None] * 9 + np.arange(12) * 11).astype(np.uint8), RAMP)
COLORED = Picture(
    np.tile(np.repeat(np.arange(3, dtype=np.uint8), 4), (14, 1)),
    np.array([[255, 0, 0], [0, 255, 0], [51, 102, 255]], np.uint8),
)


def _kitty(picture: Picture, **how) -> bytes:
    return b"".join(kitty.transmit(kitty.encode(picture, AREA), 0x010203, **how))


def _blocks(across: int, down: int, true_color: bool) -> bytes:
    area = Area(6, 2, across, down)
    picture = photo(area.width, area.height)
    lines = blocks.encode(picture, area, Quality(true_color=true_color)).lines
    return "\r\n".join(blocks.text(line, true_color) for line in lines).encode()


def _square(size: int) -> Picture:
    ramp = (np.arange(size)[:, None] * 3 + np.arange(size)).astype(np.uint8)
    return Picture(ramp, RAMP)


CASES = {
    "sixel-gray": lambda: b"".join(sixel.encode(GRAY, AREA).chunks),
    "sixel-colored": lambda: b"".join(sixel.encode(COLORED, AREA).chunks),
    "sixel-4-levels": lambda: b"".join(sixel.encode(GRAY, AREA, Quality(levels=4)).chunks),
    "sixel-half": lambda: b"".join(sixel.encode(COLORED, AREA, Quality(scale=2)).chunks),
    "sixel-in-tmux": lambda: wrap(sixel.encode(COLORED, AREA).chunks[0]),
    "kitty-ahead": lambda: _kitty(COLORED),
    "kitty-virtual": lambda: _kitty(COLORED, placement=Placement.VIRTUAL),
    "kitty-direct": lambda: _kitty(COLORED, placement=Placement.DIRECT, z=-1),
    "kitty-patch": lambda: b"".join(kitty.patch(COLORED, 0x010203, 2, 3, 5, 6)),
    "kitty-patch-in-chunks": lambda: b"".join(kitty.patch(_square(80), 7, 0, 0, 80, 80, tell=True)),
    "kitty-in-tmux": lambda: b"".join(
        map(wrap, kitty.transmit(kitty.encode(COLORED, AREA), 7, placement=Placement.VIRTUAL))
    ),
    "kitty-control": lambda: b"\n".join(
        [
            probe.KITTY,
            kitty.place(kitty.encode(COLORED, AREA), 7),
            kitty.delete(7),
            kitty.delete_all(),
            *(kitty.placeholder_row(1, n).encode() for n in (1, 2, 3, 100)),
            kitty.placeholder_row(2, 3, 4, repeat=False).encode(),
        ]
    ),
    "iterm2": lambda: b"".join(iterm2.encode(COLORED, AREA).chunks),
    "blocks-half": lambda: _blocks(1, 2, True),
    "blocks-half-256": lambda: _blocks(1, 2, False),
    "blocks-quadrants": lambda: _blocks(2, 2, True),
    "blocks-sextants": lambda: _blocks(2, 3, True),
    "blocks-octants": lambda: _blocks(2, 4, True),
}


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_are_those_that_were_approved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Stored, not deflated: the bytes of deflate are not the same on all machines.
    monkeypatch.setattr(png, "zlib", zlib)
    monkeypatch.setattr(png, "_LEVEL", 0)
    made = CASES[name]()
    file = GOLDEN / f"{name}.bin"
    if os.environ.get("TUIVIEW_APPROVE_GOLDEN"):
        file.write_bytes(made)
    assert made == file.read_bytes()


def test_the_approved_bytes_show_the_pictures() -> None:
    def golden(name: str) -> bytes:
        return (GOLDEN / f"{name}.bin").read_bytes()

    assert np.array_equal(decode_sixel(golden("sixel-colored")), COLORED.rgb())
    assert np.array_equal(decode_sixel(golden("sixel-in-tmux")), COLORED.rgb())
    assert np.abs(decode_sixel(golden("sixel-gray")) - GRAY.rgb().astype(int)).max() <= 1
    assert np.array_equal(decode_iterm2(golden("iterm2"))[0], COLORED.rgb())
    for name in ("ahead", "virtual", "direct", "in-tmux"):
        screen = KittyScreen()
        screen.feed(golden(f"kitty-{name}"))
        (image_id,) = screen.images
        assert np.array_equal(screen.picture(image_id), COLORED.rgb())


@pytest.mark.parametrize("protocol", Protocol)
def test_each_protocol_is_encoded(protocol: Protocol) -> None:
    area = Area(5, 4, 1, 2) if protocol is Protocol.BLOCKS else Area(5, 4, 8, 16)
    quality = Quality(levels=16)
    payload = encode(photo(area.width, area.height), area, protocol, quality)
    assert (payload.protocol, payload.area, payload.quality) == (protocol, area, quality)
    assert payload.nbytes > 0
    assert bool(payload.lines) == (protocol is Protocol.BLOCKS)
    drawn = protocol in (Protocol.SIXEL, Protocol.ITERM2)
    assert len(payload.rows) == (len(payload.chunks) if drawn else 0)


@pytest.mark.parametrize("protocol", Protocol)
def test_a_picture_of_another_size_is_refused(protocol: Protocol) -> None:
    with pytest.raises(ValueError, match="39 x 64"):
        encode(photo(39, 64), Area(40, 32, 1, 2), protocol)


@pytest.mark.parametrize("protocol", Protocol)
def test_threads_do_not_disturb_each_other(protocol: Protocol) -> None:
    area = Area(40, 32, 1, 2) if protocol is Protocol.BLOCKS else Area(20, 10, 8, 16)
    tasks = [
        make(area.width, area.height, seed) for seed in range(6) for make in (noisy_field, photo)
    ]
    alone = [encode(picture, area, protocol) for picture in tasks]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: encode(picture, area, protocol), tasks))
    for one, other in zip(alone, together, strict=True):
        assert (one.chunks, one.lines) == (other.chunks, other.lines)


def test_the_picture_is_left_as_it_was() -> None:
    area = Area(20, 10, 8, 16)
    for make in (noisy_field, photo):
        picture = make(area.width, area.height)
        picture.pixels.flags.writeable = False
        for protocol in (Protocol.KITTY, Protocol.SIXEL, Protocol.ITERM2):
            for quality in (Quality(), Quality(16, 2), Quality(scale=2, lossy=True)):
                encode(picture, area, protocol, quality)


def test_importing_the_encoders_loads_no_image_library() -> None:
    code = "import sys, tuiview.graphics.encode; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
