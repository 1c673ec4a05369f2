"""A quick sixel decoder, for tests that look at many large pictures.

`decoders.decode_sixel` is the reference that it is held against.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_REPEAT = re.compile(rb"!(\d+)([?-~])")
_PALETTE = re.compile(rb"#(\d+);2;(\d+);(\d+);(\d+)")
_RUN = re.compile(rb"#(\d+)|([$-])|([?-~]+)")


def read_sixel(data: bytes) -> NDArray[np.uint8]:
    """One sixel sequence, from introducer to terminator, as `(h, w, 3)`; black where unpainted."""
    head = re.match(rb'\x1bP[0-9;]*q(?:"\d+;\d+;(\d+);(\d+))?', data)
    if head is None:
        raise ValueError("no sixel picture")
    body = data[head.end() : data.rindex(b"\x1b")]
    registers = np.zeros((1024, 3), np.uint8)
    for found in _PALETTE.finditer(body):
        number, *hundredths = map(int, found.groups())
        registers[number] = [round(value * 255 / 100) for value in hundredths]
    body = _REPEAT.sub(lambda found: found[2] * int(found[1]), _PALETTE.sub(b"", body))
    bands: list[list[tuple[int, int, NDArray[np.uint8]]]] = [[]]
    # The register of a palette entry that is defined but not selected paints nothing.
    color, x, width = 0, 0, int(head[1] or 0)
    for found in _RUN.finditer(body):
        if found[1]:
            color = int(found[1])
        elif found[2]:
            x = 0
            if found[2] == b"-":
                bands.append([])
        else:
            run = np.frombuffer(found[3], np.uint8) - 63
            bands[-1].append((x, color, run))
            x += len(run)
            width = max(width, x)
    indices = np.full((len(bands) * 6, width), -1, np.int16)
    for band, runs in enumerate(bands):
        for x, color, run in runs:
            here = indices[band * 6 : band * 6 + 6, x : x + len(run)]
            here[(run >> np.arange(6)[:, None] & 1) == 1] = color
    painted = np.flatnonzero((indices >= 0).any(axis=1))
    height = max(int(head[2] or 0), int(painted[-1]) + 1 if painted.size else 0)
    pixels = registers[np.maximum(indices, 0)]
    pixels[indices < 0] = 0
    if height > len(pixels):
        pixels = np.pad(pixels, ((0, height - len(pixels)), (0, 0), (0, 0)))
    return pixels[:height]
