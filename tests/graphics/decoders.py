"""Reference decoders: the pictures of a stream of bytes, as a terminal sees them.

They know the protocols from their descriptions and share no code with the encoders. All are
tolerant: what they do not know is passed over, as in a terminal. Feed them the whole output of a
program, or one sequence.
"""

from __future__ import annotations

import ast
import base64
import importlib.util
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

_TMUX = re.compile(rb"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", re.DOTALL)
_PIECE = re.compile(
    rb"\x1bP(?P<dcs>.*?)\x1b\\"
    rb"|\x1b_(?P<apc>.*?)\x1b\\"
    rb"|\x1b\](?P<osc>.*?)(?:\x07|\x1b\\)"
    rb"|\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])"
    rb"|\x1b(?P<esc>[ -/]*[0-OQ-Z\\`-~])"
    rb"|(?P<control>[\x00-\x1a\x1c-\x1f])"
    rb"|(?P<text>[^\x00-\x1f]+)",
    re.DOTALL,
)


def unwrap_tmux(stream: bytes) -> bytes:
    """What reaches the outer terminal of tmux's passthrough sequences; the rest as it is."""
    return _TMUX.sub(lambda found: found[1].replace(b"\x1b\x1b", b"\x1b"), stream)


@dataclass(frozen=True)
class Piece:
    """One control sequence or stretch of text.

    Attributes:
        kind: `dcs`, `apc`, `osc`, `csi`, `esc`, `control` or `text`.
        data: Its content, without introducer and terminator.
        row, column: Where the cursor was before it, 0-based.
    """

    kind: str
    data: bytes
    row: int
    column: int


@dataclass
class Cursor:
    """The cursor as far as it can be known without the terminal's size."""

    row: int = 0
    column: int = 0
    saved: tuple[int, int] = (0, 0)

    def csi(self, data: bytes) -> None:
        if not re.fullmatch(rb"[0-9;]*[A-Za-z`]", data):
            return
        numbers = [int(part or 0) for part in data[:-1].split(b";")]
        first = max(1, numbers[0])
        match data[-1:]:
            case b"H" | b"f":
                self.row = first - 1
                self.column = max(1, numbers[1] if len(numbers) > 1 else 1) - 1
            case b"A":
                self.row = max(0, self.row - first)
            case b"B" | b"e":
                self.row += first
            case b"C" | b"a" | b"b":
                self.column += first
            case b"D":
                self.column = max(0, self.column - first)
            case b"E":
                self.row, self.column = self.row + first, 0
            case b"F":
                self.row, self.column = max(0, self.row - first), 0
            case b"G" | b"`":
                self.column = first - 1
            case b"d":
                self.row = first - 1
            case b"s":
                self.saved = (self.row, self.column)
            case b"u":
                self.row, self.column = self.saved

    def esc(self, data: bytes) -> None:
        if data == b"7":
            self.saved = (self.row, self.column)
        elif data == b"8":
            self.row, self.column = self.saved

    def control(self, data: bytes) -> None:
        if data == b"\r":
            self.column = 0
        elif data in (b"\n", b"\x0b", b"\x0c"):
            self.row += 1
        elif data == b"\b":
            self.column = max(0, self.column - 1)


def pieces(stream: bytes, cursor: Cursor | None = None) -> Iterator[Piece]:
    """Take a stream of output apart; tmux's passthrough is unwrapped first."""
    cursor = cursor or Cursor()
    stream = unwrap_tmux(stream)
    at = 0
    while at < len(stream):
        found = _PIECE.match(stream, at)
        if found is None:
            at += 1
            continue
        at = found.end()
        kind = str(found.lastgroup)
        data = found[kind]
        yield Piece(kind, data, cursor.row, cursor.column)
        match kind:
            case "csi":
                cursor.csi(data)
            case "esc":
                cursor.esc(data)
            case "control":
                cursor.control(data)
            case "text":
                cursor.column += sum(map(_is_base, data.decode("utf-8", "replace")))


def _diacritics() -> dict[str, int]:
    """The table of row and column diacritics, read from textual-image without running it."""
    spec = importlib.util.find_spec("textual_image")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse((Path(spec.origin).parent / "renderable" / "tgp.py").read_text())
    table = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "_NUMBER_TO_DIACRITIC"
    )
    return {chr(code): number for number, code in enumerate(table)}


DIACRITICS = _diacritics()


def _is_base(character: str) -> bool:
    return character not in DIACRITICS


# Sixel

_SIXEL_TOKEN = re.compile(
    rb'"(?P<raster>[0-9;]*)|#(?P<color>[0-9;]*)|!(?P<count>[0-9]+)(?P<sixel>[?-~])'
    rb"|(?P<sixels>[?-~]+)|(?P<control>[$-])"
)
_SIXEL_HEAD = re.compile(rb"[0-9;]*q")


def decode_sixel(data: bytes, background: tuple[int, int, int] = (0, 0, 0)) -> Pixels:
    """The first sixel picture in a stream as `(h, w, 3)`; what it does not paint is `background`.

    The size is that of the raster attributes, enlarged by what is drawn outside of them.
    """
    for piece in pieces(data):
        if piece.kind == "dcs" and _SIXEL_HEAD.match(piece.data):
            return _draw_sixel(piece.data, background)
    raise ValueError("no sixel picture")


def sixel_pictures(stream: bytes) -> list[tuple[int, int, Pixels]]:
    """All sixel pictures of a stream: row and column of the cursor, 0-based, and the pixels."""
    return [
        (piece.row, piece.column, _draw_sixel(piece.data, (0, 0, 0)))
        for piece in pieces(stream)
        if piece.kind == "dcs" and _SIXEL_HEAD.match(piece.data)
    ]


def _draw_sixel(data: bytes, background: tuple[int, int, int]) -> Pixels:
    body = data[_SIXEL_HEAD.match(data).end() :]  # type: ignore[union-attr]
    raster = re.match(rb'"\d+;\d+;(\d+);(\d+)', body)
    width, height = (int(raster[1]), int(raster[2])) if raster else (0, 0)
    registers: dict[int, tuple[int, int, int]] = {}
    canvas = np.empty((max(6, height + 5), max(1, width), 3), np.uint8)
    canvas[:] = background
    x = y = right = bottom = 0
    color = (0, 0, 0)
    bits = np.arange(6)[:, None]
    for token in _SIXEL_TOKEN.finditer(body):
        match token.lastgroup:
            case "color":
                number, *values = (int(part) for part in token["color"].split(b";"))
                if values:
                    assert values[0] == 2, "only RGB palettes are understood"
                    registers[number] = tuple(round(v * 255 / 100) for v in values[1:])  # type: ignore[assignment]
                else:
                    color = registers[number]
            case "control":
                x = 0
                y += 6 * (token["control"] == b"-")
            case "sixel" | "sixels":
                text = token["sixels"] or token["sixel"] * int(token["count"])
                sixels = np.frombuffer(text, np.uint8) - 63
                grow_down = max(0, y + 6 - canvas.shape[0])
                grow_right = max(0, x + len(sixels) - canvas.shape[1])
                if grow_down or grow_right:
                    larger = np.empty(
                        (canvas.shape[0] + grow_down, canvas.shape[1] + grow_right, 3), np.uint8
                    )
                    larger[:] = background
                    larger[: canvas.shape[0], : canvas.shape[1]] = canvas
                    canvas = larger
                canvas[y : y + 6, x : x + len(sixels)][sixels >> bits & 1 == 1] = color
                x += len(sixels)
                if lowest := max((byte - 63).bit_length() for byte in set(text)):
                    right, bottom = max(right, x), max(bottom, y + lowest)
    return canvas[: max(height, bottom), : max(width, right)]


# iTerm2


def decode_iterm2(data: bytes) -> tuple[Pixels, dict[str, str]]:
    """The first iTerm2 picture in a stream as `(h, w, 3)`, and its arguments."""
    return next((pixels, arguments) for _, _, pixels, arguments in iterm2_pictures(data))


def iterm2_pictures(stream: bytes) -> Iterator[tuple[int, int, Pixels, dict[str, str]]]:
    """All iTerm2 pictures, whole or in parts: row and column, pixels, arguments."""
    parts: list[bytes] | None = None
    arguments: dict[str, str] = {}
    for piece in pieces(stream):
        if piece.kind != "osc" or not piece.data.startswith(b"1337;"):
            continue
        name, _, value = piece.data[5:].partition(b"=")
        if name in (b"File", b"MultipartFile"):
            listed, _, content = value.partition(b":")
            arguments = dict(
                pair.split("=", 1) for pair in listed.decode().split(";") if "=" in pair
            )
            parts = [content]
        elif name == b"FilePart" and parts is not None:
            parts.append(value)
        if name in (b"File", b"FileEnd") and parts is not None:
            file = b"".join(base64.b64decode(part, validate=True) for part in parts)
            assert int(arguments.get("size", len(file))) == len(file)
            yield piece.row, piece.column, opened(file), arguments
            parts = None


def opened(file: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
